//! What cannot be in a trunk's registration.

use std::time;

use crate::documents::{Document, Documents};
use crate::fault::Fault;
use crate::problem::{Code, Problem};
use crate::register::{RegisterStyle, Retry};
use crate::trunk::Trunk;
use crate::uri::SipUri;

const EXPIRES_LEAST: time::Duration = time::Duration::from_secs(60);
const EXPIRES_MOST: time::Duration = time::Duration::from_secs(7 * 86_400);

/// What cannot be in one trunk's registration.
pub(crate) fn problem(documents: &Documents, trunk: &Document<Trunk>) -> Option<Problem> {
    let register = trunk.register.as_ref()?;
    let Some(_) = &trunk.auth else {
        let message = format!("trunk \"{}\" registers, and has no account to register", trunk.name);
        let fault = Fault::new(Code::MISSING_KEY, message);
        let fault = fault.suggest("auth = { user = \"…\", password = { env = \"…\" } }");
        return Some(documents.problem_at(trunk, register, fault));
    };
    if let Some(user) = &register.contact_user {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()+".contains(&byte);
        if register.style == RegisterStyle::Gin {
            let message = "a Contact for all numbers (style = \"gin\") has no user part";
            let fault = Fault::new(Code::CONTRADICTION, message).suggest("leave contact_user out");
            return Some(documents.problem_at(trunk, user, fault));
        }
        if user.is_empty() || !user.bytes().all(fits) {
            let fault = Fault::new(Code::URI, format!("\"{}\" cannot be the user of a Contact", user.value));
            return Some(documents.problem_at(trunk, user, fault.suggest("letters, digits and -_.+")));
        }
    }
    if let Some(registrar) = register.registrar.as_ref().filter(|uri| uri.user.is_some()) {
        let fault = Fault::new(Code::URI, "a registrar is a place and has no user part");
        let fault = fault.suggest(format!("\"{}\"", SipUri { user: None, ..registrar.value.clone() }));
        return Some(documents.problem_at(trunk, registrar, fault));
    }
    if !(EXPIRES_LEAST..=EXPIRES_MOST).contains(&register.expires.0) {
        let message = format!("a registration of {} is no use to anybody", register.expires);
        let fault = Fault::new(Code::OUT_OF_RANGE, message).suggest("\"1m\" to \"7d\"");
        return Some(documents.problem_at(trunk, register, fault));
    }
    let Retry { first, most, .. } = &register.retry;
    (first.0.is_zero() || first > most).then(|| {
        let message = format!("the first retry after {first}, and at most {most} between two");
        let fault =
            Fault::new(Code::REVERSED, message).suggest("retry = { first = \"30s\", most = \"10m\" }");
        documents.problem_at(trunk, register, fault)
    })
}
