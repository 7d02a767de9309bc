//! What a house of some size needs, by its traffic and by figures that were measured.

use serde::Serialize;

use crate::erlang::channels_for;
use crate::measured::Measured;

/// One port pair in twenty is kept for calls for help.
const KEPT_FOR_HELP: f64 = 0.05;
/// Before it is answered a call has ports, wherever its media goes then; and they rest for a while after it.
const RINGS_AND_RESTS_S: f64 = 15.0 + 5.0;
/// Packets of 20 ms, from each side.
const PACKETS_A_SECOND: f64 = 100.0;

/// What people do in the busy hour.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Load {
    pub users: u32,
    /// Of one user.
    pub calls_an_hour: f64,
    /// How long one takes a channel, ringing and all.
    pub hold_s: f64,
    /// The share of calls that takes a channel of a trunk.
    pub outside: f64,
    /// The share of calls whose media leaves the house once they are answered.
    pub direct: f64,
}

/// How well it is to be served.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Service {
    /// The share of calls in the busy hour that may find no channel.
    pub blocking: f64,
    /// So many times what was measured.
    pub headroom: f64,
}

/// What it takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Size {
    pub calls_an_hour: f64,
    pub calls_a_second: f64,
    /// In the busiest seconds of the hour, where calls come by chance.
    pub calls_a_second_most: u32,
    pub erlangs: f64,
    pub erlangs_outside: f64,
    /// Calls at once, and those of them that take a channel of a trunk.
    pub calls: u32,
    pub channels: u32,
    pub anchored: u32,
    pub direct: u32,
    /// What the relay sends on.
    pub packets_a_second: f64,
    /// Pairs of ports, for RTP and RTCP, toward people inside and toward trunks.
    pub pairs_inside: u32,
    pub pairs_outside: u32,
    /// Cores, with headroom.
    pub signalling_cores: f64,
    pub media_cores: f64,
    pub memory_mb: f64,
}

/// What such a load takes.
pub fn size(load: &Load, service: Service, measured: &Measured) -> Size {
    let calls_an_hour = f64::from(load.users) * load.calls_an_hour;
    let calls_a_second = calls_an_hour / 3_600.0;
    let erlangs = calls_a_second * load.hold_s;
    let erlangs_outside = erlangs * load.outside;
    let calls = channels_for(erlangs, service.blocking);
    let channels = channels_for(erlangs_outside, service.blocking);
    let direct = (f64::from(calls) * load.direct).floor();
    let anchored = f64::from(calls) - direct;
    let packets_a_second = anchored * PACKETS_A_SECOND;
    let outside = f64::from(channels) * (1.0 - load.direct);
    let of_trunks = outside + calls_a_second * load.outside * RINGS_AND_RESTS_S;
    let of_calls = anchored + calls_a_second * RINGS_AND_RESTS_S;
    let of_inside = of_trunks + 2.0 * (of_calls - of_trunks).max(0.0);
    let signalling = calls_a_second * measured.cpu_s_a_call(load.direct);
    let media = packets_a_second * measured.cpu_us_a_packet / 1_000_000.0;
    let held_kb = anchored * measured.anchored_kb + direct * measured.direct_kb;
    let phones_kb = f64::from(load.users) * measured.session_kb;
    Size {
        calls_an_hour,
        calls_a_second,
        calls_a_second_most: rounded_up(calls_a_second + 3.0 * calls_a_second.sqrt()),
        erlangs,
        erlangs_outside,
        calls,
        channels,
        anchored: rounded_up(anchored),
        direct: rounded_up(direct),
        packets_a_second,
        pairs_inside: rounded_up(of_inside / (1.0 - KEPT_FOR_HELP)),
        pairs_outside: rounded_up(of_trunks / (1.0 - KEPT_FOR_HELP)),
        signalling_cores: signalling * service.headroom,
        media_cores: media * service.headroom,
        memory_mb: (measured.house_mb + (held_kb + phones_kb) / 1_000.0) * service.headroom,
    }
}

fn rounded_up(figure: f64) -> u32 {
    // A share that is no binary fraction is a hair too much.
    (figure - 1e-9).ceil().max(0.0) as u32
}
