//! Calls from SIPp through the node to SIPp, over each transport and address family: none fails, each leaves
//! exactly one record, and nothing is held at the end.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::node::{self, Node};
use super::place::{self, Transport, UDP_V4, Way, free_port};
use super::sipp::{Role, Sipp};
use super::tls::{Certificates, Tunnel};
use super::{Binary, Load, records};
use crate::step::Failure;

pub const NUMBER: &str = "+14255550123";

struct Amount {
    calls: u64,
    rate: u64,
    hold_ms: u64,
}

fn amount(load: Load) -> Amount {
    match load {
        Load::Short => Amount { calls: 400, rate: 80, hold_ms: 500 },
        Load::Long => Amount { calls: 10_000, rate: 200, hold_ms: 1_000 },
    }
}

pub fn run(binary: &Binary, load: Load, way: Way) -> Result<String, Failure> {
    let folder = place::folder(way.name)?;
    let amount = amount(load);
    let callee = SocketAddr::new(way.address, free_port(way.address)?);
    let caller = SocketAddr::new(way.address, free_port(way.address)?);

    // SIPp as Debian builds it speaks no TLS: a tunnel on each side does, and SIPp speaks TCP to it.
    let certificates = match way.transport {
        Transport::Tls => Some(Certificates::make(&folder)?),
        Transport::Udp | Transport::Tcp => None,
    };
    let callee_door = match certificates {
        Some(_) => SocketAddr::new(way.address, free_port(way.address)?),
        None => callee,
    };
    let setting = node::configure(&folder, way, callee_door, certificates.as_ref())?;
    let tunnels = match &certificates {
        Some(kept) => Some(Tunnel::both_ways(&folder, kept, setting.sip, callee_door, callee)?),
        None => None,
    };
    let node = Node::start(binary, &folder, &setting)?;
    let way_in = tunnels.as_ref().map_or(setting.sip, |tunnel| tunnel.way_in);

    let uas = Sipp::start(&folder, &called(way, callee, callee_door, &amount), None)?;
    let uac = Sipp::start(&folder, &calling(way, caller, &amount), Some(way_in))?;
    let within = Duration::from_secs(amount.calls / amount.rate + 60);
    let at_caller = uac.finish(within)?;
    let at_callee = uas.finish(Duration::from_secs(30))?;
    node.stop()?;

    for (who, counted) in [("caller", at_caller), ("callee", at_callee)] {
        if counted.failed > 0 || counted.succeeded != amount.calls {
            let what =
                format!("{who}: {} of {} calls, {} failed", counted.succeeded, amount.calls, counted.failed);
            return Err(Failure::new(what, format!("read {}", folder.display())));
        }
    }
    let kept = records::read(&folder)?;
    records::expect_exactly(&kept, usize::try_from(amount.calls).unwrap_or(usize::MAX))?;
    Ok(format!(
        "{} calls at {}/s, {} repeats, {} records",
        amount.calls,
        amount.rate,
        at_caller.repeated,
        kept.len()
    ))
}

/// One call that is answered and ended, of the house at `house`.
pub fn one(folder: &Path, house: SocketAddr, caller: SocketAddr, callee: SocketAddr) -> Result<(), Failure> {
    let amount = Amount { calls: 1, rate: 1, hold_ms: 0 };
    let uas = Sipp::start(folder, &called(UDP_V4, callee, callee, &amount), None)?;
    let uac = Sipp::start(folder, &calling(UDP_V4, caller, &amount), Some(house))?;
    uac.finish(Duration::from_secs(30))?;
    uas.finish(Duration::from_secs(30))?;
    Ok(())
}

/// A call in progress: both of its sides.
pub struct Begun(Sipp, Sipp);

/// One call that is answered, and goes on for so long.
pub fn begin(
    folder: &Path,
    house: SocketAddr,
    (caller, callee): (SocketAddr, SocketAddr),
    hold_ms: u64,
) -> Result<Begun, Failure> {
    let amount = Amount { calls: 1, rate: 1, hold_ms };
    let uas = Sipp::start(folder, &called(UDP_V4, callee, callee, &amount), None)?;
    let uac = Sipp::start(folder, &calling(UDP_V4, caller, &amount), Some(house))?;
    Ok(Begun(uac, uas))
}

/// Waits until it is over.
pub fn finish(Begun(uac, uas): Begun) -> Result<(), Failure> {
    uac.finish(Duration::from_secs(60))?;
    uas.finish(Duration::from_secs(30))?;
    Ok(())
}

/// So many calls, so many a second: all are answered and ended.
pub fn many(
    folder: &Path,
    house: SocketAddr,
    (caller, callee): (SocketAddr, SocketAddr),
    (calls, rate): (u64, u64),
) -> Result<(), Failure> {
    let amount = Amount { calls, rate, hold_ms: 200 };
    let within = Duration::from_secs(calls / rate + 60);
    let uas = Sipp::start(folder, &called(UDP_V4, callee, callee, &amount), None)?;
    let uac = Sipp::start(folder, &calling(UDP_V4, caller, &amount), Some(house))?;
    let counted = uac.finish(within)?;
    uas.finish(Duration::from_secs(30))?;
    if counted.failed > 0 || counted.succeeded != calls {
        let what = format!("{} of {calls} calls, {} failed", counted.succeeded, counted.failed);
        return Err(Failure::new(what, format!("read {}", folder.display())));
    }
    Ok(())
}

fn calling<'a>(way: Way, local: SocketAddr, amount: &Amount) -> Role<'a> {
    let mut options = vec!["-key".to_owned(), "number".into(), NUMBER.into()];
    for (option, value) in [("-m", amount.calls), ("-r", amount.rate), ("-d", amount.hold_ms), ("-l", 5_000)]
    {
        options.extend([option.to_owned(), value.to_string()]);
    }
    Role {
        scenario: "uac",
        local,
        contact: format!("sip:caller@{local};transport={}", way.transport.word()),
        transport: way.transport,
        options,
    }
}

fn called<'a>(way: Way, local: SocketAddr, door: SocketAddr, amount: &Amount) -> Role<'a> {
    Role {
        scenario: "uas",
        local,
        contact: format!("sip:callee@{door};transport={}", way.transport.word()),
        transport: way.transport,
        options: vec!["-m".into(), amount.calls.to_string()],
    }
}
