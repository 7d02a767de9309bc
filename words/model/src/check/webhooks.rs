//! Who reads records along on their way.

use std::net::IpAddr;

use crate::documents::Documents;
use crate::fault::Fault;
use crate::http::InClear;
use crate::problem::{Code, Problem};
use crate::trace::HttpAddress;

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    for webhook in documents.webhook.values() {
        if let Some(fault) = clear_fault(&webhook.url, webhook.in_clear, "records") {
            problems.push(documents.problem_at(webhook, &webhook.url, fault));
        }
    }
}

/// Nobody between may read what goes to another machine, unless that is said.
pub(crate) fn clear_fault(url: &HttpAddress, in_clear: InClear, what: &str) -> Option<Fault> {
    let host = &*url.host;
    let is_here =
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    if is_here || in_clear == InClear::Accepted {
        return None;
    }
    let message = format!("{what} would cross to {host} in the clear");
    let cure = "send to 127.0.0.1, to a program that knows the way on; in_clear = \"accepted\" if the \
                network between is believed";
    Some(Fault::new(Code::UNSEALED, message).suggest(cure))
}
