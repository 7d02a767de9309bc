//! `tandem capacity`: what a house of some size needs, and where its configuration says less.

mod lacks;
mod lately;

use anyhow::Result;
use capacity::{Addresses, Load, Measured, Sealed, Service, Size, kbps_of, measured, size};
use cli::{Capacity, Exit, Paint, Palette, Traffic};
use model::Documents;
use serde_json::{Value, json};

use crate::directory;
use crate::verbs::when;
use lacks::{Lack, lacks};
use lately::{Lately, lately};

const CALLS_AN_HOUR: f64 = 4.0;
const HOLD_S: f64 = 180.0;
const OUTSIDE: f64 = 0.6;

/// A house as it is planned.
struct Planned {
    load: Load,
    size: Size,
    sealed: Sealed,
    measured: Measured,
    /// What records said, where they were asked.
    lately: Option<Lately>,
    lacks: Vec<Lack>,
}

pub fn run(question: &Capacity, palette: Palette) -> Result<Exit> {
    let documents = match &question.house.dir {
        None if question.users.is_some() && question.traffic == Traffic::Usual => None,
        dir => match directory::load(dir.as_deref().unwrap_or(".".as_ref()))? {
            Ok(loaded) => Some(loaded.documents),
            Err(problems) => {
                problems.iter().for_each(|problem| eprintln!("{problem}\n"));
                return Ok(Exit::Bad);
            }
        },
    };
    let lately = match question.traffic {
        Traffic::Usual => None,
        Traffic::Records => match lately(&question.house.data())? {
            Some(lately) => Some(lately),
            None => {
                eprintln!("tandem: there are no records of calls in {}", question.house.data().display());
                eprintln!("        leave --traffic records out, or say --data");
                return Ok(Exit::Bad);
            }
        },
    };
    let Some(load) = load(question, documents.as_ref(), lately.as_ref()) else {
        eprintln!("tandem: say --users, or --dir of a configuration with users");
        return Ok(Exit::Usage);
    };
    let sealed = if question.srtp { Sealed::Srtp } else { Sealed::Clear };
    let service = Service { blocking: question.blocking, headroom: question.headroom };
    let measured = measured(sealed);
    let size = size(&load, service, &measured);
    let lacks = documents.as_ref().map(|documents| lacks(documents, &size, question.codec, sealed));
    let planned = Planned { load, size, sealed, measured, lately, lacks: lacks.unwrap_or_default() };
    match question.json {
        true => println!("{:#}", as_json(&planned, question)),
        false => print(&planned, question, palette),
    }
    Ok(Exit::Done)
}

/// What is said outweighs records, and these what is usual.
fn load(question: &Capacity, documents: Option<&Documents>, lately: Option<&Lately>) -> Option<Load> {
    let of_documents = || documents.map(|documents| documents.user.len()).filter(|users| *users > 0);
    let users = match question.users {
        Some(users) => users,
        None => u32::try_from(of_documents()?).ok()?,
    };
    // Records are of as many users as there are in the documents, however many there shall be.
    let of_records = of_documents().map_or(f64::from(users), |known| known as f64);
    let drawn = |pick: fn(&Lately) -> f64, usual: f64| lately.map_or(usual, pick);
    let calls = lately.map_or(CALLS_AN_HOUR, |lately| lately.calls_an_hour / of_records);
    let hold_s = question.hold.map(|hold| hold.as_secs_f64());
    Some(Load {
        users,
        calls_an_hour: question.calls_per_hour.unwrap_or(calls),
        hold_s: hold_s.unwrap_or_else(|| drawn(|lately| lately.hold_s, HOLD_S)),
        outside: question.outside.unwrap_or_else(|| drawn(|lately| lately.outside, OUTSIDE)),
        direct: question.direct.unwrap_or_else(|| drawn(|lately| lately.direct, 0.0)),
    })
}

/// Bandwidth each way: of a call, and of all channels.
fn lines(planned: &Planned, question: &Capacity) -> [(Addresses, u32, u64); 2] {
    [Addresses::Ipv4, Addresses::Ipv6].map(|addresses| {
        let kbps = kbps_of(question.codec, addresses, planned.sealed);
        (addresses, kbps, u64::from(kbps) * u64::from(planned.size.channels))
    })
}

fn as_json(planned: &Planned, question: &Capacity) -> Value {
    let line = |(by, kbps, all)| json!({ "addresses": by, "kbps_a_call": kbps, "kbps": all });
    json!({
        "load": planned.load,
        "blocking": question.blocking, "headroom": question.headroom,
        "codec": question.codec, "media": planned.sealed,
        "size": planned.size,
        "line_each_way": lines(planned, question).map(line),
        "measured": planned.measured,
        "busy_hour": planned.lately.as_ref().map(|lately| lately.began_ms),
        "lacks": planned.lacks,
    })
}

fn print(planned: &Planned, question: &Capacity, palette: Palette) {
    let strong = |text: &str| println!("{}", palette.paint(Paint::Strong, text));
    let row = |name: &str, figure: String, note: &str| println!("  {name:28} {figure:>10}  {note}");
    let Planned { load, size, measured, .. } = planned;
    let percent = |share: f64| format!("{:.0}%", share * 100.0);
    strong("Busy hour");
    if let Some(lately) = &planned.lately {
        println!("  as in the records of the hour from {}", when(lately.began_ms));
    }
    row("users", load.users.to_string(), "");
    row("calls", format!("{:.0}", size.calls_an_hour), &format!("{:.2} of each user", load.calls_an_hour));
    row("a call takes", format!("{:.0} s", load.hold_s), "");
    row("calls a second", format!("{:.2}", size.calls_a_second), "on the average");
    row("in its busiest seconds", size.calls_a_second_most.to_string(), "where calls come by chance");
    row("traffic", format!("{:.1}", size.erlangs), "erlangs");
    strong("At once");
    let blocked = format!("one in {:.0} finds none (Erlang B)", 1.0 / question.blocking);
    row("calls", size.calls.to_string(), "");
    row("channels of trunks", size.channels.to_string(), &format!("{}, {blocked}", percent(load.outside)));
    row("calls through the relay", size.anchored.to_string(), "two streams each");
    row("calls with media direct", size.direct.to_string(), &percent(load.direct));
    row("packets a second", format!("{:.0}", size.packets_a_second), "that the relay sends on");
    let pairs = "pairs, RTP and RTCP: UDP toward";
    row("media ports inside", size.pairs_inside.to_string(), &format!("{pairs} phones"));
    row("media ports outside", size.pairs_outside.to_string(), &format!("{pairs} trunks"));
    strong("Line to trunks, each way");
    for (addresses, kbps, all) in lines(planned, question) {
        let name = format!("{:?}, {:?}", addresses, planned.sealed);
        row(&name, format!("{all} kbps"), &format!("{kbps} a call of {}", question.codec.word()));
    }
    strong("Machine");
    let headroom = format!("with {} times what was measured", question.headroom);
    row("cores for signalling", format!("{:.2}", size.signalling_cores), &headroom);
    row("cores for media", format!("{:.2}", size.media_cores), &headroom);
    row("memory", format!("{:.0} MB", size.memory_mb), "with a phone by TLS for each user");
    println!("  Measured {}: {}.", measured.date, measured.machine);
    println!(
        "  Of another machine that says little: docs/PERFORMANCE.md. Codecs that are made of another, and"
    );
    println!("  recording, cost more.");
    for Lack { words, at } in &planned.lacks {
        println!("{} {words}\n  at {at}", palette.paint(Paint::Bad, "✘"));
    }
}
