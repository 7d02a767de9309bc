//! Who reads records along on their way.

use std::net::IpAddr;

use crate::documents::{Document, Documents};
use crate::fault::Fault;
use crate::http::InClear;
use crate::problem::{Code, Problem};
use crate::webhook::Webhook;

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    for webhook in documents.webhook.values() {
        if let Some(fault) = fault_of(webhook) {
            problems.push(documents.problem_at(webhook, &webhook.url, fault));
        }
    }
}

fn fault_of(webhook: &Document<Webhook>) -> Option<Fault> {
    let host = &*webhook.url.host;
    let is_here =
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    if is_here || webhook.in_clear == InClear::Accepted {
        return None;
    }
    let message = format!("records would cross to {host} in the clear");
    let cure = "send to 127.0.0.1, to a program that knows the way on; in_clear = \"accepted\" if the \
                network between is believed";
    Some(Fault::new(Code::UNSEALED, message).suggest(cure))
}
