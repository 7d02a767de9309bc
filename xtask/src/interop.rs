//! The product, as it is started by an operator, against other people's programs on loopback: in a network of
//! its own where this machine allows that, so that nobody else takes a port or hears a packet.
//!
//! Each scenario has a folder of its own below target/interop with the node's configuration, its log and its
//! records, and SIPp's logs: what is needed to see why it failed.

mod acme;
mod aiortc;
mod alone;
mod audio;
mod baresip;
mod browser;
mod bypass;
mod calls;
mod capture;
mod codecs;
mod conference;
mod crash;
pub mod database;
mod desk_phones;
mod direct;
mod drawn;
mod fax;
mod features;
mod flight;
mod g729;
mod handset;
mod hearing;
mod hep;
mod hepin;
mod hold;
mod http;
mod ice;
mod kernel;
mod ldap;
mod mailbox;
mod make_call;
mod messages;
mod msrp;
mod nat;
mod network;
mod node;
pub mod oddities;
mod office;
mod oidc;
mod otlp;
mod package;
mod packets;
mod page;
mod park;
mod parquet;
mod phones;
pub mod place;
mod ports;
mod postgres;
mod program;
mod provider;
mod push;
mod python;
mod quality;
mod readers;
mod recording;
mod records;
mod registrar;
mod reliable;
mod sealed;
mod sipp;
mod siprec;
mod stage;
mod syscalls;
mod tls;
mod top;
mod transfer;
mod transfer_phones;
mod turn;
mod watching;
mod webhooks;
mod websocket;
mod wire;

use std::path::PathBuf;
use std::process::Command;

use crate::step::{self, Failure, cargo};

/// How much is asked of the product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// Minutes, in the build that the tests use.
    Short,
    /// Ten thousand calls at 200 a second for each transport, in a release build.
    Long,
}

struct Scenario {
    name: &'static str,
    run: fn(&Binary, Load) -> Result<String, Failure>,
}

type Install = fn() -> Result<(), Failure>;

/// What is fetched first, and for whom.
const INSTALLS: &[(&[&str], Install)] = &[
    (&["websocket", "browser", "nat"], page::install),
    (&["http"], http::install),
    (&["webhooks", "push"], webhooks::install),
    (&["hep"], hep::install),
    (&["drawn", "hepin"], drawn::install),
    (&["oidc"], oidc::install),
    (&["aiortc", "ice", "turn"], aiortc::install),
    (&["bypass"], bypass::install),
    (&["otlp"], otlp::install),
    (&["parquet"], parquet::install),
    (&["siprec"], siprec::install),
    (&["watching"], watching::install),
];

const SCENARIOS: &[Scenario] = &[
    Scenario { name: "calls-udp-v4", run: |binary, load| calls::run(binary, load, place::UDP_V4) },
    Scenario { name: "calls-udp-v6", run: |binary, load| calls::run(binary, load, place::UDP_V6) },
    Scenario { name: "calls-tcp-v4", run: |binary, load| calls::run(binary, load, place::TCP_V4) },
    Scenario { name: "calls-tcp-v6", run: |binary, load| calls::run(binary, load, place::TCP_V6) },
    Scenario { name: "calls-tls-v4", run: |binary, load| calls::run(binary, load, place::TLS_V4) },
    Scenario { name: "calls-tls-v6", run: |binary, load| calls::run(binary, load, place::TLS_V6) },
    Scenario { name: "reliable", run: reliable::run },
    Scenario { name: "transfer", run: transfer::run },
    Scenario { name: "oddities", run: oddities::run },
    Scenario { name: "audio", run: audio::run },
    Scenario { name: "sealed", run: sealed::run },
    Scenario { name: "flight", run: flight::run },
    Scenario { name: "drawn", run: drawn::run },
    Scenario { name: "top", run: top::run },
    Scenario { name: "hep", run: hep::run },
    Scenario { name: "hepin", run: hepin::run },
    Scenario { name: "otlp", run: otlp::run },
    Scenario { name: "parquet", run: parquet::run },
    Scenario { name: "webhooks", run: webhooks::run },
    Scenario { name: "push", run: push::run },
    Scenario { name: "ldap", run: ldap::run },
    Scenario { name: "oidc", run: oidc::run },
    Scenario { name: "acme", run: acme::run },
    Scenario { name: "wire", run: wire::run },
    Scenario { name: "provider", run: provider::run },
    Scenario { name: "registrar", run: registrar::run },
    Scenario { name: "phones", run: phones::run },
    Scenario { name: "features", run: features::run },
    Scenario { name: "direct", run: direct::run },
    Scenario { name: "hold", run: hold::run },
    Scenario { name: "quality", run: quality::run },
    Scenario { name: "codecs", run: codecs::run },
    Scenario { name: "g729", run: g729::run },
    Scenario { name: "conference", run: conference::run },
    Scenario { name: "recording", run: recording::run },
    Scenario { name: "siprec", run: siprec::run },
    Scenario { name: "fax", run: fax::run },
    Scenario { name: "packets", run: packets::run },
    Scenario { name: "park", run: park::run },
    Scenario { name: "transfer-phones", run: transfer_phones::run },
    Scenario { name: "make-call", run: make_call::run },
    Scenario { name: "watching", run: watching::run },
    Scenario { name: "mailbox", run: mailbox::run },
    Scenario { name: "messages", run: messages::run },
    Scenario { name: "msrp", run: msrp::run },
    Scenario { name: "websocket", run: websocket::run },
    Scenario { name: "browser", run: browser::run },
    Scenario { name: "aiortc", run: aiortc::run },
    Scenario { name: "nat", run: nat::run },
    Scenario { name: "ice", run: ice::run },
    Scenario { name: "bypass", run: bypass::run },
    Scenario { name: "turn", run: turn::run },
    Scenario { name: "kernel", run: kernel::run },
    Scenario { name: "http", run: http::run },
    Scenario { name: "readers", run: readers::run },
    Scenario { name: "desk-phones", run: desk_phones::run },
    Scenario { name: "package", run: package::run },
    Scenario { name: "crash", run: crash::run },
    Scenario { name: "postgres", run: postgres::run },
];

/// The product's program.
pub struct Binary(PathBuf);

/// Runs one scenario, or all of them; goes on after a failure, and fails at the end.
pub fn run(name: Option<&str>, load: Load) -> Result<(), Failure> {
    let chosen: Vec<&Scenario> =
        SCENARIOS.iter().filter(|scenario| name.is_none_or(|name| name == scenario.name)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        return Err(Failure::new("no such interop scenario", format!("one of {}", names.join(", "))));
    }
    let _claim = alone::claim()?;
    let binary = match alone::is_alone() {
        true => Binary(built(load)),
        false => Binary(build(load)?),
    };
    // Where they run alone there is no registry to install it from.
    if !alone::is_alone() {
        install(&chosen, load)?;
    }
    if let Some(done) = alone::again(name, load) {
        return done;
    }
    let mut failed = Vec::new();
    for scenario in &chosen {
        match (scenario.run)(&binary, load) {
            Ok(figures) => println!("    {:<14} ok      {figures}", scenario.name),
            Err(failure) => {
                println!("    {:<14} FAILED  {failure}", scenario.name);
                failed.push(scenario.name);
            }
        }
    }
    println!("interop: {} passed, {} failed", chosen.len() - failed.len(), failed.len());
    if failed.is_empty() {
        return Ok(());
    }
    let again = format!("read target/interop/{0}, then `cargo xtask interop {0}`", failed[0]);
    Err(Failure::new(format!("interop failed: {}", failed.join(", ")), again))
}

/// Fetches and makes what these scenarios need.
fn install(chosen: &[&Scenario], load: Load) -> Result<(), Failure> {
    let is_wanted = |name: &str| chosen.iter().any(|scenario| scenario.name == name);
    for (names, install) in INSTALLS {
        if names.iter().any(|name| is_wanted(name)) {
            install()?;
        }
    }
    if is_wanted("package") { package::prepare(load) } else { Ok(()) }
}

/// Builds the product, and says where it is.
pub fn build(load: Load) -> Result<PathBuf, Failure> {
    let mut command = cargo();
    command.args(["build", "--quiet", "-p", "tandem", "--bin", "tandem"]);
    if load == Load::Long {
        command.arg("--release");
    }
    step::run(&mut command, "cargo build -p tandem, and mend what fails")?;
    Ok(built(load))
}

fn built(load: Load) -> PathBuf {
    let profile = match load {
        Load::Short => "debug",
        Load::Long => "release",
    };
    step::root().join("target").join(profile).join("tandem")
}

impl Binary {
    fn command(&self) -> Command {
        Command::new(&self.0)
    }
}
