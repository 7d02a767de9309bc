//! Teams with media bypass and local media optimisation, over sockets: a stand-in that shares no code with
//! the house signals by TLS, both with certificates, and says of each call where its client is; the client
//! has the agent of aioice and libsrtp, in the organisation's network or out of it. It calls, is called and
//! moves in mid-call; it and a baresip hear each other everywhere. The kernel counts what crosses each
//! device: nothing of who is inside goes by the public one, and the other way round.
//!
//! Proves: B8.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::handset::Handset;
use super::hearing::{Heard, Span};
use super::network::Network;
use super::office::{Office, User, media_of};
use super::page::Page;
use super::place::{self, free_port};
use super::tls::Certificates;
use super::{Binary, Load, alone, python, records};
use crate::step::{self, Failure, root};

const PLACE: &str = "target/interop-bypass";
const PACKAGES: [&str; 2] = ["aioice==0.13.0", "pylibsrtp==1.0.0"];
const USERS: [User; 1] = [User { name: "hana", more: "" }];
const HANA: &str = "+14255550100";
const NUMBER: &str = "+13605550142";
/// Where Teams knows us, and where it is; the same in the organisation's own network.
const PUBLIC: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
const TEAMS: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 2);
const INSIDE: Ipv4Addr = Ipv4Addr::new(10, 93, 0, 1);
const DESK: Ipv4Addr = Ipv4Addr::new(10, 93, 0, 2);
const HERTZ: u32 = 8000;
/// The samples of half a wave of the client's tone.
const VOICE: u32 = 10;
const OFF_BY_MAX: u32 = 30;
/// Its clock is that of a busy interpreter.
const SKIPS_MAX: usize = 10;
const WHILE: Duration = Duration::from_secs(2);
/// What was on its way when the place was another one has come by then.
const SETTLES: Duration = Duration::from_secs(1);
/// Of two directions with fifty packets a second each.
const CROSSED_MIN: u64 = 120;

/// Where Teams says that its client is, and where it may speak with us.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Party {
    Internal,
    External,
}

struct Street {
    office: Office,
    hana: Handset,
    teams: Page,
    /// When hana was to hear the client.
    spans: Vec<Span>,
}

/// Fetches what the client is made of.
pub fn install() -> Result<(), Failure> {
    python::install(PLACE, &PACKAGES)
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    if !alone::is_alone() {
        return Err(Failure::new("there is no network of its own", "needs root and iproute2"));
    }
    let keys = Certificates::make(&place::folder("bypass-keys")?)?;
    let outside = Network::beside("outer", PUBLIC, TEAMS)?;
    let inside = Network::beside("inner", INSIDE, DESK)?;
    let rules = root().join("interop/bypass/count.nft");
    step::read(Command::new("nft").arg("-f").arg(rules), "needs nftables")?;
    let tls = free_port(IpAddr::V4(PUBLIC))?;
    let there = outside.within(|| free_port(IpAddr::V4(TEAMS)))?;
    let mut command = python::command(PLACE, "python");
    command.arg(root().join("interop/bypass/teams.py")).args([TEAMS.to_string(), there.to_string()]);
    command.args([PUBLIC.to_string(), tls.to_string()]).arg(folder_of(&keys));
    command.args([inside.id().to_string(), VOICE.to_string()]);
    let mut teams = outside.within(|| Page::start(folder_of(&keys), "teams", &mut command))?;
    teams.tells("ready")?;
    let documents = documents(tls, there, &keys);
    let mut office = Office::open_at(binary, "bypass", &USERS, ("", &documents))?;
    let hana = office.phone_of("hana", "PCMU")?;
    let mut street = Street { office, hana, teams, spans: Vec::new() };

    calls_and_moves(&mut street)?;
    is_called(&mut street, Party::Internal)?;
    is_called(&mut street, Party::External)?;
    street.teams.expect_untold("error")?;

    let Street { office, hana, teams, spans } = street;
    let at = media_of(&hana);
    drop((hana, teams));
    let left = office.close()?;
    let heard = Heard::at(&left.written, "hana", at)?;
    spans.iter().try_for_each(|span| heard.expect_voice_but(*span, VOICE, SKIPS_MAX))?;
    expect_said(&left.records)
}

/// Called from inside, which the caller leaves, and comes back: to hana nothing is described anew.
fn calls_and_moves(street: &mut Street) -> Result<(), Failure> {
    street.teams.does("where internal")?;
    street.teams.does(&format!("call {}", street.to_hana()))?;
    street.teams.tells("talks")?;
    street.hana.talks()?;
    street.speaks_at(Party::Internal)?;
    for party in [Party::External, Party::Internal] {
        street.teams.does(&format!("move {}", party.word()))?;
        street.teams.tells("talks")?;
        street.speaks_at(party)?;
    }
    street.teams.does("hangup")?;
    street.teams.tells("over")?;
    street.hana.is_left()?;
    let trace = street.hana.traces("INVITE sip:")?;
    let is_ours = |line: &&str| line.starts_with("o=- ") && line.ends_with(" IN IP4 127.0.0.1");
    let versions: BTreeSet<&str> = trace.lines().filter(is_ours).collect();
    match versions.len() {
        1 => Ok(()),
        _ => Err(Failure::new(format!("hana was told {versions:?}"), "read bypass/hana/log")),
    }
}

/// Hana calls: the public place is offered, and who answers inside is told of the inside one.
fn is_called(street: &mut Street, party: Party) -> Result<(), Failure> {
    street.teams.does(&format!("where {}", party.word()))?;
    let to = street.office.uri(NUMBER);
    let before = crossed(Party::External)?;
    street.hana.tell("dial", &to)?;
    street.teams.tells(&format!("offered {PUBLIC}"))?;
    street.hana.talks()?;
    if party == Party::Internal {
        street.teams.tells(&format!("offered {INSIDE}"))?;
    }
    street.speaks_at(party)?;
    if party == Party::Internal && crossed(Party::External)? != before {
        return Err(Failure::new(
            "something of who is inside went by the public device",
            "read bypass-keys/teams.log",
        ));
    }
    street.hana.tell("hangup", "")?;
    street.hana.is_left()?;
    street.teams.tells("over").map(|_| ())
}

impl Street {
    fn to_hana(&self) -> String {
        format!("sip:{HANA}@{PUBLIC};transport=tls")
    }

    /// The client has found us there and nowhere else, and each hears the other.
    fn speaks_at(&mut self, party: Party) -> Result<(), Failure> {
        self.teams.tells(&format!("media {}", party.address()))?;
        thread::sleep(SETTLES);
        let counts = [crossed(party)?, crossed(party.other())?];
        let span = Span::pass(WHILE);
        self.teams.does("listen")?;
        let told = self.teams.tells("hears")?;
        let wanted = HERTZ / (2 * self.hana.voice);
        let hertz: Option<u32> = told.split(' ').next_back().and_then(|hertz| hertz.parse().ok());
        if hertz.is_none_or(|hertz| hertz.abs_diff(wanted) > OFF_BY_MAX) {
            return Err(Failure::new(
                format!("the client {told}, not {wanted} Hz"),
                "read bypass-keys/teams.log",
            ));
        }
        self.spans.push(span);
        let [here, elsewhere] = [crossed(party)? - counts[0], crossed(party.other())? - counts[1]];
        if here >= CROSSED_MIN && elsewhere == 0 {
            return Ok(());
        }
        let what = format!(
            "of who is {}, {here} packets crossed the right device and {elsewhere} the other one",
            party.word()
        );
        Err(Failure::new(what, "read bypass-keys/teams.log"))
    }
}

impl Party {
    fn word(self) -> &'static str {
        match self {
            Party::Internal => "internal",
            Party::External => "external",
        }
    }

    fn address(self) -> Ipv4Addr {
        match self {
            Party::Internal => INSIDE,
            Party::External => PUBLIC,
        }
    }

    fn other(self) -> Party {
        match self {
            Party::Internal => Party::External,
            Party::External => Party::Internal,
        }
    }
}

/// How many datagrams have crossed the device by which a party is reached, in both directions.
fn crossed(party: Party) -> Result<u64, Failure> {
    let name = if party == Party::Internal { "inner" } else { "outer" };
    let mut command = Command::new("nft");
    let said = step::read(command.args(["list", "counter", "inet", "bypass", name]), "needs nftables")?;
    let count = said.split("packets ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
    count.ok_or_else(|| Failure::new(format!("no count in {said:?}"), "see interop/bypass/count.nft"))
}

fn folder_of(keys: &Certificates) -> &Path {
    keys.authority.parent().unwrap_or(Path::new("."))
}

/// What the house says of where media lay.
fn expect_said(kept: &[serde_json::Value]) -> Result<String, Failure> {
    records::expect_exactly(kept, 3)?;
    let trails: Vec<String> = kept.iter().map(|record| record.to_string()).collect();
    let inside = "the party is inside, at site Redmond: media lies at interface inner";
    let says = |trail: &String, words: &str| trail.contains(words);
    let is_so = says(&trails[0], inside)
        && says(&trails[0], "the party is outside, at site Redmond: media lies at interface outer")
        && says(&trails[1], inside)
        && !says(&trails[2], inside);
    if !is_so {
        return Err(Failure::new(format!("the decisions say {trails:?}"), "read the records"));
    }
    Ok("inside and outside, called and calling, and moving: each device had its own media alone".to_owned())
}

/// Both interfaces, and Teams as its template has it, but for where it is.
fn documents(tls: u16, there: u16, keys: &Certificates) -> String {
    format!(
        "\n[interface.outer]\naddress = \"{PUBLIC}\"\ntls = {tls}\ntls_certificate = {:?}\ntls_key = {:?}\n\
         tls_verify = {:?}\nmedia_ports = \"20000-24999\"\nside = \"outside\"\n\n\
         [interface.inner]\naddress = \"{INSIDE}\"\nudp = 5060\nmedia_ports = \"25000-29999\"\n\
         side = \"inside\"\n\n\
         [trunk.teams]\nprovider = \"teams-direct-routing\"\nversion = 1\n\
         values = {{ sbc = \"sbc1.contoso.com\" }}\ninterface = \"outer\"\n\
         servers = [{{ uri = \"sip:{TEAMS}:{there};transport=tls\" }}]\n\
         accept = {{ sources = [\"{TEAMS}\"], did = \"any\" }}\n\
         media = {{ inside_interface = \"inner\", ice = \"offered\" }}\n\n\
         [route.teams]\norder = 5\nto = \"+1360…\"\nuse = [{{ trunk = \"teams\" }}]\n",
        keys.certificate, keys.key, keys.authority
    )
}
