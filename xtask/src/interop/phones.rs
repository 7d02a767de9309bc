//! Two baresips register as one user, one by UDP, which keeps its way open by STUN, and one by TCP: they are
//! called by their number from a trunk, also after a crash of the house without registering anew, and a third
//! one calls out. A fourth one calls the address of the first alone, as it was before the crash.
//!
//! Proves: D4, D5, D9.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::baresip::Waiting;
use super::node::{Node, Setting};
use super::place::{self, Transport, free_port, io_failure};
use super::sipp::{Role, Sipp};
use super::{Binary, Load, records};
use crate::step::Failure;

const HOUSE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const CARRIER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 32));
/// Where phones are.
fn phone(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))
}

const PASSWORD: &str = "secret-of-hana";
const NUMBER: &str = "+14255550100";
const OUTSIDE: &str = "+12065550142";
const SECONDS: u32 = 120;
const WITHIN: Duration = Duration::from_secs(30);

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let folder = place::folder("phones")?;
    let port = |address: IpAddr| free_port(address).map(|port| SocketAddr::new(address, port));
    let (house, callee) = (port(HOUSE)?, port(CARRIER)?);
    let setting = configure(&folder, house, callee)?;
    let node = Node::start(binary, &folder, &setting)?;

    let account = |transport: &str, more: &str| {
        format!(
            "<sip:hana@{house};transport={transport}>;auth_user=hana;auth_pass={PASSWORD};\
             answermode=auto;audio_codecs=PCMU;{more}\n"
        )
    };
    let began = Instant::now();
    // Beside its port baresip takes the next one, for TLS: each has an address of its own.
    let (desk, soft) = (port(phone(33))?, port(phone(34))?);
    let kept = format!("regint=60;sipnat=outbound;outbound=\"sip:{house};transport=udp\"");
    let _desk = Waiting::start(&folder, "desk", (&account("udp", &kept), desk), SECONDS, None)?;
    let _soft = Waiting::start(&folder, "soft", (&account("tcp", "regint=60"), soft), SECONDS, None)?;
    wait_for_phones(binary, &folder, 2)?;
    let registered_ms = began.elapsed().as_millis();
    called(&folder, house, 2)?;

    let own = address_of(&phones(binary, &folder)?, desk)?;
    node.kill()?;
    let node = Node::start(binary, &folder, &setting)?;
    if phones(binary, &folder)?.len() != 2 {
        return Err(Failure::new("a crash made the house forget its phones", "read data/phones"));
    }
    called(&folder, house, 1)?;
    let exact =
        Waiting::start(&folder, "exact", (&account("udp", "regint=0"), port(phone(36))?), 8, Some(&own))?;
    if !exact.finish()?.contains("Call established") {
        return Err(Failure::new(format!("{own} did not answer"), "read exact/log and node.log"));
    }

    let options = vec!["-m".into(), "1".into(), "-rtp_echo".into()];
    let uas = Sipp::start(&folder, &role("uas", callee, options), None)?;
    let dial = format!("sip:{OUTSIDE}@{house}");
    let caller = port(phone(35))?;
    let out = Waiting::start(&folder, "out", (&account("udp", "regint=0"), caller), 8, Some(&dial))?;
    let said = out.finish()?;
    uas.finish(WITHIN)?;
    if !said.contains("Call established") {
        return Err(Failure::new("baresip's call out was not answered", "read out/log"));
    }
    let answer = show(binary, &folder)?;
    node.stop()?;

    let kept = records::read(&folder)?;
    records::expect_exactly(&kept, 5)?;
    let is_from = |direction: &str| kept.iter().filter(|one| one["direction"] == direction).count();
    if (is_from("inbound"), is_from("outbound"), is_from("internal")) != (3, 1, 1) {
        return Err(Failure::new("calls went another way than they were made", "read data/records"));
    }
    let exact = kept.iter().find(|one| one["direction"] == "internal");
    let attempts = exact.and_then(|one| one["attempts"].as_array()).map_or(0, Vec::len);
    if attempts != 1 {
        let what = format!("the address of one phone rang {attempts}");
        return Err(Failure::new(what, "read data/records"));
    }
    Ok(format!(
        "2 phones of one user after {registered_ms} ms, called 2 times, and once after a crash without \
         registering anew, one of them by its own address, 1 call out; {} phones at the end",
        answer.len()
    ))
}

/// The address that reaches one phone alone: that which says to be of this device.
fn address_of(phones: &[Value], place: SocketAddr) -> Result<String, Failure> {
    let device = format!("-{:012x}", place.port());
    let is_it = |phone: &&Value| phone["instance"].as_str().is_some_and(|name| name.ends_with(&device));
    let own = phones.iter().find(is_it).and_then(|phone| phone["gruu"].as_str());
    own.map(str::to_owned).ok_or_else(|| {
        Failure::new(
            format!("the phone at {place} has no address of its own"),
            "tandem user show hana --json",
        )
    })
}

/// The house's number is called so often, and answered each time.
fn called(folder: &Path, house: SocketAddr, times: u64) -> Result<(), Failure> {
    let count = times.to_string();
    let options = ["-m", &count, "-r", "1", "-l", "1", "-d", "1000", "-key", "number", NUMBER];
    let caller = SocketAddr::new(CARRIER, free_port(CARRIER)?);
    let options = options.map(str::to_owned).to_vec();
    let counted = Sipp::start(folder, &role("uac", caller, options), Some(house))?.finish(WITHIN)?;
    if counted.succeeded == times {
        return Ok(());
    }
    let what = format!("{} of {times} calls to the phones were answered", counted.succeeded);
    Err(Failure::new(what, "read node.log, uac.errors and */log"))
}

fn wait_for_phones(binary: &Binary, folder: &Path, count: usize) -> Result<(), Failure> {
    let until = Instant::now() + WITHIN;
    loop {
        let found = phones(binary, folder)?;
        if found.len() == count {
            return Ok(());
        }
        if Instant::now() > until {
            let what = format!("{} of {count} phones registered within {} s", found.len(), WITHIN.as_secs());
            return Err(Failure::new(what, "read node.log and */log"));
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn phones(binary: &Binary, folder: &Path) -> Result<Vec<Value>, Failure> {
    show(binary, folder)
}

/// What the house says of the user's phones.
fn show(binary: &Binary, folder: &Path) -> Result<Vec<Value>, Failure> {
    let mut command = binary.command();
    command.args(["user", "show", "hana", "--json", "--data"]).arg(folder.join("data"));
    let text = crate::step::read(&mut command, "read node.log")?;
    let answer: Value =
        serde_json::from_str(&text).map_err(|error| Failure::new(error.to_string(), "read node.log"))?;
    Ok(answer["phones"].as_array().cloned().unwrap_or_default())
}

fn role(scenario: &str, local: SocketAddr, options: Vec<String>) -> Role<'_> {
    Role { scenario, local, contact: format!("sip:carrier@{local}"), transport: Transport::Udp, options }
}

fn configure(folder: &Path, house: SocketAddr, callee: SocketAddr) -> Result<Setting, Failure> {
    let write =
        |name: &str, text: &str| fs::write(folder.join(name), text).map_err(|error| io_failure(name, &error));
    write("conf/password", PASSWORD)?;
    let port = house.port();
    let text = format!(
        "format = 1\n\n[system]\nname = \"interop\"\ncountry = \"US\"\ndigest = [\"md5\"]\n\n\
         [interface.loop]\naddress = \"{}\"\nudp = {port}\ntcp = {port}\nmedia_ports = \"20000-29999\"\n\
         side = \"inside\"\n\n\
         [trunk.carrier]\nservers = [{{ uri = \"sip:{callee}\" }}]\n\
         accept = {{ sources = [\"{}\"] }}\nhealth = {{ options = \"off\" }}\n\n\
         [numbers.block]\nrange = [\"+14255550100\", \"+14255550199\"]\ntrunk = \"carrier\"\n\n\
         [user.hana]\nnumber = \"{NUMBER}\"\npassword = {{ file = \"password\" }}\n\
         allow = [\"internal\", \"national\"]\n\n\
         [route.out]\norder = 10\nto = \"+…\"\nuse = [{{ trunk = \"carrier\" }}]\n",
        house.ip(),
        callee.ip(),
    );
    write("conf/tandem.toml", &text)?;
    Ok(Setting { sip: house, udp: house, media_ports: "20000-29999" })
}
