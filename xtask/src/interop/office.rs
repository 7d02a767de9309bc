//! An office: a house with users whose phones are baresips, two carriers to be played by SIPp, and all of it
//! captured.
//!
//! Proves: D15.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::baresip::Shows;
use super::capture::{Capture, Written};
use super::handset::{Handset, Line};
use super::hearing::HOUSE_MEDIA;
use super::node::{Node, Setting};
use super::place::{self, Transport, free_port, io_failure};
use super::sipp::{Counted, Role, Sipp};
use super::{Binary, records};
use crate::step::Failure;

pub const WITHIN: Duration = Duration::from_secs(30);
const HOUSE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
pub const PASSWORD: &str = "secret-of-the-office";
/// Where the phones' media begins, above the house's; each has a hundred ports.
const PHONES_MEDIA: u16 = 30_000;
/// The tone of each phone. Their swings in 20 ms differ by three or more, and from those of a carrier.
const VOICES: [u32; 6] = [4, 6, 16, 32, 12, 3];

/// A user, and what is written of them beside their number and password.
pub struct User {
    pub name: &'static str,
    pub more: &'static str,
}

pub struct Office {
    pub folder: PathBuf,
    pub house: SocketAddr,
    pub carrier: SocketAddr,
    pub second: SocketAddr,
    node: Node,
    setting: Setting,
    capture: Capture,
    phones: u8,
}

/// How a phone takes a call.
#[derive(Clone, Copy)]
pub enum Answers {
    AtOnce,
    WhenTold,
}

/// What is left of an office.
pub struct Left {
    pub records: Vec<Value>,
    pub written: Written,
}

impl Office {
    /// The first user has the extension 0100 and +14255550100, and so on. Calls to +1303… go out by the
    /// second carrier, all others by the first.
    pub fn open(binary: &Binary, name: &str, users: &[User]) -> Result<Office, Failure> {
        Office::open_at(binary, name, users, ("", ""))
    }

    /// The same, with further lines of its interface and of its system.
    pub fn open_at(
        binary: &Binary,
        name: &str,
        users: &[User],
        more: (&str, &str),
    ) -> Result<Office, Failure> {
        Office::open_beside(binary, name, users, more, &[])
    }

    /// The same, with further files beside its documents.
    pub fn open_beside(
        binary: &Binary,
        name: &str,
        users: &[User],
        (listen, system): (&str, &str),
        files: &[(&str, &[u8])],
    ) -> Result<Office, Failure> {
        let folder = place::folder(name)?;
        let port = |address: IpAddr| free_port(address).map(|port| SocketAddr::new(address, port));
        let (house, carrier, second) = (port(HOUSE)?, port(at(32))?, port(at(33))?);
        let write = |name: &str, text: &str| {
            fs::write(folder.join(name), text).map_err(|error| io_failure(name, &error))
        };
        write("conf/password", PASSWORD)?;
        let users: String = users.iter().enumerate().map(user).collect();
        let base = documents((house, listen, system), carrier, second);
        write("conf/tandem.toml", &format!("{base}{users}"))?;
        for (name, bytes) in files {
            fs::write(folder.join("conf").join(name), bytes).map_err(|error| io_failure(name, &error))?;
        }
        let media = format!("{}-{}", HOUSE_MEDIA.start, HOUSE_MEDIA.end - 1);
        let phones = format!("{PHONES_MEDIA}-{}", PHONES_MEDIA + 599);
        let filter = format!("port {} or udp portrange {media} or udp portrange {phones}", house.port());
        let capture = Capture::start(&folder, &filter, house.port())?;
        let setting = Setting { sip: house, udp: house, media_ports: "20000-29999" };
        let node = Node::start(binary, &folder, &setting)?;
        Ok(Office { folder, house, carrier, second, node, setting, capture, phones: 0 })
    }

    /// A phone of a user; it has registered on return.
    pub fn phone(
        &mut self,
        whose: (&str, &str),
        transport: Transport,
        answers: Answers,
    ) -> Result<Handset, Failure> {
        self.start(whose, (transport, "PCMU"), answers, Shows::Nothing)
    }

    /// One that speaks a single codec, by its name as baresip has it.
    pub fn phone_of(&mut self, user: &str, codec: &str) -> Result<Handset, Failure> {
        self.start((user, user), (Transport::Udp, codec), Answers::AtOnce, Shows::Sound)
    }

    /// The phone of a user who watches another one.
    pub fn watcher(&mut self, user: &str, watched: &str) -> Result<Handset, Failure> {
        let uri = self.uri(watched);
        self.start((user, user), (Transport::Udp, "PCMU"), Answers::WhenTold, Shows::Presence(&uri))
    }

    /// The phone of a user that shows what waits in their mailbox.
    pub fn mailbox(&mut self, user: &str) -> Result<Handset, Failure> {
        self.start((user, user), (Transport::Udp, "PCMU"), Answers::WhenTold, Shows::Mailbox)
    }

    /// The first carrier as somebody who has this number, speaks G.711 and answers at once.
    pub fn far_end(&mut self, name: &str, number: &str) -> Result<Handset, Failure> {
        let rank = self.phones;
        self.phones += 1;
        let address = self.carrier;
        let account = format!("<sip:{number}@{address}>;regint=0;answermode=auto;audio_codecs=PCMU\n");
        let media = PHONES_MEDIA + 100 * u16::from(rank);
        let (voice, shows) = (VOICES[usize::from(rank)], Shows::Nothing);
        Handset::start(
            &self.folder,
            &Line { name, account: &account, address, media, voice, shows, authority: None },
        )
    }

    fn start(
        &mut self,
        (user, name): (&str, &str),
        (transport, codec): (Transport, &str),
        answers: Answers,
        shows: Shows<'_>,
    ) -> Result<Handset, Failure> {
        let rank = self.phones;
        self.phones += 1;
        let mode = match answers {
            Answers::AtOnce => "auto",
            Answers::WhenTold => "manual",
        };
        let account = format!(
            "<sip:{user}@{};transport={}>;auth_user={user};auth_pass={PASSWORD};\
             answermode={mode};audio_codecs={codec};regint=60\n",
            self.house,
            transport.word(),
        );
        let address = SocketAddr::new(at(40 + rank), free_port(at(40 + rank))?);
        let media = PHONES_MEDIA + 100 * u16::from(rank);
        let line = Line {
            name,
            account: &account,
            address,
            media,
            voice: VOICES[usize::from(rank)],
            shows,
            authority: None,
        };
        let phone = Handset::start(&self.folder, &line)?;
        // The event may be over before anybody listens.
        phone.traces(" 200 OK (Tandem")?;
        Ok(phone)
    }

    /// The URI of somebody as the house is asked for them.
    pub fn uri(&self, number: &str) -> String {
        format!("sip:{number}@{}", self.house)
    }

    /// The house dies as by a crash, and another takes its place.
    pub fn crash(self, binary: &Binary) -> Result<Office, Failure> {
        self.node.kill()?;
        let node = Node::start(binary, &self.folder, &self.setting)?;
        Ok(Office { node, ..self })
    }

    /// A carrier that is called once, at one of the two addresses.
    pub fn called(&self, scenario: &'static str, at: SocketAddr, more: &[&str]) -> Result<Sipp, Failure> {
        let options = [&["-m", "1"], more].concat();
        Sipp::start(&self.folder, &role(scenario, at, &options), None)
    }

    /// The first carrier calls once.
    pub fn calls(&self, scenario: &'static str, number: &str, more: &[&str]) -> Result<Sipp, Failure> {
        let caller = SocketAddr::new(self.carrier.ip(), free_port(self.carrier.ip())?);
        let options = [&["-m", "1", "-key", "number", number], more].concat();
        self.from(scenario, caller, &options)
    }

    /// SIPp asks the house for something, from this address.
    pub fn from(&self, scenario: &'static str, at: SocketAddr, options: &[&str]) -> Result<Sipp, Failure> {
        Sipp::start(&self.folder, &role(scenario, at, options), Some(self.house))
    }

    /// Ends the house, which may hold nothing, and the capture, of which tshark may not complain.
    pub fn close(self) -> Result<Left, Failure> {
        self.node.stop()?;
        let written = self.capture.end()?;
        written.expect_no_complaint()?;
        expect_marked(&written, self.house)?;
        Ok(Left { records: records::read(&self.folder)?, written })
    }
}

/// What the house sends is marked: messages as signalling, sound as what may not wait.
fn expect_marked(written: &Written, house: SocketAddr) -> Result<(), Failure> {
    let (address, port) = (house.ip(), house.port());
    let signalling = format!("(udp.srcport == {port} || tcp.srcport == {port}) && ip.dsfield.dscp != 24");
    let sound = format!("udp.srcport >= {} && udp.srcport < {}", HOUSE_MEDIA.start, HOUSE_MEDIA.end);
    for filter in [signalling, format!("{sound} && ip.dsfield.dscp != 46")] {
        if let Some(first) = written.frames(&format!("ip.src == {address} && {filter}"))?.first() {
            return Err(Failure::new(format!("not marked as it should be: {first}"), "see `dscp`"));
        }
    }
    Ok(())
}

/// The ports of a phone's media.
pub fn media_of(phone: &Handset) -> Range<u16> {
    phone.media..phone.media + 100
}

/// One call was made, and it succeeded.
pub fn expect_one(who: &str, counted: Counted) -> Result<(), Failure> {
    if (counted.succeeded, counted.failed) == (1, 0) {
        return Ok(());
    }
    let what = format!("{who}: {} calls succeeded and {} failed", counted.succeeded, counted.failed);
    Err(Failure::new(what, "read its errors in the scenario's folder"))
}

fn at(last: u8) -> IpAddr {
    IpAddr::from([127, 0, 0, last])
}

fn role<'a>(scenario: &'a str, local: SocketAddr, options: &[&str]) -> Role<'a> {
    let options = options.iter().map(|option| (*option).to_owned()).collect();
    Role { scenario, local, contact: format!("sip:carrier@{local}"), transport: Transport::Udp, options }
}

fn user((rank, user): (usize, &User)) -> String {
    format!(
        "[user.{}]\nnumber = \"+142555501{rank:02}\"\nextension = \"01{rank:02}\"\n\
         password = {{ file = \"password\" }}\nallow = [\"internal\", \"national\"]\n{}\n\n",
        user.name, user.more
    )
}

fn documents(
    (house, listen, system): (SocketAddr, &str, &str),
    carrier: SocketAddr,
    second: SocketAddr,
) -> String {
    let (address, port) = (house.ip(), house.port());
    // baresip gives up where another digest is offered beside its own.
    let digest = if system.contains("digest") { "" } else { "digest = [\"md5\"]\n" };
    let trunk = |name: &str, server: SocketAddr, style: &str| {
        format!(
            "[trunk.{name}]\nservers = [{{ uri = \"sip:{server}\" }}]\n\
             accept = {{ sources = [\"{}\"], message_waiting = true }}\nhealth = {{ options = \"off\" }}\n\
             identity = {{ diversion = \"{style}\" }}\n\n",
            server.ip()
        )
    };
    format!(
        "format = 1\n\n[system]\nname = \"interop\"\ncountry = \"US\"\n{digest}{system}\n\
         [interface.loop]\naddress = \"{address}\"\nudp = {port}\ntcp = {port}\n{listen}\n\
         media_ports = \"{}-{}\"\nside = \"inside\"\n\n{}{}\
         [numbers.block]\nrange = [\"+14255550100\", \"+14255550199\"]\ntrunk = \"carrier\"\n\n\
         [route.second]\norder = 10\nto = \"+1303…\"\nuse = [{{ trunk = \"second\" }}]\n\n\
         [route.out]\norder = 20\nto = \"+…\"\nuse = [{{ trunk = \"carrier\" }}]\n\n",
        HOUSE_MEDIA.start,
        HOUSE_MEDIA.end - 1,
        trunk("carrier", carrier, "diversion"),
        trunk("second", second, "history-info"),
    )
}
