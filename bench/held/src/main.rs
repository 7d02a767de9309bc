//! What a held call takes: calls are begun, answered and left alone, in a shard and a relay without anything
//! around them. Prints bytes as the allocator takes them, and blocks, for a call.

mod counting;
mod house;

use std::process::ExitCode;
use std::time::Duration;

use counting::Live;
use house::House;

/// Until then transactions linger (RFC 3261 17, RFC 6026).
const WHILE: Duration = Duration::from_secs(40);
/// What is made once is there, and tables that double are full, as they are again after as many more.
const BEFORE: usize = 1024;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let calls: usize = words.first().and_then(|word| word.parse().ok()).unwrap_or(BEFORE);
    for path in ["anchored", "direct"] {
        measure(path, calls);
    }
    ExitCode::SUCCESS
}

fn measure(path: &str, calls: usize) {
    let mut house = House::new(path);
    house.hold(BEFORE);
    house.pass(WHILE);
    let (before, relay) = (Live::now(), house.relay);
    house.hold(calls);
    house.pass(WHILE);
    let of_relay = house.relay.less(relay);
    let of_shard = Live::now().less(before).less(of_relay);
    let for_one = |all: isize| all as f64 / calls as f64;
    println!(
        "media {path}, {calls} calls: shard {:.0} bytes in {:.1} blocks, relay {:.0} bytes in {:.1} blocks",
        for_one(of_shard.bytes),
        for_one(of_shard.blocks),
        for_one(of_relay.bytes),
        for_one(of_relay.blocks)
    );
    // Who wants to know where they are: heaptrack shows what is left at the end.
    if std::env::var_os("HELD").is_some_and(|held| held == *path) {
        std::process::exit(0);
    }
}
