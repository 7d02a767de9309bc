//! What a million registered phones take: the memory of a shard's table, and the time to read them all again
//! at a start and to renew one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::WallTime;
use registrar::{Kept, Table};
use sip_stack::{Listener, ListenerId, Transport};

const USERS: usize = 500_000;
const DEVICES: usize = 2;
const RENEWED: usize = 100_000;

fn main() {
    let listener = Listener {
        id: ListenerId(0),
        transport: Transport::Udp,
        bind: "192.0.2.1:5060".parse().expect("an address"),
        sent_by: Arc::from("192.0.2.1:5060"),
        interface: 0,
    };
    let now = (Instant::now(), WallTime(1_700_000_000_000));
    let mut table = Table::new(Arc::from([listener]), &[5; 32]);
    let before = resident_kb();
    let began = Instant::now();
    for user in 0..USERS {
        table.restore(now, &kept(user, 1));
        table.take_changes();
    }
    let took = began.elapsed();
    let count = table.bindings();
    let bytes = (resident_kb() - before) * 1_024;
    println!("bindings     {count} of {USERS} users, each by UDP, with instance and user agent");
    println!("resident     {:.2} GB, {} bytes each", bytes as f64 / 1e9, bytes / count as u64);
    println!("read again   {:.1} s", took.as_secs_f64());

    let renewals: Vec<Kept> = (0..RENEWED).map(|at| kept(at * 7_919 % USERS, 2)).collect();
    let began = Instant::now();
    for renewal in &renewals {
        table.restore((now.0 + Duration::from_secs(1), now.1), renewal);
        table.take_changes();
    }
    println!("renewed      {:.1} µs a user", began.elapsed().as_secs_f64() * 1e6 / RENEWED as f64);
}

/// What was written of a user, as the ledger has it.
fn kept(user: usize, cseq: u32) -> Kept {
    let device = |device: usize| {
        let (network, host) = (user / 250 % 250, user % 250 + 1);
        serde_json::json!({
            "contact": format!("sip:u{user}@10.{device}.{network}.{host}:5060;transport=udp"),
            "instance": format!("urn:uuid:00000000-0000-1000-8000-{:012x}", user * DEVICES + device),
            "priority": 1_000,
            "call_id": format!("{:032x}@10.{device}.{network}.{host}", user * 31 + device),
            "cseq": cseq,
            "registered": 1_700_000_000_000_i64,
            "until": 1_700_003_600_000_i64 + user as i64,
            "source": {
                "transport": "udp",
                "local": "192.0.2.1:5060",
                "remote": format!("10.{device}.{network}.{host}:5060"),
            },
            "agent": "Yealink SIP-T46U 108.86.0.118",
            "reach": { "at": {
                "transport": "udp",
                "local": "192.0.2.1:5060",
                "remote": format!("10.{device}.{network}.{host}:5060"),
            } },
        })
    };
    let devices: Vec<_> = (0..DEVICES).map(device).collect();
    let value = serde_json::json!({ "user": format!("u{user}"), "bindings": devices });
    serde_json::from_value(value).expect("it is as the ledger writes it")
}

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}
