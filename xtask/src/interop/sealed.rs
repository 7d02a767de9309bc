//! baresip calls by TLS with SRTP, SIPp answers by UDP in clear and echoes: both are heard, all is proven.
//!
//! Proves: A20.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use super::baresip::Phone;
use super::calls::NUMBER;
use super::node::{Node, Setting};
use super::place::{self, Transport, UDP_V4, free_port, io_failure};
use super::sipp::{Role, Sipp};
use super::tls::Certificates;
use super::{Binary, Load, records};
use crate::step::Failure;

/// It counts from its start: on a busy machine seconds go by before it calls.
const SECONDS: u32 = 12;
/// Four seconds of twenty milliseconds each, of those that the phone stays.
const PACKETS_MIN: u64 = 200;
/// baresip sends a packet or two before its keys are in place.
const UNPROVEN_MAX: u64 = 3;

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let folder = place::folder("sealed")?;
    let address = UDP_V4.address;
    let certificates = Certificates::make(&folder)?;
    let port = || free_port(address).map(|port| SocketAddr::new(address, port));
    let (callee, phone, udp, tls) = (port()?, port()?, port()?, port()?);
    let setting = Setting { sip: tls, udp, media_ports: "20000-29999" };
    configure(&folder, &setting, callee, &certificates)?;
    let node = Node::start(binary, &folder, &setting)?;

    let contact = format!("sip:callee@{callee}");
    let options = vec!["-m".into(), "1".into(), "-rtp_echo".into()];
    let called = Role { scenario: "uas", local: callee, contact, transport: Transport::Udp, options };
    let uas = Sipp::start(&folder, &called, None)?;
    let account = format!("<sip:caller@{tls};transport=tls>;regint=0;mediaenc=srtp-mand;audio_codecs=PCMU\n");
    let caller = Phone {
        account: &account,
        authority: Some(&certificates.authority),
        address: phone,
        seconds: SECONDS,
    };
    let said = caller.call(&folder, &format!("sip:{NUMBER}@{tls};transport=tls"))?;
    uas.finish(Duration::from_secs(30))?;
    node.stop()?;

    if !said.contains("SRTP is Enabled") || !said.contains("Call established") {
        return Err(Failure::new("baresip had no sealed call", "read baresip/log"));
    }
    let kept = records::read(&folder)?;
    records::expect_exactly(&kept, 1)?;
    judged(&kept[0])
}

fn judged(record: &Value) -> Result<String, Failure> {
    let media = &record["media"];
    let count = |side: &str, name: &str| media[side][name].as_u64().unwrap_or(0);
    let heard =
        [count("caller", "packets_in"), count("callee", "packets_in"), count("caller", "packets_out")];
    let is_sealed = media["caller"]["srtp"].is_string() && media["callee"]["srtp"].is_null();
    if !is_sealed || heard.iter().any(|packets| *packets < PACKETS_MIN) {
        return Err(Failure::new(format!("not sealed, or not heard: {media}"), "read the node's log"));
    }
    if count("caller", "unproven") > UNPROVEN_MAX {
        return Err(Failure::new(format!("packets were not believed: {media}"), "compare the keys"));
    }
    let suite = media["caller"]["srtp"].as_str().unwrap_or_default();
    Ok(format!("{} packets from the phone, {} back, {suite} to clear", heard[0], heard[2]))
}

fn configure(
    folder: &std::path::Path,
    setting: &Setting,
    callee: SocketAddr,
    kept: &Certificates,
) -> Result<(), Failure> {
    let address = setting.udp.ip();
    let text = format!(
        "format = 1\n\n[system]\nname = \"interop\"\ncountry = \"US\"\n\n\
         [interface.loop]\naddress = \"{address}\"\nudp = {}\ntls = {}\ntls_certificate = {:?}\n\
         tls_key = {:?}\ntls_verify = {:?}\nmedia_ports = \"{}\"\nside = \"outside\"\n\n\
         [trunk.callers]\nkind = \"pbx\"\nservers = [{{ uri = \"sip:{}\" }}]\n\
         accept = {{ sources = [\"{address}\"], did = \"any\" }}\ndirection = \"in\"\n\
         media = {{ srtp = \"required\" }}\nhealth = {{ options = \"off\" }}\n\n\
         [trunk.callees]\nservers = [{{ uri = \"sip:{callee}\" }}]\ndirection = \"out\"\n\
         media = {{ srtp = \"off\" }}\nhealth = {{ options = \"off\" }}\n\n\
         [route.all]\norder = 10\nto = \"*\"\nfrom = {{ trunk = \"callers\" }}\n\
         use = [{{ trunk = \"callees\" }}]\n",
        setting.udp.port(),
        setting.sip.port(),
        kept.certificate,
        kept.key,
        kept.authority,
        setting.media_ports,
        setting.udp,
    );
    fs::write(folder.join("conf/tandem.toml"), text).map_err(|error| io_failure("tandem.toml", &error))
}
