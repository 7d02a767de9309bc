//! Trunks that register: what is compiled, whose a call to a registered contact is, where calls go without.

mod house;

use house::*;
use model::{SourceFile, Unregistered};
use policy::{Code, Facts, Policy, RegisterStyle, Registration, ServerId, Trail, plan};

const ACCOUNT: &str = "auth = { user = \"contoso-4471\", password = { env = \"NORTHWIND\" } }\n";

fn registering(register: &str) -> Policy {
    house_of(&CONTOSO.replace(ACCOUNT, &format!("{ACCOUNT}register = {register}\n")))
}

/// Two accounts at one provider, whose servers share an address.
fn two_lines() -> Policy {
    let line = |name: &str| {
        format!(
            "\n[trunk.{name}]\nservers = [{{ uri = \"sip:203.0.113.90:5060\" }}]\n\
             accept = {{ did = \"any\", sources = [\"203.0.113.90\"] }}\n\
             auth = {{ user = \"{name}-account\", password = {{ env = \"HANA\" }} }}\nregister = {{}}\n"
        )
    };
    house_of(&format!("{CONTOSO}{}{}", line("one"), line("two")))
}

fn token_of(policy: &Policy, trunk: &str) -> String {
    let account = policy.accounts().find(|account| &*account.trunk == trunk).expect("it registers");
    account.token().expect("it has a token").to_string()
}

/// What the switch knows of a call before it is decided.
fn through_line(policy: &Policy, source: &str, uri: &str, number: &str) -> Facts {
    let mut facts = call(source, WAN, "+12065550142", uri);
    facts.to_uri = format!("sip:{number}@203.0.113.90");
    facts.line = policy.line_of(&facts.request_uri).cloned();
    facts
}

/// A trunk with numbers by the thousand is one account with one Contact that has no user part.
#[test]
fn a1_all_numbers_of_a_trunk_are_one_account() {
    let policy = registering("{ style = \"gin\", expires = \"1h\" }");

    let accounts: Vec<_> = policy.accounts().collect();

    let [account] = accounts.as_slice() else { panic!("{accounts:?}") };
    assert_eq!((account.style, &account.contact_user), (RegisterStyle::Gin, &None));
    assert_eq!(&*account.identity, "sip:contoso-4471@northwind.example");
    assert_eq!((&*account.domain, account.registrars.len()), ("sip:northwind.example", 3));
    assert!(account.line.as_ref().is_some_and(|token| token.len() == 13));
}

/// RFC 6140: the number stands in the Request-URI, whatever To says (8.1), our own parameters come back with
/// it (5.2), and no `user` parameter keeps a call from its number: absent, `phone`, or of no meaning (5.3).
#[test]
fn a1_a_call_to_any_number_of_the_account_arrives_whatever_its_user_parameter() {
    let policy = registering("{ style = \"gin\" }");
    let token = token_of(&policy, "northwind");
    let source = "203.0.113.90:5060";

    for user in ["", ";user=phone", ";user=ip", ";user=dialstring", ";user=\u{7e}"] {
        let uri = format!("sip:+14255550100@192.0.2.10:5060;line={token}{user}");
        let mut facts = through_line(&policy, source, &uri, "2145550105");
        facts.resolved = vec!["northwind".into()];

        let plan = planned(&policy, &facts);

        assert_eq!((&*plan.calling.0, &*plan.called), ("northwind", "+14255550100"), "{user}");
    }
}

/// Of two trunks at one address, the one whose registered contact was called has the call, and To says whom
/// it is for.
#[test]
fn a2_a_line_names_its_trunk_even_when_two_share_an_address() {
    let policy = two_lines();

    for trunk in ["one", "two"] {
        let uri = format!("sip:{}@192.0.2.10:5060", token_of(&policy, trunk));
        let facts = through_line(&policy, "203.0.113.90:5060", &uri, "+14255550100");
        let plan = planned(&policy, &facts);
        assert_eq!((&*plan.calling.0, &*plan.called), (trunk, "+14255550100"));

        let uri = format!("sip:+14255550100@192.0.2.10:5060;line={}", token_of(&policy, trunk));
        let facts = through_line(&policy, "203.0.113.90:5060", &uri, "elsewhere");
        let plan = planned(&policy, &facts);
        assert_eq!((&*plan.calling.0, &*plan.called), (trunk, "+14255550100"));
    }
}

/// Knowing a line is no key: whoever calls it from elsewhere stays a stranger, and the trail says so.
#[test]
fn a2_a_line_from_elsewhere_opens_nothing() {
    let policy = two_lines();
    let uri = format!("sip:{}@192.0.2.10:5060", token_of(&policy, "one"));
    let mut facts = through_line(&policy, "192.0.2.66:5060", &uri, "+14255550100");

    assert_eq!(refused(&policy, &facts).code, Code::STRANGER);
    let mut trail = Trail::new();
    plan(&policy, &facts, &mut trail);
    assert!(trail.to_string().contains("called what one registered, and is none of its servers"), "{trail}");

    facts.resolved = vec!["one".into()];
    assert_eq!(&*planned(&policy, &facts).calling.0, "one");
}

/// The token is the same after each start, another for each trunk, and another with another password.
#[test]
fn a2_tokens_are_stable_and_differ() {
    let (policy, again) = (two_lines(), two_lines());

    assert_eq!(token_of(&policy, "one"), token_of(&again, "one"));
    assert_ne!(token_of(&policy, "one"), token_of(&policy, "two"));
    assert_eq!(policy.line_of("sip:nobody@192.0.2.10;line=0000000000000"), None);
}

fn why() -> Registration {
    Registration::Missing("503 Service Unavailable".into())
}

/// Calls take a trunk that isn't registered when all others have failed, or never, as its configuration says;
/// the trail says why.
#[test]
fn a3_an_unregistered_trunk_is_used_last_or_never() {
    let policy = registering("{}");
    let mut facts = hana_dials("2065550142");
    let before = planned(&policy, &facts).attempts.len();
    facts.registrations.insert("northwind".into(), why());

    let plan_of_last = planned(&policy, &facts);
    assert_eq!(plan_of_last.attempts.len(), before);
    assert!(targets(&plan_of_last)[0].contains("203.0.113.20"), "{:?}", targets(&plan_of_last));

    let policy = registering("{ unregistered = \"never\" }");
    let plan_of_never = planned(&policy, &facts);
    assert!(targets(&plan_of_never).iter().all(|target| !target.contains("northwind")));
    let mut trail = Trail::new();
    plan(&policy, &facts, &mut trail);
    assert!(trail.to_string().contains("not registered: 503 Service Unavailable"), "{trail}");
    assert_eq!(policy.accounts().next().map(|account| account.unregistered), Some(Unregistered::Never));
}

/// A trunk whose account the provider refuses is out of routing, but for a call for help.
#[test]
fn pain_05_a_stopped_trunk_is_left_out_but_for_a_call_for_help() {
    let policy = registering("{}");
    let stopped = |mut facts: Facts| {
        facts.registrations.insert("northwind".into(), Registration::Stopped("password rejected".into()));
        facts
    };

    let plan = planned(&policy, &stopped(hana_dials("2065550142")));
    assert!(targets(&plan).iter().all(|target| !target.contains("northwind")));

    let help = planned(&policy, &stopped(hana_dials("911")));
    assert!(targets(&help).iter().any(|target| target.contains("northwind")));
    assert!(help.emergency);
}

/// The server that a trunk is registered with is asked before its equals, so that a call finds the binding.
#[test]
fn pain_12_calls_ask_the_server_first_that_knows_us() {
    let policy = registering("{}");
    let third = policy.servers().iter().find(|server| server.target.contains("dr.northwind")).map(|s| s.id);
    let mut facts = hana_dials("2065550142");
    facts.registrations.insert("northwind".into(), Registration::With(third.unwrap_or(ServerId(0))));

    let plan = planned(&policy, &facts);

    assert!(targets(&plan)[0].contains("dr.northwind"), "{:?}", targets(&plan));
}

fn said_of(register: &str) -> (String, String) {
    let text = CONTOSO.replace(ACCOUNT, register);
    let files = [SourceFile::new("contoso.toml", text)];
    let problems = match model::load(&files) {
        Ok(documents) => policy::compile(&documents, &secrets()).err(),
        Err(problems) => Some(problems),
    };
    let problems = problems.unwrap_or_default();
    let [problem] = problems.as_slice() else { panic!("one fault: {}", listed(&problems)) };
    (problem.code.to_string(), problem.suggestion.clone().unwrap_or_default())
}

/// Registrations that cannot be are refused with a code, a place and a way out.
#[test]
fn pain_05_wrong_registrations_are_refused_before_they_run() {
    let with = |register: &str| said_of(&format!("{ACCOUNT}register = {register}\n"));

    let (code, cure) = said_of("register = {}\n");
    assert_eq!((&*code, &*cure), ("TD-C005", "auth = { user = \"…\", password = { env = \"…\" } }"));
    let (code, cure) = with("{ style = \"gin\", contact_user = \"contoso\" }");
    assert_eq!((&*code, &*cure), ("TD-C030", "leave contact_user out"));
    let (code, cure) = with("{ contact_user = \"a b\" }");
    assert_eq!((&*code, &*cure), ("TD-C013", "letters, digits and -_.+"));
    let (code, cure) = with("{ registrar = \"sip:me@reg.example\" }");
    assert_eq!((&*code, &*cure), ("TD-C013", "\"sip:reg.example\""));
    assert_eq!(with("{ expires = \"5s\" }").0, "TD-C031");
    assert_eq!(with("{ retry = { first = \"20m\" } }").0, "TD-C021");
    assert_eq!(with("{ stile = \"gin\" }").1, "did you mean \"style\"?");
    assert_eq!(with("{ style = \"gim\" }").1, "did you mean \"gin\"?");
}

/// One account is registered by one trunk: two would take each other's calls.
#[test]
fn a2_one_account_is_registered_once() {
    let trunk = |name: &str, port: u16| {
        format!(
            "\n[trunk.{name}]\nservers = [{{ uri = \"sip:203.0.113.90:{port}\" }}]\n\
             auth = {{ user = \"same\", password = {{ env = \"HANA\" }} }}\n\
             register = {{ registrar = \"sip:203.0.113.91\" }}\n"
        )
    };
    let text = format!("{CONTOSO}{}{}", trunk("one", 5060), trunk("two", 5070));
    let documents = documents(&text);

    let problems = policy::compile(&documents, &secrets()).expect_err("it is refused");

    assert_eq!(problems.len(), 1, "{}", listed(&problems));
    assert_eq!(problems[0].code.to_string(), "TD-C020");
}
