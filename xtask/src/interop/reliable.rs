//! A caller that requires 100rel and a callee that sends its session in a reliable 183, both by SIPp: each
//! 183 has one PRACK, the 200 comes without a session, and no call fails.
//!
//! Proves: A13, C6.

use std::net::SocketAddr;
use std::time::Duration;

use super::calls::NUMBER;
use super::place::{self, Way};
use super::sipp::{Role, Sipp};
use super::stage::Stage;
use super::{Binary, Load, records};
use crate::step::Failure;

const WAY: Way = Way { name: "reliable", ..place::UDP_V4 };

pub fn run(binary: &Binary, load: Load) -> Result<String, Failure> {
    let (calls, rate) = match load {
        Load::Short => (200_u64, 40_u64),
        Load::Long => (4_000, 100),
    };
    let Stage { folder, caller, callee, setting, node } = Stage::set(binary, WAY)?;

    let uas =
        Sipp::start(&folder, &role("uas-reliable", callee, vec!["-m".into(), calls.to_string()]), None)?;
    let mut options = vec!["-key".to_owned(), "number".into(), NUMBER.into()];
    for (option, value) in [("-m", calls), ("-r", rate), ("-d", 500), ("-l", 5_000)] {
        options.extend([option.to_owned(), value.to_string()]);
    }
    let uac = Sipp::start(&folder, &role("uac-reliable", caller, options), Some(setting.sip))?;
    let at_caller = uac.finish(Duration::from_secs(calls / rate + 60))?;
    let at_callee = uas.finish(Duration::from_secs(30))?;
    node.stop()?;

    for (who, counted) in [("caller", at_caller), ("callee", at_callee)] {
        if counted.failed > 0 || counted.succeeded != calls {
            let what = format!("{who}: {} of {calls} calls, {} failed", counted.succeeded, counted.failed);
            return Err(Failure::new(what, format!("read {}", folder.display())));
        }
    }
    let kept = records::read(&folder)?;
    records::expect_exactly(&kept, usize::try_from(calls).unwrap_or(usize::MAX))?;
    Ok(format!("{calls} calls at {rate}/s with one PRACK on each leg, {} repeats", at_caller.repeated))
}

fn role(scenario: &'static str, local: SocketAddr, options: Vec<String>) -> Role<'static> {
    Role { scenario, local, contact: format!("sip:interop@{local}"), transport: WAY.transport, options }
}
