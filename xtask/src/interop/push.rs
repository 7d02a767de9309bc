//! An app that sleeps is called: a program hears by a signed request that it is wanted, judged by the
//! libraries of Standard Webhooks and of CloudEvents, the app says where it is, and has the call. Once more
//! after a crash of the house. The token that wakes it is in no record, log or copy of a message.
//!
//! Proves: D11.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::node::{Node, Setting};
use super::place::{self, Transport, free_port, io_failure};
use super::program::Program;
use super::sipp::{Role, Sipp};
use super::{Binary, Load, records, webhooks};
use crate::step::Failure;

const HOUSE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const CARRIER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 32));
const APP: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 33));
const PASSWORD: &str = "secret-of-hana";
const NUMBER: &str = "+14255550100";
const TOKEN: &str = "t0k3n-of-the-app:voip";
const WITHIN: Duration = Duration::from_secs(30);
/// An app that has registered longer ago sleeps.
const AWAKE: Duration = Duration::from_secs(1);

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let folder = place::folder("push")?;
    let port = |address: IpAddr| free_port(address).map(|port| SocketAddr::new(address, port));
    let (house, callee, server, app) = (port(HOUSE)?, port(CARRIER)?, port(HOUSE)?, port(APP)?);
    let setting = configure(&folder, house, callee, server)?;
    let _waker = waker(&folder, server)?;

    let node = Node::start(binary, &folder, &setting)?;
    registers(&folder, house, app)?;
    thread::sleep(AWAKE * 2);
    let first_ms = called(&folder, (house, app), 1)?;
    node.kill()?;
    let node = Node::start(binary, &folder, &setting)?;
    let second_ms = called(&folder, (house, app), 2)?;
    let shown = shown(binary, &folder)?;
    node.stop()?;

    let kept = records::read(&folder)?;
    records::expect_exactly(&kept, 2)?;
    for record in &kept {
        let notes = record["attempts"][0]["notes"].to_string();
        if !notes.contains("woken by apns after ") {
            return Err(Failure::new(format!("the record says {notes}"), "read data/records"));
        }
    }
    expect_no_token(&folder, &[shown, serde_json::json!(kept).to_string()])?;
    Ok(format!(
        "an app was woken and answered {first_ms} ms after its call, and {second_ms} ms after a crash; its \
         token is seen by nobody else"
    ))
}

/// A call of a sleeping app; in how many milliseconds the app that was woken has answered it.
fn called(folder: &Path, (house, app): (SocketAddr, SocketAddr), wishes: usize) -> Result<u128, Failure> {
    let options = ["-m", "1", "-d", "1000", "-key", "number", NUMBER].map(str::to_owned).to_vec();
    let caller = SocketAddr::new(CARRIER, free_port(CARRIER)?);
    let began = Instant::now();
    let uac = Sipp::start(folder, &role("uac", caller, options), Some(house))?;
    let data = wished(folder, wishes)?;
    let said = ["provider", "prid", "param", "user", "reason"].map(|name| data[name].as_str());
    if said != ["apns", TOKEN, "T34M.app", "hana", "call"].map(Some) {
        return Err(Failure::new(format!("the push service was told {data}"), "read wishes.jsonl"));
    }
    let options = ["-m", "1", "-rtp_echo"].map(str::to_owned).to_vec();
    let uas = Sipp::start(folder, &role("uas", app, options), None)?;
    registers(folder, house, app)?;
    let (at_caller, at_app) = (uac.finish(WITHIN)?, uas.finish(WITHIN)?);
    // The call itself takes a second.
    let took = began.elapsed().saturating_sub(Duration::from_secs(1)).as_millis();
    match (at_caller.succeeded, at_app.succeeded) {
        (1, 1) => Ok(took),
        _ => Err(Failure::new("the app did not have its call", "read uac.errors, uas.errors and node.log")),
    }
}

/// The app says where it is.
fn registers(folder: &Path, house: SocketAddr, app: SocketAddr) -> Result<(), Failure> {
    let options = ["-m", "1", "-key", "user", "hana", "-au", "hana", "-ap", PASSWORD].map(str::to_owned);
    let contact = format!("sip:hana@{app};pn-provider=apns;pn-prid={TOKEN};pn-param=T34M.app");
    let role = Role {
        scenario: "sleeper",
        local: SocketAddr::new(APP, free_port(APP)?),
        contact,
        transport: Transport::Udp,
        options: options.to_vec(),
    };
    let counted = Sipp::start(folder, &role, Some(house))?.finish(WITHIN)?;
    if counted.succeeded == 1 {
        return Ok(());
    }
    Err(Failure::new("the app was not told that it is woken", "read sleeper.errors and node.log"))
}

/// Waits until so many wishes were taken; what the last one says.
fn wished(folder: &Path, count: usize) -> Result<Value, Failure> {
    let until = Instant::now() + WITHIN;
    loop {
        let text = fs::read_to_string(folder.join("wishes.jsonl")).unwrap_or_default();
        let mut wishes = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        if let Some(wish) = wishes.nth(count - 1) {
            return match wish["type"].as_str() {
                Some("push.wanted") => Ok(wish["data"].clone()),
                _ => Err(Failure::new(format!("the push service was told {wish}"), "read wishes.jsonl")),
            };
        }
        if Instant::now() > until {
            return Err(Failure::new("nobody was asked to wake the app", "read taker.log and node.log"));
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// What the house says of the user's phones, and of the messages of the last call.
fn shown(binary: &Binary, folder: &Path) -> Result<String, Failure> {
    let mut all = String::new();
    for words in [&["user", "show", "hana", "--json"][..], &["call", "list", "--json"]] {
        let mut command = binary.command();
        command.args(words).arg("--data").arg(folder.join("data"));
        all.push_str(&crate::step::read(&mut command, "read node.log")?);
    }
    Ok(all)
}

fn expect_no_token(folder: &Path, texts: &[String]) -> Result<(), Failure> {
    let mut grep = Command::new("grep");
    grep.args(["-rlF", TOKEN, "--exclude-dir=phones"]).arg(folder.join("data")).arg(folder.join("node.log"));
    let found = grep.output().map_err(|error| io_failure("grep", &error))?;
    let found = String::from_utf8_lossy(&found.stdout).into_owned();
    if found.is_empty() && texts.iter().all(|text| !text.contains(TOKEN)) {
        return Ok(());
    }
    Err(Failure::new(format!("the token of the app is seen, {found}"), "blot it out there"))
}

fn waker(folder: &Path, server: SocketAddr) -> Result<Program, Failure> {
    let files = ["conf/push.secret", "wishes.jsonl"].map(|name| folder.join(name));
    webhooks::taker(folder, server, files, "one")
}

fn role(scenario: &str, local: SocketAddr, options: Vec<String>) -> Role<'_> {
    Role { scenario, local, contact: format!("sip:someone@{local}"), transport: Transport::Udp, options }
}

fn configure(
    folder: &Path,
    house: SocketAddr,
    callee: SocketAddr,
    server: SocketAddr,
) -> Result<Setting, Failure> {
    let write =
        |name: &str, text: &str| fs::write(folder.join(name), text).map_err(|error| io_failure(name, &error));
    write("conf/password", PASSWORD)?;
    write("conf/push.secret", "whsec_aG93IG1hbnkgY2FsbHMgd2VyZSB0aGVyZSB0b2RheT8=\n")?;
    let text = format!(
        "format = 1\n\n[system]\nname = \"interop\"\ncountry = \"US\"\ndigest = [\"md5\"]\n\n\
         [interface.loop]\naddress = \"{}\"\nudp = {}\nmedia_ports = \"20000-29999\"\nside = \"inside\"\n\n\
         [trunk.carrier]\nservers = [{{ uri = \"sip:{callee}\" }}]\n\
         accept = {{ sources = [\"{}\"] }}\nhealth = {{ options = \"off\" }}\n\n\
         [numbers.block]\nrange = [\"+14255550100\", \"+14255550199\"]\ntrunk = \"carrier\"\n\n\
         [user.hana]\nnumber = \"{NUMBER}\"\npassword = {{ file = \"password\" }}\n\n\
         [push.apns]\nurl = \"http://{server}/wake\"\nsecret = {{ file = \"push.secret\" }}\n\
         awake = \"{}s\"\n",
        house.ip(),
        house.port(),
        callee.ip(),
        AWAKE.as_secs(),
    );
    write("conf/tandem.toml", &text)?;
    Ok(Setting { sip: house, udp: house, media_ports: "20000-29999" })
}
