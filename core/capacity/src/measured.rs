//! What was measured of this program, as docs/PERFORMANCE.md says it to the letter.

use serde::Serialize;

use crate::bandwidth::Sealed;

/// Figures of one machine, and where they stand.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// CPU of a call, its media through the house and not.
    pub cpu_s_a_call_anchored: f64,
    pub cpu_s_a_call_direct: f64,
    pub cpu_us_a_packet: f64,
    pub anchored_kb: f64,
    pub direct_kb: f64,
    /// A phone that is connected by TLS.
    pub session_kb: f64,
    /// The house without any call.
    pub house_mb: f64,
    pub date: &'static str,
    pub machine: &'static str,
    /// The words that these figures stand in.
    pub words: [&'static str; 5],
}

/// The dearest that was seen of builds which do all that this one does.
pub fn measured(sealed: Sealed) -> Measured {
    let (cpu_us_a_packet, packet) = match sealed {
        Sealed::Clear => (7.0, "| RTP to RTP | 7.0 |"),
        Sealed::Srtp => (7.4, "| SRTP to RTP | 7.4 |"),
    };
    Measured {
        cpu_s_a_call_anchored: 1.14 / 1_000.0,
        cpu_s_a_call_direct: 0.64 / 1_000.0,
        cpu_us_a_packet,
        anchored_kb: 25.5,
        direct_kb: 22.1,
        session_kb: 10.9,
        house_mb: 23.2,
        date: "2026-11-21 and 2026-11-22",
        machine: "two cores, one of them the generator's; Debian 12, loopback, UDP, release build",
        words: [
            "media direct at 300 calls/s 0.60 to 0.64 CPU-s for 1,000 calls",
            "at 50 calls/s 1.06 to\n1.14",
            packet,
            "**25.5 KB**, 22.1 KB with media\ndirect",
            "**10.9 kB a session in all**, rustls' buffers and the session's secrets among it (resident\n\
             23.2 MB before",
        ],
    }
}

impl Measured {
    /// Of a call whose media goes directly with this chance.
    pub fn cpu_s_a_call(&self, direct: f64) -> f64 {
        self.cpu_s_a_call_direct * direct + self.cpu_s_a_call_anchored * (1.0 - direct)
    }
}
