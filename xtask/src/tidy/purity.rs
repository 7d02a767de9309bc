//! words/ and core/ touch nothing of the world. Clippy finds a call by its type; this finds what clippy's
//! lists cannot say: async, globals, printing, and crates that bring the world in.

use super::Finding;
use super::house::{Crate, House};
use super::source::words_at;

const PURE: [&str; 2] = ["words", "core"];

/// What must not be written there, and what to do instead.
const FORBIDDEN: &[(&str, &str)] = &[
    ("Instant::now", "take `now` as a parameter"),
    ("SystemTime::now", "take `now` as a parameter"),
    (".elapsed()", "subtract from the `now` you were given"),
    ("std::fs", "files belong to shell/: take bytes, return bytes"),
    ("std::thread", "threads belong to shell/"),
    ("std::process", "processes belong to shell/"),
    ("std::env", "the node reads the environment: take the value"),
    ("UdpSocket", "sockets belong to shell/switch-io and shell/media-io"),
    ("TcpStream", "sockets belong to shell/switch-io"),
    ("TcpListener", "sockets belong to shell/switch-io"),
    ("Mutex", "one owner per call: no locks below the shell"),
    ("RwLock", "one owner per call: no locks below the shell"),
    ("Condvar", "set a deadline and return"),
    ("mpsc", "leave an output in the outbox"),
    ("async", "a wait is a state: an enum variant with a deadline"),
    (".await", "a wait is a state: an enum variant with a deadline"),
    ("thread_local!", "no globals: own the state in the struct that needs it"),
    ("static mut", "no globals: own the state in the struct that needs it"),
    ("OnceLock", "no globals: own the state in the struct that needs it"),
    ("LazyLock", "no globals: a const table, or state in the struct that needs it"),
    ("println!", "leave an Event in the outbox"),
    ("eprintln!", "leave an Event in the outbox"),
];

/// Crates that bring sockets, threads, chance or a runtime with them.
const WORLDLY: [&str; 14] = [
    "tokio",
    "mio",
    "async-std",
    "smol",
    "socket2",
    "rustix",
    "libc",
    "nix",
    "rand",
    "getrandom",
    "parking_lot",
    "crossbeam",
    "crossbeam-channel",
    "reqwest",
];

pub fn check(house: &House, out: &mut Vec<Finding>) {
    for owner in house.crates.iter().filter(|owner| PURE.contains(&owner.group.as_str())) {
        dependencies(owner, out);
        for source in house.sources_of(owner) {
            for (number, line) in source.product() {
                for (what, cure) in FORBIDDEN.iter().filter(|(what, _)| words_at(line, what).next().is_some())
                {
                    out.push(Finding {
                        path: source.path.clone(),
                        line: number,
                        what: format!("`{what}` in {}/, which touches nothing of the world", owner.group),
                        cure: (*cure).into(),
                    });
                }
            }
        }
    }
}

fn dependencies(owner: &Crate, out: &mut Vec<Finding>) {
    for name in owner.uses().filter(|name| WORLDLY.contains(name)) {
        out.push(Finding {
            path: format!("{}/Cargo.toml", owner.folder),
            line: 1,
            what: format!("{} uses {name}, which brings the world into {}/", owner.name, owner.group),
            cure: "what it gives comes in through Input, and leaves through the Outbox".into(),
        });
    }
}
