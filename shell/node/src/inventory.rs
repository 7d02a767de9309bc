//! The phones that are registered, counted by who made them.

use std::collections::{BTreeMap, BTreeSet};

use reports::{Names, Question};
use serde_json::{Value, json};

use crate::reporting::Unmade;

const UNNAMED: &str = "(unnamed)";

/// Makers whose phones call themselves by more than a name, in small letters.
const MAKERS: [&str; 14] = [
    "audiocodes",
    "avaya",
    "cisco",
    "fanvil",
    "gigaset",
    "grandstream",
    "linphone",
    "microsip",
    "mitel",
    "panasonic",
    "poly",
    "snom",
    "yealink",
    "zoiper",
];

#[derive(Default)]
struct Counted<'p> {
    phones: u64,
    users: BTreeSet<&'p str>,
}

/// By maker and transport, the most frequent first; phones of a site or a user alone, where one is named.
pub fn of(question: &Question, phones: &Value, names: &Names) -> Result<Value, Unmade> {
    let Question { by, from, until, last, trunk, site, user, .. } = question;
    if [by, from, until, last, trunk].iter().any(|said| said.is_some()) {
        return Err(Unmade::Wrong(
            "phones are those of this moment: say site or user, or nothing".to_owned(),
        ));
    }
    let mut counted: BTreeMap<(String, &str), Counted<'_>> = BTreeMap::new();
    let mut users = 0_u64;
    for one in phones["users"].as_array().into_iter().flatten() {
        let name = one["user"].as_str().unwrap_or_default();
        let is_meant = site.as_ref().is_none_or(|site| names.site_of(name) == site)
            && user.as_ref().is_none_or(|user| user == name);
        let devices = one["devices"].as_array().filter(|devices| is_meant && !devices.is_empty());
        users += u64::from(devices.is_some());
        for device in devices.into_iter().flatten() {
            let make = device["agent"].as_str().map_or_else(|| UNNAMED.to_owned(), maker_of);
            let transport = device["transport"].as_str().unwrap_or_default();
            let one = counted.entry((make, transport)).or_default();
            one.phones += 1;
            one.users.insert(name);
        }
    }
    let mut rows: Vec<_> = counted.into_iter().collect();
    rows.sort_by_key(|(_, one)| std::cmp::Reverse(one.phones));
    let all: u64 = rows.iter().map(|(_, one)| one.phones).sum();
    let rows: Vec<Value> = rows
        .into_iter()
        .map(|((make, transport), one)| {
            json!({ "make": make, "transport": transport, "phones": one.phones, "users": one.users.len() })
        })
        .collect();
    Ok(json!({ "report": "phones", "phones": all, "users": users, "rows": rows }))
}

/// Of `Yealink SIP-T46U 108.86` it is `Yealink`.
fn maker_of(agent: &str) -> String {
    let small = agent.to_ascii_lowercase();
    if let Some(known) = MAKERS.iter().find(|maker| small.starts_with(**maker)) {
        return agent[..known.len()].to_owned();
    }
    let end = |letter: char| letter.is_whitespace() || letter.is_ascii_digit() || "/(-_".contains(letter);
    match agent.split(end).next() {
        Some("") | None => UNNAMED.to_owned(),
        Some(first) => first.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_maker_is_what_an_agent_begins_with() {
        for (agent, maker) in [
            ("Yealink SIP-T46U 108.86.0.20", "Yealink"),
            ("PolycomVVX-VVX_410-UA/5.9.0", "Poly"),
            ("snomD785/10.1.46.16", "snom"),
            ("Grandstream GXP2170 1.0.11.64", "Grandstream"),
            ("baresip v3.9.0 (x86_64/Linux)", "baresip"),
            ("SIP.js/0.21.2", "SIP.js"),
            ("", "(unnamed)"),
            ("2N Helios", "(unnamed)"),
        ] {
            assert_eq!(maker_of(agent), maker, "{agent}");
        }
    }

    /// Each phone once, each user once a make, and those of a site or a user alone where one is named.
    #[test]
    fn req_f72_phones_are_counted_by_make_and_transport() {
        let device = |agent: &str, transport: &str| json!({ "agent": agent, "transport": transport });
        let phones = json!({ "users": [
            { "user": "hana", "devices": [device("Yealink T46", "tls"), device("Yealink T57", "tls")] },
            { "user": "bran", "devices": [device("Yealink T46", "udp")] },
            { "user": "minsu", "devices": [] },
        ] });
        let names = Names::new([("bran".to_owned(), "tacoma".to_owned())], []);
        let asked = |site: Option<&str>| Question { site: site.map(str::to_owned), ..Question::default() };

        let all = of(&asked(None), &phones, &names).expect("it makes sense");
        assert_eq!((&all["phones"], &all["users"]), (&json!(3), &json!(2)));
        let first = json!({ "make": "Yealink", "transport": "tls", "phones": 2, "users": 1 });
        assert_eq!(all["rows"][0], first);
        let of_site = of(&asked(Some("tacoma")), &phones, &names).expect("it makes sense");
        assert_eq!((&of_site["phones"], &of_site["rows"][0]["transport"]), (&json!(1), &json!("udp")));
        let timed = Question { last: Some("7d".to_owned()), ..Question::default() };
        assert!(matches!(of(&timed, &phones, &names), Err(Unmade::Wrong(_))));
    }
}
