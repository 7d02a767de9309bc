//! Recordings on the disk.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use media::{
    Act, Aim, Codec, Codecs, Event, Order, Outbox, Packet, PortIndex, PortPair, Relay, Reports, Running,
    Senders, Sending, SessionKey, Side, Taped, Taping, Turn,
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sound::ogg::Page;
use store::{Recordings, TapeTrouble};

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
const PLACES: [&str; 2] = ["192.0.2.1:4000", "198.51.100.9:6000"];

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("tandem-recordings-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// What a relay copies of a call in which both say something for so long: the caller louder than the callee.
fn taped(name: &str, ms: u64) -> Vec<Taped> {
    said(name, 0..ms, |side, _| if side == Side::Caller { 0x90 } else { 0xb0 })
}

/// The same of what the two say.
fn said(name: &str, ms: std::ops::Range<u64>, code: impl Fn(Side, u64) -> u8) -> Vec<Taped> {
    let (mut relay, mut out, began) = (Relay::new(), Outbox::new(), Instant::now());
    let pair = |port| PortPair { address: "203.0.113.5".parse().unwrap(), port };
    let order = |relay: &mut Relay, out: &mut Outbox, order| relay.order(began, order, out);
    let open = Order::Open { session: CALL, stream: 0, ports: [pair(30_000), pair(30_002)] };
    order(&mut relay, &mut out, open);
    for (side, place) in [Side::Caller, Side::Callee].into_iter().zip(PLACES) {
        let aim = Aim {
            rtp: place.parse().ok(),
            reports: Reports::Apart(None),
            sending: Sending::Allowed,
            senders: Senders::Signalled,
            turn: Turn::Same,
            clock: 8_000,
            protection: None,
            door: None,
        };
        order(&mut relay, &mut out, Order::Aim { session: CALL, stream: 0, side, aim });
    }
    let codecs = || -> Codecs { [(0, Codec::Pcmu)].into() };
    let taping = Taping { name: name.into(), began, codecs: [codecs(), codecs()], running: Running::Yes };
    order(&mut relay, &mut out, Order::Record { session: CALL, stream: 0, taping: Some(Box::new(taping)) });
    for number in ms.start / 20..ms.end / 20 {
        for (port, place, side) in [(0, PLACES[0], Side::Caller), (2, PLACES[1], Side::Callee)] {
            let mut room = [0; 200];
            room[12..172].iter_mut().zip(number * 160..).for_each(|(byte, at)| *byte = code(side, at));
            room[..2].copy_from_slice(&[0x80, 0]);
            room[2..4].copy_from_slice(&(number as u16).to_be_bytes());
            room[4..8].copy_from_slice(&(number as u32 * 160).to_be_bytes());
            room[8..12].copy_from_slice(&[port as u8; 4]);
            let from: SocketAddr = place.parse().unwrap();
            let now = began + Duration::from_millis(20 * number);
            relay.receive(now, PortIndex(port), from, &mut Packet::new(&mut room, 172), &mut out);
        }
    }
    order(&mut relay, &mut out, Order::Close { session: CALL });
    let taped = out.into_iter().filter_map(|act| match act {
        Act::Tell(Event::Taped(taped)) => Some(*taped),
        _ => None,
    });
    taped.collect()
}

/// Frames as (left, right), as far as the head says that there are any.
fn frames(path: &Path) -> Vec<(i16, i16)> {
    let bytes = fs::read(path).unwrap();
    assert_eq!((&bytes[..4], &bytes[8..16], &bytes[36..40]), (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..]));
    let length = u32::from_le_bytes(bytes[40..44].try_into().unwrap()) as usize;
    assert!(bytes.len() >= 44 + length, "{} bytes, {length} said", bytes.len());
    let word = |pair: &[u8]| i16::from_le_bytes([pair[0], pair[1]]);
    bytes[44..44 + length].chunks_exact(4).map(|frame| (word(&frame[..2]), word(&frame[2..]))).collect()
}

fn told(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn opened(folder: &Path) -> (Recordings, mpsc::Receiver<TapeTrouble>) {
    let (tell, troubles) = mpsc::channel();
    let trouble = move |trouble| tell.send(trouble).unwrap_or_default();
    (Recordings::open(folder, 30, trouble).unwrap(), troubles)
}

fn wait_for(is_so: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < until, "it never came to be");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_recording_holds_both_sides_and_what_is_known_of_it_stands_beside_it() {
    let folder = folder("whole");
    let (recordings, _troubles) = opened(&folder);
    let tapes = recordings.tapes();

    taped("2026-11-22/call.wav", 3_000).into_iter().for_each(|one| tapes.take(Box::new(one)));
    recordings.stop();

    let path = folder.join("2026-11-22/call.wav");
    let frames = frames(&path);
    assert_eq!(frames.len(), 24_000);
    assert!(frames.iter().all(|(left, right)| left.abs() > right.abs() && right.abs() > 100));
    let told = told(&path.with_extension("json"));
    assert_eq!((told["ms"].as_u64(), told["rate"].as_u64()), (Some(3_000), Some(8_000)));
    assert_eq!((&told["gaps"], &told["cut_off"]), (&Value::Array(Vec::new()), &Value::Null));
    let print: String =
        Sha256::digest(fs::read(&path).unwrap()).iter().map(|one| format!("{one:02x}")).collect();
    assert_eq!(told["sha256"], print);
    for file in [path.clone(), path.with_extension("json")] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    fs::remove_dir_all(folder).unwrap();
}

/// The process dies: what was said up to a moment before is a file that can be read, and the next process
/// says how long it is.
#[test]
fn a_recording_is_whole_at_every_moment() {
    let folder = folder("cut");
    let path = folder.join("2026-11-22/call.wav");
    let all = taped("2026-11-22/call.wav", 5_000);
    let (recordings, _troubles) = opened(&folder);
    let tapes = recordings.tapes();
    let last = all.len() - 1;
    all.into_iter().take(last).for_each(|one| tapes.take(Box::new(one)));
    wait_for(|| path.exists() && frames(&path).len() > 4 * 8_000);

    let kept = fs::read(&path).unwrap();
    recordings.stop();
    fs::remove_file(path.with_extension("json")).unwrap();
    fs::write(&path, &kept).unwrap();
    let (next, _troubles) = opened(&folder);
    wait_for(|| path.with_extension("json").exists());
    next.stop();

    let told = told(&path.with_extension("json"));
    assert_eq!(told["cut_off"], true);
    assert_eq!(told["ms"].as_u64().unwrap(), frames(&path).len() as u64 / 8);
    assert_eq!(
        told["sha256"],
        Sha256::digest(&kept).iter().map(|one| format!("{one:02x}")).collect::<String>()
    );
    fs::remove_dir_all(folder).unwrap();
}

/// A disk that is full takes nothing: that is told once, other recordings go on, and the file says so.
#[test]
fn a_full_disk_is_told_of_and_stops_no_other_recording() {
    let folder = folder("full");
    fs::create_dir_all(folder.join("day")).unwrap();
    symlink("/dev/full", folder.join("day/full.wav")).unwrap();
    fs::write(folder.join("day/full.json"), "{}").unwrap();
    let (recordings, troubles) = opened(&folder);
    let tapes = recordings.tapes();

    for (full, well) in taped("day/full.wav", 3_000).into_iter().zip(taped("day/well.wav", 3_000)) {
        tapes.take(Box::new(full));
        tapes.take(Box::new(well));
    }
    recordings.stop();

    let troubles: Vec<TapeTrouble> = troubles.iter().collect();
    assert_eq!(troubles.len(), 1, "{troubles:?}");
    let told = told(&folder.join("day/full.json"));
    assert_eq!(told["gaps"][0]["why"], "the disk refused it", "{told}");
    assert_eq!(frames(&folder.join("day/well.wav")).len(), 24_000);
    fs::remove_dir_all(folder).unwrap();
}

/// Copies that did not come are silence, and a gap that is told of; what came after them is in its place.
#[test]
fn what_did_not_reach_the_disk_is_a_gap_and_the_rest_stays_in_its_place() {
    let folder = folder("gap");
    let (recordings, _troubles) = opened(&folder);
    let tapes = recordings.tapes();
    let all = taped("day/call.wav", 4_000);
    let missing = all[3].packets().next().unwrap().0..all[4].packets().next().unwrap().0;

    let some = all.into_iter().enumerate().filter(|(at, _)| *at != 3);
    some.for_each(|(_, one)| tapes.take(Box::new(one)));
    recordings.stop();

    let path = folder.join("day/call.wav");
    let frames = frames(&path);
    assert_eq!(frames.len(), 32_000);
    let at = |ms: u32| ms as usize * 8;
    assert!(frames[at(missing.start) + 160..at(missing.end)].iter().all(|frame| *frame == (0, 0)));
    assert!(frames[at(missing.end) + 160..].iter().all(|(left, _)| *left != 0));
    let told = told(&path.with_extension("json"));
    assert_eq!(told["gaps"][0]["why"], "the disk was too slow", "{told}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn recordings_of_earlier_days_are_deleted_and_others_stay() {
    let folder = folder("old");
    for (name, days) in [("old", 31), ("young", 29)] {
        let day = folder.join(name);
        fs::create_dir_all(&day).unwrap();
        for end in ["wav", "json"] {
            let path = day.join(format!("call.{end}"));
            fs::write(&path, "x").unwrap();
            let written = SystemTime::now() - Duration::from_secs(days * 86_400);
            File::options().write(true).open(path).unwrap().set_modified(written).unwrap();
        }
    }

    let (recordings, _troubles) = opened(&folder);
    wait_for(|| !folder.join("old").exists());
    recordings.stop();

    assert!(folder.join("young/call.wav").exists() && folder.join("young/call.json").exists());
    fs::remove_dir_all(folder).unwrap();
}

const HERTZ: [f64; 2] = [440.0, 1_000.0];

/// What a relay copies of a call in which each side says its pitch.
fn sung(name: &str, ms: std::ops::Range<u64>) -> Vec<Taped> {
    said(name, ms, |side, at| {
        let angle = std::f64::consts::TAU * HERTZ[side as usize] * at as f64 / 8_000.0;
        sound::Law::Mu.encode((8_000.0 * angle.sin()) as i16)
    })
}

/// The pages of a file, and whether nothing stands behind them.
fn pages(path: &Path) -> (Vec<Page>, bool) {
    let bytes = fs::read(path).unwrap();
    let (mut at, mut pages) = (0, Vec::new());
    while let Some(length) = Page::length(&bytes[at..]) {
        let Some(page) = bytes.get(at..at + length).and_then(Page::parse) else { break };
        pages.push(page);
        at += length;
    }
    (pages, at == bytes.len())
}

/// How long it plays, and that its pages are one file.
fn ms_of(path: &Path) -> u64 {
    let (pages, is_all) = pages(path);
    assert!(is_all && pages.iter().enumerate().all(|(at, page)| page.number as usize == at));
    let ends = pages.iter().enumerate().filter(|(_, page)| page.is_last).map(|(at, _)| at + 1);
    assert_eq!(ends.collect::<Vec<_>>(), [pages.len()]);
    sound::opus_file::frames_at(pages.last().unwrap().granule, 1_000)
}

/// A file of Opus is as long as what was said, and a tenth of the other kind.
#[test]
fn a_recording_in_opus_is_as_long_and_takes_a_tenth() {
    let folder = folder("opus");
    let (recordings, _troubles) = opened(&folder);
    let tapes = recordings.tapes();

    for name in ["day/call.opus", "day/other.wav"] {
        sung(name, 0..5_000).into_iter().for_each(|one| tapes.take(Box::new(one)));
    }
    recordings.stop();

    let path = folder.join("day/call.opus");
    assert_eq!(ms_of(&path), 5_000);
    let told = told(&path.with_extension("json"));
    assert_eq!((told["ms"].as_u64(), told["rate"].as_u64()), (Some(5_000), Some(8_000)), "{told}");
    assert_eq!(told["gaps"], Value::Array(Vec::new()));
    let bytes = fs::read(&path).unwrap();
    assert_eq!(
        told["sha256"],
        Sha256::digest(&bytes).iter().map(|one| format!("{one:02x}")).collect::<String>()
    );
    let other = fs::metadata(folder.join("day/other.wav")).unwrap().len();
    assert!(bytes.len() as u64 * 8 < other, "{} bytes, not {other}", bytes.len());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::remove_dir_all(folder).unwrap();
}

/// The process dies: what is torn is taken away, and the file ends as it should.
#[test]
fn a_recording_in_opus_that_was_cut_off_is_ended_by_the_next_process() {
    let folder = folder("opus-cut");
    let path = folder.join("day/call.opus");
    let (recordings, _troubles) = opened(&folder);
    let tapes = recordings.tapes();
    sung("day/call.opus", 0..5_000).into_iter().for_each(|one| tapes.take(Box::new(one)));
    recordings.stop();
    let whole = fs::read(&path).unwrap();
    fs::remove_file(path.with_extension("json")).unwrap();
    fs::write(&path, &whole[..whole.len() - 700]).unwrap();

    let (next, _troubles) = opened(&folder);
    wait_for(|| path.with_extension("json").exists());
    next.stop();

    let told = told(&path.with_extension("json"));
    assert_eq!(told["cut_off"], true);
    assert_eq!(told["ms"].as_u64().unwrap(), ms_of(&path));
    assert!((3_900..5_000).contains(&ms_of(&path)), "{} ms", ms_of(&path));
    let bytes = fs::read(&path).unwrap();
    assert_eq!(
        told["sha256"],
        Sha256::digest(&bytes).iter().map(|one| format!("{one:02x}")).collect::<String>()
    );
    fs::remove_dir_all(folder).unwrap();
}

/// A call whose media ended goes on with the same file when it comes back, at its time.
#[test]
fn a_recording_in_opus_goes_on_where_it_ended() {
    let folder = folder("opus-on");
    let path = folder.join("day/call.opus");
    for ms in [0..2_000, 10_000..12_000] {
        let (recordings, _troubles) = opened(&folder);
        let tapes = recordings.tapes();
        sung("day/call.opus", ms.clone()).into_iter().for_each(|one| tapes.take(Box::new(one)));
        recordings.stop();
        assert_eq!(ms_of(&path), ms.end);
        assert_eq!(told(&path.with_extension("json"))["ms"].as_u64(), Some(ms.end));
    }
    fs::remove_dir_all(folder).unwrap();
}

/// The disk refuses even the head of a file: that is told, and others go on.
#[test]
fn a_full_disk_stops_no_other_recording_in_opus() {
    let folder = folder("opus-full");
    fs::create_dir_all(folder.join("day")).unwrap();
    symlink("/dev/full", folder.join("day/full.opus")).unwrap();
    fs::write(folder.join("day/full.json"), "{}").unwrap();
    let (recordings, troubles) = opened(&folder);
    let tapes = recordings.tapes();

    for (full, well) in sung("day/full.opus", 0..3_000).into_iter().zip(sung("day/well.opus", 0..3_000)) {
        tapes.take(Box::new(full));
        tapes.take(Box::new(well));
    }
    recordings.stop();

    assert_eq!(troubles.iter().count(), 1);
    assert_eq!(told(&folder.join("day/full.json"))["gaps"][0]["why"], "the disk refused it");
    assert_eq!(ms_of(&folder.join("day/well.opus")), 3_000);
    fs::remove_dir_all(folder).unwrap();
}
