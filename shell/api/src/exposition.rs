//! Figures as Prometheus reads them (text format 0.0.4).

use std::fmt::{Display, Write};

use performance::{BOUNDS_MS, Delays, Outcome, Performance, Registering, Requests};
use switch::{TargetState, TargetView, TrunkView};

use crate::house::{
    CertificateFigures, DirectoryFigures, KeptMessages, ObserverFigures, Searching, Sent, Standing,
};
use crate::meter::{Counts, Histogram};

pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page of figures.
#[derive(Default)]
struct Page(String);

pub fn page(standing: &Standing, counts: &Counts) -> String {
    let mut page = Page::default();
    page.of_house(standing);
    page.of_trunks(&standing.trunks);
    page.of_requests(&standing.trunks);
    page.of_leaves(&standing.trunks);
    page.of_registering(&standing.trunks);
    let words = "Copies of SIP messages for a capture server, and what became of them.";
    page.of_sent("tandem_capture_messages_total", words, "capture", &standing.captures);
    let words = "Calls whose traces a collector was sent, and those that it refused.";
    page.of_sent("tandem_trace_calls_total", words, "trace", &standing.traces);
    let words = "Records of calls that a webhook has taken.";
    page.of_sent("tandem_webhook_records_total", words, "webhook", &standing.webhooks);
    let words = "Sleeping phones that a push service was asked to wake, and those that it was not.";
    page.of_sent("tandem_push_requests_total", words, "push", &standing.pushes);
    page.of_observers(&standing.observers, standing.strangers_observing);
    page.of_kept_messages(standing.kept_messages);
    page.of_phone_files(standing.phone_files);
    page.of_records(standing.searching);
    page.of_directories(&standing.directories);
    page.of_certificates(&standing.certificates);
    page.of_calls(counts);
    page.histogram("tandem_call_setup_seconds", "From the INVITE to its answer.", &counts.setup);
    page.histogram(
        "tandem_post_dial_delay_seconds",
        "From the INVITE until the caller hears that it rings.",
        &counts.post_dial,
    );
    page.histogram("tandem_call_duration_seconds", "How long calls were talked in.", &counts.talk);
    let words = "Mean opinion of what came from a party of a call, 1 to 4.5 (ITU-T G.107).";
    page.histogram("tandem_mos", words, &counts.opinions);
    page.histogram(
        "tandem_rtp_jitter_seconds",
        "Jitter of what came from a party of a call.",
        &counts.jitter,
    );
    page.0
}

impl Page {
    fn of_house(&mut self, standing: &Standing) {
        let Standing { version, revision, is_draining, held, put_off, .. } = standing;
        self.head("tandem_build_info", "gauge", "The version that runs.");
        self.line("tandem_build_info", &[("version", version)], 1);
        self.one("tandem_config_revision", "gauge", "The revision that new calls are planned by.", revision);
        let draining = u8::from(*is_draining);
        self.one("tandem_draining", "gauge", "Whether new calls are refused, but for emergencies.", draining);
        self.one("tandem_calls", "gauge", "Calls in progress.", held.calls);
        self.one("tandem_transactions", "gauge", "SIP transactions in progress.", held.transactions);
        self.one("tandem_rtp_ports_in_use", "gauge", "Ports that are taken for media.", held.ports);
        let words = "Requests of phones that were left to be said again, because too much came at once.";
        self.one("tandem_put_off_total", "counter", words, put_off);
    }

    fn of_trunks(&mut self, trunks: &[TrunkView]) {
        self.each(trunks, "tandem_trunk_up", "Whether a far end of the trunk may be called.", |trunk| {
            Some(u64::from(trunk.targets.iter().any(may_be_called)))
        });
        let registered = "Whether the trunk is registered with its provider.";
        self.each(trunks, "tandem_trunk_registered", registered, |trunk| {
            trunk.registration.as_ref().map(|one| u64::from(one.state == "registered"))
        });
        self.each(trunks, "tandem_calls_active", "Calls in progress by trunk.", |trunk| {
            Some(trunk.calls as u64)
        });
        self.each(trunks, "tandem_trunk_calls_limit", "How many calls the trunk may have.", |trunk| {
            trunk.limit.map(|limit| u64::from(limit.ceiling))
        });
        self.head("tandem_trunk_target_state", "gauge", "How each far end stands: 1 at its state.");
        for trunk in trunks {
            for target in &trunk.targets {
                let labels = [
                    ("trunk", &*trunk.name),
                    ("target", &*target.name),
                    ("address", target.address.as_deref().unwrap_or_default()),
                    ("state", word_of_state(target.state)),
                ];
                self.line("tandem_trunk_target_state", &labels, 1);
            }
        }
    }

    /// What trunks made of our requests for sessions (RFC 6076 4.3, and 4.6 to 4.9).
    fn of_requests(&mut self, trunks: &[TrunkView]) {
        let name = "tandem_session_requests_total";
        self.head(name, "counter", "Requests for sessions that a trunk is done with, by what they came to.");
        for trunk in trunks {
            for outcome in Outcome::ALL {
                let labels = [("trunk", &*trunk.name), ("outcome", outcome.word())];
                self.line(name, &labels, trunk.performance.requests.of(outcome));
            }
        }
        let name = "tandem_sessions_completed_total";
        let words = "Sessions that we asked a trunk for and that ended as they should.";
        self.head(name, "counter", words);
        for trunk in trunks {
            self.line(name, &[("trunk", &trunk.name)], trunk.performance.completed);
        }
        let words = "From a request for a session until the trunk said more of it than that it tries.";
        self.delays("tandem_session_request_delay_seconds", words, trunks, |performance| {
            let Requests { delays_established, delays_failed, .. } = performance.requests;
            vec![("established", delays_established), ("failed", delays_failed)]
        });
    }

    /// How trunks took it that we ended sessions (RFC 6076 4.4).
    fn of_leaves(&mut self, trunks: &[TrunkView]) {
        let words = "From our BYE until the trunk took it, or nobody waited any more.";
        self.delays("tandem_session_disconnect_delay_seconds", words, trunks, |performance| {
            vec![("answered", performance.leaves_answered), ("timed_out", performance.leaves_timed_out)]
        });
    }

    /// How registrars served us (RFC 6076 4.1 and 4.2).
    fn of_registering(&mut self, trunks: &[TrunkView]) {
        let registered: Vec<&TrunkView> = trunks.iter().filter(|one| one.registration.is_some()).collect();
        let mut counter = |name: &str, help: &str, value: fn(&Registering) -> u64| {
            self.head(name, "counter", help);
            for trunk in &registered {
                self.line(name, &[("trunk", &trunk.name)], value(&trunk.performance.registering));
            }
        };
        let words = "Requests to be registered.";
        counter("tandem_registration_requests_total", words, |one| one.requests);
        let words = "Requests to be registered that were refused, or that nobody answered.";
        counter("tandem_registration_ineffective_total", words, |one| one.ineffective);
        let name = "tandem_registration_request_delay_seconds";
        self.head(name, "histogram", "From a request to be registered until it was granted.");
        for trunk in registered {
            self.buckets(name, &[("trunk", &trunk.name)], &trunk.performance.registering.delays);
        }
    }

    fn delays(
        &mut self,
        name: &str,
        help: &str,
        trunks: &[TrunkView],
        of: impl Fn(&Performance) -> Vec<(&'static str, Delays)>,
    ) {
        self.head(name, "histogram", help);
        for trunk in trunks {
            for (outcome, delays) in of(&trunk.performance) {
                self.buckets(name, &[("trunk", &trunk.name), ("outcome", outcome)], &delays);
            }
        }
    }

    fn buckets(&mut self, name: &str, labels: &[(&str, &str)], delays: &Delays) {
        let bucket = format!("{name}_bucket");
        let mut below = 0;
        for (bound, count) in BOUNDS_MS.iter().zip(delays.counts) {
            below += count;
            let bound = (*bound as f64 / 1e3).to_string();
            self.line(&bucket, &[labels, &[("le", &*bound)]].concat(), below);
        }
        self.line(&bucket, &[labels, &[("le", "+Inf")]].concat(), delays.count);
        self.line(&format!("{name}_sum"), labels, delays.sum_ms as f64 / 1e3);
        self.line(&format!("{name}_count"), labels, delays.count);
    }

    fn of_sent(&mut self, name: &str, help: &str, label: &str, all: &[Sent]) {
        self.head(name, "counter", help);
        for one in all {
            for (outcome, count) in [("sent", one.sent), ("missed", one.missed)] {
                self.line(name, &[(label, &*one.to), ("outcome", outcome)], count);
            }
        }
    }

    fn of_observers(&mut self, all: &[ObserverFigures], strangers: u64) {
        let name = "tandem_observed_messages_total";
        self.head(name, "counter", "Copies of messages that observers sent, by what became of them.");
        for one in all {
            for (outcome, count) in &one.messages {
                self.line(name, &[("observer", &*one.name), ("outcome", outcome)], count);
            }
        }
        self.line(name, &[("observer", ""), ("outcome", "stranger")], strangers);
    }

    fn of_directories(&mut self, all: &[DirectoryFigures]) {
        let mut gauge = |name: &str, help: &str, value: fn(&DirectoryFigures) -> u64| {
            self.head(name, "gauge", help);
            for one in all {
                self.line(name, &[("directory", &*one.name)], value(one));
            }
        };
        let words = "Users who come from a directory.";
        gauge("tandem_directory_users", words, |one| one.users as u64);
        let words = "Entries of a directory that are left out.";
        gauge("tandem_directory_left_out", words, |one| one.left_out as u64);
        let words = "Whether what a directory says is held until somebody has looked.";
        gauge("tandem_directory_held", words, |one| u64::from(one.is_held));
        let words = "When users were last as the directory says; 0 before the first time since the start.";
        gauge("tandem_directory_current_timestamp_seconds", words, |one| {
            one.current_ms.map_or(0, |ms| ms.unsigned_abs() / 1_000)
        });
    }

    fn of_certificates(&mut self, all: &[CertificateFigures]) {
        let name = "tandem_certificate_expiry_timestamp_seconds";
        self.head(name, "gauge", "Until when a certificate of ours holds; 0 where it cannot be read.");
        for one in all {
            let until = one.until_ms.map_or(0, |ms| ms.unsigned_abs() / 1_000);
            self.line(name, &[("certificate", &*one.name)], until);
        }
        let name = "tandem_certificate_renewal_failures";
        self.head(name, "gauge", "Tries in a row in which an authority gave no certificate.");
        for (one, failures) in all.iter().filter_map(|one| Some((one, one.failures?))) {
            self.line(name, &[("certificate", &*one.name)], failures);
        }
    }

    fn of_kept_messages(&mut self, kept: KeptMessages) {
        let name = "tandem_kept_messages_total";
        self.head(name, "counter", "Messages of calls that the disk has taken, and those that it has not.");
        for (outcome, count) in [("written", kept.written), ("missed", kept.missed)] {
            self.line(name, &[("outcome", outcome)], count);
        }
        let words = "Bytes of messages of calls that are on the disk.";
        self.one("tandem_kept_messages_bytes", "gauge", words, kept.bytes);
        let words = "Whether the disk takes messages of calls.";
        self.one("tandem_kept_messages_up", "gauge", words, u8::from(kept.is_up));
    }

    fn of_phone_files(&mut self, (given, refused): (u64, u64)) {
        let name = "tandem_phone_files_total";
        self.head(name, "counter", "Files that desk phones were given, and that somebody was not.");
        self.line(name, &[("outcome", "given")], given);
        self.line(name, &[("outcome", "refused")], refused);
    }

    fn of_records(&mut self, searching: Searching) {
        let words = "Bytes of records on this node that nobody can search yet.";
        self.one("tandem_records_behind_bytes", "gauge", words, searching.behind_bytes);
        let words = "Whether what searches records takes them in.";
        self.one("tandem_records_database_up", "gauge", words, u8::from(searching.is_up));
    }

    fn of_calls(&mut self, counts: &Counts) {
        self.head("tandem_calls_total", "counter", "Calls that ended.");
        for (kind, count) in &counts.calls {
            let labels = [
                ("trunk", &*kind.trunk),
                ("direction", kind.direction),
                ("outcome", kind.outcome),
                ("cause_class", kind.class),
            ];
            self.line("tandem_calls_total", &labels, count);
        }
        self.head("tandem_failover_total", "counter", "Attempts that gave way to the next of their call.");
        for ((trunk, status), count) in &counts.failovers {
            let cause = if *status == 0 { "none".to_owned() } else { status.to_string() };
            self.line("tandem_failover_total", &[("trunk", trunk), ("cause", &cause)], count);
        }
        let emergencies = "Calls for help that ended.";
        self.one("tandem_emergency_calls_total", "counter", emergencies, counts.emergencies);
        let words = "Parties of calls that ended which were not heard, by cause: `tandem help CODE`.";
        self.head("tandem_one_way_audio_total", "counter", words);
        for ((trunk, cause), count) in &counts.missed {
            self.line("tandem_one_way_audio_total", &[("trunk", trunk), ("cause", cause)], count);
        }
        let lost = "tandem_rtp_lost_packets_total";
        self.head(
            lost,
            "counter",
            "Packets of media that never came, by the leg that should have sent them.",
        );
        for (leg, count) in ["caller", "callee"].into_iter().zip(counts.lost_packets) {
            self.line(lost, &[("leg", leg)], count);
        }
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.head(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        let mut below = 0;
        for (bound, count) in histogram.bounds.iter().zip(&histogram.counts) {
            below += count;
            self.line(&bucket, &[("le", &bound.to_string())], below);
        }
        self.line(&bucket, &[("le", "+Inf")], histogram.count);
        self.line(&format!("{name}_sum"), &[], histogram.sum);
        self.line(&format!("{name}_count"), &[], histogram.count);
    }

    fn each(&mut self, trunks: &[TrunkView], name: &str, help: &str, of: impl Fn(&TrunkView) -> Option<u64>) {
        self.head(name, "gauge", help);
        for trunk in trunks {
            if let Some(value) = of(trunk) {
                self.line(name, &[("trunk", &trunk.name)], value);
            }
        }
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.head(name, kind, help);
        self.line(name, &[], value);
    }

    // Writing to a string cannot fail.

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (at, (label, says)) in labels.iter().enumerate() {
            let opens = if at == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{opens}{label}=\"{}\"", escaped(says));
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn may_be_called(target: &TargetView) -> bool {
    target.state < TargetState::Probing
}

fn word_of_state(state: TargetState) -> &'static str {
    match state {
        TargetState::Up => "up",
        TargetState::NotProbed => "not_probed",
        TargetState::Unknown => "unknown",
        TargetState::Returning => "returning",
        TargetState::Probing => "probing",
        TargetState::Resting => "resting",
        TargetState::Down => "down",
        TargetState::Dns => "dns",
    }
}
