//! One direction of a stream whose sides speak different codecs: a packet comes in one, leaves in the other.
//!
//! There is no clock and no queue here: what a packet brings leaves at once, so nothing drifts. What is left
//! of a packet that the other codec cannot take whole goes with the next.

use rtp::{Fixed, TelephoneEvent};
use sound::conceal::Concealer;
use sound::opus;
use sound::resample::{Downsampler, Upsampler};
use sound::signals::{Signal, SignalEar};
use sound::{g711, g722, l16};

use crate::carried::Kept;
use crate::encoder::{Encoder, PAYLOAD_MAX};
use crate::packet::Packet;
use crate::pressing::{Press, Pressing, TICKS};
use crate::spoken::{Codec, Events, Keys, Spoken};
use crate::times::{Fit, Reach, Times};

mod laws;
mod silence;

use silence::Silence;

/// 120 ms at 16 kHz, which is as long as an Opus packet is.
const OPUS_MAX: usize = 1_920;
/// A packet, and as much again of what was lost before it.
const SAMPLES_MAX: usize = 2 * OPUS_MAX;
/// A packet of Opus that is no longer has no frame: its sender says nothing (RFC 6716, 2.1.9 and 3.2.1).
const FRAMELESS_MAX: usize = 2;
/// The payload type of comfort noise (RFC 3551, 6).
const NOISE: u8 = 13;
/// Longer gaps are left as they are: nobody knows any more what was said.
const CONCEALED_MS_MAX: u32 = 60;

/// What one side says, as the other side understands it.
pub(crate) struct Transcoder {
    from: Spoken,
    to: Spoken,
    target: (u8, Codec),
    /// Samples a second of what is decoded, and of what is encoded.
    rates: [u32; 2],
    decoder: Decoder,
    concealer: Concealer,
    resampler: Resampler,
    encoder: Encoder,
    times: Times,
    pressing: Option<Box<Pressing>>,
    /// Its peer says nothing, and has said so.
    silence: Option<Silence>,
    has_fallen_silent: bool,
    ear: Box<SignalEar>,
    /// What its peer has said of being a fax or a modem.
    signal: Option<Signal>,
    /// As long as the longest so far.
    decoded: Vec<i16>,
    /// What waits to be encoded.
    ready: Vec<i16>,
    /// Heads what is left of a packet that came.
    unfinished: Option<Fixed>,
    /// What left nothing while it was carried elsewhere.
    kept: Kept,
}

struct Decoder {
    g722: G722,
    opus: Option<Box<opus::Decoder>>,
    g729: Option<Box<g729::Decoder>>,
}

enum G722 {
    Whole(Box<g722::Decoder>),
    Narrow(Box<g722::narrow::Decoder>),
}

enum Resampler {
    None,
    Up(Box<Upsampler>),
    Down(Box<Downsampler>),
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transcoded {
    Ready,
    /// It says nothing that can be sent on alone: its sound goes with the next one's, or it came before.
    Kept,
    /// Of a payload type that was not agreed on, or of bytes that are no sound.
    Unknown,
}

impl Transcoder {
    /// Nothing, where the two understand each other as they are, or one has no codec of ours.
    pub fn new(from: &Spoken, to: &Spoken) -> Option<Transcoder> {
        let (source, target) = (from.codecs.first()?.1, *to.codecs.first()?);
        // Opus and G.722 have the rate of the other side: nothing else would be heard of them.
        let rate_out = target.1.rate().or(source.rate()).unwrap_or(Codec::RATE_WIDE);
        let rate_in = source.rate().unwrap_or(rate_out);
        let pressing = Pressing::between(from.keys, to.keys, [rate_in, rate_out]).map(Box::new);
        if source == target.1 && pressing.is_none() {
            return None;
        }
        let speaks = |wanted| from.codecs.iter().any(|(_, codec)| *codec == wanted);
        let opus = speaks(Codec::Opus).then(|| Box::new(opus::Decoder::new(rate_in)));
        let g729 = speaks(Codec::G729).then(Box::default);
        Some(Transcoder {
            target,
            rates: [rate_in, rate_out],
            decoder: Decoder { g722: G722::new(rate_in), opus, g729 },
            concealer: Concealer::new(rate_in),
            resampler: Resampler::between(rate_in, rate_out),
            encoder: Encoder::new(target.1, rate_out),
            times: Times::new(source.clock(), target.1.clock()),
            pressing,
            silence: None,
            has_fallen_silent: false,
            ear: Box::new(SignalEar::new(rate_in)),
            signal: None,
            decoded: Vec::new(),
            ready: Vec::new(),
            unfinished: None,
            kept: Kept::default(),
            from: from.clone(),
            to: to.clone(),
        })
    }

    /// Makes a packet, in its place, what the other side understands.
    pub fn carry(&mut self, header: &Fixed, packet: &mut Packet<'_>) -> Transcoded {
        let Ok(parsed) = rtp::Header::parse(packet.bytes()) else { return Transcoded::Unknown };
        let payload = parsed.payload;
        if let Keys::Events(from) = self.from.keys
            && header.payload_type == from.payload_type
        {
            return self.carry_event(header, from, packet);
        }
        // Some send noise whatever was agreed on; its number is known.
        if header.payload_type == self.from.noise.unwrap_or(NOISE) {
            return self.carry_noise(header, packet);
        }
        let known = self.from.codecs.iter().find(|(payload_type, _)| *payload_type == header.payload_type);
        let Some((_, codec)) = known.copied() else { return self.let_pass(header, packet) };
        if codec == Codec::Opus && payload.len() <= FRAMELESS_MAX {
            return self.carry_frameless(header, packet);
        }
        if codec == Codec::G729 && payload.len() == g729::SILENCE_BYTES {
            return self.carry_description(header, packet);
        }
        if codec.clock() != self.times.clock() {
            self.times.goes_over(header, codec.clock());
        }
        let due = self.times.due(header.ssrc);
        let mut fit = self.times.fit(header);
        if fit == Fit::Late {
            return Transcoded::Kept;
        }
        if self.silence.take().is_some() {
            self.times.speaks(header);
            fit = Fit::Anew;
        }
        if self.pressing.is_some() {
            let missed = self.missed(fit, due.map(|due| header.timestamp.wrapping_sub(due)));
            return self.carry_pressed(header, (codec, fit, missed), packet);
        }
        if codec == self.target.1 {
            if matches!(codec, Codec::Pcmu | Codec::Pcma) {
                self.times.took(header, payload.len(), 0, Codec::RATE_NARROW);
            }
            return self.copy(header, self.target.0, packet);
        }
        if let (Codec::Pcmu | Codec::Pcma, Encoder::Law(law)) = (codec, &self.encoder) {
            let mut room = [0; PAYLOAD_MAX];
            let length = g711::translate(payload, *law, &mut room);
            self.times.took(header, length, 0, self.rates[0]);
            return self.leave(header, (self.target.0, header.marker), &room[..length], packet);
        }
        let lost = if let Fit::After { lost } = fit { lost } else { 0 };
        if fit == Fit::Anew {
            self.ready.clear();
        }
        let Some(samples) = self.decode(codec, payload, lost) else { return Transcoded::Unknown };
        self.times.took(header, samples.fresh, samples.concealed, self.rates[0]);
        let falls_silent = codec == Codec::G729 && g729::falls_silent(payload);
        self.resample(samples.concealed + samples.fresh);
        let left = self.encode(header, packet);
        if falls_silent {
            self.fall_silent_behind();
        }
        left
    }

    /// What both sides understand, and nobody here, crosses as it is.
    fn let_pass(&mut self, header: &Fixed, packet: &mut Packet<'_>) -> Transcoded {
        if self.from.codecs.first().is_none_or(|(_, codec)| *codec != self.target.1) {
            return Transcoded::Unknown;
        }
        self.copy(header, header.payload_type, packet)
    }

    fn copy(&mut self, header: &Fixed, payload_type: u8, packet: &mut Packet<'_>) -> Transcoded {
        let payload = rtp::Header::parse(packet.bytes()).map_or(&[][..], |parsed| parsed.payload);
        let mut room = [0; PAYLOAD_MAX];
        let length = copied(payload, &mut room);
        self.leave(header, (payload_type, header.marker), &room[..length], packet)
    }

    /// An event says that a key is down: it goes on as one, or as what the other side understands.
    fn carry_event(&mut self, header: &Fixed, from: Events, packet: &mut Packet<'_>) -> Transcoded {
        let Ok(parsed) = rtp::Header::parse(packet.bytes()) else { return Transcoded::Unknown };
        let signal = TelephoneEvent::parse(parsed.payload).and_then(|said| Signal::of_event(said.event));
        self.signal = signal.or(self.signal);
        if let Keys::Events(to) = self.to.keys {
            let mut room = [0; PAYLOAD_MAX];
            let length = event(parsed.payload, (from, to), &mut room);
            return self.leave(header, (to.payload_type, header.marker), &room[..length], packet);
        }
        let said = TelephoneEvent::parse(parsed.payload);
        let Some((said, pressing)) = said.zip(self.pressing.as_mut()) else { return Transcoded::Unknown };
        pressing.note(header.timestamp, &said);
        let clock = self.from.codecs.first().map_or(TICKS, |(_, codec)| codec.clock());
        let length = u64::from(said.duration) * u64::from(clock) / u64::from(from.clock.max(1));
        let span = match self.times.reach(header, header.timestamp.wrapping_add(length as u32)) {
            Reach::Until { span } if pressing.is_sounding() => span,
            Reach::Until { .. } | Reach::Nothing => {
                self.times.kept();
                return Transcoded::Kept;
            }
            Reach::Late => return Transcoded::Kept,
        };
        let count = (u64::from(span) * u64::from(self.rates[1]) / u64::from(clock)) as usize;
        let waiting = self.ready.len();
        self.ready.resize((waiting + count).min(SAMPLES_MAX), 0);
        pressing.sound(&mut self.ready[waiting..]);
        self.encode(&Fixed { marker: false, ..*header }, packet)
    }

    /// How many samples did not come before a packet.
    fn missed(&self, fit: Fit, gap: Option<u32>) -> usize {
        let rate = self.rates[0];
        match (fit, gap) {
            (Fit::Next | Fit::Late, _) => 0,
            (Fit::After { lost }, _) => self.times.usual(rate) * usize::from(lost),
            (Fit::Anew, Some(gap)) => {
                let clock = self.from.codecs.first().map_or(TICKS, |(_, codec)| codec.clock());
                (u64::from(gap) * u64::from(rate) / u64::from(clock)).min(rate.into()) as usize
            }
            (Fit::Anew, None) => rate as usize,
        }
    }

    /// Sound of a direction in which key presses are told in two ways.
    fn carry_pressed(
        &mut self,
        header: &Fixed,
        (codec, fit, missed): (Codec, Fit, usize),
        packet: &mut Packet<'_>,
    ) -> Transcoded {
        let Ok(parsed) = rtp::Header::parse(packet.bytes()) else { return Transcoded::Unknown };
        let is_sounding = self.pressing.as_ref().is_some_and(|pressing| pressing.is_sounding());
        // What goes on as it came leaves what was lost to the far end.
        let lost = match fit {
            Fit::After { lost } if codec != self.target.1 || is_sounding => lost,
            _ => 0,
        };
        if fit == Fit::Anew {
            self.ready.clear();
        }
        let Some(samples) = self.decode(codec, parsed.payload, lost) else { return Transcoded::Unknown };
        self.times.took(header, samples.fresh, samples.concealed, self.rates[0]);
        self.leave_pressed(header, (Some(codec), samples, missed), packet)
    }

    /// What was decoded leaves with the key presses in it and beside it; it has no codec where it is ours.
    fn leave_pressed(
        &mut self,
        header: &Fixed,
        (codec, samples, missed): (Option<Codec>, Samples, usize),
        packet: &mut Packet<'_>,
    ) -> Transcoded {
        let Some(pressing) = &mut self.pressing else { return Transcoded::Unknown };
        let is_sounding = pressing.is_sounding();
        let ticks = |count: usize| (count as u64 * u64::from(TICKS) / u64::from(self.rates[0])) as u32;
        let count = samples.concealed + samples.fresh;
        let quiet = pressing.listen(missed, &self.decoded[samples.concealed..count]);
        pressing.pass(ticks(samples.fresh));
        let clock = self.from.codecs.first().map_or(TICKS, |(_, codec)| codec.clock());
        let due = self.times.due(header.ssrc).unwrap_or(header.timestamp);
        if let Some(said) = pressing.say(ticks(count), due, clock) {
            self.ready.clear();
            let header = Fixed { timestamp: said.begins, ..*header };
            return self.leave(&header, (said.payload_type, said.is_first), &said.event.bytes(), packet);
        }
        let from = match quiet {
            Some(0) => 0,
            Some(at) => samples.concealed + at,
            None if is_sounding || codec != Some(self.target.1) => count,
            None => {
                self.ready.clear();
                return self.copy(header, self.target.0, packet);
            }
        };
        self.decoded[from..count].fill(0);
        let before = self.ready.len();
        self.resample(count);
        if let Some(pressing) = &mut self.pressing {
            pressing.sound(&mut self.ready[before..]);
        }
        self.encode(header, packet)
    }

    /// Its peer may speak these too; not those of another rate than what it speaks is decoded at.
    pub fn expect(&mut self, codecs: &[(u8, Codec)]) {
        for (payload_type, codec) in codecs {
            let is_known = self.from.codecs.iter().any(|(known, _)| known == payload_type);
            if !is_known && codec.rate() == Some(self.rates[0]) {
                self.from.codecs.push((*payload_type, *codec));
            }
        }
    }

    /// A message of the call says that a key was pressed.
    pub fn press(&mut self, press: Press) {
        if let Some(pressing) = &mut self.pressing {
            pressing.press(press);
        }
    }

    /// A press that a message of the call is to tell.
    pub fn pressed(&mut self) -> Option<Press> {
        self.pressing.as_mut()?.told()
    }

    /// What its peer has said of being a fax or a modem, once.
    pub fn signal(&mut self) -> Option<Signal> {
        self.signal.take()
    }

    /// Decodes a packet, after what was lost before it.
    fn decode(&mut self, codec: Codec, payload: &[u8], lost: u16) -> Option<Samples> {
        let usual = self.times.usual(self.rates[0]);
        let concealed_max = (self.rates[0] * CONCEALED_MS_MAX / 1000) as usize;
        let gap = usual * usize::from(lost);
        let gap = if (1..=concealed_max).contains(&gap) { gap } else { 0 };
        let room = room_of(codec, payload.len());
        make_room(&mut self.decoded, gap + room);
        let (before, room) = self.decoded[..gap + room].split_at_mut(gap);
        let fresh = match codec {
            Codec::Opus => self.decoder.recover(payload, (before, usual), room)?,
            Codec::G729 => self.decoder.g729.as_mut().map_or(0, |g729| {
                g729.conceal(before);
                g729.decode(payload, room)
            }),
            _ => {
                if !before.is_empty() {
                    self.concealer.conceal(before);
                }
                let fresh = self.decoder.plain(codec, payload, room);
                self.concealer.hear(&mut room[..fresh]);
                fresh
            }
        };
        self.listen(usual * usize::from(lost), gap..gap + fresh);
        (fresh > 0).then_some(Samples { concealed: gap, fresh })
    }

    /// Listens for signals in what was decoded, after so many samples that never came.
    fn listen(&mut self, missed: usize, fresh: std::ops::Range<usize>) {
        if missed > 0 {
            self.ear.miss(missed);
        }
        let signal = &mut self.signal;
        self.ear.hear(&self.decoded[fresh], |heard| *signal = Some(heard));
    }

    fn resample(&mut self, count: usize) {
        let (samples, waiting) = (&self.decoded[..count], self.ready.len());
        let [from, to] = self.rates.map(|rate| rate as usize);
        self.ready.resize((waiting + (count * to).div_ceil(from)).min(SAMPLES_MAX), 0);
        let room = &mut self.ready[waiting..];
        let made = match &mut self.resampler {
            Resampler::None => copied(samples, room),
            Resampler::Up(up) => up.resample(samples, room),
            Resampler::Down(down) => down.resample(samples, room),
        };
        self.ready.truncate(waiting + made);
    }

    fn encode(&mut self, header: &Fixed, packet: &mut Packet<'_>) -> Transcoded {
        let count = self.encoder.takes(self.ready.len(), self.rates[1]);
        if count == 0 {
            self.times.kept();
            return Transcoded::Kept;
        }
        let mut room = [0; PAYLOAD_MAX];
        let Some(length) = self.encoder.encode(&self.ready[..count], &mut room) else {
            self.times.kept();
            self.ready.clear();
            return Transcoded::Kept;
        };
        let header = self.times.leaving(header, self.ready.len(), self.rates[1]);
        self.went(&header, count);
        write(&header, self.target.0, &room[..length], packet)
    }

    #[inline]
    pub fn has_rest(&self) -> bool {
        self.unfinished.is_some()
    }

    /// Another packet of what came, where one could not hold it all.
    pub fn rest(&mut self, packet: &mut Packet<'_>) -> Option<()> {
        let header = self.unfinished.take()?;
        let count = self.encoder.takes(self.ready.len(), self.rates[1]);
        let mut room = [0; PAYLOAD_MAX];
        let length = self.encoder.encode(&self.ready[..count], &mut room)?;
        self.times.added();
        self.went(&header, count);
        (write(&header, self.target.0, &room[..length], packet) == Transcoded::Ready).then_some(())
    }

    /// So many samples left under that header.
    fn went(&mut self, header: &Fixed, count: usize) {
        self.ready.drain(..count);
        let has_rest = self.encoder.leaves_rest() && !self.ready.is_empty();
        self.unfinished = has_rest.then(|| self.times.behind(header, count, self.rates[1]));
    }

    /// Sends on what carries its own time: key presses, noise, and sound that needs no work.
    fn leave(
        &mut self,
        header: &Fixed,
        (payload_type, marker): (u8, bool),
        payload: &[u8],
        packet: &mut Packet<'_>,
    ) -> Transcoded {
        let header = Fixed { marker, ..self.times.passing(header) };
        write(&header, payload_type, payload, packet)
    }

    /// The same in place of another one: times and numbers go on where that one was.
    pub fn after(mut self, before: &Transcoder) -> Transcoder {
        if self.times.is_of(&before.times) {
            (self.times, self.silence) = (before.times.clone(), before.silence.clone());
        }
        self
    }

    /// Whether it is what would be made for these two.
    pub fn is_between(&self, from: &Spoken, to: &Spoken) -> bool {
        self.from == *from && self.to == *to
    }

    /// Lets a sender's report name the same moment as the other side counts time (RFC 3550, 6.4.1).
    pub fn retime(&self, packet: &mut Packet<'_>) {
        const SENDER_REPORT: u8 = 200;
        if let Some([_, SENDER_REPORT, .., t0, t1, t2, t3]) = packet.bytes_mut().first_chunk_mut::<20>() {
            let timestamp = u32::from_be_bytes([*t0, *t1, *t2, *t3]);
            [*t0, *t1, *t2, *t3] = self.times.time(timestamp).to_be_bytes();
        }
    }
}

impl Decoder {
    /// Of a codec whose packets stand alone: how many samples they make.
    fn plain(&mut self, codec: Codec, payload: &[u8], room: &mut [i16]) -> usize {
        match codec {
            Codec::Pcmu => expand(payload, room, g711::decode_mu),
            Codec::Pcma => expand(payload, room, g711::decode_a),
            Codec::G722 => match &mut self.g722 {
                G722::Whole(g722) => g722.decode(payload, room),
                G722::Narrow(g722) => g722.decode(payload, room),
            },
            Codec::L16 | Codec::L16Narrow => l16::decode(payload, room),
            Codec::Opus | Codec::G729 => 0,
        }
    }

    /// A packet of Opus, which may say once more what was in the last of those that were lost.
    fn recover(
        &mut self,
        payload: &[u8],
        (before, usual): (&mut [i16], usize),
        room: &mut [i16],
    ) -> Option<usize> {
        let opus = self.opus.as_mut()?;
        let (first, last) = before.split_at_mut(before.len().saturating_sub(usual));
        for frame in first.chunks_mut(usual.max(1)) {
            opus.conceal(frame).unwrap_or_else(|| silence(frame));
        }
        if !last.is_empty() {
            opus.recover(payload, last).unwrap_or_else(|| silence(last));
        }
        opus.decode(payload, room)
    }
}

impl G722 {
    fn new(rate: u32) -> G722 {
        match rate {
            Codec::RATE_NARROW => G722::Narrow(Box::default()),
            _ => G722::Whole(Box::default()),
        }
    }
}

/// What was decoded: first what was made up, then what came.
struct Samples {
    concealed: usize,
    fresh: usize,
}

impl Resampler {
    fn between(from: u32, to: u32) -> Resampler {
        match (to / from, from / to) {
            (1, 1) => Resampler::None,
            (0, factor) => Resampler::Down(Box::new(Downsampler::new(factor as usize))),
            (factor, _) => Resampler::Up(Box::new(Upsampler::new(factor as usize))),
        }
    }
}

fn expand(payload: &[u8], samples: &mut [i16], decode: impl Fn(u8) -> i16) -> usize {
    samples.iter_mut().zip(payload).for_each(|(sample, code)| *sample = decode(*code));
    payload.len().min(samples.len())
}

fn silence(samples: &mut [i16]) -> usize {
    samples.fill(0);
    samples.len()
}

/// As many as there is room for.
fn copied<T: Copy>(from: &[T], to: &mut [T]) -> usize {
    let length = from.len().min(to.len());
    to[..length].copy_from_slice(&from[..length]);
    length
}

/// Samples that a packet of so many bytes makes at most.
fn room_of(codec: Codec, bytes: usize) -> usize {
    let samples = match codec {
        Codec::Opus => OPUS_MAX,
        Codec::G729 => bytes.div_ceil(g729::FRAME_BYTES) * g729::FRAME,
        _ => 2 * bytes,
    };
    samples.min(OPUS_MAX)
}

/// Room for so many samples: whoever has had it keeps it.
fn make_room(samples: &mut Vec<i16>, count: usize) {
    if samples.len() < count {
        samples.resize(count, 0);
    }
}

/// A key press whose duration is counted in another clock.
fn event(payload: &[u8], (from, to): (Events, Events), out: &mut [u8]) -> usize {
    let length = copied(payload, out);
    if let Some([high, low]) = out[..length].get_mut(2..4).and_then(|bytes| bytes.as_mut_array()) {
        let duration = u64::from(u16::from_be_bytes([*high, *low]));
        let scaled = duration * u64::from(to.clock) / u64::from(from.clock.max(1));
        [*high, *low] = (scaled.min(u16::MAX.into()) as u16).to_be_bytes();
    }
    length
}

fn write(header: &Fixed, payload_type: u8, payload: &[u8], packet: &mut Packet<'_>) -> Transcoded {
    let header = Fixed { payload_type, ..*header };
    let Some(room) = packet.room_behind_header().get_mut(..payload.len()) else { return Transcoded::Kept };
    room.copy_from_slice(payload);
    packet.head(&header, payload.len());
    Transcoded::Ready
}

impl std::fmt::Debug for Transcoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transcoder({:?} to {:?})", self.from.codecs, self.target)
    }
}
