//! Certificates that are got from an authority: for which names, and by whom.

use std::net::IpAddr;

use crate::documents::Documents;
use crate::fault::Fault;
use crate::problem::{Code, Problem};
use crate::spot::Spot;

/// What authorities take as a rule.
const NAMES_MAX: usize = 100;
/// As DNS has it, without its last dot (RFC 1035 2.3.4).
const NAME_MAX: usize = 253;
const LABEL_MAX: usize = 63;

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    let system = &documents.system;
    if let Some(acme) = &system.acme {
        let wrongs = acme.contact.iter().filter(|contact| !is_mailbox(contact));
        problems.extend(wrongs.map(|contact| {
            let message = format!("\"{}\" is not an address of electronic mail", contact.value);
            let fault = Fault::new(Code::CERTIFICATE, message).suggest("such as \"telephony@example.com\"");
            documents.problem_at(system, contact, fault)
        }));
        if let Some(listen) = acme.listen.as_ref().filter(|listen| listen.value.0.port() == 0) {
            let fault = Fault::new(Code::PORT, "nobody can listen on port 0");
            problems.push(documents.problem_at(system, listen, fault));
        }
    }
    if let Some(http) = &system.http {
        let files = http.tls_certificate.as_ref().or(http.tls_key.as_ref());
        let fault = of_names(documents, &http.tls_names, files);
        problems.extend(fault.map(|(name, fault)| documents.problem_at(system, name, fault)));
    }
    for interface in documents.interface.values() {
        let files = interface.tls_certificate.as_ref().or(interface.tls_key.as_ref());
        let fault = of_names(documents, &interface.tls_names, files);
        problems.extend(fault.map(|(name, fault)| documents.problem_at(interface, name, fault)));
    }
}

fn of_names<'n>(
    documents: &Documents,
    names: &'n [Spot<String>],
    file: Option<&String>,
) -> Option<(&'n Spot<String>, Fault)> {
    let first = names.first()?;
    let wrong = |message: String| Fault::new(Code::CERTIFICATE, message);
    if file.is_some() {
        let fault = Fault::new(Code::CONTRADICTION, "the certificate is in files, and got by its names");
        return Some((first, fault.suggest("leave tls_certificate and tls_key out, or tls_names")));
    }
    if documents.system.acme.is_none() {
        let fault = wrong("nobody gives a certificate for these names".to_owned());
        let cure = "add [system.acme] with authority = \"letsencrypt\" and terms = \"agreed\"";
        return Some((first, fault.suggest(cure)));
    }
    if names.len() > NAMES_MAX {
        let message = format!("a certificate has {NAMES_MAX} names at most");
        return Some((first, Fault::new(Code::OUT_OF_RANGE, message)));
    }
    names.iter().enumerate().find_map(|(at, name)| {
        let is_twice = names[..at].iter().any(|before| before.value.eq_ignore_ascii_case(&name.value));
        let twice = || wrong(format!("\"{}\" is named twice", name.value)).suggest("name it once");
        fault_of(name).or_else(|| is_twice.then(twice)).map(|fault| (name, fault))
    })
}

fn fault_of(name: &str) -> Option<Fault> {
    let wrong = |message: String| Fault::new(Code::CERTIFICATE, message);
    if let Some(rest) = name.strip_prefix("*.") {
        let message = format!("\"{name}\" is proved by DNS alone, which the house cannot change");
        return Some(wrong(message).suggest(format!("name each host, such as \"sip.{rest}\"")));
    }
    let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    if is_address {
        let message = format!("\"{name}\" is an address, and a certificate is got for names");
        return Some(wrong(message).suggest("a name of DNS such as \"sip.example.com\""));
    }
    let is_label = |label: &str| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty()
            && label.len() <= LABEL_MAX
            && label.bytes().all(is_letter)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let fits = name.len() <= NAME_MAX && name.contains('.') && name.split('.').all(is_label);
    let bare = name.trim_start_matches("sips:").trim_start_matches("sip:").trim_end_matches('.');
    (!fits).then(|| wrong(format!("\"{name}\" is not a whole name of DNS"))).map(|fault| {
        match bare != name && bare.contains('.') && bare.split('.').all(is_label) {
            true => fault.suggest(format!("did you mean \"{bare}\"?")),
            false => fault.suggest("such as \"sip.example.com\""),
        }
    })
}

/// Authorities write there: one address, and nothing that `mailto:` would read otherwise (RFC 8555 7.3).
fn is_mailbox(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-._+@".contains(letter);
    let parts = text.split_once('@');
    parts.is_some_and(|(local, host)| !local.is_empty() && host.contains('.') && !host.contains('@'))
        && text.chars().all(is_letter)
}
