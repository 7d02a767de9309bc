//! Desk phones that fetch their settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::documents::Documents;
use crate::fault::Fault;
use crate::problem::{Code, Problem};
use crate::provisioning::Mac;

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    let mut owners: BTreeMap<Mac, Arc<str>> = BTreeMap::new();
    for user in documents.user.values() {
        if let Some(phone) = user.phones.first().filter(|_| documents.system.provisioning.is_none()) {
            let fault = Fault::new(Code::MISSING_KEY, "phones are set up, and [system] does not say by what");
            let cure = "[system.provisioning] with secret = { file = \"…\" } and interface = \"…\"";
            problems.push(documents.problem_at(user, &phone.mac, fault.suggest(cure)));
        }
        for phone in &user.phones {
            let Some(owner) = owners.insert(phone.mac.value, Arc::clone(&user.name)) else { continue };
            let fault = Fault::new(
                Code::OWNED_TWICE,
                format!("the phone {} is user \"{owner}\"'s already", phone.mac.value),
            );
            problems.push(documents.problem_at(user, &phone.mac, fault));
        }
    }
    let Some(written) = &documents.system.provisioning else { return };
    if let Some(url) = &written.url
        && let Some(fault) = fault_of_url(url)
    {
        problems.push(documents.problem_at(&documents.system, url, fault));
    }
    if let Some(server) = &written.server
        && !is_host(server)
    {
        let fault = Fault::new(Code::ADDRESS, format!("\"{server}\" is neither a name nor an address"));
        problems.push(documents.problem_at(
            &documents.system,
            &written.interface,
            fault.suggest("server = \"sip.example.com\", without a port"),
        ));
    }
}

fn fault_of_url(url: &str) -> Option<Fault> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let is_bare = |text: &str| {
        !text.is_empty() && text.chars().all(|one| one.is_ascii_alphanumeric() || "-._:[]".contains(one))
    };
    let fault = || Fault::new(Code::URI, format!("\"{url}\" is not where a house answers by HTTP"));
    (!rest.is_some_and(is_bare)).then(|| fault().suggest("such as \"https://phones.example.com:7443\""))
}

fn is_host(server: &str) -> bool {
    let is_name =
        !server.is_empty() && server.chars().all(|one| one.is_ascii_alphanumeric() || "-.".contains(one));
    is_name || server.parse::<std::net::IpAddr>().is_ok()
}
