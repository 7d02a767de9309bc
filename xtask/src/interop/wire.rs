//! A second opinion on what goes over the wire: tshark captures calls and dissects every message of the node.

use std::net::SocketAddr;
use std::time::Duration;

use super::calls::NUMBER;
use super::capture::Capture;
use super::place::{Transport, UDP_V4, Way};
use super::sipp::{Role, Sipp};
use super::stage::Stage;
use super::{Binary, Load};
use crate::step::Failure;

const WAY: Way = Way { name: "wire", ..UDP_V4 };
const CALLS: usize = 50;
/// Seven that the node gets or sends on each leg, the OPTIONS that asked whether it is there aside.
const MESSAGES_EACH: usize = 13;

pub fn run(binary: &Binary, _load: Load) -> Result<String, Failure> {
    let Stage { folder, caller, callee, setting, node } = Stage::set(binary, WAY)?;
    let capture = Capture::start(&folder, &format!("udp port {}", setting.sip.port()), setting.sip.port())?;

    let calls = CALLS.to_string();
    let uas = Sipp::start(&folder, &role("uas", callee, &["-m", &calls]), None)?;
    let options = ["-m", &calls, "-r", "50", "-d", "200", "-key", "number", NUMBER];
    let uac = Sipp::start(&folder, &role("uac", caller, &options), Some(setting.sip))?;
    uac.finish(Duration::from_secs(30))?;
    uas.finish(Duration::from_secs(30))?;
    let capture = capture.end()?;
    node.stop()?;

    let messages = capture.frames("sip")?.len();
    if messages < CALLS * MESSAGES_EACH {
        let what =
            format!("{messages} messages were captured, where {CALLS} calls have {}", CALLS * MESSAGES_EACH);
        return Err(Failure::new(what, "read tshark.log in the scenario's folder"));
    }
    capture.expect_no_complaint()?;
    Ok(format!("{messages} messages of {CALLS} calls, nothing that tshark complains of"))
}

fn role<'a>(scenario: &'a str, local: SocketAddr, options: &[&str]) -> Role<'a> {
    let options = options.iter().map(|option| (*option).to_owned()).collect();
    Role { scenario, local, contact: format!("sip:interop@{local}"), transport: Transport::Udp, options }
}
