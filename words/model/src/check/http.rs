//! Who may hear what is said by HTTP.

use crate::documents::Documents;
use crate::fault::Fault;
use crate::http::{Http, InClear};
use crate::problem::{Code, Problem};

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    let Some(http) = &documents.system.http else { return };
    if let Some(fault) = fault_of(http) {
        problems.push(documents.problem_at(&documents.system, &http.listen, fault));
    }
}

fn fault_of(http: &Http) -> Option<Fault> {
    let address = http.listen.value.0;
    if address.port() == 0 {
        return Some(Fault::new(Code::PORT, "nobody can listen on port 0"));
    }
    if http.tls_certificate.is_some() != http.tls_key.is_some() {
        let fault = Fault::new(Code::INTERFACE, "TLS needs a certificate and its key");
        return Some(fault.suggest("add tls_certificate = \"…\" and tls_key = \"…\""));
    }
    let is_heard = !address.ip().to_canonical().is_loopback();
    if !is_heard || http.is_sealed() || http.in_clear == InClear::Accepted {
        return None;
    }
    let message = format!("{address} is heard beyond this machine, and tokens would cross in the clear");
    let cure = "add tls_certificate = \"…\" and tls_key = \"…\", or listen on 127.0.0.1; \
                in_clear = \"accepted\" if somebody before the house seals it";
    Some(Fault::new(Code::UNSEALED, message).suggest(cure))
}
