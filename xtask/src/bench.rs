//! Speed: parsing counted beside another parser; whole calls and packets with the load kit.

mod apply;
mod kernel;
mod kit;
mod starting;
mod storm;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use self::kit::Kit;

use crate::interop::database::Database;
use crate::interop::{self, Load};
use crate::step::{Failure, cargo, root, run};

/// Measures parsing (`None` or `parse`), a `plan` or an `apply` of a large house, `held` calls, busy `lamps`,
/// whole `calls`, relayed `packets`, those that cross in the `kernel`, `sound` made of another codec, by
/// itself or with its `codecs` packets, `phones` that register, a `storm` of them, a million `bindings`, a
/// million `records`, the same `found` on a server of PostgreSQL, `reports` of them, calls beside thousands
/// of `readers`, or TLS `sessions` while certificates are renewed.
pub fn run_one(name: Option<&str>) -> Result<(), Failure> {
    match name {
        None | Some("parse") => parse(),
        Some("plan") => plan(),
        Some("held") => held(),
        Some("calls") => calls(),
        Some("packets") => packets(),
        Some("kernel") => kernel::kernel(&Kit::lay_out()?),
        Some("sound") => sound(),
        Some("codecs") => codecs(),
        Some("apply") => apply::apply(),
        Some("lamps") => lamps(),
        Some("sessions") => sessions(),
        Some("phones") => phones(),
        Some("bindings") => bindings(),
        Some("records") => records(&["all", "600"], None),
        Some("found") => found(),
        Some("reports") => reports(),
        Some("readers") => readers(),
        Some("storm") => storm::storm(&Kit::lay_out()?),
        Some(_) => Err(Failure::new(
            "no such bench",
            "one of parse, plan, held, calls, packets, kernel, sound, codecs, phones, bindings, records, \
             found, reports, readers, storm, apply, lamps, sessions",
        )),
    }
}

fn parse() -> Result<(), Failure> {
    let cure = "see bench/parse; it is a workspace of its own";
    run(cargo().current_dir(root().join("bench/parse")).args(["run", "--quiet", "--release"]), cure)
}

fn plan() -> Result<(), Failure> {
    let cure = "see bench/plan; it is a workspace of its own";
    run(cargo().current_dir(root().join("bench/plan")).args(["run", "--quiet", "--release"]), cure)
}

fn held() -> Result<(), Failure> {
    let cure = "see bench/held; it is a workspace of its own";
    run(cargo().current_dir(root().join("bench/held")).args(["run", "--quiet", "--release"]), cure)
}

fn lamps() -> Result<(), Failure> {
    let binary = interop::build(Load::Long)?;
    let mut command = cargo();
    command.current_dir(root().join("bench/lamps")).args(["run", "--quiet", "--release", "--"]);
    command.arg(binary).arg(root().join("target/bench/lamps"));
    run(&mut command, "read what it printed; are udp 5195 to 5198 free?")
}

fn sessions() -> Result<(), Failure> {
    let binary = interop::build(Load::Long)?;
    let mut command = cargo();
    command.current_dir(root().join("bench/sessions")).args(["run", "--quiet", "--release", "--"]);
    command.arg(binary).arg(root().join("target/bench/sessions"));
    run(&mut command, "read what it printed; is tcp 5199 free, and are 20,000 open files allowed?")
}

fn bindings() -> Result<(), Failure> {
    let cure = "see bench/bindings; it is a workspace of its own";
    run(cargo().current_dir(root().join("bench/bindings")).args(["run", "--quiet", "--release"]), cure)
}

/// Ten minutes of records, and what a million of them cost.
fn records(part: &[&str], server: Option<&Path>) -> Result<(), Failure> {
    let cure = "see bench/records; it is a workspace of its own, and needs 6 GB of disk";
    let mut command = cargo();
    command.current_dir(root().join("bench/records")).args(["run", "--quiet", "--release", "--"]);
    command.args(part).arg(root().join("target/bench/records")).args(server);
    run(&mut command, cure)
}

/// A million records searched on a server.
fn found() -> Result<(), Failure> {
    let database = Database::start()?;
    records(&["million", "0"], Some(&database.folder))?;
    let size = database.sql("select pg_database_size('tandem') / 1000000")?;
    println!("{size} MB of database");
    Ok(())
}

/// Reports of a month with a million calls, and of a year with twenty million.
fn reports() -> Result<(), Failure> {
    records(&["month", "0"], None)?;
    records(&["year", "0"], None)
}

/// Calls beside none and beside ten thousand who listen to what happens, in turns.
fn readers() -> Result<(), Failure> {
    let kit = Kit::lay_out()?;
    let mut command = Command::new("taskset");
    command.current_dir(root().join("bench/readers")).args(["-c", "1", "cargo", "run", "--quiet"]);
    command.args(["--release", "--"]).arg(&kit.binary).arg(root().join("target/bench/readers"));
    command.arg(kit.folder.join("build/sipload"));
    run(&mut command, "are ports 5191 to 5196 free, and are 20,000 open files allowed?")
}

fn phones() -> Result<(), Failure> {
    let mut command = Kit::lay_out()?.command("sigbench.py");
    command.args(["reg", "tandem-users", "kamailio-proxy", "--rate", "500"]);
    run(&mut command, "are ports 5160, 5060 and 5081 free?")
}

fn calls() -> Result<(), Failure> {
    let mut command = Kit::lay_out()?.command("sigbench.py");
    command.args(["cpu", "tandem", "tandem-media", "--rate", "300", "--calls", "6000", "--repeat", "3"]);
    run(&mut command, "read what the kit printed; are ports 5160, 5080 and 5090 free?")
}

fn sound() -> Result<(), Failure> {
    let cure = "see bench/sound; it is a workspace of its own";
    run(cargo().current_dir(root().join("bench/sound")).args(["run", "--quiet", "--release"]), cure)
}

/// What is opened and sealed, and what is made of another codec, beside rtpengine. A packet that is sealed
/// may come once, so that each run has calls of its own.
fn codecs() -> Result<(), Failure> {
    let cure = "are ports 5160, 5080 and 5090 free?";
    let kit = Kit::lay_out()?;
    let generator = usual_opus(&kit)?;
    let runs = [("srtp-rtp", "500"), ("pcmu-pcma", "100"), ("pcmu-g722", "100"), ("pcmu-opus", "20")];
    for (variant, sessions) in runs {
        for peer in ["tandem-codecs", "rtpengine"] {
            let mut command = kit.command("mediabench.py");
            if peer == "tandem-codecs" {
                command.env("RTPLOAD", &generator);
            }
            command.args([peer, "--variants", variant, "--sessions", sessions, "--repeat", "1"]);
            run(&mut command, cure)?;
        }
    }
    Ok(())
}

/// The kit's generator takes Opus to be number 96, which it need not be: ours is asked by 111.
fn usual_opus(kit: &Kit) -> Result<PathBuf, Failure> {
    let folder = &kit.folder;
    let cure = "has ../shared/bench changed?";
    let source = fs::read_to_string(folder.join("src/rtpload.c"));
    let source = source.map_err(|error| Failure::new(format!("src/rtpload.c: {error}"), cure))?;
    let (ours, binary) = (folder.join("src/rtpload-111.c"), folder.join("build/rtpload-111"));
    fs::write(&ours, source.replace("PT_OPUS = 96", "PT_OPUS = 111"))
        .map_err(|error| Failure::new(format!("{}: {error}", ours.display()), "is target/ writable?"))?;
    let mut compile = Command::new("cc");
    compile.args(["-O2", "-o"]).args([&binary, &ours]).args(["-lcrypto", "-lopus", "-lm"]);
    run(&mut compile, "has ../shared/bench changed?")?;
    Ok(binary)
}

fn packets() -> Result<(), Failure> {
    let mut command = Kit::lay_out()?.command("mediabench.py");
    command.args(["tandem-media", "--variants", "rtp", "--sessions", "500"]);
    run(&mut command, "read what the kit printed; are ports 5160, 5080 and 5090 free?")
}
