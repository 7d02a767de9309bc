//! A phone that watches somebody: it subscribes, refreshes, and reads what it is told. Written from RFC 6665
//! 4.1 and RFC 4235.

use std::time::{Duration, Instant};

use sip_message::{Header, Message};

use crate::actor::Actor;
use crate::answering::Path;
use crate::digest;
use crate::doing::Asked;
use crate::exchange::{ActorOut, LegId, Note, Noted};
use crate::whereabouts::Watching;
use crate::writing::{Request, Response};

impl Actor {
    /// Begins to watch somebody; zero seconds: asks once, or ends what was begun.
    pub(crate) fn watch(
        &mut self,
        now: Instant,
        (uri, package): (String, &'static str),
        seconds: u32,
        out: &mut ActorOut,
    ) {
        let known =
            self.watching.iter().position(|one| one.uri == uri && one.package == package && !one.is_over);
        let at = known.unwrap_or_else(|| {
            let (call_id, tag) =
                (format!("{}@{}", self.chance.text(), self.profile.name), self.chance.text());
            self.watching.push(Watching {
                uri,
                package,
                seconds,
                call_id,
                tag,
                remote_tag: None,
                target: None,
                cseq: 0,
                is_proven: false,
                again_at: None,
                heard: None,
                version: None,
                is_over: false,
            });
            self.watching.len() - 1
        });
        (self.watching[at].seconds, self.watching[at].is_proven) = (seconds, false);
        self.subscribe(now, at, None, out);
    }

    /// It is time to ask again.
    pub(crate) fn expire_watching(&mut self, now: Instant, out: &mut ActorOut) {
        for at in 0..self.watching.len() {
            let one = &mut self.watching[at];
            if !one.is_over && one.again_at.take_if(|at| *at <= now).is_some() {
                one.is_proven = false;
                self.subscribe(now, at, None, out);
            }
        }
    }

    fn subscribe(&mut self, now: Instant, at: usize, proof: Option<String>, out: &mut ActorOut) {
        let (branch, contact) = (self.branch(), self.contact());
        let one = &mut self.watching[at];
        one.cseq += 1;
        let cseq = one.cseq;
        let mut headers = vec![
            ("Event".to_owned(), one.package.to_owned()),
            ("Expires".to_owned(), one.seconds.to_string()),
        ];
        headers.extend(proof.map(|proof| ("Authorization".to_owned(), proof)));
        let to = match &one.remote_tag {
            Some(tag) => format!("<{}>;tag={tag}", one.uri),
            None => format!("<{}>", one.uri),
        };
        let bytes = Request {
            method: "SUBSCRIBE",
            uri: one.target.as_deref().unwrap_or(&one.uri),
            transport: self.profile.transport,
            sent_by: self.profile.sip,
            branch: &branch,
            routes: &[],
            from: &format!("<sip:{}@{}>;tag={}", self.profile.user, self.profile.domain, one.tag),
            to: &to,
            call_id: &one.call_id,
            cseq,
            contact: &contact,
            headers: &headers,
            body: None,
        }
        .print();
        let parcel = self.parcel(self.profile.house, self.profile.transport, bytes);
        self.begin_client(now, Asked { leg: None, branch, method: "SUBSCRIBE", cseq }, parcel, out);
    }

    /// The answer to a SUBSCRIBE of ours.
    pub(crate) fn told_of_watching(&mut self, now: Instant, message: &Message<'_>, out: &mut ActorOut) {
        let status = message.status().unwrap_or_default();
        let cnonce = self.chance.text();
        let known = |one: &Watching| one.call_id == message.call_id();
        let Some(at) = self.watching.iter().position(known) else { return };
        let one = &mut self.watching[at];
        let uri = one.target.as_deref().unwrap_or(&one.uri).to_owned();
        if let (401, false, Some(who)) = (status, one.is_proven, &self.profile.credentials) {
            let challenges = message.lines().filter(|line| line.header == Header::WwwAuthenticate);
            let mut proofs =
                challenges.filter_map(|line| digest::answer(line.value, who, "SUBSCRIBE", &uri, &cnonce));
            if let Some(proof) = proofs.next() {
                one.is_proven = true;
                return self.subscribe(now, at, Some(proof), out);
            }
        }
        match status {
            200 => {
                one.remote_tag = message.to().tag().map(str::to_owned);
                let contact = message.contact().and_then(Result::ok).map(|contact| contact.uri.to_owned());
                one.target = contact.or(one.target.take());
                let granted = message.expires().ok().flatten().unwrap_or(one.seconds);
                one.again_at = (granted > 0).then(|| now + Duration::from_secs(u64::from(granted)) * 4 / 5);
            }
            _ => (one.is_over, one.again_at) = (true, None),
        }
    }

    /// The subscription of ours that a NOTIFY is of, perhaps before its 2xx.
    pub(crate) fn watching_of(&self, message: &Message<'_>) -> Option<usize> {
        let is_its =
            |one: &Watching| one.call_id == message.call_id() && message.to().tag() == Some(one.tag.as_str());
        self.watching.iter().position(is_its)
    }

    /// A NOTIFY of that subscription.
    pub(crate) fn shown(
        &mut self,
        now: Instant,
        at: usize,
        path: Path,
        message: &Message<'_>,
        out: &mut ActorOut,
    ) {
        let one = &mut self.watching[at];
        let is_old = one.heard.is_some_and(|last| message.cseq().number <= last);
        if one.is_over || is_old {
            let status = if one.is_over { 481 } else { 500 };
            return self.serve(now, path, message, &Response { status, ..Response::default() }, out);
        }
        one.heard = Some(message.cseq().number);
        let state = message.line(Header::SubscriptionState).unwrap_or_default().to_owned();
        let body = String::from_utf8_lossy(message.body()).into_owned();
        let version = version_of(&body);
        let is_late = version.is_some_and(|new| one.version.is_some_and(|old| new <= old));
        let is_other = message.line(Header::Event) != Some(one.package);
        one.version = version.or(one.version);
        if state.starts_with("terminated") {
            (one.is_over, one.again_at) = (true, None);
        }
        let (uri, package) = (one.uri.clone(), one.package);
        let mut note = |what| {
            out.notes.push(Noted { leg: LegId(0), call_id: message.call_id().to_owned(), what });
        };
        if is_late || is_other {
            note(Note::Wrong { what: format!("a NOTIFY of {state} shows yesterday: {body}") });
        }
        note(Note::Shown { uri, package, state, body, at: now });
        self.serve(now, path, message, &Response { status: 200, ..Response::default() }, out);
    }
}

fn version_of(body: &str) -> Option<u32> {
    let (_, rest) = body.split_once("<dialog-info")?.1.split_once("version=\"")?;
    rest.split('"').next()?.parse().ok()
}
