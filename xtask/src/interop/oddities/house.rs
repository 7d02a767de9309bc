//! The house that all oddities are played against: each has trunks and a route of its own.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use super::super::node::Setting;
use super::super::place::{free_port, io_failure};
use super::script::Side;
use super::table::{Oddity, Travel};
use crate::step::Failure;

const HOUSE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Where the sides of an oddity are: each has an address of its own, which is what it is known by.
pub const PORT: u16 = 5060;

/// The address of one side of the oddity with this index.
pub fn address(role: &str, index: usize) -> Ipv4Addr {
    let [high, low] = u16::try_from(index + 1).unwrap_or(u16::MAX).to_be_bytes();
    let network = match role {
        "caller" => 2,
        "callee" => 4,
        _ => 6,
    };
    Ipv4Addr::new(127, network, high, low)
}

/// The number that is called in it.
pub fn number(index: usize) -> String {
    format!("+1425555{:04}", 1000 + index)
}

/// The same as scripts may write it: with its plus, without, and as people nearby dial it.
pub fn digits(index: usize) -> [(&'static str, String); 3] {
    let number = number(index);
    [("digits", number[1..].to_owned()), ("local", number[2..].to_owned()), ("number", number)]
}

/// Writes the configuration of all of them.
pub fn configure(folder: &Path, oddities: &[Oddity], sides: &[Vec<Side>]) -> Result<Setting, Failure> {
    let port = free_port(HOUSE)?;
    let mut text = format!(
        "format = 1\n\n[system]\nname = \"oddities\"\ncountry = \"US\"\n\n\
         [interface.loop]\naddress = \"{HOUSE}\"\nudp = {port}\ntcp = {port}\n\
         media_ports = \"20000-29999\"\nside = \"outside\"\n{}",
        caller_trunk("rough", HOUSE, "")
    );
    for (index, (oddity, sides)) in oddities.iter().zip(sides).enumerate() {
        text.push_str(&one(index, oddity, sides));
    }
    for (name, text) in [("conf/tandem.toml", text.as_str()), ("conf/password", "odd")] {
        fs::write(folder.join(name), text).map_err(|error| io_failure(name, &error))?;
    }
    let sip = SocketAddr::new(HOUSE, port);
    Ok(Setting { sip, udp: sip, media_ports: "20000-29999" })
}

fn one(index: usize, oddity: &Oddity, sides: &[Side]) -> String {
    let Oddity { name, from, trunk, house, travel, .. } = oddity;
    let transport = if *travel == Travel::Udp { "udp" } else { "tcp" };
    // A rough connection comes from the house's own address: it is the number that tells those calls apart.
    let (caller, to, caller_trunk) = match travel {
        Travel::Udp | Travel::Tcp => {
            let address = address("caller", index);
            (name.as_str(), "*".to_owned(), caller_trunk(name, address.into(), from))
        }
        Travel::Cut | Travel::Gathered => ("rough", number(index), String::new()),
    };
    let callee_trunk = |role: &str, more: &str| {
        format!(
            "\n[trunk.{name}-{role}]\n\
             servers = [{{ uri = \"sip:{}:{PORT};transport={transport}\" }}]\n\
             direction = \"out\"\nhealth = {{ options = \"off\" }}\n{more}\n",
            address(role, index)
        )
    };
    let (other, next) = match sides.iter().any(|side| side.role == "other") {
        true => (callee_trunk("other", ""), format!(", {{ trunk = \"{name}-other\" }}")),
        false => (String::new(), String::new()),
    };
    format!(
        "{caller_trunk}{}{other}\n[route.{name}]\norder = 10\nto = \"{to}\"\n\
         from = {{ trunk = \"{caller}-caller\" }}\nuse = [{{ trunk = \"{name}-callee\" }}{next}]\n{house}\n",
        callee_trunk("callee", trunk)
    )
}

fn caller_trunk(name: &str, address: IpAddr, more: &str) -> String {
    format!(
        "\n[trunk.{name}-caller]\nkind = \"pbx\"\nservers = [{{ uri = \"sip:{address}:{PORT}\" }}]\n\
         accept = {{ sources = [\"{address}\"], did = \"any\" }}\n\
         direction = \"in\"\nhealth = {{ options = \"off\" }}\n{more}\n"
    )
}
