//! Captures on the disk.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use media::{
    Act, Aim, Event, Excerpted, Excerpting, Opaque, Order, Outbox, Packet, PortIndex, PortPair, Relay,
    Reports, Senders, Sending, SessionKey, Side, Turn, Wholes,
};
use store::{CaptureLimits, CaptureTrouble, Captures, pcapng};

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
const PLACES: [&str; 2] = ["192.0.2.1:4000", "198.51.100.9:6000"];
const DAY: Duration = Duration::from_secs(86_400);

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("tandem-captures-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// What a relay keeps of so many packets of the caller's, twice each: as they come and as they go.
fn kept(name: &str, packets: u16, bytes_max: u64) -> Vec<Excerpted> {
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
    let whole = Wholes { types: 1, opaque: Opaque::Cut };
    let until = began + Duration::from_secs(60);
    let terms = Excerpting { name: name.into(), until, bytes_max, whole: Arc::new([[whole; 2]]) };
    order(&mut relay, &mut out, Order::Excerpt { session: CALL, excerpting: Some(Box::new(terms)) });
    for number in 0..packets {
        let mut room = [0x5a; 200];
        room[..2].copy_from_slice(&[0x80, 0]);
        room[2..4].copy_from_slice(&number.to_be_bytes());
        let from: SocketAddr = PLACES[0].parse().unwrap();
        let now = began + Duration::from_millis(u64::from(number));
        relay.receive(now, PortIndex(0), from, &mut Packet::new(&mut room, 172), &mut out);
    }
    order(&mut relay, &mut out, Order::Close { session: CALL });
    let kept = out.into_iter().filter_map(|act| match act {
        Act::Tell(Event::Excerpted(excerpted)) => Some(*excerpted),
        _ => None,
    });
    kept.collect()
}

fn opened(folder: &Path, limits: CaptureLimits) -> (Captures, mpsc::Receiver<CaptureTrouble>) {
    let (tell, troubles) = mpsc::channel();
    let trouble = move |trouble| tell.send(trouble).unwrap_or_default();
    (Captures::open(folder, limits, trouble).unwrap(), troubles)
}

const LIMITS: CaptureLimits = CaptureLimits { keep_days: 7, all_bytes: 1_000_000_000 };

fn write(folder: &Path, limits: CaptureLimits, packets: Vec<Excerpted>) {
    let (captures, troubles) = opened(folder, limits);
    packets.into_iter().for_each(|one| captures.way().take(Box::new(one)));
    captures.stop();
    assert_eq!(troubles.try_iter().count(), 0);
}

fn text_of(file: &Path) -> String {
    String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned()
}

#[test]
fn pain_23_packets_stand_in_a_file_that_is_its_owner_s_alone_each_with_its_time() {
    let folder = folder("whole");
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    write(&folder, LIMITS, kept("day/call.pcapng", 20, 1_000_000));
    let file = folder.join("day/call.pcapng");

    let bytes = fs::read(&file).unwrap();
    let times: Vec<i64> = pcapng::packets(&bytes).map(|(at, _)| at).collect();

    assert_eq!(times.len(), 40);
    assert!(times.is_sorted() && times[39] - times[0] == 19_000, "{times:?}");
    let since = i64::try_from(before.as_micros()).unwrap();
    assert!((since..since + 5_000_000).contains(&times[0]), "{} is not after {since}", times[0]);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    // A house that starts again writes behind what is there.
    write(&folder, LIMITS, kept("day/call.pcapng", 5, 1_000_000));
    assert_eq!(pcapng::packets(&fs::read(&file).unwrap()).count(), 50);
}

#[test]
fn a_file_ends_where_it_is_as_long_as_it_may_be_and_says_so() {
    let folder = folder("long");
    write(&folder, LIMITS, kept("day/call.pcapng", 200, 10_000));
    let file = folder.join("day/call.pcapng");

    let length = fs::metadata(&file).unwrap().len();
    assert!((9_000..10_500).contains(&length), "{length}");
    assert!(text_of(&file).contains("the capture ends here"));
}

#[test]
fn the_oldest_files_go_where_all_are_too_much_and_where_they_are_too_old() {
    let folder = folder("room");
    fs::create_dir_all(folder.join("day")).unwrap();
    let now = SystemTime::now();
    for (name, age) in [("ancient", DAY * 8), ("old", DAY * 2), ("newer", DAY)] {
        let file = folder.join(format!("day/{name}.pcapng"));
        fs::write(&file, vec![0; 100_000]).unwrap();
        fs::File::options().write(true).open(&file).unwrap().set_modified(now - age).unwrap();
    }
    write(&folder, CaptureLimits { all_bytes: 150_000, ..LIMITS }, kept("day/call.pcapng", 10, 1_000_000));

    let is_there = |name: &str| folder.join(format!("day/{name}.pcapng")).exists();
    assert_eq!(["ancient", "old", "newer", "call"].map(is_there), [false, false, true, true]);
}

#[test]
fn a_disk_that_refuses_is_told_of_once() {
    let folder = folder("refused");
    // A file where the folder of the day is to be.
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("day"), "").unwrap();
    let (captures, troubles) = opened(&folder, LIMITS);
    for _ in 0..3 {
        kept("day/call.pcapng", 3, 1_000_000).into_iter().for_each(|one| captures.way().take(Box::new(one)));
        thread::sleep(Duration::from_millis(10));
    }
    captures.stop();

    assert_eq!(troubles.try_iter().count(), 1);
}
