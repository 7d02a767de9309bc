//! `tandem demo`: a house, two providers, a 9-1-1 centre and three phones, over real loopback sockets.
//!
//! `cast` says who takes part and where, `driver` lends an actor its sockets, `play` makes the calls and
//! judges them, `wire` keeps what crossed the wire.

mod cast;
mod driver;
mod play;
mod wire;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use certificates::Keeper;
use cli::{Demo, Exit, Paint, Palette};
use model::SourceFile;
use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use telemetry::LogSettings;

use crate::directory::{Loaded, Written};
use crate::edge::{Edge, Plan};
use cast::{CAST, Stage};
use play::{Outturn, Play, SCENES};
use wire::Kept;

/// A directory that goes when the demo ends.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of a demo in the temporary directory harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn run(demo: &Demo, palette: Palette) -> Result<Exit> {
    let started = Instant::now();
    telemetry::start_log(&LogSettings { level: "error".to_owned() });
    let mut stage = Stage::find()?;
    if let Some(directory) = &demo.save {
        save(directory, &stage)?;
    }
    let data = Scratch(std::env::temp_dir().join(format!("tandem-demo-{}", std::process::id())));
    let (keep, records) = channel();
    let wire = Arc::new(Mutex::new(Vec::new()));
    let edge = start_edge(&stage, &data.0, keep, Arc::clone(&wire))?;
    let mut play = Play::start(&mut stage, records, wire)?;
    if !demo.json {
        print_beginning(&stage, palette);
    }

    let mut outturns = Vec::new();
    for (number, scene) in (1..).zip(&SCENES) {
        let outturn = play.make(scene, &stage);
        if !demo.json {
            print_call(number, &outturn, palette);
        }
        outturns.push(outturn);
    }
    let is_good = outturns.iter().all(|outturn| outturn.faults.is_empty());
    let took_ms = started.elapsed().as_millis() as u64;
    match demo.json {
        true => println!("{:#}", json!({ "worked": is_good, "took_ms": took_ms, "calls": outturns })),
        false => print_end(&outturns, took_ms, palette),
    }
    if !demo.headless {
        stay(demo, &stage)?;
    }
    drop(play);
    edge.stop();
    Ok(if is_good { Exit::Done } else { Exit::Bad })
}

fn start_edge(
    stage: &Stage,
    data: &Path,
    keep: std::sync::mpsc::Sender<switch::Record>,
    wire: Arc<Mutex<Vec<Kept>>>,
) -> Result<Edge> {
    fs::create_dir_all(data).with_context(|| data.display().to_string())?;
    let files = vec![SourceFile::new("demo.toml", stage.configuration())];
    let Loaded { policy, .. } = Written::new(files, Vec::new()).compile(data, None).map_err(|problems| {
        let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the demo's own configuration is wrong:\n{}", all.join("\n"))
    })?;
    Edge::start(Plan {
        policy: Arc::new(policy),
        base: data.to_owned(),
        data: data.to_owned(),
        keeper: Arc::new(Keeper::open(None, data, &[])?),
        database: store::Database::Sqlite,
        shards: 1,
        media_loops: 1,
        handed: Arc::default(),
        dns: Vec::new(),
        flight: None,
        tap: Some(Box::new(move |tapped| {
            if let Some(kept) = Kept::of(tapped) {
                wire.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
            }
        })),
        watch: None,
        witness: Some(Box::new(move |records| {
            // After the last scene nobody listens.
            records.iter().for_each(|record| drop(keep.send(record.clone())));
        })),
    })
}

fn print_beginning(stage: &Stage, palette: Palette) {
    let version = env!("CARGO_PKG_VERSION");
    println!("tandem {version} — demo (temporary data, loopback only, stops with Ctrl-C)\n");
    let ok = palette.paint(Paint::Good, "ok");
    println!("  starting  {:12} {ok}   SIP udp and tcp {}", "edge", stage.edge());
    for part in CAST {
        let sip = stage.profile(part).sip;
        println!("  starting  {:12} {ok}   {:?} at {sip}, sends {} Hz", part.name, part.role, part.hertz);
    }
    println!();
}

fn print_call(number: usize, outturn: &Outturn, palette: Palette) {
    println!("{}\n", palette.paint(Paint::Strong, format!("Call {number}: {}", outturn.title)));
    println!("{}", outturn.ladder);
    if let Some(record) = &outturn.record {
        println!("{}", palette.paint(Paint::Quiet, "  Decided, and why:"));
        record.trail.to_string().lines().for_each(|line| println!("  {line}"));
        println!();
    }
    for (name, other) in [(outturn.caller, outturn.callee), (outturn.callee, outturn.caller)] {
        if let Some(hertz) = outturn.heard.get(name) {
            println!("  {name} hears {other}: {hertz} Hz");
        }
    }
    if let Some(sound) = outturn.record.as_ref().and_then(|record| record.media.as_ref()) {
        let (caller, callee) = (&sound.caller, &sound.callee);
        let (packets, lost) = (caller.packets_in + callee.packets_in, caller.lost + callee.lost);
        println!("  relayed {packets} packets, lost {lost}");
    }
    match outturn.faults.is_empty() {
        true => println!("  {} the call worked\n", palette.paint(Paint::Good, "✔")),
        false => {
            println!("  {} the call did not work", palette.paint(Paint::Bad, "✘"));
            outturn.faults.iter().for_each(|fault| println!("      {fault}"));
            println!();
        }
    }
}

fn print_end(outturns: &[Outturn], took_ms: u64, palette: Palette) {
    let worked = outturns.iter().filter(|outturn| outturn.faults.is_empty()).count();
    let paint = if worked == outturns.len() { Paint::Good } else { Paint::Bad };
    let seconds = Duration::from_millis(took_ms).as_secs_f64();
    println!(
        "{} in {seconds:.1} s",
        palette.paint(paint, format!("{worked} of {} calls worked", outturns.len()))
    );
}

/// Goes on until somebody has seen enough.
fn stay(demo: &Demo, stage: &Stage) -> Result<()> {
    if !demo.json {
        println!(
            "\n  Try       point a soft phone on this machine at {}, as hana, password demo-hana,",
            stage.edge()
        );
        println!("            and dial 206 555 0142, 101 or 911");
        println!("            tandem demo --save my-edge     then, in it:");
        println!("            tandem explain 911 --from wei --dir my-edge");
        println!("            tandem test my-edge");
        println!("  Stop      Ctrl-C");
    }
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let until = demo.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    while until.is_none_or(|until| Instant::now() < until) && signals.pending().next().is_none() {
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn save(directory: &Path, stage: &Stage) -> Result<()> {
    let files = directory.join("conf.d");
    fs::create_dir_all(&files).with_context(|| files.display().to_string())?;
    let path = files.join("demo.toml");
    fs::write(&path, stage.configuration()).with_context(|| path.display().to_string())?;
    eprintln!("  wrote {}", path.display());
    Ok(())
}
