//! A house behind a NAT that nobody can configure, as a full agent of ICE: it knows no address of its own but
//! an inner one, and calls far ends outside that speak only where checks have led them. One has the agent of
//! aioice, which shares no code with the house; the other only answers. Behind each kind of NAT, the
//! symmetric one too, its user's phone hears itself again.
//!
//! Proves: G2, G3.

use std::net::{IpAddr, SocketAddr};
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::aiortc::PYTHON;
use super::handset::Handset;
use super::hearing::{expect_wave, newest_wave};
use super::nat::site::{Addresses, KINDS, Kind, OUTSIDE, PHONES, Site};
use super::office::{Office, User};
use super::page::Page;
use super::place::free_port;
use super::{Binary, Load, alone};
use crate::step::{Failure, root};

const USERS: [User; 1] = [User { name: "hana", more: "" }];
const NUMBER: &str = "+13605550142";
/// Two rounds of consent, and then some.
const WHILE: Duration = Duration::from_secs(7);
/// Of fifty packets a second.
const HEARD_MIN: u32 = 200;

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    if !alone::is_alone() {
        return Err(Failure::new("there is no network of its own", "needs root and iproute2"));
    }
    let _addresses = Addresses::take()?;
    for kind in KINDS {
        for manner in ["lite", "full"] {
            behind(binary, kind, manner).map_err(|failure| {
                let what = format!("behind a {} NAT, to a {manner} agent: {failure}", kind.name);
                Failure::new(what, format!("read target/interop/ice-{}-{manner}", kind.name))
            })?;
        }
    }
    Ok(format!("{} kinds of NAT, to aioice and to a far end that only answers", KINDS.len()))
}

fn behind(binary: &Binary, kind: Kind, manner: &str) -> Result<(), Failure> {
    let (site, outside) = (Site::open(kind)?, IpAddr::V4(OUTSIDE));
    let there = SocketAddr::new(outside, free_port(outside)?);
    let name = format!("ice-{}-{manner}", kind.name);
    let mut office = site.within(|| {
        let port = free_port(IpAddr::V4(PHONES))?;
        Office::open_at(binary, &name, &USERS, ("", &documents(port, there)))
    })?;
    let mut command = Command::new(root().join(PYTHON));
    command.arg(root().join("interop/ice/far.py"));
    command.args([&outside.to_string(), &there.port().to_string(), manner]);
    let mut far = Page::start(&office.folder, "far", &mut command)?;
    far.tells("ready")?;
    let mut hana = site.within(|| office.phone_of("hana", "PCMU"))?;

    let spoken = speak(&office, &mut hana, &mut far);

    drop(hana);
    let left = site.within(|| office.close());
    spoken.and(left).map(|_| ())
}

fn speak(office: &Office, hana: &mut Handset, far: &mut Page) -> Result<(), Failure> {
    hana.tell("dial", &office.uri(NUMBER))?;
    hana.talks()?;
    far.tells("chosen 198.51.100.2 ")?;
    thread::sleep(WHILE);
    hana.tell("hangup", "")?;
    hana.is_left()?;
    let heard = far.tells("heard")?;
    far.tells("over")?;
    far.expect_untold("error")?;
    let packets: Option<u32> = heard.split(' ').next_back().and_then(|count| count.parse().ok());
    if packets.is_none_or(|packets| packets < HEARD_MIN) {
        return Err(Failure::new(format!("the far end {heard} packets"), "read far.log"));
    }
    expect_wave(&newest_wave(&office.folder.join("hana"))?, hana.voice)
}

/// An outer interface with an inner address, and a trunk that is reached from there.
fn documents(port: u16, there: SocketAddr) -> String {
    format!(
        "\n[interface.out]\naddress = \"{PHONES}\"\nudp = {port}\nmedia_ports = \"20000-29999\"\n\
         side = \"outside\"\nice = \"full\"\n\n[trunk.far]\nservers = [{{ uri = \"sip:{there}\" }}]\n\
         health = {{ options = \"off\" }}\n\n[route.far]\norder = 5\nto = \"+1360…\"\n\
         use = [{{ trunk = \"far\" }}]\n"
    )
}
