//! Who may use whom: every crate stands on a floor and uses only floors below it.

use super::Finding;
use super::house::{Crate, House};

/// The floors, from the ground. A new crate gets its line here and in docs/ARCHITECTURE.md.
const FLOORS: &[(&str, u8)] = &[
    ("sip-message", 1),
    ("sdp", 1),
    ("rtp", 1),
    ("sound", 1),
    ("g729", 1),
    ("model", 1),
    ("pidf", 1),
    ("websocket", 1),
    ("stun", 1),
    ("ldap", 1),
    ("jwt", 1),
    ("siprec", 1),
    ("msrp", 1),
    ("hep", 1),
    ("policy", 2),
    ("capacity", 2),
    ("reports", 2),
    ("performance", 2),
    ("ladder", 2),
    ("sip-stack", 2),
    ("media", 2),
    ("actors", 2),
    ("cli", 2),
    ("targets", 3),
    ("chats", 3),
    ("registrar", 3),
    ("presence", 4),
    ("messages", 4),
    ("call", 4),
    ("health", 4),
    ("registration", 4),
    ("media-io", 3),
    ("chat-io", 4),
    ("trust", 3),
    ("web-client", 3),
    ("switch", 5),
    ("switch-io", 6),
    ("store", 6),
    ("telemetry", 6),
    ("lookup", 6),
    ("world", 6),
    ("api", 7),
    ("exports", 7),
    ("observers", 7),
    ("phone", 7),
    ("deskphones", 7),
    ("people", 7),
    ("certificates", 7),
    ("sign-in", 7),
    ("tandem", 8),
    ("xtask", 9),
];

/// Which groups a group may use. `shell` meets `sim` only in the node, for the demo.
const GROUPS: &[(&str, &[&str])] = &[
    ("words", &[]),
    ("core", &["words", "core"]),
    ("shell", &["words", "core", "shell"]),
    ("sim", &["words", "core", "sim"]),
    ("", &[]),
];

/// Uses that the groups alone would forbid, each with its reason.
const BY_NAME: &[(&str, &str, &str)] = &[("tandem", "actors", "the demo's phones and providers")];

/// Crates that stay away from a group that their own may use.
const NARROWER: &[(&str, &[&str])] = &[("actors", &["words"]), ("cli", &["words"])];

pub fn check(house: &House, out: &mut Vec<Finding>) {
    for user in &house.crates {
        let Some(floor) = floor_of(&user.name) else {
            out.push(finding(
                user,
                format!("{} stands on no floor", user.name),
                "give it a line in FLOORS of \
                xtask/src/tidy/floors.rs and in docs/ARCHITECTURE.md",
            ));
            continue;
        };
        for used in user.uses().filter_map(|name| house.crates.iter().find(|other| other.name == name)) {
            if floor_of(&used.name).is_none_or(|below| below >= floor) {
                out.push(finding(
                    user,
                    format!("{} uses {}, which is not below it", user.name, used.name),
                    "hand the value down as a parameter, or up through the outbox",
                ));
            }
            if !may_use(user, used) {
                out.push(finding(
                    user,
                    format!("{} uses {}: {} is not for it", user.name, used.name, used.folder),
                    "words use nothing of ours, core uses words and core, shell and sim use both; see FLOORS",
                ));
            }
        }
    }
}

fn floor_of(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor)
}

fn may_use(user: &Crate, used: &Crate) -> bool {
    if BY_NAME.iter().any(|(by, whom, _)| *by == user.name && *whom == used.name) {
        return true;
    }
    let narrower = NARROWER.iter().find(|(name, _)| *name == user.name).map(|(_, groups)| *groups);
    let by_group = GROUPS.iter().find(|(group, _)| *group == user.group).map(|(_, groups)| *groups);
    narrower.or(by_group).is_some_and(|groups| groups.contains(&used.group.as_str()))
}

fn finding(user: &Crate, what: String, cure: &str) -> Finding {
    Finding { path: format!("{}/Cargo.toml", user.folder), line: 1, what, cure: cure.into() }
}
