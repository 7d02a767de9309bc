//! The house of Contoso, for stories about decisions.
#![allow(dead_code, reason = "each story uses some of it")]

use model::{Documents, SecretRef, Secrets, SourceFile};
use policy::{CallPlan, Decision, Facts, InterfaceId, Policy, Refusal, Standings, Trail, WallTime};

pub const CONTOSO: &str = include_str!("../contoso.toml");
pub const LAN: InterfaceId = InterfaceId(0);
pub const WAN: InterfaceId = InterfaceId(1);

pub fn secrets() -> Secrets {
    let mut secrets = Secrets::new();
    for name in ["NORTHWIND", "HANA", "MINSU"] {
        secrets.insert(SecretRef::Env(name.into()), format!("secret of {name}"));
    }
    secrets
}

pub fn documents(text: &str) -> Documents {
    let files = [SourceFile::new("contoso.toml", text)];
    model::load(&files).unwrap_or_else(|problems| panic!("{}", listed(&problems)))
}

pub fn house_of(text: &str) -> Policy {
    let policy = policy::compile(&documents(text), &secrets());
    policy.unwrap_or_else(|problems| panic!("{}", listed(&problems)))
}

pub fn house() -> Policy {
    house_of(CONTOSO)
}

pub fn listed(problems: &[model::Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n\n")).collect()
}

/// A call as it comes in, to be changed by each story.
pub fn call(source: &str, interface: InterfaceId, from: &str, dialled: &str) -> Facts {
    let request_uri = match dialled.contains(':') {
        true => dialled.to_owned(),
        false => format!("sip:{dialled}@contoso.example"),
    };
    let source = source.parse().expect("stories give sources");
    let from = format!("sip:{from}@contoso.example");
    Facts::new(source, interface, from, request_uri, WallTime(1_763_632_800_000))
}

pub fn hana_dials(dialled: &str) -> Facts {
    Facts { authenticated: Some("hana".into()), ..call("10.20.0.31:5062", LAN, "hana", dialled) }
}

pub fn minsu_dials(dialled: &str) -> Facts {
    Facts { authenticated: Some("minsu".into()), ..call("10.82.0.31:5062", LAN, "minsu", dialled) }
}

pub fn lobby_dials(dialled: &str) -> Facts {
    call("10.20.0.40:5060", LAN, "lobby", dialled)
}

pub fn northwind_sends(dialled: &str) -> Facts {
    let from = "sip:+12065550142@northwind.example".into();
    Facts { from_uri: from, ..call("198.51.100.4:5060", WAN, "", dialled) }
}

pub fn fabrikam_sends(dialled: &str) -> Facts {
    let from = "sip:00393312345678@203.0.113.20".into();
    Facts { from_uri: from, ..call("203.0.113.20:5060", WAN, "", dialled) }
}

pub fn planned(policy: &Policy, facts: &Facts) -> CallPlan {
    let mut trail = Trail::new();
    match policy::plan(policy, facts, &mut trail) {
        Decision::Go(plan) => *plan,
        Decision::No(refusal) => panic!("refused: {refusal}\n{trail}"),
    }
}

pub fn refused(policy: &Policy, facts: &Facts) -> Refusal {
    let mut trail = Trail::new();
    match policy::plan(policy, facts, &mut trail) {
        Decision::Go(plan) => panic!("planned: {plan:?}\n{trail}"),
        Decision::No(refusal) => refusal,
    }
}

pub fn down(policy: &Policy, targets: &[&str]) -> Standings {
    let servers = policy.servers().iter().filter(|server| targets.contains(&&*server.target));
    Standings::down(servers.map(|server| server.id))
}

pub fn targets(plan: &CallPlan) -> Vec<&str> {
    plan.attempts.iter().map(|attempt| &*attempt.target).collect()
}
