//! Refusals as RFC 9457 wants them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::without_passwords;
use serde_json::{Map, Value, json};

use crate::code::Code;
use crate::house::{Declined, Refused, Unacceptable};

/// Why a request is not answered.
#[derive(Debug)]
pub struct Problem {
    pub status: StatusCode,
    pub code: String,
    pub detail: String,
    /// What else a program may want to know.
    pub more: Map<String, Value>,
}

impl Problem {
    pub fn new(status: StatusCode, code: Code, detail: impl Into<String>) -> Problem {
        Problem { status, code: code.code.to_owned(), detail: detail.into(), more: Map::new() }
    }
}

impl Refused {
    /// What the answer begins with.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Refused::Wrong(_) => StatusCode::BAD_REQUEST,
            Refused::Missing(_) => StatusCode::NOT_FOUND,
            Refused::Taken(_) | Refused::Conflict(_) => StatusCode::CONFLICT,
            Refused::Declined(Declined { sip_status: 404, .. }) => StatusCode::NOT_FOUND,
            Refused::Declined(Declined { sip_status: 480 | 486, .. }) => StatusCode::CONFLICT,
            Refused::Declined(Declined { sip_status: 503, .. }) => StatusCode::SERVICE_UNAVAILABLE,
            Refused::Declined(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refused::NotThat => StatusCode::PRECONDITION_FAILED,
            Refused::NotCaptured(_) => StatusCode::FORBIDDEN,
            Refused::Unacceptable(_) => StatusCode::UNPROCESSABLE_ENTITY,
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
            Refused::Conflict(detail) => (Code::CONFLICT, detail),
            Refused::NotThat => (Code::NOT_THAT, "it is not in the state that you named".to_owned()),
            Refused::Unacceptable(why) => return unacceptable(status, *why),
            Refused::Declined(Declined { code, words, .. }) => {
                return Problem { status, code, detail: words, more: Map::new() };
            }
            Refused::NotNow(detail) => (Code::NOT_NOW, detail),
            Refused::NotCaptured(detail) => (Code::NOT_CAPTURED, detail),
            Refused::NotRecorded(detail) => (Code::NOT_RECORDED, detail),
        };
        Problem::new(status, code, detail)
    }
}

fn unacceptable(status: StatusCode, why: Unacceptable) -> Problem {
    let Unacceptable { code, detail, path, suggestion, problems, tests } = why;
    let mut more = Map::new();
    more.extend(path.map(|path| ("path".to_owned(), path.into())));
    more.extend(suggestion.map(|words| ("suggestion".to_owned(), words.into())));
    more.insert("problems".to_owned(), problems);
    more.insert("tests".to_owned(), tests);
    let code = code.unwrap_or_else(|| Code::UNWRITABLE.code.to_owned());
    Problem { status, code, detail, more }
}

/// Who was here with a token hears that it is the token (RFC 6750 3), in letters that may stand there.
fn challenge(code: &str, detail: &str) -> HeaderValue {
    let bare = HeaderValue::from_static("Bearer realm=\"tandem\"");
    if code != Code::NO_GOOD.code {
        return bare;
    }
    let fits = |letter: &char| matches!(letter, ' ' | '!' | '#'..='[' | ']'..='~');
    let words: String = detail.replace('"', "'").chars().filter(fits).collect();
    let text = format!("Bearer realm=\"tandem\", error=\"invalid_token\", error_description=\"{words}\"");
    HeaderValue::from_str(&text).unwrap_or(bare)
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Problem { status, code, detail, more } = self;
        let title = status.canonical_reason().unwrap_or("refused");
        let mut body = json!({
            "type": "about:blank", "title": title, "status": status.as_u16(), "code": code, "detail": detail,
        });
        body.as_object_mut().into_iter().for_each(|body| body.extend(more.clone()));
        let text = without_passwords(&body.to_string(), '*').into_owned();
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, challenge(&code, &detail));
        }
        response
    }
}
