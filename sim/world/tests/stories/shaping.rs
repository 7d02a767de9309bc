//! Calls that come faster than a trunk takes them stand in line.

use std::time::Duration;

use actors::{Ended, Note};
use world::{CallHandle, World};

use crate::{TWO_PROVIDERS, seed};

/// East takes five calls in a second; a call waits as long as `wait` says.
fn paced(wait: &str) -> String {
    let east = "limits = { calls = 40 }\nfailover = { ring_wait = \"15s\", answer_wait = \"4s\" }";
    let limits =
        format!("limits = {{ calls = 400, calls_per_second = 5, wait = \"{wait}\" }}\nfailover = {{ }}");
    TWO_PROVIDERS.replacen(east, &limits, 1)
}

fn refusals(calls: &[CallHandle]) -> usize {
    calls.iter().filter(|call| matches!(call.ended(), Some(Ended::Refused(_)))).count()
}

/// Two hundred calls at once, to a trunk that takes five in a second, all go out in 40 s, in the order in
/// which they were dialled, no two nearer to each other than a fifth of a second.
#[test]
fn a23_two_hundred_dials_go_out_at_five_a_second() {
    let mut world = World::from_toml(seed(), &paced("60s"));
    let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));
    hana.with(|phone| (phone.rtp_pairs, phone.packet_every) = (400, Duration::from_secs(9)));
    east.with(|provider| provider.packet_every = Duration::from_secs(9));
    let calls: Vec<_> = (0..200).map(|n| hana.dials(&format!("+1 206 555 0{n:03}"))).collect();

    let mut reached = Vec::new();
    for _ in 0..420 {
        world.run_for(Duration::from_millis(100));
        reached.push(east.was_called());
    }

    let last = reached.iter().position(|count| *count == 200).unwrap() as f64 / 10.0;
    assert!((38.0..=42.0).contains(&last), "the last went out after {last} s");
    let fastest = reached.windows(11).map(|second| second[10] - second[0]).max().unwrap();
    assert!(fastest <= 6, "{fastest} in one second");
    assert_eq!((refusals(&calls), west.was_called()), (0, 0));
    let dialled: Vec<String> = east.was_called_as();
    let mut in_order = dialled.clone();
    in_order.sort();
    assert_eq!(dialled, in_order);
    world.finish();
}

/// Why a call went out late stands in its record: in the attempt and in the trail.
#[test]
fn a23_the_record_says_how_long_a_call_waited_and_for_whom() {
    let mut world = World::from_toml(seed(), &paced("4s"));
    let (hana, east) = (world.user("hana"), world.provider("east"));

    let calls: Vec<_> = (0..6).map(|_| hana.dials("+1 206 555 0142")).collect();
    world.run_for(Duration::from_secs(5));
    assert!(calls.iter().all(|call| call.is_up_with(&east)));
    calls.iter().for_each(CallHandle::hangs_up);
    world.run_for(Duration::from_secs(2));

    let mut waited: Vec<u64> = world.records().iter().map(|record| record.attempts[0].waited_ms).collect();
    waited.sort_unstable();
    assert_eq!(
        waited.iter().map(|ms| ms.div_ceil(100) * 100).collect::<Vec<_>>(),
        [0, 200, 400, 600, 800, 1000]
    );
    let trails: String = world.records().iter().map(|record| record.trail.to_string()).collect();
    assert!(trails.contains("waited 0.8 s for trunk east (5 calls/s)"), "{trails}");
    world.finish();
}

/// Who can't be served in time isn't kept waiting: the next trunk of the route is tried at once.
#[test]
fn a23_a_line_that_is_too_long_moves_the_call_on_to_the_next_trunk() {
    let mut world = World::from_toml(seed(), &paced("1s"));
    let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));

    let calls: Vec<_> = (0..9).map(|_| hana.dials("+1 206 555 0142")).collect();
    world.run_for(Duration::from_secs(6));

    assert!(calls.iter().all(CallHandle::is_up));
    assert_eq!((east.was_called(), west.was_called()), (6, 3));
    world.finish();
}

/// Where no other trunk is left, the caller hears 503 and when to try again, with the code that says why.
#[test]
fn a23_a_line_that_is_too_long_ends_in_503_with_retry_after() {
    let alone = paced("1s").replace("backup = [\"west\"]\n", "");
    let mut world = World::from_toml(seed(), &alone);
    let hana = world.user("hana");

    let calls: Vec<_> = (0..9).map(|_| hana.dials("+1 206 555 0142")).collect();
    world.run_for(Duration::from_secs(6));

    assert_eq!(refusals(&calls), 3);
    let full: Vec<_> = world.records().iter().filter(|record| record.sip_code == 503).collect();
    assert_eq!(full.len(), 3);
    assert!(full.iter().all(|record| record.verdict == "TD-E105"));
    assert!(full[0].words.contains("trunk east (5 calls/s)"), "{}", full[0].words);
    world.finish();
}

/// A caller in line gives up: nothing goes out for it, and its record says that it was cancelled.
#[test]
fn a23_a_call_in_line_can_be_cancelled() {
    let mut world = World::from_toml(seed(), &paced("20s"));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let calls: Vec<_> = (0..20).map(|_| hana.dials("+1 206 555 0142")).collect();

    world.run_for(Duration::from_millis(500));
    calls[10..].iter().for_each(CallHandle::hangs_up);
    world.run_for(Duration::from_secs(8));

    assert_eq!(east.was_called(), 10);
    assert!(calls[10..].iter().all(|call| call.ended() == Some(Ended::Cancelled)));
    world.finish();
}

/// A caller who waits long is told so, if the trunk says when.
#[test]
fn a23_a_caller_who_waits_long_hears_182() {
    let told = paced("20s").replace("wait = \"20s\"", "wait = \"20s\", tell_queued = \"2s\"");
    let mut world = World::from_toml(seed(), &told);
    let hana = world.user("hana");

    let calls: Vec<_> = (0..20).map(|_| hana.dials("+1 206 555 0142")).collect();
    world.run_for(Duration::from_secs(6));

    assert_eq!(calls[5].progress(), [180]);
    assert_eq!(calls[19].progress(), [182, 180]);
    world.finish();
}

/// A call for help passes everybody in line.
#[test]
fn a19_a_call_for_help_passes_the_line() {
    let mut world = World::from_toml(seed(), &paced("60s"));
    let (hana, lobby, east) = (world.user("hana"), world.user("lobby"), world.provider("east"));
    hana.with(|phone| phone.rtp_pairs = 400);
    (0..100).for_each(|_| drop(hana.dials("+1 206 555 0142")));
    world.run_for(Duration::from_millis(300));

    let help = lobby.dials("911");
    world.run_for(Duration::from_secs(3));

    assert!(help.is_up_with(&east));
    assert!(east.count(|note| matches!(note, Note::Called { .. })) < 25);
    world.finish();
}

/// A server may have a pace of its own beside its trunk's.
#[test]
fn a23_a_server_has_a_pace_of_its_own() {
    let slow = TWO_PROVIDERS.replace(
        "servers = [{ uri = \"sip:198.51.100.10:5060\" }]",
        "servers = [{ uri = \"sip:198.51.100.10:5060\", calls_per_second = 1 }]",
    );
    let mut world = World::from_toml(seed(), &slow);
    let (hana, east) = (world.user("hana"), world.provider("east"));

    (0..4).for_each(|_| drop(hana.dials("+1 206 555 0142")));
    world.run_for(Duration::from_millis(2500));

    assert_eq!(east.was_called(), 3);
    world.finish();
}

/// The line goes on where it stood when another configuration is adopted.
#[test]
fn a23_a_new_configuration_goes_on_with_the_line() {
    let mut world = World::from_toml(seed(), &paced("20s"));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    (0..20).for_each(|_| drop(hana.dials("+1 206 555 0142")));
    world.run_for(Duration::from_millis(100));

    world.adopts(&paced("21s"));
    (0..5).for_each(|_| drop(hana.dials("+1 206 555 0143")));
    world.run_for(Duration::from_secs(3));

    assert_eq!(east.was_called(), 16);
    world.finish();
}
