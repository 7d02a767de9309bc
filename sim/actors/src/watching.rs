//! A phone that watches somebody: it subscribes, refreshes, and reads what it is told. Written from RFC 6665
//! 4.1, RFC 4235 and RFC 5263.

use std::time::{Duration, Instant};

use sip_message::{Header, Message};

use crate::actor::Actor;
use crate::answering::Path;
use crate::digest;
use crate::doing::Asked;
use crate::exchange::{ActorOut, LegId, Note, Noted};
use crate::patching::Held;
use crate::whereabouts::{Wanted, Watching};
use crate::writing::{Request, Response};

impl Actor {
    /// Begins to watch somebody; zero seconds: asks once, or ends what was begun.
    pub(crate) fn watch(
        &mut self,
        now: Instant,
        (uri, package): (String, &'static str),
        (seconds, wanted): (u32, Wanted),
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
                wanted: Wanted::default(),
                held: None,
                is_over: false,
            });
            self.watching.len() - 1
        });
        (self.watching[at].seconds, self.watching[at].is_proven) = (seconds, false);
        self.watching[at].wanted = wanted;
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
        if one.wanted.is_of_changes {
            let accept = "application/pidf+xml;q=0.3, application/pidf-diff+xml;q=1";
            headers.push(("Accept".to_owned(), accept.to_owned()));
        }
        let filters = one.wanted.filters.as_ref().filter(|_| one.seconds > 0);
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
            body: filters.map(|text| ("application/simple-filter+xml", text.as_bytes())),
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
        if let (401, false, Some(who)) = (status, one.is_proven, &self.profile.credentials)
            && let Some(proof) = digest::proof(message, who, ("SUBSCRIBE", &uri), &cnonce)
        {
            one.is_proven = true;
            return self.subscribe(now, at, Some(proof), out);
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
        let told = String::from_utf8_lossy(message.body()).into_owned();
        let is_of_changes = told.contains("urn:ietf:params:xml:ns:pidf-diff");
        let patched = if is_of_changes { Held::take(&mut one.held, &told) } else { Ok(()) };
        let held = one.held.as_ref().filter(|_| is_of_changes);
        let body = held.map_or_else(|| told.clone(), Held::to_string);
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
        if let Err(why) = patched {
            note(Note::Wrong { what: format!("a NOTIFY of changes does not fit, {why}: {told}") });
        }
        note(Note::Shown { uri, package, state, body, told, at: now });
        self.serve(now, path, message, &Response { status: 200, ..Response::default() }, out);
    }
}

fn version_of(body: &str) -> Option<u32> {
    let (_, rest) = body.split_once("<dialog-info")?.1.split_once("version=\"")?;
    rest.split('"').next()?.parse().ok()
}
