//! Fax machines (spandsp) behind trunks of G.711, and those that they call: behind adapters that begin with
//! Opus. On one trunk the house hears the call and asks its adapter for G.711, and every dot of every page
//! arrives, though one packet in a thousand is lost on the way of either; on the other faxes are left as they
//! are, and nothing arrives.
//!
//! Proves: J4, pain 10.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::node::{Node, Setting};
use super::place::{self, free_media_port, free_port, io_failure};
use super::program::Program;
use super::{Binary, Load, records};
use crate::step::{self, Failure, root};

const HOUSE: &str = "127.0.0.1";
const MEDIA_PORTS: &str = "20000-29999";
/// Of a million packets.
const LOST: &str = "1000";

/// A machine that sends behind a trunk, and one that receives behind an adapter.
struct Line {
    trunk: &'static str,
    number: &'static str,
    wish: &'static str,
    from: SocketAddr,
    to: SocketAddr,
}

/// What all lines have.
struct Place {
    folder: PathBuf,
    machine: PathBuf,
    house: SocketAddr,
}

pub fn run(binary: &Binary, load: Load) -> Result<String, Failure> {
    let pages = if load == Load::Long { 100 } else { 5 };
    let folder = place::folder("fax")?;
    let place = Place { machine: built(&folder)?, house: at(HOUSE, free_port)?, folder };
    let mut make = Command::new(&place.machine);
    step::run(make.arg("make").arg(place.sent()).arg(pages.to_string()), "read fax.c")?;
    let changed = Line::new("changed", "+14255550100", "g711", ["127.0.0.61", "127.0.0.62"])?;
    let left = Line::new("left", "+14255550101", "as-it-is", ["127.0.0.63", "127.0.0.64"])?;
    let documents = format!(
        "format = 1\n\n[system]\nname = \"interop\"\ncountry = \"US\"\n\
         media = {{ transcode = \"needed\" }}\n\n\
         [interface.loop]\naddress = \"{HOUSE}\"\nudp = {port}\nmedia_ports = \"{MEDIA_PORTS}\"\n\
         side = \"inside\"\n\n{}{}",
        changed.documents(),
        left.documents(),
        port = place.house.port()
    );
    for (name, text) in [("conf/password", "secret"), ("conf/tandem.toml", &documents)] {
        fs::write(place.folder.join(name), text).map_err(|error| io_failure(name, &error))?;
    }
    let setting = Setting { sip: place.house, udp: place.house, media_ports: MEDIA_PORTS };
    let node = Node::start(binary, &place.folder, &setting)?;

    let arrived = thread::scope(|scope| {
        let sends = [&changed, &left].map(|line| scope.spawn(|| line.sends(&place)));
        sends.map(|send| send.join().expect("a line fails without a panic"))
    });
    node.stop()?;
    let [whole, spoilt] = arrived;
    whole?;
    if spoilt.is_ok() {
        return Err(Failure::new("pages arrive through Opus too: nothing is proved", "choose another codec"));
    }
    let records = records::read(&place.folder)?;
    records::expect_exactly(&records, 2)?;
    changed
        .expect_said(&place, &["answered with payload type 111\n", "changed with payload type 0, silence"])?;
    changed.expect_recorded(&records, "kept", &Value::Bool(true))?;
    left.expect_said(&place, &["answered with payload type 111\n", "payload type 111\n"])?;
    left.expect_recorded(&records, "spoilt", &Value::from("media.fax leaves it as it is"))?;
    Ok(format!(
        "{pages} pages from PCMU to Opus that became PCMU, 0.1 % lost, every dot the same; none in Opus"
    ))
}

impl Line {
    fn new(
        trunk: &'static str,
        number: &'static str,
        wish: &'static str,
        [from, to]: [&str; 2],
    ) -> Result<Line, Failure> {
        Ok(Line { trunk, number, wish, from: at(from, free_media_port)?, to: at(to, free_media_port)? })
    }

    fn documents(&self) -> String {
        let Line { trunk, number, wish, from, to } = self;
        format!(
            "[trunk.{trunk}]\nservers = [{{ uri = \"sip:{from}\" }}]\n\
             accept = {{ sources = [\"{address}\"] }}\nhealth = {{ options = \"off\" }}\n\
             media = {{ codecs = [\"pcmu\"], transcode = \"needed\", fax = \"{wish}\" }}\n\n\
             [numbers.{trunk}]\nrange = [\"{number}\", \"{number}\"]\ntrunk = \"{trunk}\"\n\n\
             [user.{trunk}]\nname = \"Fax\"\nnumber = \"{number}\"\nextension = \"{extension}\"\n\
             password = {{ file = \"password\" }}\ndevices = [{{ contact = \"sip:fax@{to}\" }}]\n\n",
            address = from.ip(),
            extension = &number[number.len() - 4..],
        )
    }

    /// Sends all pages, and compares them with what arrived.
    fn sends(&self, place: &Place) -> Result<(), Failure> {
        let came = place.folder.join(format!("{}.tif", self.trunk));
        let mut answers = Command::new(&place.machine);
        answers.args(["answer", &self.to.to_string()]).arg(&came).args(["opus", LOST]);
        let answerer = Program::start_until(answers, &place.folder, self.trunk, "ready")?;
        let mut calls = Command::new(&place.machine);
        calls.args(["call", &self.from.to_string(), &place.house.to_string(), self.number]);
        step::run(calls.arg(place.sent()).args(["pcmu", LOST]), &format!("read {}.log", self.trunk))?;
        // It still has to be told that the call is over.
        thread::sleep(Duration::from_secs(1));
        drop(answerer);
        step::run(Command::new(&place.machine).arg("same").arg(place.sent()).arg(&came), "compare the files")
    }

    fn expect_said(&self, place: &Place, lines: &[&str]) -> Result<(), Failure> {
        let name = format!("{}.log", self.trunk);
        let said = fs::read_to_string(place.folder.join(&name)).map_err(|error| io_failure(&name, &error))?;
        match lines.iter().all(|line| said.contains(line)) {
            true => Ok(()),
            false => Err(Failure::new(format!("the adapter said {said}"), format!("read {name}"))),
        }
    }

    /// The house has heard the calling tone, and says of it what became of it.
    fn expect_recorded(&self, records: &[Value], key: &str, value: &Value) -> Result<(), Failure> {
        let signal = format!("CNG from the caller, trunk {}", self.trunk);
        let is_its = |fax: &&Value| fax["signals"].to_string().contains(&signal);
        let fax = records.iter().map(|record| &record["fax"]).find(is_its);
        match fax.filter(|fax| fax[key] == *value) {
            Some(_) => Ok(()),
            None => Err(Failure::new(format!("of {}: {fax:?}", self.trunk), "read the records")),
        }
    }
}

impl Place {
    fn sent(&self) -> PathBuf {
        self.folder.join("sent.tif")
    }
}

fn at(address: &str, port: fn(IpAddr) -> Result<u16, Failure>) -> Result<SocketAddr, Failure> {
    let address: IpAddr = address.parse().map_err(|_| Failure::new("an address is none", "read fax.rs"))?;
    Ok(SocketAddr::new(address, port(address)?))
}

fn built(folder: &Path) -> Result<PathBuf, Failure> {
    let machine = folder.join("fax");
    let mut compiler = Command::new("cc");
    compiler.args(["-O1", "-o"]).arg(&machine).arg(root().join("interop/fax/fax.c"));
    compiler.args(["-lspandsp", "-ltiff", "-lopus", "-lm"]);
    step::run(&mut compiler, "apt-get install gcc libspandsp-dev libopus-dev")?;
    Ok(machine)
}
