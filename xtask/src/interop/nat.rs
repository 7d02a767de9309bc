//! Phones behind NATs: full cone, address-restricted, port-restricted and symmetric, each made of namespaces
//! and nftables, and proven to be what it is called. Behind each of them two baresips of one user, a linphone
//! and the house's own phone in Chromium register with the house's outer interface, are called from the
//! inside and call a trunk: baresip and linphone by UDP and by TLS, and by TCP where the NAT is the
//! strictest. Each end hears the other; two phones of one user ring, and the other one stops.
//!
//! Proves: D3, G1, G2, F-50.

mod linphone;
pub mod site;

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use super::baresip::Shows;
use super::handset::{Handset, Line};
use super::hearing::{Heard, Span, expect_wave, newest_wave};
use super::office::{Answers, Office, PASSWORD, User, WITHIN, expect_one, media_of};
use super::page::{Page, Whose};
use super::place::{Transport, free_port, io_failure};
use super::tls::Certificates;
use super::{Binary, Load, alone, baresip, place};
use crate::step::Failure;
use linphone::Linphone;
use site::{Addresses, KINDS, Kind, OUTSIDE, PHONES, Site};

const USERS: [User; 4] = [
    User { name: "lobby", more: "" },
    User { name: "hana", more: "" },
    User { name: "minsu", more: "" },
    User { name: "jisoo", more: "" },
];
const TRUNK: &str = "+12065550142";
const HERTZ: u32 = 8000;
/// The samples of half a wave of each phone's tone; none is like the lobby's, or like another one.
const FIRST: u32 = 6;
const SECOND: u32 = 16;
const LINPHONE: u32 = 12;
const PAGE: u32 = 10;
const PAGE_SECONDS: u32 = 4;
const OFF_BY_MAX: u32 = 30;
/// Of packets, where a jitter buffer or a resampler is at the other end.
const SKIPS_MAX: usize = 10;
const MEDIA: u16 = 31_000;
const LINPHONE_PORT: u16 = 25_070;
const WHILE: Duration = Duration::from_secs(2);

/// Whom the lobby heard, and when.
type HeardThere = Vec<(Span, u32)>;

/// What stands before the phones of one site.
struct Street {
    office: Office,
    lobby: Handset,
    /// Where phones outside find the house by UDP and TCP, and by TLS.
    doors: [SocketAddr; 2],
    authority: PathBuf,
    site: Site,
    heard: HeardThere,
    /// How many passes there were: each has ports of its own.
    passes: u16,
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    if !alone::is_alone() {
        return Err(Failure::new("there is no network of its own", "needs root and iproute2"));
    }
    let keys = Certificates::make(&place::folder("nat-keys")?)?;
    let _addresses = Addresses::take()?;
    for kind in KINDS {
        behind(binary, &keys, kind).map_err(|failure| {
            Failure::new(
                format!("behind a {} NAT: {failure}", kind.name),
                format!("read target/interop/nat-{}", kind.name),
            )
        })?;
    }
    Ok(format!("{} kinds of NAT: baresip, linphone and the house's phone, in and out", KINDS.len()))
}

fn behind(binary: &Binary, keys: &Certificates, kind: Kind) -> Result<(), Failure> {
    let outside = IpAddr::V4(OUTSIDE);
    let (udp, tls, wss) = (free_port(outside)?, free_port(outside)?, free_port(outside)?);
    let interface = format!(
        "\n[interface.out]\naddress = \"{OUTSIDE}\"\nudp = {udp}\ntcp = {udp}\ntls = {tls}\nwss = {wss}\n\
         phone = true\n\
         tls_certificate = {:?}\ntls_key = {:?}\nmedia_ports = \"20000-29999\"\nside = \"outside\"\n",
        keys.certificate, keys.key
    );
    let mut office = Office::open_at(binary, &format!("nat-{}", kind.name), &USERS, ("", &interface))?;
    let tone = baresip::tone(PAGE_SECONDS, PAGE);
    fs::write(office.folder.join("microphone.wav"), tone)
        .map_err(|error| io_failure("microphone", &error))?;
    let lobby = office.phone(("lobby", "lobby"), Transport::Udp, Answers::AtOnce)?;
    let (doors, site) = ([udp, tls].map(|port| SocketAddr::new(outside, port)), Site::open(kind)?);
    let (authority, heard) = (keys.authority.clone(), Vec::new());
    let mut street = Street { office, lobby, doors, authority, site, heard, passes: 0 };

    for transport in kind.transports() {
        let by = |failure: Failure| Failure::new(format!("by {}: {failure}", transport.word()), "see there");
        two_baresips(&mut street, *transport).map_err(by)?;
        linphone(&mut street, *transport).map_err(by)?;
        street.passes += 1;
    }
    page(&mut street, &format!("wss://{OUTSIDE}:{wss}"), keys)?;

    let Street { office, lobby, site, heard, .. } = street;
    let at_lobby = media_of(&lobby);
    drop((lobby, site));
    let left = office.close()?;
    let there = Heard::at(&left.written, "the lobby", at_lobby)?;
    heard.iter().try_for_each(|(span, voice)| there.expect_voice_but(*span, *voice, SKIPS_MAX))
}

impl Street {
    /// A baresip of hana's behind the NAT.
    fn baresip(
        &self,
        (name, transport): (&str, Transport),
        media: u16,
        voice: u32,
    ) -> Result<Handset, Failure> {
        let (name, word) = (&*format!("{name}-{}", transport.word()), transport.word());
        let (door, media) = (self.door(transport), media + 200 * self.passes);
        let account = format!(
            "<sip:hana@{door};transport={word}>;auth_user=hana;auth_pass={PASSWORD};answermode=manual;\
             audio_codecs=PCMU;regint=60\n"
        );
        self.site.within(|| {
            let address = SocketAddr::new(IpAddr::V4(PHONES), free_port(IpAddr::V4(PHONES))?);
            let (shows, authority) = (Shows::Sound, Some(&*self.authority));
            let line = Line { name, account: &account, address, media, voice, shows, authority };
            let phone = Handset::start(&self.office.folder, &line)?;
            phone.traces(" 200 OK (Tandem")?;
            Ok(phone)
        })
    }

    fn trunk(&self, transport: Transport) -> String {
        format!("sip:{TRUNK}@{};transport={}", self.door(transport), transport.word())
    }

    fn door(&self, transport: Transport) -> SocketAddr {
        self.doors[usize::from(transport == Transport::Tls)]
    }
}

fn two_baresips(street: &mut Street, transport: Transport) -> Result<(), Failure> {
    let mut first = street.baresip(("first", transport), MEDIA, FIRST)?;
    let mut second = street.baresip(("second", transport), MEDIA + 100, SECOND)?;
    street.lobby.tell("dial", &street.office.uri("0101"))?;
    first.rings()?;
    second.rings()?;
    second.tell("accept", "")?;
    first.is_left()?;
    second.talks()?;
    street.lobby.talks()?;
    street.heard.push((Span::pass(WHILE), SECOND));
    street.lobby.tell("hangup", "")?;
    second.is_left()?;
    street.lobby.is_left()?;
    let heard = |phone: &Handset| newest_wave(&street.office.folder.join(&phone.name));
    expect_wave(&heard(&second)?, street.lobby.voice)?;

    let carrier = street.office.called("uas", street.office.carrier, &["-rtp_echo"])?;
    first.tell("dial", &street.trunk(transport))?;
    first.talks()?;
    thread::sleep(WHILE);
    first.tell("hangup", "")?;
    first.is_left()?;
    expect_one("the trunk", carrier.finish(WITHIN)?)?;
    expect_wave(&heard(&first)?, first.voice)
}

fn linphone(street: &mut Street, transport: Transport) -> Result<(), Failure> {
    let (folder, authority) = (street.office.folder.clone(), street.authority.clone());
    let port = LINPHONE_PORT + 200 * street.passes;
    let way = (transport, street.door(transport), port);
    let mut phone =
        street.site.within(|| Linphone::start(&folder, ("minsu", PASSWORD), way, (LINPHONE, &authority)))?;
    let heard = phone.listens()?;
    street.lobby.tell("dial", &street.office.uri("0102"))?;
    phone.talks()?;
    street.lobby.talks()?;
    street.heard.push((Span::pass(WHILE), LINPHONE));
    street.lobby.tell("hangup", "")?;
    street.lobby.is_left()?;
    thread::sleep(Duration::from_secs(1));
    expect_wave(&heard, street.lobby.voice)?;

    let heard = phone.listens()?;
    let carrier = street.office.called("uas", street.office.carrier, &["-rtp_echo"])?;
    phone.calls(&street.trunk(transport))?;
    phone.talks()?;
    thread::sleep(WHILE);
    phone.hangs_up()?;
    expect_one("the trunk", carrier.finish(WITHIN)?)?;
    thread::sleep(Duration::from_secs(1));
    expect_wave(&heard, LINPHONE)
}

fn page(street: &mut Street, url: &str, keys: &Certificates) -> Result<(), Failure> {
    let (folder, house) = (street.office.folder.clone(), street.doors[0]);
    let whose = Whose {
        user: "jisoo",
        password: PASSWORD,
        house,
        url,
        origin: "-",
        media: 0,
        authority: Some(&keys.authority),
    };
    let mut page = street.site.within(|| Page::phone(&folder, "page", &whose))?;
    page.does("enter")?;
    page.tells("registered")?;
    street.lobby.tell("dial", &street.office.uri("0103"))?;
    page.tells("rings")?;
    page.does("answer")?;
    page.tells("talks")?;
    page.tells("media connected")?;
    street.lobby.talks()?;
    street.heard.push((Span::pass(WHILE), PAGE));
    expect_hears(&mut page, street.lobby.voice)?;
    street.lobby.tell("hangup", "")?;
    page.tells("over")?;

    let carrier = street.office.called("uas", street.office.carrier, &["-rtp_echo"])?;
    page.does(&format!("call {TRUNK}"))?;
    page.tells("talks")?;
    page.tells("media connected")?;
    thread::sleep(WHILE);
    expect_hears(&mut page, PAGE)?;
    page.does("hangup")?;
    expect_one("the trunk", carrier.finish(WITHIN)?)?;
    page.does("out")
}

/// What comes out of the page's speaker is this voice.
fn expect_hears(page: &mut Page, voice: u32) -> Result<(), Failure> {
    page.does("listen")?;
    let told = page.tells("hears")?;
    let wanted = HERTZ / (2 * voice);
    let hz: Option<u32> = told.split(' ').next_back().and_then(|hz| hz.parse().ok());
    match hz {
        Some(hz) if hz.abs_diff(wanted) <= OFF_BY_MAX => Ok(()),
        _ => Err(Failure::new(format!("the page {told}, not {wanted} Hz"), "read page.log")),
    }
}
