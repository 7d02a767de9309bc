//! What a decision costs in a large house: 100,000 users, 2,000 routes, 40 trunks, a million prices.
//!
//! `plan-bench [plans]` prints times and memory; `plan-bench once N` plans N calls and prints nothing, to be
//! counted by callgrind against `once 0`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Instant;

use model::{Documents, Secrets, SourceFile};
use policy::{Facts, InterfaceId, Policy, Trail, Transport, WallTime, compile, compile_after, plan_live};

const USERS: usize = 100_000;
const SITES: usize = 200;
const TRUNKS: usize = 40;
const ROUTES: usize = 2_000;
const DECKS: usize = 4;
const PREFIXES: usize = 250_000;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (texts, lists) = (texts(), (0..DECKS).map(list).collect::<Vec<String>>());
    let (documents, read) = timed(|| documents(&texts, &lists));
    let (policy, compiled) = timed(|| compile(&documents, &Secrets::new()));
    let policy = policy.unwrap_or_else(|problems| panic!("{}", problems[0]));
    let mut calls = calls(&policy);
    if let [word, count] = words.as_slice()
        && word == "once"
    {
        let many = calls.len();
        let count: usize = count.parse().expect("a count");
        (0..count).for_each(|at| decide(&policy, &mut calls[at % many]));
        return;
    }
    let resident = resident_kb();
    println!("house        {USERS} users, {ROUTES} routes, {TRUNKS} trunks, {} prices", DECKS * PREFIXES);
    println!("read         {read:.2} s (texts into documents)");
    println!("compiled     {compiled:.2} s (the first time)");
    let (again, reread) = timed(|| self::documents(&texts, &lists));
    let (next, recompiled) = timed(|| compile_after(&policy, &again, &Secrets::new()));
    let applied = reread + recompiled;
    println!("applied      {applied:.2} s (compiled {recompiled:.2} s; unchanged price lists are shared)");
    drop((documents, again, next));
    let bytes: usize = policy.tariffs().map(|tariff| tariff.deck.bytes()).sum();
    let prefixes: usize = policy.tariffs().map(|tariff| tariff.deck.len()).sum();
    println!(
        "prices       {:.1} bytes a prefix, {:.1} MB",
        bytes as f64 / prefixes as f64,
        bytes as f64 / 1e6
    );
    println!("resident     {:.0} MB with the documents and the texts", resident as f64 / 1e3);
    look_ups(&policy);
    plans(&policy, &calls);
}

/// What comes out, and the CPU seconds it took: other load of the machine does not count.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let before = cpu_ns();
    let result = work();
    (result, (cpu_ns() - before) as f64 / 1e9)
}

fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

fn look_ups(policy: &Policy) {
    let deck = policy.tariffs().next().expect("a deck").deck.clone();
    let numbers: Vec<String> = (0..100_000_u64).map(|n| number(n * 7_919)).collect();
    let all = || (0..10).flat_map(|_| &numbers);
    let (found, took) = timed(|| all().filter(|number| deck.price(number, 20_000).is_some()).count());
    println!("look-up      {:.0} ns a price ({found} of 1000000 found)", took * 1e3);
}

/// The facts of a call are fresh, as those are that were just drawn from its message.
fn plans(policy: &Policy, calls: &[Facts]) {
    const ROUNDS: usize = 5;
    let mut times: Vec<u64> = Vec::with_capacity(ROUNDS * calls.len());
    let rounds = || (0..ROUNDS).flat_map(|_| calls);
    let ((), both) = timed(|| {
        for call in rounds() {
            let mut facts = call.clone();
            let began = Instant::now();
            decide(policy, &mut facts);
            times.push(began.elapsed().as_nanos() as u64);
        }
    });
    let ((), copies) = timed(|| rounds().for_each(|call| drop(std::hint::black_box(call.clone()))));
    let took = both - copies;
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize] as f64 / 1e3;
    let mean = took * 1e6 / times.len() as f64;
    println!(
        "plan         {mean:.1} µs of CPU; p50 {:.1} µs, p99 {:.1} µs by the clock ({} plans with their trails)",
        at(0.5),
        at(0.99),
        times.len()
    );
}

/// One plan, and the end of it and of its trail; the facts are there already, as a message leaves them.
fn decide(policy: &Policy, facts: &mut Facts) {
    let mut trail = Trail::new();
    let decision = plan_live(policy, facts, &mut trail);
    std::hint::black_box((decision, trail));
}

/// Calls that are planned: digits that are no number of their country are left out.
fn calls(policy: &Policy) -> Vec<Facts> {
    let call = |n: u64| {
        let user = n * 7_919 % USERS as u64;
        let request_uri = format!("sip:{}@large.example", number(n * 104_729));
        Facts {
            source: format!("10.{}.{}.{}:5060", user / 65_536, user / 256 % 256, user % 256).parse().unwrap(),
            interface: InterfaceId(0),
            transport: Transport::Udp,
            to_uri: request_uri.clone(),
            request_uri,
            from_uri: format!("sip:u{user}@large.example"),
            at: WallTime(1_795_000_000_000 + n as i64),
            ..facts()
        }
    };
    let is_planned = |call: &Facts| {
        let decision = plan_live(policy, &mut call.clone(), &mut Trail::new());
        matches!(decision, policy::Decision::Go(_))
    };
    (0..200_000).map(call).filter(is_planned).take(20_000).collect()
}

fn facts() -> Facts {
    let json = r#"{"source":"10.0.0.1:5060","interface":0,"transport":"udp","request_uri":"","from_uri":"",
        "from_display":null,"to_uri":"","asserted":[],"privacy":null,"authenticated":null,"at":0,
        "max_forwards":70}"#;
    serde_json::from_str(json).expect("facts")
}

/// A number abroad or at home, under the areas of the routes.
fn number(n: u64) -> String {
    match n % 3 {
        0 => format!("+1{}{:07}", 200 + n % 700, 2_000_000 + n % 7_999_999),
        _ => format!("+{}{:09}", 30 + n % 69, 100_000_000 + n % 899_999_999),
    }
}

fn documents(texts: &[SourceFile], lists: &[String]) -> Documents {
    let mut documents = model::load(texts).unwrap_or_else(|problems| panic!("{}", problems[0]));
    for (deck, list) in lists.iter().enumerate() {
        documents.lists.insert(format!("d{deck}.csv").into(), list.as_str().into());
    }
    documents
}

fn list(deck: usize) -> String {
    let mut seen = BTreeSet::new();
    let mut text = String::new();
    for code in (1..=1).chain(30..99) {
        seen.insert(code.to_string());
    }
    let mut n = 0_u64;
    while seen.len() < PREFIXES {
        n += 1;
        let number = number(n * 48_271);
        seen.insert(number[1..5 + (n % 5) as usize].to_owned());
    }
    for (at, prefix) in seen.iter().enumerate() {
        writeln!(text, "{prefix},0.{:04}", (at * 31 + deck * 17) % 9_999).expect("a text takes all");
    }
    text
}

fn texts() -> Vec<SourceFile> {
    let mut text = String::from(
        "format = 1\n[system]\nname = \"large\"\ncountry = \"US\"\nrealm = \"large.example\"\n\
         [interface.lan]\naddress = \"10.255.255.254\"\nudp = 5060\nside = \"inside\"\n\
         [rights.all]\nallow = [\"internal\", \"national\", \"mobile\", \"toll-free\", \"shared-cost\", \
         \"international\", \"premium\", \"satellite\"]\nusages = [\"local\", \"long\"]\n\
         [emergency.us]\ndial = [\"911\"]\ntrunks = [\"t0\"]\n\
         [route.last]\norder = 9999\nusages = [\"long\"]\nto = \"+…\"\nchoose = \"cheapest-healthy\"\n\
         use = [{ trunk = \"t0\" }, { trunk = \"t1\" }, { trunk = \"t2\" }, { trunk = \"t3\" }]\n",
    );
    for deck in 0..DECKS {
        writeln!(text, "[deck.d{deck}]\nfile = \"d{deck}.csv\"\ncurrency = \"USD\"")
            .expect("a text takes all");
    }
    for trunk in 0..TRUNKS {
        writeln!(
            text,
            "[trunk.t{trunk}]\nservers = [{{ uri = \"sip:203.0.113.{trunk}\" }}]\nlimits = {{ calls = 100 }}\n\
             accept = {{ sources = [\"203.0.113.{trunk}\"] }}\ncost = {{ deck = \"d{}\" }}",
            trunk % DECKS
        )
        .expect("a text takes all");
    }
    for site in 0..SITES {
        writeln!(text, "[site.s{site}]\nrights = \"all\"\nmedia = {{ max_calls = 1000 }}")
            .expect("a text takes all");
    }
    for route in 0..ROUTES - 1 {
        let nth = route / 2;
        let to = match route % 2 {
            0 => format!("+1 {} {}XX XXXX", 200 + nth % 700, 2 + nth / 700),
            _ => format!("+{}{:02} …", 30 + nth % 69, nth / 69),
        };
        let trunks: Vec<String> =
            (0..3).map(|n| format!("{{ trunk = \"t{}\" }}", (route * 7 + n) % TRUNKS)).collect();
        writeln!(
            text,
            "[route.r{route}]\norder = {route}\nusages = [\"local\"]\nsites = [\"s{}\"]\nto = \"{to}\"\n\
             use = [{}]\nchoose = \"cheapest\"",
            route % SITES,
            trunks.join(", ")
        )
        .expect("a text takes all");
    }
    let mut users = String::new();
    for user in 0..USERS {
        writeln!(
            users,
            "[user.u{user}]\nsite = \"s{}\"\nnumber = \"+1425{:07}\"\nextension = \"{:06}\"\n\
             devices = [{{ contact = \"sip:u@10.{}.{}.{}\" }}]",
            user % SITES,
            2_000_000 + user,
            user,
            user / 65_536,
            user / 256 % 256,
            user % 256
        )
        .expect("a text takes all");
    }
    vec![SourceFile::new("house.toml", text), SourceFile::new("users.toml", users)]
}

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}
