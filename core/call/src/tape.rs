//! The sound of an answered call is recorded where its parties' rules say so: from the answer on, or from
//! when a phone asks for it by INFO; a phone may pause it. Both hear a notice when it begins, except where
//! help was called for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{Begins, Order, Played, Running, SessionKey, Side, Taping};
use policy::{Callee, Music, Recorded};
use sdp::Session;
use sip_message::{Message, Method};
use sip_stack::ServerId;

use crate::Room;
use crate::bridge::Bridge;
use crate::call::{Call, State};
use crate::plays::Wish;
use crate::speech;
use crate::taping::Tapes;

/// A tone that gives notice is heard for so long.
const NOTICE_FOR: Duration = Duration::from_millis(600);
/// By which phones say that they want a call recorded, or not: `Record: on`.
const RECORD: &str = "Record";

impl Call {
    /// Begins what is to be recorded, and lets the relay copy as it stands now.
    pub(crate) fn record(&mut self, room: &mut Room<'_>) {
        if !matches!(self.state, State::Up(_)) || self.caller.invite.is_some() {
            return;
        }
        let is_wished = self.recorded() == Recorded::Always || self.tapes.is_awaited && self.bridge.is_open();
        if self.tapes.began.is_none() && is_wished {
            self.begin_recording(room);
        }
        if self.tapes.notice_until.is_some_and(|until| until <= room.now.instant) {
            self.tapes.notice_until = None;
        }
        if room.policy.records_in_files() {
            self.bridge.tape(room, &mut self.tapes);
        }
    }

    fn recorded(&self) -> Recorded {
        // Nobody speaks with anybody yet.
        if self.made.is_some() {
            return Recorded::Never;
        }
        Recorded::of_both([Side::Caller, Side::Callee].map(|side| self.end(side).rules.record))
    }

    fn begin_recording(&mut self, room: &Room<'_>) {
        let id = self.draft.id();
        let (day, format) = (room.policy.day_name(room.now.wall), room.policy.recording_format());
        let name = format!("{day}/{id}.{}", format.extension());
        self.tapes.began = Some(room.now.instant);
        self.tapes.is_awaited = false;
        self.tapes.name = name.as_str().into();
        self.tapes.running = Running::Yes;
        let length = match room.policy.notice() {
            _ if self.plan.emergency => None,
            Music::Nothing => None,
            Music::Tone(tone) => Some((Played::Tone(tone.clone()), NOTICE_FOR)),
            Music::Recording(recording) => {
                let length = Duration::from_millis(recording.ms().into());
                Some((Played::Once(recording.clone()), length))
            }
        };
        if let Some((notice, length)) = length {
            self.tapes.notice_until = Some(room.now.instant + length);
            self.tapes.notice = Some(notice);
        }
        self.draft.is_recorded(room.policy.records_in_files().then_some(&name));
        let said = self.bridge.said_in().filter(|_| self.bridge.is_open());
        if !said.is_some_and(|(_, codecs)| codecs.iter().any(|codecs| !codecs.is_empty())) {
            self.draft.is_recorded_in_vain();
        }
    }

    /// What both sides hear while the recording begins.
    pub(crate) fn notice(&self) -> Option<Wish> {
        self.tapes.notice_until?;
        let what = self.tapes.notice.clone()?;
        Some(Wish { what, begins: Begins::Instead })
    }

    /// Takes an INFO by which a phone of ours starts, pauses or resumes a recording; whether it was one.
    pub(crate) fn take_record_wish(
        &mut self,
        room: &mut Room<'_>,
        server: ServerId,
        from: Side,
        message: &Message<'_>,
    ) -> bool {
        let said = (message.method() == Some(Method::Info)).then(|| message.named(RECORD)).flatten();
        let Some(said) = said.filter(|_| matches!(self.end(from).party, Callee::User(_))) else {
            return false;
        };
        let is_released = self.bridge.is_released();
        let is_allowed = self.recorded() != Recorded::Never && (self.bridge.is_open() || is_released);
        let status = match said.trim().to_ascii_lowercase().as_str() {
            "on" | "off" if !is_allowed => 403,
            // It begins as soon as media has come back.
            "on" if self.tapes.began.is_none() && is_released => {
                self.tapes.is_awaited = true;
                200
            }
            "on" if self.tapes.began.is_none() => {
                self.begin_recording(room);
                200
            }
            "on" => {
                self.tapes.running = Running::Yes;
                200
            }
            "off" => {
                self.tapes.is_awaited = false;
                let is_news = self.tapes.began.is_some() && self.tapes.running == Running::Yes;
                self.tapes.running = Running::Paused;
                self.draft.recording_paused(u32::from(is_news));
                200
            }
            _ => 400,
        };
        room.reply(server, status);
        true
    }

    /// Whether sound is copied, or is to be.
    pub(crate) fn is_taped(&self) -> bool {
        self.tapes.began.is_some() || self.tapes.is_awaited
    }

    /// How the recording stands, for whoever looks.
    pub(crate) fn recording(&self) -> Option<&'static str> {
        self.tapes.began?;
        Some(match self.tapes.running {
            Running::Yes => "running",
            Running::Paused => "paused",
        })
    }

    pub(crate) fn notice_deadline(&self) -> Option<Instant> {
        self.tapes.notice_until
    }
}

impl Bridge {
    /// Lets the relay copy what both sides say, as far as it does not do so already.
    fn tape(&self, room: &mut Room<'_>, tapes: &mut Tapes) {
        let Some(began) = tapes.began.filter(|_| self.is_open()) else { return };
        let Some((stream, codecs)) = self.said_in() else { return };
        let taping = Taping { name: Arc::clone(&tapes.name), began, codecs, running: tapes.running };
        let now: (SessionKey, u8, Taping) = (self.session(), stream, taping);
        if tapes.ordered.as_deref() != Some(&now) {
            let (session, stream, taping) = now.clone();
            room.orders.push(Order::Record { session, stream, taping: Some(Box::new(taping)) });
            tapes.ordered = Some(Box::new(now));
        }
    }

    /// The line of sound.
    pub(crate) fn sound_line(&self) -> Option<u8> {
        let caller = Session::parse(self.told(Side::Caller)).ok()?;
        let is_sound = |media: &sdp::Media<'_>| media.kind == "audio" && media.port != 0;
        u8::try_from(caller.media.iter().position(is_sound)?).ok()
    }

    /// The line of sound, and what each side may send there: what it was told that we understand.
    fn said_in(&self) -> Option<(u8, [media::Codecs; 2])> {
        let told = [Side::Caller, Side::Callee].map(|side| Session::parse(self.told(side)).ok());
        let [Some(caller), Some(callee)] = told else { return None };
        let is_sound = |media: &sdp::Media<'_>| media.kind == "audio" && media.port != 0;
        let stream = caller.media.iter().position(is_sound)?;
        let codecs = [&caller, &callee].map(|session| {
            let line = session.media.get(stream).map(|media| media.codecs()).unwrap_or_default();
            let known = line.iter().filter_map(|codec| Some((codec.payload_type, speech::sound_of(codec)?)));
            known.collect()
        });
        Some((u8::try_from(stream).ok()?, codecs))
    }
}
