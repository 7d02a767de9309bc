//! Refusals as RFC 9457 wants them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::code::Code;
use crate::house::Refused;

/// Why a request is not answered.
#[derive(Debug)]
pub struct Problem {
    pub status: StatusCode,
    pub code: Code,
    pub detail: String,
}

impl Problem {
    pub fn new(status: StatusCode, code: Code, detail: impl Into<String>) -> Problem {
        Problem { status, code, detail: detail.into() }
    }
}

impl Refused {
    /// What the answer begins with.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Refused::Wrong(_) => StatusCode::BAD_REQUEST,
            Refused::Missing(_) => StatusCode::NOT_FOUND,
            Refused::Taken(_) => StatusCode::CONFLICT,
            Refused::NotNow(_) | Refused::NotRecorded(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        let status = refused.status();
        let (code, detail) = match refused {
            Refused::Wrong(detail) => (Code::SENSELESS, detail),
            Refused::Missing(detail) => (Code::MISSING, detail),
            Refused::Taken(detail) => (Code::TAKEN, detail),
            Refused::NotNow(detail) => (Code::NOT_NOW, detail),
            Refused::NotRecorded(detail) => (Code::NOT_RECORDED, detail),
        };
        Problem { status, code, detail }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Problem { status, code, detail } = self;
        let title = status.canonical_reason().unwrap_or("refused");
        let (number, code) = (status.as_u16(), code.code);
        let body = json!({
            "type": "about:blank", "title": title, "status": number, "code": code, "detail": detail,
        });
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tandem\""));
        }
        response
    }
}
