//! Three parties, each played by SIPp: a caller from a trunk is transferred by one user to another, blind
//! and after a consultation. Each hears what it should, each part of a call has its record, nothing is held.
//!
//! Proves: A18, F-12.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::node::{Node, Setting};
use super::place::{self, Way, free_port, io_failure};
use super::sipp::{Counted, Role, Sipp};
use super::{Binary, Load, records};
use crate::step::Failure;

const WAY: Way = Way { name: "transfer", ..place::UDP_V4 };

/// Each party has an address of its own: a user without a password is known by it.
const HOUSE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const CALLER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const MINSU: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));
const HANA: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 4));

const WITHIN: Duration = Duration::from_secs(60);

struct Parties {
    house: SocketAddr,
    caller: SocketAddr,
    minsu: SocketAddr,
    hana: SocketAddr,
}

pub fn run(binary: &Binary, load: Load) -> Result<String, Failure> {
    let calls: u64 = match load {
        Load::Short => 50,
        Load::Long => 1_000,
    };
    let folder = place::folder(WAY.name)?;
    let at = |address| free_port(address).map(|port| SocketAddr::new(address, port));
    let parties = Parties { house: at(HOUSE)?, caller: at(CALLER)?, minsu: at(MINSU)?, hana: at(HANA)? };
    let setting = configure(&folder, &parties)?;
    let node = Node::start(binary, &folder, &setting)?;

    blind(&folder, &parties, calls)?;
    attended(&folder, &parties)?;
    node.stop()?;

    let kept = records::read(&folder)?;
    // Blind: the part before and the part after. Attended: the first call, and the second that goes on.
    records::expect_exactly(&kept, usize::try_from(2 * calls + 2).unwrap_or(usize::MAX))?;
    let linked = kept.iter().filter(|record| record.get("parents").is_some()).count();
    let transferred = kept.iter().filter(|record| record["verdict"] == "TD-E003").count();
    let wanted = usize::try_from(calls + 1).unwrap_or(usize::MAX);
    if (linked, transferred) != (wanted, wanted) {
        let what = format!("{linked} records name a parent, {transferred} a transfer, where {wanted} should");
        return Err(Failure::new(what, format!("read {}/data/records", folder.display())));
    }
    Ok(format!("{calls} blind and one attended, {} records in pairs", kept.len()))
}

/// The callee sends REFER, and is let go when the new party has answered.
fn blind(folder: &Path, parties: &Parties, calls: u64) -> Result<(), Failure> {
    let count = || vec!["-m".to_owned(), calls.to_string()];
    let target = [count(), words(&["-key", "target", "0100"])].concat();
    let new_party = Sipp::start(folder, &role("uas-new-party", parties.hana, count()), None)?;
    let transferor = Sipp::start(folder, &role("uas-transferor", parties.minsu, target), None)?;
    let options = [count(), words(&["-key", "number", "+14255550101", "-r", "10", "-d", "500"])].concat();
    let caller = role("uac-transferred", parties.caller, options);
    let caller = Sipp::start(folder, &caller, Some(parties.house))?;
    expect(folder, "the caller", caller.finish(WITHIN + Duration::from_secs(calls / 10))?, calls)?;
    expect(folder, "the transferor", transferor.finish(WITHIN)?, calls)?;
    expect(folder, "the new party", new_party.finish(WITHIN)?, calls)
}

/// The callee calls the new party first, and joins both calls by a REFER in the second.
fn attended(folder: &Path, parties: &Parties) -> Result<(), Failure> {
    let one = || words(&["-m", "1"]);
    let names = folder.join("names.csv");
    let told = words(&["-key", "names", &names.display().to_string()]);
    let newcomer = Sipp::start(folder, &role("uas-newcomer", parties.hana, one()), None)?;
    let first = role("uas-consulting", parties.minsu, [one(), told].concat());
    let first = Sipp::start(folder, &first, None)?;
    let options = [one(), words(&["-key", "number", "+14255550101", "-d", "500"])].concat();
    let caller = role("uac-transferred", parties.caller, options);
    let caller = Sipp::start(folder, &caller, Some(parties.house))?;
    wait_for(&names)?;
    let own = SocketAddr::new(MINSU, free_port(MINSU)?);
    let names = names.display().to_string();
    let options = [one(), words(&["-key", "number", "0100", "-inf", &names])].concat();
    let second = Sipp::start(folder, &role("uac-consultation", own, options), Some(parties.house))?;
    expect(folder, "the caller", caller.finish(WITHIN)?, 1)?;
    expect(folder, "the first call", first.finish(WITHIN)?, 1)?;
    expect(folder, "the second call", second.finish(WITHIN)?, 1)?;
    expect(folder, "the new party", newcomer.finish(WITHIN)?, 1)
}

fn wait_for(file: &Path) -> Result<(), Failure> {
    let until = Instant::now() + WITHIN;
    while fs::read_to_string(file).map_or(0, |text| text.lines().count()) < 2 {
        if Instant::now() > until {
            let what = format!("nobody wrote {}", file.display());
            return Err(Failure::new(what, "read uas-consulting.errors beside it"));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn expect(folder: &Path, who: &str, counted: Counted, calls: u64) -> Result<(), Failure> {
    if counted.failed == 0 && counted.succeeded == calls {
        return Ok(());
    }
    let what = format!("{who}: {} of {calls} calls, {} failed", counted.succeeded, counted.failed);
    Err(Failure::new(what, format!("read {}", folder.display())))
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn role(scenario: &'static str, local: SocketAddr, options: Vec<String>) -> Role<'static> {
    Role { scenario, local, contact: format!("sip:interop@{local}"), transport: WAY.transport, options }
}

fn configure(folder: &Path, parties: &Parties) -> Result<Setting, Failure> {
    let Parties { house, caller, minsu, hana } = parties;
    let setting = Setting { sip: *house, udp: *house, media_ports: "20000-29999" };
    let text = format!(
        "format = 1\n\n[system]\nname = \"interop\"\ncountry = \"US\"\n\n\
         [interface.loop]\naddress = \"{HOUSE}\"\nudp = {port}\nmedia_ports = \"{ports}\"\n\
         side = \"outside\"\n\n\
         [trunk.callers]\nservers = [{{ uri = \"sip:{caller}\" }}]\n\
         accept = {{ sources = [\"{CALLER}\"] }}\nhealth = {{ options = \"off\" }}\n\n\
         [user.minsu]\nnumber = \"+14255550101\"\nextension = \"0101\"\n\
         devices = [{{ contact = \"sip:minsu@{minsu}\" }}]\nallow = [\"internal\"]\n\n\
         [user.hana]\nnumber = \"+14255550100\"\nextension = \"0100\"\n\
         devices = [{{ contact = \"sip:hana@{hana}\" }}]\nallow = [\"internal\"]\n",
        port = house.port(),
        ports = setting.media_ports,
    );
    let path = folder.join("conf/tandem.toml");
    fs::write(&path, text).map_err(|error| io_failure(&path.display().to_string(), &error))?;
    Ok(setting)
}
