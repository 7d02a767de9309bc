//! What one document can be asked alone, beyond the shape of its values.

mod certificates;
mod conferences;
mod consoles;
mod directories;
mod forward;
mod http;
mod interfaces;
mod links;
mod malicious;
mod observers;
mod oidc;
mod orbits;
mod pickup;
mod provisioning;
mod pushes;
mod register;
mod registrar;
mod storage;
mod toll_bypass;
mod webhooks;

use crate::documents::{Document, Documents};
use crate::fault::Fault;
use crate::number::NumberRange;
use crate::pattern::Pattern;
use crate::problem::{Code, Problem};
use crate::route::Route;
use crate::secret::SecretRef;
use crate::spot::Spot;
use crate::user::{Numbers, Unowned};

/// Adds what is wrong inside single documents.
pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    registrar::check(documents, problems);
    http::check(documents, problems);
    certificates::check(documents, problems);
    oidc::check(documents, problems);
    provisioning::check(documents, problems);
    webhooks::check(documents, problems);
    pushes::check(documents, problems);
    storage::check(documents, problems);
    directories::check(documents, problems);
    observers::check(documents, problems);
    check_countries(documents, problems);
    check_digits(documents, problems);
    check_secrets(documents, problems);
    interfaces::check(documents, problems);
    for numbers in documents.numbers.values() {
        problems.extend(numbers_problem(documents, numbers));
    }
    for route in documents.route.values() {
        problems.extend(route_problem(documents, route));
    }
    check_identities(documents, problems);
    for trunk in documents.trunk.values() {
        let is_filled = trunk.version.is_some() || !trunk.values.is_empty();
        if trunk.provider.is_none() && is_filled {
            let fault =
                Fault::new(Code::MISSING_KEY, "version and values belong to the template of a provider");
            problems.push(documents.problem(trunk, fault.suggest("add provider = \"…\"")));
        }
    }
    for trunk in documents.trunk.values().filter(|trunk| trunk.servers.is_empty()) {
        let fault = Fault::new(Code::MISSING_KEY, format!("trunk \"{}\" has no server", trunk.name));
        problems.push(documents.problem(trunk, fault.suggest("servers = [{ uri = \"sip:…\" }]")));
    }
    for trunk in documents.trunk.values() {
        let wrongs = trunk.responses.iter().filter_map(|rule| Some((rule, rule.fault()?)));
        problems.extend(wrongs.map(|(rule, fault)| documents.problem_at(trunk, rule, fault)));
        let wrongs = trunk.accept.certificate.iter().filter_map(|name| Some((name, name_fault(name)?)));
        problems.extend(wrongs.map(|(name, fault)| documents.problem_at(trunk, name, fault)));
    }
    problems.extend(documents.trunk.values().filter_map(|trunk| register::problem(documents, trunk)));
    toll_bypass::check(documents, problems);
    links::check(documents, problems);
    forward::check(documents, problems);
    pickup::check(documents, problems);
    orbits::check(documents, problems);
    conferences::check(documents, problems);
    consoles::check(documents, problems);
    malicious::check(documents, problems);
    for emergency in documents.emergency.values().filter(|emergency| emergency.trunks.is_empty()) {
        let message =
            format!("emergency \"{}\" names no trunk that calls for help could take", emergency.name);
        let fault = Fault::new(Code::EMERGENCY_NO_WAY, message).suggest("trunks = [\"…\"]");
        problems.push(documents.problem(emergency, fault));
    }
}

/// Names are compared as they stand: a pattern or a URI would never fit.
fn name_fault(name: &str) -> Option<Fault> {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let fits = name.split('.').all(is_label);
    let fault = || Fault::new(Code::UNKNOWN_WORD, format!("\"{name}\" is not a name in a certificate"));
    let bare = name.trim_start_matches("sips:").trim_start_matches("sip:").trim_start_matches("*.");
    (!fits).then(|| match bare != name && bare.split('.').all(is_label) {
        true => fault().suggest(format!("write the whole name, such as \"{bare}\"")),
        false => fault().suggest("a whole name, such as \"sbc.example.net\""),
    })
}

fn check_countries(documents: &Documents, problems: &mut Vec<Problem>) {
    let wrong = |country: &Spot<String>| {
        let fits = country.len() == 2 && country.chars().all(|c| c.is_ascii_uppercase());
        let fault = Fault::new(Code::UNKNOWN_WORD, format!("\"{}\" is not a country", country.value));
        (!fits).then(|| fault.suggest("two capital letters, such as \"US\""))
    };
    if let Some(fault) = wrong(&documents.system.country) {
        problems.push(documents.problem_at(&documents.system, &documents.system.country, fault));
    }
    for site in documents.site.values() {
        if let Some((country, fault)) =
            site.country.as_ref().and_then(|country| Some((country, wrong(country)?)))
        {
            problems.push(documents.problem_at(site, country, fault));
        }
    }
    for emergency in documents.emergency.values() {
        if let Some((country, fault)) = emergency.country.as_ref().and_then(|c| Some((c, wrong(c)?))) {
            problems.push(documents.problem_at(emergency, country, fault));
        }
    }
}

fn check_digits(documents: &Documents, problems: &mut Vec<Problem>) {
    let wrong = |digits: &str| {
        let fits =
            !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'*' | b'#'));
        (!fits)
            .then(|| Fault::new(Code::PATTERN, format!("\"{digits}\" is not what a phone's keys can dial")))
    };
    let system = &documents.system;
    let operator = system.operator.iter().map(|operator| &operator.dial);
    let of_system = system.area_code.iter().chain(operator).filter_map(|code| Some((code, wrong(code)?)));
    problems.extend(of_system.map(|(code, fault)| documents.problem_at(system, code, fault)));
    for site in documents.site.values() {
        let operator = site.operator.iter().map(|operator| &operator.dial);
        let digits =
            site.area_code.iter().chain(&site.outside_prefix).chain(&site.extension_prefix).chain(operator);
        if let Some(long) = site.outside_prefix.as_ref().filter(|prefix| prefix.len() > OUTSIDE_PREFIX_MAX) {
            let fault = Fault::new(Code::OUT_OF_RANGE, "an outside prefix has four keys at most");
            problems.push(documents.problem_at(site, long, fault));
        }
        let wrongs = digits.filter_map(|digits| Some((digits, wrong(digits)?)));
        problems.extend(wrongs.map(|(digits, fault)| documents.problem_at(site, digits, fault)));
    }
    for user in documents.user.values() {
        let wrongs = user.extension.iter().filter_map(|digits| Some((digits, wrong(digits)?)));
        problems.extend(wrongs.map(|(digits, fault)| documents.problem_at(user, digits, fault)));
    }
    for emergency in documents.emergency.values() {
        let wrongs = emergency.dial.iter().filter_map(|digits| wrong(digits));
        problems.extend(wrongs.map(|fault| documents.problem_at(emergency, &emergency.dial, fault)));
    }
}

/// Rules for headers, and the numbers that callers may show.
fn check_identities(documents: &Documents, problems: &mut Vec<Problem>) {
    let names_a_user = |pattern: &Spot<Pattern>| {
        let fault = Fault::new(Code::PATTERN, format!("\"{}\" is a user; numbers stand here", pattern.value));
        matches!(pattern.value, Pattern::User(_)).then(|| fault.suggest("write the user's number"))
    };
    for trunk in documents.trunk.values() {
        let faults = trunk.headers.iter().filter_map(|rule| Some((rule, rule.fault()?)));
        problems.extend(faults.map(|(rule, fault)| documents.problem_at(trunk, rule, fault)));
        let numbers = trunk.identity.owns.iter().chain(&trunk.identity.also);
        let wrongs = numbers.filter_map(|number| Some((number, names_a_user(number)?)));
        problems.extend(wrongs.map(|(number, fault)| documents.problem_at(trunk, number, fault)));
    }
    for user in documents.user.values() {
        let wrongs = user.may_show.iter().filter_map(|number| Some((number, names_a_user(number)?)));
        problems.extend(wrongs.map(|(number, fault)| documents.problem_at(user, number, fault)));
    }
    let system = &documents.system;
    let codes = [&system.privacy_code, &system.show_code].into_iter().flatten();
    let wrongs = codes.filter_map(|code| Some((code, privacy_code_fault(documents, code)?)));
    problems.extend(wrongs.map(|(code, fault)| documents.problem_at(system, code, fault)));
    for site in documents.site.values() {
        let codes = [&site.privacy_code, &site.show_code].into_iter().flatten();
        let wrongs = codes.filter_map(|code| Some((code, privacy_code_fault(documents, code)?)));
        problems.extend(wrongs.map(|(code, fault)| documents.problem_at(site, code, fault)));
    }
}

/// A code begins with a key that no number begins with, and no call for help looks like one.
fn privacy_code_fault(documents: &Documents, code: &str) -> Option<Fault> {
    let wrong = |message: String| Some(Fault::new(Code::PRIVACY_CODE, message).suggest("such as \"*67\""));
    let digits = code.strip_prefix(['*', '#']).unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit() || b"*#".contains(&byte)) {
        return wrong(format!("\"{code}\" is not * or # and digits"));
    }
    let mut urgent = documents.emergency.values().flat_map(|rule| rule.dial.iter());
    let begins = urgent.find(|number| number.starts_with(code))?;
    wrong(format!("\"{code}\" begins {begins}, which calls for help"))
}

/// Longer ones are area codes.
const OUTSIDE_PREFIX_MAX: usize = 4;

fn check_secrets(documents: &Documents, problems: &mut Vec<Problem>) {
    if documents.system.demo {
        return;
    }
    let fault = || {
        let fault = Fault::new(Code::PLAIN_SECRET, "a secret stands in plain text; only a demo may do that");
        fault.suggest("{ env = \"NAME\" } or { file = \"path\" }")
    };
    let is_plain = |secret: &Spot<SecretRef>| matches!(secret.value, SecretRef::Plain(_));
    for trunk in documents.trunk.values() {
        let plain = trunk.auth.iter().map(|auth| &auth.password).filter(|secret| is_plain(secret));
        problems.extend(plain.map(|secret| documents.problem_at(trunk, secret, fault())));
    }
    for user in documents.user.values() {
        let plain = user.password.iter().filter(|secret| is_plain(secret));
        problems.extend(plain.map(|secret| documents.problem_at(user, secret, fault())));
    }
    let phones = documents.system.provisioning.iter().map(|one| &one.secret).filter(|one| is_plain(one));
    problems.extend(phones.map(|secret| documents.problem_at(&documents.system, secret, fault())));
    let storage = documents.system.storage.iter().filter_map(|one| one.password.as_ref());
    let plain = storage.filter(|one| is_plain(one));
    problems.extend(plain.map(|secret| documents.problem_at(&documents.system, secret, fault())));
    for capture in documents.capture.values() {
        let plain = capture.key.iter().filter(|secret| is_plain(secret));
        problems.extend(plain.map(|secret| documents.problem_at(capture, secret, fault())));
    }
    for interface in documents.interface.values() {
        let turn = interface.turn.iter().map(|turn| &turn.password).filter(|secret| is_plain(secret));
        problems.extend(turn.map(|secret| documents.problem_at(interface, secret, fault())));
    }
    for observer in documents.observer.values() {
        let plain = observer.key.iter().filter(|secret| is_plain(secret));
        problems.extend(plain.map(|secret| documents.problem_at(observer, secret, fault())));
    }
    for webhook in documents.webhook.values().filter(|webhook| is_plain(&webhook.secret)) {
        problems.push(documents.problem_at(webhook, &webhook.secret, fault()));
    }
    for push in documents.push.values().filter(|push| is_plain(&push.secret)) {
        problems.push(documents.problem_at(push, &push.secret, fault()));
    }
    for directory in documents.directory.values() {
        let plain = directory.password.iter().filter(|secret| is_plain(secret));
        problems.extend(plain.map(|secret| documents.problem_at(directory, secret, fault())));
    }
    for conference in documents.conference.values() {
        let plain = conference.pin.iter().filter(|secret| is_plain(secret));
        problems.extend(plain.map(|secret| documents.problem_at(conference, secret, fault())));
    }
}

fn numbers_problem(documents: &Documents, numbers: &Document<Numbers>) -> Option<Problem> {
    if let Some(Unowned { refuse, user }) = &numbers.unowned {
        let fault = match (refuse, user) {
            (Some(refuse), None) if (400..=699).contains(&refuse.value) => None,
            (None, Some(_)) => None,
            (Some(refuse), None) => {
                let fault =
                    Fault::new(Code::OUT_OF_RANGE, format!("nothing is refused with {}", refuse.value));
                return Some(documents.problem_at(numbers, refuse, fault.suggest("404 or 604")));
            }
            _ => Some(Fault::new(
                Code::CONTRADICTION,
                "unowned numbers are refused, or call a user: one of both",
            )),
        };
        if let Some(fault) = fault {
            return Some(documents.problem(numbers, fault.suggest("{ refuse = 604 } or { user = \"…\" }")));
        }
    }
    match (&numbers.range, &numbers.list) {
        (None, None) => {
            let fault =
                Fault::new(Code::MISSING_KEY, format!("numbers \"{}\" holds no number", numbers.name));
            Some(documents.problem(numbers, fault.suggest("range = [\"+…\", \"+…\"] or list = [\"+…\"]")))
        }
        (Some(range), _) => {
            let [first, last] = &range.value;
            let fault = NumberRange::new(first.clone(), last.clone()).err()?;
            Some(documents.problem_at(numbers, range, fault))
        }
        (None, Some(_)) => None,
    }
}

fn route_problem(documents: &Documents, route: &Document<Route>) -> Option<Problem> {
    let uses_trunks = !route.through.is_empty() || !route.backup.is_empty();
    match &route.send {
        Some(send) if uses_trunks => {
            let message = format!("route \"{}\" sends to a user and uses trunks", route.name);
            let fault = Fault::new(Code::CONTRADICTION, message).suggest("write two routes");
            Some(documents.problem_at(route, &send.user, fault))
        }
        None if !uses_trunks => {
            let fault = Fault::new(Code::ROUTE_NO_WAY, format!("route \"{}\" leads nowhere", route.name));
            Some(documents.problem(
                route,
                fault.suggest("use = [{ trunk = \"…\" }] or send = { user = \"by-number\" }"),
            ))
        }
        _ => None,
    }
}
