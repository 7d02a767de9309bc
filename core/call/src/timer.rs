//! The session timer of one leg (RFC 4028): what is agreed, when a sign of life is due, when it is over.

use std::time::{Duration, Instant};

use policy::SessionTimer;
use sip_message::{Header, Message, Method};
use sip_stack::ClientId;

/// How long before the end of a session its loss is known (RFC 4028, 10).
const MARGIN: Duration = Duration::from_secs(32);

/// The option tag of RFC 4916.
pub(crate) const FROM_CHANGE: &str = "from-change";

/// What a leg has agreed with its far end, and what it waits for.
#[derive(Debug)]
pub(crate) struct Timer {
    wanted: SessionTimer,
    /// The far end takes no shorter interval.
    least: Duration,
    watch: Option<Watch>,
    /// Our own question, unanswered.
    pub asked: Option<(ClientId, Method<'static>)>,
    /// How often a challenge to it was answered.
    pub proofs: u8,
    /// The far end says that it knows UPDATE.
    pub knows_update: Knows,
    /// And that the name in From may change in a call (RFC 4916).
    pub knows_from_change: Knows,
    /// And that it shows whether a call is recorded (RFC 7866).
    pub knows_recording: Knows,
}

/// What a far end has said of its abilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Knows {
    Yes,
    NotSaid,
}

#[derive(Clone, Copy, Debug)]
struct Watch {
    agreement: Agreement,
    /// When we ask for a sign of life.
    ask_at: Option<Instant>,
    over_at: Instant,
}

/// How long a session lasts without a sign of life, and who gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreement {
    pub interval: Duration,
    pub refresher: Refresher,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresher {
    Us,
    Them,
    /// The far end knows no session timer: we ask whether it is there.
    Nobody,
}

/// The far end wants a shorter interval than the house takes: 422.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooShort;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Ask(Refresher),
    Over,
}

/// Headers by name and value.
pub(crate) type Headers = Vec<(&'static str, String)>;

impl Timer {
    pub(crate) fn new(wanted: SessionTimer) -> Timer {
        let least = SessionTimer::SHORTEST;
        Timer {
            wanted,
            least,
            watch: None,
            asked: None,
            proofs: 0,
            knows_update: Knows::NotSaid,
            knows_from_change: Knows::NotSaid,
            knows_recording: Knows::NotSaid,
        }
    }

    /// The same agreement, kept by another call.
    pub(crate) fn for_another(&self) -> Timer {
        Timer { asked: None, proofs: 0, ..*self }
    }

    /// What to say to a request that begins, changes or refreshes a session.
    pub(crate) fn judge(&self, request: &Message<'_>) -> Result<Option<Agreement>, TooShort> {
        let SessionTimer::Every(ours) = self.wanted else { return Ok(None) };
        let asked = expires_of(request);
        let knows = supports(request, "timer");
        if knows && asked.as_ref().is_some_and(|(interval, _)| *interval < SessionTimer::SHORTEST) {
            return Err(TooShort);
        }
        let least = seconds(request.line(Header::MinSe)).unwrap_or_default();
        let interval = match &asked {
            Some((interval, _)) => ours.min(*interval).max(least),
            None => ours.max(least),
        };
        let refresher = match &asked {
            Some((_, Some(Role::Client))) if knows => Refresher::Them,
            None if !knows => Refresher::Nobody,
            _ => Refresher::Us,
        };
        Ok(Some(Agreement { interval, refresher }))
    }

    /// The same for a call that nothing may turn away.
    pub(crate) fn judge_kindly(&self, request: &Message<'_>) -> Option<Agreement> {
        self.judge(request).unwrap_or_else(|TooShort| {
            let (interval, _) = expires_of(request)?;
            Some(Agreement { interval, refresher: Refresher::Us })
        })
    }

    /// From now on this holds; a session without agreement has no end.
    pub(crate) fn agree(&mut self, now: Instant, agreement: Option<Agreement>) {
        self.watch = agreement.map(|agreement| {
            let interval = agreement.interval;
            let ask_at = (agreement.refresher != Refresher::Them).then(|| now + interval / 2);
            Watch { agreement, ask_at, over_at: now + interval - MARGIN.min(interval / 3) }
        });
    }

    /// The far end has accepted a request of ours that offered a session timer.
    pub(crate) fn accepted(&mut self, now: Instant, response: &Message<'_>) {
        self.note_abilities(response);
        let SessionTimer::Every(ours) = self.wanted else { return };
        let agreement = match expires_of(response) {
            Some((interval, Some(Role::Server))) => Agreement { interval, refresher: Refresher::Them },
            Some((interval, _)) => Agreement { interval, refresher: Refresher::Us },
            None => Agreement { interval: ours, refresher: Refresher::Nobody },
        };
        self.agree(now, Some(agreement));
    }

    /// The far end is there, and said nothing of the session.
    pub(crate) fn heard(&mut self, now: Instant) {
        self.agree(now, self.watch.map(|watch| watch.agreement));
    }

    /// Another call keeps it.
    pub(crate) fn rest(&mut self) {
        (self.watch, self.asked) = (None, None);
    }

    /// It could not be asked, or did not like how: once more after a while.
    pub(crate) fn ask_again(&mut self, now: Instant, after: Duration) {
        self.asked = None;
        if let Some(watch) = &mut self.watch {
            watch.ask_at = Some(now + after);
        }
    }

    /// The far end takes no interval shorter than this one; whether that changes anything.
    pub(crate) fn raise(&mut self, refusal: &Message<'_>) -> Option<()> {
        let least = seconds(refusal.line(Header::MinSe))?;
        let is_news = least > self.least && least <= Duration::from_secs(86_400);
        self.least = self.least.max(least);
        is_news.then_some(())
    }

    pub(crate) fn note_abilities(&mut self, message: &Message<'_>) {
        if message.values(Header::Allow).any(|method| method.eq_ignore_ascii_case("UPDATE")) {
            self.knows_update = Knows::Yes;
        }
        if supports(message, "record-aware") {
            self.knows_recording = Knows::Yes;
        }
        if supports(message, FROM_CHANGE) {
            self.knows_from_change = Knows::Yes;
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let watch = self.watch.as_ref()?;
        let ask_at = watch.ask_at.filter(|_| self.asked.is_none());
        Some(ask_at.map_or(watch.over_at, |at| at.min(watch.over_at)))
    }

    pub(crate) fn due(&self, now: Instant) -> Option<Due> {
        let watch = self.watch.as_ref()?;
        if watch.over_at <= now {
            return Some(Due::Over);
        }
        let is_due = self.asked.is_none() && watch.ask_at.is_some_and(|at| at <= now);
        is_due.then_some(Due::Ask(watch.agreement.refresher))
    }

    /// What a request of ours says that begins, changes or refreshes a session.
    pub(crate) fn request_headers(&self) -> Headers {
        let SessionTimer::Every(ours) = self.wanted else { return Vec::new() };
        let agreement = self.watch.map(|watch| watch.agreement);
        let interval = agreement.map_or(ours, |agreement| agreement.interval).max(self.least).as_secs();
        let refresher = match agreement.map(|agreement| agreement.refresher) {
            Some(Refresher::Us) => ";refresher=uac",
            Some(Refresher::Them) => ";refresher=uas",
            Some(Refresher::Nobody) | None => "",
        };
        vec![
            ("Supported", "timer".to_owned()),
            ("Session-Expires", format!("{interval}{refresher}")),
            ("Min-SE", self.least.as_secs().to_string()),
        ]
    }
}

impl Agreement {
    /// What the 2xx to a request says that this was agreed on.
    pub(crate) fn answer_headers(&self) -> Headers {
        let who = match self.refresher {
            Refresher::Us => "uas",
            Refresher::Them => "uac",
            Refresher::Nobody => return Vec::new(),
        };
        let mut headers = vec![("Session-Expires", format!("{};refresher={who}", self.interval.as_secs()))];
        if self.refresher == Refresher::Them {
            headers.push(("Require", "timer".to_owned()));
        }
        headers
    }
}

/// Headers as a request or a reply takes them.
pub(crate) fn lent(headers: &Headers) -> impl Iterator<Item = (&str, &str)> {
    headers.iter().map(|(name, value)| (*name, value.as_str()))
}

/// Whether a message says that its sender knows an extension.
pub(crate) fn supports(message: &Message<'_>, option: &str) -> bool {
    let said = message.values(Header::Supported).chain(message.values(Header::Require));
    said.into_iter().any(|tag| tag.eq_ignore_ascii_case(option))
}

enum Role {
    Client,
    Server,
}

fn expires_of(message: &Message<'_>) -> Option<(Duration, Option<Role>)> {
    let value = message.line(Header::SessionExpires)?;
    let interval = seconds(Some(value))?;
    let refresher = value.split(';').skip(1).find_map(|param| {
        let (name, value) = param.split_once('=')?;
        let role = value.trim().to_ascii_lowercase();
        match (name.trim().eq_ignore_ascii_case("refresher"), role.as_str()) {
            (true, "uac") => Some(Role::Client),
            (true, "uas") => Some(Role::Server),
            _ => None,
        }
    });
    Some((interval, refresher))
}

/// Whole seconds in front of parameters; a day at most.
fn seconds(value: Option<&str>) -> Option<Duration> {
    let figure = value?.split(';').next()?.trim().parse::<u32>().ok()?;
    Some(Duration::from_secs(u64::from(figure.clamp(1, 86_400))))
}
