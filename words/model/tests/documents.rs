//! Files into documents.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::time::Duration;

use model::{
    CODES, Documents, FailCause, Probing, Secret, SecretRef, Secrets, Side, SourceFile, load, schema,
};
use serde_json::Value;

const SYSTEM: &str = "format = 1\n[system]\nname = \"edge\"\ncountry = \"US\"\n";
const NORTHWIND: &str = "[trunk.northwind]\nservers = [{ uri = \"sip:sbc.example\" }]\n";

fn documents(texts: &[&str]) -> Documents {
    let files: Vec<SourceFile> =
        (1..).zip(texts).map(|(index, text)| SourceFile::new(format!("{index}.toml"), *text)).collect();
    load(&files).unwrap()
}

#[test]
fn objects_of_many_files_are_one_configuration() {
    let documents = documents(&[SYSTEM, NORTHWIND, "[site.a]\n[site.b]\n"]);

    assert_eq!(documents.trunk.len(), 1);
    assert_eq!(documents.site.keys().map(|name| &**name).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(documents.location(&documents.site["b"]), "3.toml:2");
    assert_eq!(documents.location_of(&documents.system, &documents.system.country), "1.toml:4");
}

#[test]
fn what_is_left_out_has_safe_defaults() {
    let documents = documents(&[SYSTEM, NORTHWIND, "[interface.a]\naddress = \"::1\"\nudp = 5060\n"]);

    let trunk = &documents.trunk["northwind"];
    assert_eq!(trunk.failover.answer_wait.0, Duration::from_secs(4));
    assert!(trunk.failover.on.contains(&FailCause::ServerFailures));
    assert_eq!(trunk.health.options, Probing::Every(model::Duration(Duration::from_secs(30))));
    assert_eq!(documents.interface["a"].side, Side::Outside);
    assert_eq!(documents.system.realm(), "edge");
}

#[test]
fn a_byte_that_splits_a_letter_does_not_upset_columns() {
    let text = format!("{SYSTEM}[user.ann]\nname = \"한나\"\nnamme = \"한나\"\n");

    let problems = load(&[SourceFile::new("é.toml", text)]).unwrap_err();

    assert_eq!((problems.len(), problems[0].line, problems[0].column), (1, 7, 1));
}

#[test]
fn lines_that_end_like_on_windows_are_lines() {
    let text = format!("{SYSTEM}[user.ann]\nnamme = \"x\"\n").replace('\n', "\r\n");

    let problems = load(&[SourceFile::new("w.toml", text)]).unwrap_err();

    assert_eq!((problems[0].line, problems[0].excerpt.as_str()), (6, "namme = \"•\""));
}

#[test]
fn no_files_are_no_configuration() {
    let problems = load(&[]).unwrap_err();

    assert_eq!(problems[0].code.to_string(), "TD-C027");
}

#[test]
fn a_demo_may_hold_plain_secrets_and_still_does_not_show_them() {
    let user = "[user.ann]\npassword = { plain = \"hunter22\" }\n";
    let documents = documents(
        &[SYSTEM, "", user]
            .map(|text| text.replace("country", "demo = true\ncountry"))
            .each_ref()
            .map(String::as_str),
    );

    let place = documents.secret_refs().next().unwrap();
    assert_eq!(Secrets::new().value(place).unwrap().reveal(), "hunter22");
    assert!(!format!("{documents:?}").contains("hunter22"));
    assert!(!serde_json::to_string(&documents).unwrap().contains("hunter22"));
}

#[test]
fn a_secret_on_the_line_of_another_fault_is_blotted_out() {
    for secret in
        ["password = \"hunter22\"", "password = { plain = 'hunter22' }", "\"password\" = \"hunter22\""]
    {
        let text = format!("{SYSTEM}[trunk.a]\nservers = []\nauth = {{ {secret}, usr = \"x\" }}\n");

        let problems = load(&[SourceFile::new("a.toml", text)]).unwrap_err();

        let shown: String = problems.iter().map(|problem| format!("{problem} {problem:?}")).collect();
        assert!(shown.contains("••••••••") && !shown.contains("hunter22"), "{shown}");
    }
}

#[test]
fn a_secret_is_not_printed() {
    let secret = Secret::new("hunter22".to_owned());
    let mut secrets = Secrets::new();
    secrets.insert(SecretRef::Env("X".into()), "hunter22".into());

    assert!(!format!("{secret:?} {secrets:?}").contains("hunter22"));
}

#[test]
fn the_schema_knows_every_kind_and_refuses_unknown_keys() {
    let schema = schema();

    let kinds = schema["properties"].as_object().unwrap();
    for kind in [
        "format",
        "system",
        "interface",
        "site",
        "trunk",
        "user",
        "numbers",
        "route",
        "dialplan",
        "emergency",
        "test",
    ] {
        assert!(kinds.contains_key(kind), "{kind}");
    }
    assert_eq!(schema["additionalProperties"], Value::Bool(false));
    let trunk = &schema["$defs"]["Trunk"];
    assert_eq!(trunk["additionalProperties"], Value::Bool(false));
    let either = serde_json::json!([{ "required": ["servers"] }, { "required": ["provider"] }]);
    assert_eq!(trunk["anyOf"], either);
    assert!(schema["$defs"]["Route"]["properties"].get("use").is_some());
    let number = &schema["$defs"]["Number"];
    assert_eq!(number["type"], "string");
}

#[test]
fn every_code_is_given_once() {
    let mut codes: Vec<String> = CODES.iter().map(|(code, _)| code.to_string()).collect();
    let all = codes.len();
    codes.sort();
    codes.dedup();

    assert_eq!(codes.len(), all);
    assert!(CODES.iter().all(|(code, title)| code.title() == *title && !title.is_empty()));
}

/// Whatever is wrong, and wherever the secret stands: not where the fault points, not in its words.
#[test]
fn pain_24_no_way_of_writing_a_secret_wrongly_shows_it() {
    let ways = [
        "pasword = \"hunter22\"",
        "pass_phrase = \"hunter22\"",
        "login = \"hunter22\"",
        "password = hunter22",
        "password = 'hunter22",
        "password = \"\"\"\nhunter22\"\"\" x",
        "password = \"a\\\"hunter22\" x",
        "password = [\"hunter22\", \"hunter22\"]",
        "password = { plian = \"hunter22\" }",
        "password = { plain = hunter22 }",
        "password = { plain = \"hunter22\", file = 1 }",
        "devices = [{ uri = \"sip:ann:hunter22@127.0.0.1:99999\" }]",
        "devices = [{ uri = \"sip:ann:hunter22@@127.0.0.1;transport=x\" }]",
        "devices = [{ uri = \"http://ann:hunter22@127.0.0.1\" }]",
    ];
    for way in ways {
        let text = format!("{SYSTEM}[user.ann]\n{way}\n");

        let problems = load(&[SourceFile::new("a.toml", text)]).unwrap_err();

        let shown: String = problems.iter().map(|problem| format!("{problem} {problem:?}")).collect();
        assert!(!problems.is_empty() && !shown.contains("hunter22"), "{way}: {shown}");
    }
}

#[test]
fn pain_24_a_secret_header_is_sent_and_not_shown() {
    let rules = "{ set = \"X-Api-Key\", value = \"hunter22\" }, { set = \"X-Account\", value = \"4471\" }";
    let trunk = format!("{}headers = [{rules}]\n", NORTHWIND);
    let documents = documents(&[&format!("{SYSTEM}{trunk}")]);

    let shown = serde_json::to_string(&documents).unwrap();
    let wrong = format!("{SYSTEM}{}", trunk.replace("\" }", " {nope}\" }"));
    let problems = load(&[SourceFile::new("a.toml", wrong)]).unwrap_err();

    assert!(shown.contains("X-Api-Key") && shown.contains("4471") && !shown.contains("hunter22"), "{shown}");
    assert!(!format!("{problems:?}").contains("hunter22"), "{problems:?}");
}

#[test]
fn req_f73_an_identity_provider_that_cannot_be_believed_is_refused_with_what_to_write() {
    let whole = [
        ("issuer", "\"https://login.contoso.example/realms/corp\""),
        ("audience", "\"tandem\""),
        ("roles", "{ admin = [\"telephony-admins\"] }"),
    ];
    let said = |key: &str, value: &str| {
        let others = whole.iter().filter(|(name, _)| *name != key);
        let others: String = others.map(|(name, value)| format!("{name} = {value}\n")).collect();
        let text = format!("{SYSTEM}[system.oidc]\n{key} = {value}\n{others}");
        let problems = load(&[SourceFile::new("1.toml", text)]).err().unwrap_or_default();
        let one = |problem: &model::Problem| {
            let suggestion = problem.suggestion.clone().unwrap_or_default();
            format!("{} {}:{} {suggestion}", problem.code, problem.line, problem.column)
        };
        problems.iter().map(one).collect::<Vec<_>>().join("; ")
    };

    for (key, value, expected) in [
        ("leeway", "\"5m\"", ""),
        ("claim", "\"/realm_access/roles\"", ""),
        (
            "issuer",
            "\"http://login.contoso.example\"",
            "TD-C013 6:10 write \"https://login.contoso.example\"",
        ),
        ("audience", "\"\"", "TD-C078 6:12 the name that the provider knows it by"),
        ("parties", "[\"ci\", \" \"]", "TD-C078 6:18 the name that the provider knows it by"),
        ("roles", "{}", "TD-C078 6:9 such as roles = { admin = [\"telephony-admins\"] }"),
        ("roles", "{ reader = [\"\"] }", "TD-C078 6:9 name a group or a role"),
        ("roles", "{ admins = [\"a\"] }", "TD-C004 6:11 did you mean \"admin\"?"),
        ("scopes", "[\"profile email\"]", "TD-C078 6:11 scopes = [\"profile\", \"offline_access\"]"),
        ("leeway", "\"6m\"", "TD-C031 6:10 30s suits most houses"),
    ] {
        assert_eq!(said(key, value), expected, "{key} = {value}");
    }
}
