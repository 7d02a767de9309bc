//! Audio through the relay: fifty packets from the caller, echoed by the callee, none lost either way, by the
//! node's own count in its records.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::calls::NUMBER;
use super::place::{Transport, UDP_V4, Way, io_failure};
use super::sipp::{Role, Sipp};
use super::stage::Stage;
use super::{Binary, Load, records};
use crate::step::Failure;

const PACKETS: u64 = 50;
/// The samples of half a wave of SIPp's tone.
pub const HALF_WAVE: u32 = 8;
/// Packets of one call that SIPp's echo may drop.
const ECHO_DROPS_MAX: u64 = 5;
/// Calls a second: some 100 talk at once, which SIPp's one echo socket can follow.
const RATE_MAX: u64 = 50;
const WAY: Way = Way { name: "audio", ..UDP_V4 };

pub fn run(binary: &Binary, load: Load) -> Result<String, Failure> {
    let calls: u64 = if load == Load::Long { 10_000 } else { 40 };
    let Stage { folder, caller, callee, setting, node } = Stage::set(binary, WAY)?;
    write_tone(&folder)?;

    let mut options: Vec<String> = vec!["-m".into(), calls.to_string()];
    options.push("-rtp_echo".into());
    let contact = format!("sip:callee@{callee}");
    let called = Role { scenario: "uas", local: callee, contact, transport: Transport::Udp, options };
    let uas = Sipp::start(&folder, &called, None)?;

    let rate = (calls / 4).min(RATE_MAX).to_string();
    let options = ["-m", &calls.to_string(), "-r", &rate, "-key", "number", NUMBER];
    let options = options.iter().map(|option| (*option).to_owned()).collect();
    let contact = format!("sip:caller@{caller}");
    let calling = Role { scenario: "uac-audio", local: caller, contact, transport: Transport::Udp, options };
    let uac = Sipp::start(&folder, &calling, Some(setting.sip))?;
    let counted = uac.finish(Duration::from_secs(60 + calls / RATE_MAX))?;
    uas.finish(Duration::from_secs(30))?;
    node.stop()?;

    if counted.succeeded != calls {
        return Err(Failure::new(format!("{} of {calls} calls", counted.succeeded), "read uac-audio.errors"));
    }
    let kept = records::read(&folder)?;
    records::expect_exactly(&kept, usize::try_from(calls).unwrap_or(usize::MAX))?;
    for record in &kept {
        each_packet_arrived(record)?;
    }
    Ok(format!("{calls} calls, {} packets relayed each way, none lost by the relay", calls * PACKETS))
}

/// What the relay took, it passed on. SIPp echoes all calls through one socket, which drops a few packets
/// of a thousand calls: those never came back to the relay.
fn each_packet_arrived(record: &Value) -> Result<(), Failure> {
    let figure = |side: &str, name: &str| record["media"][side][name].as_u64();
    let echoed = figure("callee", "packets_in").unwrap_or(0);
    if echoed + ECHO_DROPS_MAX < PACKETS {
        let what = format!("only {echoed} of {PACKETS} packets came back: {}", record["media"]);
        return Err(Failure::new(what, "read the callee's log: is SIPp starved?"));
    }
    let expected = [
        ("caller", "packets_in", PACKETS),
        ("callee", "packets_out", PACKETS),
        ("caller", "packets_out", echoed),
        ("caller", "lost", 0),
    ];
    for (side, name, count) in expected {
        if figure(side, name) != Some(count) {
            let what = format!("{side} {name} is {:?}, not {count}: {}", figure(side, name), record["media"]);
            return Err(Failure::new(
                what,
                "if SIPp was starved, run it alone; else the relay dropped packets",
            ));
        }
    }
    Ok(())
}

/// A second of half waves of so many samples, as a file that a house plays to whoever waits.
pub fn music(half_wave: u32) -> Vec<u8> {
    wave(half_wave, 1)
}

/// So many seconds of half waves of so many samples, as a file.
pub fn wave(half_wave: u32, seconds: u32) -> Vec<u8> {
    const SECOND: u32 = 8_000;
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    file.extend([SECOND, 2 * SECOND].map(u32::to_le_bytes).concat());
    file.extend(b"\x02\0\x10\0data");
    file.extend((2 * SECOND * seconds).to_le_bytes());
    let wave = |at: u32| if (at / half_wave).is_multiple_of(2) { 6_000i16 } else { -6_000 };
    file.extend((0..SECOND * seconds).flat_map(|at| wave(at).to_le_bytes()));
    file
}

/// One second of something that is not silence, in µ-law, where SIPp finds it.
pub fn write_tone(folder: &Path) -> Result<(), Failure> {
    let tone: Vec<u8> =
        (0..8_000).map(|at| if (at / HALF_WAVE).is_multiple_of(2) { 0x10 } else { 0x90 }).collect();
    fs::write(folder.join("tone.ulaw"), tone).map_err(|error| io_failure("tone.ulaw", &error))
}
