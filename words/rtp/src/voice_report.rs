//! A phone's report of how a call sounded (`application/vq-rtcpxr`, RFC 6035), as phones write it: with or
//! without its kind, with lines broken anywhere, names before `:` or `=`.

/// What is read of it, at most.
const LINES_MAX: usize = 200;

/// What a phone says of a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VoiceReport<'r> {
    pub occasion: Occasion,
    /// The Call-ID of the phone's own leg.
    pub call_id: &'r str,
    /// Of what it heard, and of what the other side told it that it heard.
    pub local: VoiceMetrics<'r>,
    pub remote: VoiceMetrics<'r>,
}

/// When a phone reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Occasion {
    /// The call, or a part of it, has ended.
    #[default]
    Session,
    /// Some time has passed.
    Interval,
    /// It has become bad.
    Alert,
}

/// How one direction sounded, as far as it is said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VoiceMetrics<'r> {
    pub codec: Option<&'r str>,
    /// In a hundred packets: lost on the way, and too late for the buffer.
    pub lost: Option<f64>,
    pub discarded: Option<f64>,
    pub round_trip_ms: Option<u32>,
    pub jitter_ms: Option<u32>,
    /// Opinions, from 1 to 5: of listening, and of conversation.
    pub listening: Option<f64>,
    pub conversation: Option<f64>,
}

impl<'r> VoiceReport<'r> {
    /// Nothing, where it is no such report or says of no call.
    pub fn parse(text: &'r str) -> Option<VoiceReport<'r>> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(LINES_MAX);
        let first = lines.next()?;
        let occasion = occasion(first.split([':', ' ']).next()?)?;
        let mut report = VoiceReport { occasion, ..VoiceReport::default() };
        let mut is_remote = false;
        for line in lines {
            let (name, rest) = line.split_at(line.find([':', '=']).unwrap_or(line.len()));
            let rest = rest.get(1..).unwrap_or_default();
            match name.trim().to_ascii_lowercase().as_str() {
                "localmetrics" => is_remote = false,
                "remotemetrics" => is_remote = true,
                "callid" => report.call_id = rest.trim(),
                _ => {
                    let metrics = if is_remote { &mut report.remote } else { &mut report.local };
                    // A line that goes on from the one before has no name but that of its first value.
                    let is_named = line.as_bytes().get(name.len()) == Some(&b':');
                    metrics.take(if is_named { rest } else { line });
                }
            }
        }
        (!report.call_id.is_empty()).then_some(report)
    }
}

impl<'r> VoiceMetrics<'r> {
    fn take(&mut self, values: &'r str) {
        for (name, value) in values.split_whitespace().filter_map(|word| word.split_once('=')) {
            match name.to_ascii_uppercase().as_str() {
                "PD" => self.codec = Some(value),
                "NLR" => self.lost = number(value, 0.0, 100.0),
                "JDR" => self.discarded = number(value, 0.0, 100.0),
                "RTD" => self.round_trip_ms = milliseconds(value),
                "IAJ" => self.jitter_ms = milliseconds(value),
                "MOSLQ" => self.listening = number(value, 1.0, 5.0),
                "MOSCQ" => self.conversation = number(value, 1.0, 5.0),
                _ => {}
            }
        }
    }
}

fn occasion(name: &str) -> Option<Occasion> {
    let names = [
        ("VQSessionReport", Occasion::Session),
        ("VQIntervalReport", Occasion::Interval),
        ("VQAlertReport", Occasion::Alert),
    ];
    names.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, occasion)| occasion)
}

/// Values that stand for nothing known lie outside of what can be.
fn number(value: &str, least: f64, most: f64) -> Option<f64> {
    value.parse().ok().filter(|value| (least..=most).contains(value))
}

fn milliseconds(value: &str) -> Option<u32> {
    number(value, 0.0, 65_534.0).map(|ms| ms.round() as u32)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// With the names of RFC 6035, and both sides.
    const WHOLE: &str = "VQSessionReport: CallTerm\r\nCallID: 6dg37f1890463\r\n\
        LocalID: Alice <sip:alice@example.org>\r\nRemoteID: Bill <sip:bill@example.net>\r\n\
        LocalAddr: IP=192.0.2.10 PORT=5000 SSRC=1a3b5c7d\r\nLocalMetrics:\r\n\
        Timestamps: START=2004-10-10T18:23:43Z STOP=2004-10-01T18:26:02Z\r\n\
        SessionDesc: PT=18 PD=G729 SR=8000 FD=20 FO=20 FPP=2 PPS=50 PLC=3 SSUP=on\r\n\
        JitterBuffer: JBA=3 JBR=2 JBN=40 JBM=80 JBX=120\r\nPacketLoss: NLR=5.0 JDR=2.0\r\n\
        Delay: RTD=200 ESD=140 SOWD=100 IAJ=2 MAJ=10\r\nQualityEst: RLQ=90 RCQ=85 MOSLQ=4.2 MOSCQ=4.3\r\n\
        RemoteMetrics:\r\nPacketLoss: NLR=1.5 JDR=0.0\r\nQualityEst: MOSLQ=4.4\r\n";

    #[test]
    fn k1_a_report_says_how_both_sides_heard() {
        let report = VoiceReport::parse(WHOLE).unwrap();

        let local = VoiceMetrics {
            codec: Some("G729"),
            lost: Some(5.0),
            discarded: Some(2.0),
            round_trip_ms: Some(200),
            jitter_ms: Some(2),
            listening: Some(4.2),
            conversation: Some(4.3),
        };
        let remote = VoiceMetrics {
            lost: Some(1.5),
            discarded: Some(0.0),
            listening: Some(4.4),
            ..Default::default()
        };
        let wanted = VoiceReport { occasion: Occasion::Session, call_id: "6dg37f1890463", local, remote };
        assert_eq!(report, wanted);
    }

    /// A phone that says the Call-ID among its metrics, one whose first line has no kind and whose lines
    /// break, and what stands for "unknown".
    #[test]
    fn k1_reports_are_read_as_phones_write_them() {
        let late = "VQSessionReport: CallTerm\nLocalMetrics:\nSessionDesc:PT=0 PD=G.711U PPS=50 SSUP=off\n\
            CallID:3c26a8de500f-12ct\nx-UserAgent:phone/8\nPacketLoss:NLR=0.0 JDR=0.0\n\
            Delay:RTD=0 ESD=0 IAJ=4\n";
        let report = VoiceReport::parse(late).unwrap();
        assert_eq!((report.call_id, report.local.codec), ("3c26a8de500f-12ct", Some("G.711U")));
        assert_eq!((report.local.jitter_ms, report.local.lost), (Some(4), Some(0.0)));

        let broken = "VQSessionReport\nCallID=20328@192.0.2.1\nLocalMetrics:\nQualityEst: RLQ=93 MOSLQ=4.1\n\
            MOSCQ=4.10\nDelay: RTD=65535 ESD=11\n";
        let report = VoiceReport::parse(broken).unwrap();
        assert_eq!(report.call_id, "20328@192.0.2.1");
        assert_eq!((report.local.listening, report.local.conversation), (Some(4.1), Some(4.1)));
        assert_eq!(report.local.round_trip_ms, None);

        let unknown = "VQAlertReport: Type=NLR Severity=Critical\nCallID: x\nLocalMetrics:\n\
            QualityEst: MOSLQ=127 MOSCQ=NaN\nPacketLoss: NLR=-1 JDR=1e9\n";
        let report = VoiceReport::parse(unknown).unwrap();
        assert_eq!((report.occasion, report.local), (Occasion::Alert, VoiceMetrics::default()));
    }

    #[test]
    fn k1_what_is_no_report_is_refused() {
        for text in [
            "",
            "VQ",
            "VQSessionReport: CallTerm\n",
            "CallID: x\n",
            "<presence/>",
            "VQSessionReport\nCallID:\n",
        ] {
            assert_eq!(VoiceReport::parse(text), None, "{text}");
        }
    }
}
