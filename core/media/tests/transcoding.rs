//! What a relay makes of sound for a side that speaks another codec.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod speaking;

use std::time::Duration;

use media::{Act, Codec, Events, Keys, Order, PortIndex, Reason, Side, Signal, Spoken, Turn};
use rtp::srtp::{MasterKey, Opener, Suite};
use rtp::{Header, TelephoneEvent};
use sound::keys::{Heard, KeyEar};
use sound::{Law, Sine, g722, l16};

use speaking::{
    CALL, CALLEE, Ear, House, Left, Mouth, SSRC, Said, Wave, decibels, dozing, expect_even, has_pitch,
    loudness, speaks,
};

#[test]
fn h4_g711_becomes_g722_and_the_tone_is_the_same() {
    let mut house = House::new(speaks(0, Codec::Pcmu), speaks(9, Codec::G722));
    let mut ear = g722::Decoder::new();
    let (mut sine, mut heard) = (Sine::new(8_000, 440, 8_000), Vec::new());

    for number in 0..100u16 {
        let payload: Vec<u8> = (0..160).map(|_| Law::Mu.encode(sine.next_sample())).collect();
        let (header, payload) =
            house.says(Side::Caller, 0, number, u32::from(number) * 160, &payload).unwrap();
        assert_eq!((header.payload_type, header.sequence, header.ssrc), (9, number, SSRC));
        assert_eq!((header.timestamp, header.marker), (u32::from(number) * 160, number == 0));
        let mut samples = [0; 320];
        assert_eq!(ear.decode(&payload, &mut samples), 320);
        heard.extend_from_slice(&samples);
    }

    assert!(has_pitch(&heard[3_200..], 16_000, 440));
}

#[test]
fn h4_each_codec_becomes_each_other_and_back() {
    let numbers = [0, 8, 9, 111, 97, 98, 18];
    let all: Vec<(u8, Codec)> = numbers.into_iter().zip(Codec::ALL).collect();
    for (from, to) in
        all.iter().flat_map(|from| all.iter().map(|to| (*from, *to))).filter(|(from, to)| from != to)
    {
        let mut house = House::new(speaks(from.0, from.1), speaks(to.0, to.1));
        let (mut mouth, mut ear) = (Mouth::new(from.1, 440), Ear::new(to.1));
        let mut heard = Vec::new();
        for number in 0..60u16 {
            let at = u32::from(number) * from.1.clock() / 50;
            let (header, payload) = house.says(Side::Caller, from.0, number, at, &mouth.says()).unwrap();
            assert_eq!(header.timestamp, u32::from(number) * to.1.clock() / 50, "{from:?} to {to:?}");
            assert_eq!((header.payload_type, header.sequence), (to.0, number));
            heard.extend(ear.hears(&payload));
        }
        let heard = &heard[heard.len() / 3..];
        assert!(has_pitch(heard, ear.rate, 440), "{from:?} to {to:?}");

        let payload = Mouth::new(to.1, 440).says();
        let (header, _) = house.says(Side::Callee, to.0, 7, 0, &payload).unwrap();
        assert_eq!(header.payload_type, from.0);
    }
}

/// Who has G.722 and G.711 may go over from one to the other in a call, and the other side hears the same
/// tone.
#[test]
fn h4_who_goes_over_from_g722_to_g711_is_heard_at_the_same_pitch() {
    let both = Spoken { codecs: vec![(9, Codec::G722), (0, Codec::Pcmu)], ..speaks(9, Codec::G722) };
    let mut house = House::new(both, speaks(8, Codec::Pcma));
    let mut ear = Ear::new(Codec::Pcma);
    for (payload_type, codec, numbers) in [(9, Codec::G722, 0..50u16), (0, Codec::Pcmu, 50..100)] {
        let (mut mouth, mut heard) = (Mouth::new(codec, 440), Vec::new());
        for number in numbers {
            let at = u32::from(number) * 160;
            let (header, payload) =
                house.says(Side::Caller, payload_type, number, at, &mouth.says()).unwrap();
            assert_eq!((header.sequence, header.timestamp, payload.len()), (number, at, 160));
            heard.extend(ear.hears(&payload));
        }
        assert!(has_pitch(&heard[800..], 8_000, 440), "{codec:?}");
    }
}

/// Who was offered G.711 may speak it before its answer is here, in another clock than before: its numbers
/// and times go on, and so they do if it goes back. It is sent what it spoke until then.
#[test]
fn j4_who_was_offered_g711_is_heard_in_it_at_once_and_sent_what_it_spoke() {
    let laws = [(0, Codec::Pcmu), (8, Codec::Pcma)];
    for (own, law) in [(111, Codec::Opus), (9, Codec::G722), (18, Codec::G729)]
        .into_iter()
        .flat_map(|own| laws.map(|law| (own, law)))
    {
        let mut house = House::new(speaks(own.0, own.1), speaks(0, Codec::Pcmu));
        let (mut heard, mut ear) = (Vec::new(), Ear::new(Codec::Pcmu));
        // Another clock begins anywhere.
        let jump = if own.1.clock() == law.1.clock() { 0 } else { 7_654_321 };
        for (at, (payload_type, codec)) in (0..3u16).zip([own, law, own]) {
            let mut mouth = Mouth::new(codec, 440);
            for number in 50 * at..50 * (at + 1) {
                let step = codec.clock() / 50;
                let time = u32::from(at) * jump + u32::from(number) * step;
                let (header, payload) =
                    house.says(Side::Caller, payload_type, number, time, &mouth.says()).unwrap();
                assert_eq!((header.payload_type, header.sequence), (0, number), "{own:?} {law:?}");
                assert_eq!(header.timestamp, u32::from(number) * 160, "{own:?} {law:?}");
                heard.extend(ear.hears(&payload));
            }
            house.order(Order::Expect { session: CALL, stream: 0, side: Side::Caller, codecs: laws.into() });
            let silence = [0xff; 160];
            let (header, _) = house.says(Side::Callee, 0, at, u32::from(at) * 160, &silence).unwrap();
            assert_eq!(header.payload_type, own.0);
        }
        assert!(has_pitch(&heard[10_000..14_000], 8_000, 440), "{own:?} {law:?}");
    }
}

/// Nothing is compressed in L16: what came in one packet is too much for one, and leaves in several that
/// cross every network, in their order and time, sealed where the others are.
#[test]
fn h4_what_is_too_long_for_a_packet_of_l16_leaves_in_several() {
    let key = MasterKey::new(Suite::AesCm128HmacSha1_80, &[7; 30]).unwrap();
    for sealed in [None, Some(&key)] {
        let mut house = House::new(speaks(0, Codec::Pcmu), speaks(97, Codec::L16));
        let mut opener = sealed.map(Opener::new);
        if let Some(key) = sealed {
            house.seals(Side::Callee, key);
        }
        let (mut sine, mut heard, mut due) = (Sine::new(8_000, 440, 8_000), Vec::new(), None);
        for number in 0..20u16 {
            let payload: Vec<u8> = (0..480).map(|_| Law::Mu.encode(sine.next_sample())).collect();
            house.out.clear();
            house.says_raw(Side::Caller, 0, number, u32::from(number) * 480, &payload).unwrap();

            let rest = house.out.iter().filter_map(|act| match act {
                Act::Send { port, to, record } => {
                    assert_eq!((*port, *to), (PortIndex(2), CALLEE.parse().unwrap()));
                    Some(record.to_vec())
                }
                _ => None,
            });
            let all: Vec<Vec<u8>> = std::iter::once(house.left.clone()).chain(rest).collect();
            assert_eq!(all.len(), 2);
            for mut packet in all {
                assert!(packet.len() <= 1_440, "{} bytes", packet.len());
                if let Some(opener) = &mut opener {
                    let opened = opener.open_rtp(&mut packet).unwrap();
                    packet.truncate(opened);
                }
                let header = Header::parse(&packet).unwrap();
                let now = (header.fixed.sequence, header.fixed.timestamp);
                assert_eq!((header.fixed.payload_type, now), (97, due.unwrap_or(now)));
                let mut samples = [0; 960];
                let count = l16::decode(header.payload, &mut samples);
                heard.extend_from_slice(&samples[..count]);
                due = Some((now.0.wrapping_add(1), now.1.wrapping_add(count as u32)));
            }
        }
        assert_eq!(heard.len(), 20 * 960);
        assert!(has_pitch(&heard[3_200..], 16_000, 440));
    }
}

#[test]
fn h7_an_hour_of_a_clock_that_is_200_ppm_slow_passes_without_a_glitch() {
    an_hour(speaks(0, Codec::Pcmu), speaks(9, Codec::G722), 20_004);
}

#[test]
fn h7_an_hour_of_a_clock_that_is_200_ppm_fast_passes_without_a_glitch() {
    an_hour(speaks(9, Codec::G722), speaks(8, Codec::Pcma), 19_996);
}

/// An hour of a tone in packets of 20 ms by their sender's clock: each is one packet at the other side,
/// numbers and times go on evenly, and the tone is where it would be if it had never been cut into packets.
fn an_hour(from: Spoken, to: Spoken, every_us: u64) {
    let ((from_type, from_codec), (to_type, to_codec)) = (from.codecs[0], to.codecs[0]);
    let mut house = House::new(from, to);
    let (mut mouth, mut ear) = (Mouth::new(from_codec, 440), Ear::new(to_codec));
    let wave = Wave::new(440, ear.rate);
    let (mut at, mut first) = (0, None);
    for number in 0..180_000u32 {
        house.now += Duration::from_micros(every_us);

        let said = house.says(Side::Caller, from_type, number as u16, number * 160, &mouth.says());

        let (header, payload) = said.expect("each packet leaves as it comes");
        assert_eq!((header.payload_type, header.sequence), (to_type, number as u16));
        assert_eq!(header.timestamp, number * 160);
        let heard = ear.hears(&payload);
        assert_eq!(heard.len() as u32, ear.rate / 50);
        let (phase, share) = wave.phase(&heard, at);
        at += heard.len();
        // The first packets fill the filters on the way.
        if number > 5 {
            let first = *first.get_or_insert(phase);
            assert!((phase - first).abs() < 0.08, "packet {number} stands {} off", phase - first);
            assert!(share > 0.98, "packet {number} is {share} of the tone");
        }
    }
}

#[test]
fn h4_packets_of_another_length_become_what_opus_takes() {
    for (ms, samples) in [(10u32, 80u32), (30, 240), (60, 480)] {
        let mut house = House::new(speaks(0, Codec::Pcmu), speaks(111, Codec::Opus));
        let mut ear = Ear::new(Codec::Opus);
        let mut sine = Sine::new(8_000, 440, 8_000);
        let (mut next, mut due, mut heard) = (0u16, 0u32, Vec::new());
        for number in 0..40u16 {
            let payload: Vec<u8> = (0..samples).map(|_| Law::Mu.encode(sine.next_sample())).collect();
            let at = u32::from(number) * samples;
            let Ok((header, payload)) = house.says(Side::Caller, 0, number, at, &payload) else { continue };
            assert_eq!((header.sequence, header.timestamp), (next, due), "{ms} ms");
            let samples = ear.hears(&payload);
            (next, due) = (next + 1, due + samples.len() as u32 * 3);
            heard.extend(samples);
        }
        let whole = 40 * ms * 16;
        assert!(heard.len() as u32 >= whole - 20 * 16 && heard.len() as u32 <= whole, "{ms} ms");
        assert!(has_pitch(&heard[3_200..], 16_000, 440), "{ms} ms");
    }
}

#[test]
fn h7_a_lost_packet_is_made_up_and_numbers_go_on() {
    for (from, codec) in [(0, Codec::Pcmu), (111, Codec::Opus), (18, Codec::G729)] {
        let mut house = House::new(speaks(from, codec), speaks(9, Codec::G722));
        let (mut mouth, mut ear, mut heard) = (Mouth::new(codec, 440), Ear::new(Codec::G722), Vec::new());
        let (mut next, mut due) = (0u16, 0u32);
        for number in 0..60u16 {
            let payload = mouth.says();
            if number % 20 == 10 {
                continue;
            }
            let at = u32::from(number) * codec.clock() / 50;
            let (header, payload) = house.says(Side::Caller, from, number, at, &payload).unwrap();
            assert_eq!((header.sequence, header.timestamp), (next, due), "{codec:?}");
            (next, due) = (next + 1, due + payload.len() as u32);
            heard.extend(ear.hears(&payload));
        }
        assert_eq!(heard.len(), 60 * 320);
        let quiet = heard[1_600..].chunks(80).filter(|few| loudness(few) < 1_000.0).count();
        // What Opus says again in short begins softly: 5 ms for each of the three that were lost. G.729 makes
        // up voices: a tone fades, and comes back with the next frames.
        let most = match codec {
            Codec::Opus => 3,
            Codec::G729 => 24,
            _ => 0,
        };
        assert!(quiet <= most, "{codec:?}: {quiet} holes were heard");
    }
}

#[test]
fn a_copy_and_a_straggler_leave_nothing() {
    let mut house = House::new(speaks(0, Codec::Pcmu), speaks(9, Codec::G722));
    for number in [5, 6, 8] {
        house.says(Side::Caller, 0, number, u32::from(number) * 160, &[0xff; 160]).unwrap();
    }
    assert_eq!(house.says(Side::Caller, 0, 8, 1_280, &[0xff; 160]), Err(Reason::Kept));
    assert_eq!(house.says(Side::Caller, 0, 7, 1_120, &[0xff; 160]), Err(Reason::Kept));
    assert_eq!(house.says(Side::Caller, 3, 9, 1_440, &[0xff; 33]), Err(Reason::NotSpoken));
}

/// Some phones begin their numbers anew after a hold, and keep their source (RFC 3550, A.1).
#[test]
fn h1_who_begins_numbers_anew_is_heard_from_the_second_packet_on() {
    for (begins, first) in [(700u16, 1u16), (700, 40_000), (10, 65_000), (0, 3_200)] {
        let mut house = House::new(speaks(0, Codec::Pcmu), speaks(9, Codec::G722));
        let mut says = |sequence: u16, at: u32| house.says(Side::Caller, 0, sequence, at, &[0xff; 160]);
        let (before, _) = says(begins, 160_000).unwrap();

        assert_eq!(says(first, 320), Err(Reason::Kept), "nobody knows yet whether it is a stray");
        let (after, _) = says(first.wrapping_add(1), 480).unwrap();
        let (next, _) = says(first.wrapping_add(2), 640).unwrap();

        assert_eq!(after.sequence, before.sequence.wrapping_add(1), "{begins} to {first}");
        assert_eq!((next.sequence, next.timestamp), (after.sequence.wrapping_add(1), after.timestamp + 160));
    }
}

/// The same between the two laws, where nothing is decoded: the times go on as well.
#[test]
fn h1_times_go_on_between_laws_where_numbers_begin_anew() {
    let mut house = House::new(speaks(0, Codec::Pcmu), speaks(8, Codec::Pcma));
    let mut says = |sequence: u16, at: u32| house.says(Side::Caller, 0, sequence, at, &[0xff; 160]);
    for number in 0..50u16 {
        says(700 + number, 160_000 + u32::from(number) * 160).unwrap();
    }

    assert_eq!(says(40_000, 320), Err(Reason::Kept));
    let (after, _) = says(40_001, 480).unwrap();
    let (next, _) = says(40_002, 640).unwrap();

    assert_eq!((after.sequence, after.timestamp), (750, 160_000 + 50 * 160));
    assert_eq!((next.sequence, next.timestamp), (751, 160_000 + 51 * 160));
}

#[test]
fn h1_a_stray_packet_from_far_begins_nothing() {
    let mut house = House::new(speaks(0, Codec::Pcmu), speaks(9, Codec::G722));
    house.says(Side::Caller, 0, 5_000, 160_000, &[0xff; 160]).unwrap();
    for stray in [4_500, 9_000, 4_000] {
        assert_eq!(house.says(Side::Caller, 0, stray, 7, &[0xff; 160]), Err(Reason::Kept));
    }

    let (header, _) = house.says(Side::Caller, 0, 5_001, 160_160, &[0xff; 160]).unwrap();

    assert_eq!((header.sequence, header.timestamp), (5_001, 160_160));
}

#[test]
fn h2_key_presses_cross_in_the_other_clock_and_number() {
    let caller =
        Spoken { keys: Keys::Events(Events { payload_type: 101, clock: 8_000 }), ..speaks(0, Codec::Pcmu) };
    let callee = Spoken {
        keys: Keys::Events(Events { payload_type: 110, clock: 48_000 }),
        ..speaks(111, Codec::Opus)
    };
    let mut house = House::new(caller, callee);
    house.says(Side::Caller, 0, 0, 0, &[0xff; 160]).unwrap();
    let pressed = TelephoneEvent { event: 5, end: false, volume: 10, duration: 320 };
    let mut payload = Vec::new();
    pressed.write(&mut payload);

    let (header, payload) = house.says(Side::Caller, 101, 1, 160, &payload).unwrap();

    assert_eq!((header.payload_type, header.sequence, header.timestamp), (110, 1, 960));
    assert_eq!(TelephoneEvent::parse(&payload).unwrap(), TelephoneEvent { duration: 1_920, ..pressed });
}

/// Ten seconds of silence between two words, described once and then once more: who knows no noise hears it
/// all the while, as loud as it was described.
#[test]
fn h3_who_is_silent_for_10_s_is_heard_as_noise_all_the_while() {
    for codec in [Codec::Pcma, Codec::G722, Codec::L16, Codec::L16Narrow, Codec::G729, Codec::Opus] {
        let mut house = House::new(speaks(0, Codec::Pcmu), speaks(97, codec));
        let mut said: Vec<Said> = (0..25).map(|number| Said::word(number, number.into())).collect();
        said.push(Said { payload_type: 13, payload: vec![40], ..Said::word(25, 25) });
        said.push(Said { payload_type: 13, payload: vec![46], ..Said::word(26, 275) });
        said.extend((27..52).map(|number| Said::word(number, u32::from(number) + 498)));
        said[27].marker = true;

        let left = house.hears_all(&said);

        expect_even(&left, codec);
        assert_eq!(left.len(), 25 + 500 + 25, "{codec:?}");
        assert!(left[525].header.marker && !left[25..525].iter().any(|left| left.header.marker));
        let mut ear = Ear::new(codec);
        let heard: Vec<Vec<i16>> = left.iter().map(|left| ear.hears(&left.payload)).collect();
        // What is made for voices takes something of a hiss away.
        let most = if matches!(codec, Codec::Opus | Codec::G729) { 6.0 } else { 3.0 };
        for (silence, wanted) in [(35..275, -40.0), (285..525, -46.0)] {
            let level = decibels(&heard[silence].concat());
            assert!((level - wanted).abs() < most, "{codec:?}: {level} dB of {wanted}");
        }
    }
}

/// G.729 that falls silent says so behind a frame or in a packet of its own (RFC 3551, 4.5.6), and then
/// nothing.
#[test]
fn h3_g729_that_says_nothing_is_heard_as_the_noise_that_it_describes() {
    // Another coder makes noise of 36.9 and of 16.9 dB below the loudest of these.
    let (quiet, loud) = ([0, 30], [0, 50]);
    let mut house = House::new(speaks(18, Codec::G729), speaks(0, Codec::Pcmu));
    let mut mouth = Mouth::new(Codec::G729, 440);
    let mut word = |number: u16, turn: u32, behind: &[u8]| Said {
        payload: [mouth.says(), behind.to_vec()].concat(),
        payload_type: 18,
        ..Said::word(number, turn)
    };
    let mut said: Vec<Said> = (0..25).map(|number| word(number, number.into(), &[])).collect();
    said[24].payload.extend(loud);
    said.push(Said { payload: quiet.to_vec(), payload_type: 18, ..Said::word(25, 275) });
    said.extend((26..52).map(|number| word(number, u32::from(number) + 499, &[])));
    said[26].marker = true;

    let left = house.hears_all(&said);

    expect_even(&left, Codec::Pcmu);
    let mut ear = Ear::new(Codec::Pcmu);
    let heard: Vec<Vec<i16>> = left.iter().map(|left| ear.hears(&left.payload)).collect();
    for (silence, wanted) in [(35..270, -16.9), (285..520, -36.9)] {
        let level = decibels(&heard[silence].concat());
        assert!((level - wanted).abs() < 4.0, "{level} dB of {wanted}");
    }
    assert!(has_pitch(&heard[530..].concat(), 8_000, 440));
}

/// Who takes comfort noise is told of it in the words of RFC 3389, with its spectrum.
#[test]
fn h3_noise_of_g729_is_described_to_who_takes_comfort_noise() {
    let to = Spoken { noise: Some(13), ..speaks(0, Codec::Pcmu) };
    let mut house = House::new(speaks(18, Codec::G729), to);
    let mut mouth = Mouth::new(Codec::G729, 440);
    house.says(Side::Caller, 18, 0, 0, &mouth.says()).unwrap();

    let (header, payload) = house.says(Side::Caller, 18, 1, 160, &[0, 30]).unwrap();

    assert_eq!((header.payload_type, header.sequence, header.timestamp), (13, 1, 160));
    assert_eq!(payload.len(), 11);
    assert!((35..=39).contains(&payload[0]), "{payload:?}");
}

/// Opus that says nothing sends a frame each 400 ms, and before the gap behind it one packet without any.
#[test]
fn h3_opus_that_says_nothing_is_heard_as_what_was_there_before() {
    let mut house = House::new(speaks(111, Codec::Opus), speaks(0, Codec::Pcmu));
    let said = dozing(600);

    let left = house.hears_all(&said);

    expect_even(&left, Codec::Pcmu);
    assert_eq!(left.len(), 600);
    let mut ear = Ear::new(Codec::Pcmu);
    let heard: Vec<Vec<i16>> = left.iter().map(|left| ear.hears(&left.payload)).collect();
    let [before, silent] = [20..100, 100..600].map(|part| decibels(&heard[part].concat()));
    assert!((silent - before).abs() < 3.0, "{silent} dB after {before}");
}

/// To who knows noise it is described, and nothing else leaves.
#[test]
fn h3_opus_that_says_nothing_becomes_comfort_noise_for_who_takes_it() {
    let callee = Spoken { noise: Some(13), ..speaks(0, Codec::Pcmu) };
    let mut house = House::new(speaks(111, Codec::Opus), callee);
    let said: Vec<Said> = dozing(600).into_iter().take(101).collect();

    let mut left = house.hears_all(&said);
    left.extend(house.waits(house.now + Duration::from_secs(10)));

    assert_eq!(left.len(), 101);
    let Left { header, payload, .. } = &left[100];
    assert_eq!((header.payload_type, payload.len()), (13, 1));
    let mut ear = Ear::new(Codec::Pcmu);
    let heard: Vec<Vec<i16>> = left[20..100].iter().map(|left| ear.hears(&left.payload)).collect();
    let before = decibels(&heard.concat());
    assert!((before + f64::from(payload[0])).abs() < 3.0, "{} dB below, after {before}", payload[0]);
}

/// A thousand words over a line that holds each of them up by another while: nothing is said to have been
/// said before what was said before it, and in the end nothing lags behind.
#[test]
fn h3_words_that_are_held_up_follow_the_noise_before_them() {
    let mut house = House::new(speaks(0, Codec::Pcmu), speaks(8, Codec::Pcma));
    let (mut said, mut slot, mut lot) = (Vec::new(), 0, 1u32);
    for round in 0..1_000u16 {
        lot = lot.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let late = u64::from(lot >> 16) % 60;
        let first = round * 6;
        said.extend((first..first + 5).map(|number| {
            slot += 1;
            let word = Said::word(number, slot);
            Said { ms: word.ms + late, ..word }
        }));
        slot += 1;
        said.push(Said { payload_type: 13, payload: vec![50], ..Said::word(first + 5, slot) });
        slot += 10 + lot % 40;
    }

    let left = house.hears_all(&said);

    for pair in left.windows(2) {
        let [one, next] = [&pair[0], &pair[1]];
        assert_eq!(next.header.sequence, one.header.sequence.wrapping_add(1));
        let behind = next.header.timestamp.wrapping_sub(one.header.timestamp) as i32;
        assert!(behind >= 160, "{one:?} {next:?}");
        assert!(next.at - one.at <= Duration::from_millis(40 + 60), "{one:?} {next:?}");
    }
    let last = left.iter().rfind(|packet| packet.payload == left[0].payload).unwrap();
    let lag = last.header.timestamp.wrapping_sub(said[said.len() - 2].timestamp) as i32;
    assert!((0..=80 * 8).contains(&lag), "{lag}");
}

/// Somebody else is there, who knows nothing of a silence.
#[test]
fn h3_noise_ends_where_another_device_is_aimed_at() {
    let mut house = House::new(speaks(0, Codec::Pcmu), speaks(8, Codec::Pcma));
    house.hears_all(&[Said::word(0, 0), Said { payload_type: 13, payload: vec![40], ..Said::word(1, 1) }]);
    assert_eq!(house.waits(house.now + Duration::from_secs(1)).len(), 50);

    house.turns(Side::Caller, Turn::Another);

    assert_eq!(house.waits(house.now + Duration::from_secs(1)).len(), 0);
    assert!(house.relay.next_moment().is_none());
}

/// What a message of the call says is pressed reaches who takes events, though no sound comes.
#[test]
fn h3_keys_are_pressed_in_a_silence_too() {
    let events = Keys::Events(Events { payload_type: 101, clock: 8_000 });
    let caller = Spoken { keys: Keys::Told, ..speaks(0, Codec::Pcmu) };
    let mut house = House::new(caller, Spoken { keys: events, ..speaks(0, Codec::Pcmu) });
    house.hears_all(&[Said::word(0, 0), Said { payload_type: 13, payload: vec![40], ..Said::word(1, 1) }]);
    let press = media::Press::new(5, 100).unwrap();
    house.order(Order::Press { session: CALL, stream: 0, side: Side::Caller, press });

    let left = house.waits(house.now + Duration::from_secs(1));

    let told = left.iter().filter(|left| left.header.payload_type == 101);
    let ends = told.filter(|left| TelephoneEvent::parse(&left.payload).is_some_and(|said| said.end));
    assert_eq!(ends.count(), 3);
    assert_eq!(left.len(), 50);
}

#[test]
fn tones_of_keys_survive_the_way_through_opus_and_g722() {
    for codec in [Codec::Opus, Codec::G722] {
        assert_eq!(keys_through(codec), [1, 9, 0, 11, 5, 5], "{codec:?}");
    }
}

fn keys_through(codec: Codec) -> Vec<u8> {
    let mut house = House::new(speaks(0, Codec::Pcmu), speaks(111, codec));
    let (mut ear, mut keys, mut heard) = (Ear::new(codec), KeyEar::new(16_000), Vec::new());
    let mut number = 0u16;
    for key in [1, 9, 0, 11, 5, 5] {
        let mut sound = vec![0; 1_600];
        sound::keys::KeyTone::new(key, 8_000).unwrap().fill(&mut sound[..800]);
        for frame in sound.chunks(160) {
            let payload: Vec<u8> = frame.iter().map(|sample| Law::Mu.encode(*sample)).collect();
            let at = u32::from(number) * 160;
            let (_, payload) = house.says(Side::Caller, 0, number, at, &payload).unwrap();
            keys.hear(&ear.hears(&payload), |what| {
                if let Heard::Down { key, .. } = what {
                    heard.push(key);
                }
            });
            number += 1;
        }
    }
    heard
}

/// A fax is heard in whatever codec it speaks, through packets that are lost, and told once.
#[test]
fn j4_a_fax_is_heard_where_one_codec_is_made_of_another() {
    for (from, to) in [(Codec::Pcmu, Codec::G722), (Codec::G722, Codec::Pcma), (Codec::Opus, Codec::Pcmu)] {
        let mut house = House::new(speaks(96, from), speaks(97, to));
        let mut mouth = Mouth::new(from, 2_100);
        for number in (0..150u16).filter(|number| number % 50 != 20) {
            let at = u32::from(number) * from.clock() / 50;
            let _ = house.says(Side::Caller, 96, number, at, &mouth.says());
        }
        assert_eq!(house.signals(), [(Side::Caller, Signal::Answer)], "{from:?}");
    }
}

#[test]
fn j4_a_voice_is_no_fax() {
    let mut house = House::new(speaks(0, Codec::Pcmu), speaks(9, Codec::G722));
    let mut mouth = Mouth::new(Codec::Pcmu, 440);
    for number in 0..500u16 {
        house.says(Side::Caller, 0, number, u32::from(number) * 160, &mouth.says()).unwrap();
    }
    assert_eq!(house.signals(), []);
}

/// Gateways that hear a fax for themselves may say so by events (RFC 4734).
#[test]
fn j4_events_tell_of_a_fax_too() {
    let events = Keys::Events(Events { payload_type: 101, clock: 8_000 });
    let caller = Spoken { keys: events, ..speaks(0, Codec::Pcmu) };
    let mut house = House::new(caller, Spoken { keys: events, ..speaks(9, Codec::G722) });
    for (number, event) in [(0, 5), (1, 36), (2, 54), (3, 255)] {
        let said = TelephoneEvent { event, end: true, volume: 10, duration: 800 };
        let _ = house.says(Side::Caller, 101, number, u32::from(number) * 800, &said.bytes());
    }
    assert_eq!(house.signals(), [(Side::Caller, Signal::Calling), (Side::Caller, Signal::Preamble)]);
}

/// A negotiation may give the same codec another number: what is heard goes on at the moment where it was.
#[test]
fn h1_numbers_and_times_go_on_when_a_codec_is_called_otherwise() {
    let caller = speaks(0, Codec::Pcmu);
    let mut house = House::new(caller.clone(), speaks(107, Codec::Opus));
    let mut mouth = Mouth::new(Codec::Pcmu, 440);
    let mut before = None;

    for number in 0..100u16 {
        if number == 50 {
            let spoken = Some(Box::new([caller.clone(), speaks(111, Codec::Opus)]));
            house.order(Order::Transcode { session: CALL, stream: 0, spoken });
        }
        let at = 70_000 + u32::from(number) * 160;
        let (header, _) = house.says(Side::Caller, 0, number, at, &mouth.says()).unwrap();
        assert_eq!(header.payload_type, if number < 50 { 107 } else { 111 });
        let (sequence, timestamp) = before.replace((header.sequence, header.timestamp)).unwrap_or_default();
        if number > 0 {
            assert_eq!((header.sequence, header.timestamp), (sequence + 1, timestamp + 960), "{number}");
        }
    }
}

#[test]
fn sides_that_come_to_one_codec_are_let_alone_again() {
    let mut house = House::new(speaks(0, Codec::Pcmu), speaks(9, Codec::G722));
    house.says(Side::Caller, 0, 0, 0, &[0xff; 160]).unwrap();
    house.order(Order::Transcode { session: CALL, stream: 0, spoken: None });

    let (header, payload) = house.says(Side::Caller, 9, 1, 160, &[7; 160]).unwrap();

    assert_eq!((header.payload_type, payload), (9, vec![7; 160]));
}
