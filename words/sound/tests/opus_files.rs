//! Files of Opus: what was put in is heard at its time and on its channel, and what is torn off costs no more
//! than itself.
#![allow(clippy::unwrap_used)]

use std::io::Cursor;

use opus_pure::OggOpusReader;
use sound::Sine;
use sound::ogg::{self, Page};
use sound::opus::Decoder;
use sound::opus_file::{self, OpusFile};

const HERTZ: [u16; 2] = [440, 1_000];

/// Frames of so many ms: a pitch on each channel.
fn frames(rate: u32, ms: u32) -> Vec<i16> {
    let mut sines = HERTZ.map(|hertz| Sine::new(rate, hertz, 8_000));
    (0..rate * ms / 1_000).flat_map(|_| sines.each_mut().map(|sine| sine.next_sample())).collect()
}

/// The pages of a file, with where each begins.
fn pages(file: &[u8]) -> Vec<(usize, Page)> {
    let (mut at, mut pages) = (0, Vec::new());
    while let Some(length) = Page::length(&file[at..]) {
        let Some(page) = file.get(at..at + length).and_then(Page::parse) else { break };
        pages.push((at, page));
        at += length;
    }
    pages
}

/// Both channels, as another reader finds their packets, without what is to be skipped at both ends.
fn decoded(file: &[u8], rate: u32) -> [Vec<i16>; 2] {
    let mut reader = OggOpusReader::new(Cursor::new(file)).unwrap();
    assert_eq!((reader.head().channel_count, reader.head().input_sample_rate), (2, rate));
    let skipped = usize::from(reader.head().pre_skip) * rate as usize / 48_000;
    let (mut decoders, mut both) = ([Decoder::new(rate), Decoder::new(rate)], [Vec::new(), Vec::new()]);
    for packet in reader.packets() {
        let packet = packet.unwrap().data;
        let (short, length) = match (packet[1], packet[2]) {
            (first @ 252.., second) => (3, usize::from(second) * 4 + usize::from(first)),
            (first, _) => (2, usize::from(first)),
        };
        let left = [&packet[..1], &packet[short..short + length]].concat();
        for (side, packet) in [&left[..], &packet[short + length..]].into_iter().enumerate() {
            let mut room = [0; 320];
            let samples = &mut room[..rate as usize / 50];
            let made = if packet.len() > 1 {
                decoders[side].decode(packet, samples)
            } else {
                decoders[side].conceal(samples)
            };
            assert_eq!(made, Some(rate as usize / 50));
            both[side].extend_from_slice(samples);
        }
    }
    let granule = pages(file).last().unwrap().1.granule;
    let length = usize::try_from(opus_file::frames_at(granule, rate)).unwrap();
    both.map(|samples| samples[skipped..skipped + length].to_vec())
}

/// How much of some sound is one pitch.
fn share(samples: &[i16], rate: u32, hertz: u16) -> f64 {
    let step = std::f64::consts::TAU * f64::from(hertz) / f64::from(rate);
    let (mut sine, mut cosine, mut all) = (0.0, 0.0, 1.0);
    for (at, sample) in samples.iter().enumerate() {
        let (value, angle) = (f64::from(*sample), step * at as f64);
        (sine, cosine) = (sine + value * angle.sin(), cosine + value * angle.cos());
        all += value * value;
    }
    2.0 * (sine * sine + cosine * cosine) / (samples.len() as f64 * all)
}

fn part(samples: &[i16], rate: u32, ms: std::ops::Range<u32>) -> &[i16] {
    let at = |ms: u32| ms as usize * rate as usize / 1_000;
    &samples[at(ms.start)..at(ms.end)]
}

#[test]
fn each_channel_is_heard_alone_at_both_rates_in_a_tenth_of_the_space() {
    for rate in [8_000, 16_000] {
        let (mut out, frames) = (Vec::new(), frames(rate, 5_010));
        let mut file = OpusFile::begin(rate, 7, "call", &mut out);
        for (at, some) in frames.chunks(2 * 3_210).enumerate() {
            file.put(at as u64 * 3_210, some, &mut out);
        }
        file.end(&mut out);

        let both = decoded(&out, rate);

        for (side, samples) in both.iter().enumerate() {
            assert_eq!(samples.len(), frames.len() / 2);
            let samples = part(samples, rate, 200..4_900);
            assert!(share(samples, rate, HERTZ[side]) > 0.9, "{rate}: {}", share(samples, rate, HERTZ[side]));
            assert!(share(samples, rate, HERTZ[1 - side]) < 0.001, "{rate}: the other is heard");
        }
        assert!(out.len() * 8 < frames.len() * 2, "{} bytes of {}", out.len(), frames.len() * 2);
    }
}

/// RFC 7845, 4: time goes on by what packets hold, the head has none, and only the last page ends within a
/// packet.
#[test]
fn pages_are_counted_and_tell_the_time_at_their_end() {
    let mut out = Vec::new();
    let mut file = OpusFile::begin(8_000, 0x0102_0304, "call", &mut out);
    file.put(0, &frames(8_000, 3_005), &mut out);
    file.end(&mut out);

    let pages: Vec<Page> = pages(&out).into_iter().map(|(_, page)| page).collect();

    assert!(pages.iter().all(|page| page.serial == 0x0102_0304));
    assert!(pages.iter().enumerate().all(|(at, page)| page.number as usize == at));
    assert_eq!([pages[0].granule, pages[1].granule], [0, 0]);
    let (last, others) = pages[2..].split_last().unwrap();
    let mut before = 0;
    for page in others {
        assert!(!page.is_last && (1..=50).contains(&page.packets));
        before += page.packets * 960;
        assert_eq!(page.granule, before);
    }
    assert!(last.is_last && last.granule == 3_005 * 48 + 312);
    assert!(last.granule <= before + last.packets * 960 && last.granule + 960 > before + last.packets * 960);
}

#[test]
fn what_nobody_said_for_an_hour_is_silence_of_an_hour_and_takes_little() {
    let (rate, second) = (8_000, frames(8_000, 1_000));
    let mut out = Vec::new();
    let mut file = OpusFile::begin(rate, 7, "call", &mut out);
    file.put(0, &second, &mut out);
    let before = out.len();
    file.put(3_601 * 8_000, &second, &mut out);
    file.end(&mut out);

    let [left, right] = decoded(&out, rate);

    assert_eq!(left.len(), 3_602 * 8_000);
    for side in [&left, &right] {
        let loudest = part(side, rate, 1_100..3_600_000).iter().map(|sample| sample.abs()).max();
        assert!(loudest < Some(8), "{loudest:?}");
    }
    assert!(share(part(&left, rate, 3_601_050..3_601_950), rate, HERTZ[0]) > 0.9);
    assert!(out.len() - before < 1_000_000, "{} bytes", out.len());
}

/// Pages that were torn are none, wherever that was; a file goes on behind the last that is whole.
#[test]
fn a_torn_file_ends_with_its_last_whole_page_and_goes_on_behind_it() {
    let (rate, sound) = (8_000, frames(8_000, 4_000));
    let mut out = Vec::new();
    let mut file = OpusFile::begin(rate, 7, "call", &mut out);
    file.put(0, &sound, &mut out);
    file.end(&mut out);
    let all = pages(&out);
    for torn in [out.len() - 1, all[4].0 + ogg::HEAD, all[4].0 + 60, all[4].0 + 1] {
        assert!(pages(&out[..torn]).len() < all.len());
    }
    let mut other = out.clone();
    other[all[3].0 + 100] ^= 1;
    assert_eq!(pages(&other).len(), 3);

    let (at, last) = *all.last().unwrap();
    let granule = opus_file::granule_behind(all[all.len() - 2].1.granule, last.packets);
    Page::reopen(&mut out[at..], granule);
    let mut file = OpusFile::resume(rate, &last, granule);
    file.put(5 * 8_000, &sound, &mut out);
    file.end(&mut out);

    let [left, right] = decoded(&out, rate);
    assert_eq!((left.len(), right.len()), (9 * 8_000, 9 * 8_000));
    assert!(share(part(&right, rate, 200..3_900), rate, HERTZ[1]) > 0.9);
    assert!(part(&left, rate, 4_300..4_990).iter().all(|sample| sample.abs() < 8));
    assert!(share(part(&left, rate, 5_100..8_900), rate, HERTZ[0]) > 0.9);
    assert_eq!(pages(&out).iter().filter(|(_, page)| page.is_last).count(), 1);
}

/// What the disk refused is silence, and what comes after it is at its time.
#[test]
fn what_was_not_kept_is_silence_at_its_time() {
    let (rate, second) = (16_000, frames(16_000, 1_000));
    let mut out = Vec::new();
    let mut file = OpusFile::begin(rate, 7, "call", &mut out);
    file.put(0, &second, &mut out);
    let (mark, length) = (file.mark(), out.len());
    file.put(16_000, &second, &mut out);
    out.truncate(length);
    file.back_to(mark);
    file.put(32_000, &second, &mut out);
    file.end(&mut out);

    let [left, right] = decoded(&out, rate);

    assert_eq!(left.len(), 48_000);
    assert!(part(&right, rate, 1_300..1_990).iter().all(|sample| sample.abs() < 8));
    assert!(share(part(&left, rate, 2_100..2_900), rate, HERTZ[0]) > 0.9);
    assert!(pages(&out).iter().enumerate().all(|(at, (_, page))| page.number as usize == at));
}
