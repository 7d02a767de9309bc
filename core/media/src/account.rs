//! What a peer says in its reports (RTCP) of what it hears, and how long they are on their way.

use std::time::{Duration, Instant};

use rtp::extended::{self, VoipMetrics};
use rtp::rtcp::{self, Packet, Report};

/// A report that was so long on its way is a mistake of whoever wrote its times.
const ROUND_TRIP_MAX: Duration = Duration::from_secs(30);
/// Peers say how long they have kept a report by clocks so coarse: by that much it may exceed the truth.
const COARSE: Duration = Duration::from_millis(10);

/// A peer's own account of what it hears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Of packets that were sent to it, those that it misses.
    pub lost: u64,
    pub jitter_us: u32,
    /// From us to it and back: the last, and the longest.
    pub round_trip: Option<Duration>,
    pub round_trip_max: Option<Duration>,
    /// What it thinks of that by itself (RTCP XR), in tenths.
    pub opinion: Option<u8>,
}

/// Reads the reports of one side's peer.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// The last report of the other side's that went out to it: the middle of its time, and when that was.
    sent: Option<(u32, Instant)>,
    /// Whom it reports on, and what it missed of those before.
    source: Option<u32>,
    lost_before: u64,
    lost: u64,
    account: Option<Account>,
}

impl Reading {
    /// A report of the other side's goes out to the peer.
    pub fn sends(&mut self, now: Instant, compound: &[u8]) {
        for packet in rtcp::packets(compound).flatten() {
            if let Packet::SenderReport { sender, .. } = packet {
                self.sent = Some(((sender.ntp >> 16) as u32, now));
            }
        }
    }

    /// The peer reports; its streams run at that clock.
    pub fn takes(&mut self, now: Instant, clock: u32, compound: &[u8]) {
        for packet in rtcp::packets(compound).flatten() {
            match packet {
                Packet::SenderReport { reports, .. } | Packet::ReceiverReport { reports, .. } => {
                    let known = reports.iter().find(|report| Some(report.ssrc) == self.source);
                    if let Some(report) = known.or_else(|| reports.iter().next()) {
                        self.note(now, clock, &report);
                    }
                }
                Packet::Unknown { packet_type: extended::EXTENDED, body, .. } => {
                    if let Some(metrics) = extended::voip_metrics(body) {
                        self.note_metrics(&metrics);
                    }
                }
                _ => {}
            }
        }
    }

    pub fn account(&self) -> Option<Account> {
        self.account
    }

    fn note(&mut self, now: Instant, clock: u32, report: &Report) {
        if self.source.replace(report.ssrc) != Some(report.ssrc) {
            self.lost_before += self.lost;
        }
        // Copies make it negative.
        self.lost = u64::try_from(report.lost).unwrap_or(0);
        let round_trip = self.round_trip(now, report);
        let account = self.account.get_or_insert_default();
        account.lost = self.lost_before + self.lost;
        let jitter = u64::from(report.jitter).saturating_mul(1_000_000) / u64::from(clock.max(1));
        account.jitter_us = u32::try_from(jitter).unwrap_or(u32::MAX);
        account.round_trip = round_trip.or(account.round_trip);
        account.round_trip_max = round_trip.max(account.round_trip_max);
    }

    /// How long the last report was on its way and back (RFC 3550, 6.4.1), if it is the one that is meant.
    fn round_trip(&self, now: Instant, report: &Report) -> Option<Duration> {
        let (_, at) = self.sent.filter(|(middle, _)| *middle == report.last_sender_report)?;
        let kept = Duration::from_secs(u64::from(report.delay)) / 65_536;
        let away = now.saturating_duration_since(at);
        let is_possible = kept <= away + COARSE && away <= kept + ROUND_TRIP_MAX;
        is_possible.then(|| away.saturating_sub(kept))
    }

    fn note_metrics(&mut self, metrics: &VoipMetrics) {
        let account = self.account.get_or_insert_default();
        account.opinion = metrics.listening.or(metrics.conversation).or(account.opinion);
    }
}
