//! Watchers who are told what has changed alone (RFC 5263): how much less it is, and that it adds up to what
//! is so. A watcher puts changes together by its own reading, and objects to any that does not fit.

use std::time::Duration;

use actors::{Deed, Note, Stage};
use world::{ActorHandle, Link, World};

use crate::{TWO_PROVIDERS, seed};

const SECOND: Duration = Duration::from_secs(1);
const HANA: &str = "sip:0100@10.20.0.1";
const HANA_TOO: &str = "sip:hana@10.20.0.1";

/// What devices are, and what their users say of each.
const DEVICES: [(&str, &str); 8] = [
    ("desk", "Desk phone in building 7, room 4.12; please knock before two, I am writing the tender"),
    ("laptop", "Softphone, mostly with a headset: calls by video are welcome after ten in the morning"),
    ("tablet", "In the workshop on Tuesdays and Fridays, where there is hardly any signal"),
    ("phone", "On the road between the sites; for anything urgent ask the front desk, extension 0102"),
    ("browser", "Signed in at the customer's, on their network: no confidential calls here"),
    ("kiosk", "Front desk of building 7, shared with whoever is on duty there"),
    ("meeting room", "Room 4.01, when there is a meeting only"),
    ("car", "Hands-free, and no messages please while I drive"),
];

fn document(basic: &str, activity: &str, note: &str) -> String {
    let activity = if activity.is_empty() { String::new() } else { format!("<r:{activity}/>") };
    let note = if note.is_empty() { String::new() } else { format!("<note>{note}</note>") };
    format!(
        "<presence xmlns='urn:ietf:params:xml:ns:pidf' xmlns:dm='urn:ietf:params:xml:ns:pidf:data-model' \
         xmlns:r='urn:ietf:params:xml:ns:pidf:rpid' entity='{HANA}'><tuple id='1'><status>\
         <basic>{basic}</basic>\
         </status>{note}</tuple><dm:person id='p'><r:activities>{activity}</r:activities></dm:person>\
         </presence>"
    )
}

fn says(hana: &ActorHandle, device: usize, basic: &str, activity: &str) {
    let (name, note) = DEVICES[device];
    hana.says_outside(Deed::Publish { device: name, body: document(basic, activity, note) });
}

fn watches(watcher: &ActorHandle, filters: Option<&str>) {
    let filters = filters.map(str::to_owned);
    watcher.says_outside(Deed::WatchChanges { uri: HANA_TOO.to_owned(), filters, seconds: 3600 });
}

/// Asks how it stands now, whole.
fn watches_once(watcher: &ActorHandle) {
    watcher.says_outside(Deed::Watch { uri: HANA.to_owned(), package: "presence", seconds: 0 });
}

/// What a watcher holds after each NOTIFY, and what was said of it.
fn shown(watcher: &ActorHandle, of: &str) -> Vec<(String, String)> {
    let seen = |note| match note {
        Note::Shown { uri, body, told, .. } if uri == of => Some((body, told)),
        _ => None,
    };
    watcher.notes().into_iter().filter_map(seen).collect()
}

/// The lines of elements in a document: what it says, whoever was told.
fn lines(document: &str) -> Vec<&str> {
    document.lines().filter(|line| line.starts_with("<tuple") || line.starts_with("<dm:")).collect()
}

fn bytes(shown: &[(String, String)]) -> usize {
    shown.iter().map(|(_, told)| told.len()).sum()
}

/// A person with eight devices, through a morning: devices that open and close, what they say the person
/// does, and calls. The same phone is told whole documents by one subscription, and what has changed by
/// another.
#[test]
fn l5_bytes_drop_by_four_fifths_where_a_rich_document_changes_often() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (minsu, hana) = (world.user("minsu"), world.user("hana"));
    for device in 0..DEVICES.len() {
        says(&hana, device, "open", if device == 0 { "working" } else { "" });
        world.run_for(SECOND);
    }
    let uri = HANA.to_owned();
    minsu.says_outside(Deed::Watch { uri, package: "presence", seconds: 3600 });
    watches(&minsu, None);
    world.run_for(SECOND);

    let mut is_open = [true; DEVICES.len()];
    for turn in 0..60usize {
        match turn % 12 {
            5 => says(&hana, 0, "open", "meeting"),
            9 => says(&hana, 0, "open", "working"),
            11 => {
                let call = minsu.dials("0100");
                world.run_for(20 * SECOND);
                assert!(call.is_up_with(&hana));
                call.hangs_up();
            }
            _ => {
                let device = 1 + turn % 7;
                is_open[device] = !is_open[device];
                says(&hana, device, if is_open[device] { "open" } else { "closed" }, "");
            }
        }
        world.run_for(5 * SECOND);
    }

    let (whole, changes) = (shown(&minsu, HANA), shown(&minsu, HANA_TOO));
    assert_eq!((whole.len(), changes.len()), (whole.len(), whole.len()), "both are told as often");
    assert!(whole.len() > 60, "{}", whole.len());
    for ((one, _), (other, _)) in whole.iter().zip(&changes) {
        assert_eq!(lines(one), lines(other));
    }
    let full = changes.iter().filter(|(_, told)| told.contains("<p:pidf-full")).count();
    assert_eq!(full, 1);
    let (all, less) = (bytes(&whole), bytes(&changes));
    println!("{} NOTIFYs: {all} bytes of documents whole, {less} of changes", whole.len());
    assert!(less * 5 <= all, "{less} of {all}: {}", changes[1].1);
    world.finish();
}

/// Calls and devices that come and go while NOTIFYs are lost, doubled and overtaken: whatever was put
/// together of changes is the document that is so, and no change ever came upon another document than it was
/// made for.
#[test]
fn l5_changes_add_up_to_what_is_so_through_loss_copies_and_reordering() {
    let (mut lit, mut told_changes) = (0, 0);
    for seed in seed()..seed() + 25 {
        let mut world = World::from_toml(seed, TWO_PROVIDERS);
        let (minsu, hana, lobby) = (world.user("minsu"), world.user("hana"), world.user("lobby"));
        hana.answers_after(Duration::from_millis(100 + 150 * (seed % 7)));
        watches(&minsu, None);
        says(&hana, 0, "open", "working");
        world.run_for(SECOND);
        world.links(&minsu, Link::rough(350));

        for turn in 0..6usize {
            let call = if turn % 2 == 0 { lobby.dials("0100") } else { hana.dials("0102") };
            says(
                &hana,
                turn % 3,
                if turn % 2 == 0 { "closed" } else { "open" },
                ["", "away", "meeting"][turn % 3],
            );
            world.run_for(Duration::from_millis(700 + 400 * (seed % 5)));
            call.hangs_up();
            world.run_for(Duration::from_millis(50 + 90 * (seed % 4)));
        }
        let last = (seed % 2 == 0).then(|| lobby.dials("0100"));
        world.run_for(Duration::from_secs(150));

        watches_once(&hana);
        world.run_for(SECOND);
        let (now, held) = (shown(&hana, HANA), shown(&minsu, HANA_TOO));
        let (now, held_last) = (&now[0].0, &held.last().unwrap().0);
        assert_eq!(lines(held_last), lines(now), "seed {seed}");
        let up = hana.legs().iter().filter(|leg| leg.stage == Stage::Up).count();
        assert_eq!(up, usize::from(last.is_some()), "seed {seed}");
        assert_eq!(held_last.contains("on-the-phone"), up > 0, "seed {seed}: {held_last}");
        told_changes += held.iter().filter(|(_, told)| told.contains("<p:pidf-diff")).count();
        lit += up;
        world.finish();
    }
    assert!(lit > 5 && told_changes > 25, "{lit} lit, {told_changes} changes");
}

/// A watcher of changes is out of reach while much changes. With what it held, or with nothing because its
/// power was cut, it shows what is so as soon as it is told again, and goes on from there by changes.
#[test]
fn l5_a_watcher_that_dies_and_comes_back_holds_what_is_so() {
    for has_lost_all in [false, true] {
        let mut world = World::from_toml(seed(), TWO_PROVIDERS);
        let (minsu, hana, lobby) = (world.user("minsu"), world.user("hana"), world.user("lobby"));
        for device in 0..4 {
            says(&hana, device, "open", "");
        }
        watches(&minsu, None);
        world.run_for(2 * SECOND);
        says(&hana, 1, "closed", "meeting");
        world.run_for(2 * SECOND);
        let before = shown(&minsu, HANA_TOO);
        assert!(before.last().unwrap().1.contains("<p:pidf-diff"), "{before:?}");

        minsu.dies();
        let call = lobby.dials("0100");
        says(&hana, 1, "open", "");
        world.run_for(10 * SECOND);
        says(&hana, 2, "closed", "away");
        world.run_for(40 * SECOND);
        assert_eq!(shown(&minsu, HANA_TOO).len(), before.len(), "nothing reaches it");
        minsu.returns();
        if has_lost_all {
            minsu.says_outside(Deed::ForgetWatched);
            watches(&minsu, None);
        }
        world.run_for(if has_lost_all { SECOND } else { 70 * SECOND });

        let after = shown(&minsu, HANA_TOO);
        let (body, told) = &after[before.len()];
        assert!(told.contains("<p:pidf-full"), "{has_lost_all}: {told}");
        assert!(body.contains("on-the-phone"), "{has_lost_all}: {body}");
        watches_once(&hana);
        world.run_for(SECOND);
        assert_eq!(lines(&after.last().unwrap().0), lines(&shown(&hana, HANA)[0].0), "{has_lost_all}");
        call.hangs_up();
        world.run_for(2 * SECOND);
        let (body, told) = shown(&minsu, HANA_TOO).pop().unwrap();
        assert!(told.contains("<p:pidf-diff") && !body.contains("on-the-phone"), "{has_lost_all}: {told}");
        world.finish();
    }
}

/// Whoever wants to know of calls alone is told of calls alone, and of nothing but them.
#[test]
fn l5_who_waits_for_calls_hears_of_no_device() {
    const CALLS: &str = "<filter-set xmlns='urn:ietf:params:xml:ns:simple-filter'><ns-bindings>\
        <ns-binding prefix='r' urn='urn:ietf:params:xml:ns:pidf:rpid'/></ns-bindings><filter id='calls'>\
        <what><include>//r:on-the-phone</include></what>\
        <trigger><added>//r:on-the-phone</added></trigger>\
        <trigger><removed>//r:on-the-phone</removed></trigger>\
        </filter></filter-set>";
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (minsu, hana, lobby) = (world.user("minsu"), world.user("hana"), world.user("lobby"));
    watches(&minsu, Some(CALLS));
    world.run_for(SECOND);
    assert!(lines(&shown(&minsu, HANA_TOO)[0].0).is_empty());
    for device in 0..4 {
        says(&hana, device, "open", "meeting");
        world.run_for(SECOND);
    }
    assert_eq!(shown(&minsu, HANA_TOO).len(), 1);

    let call = lobby.dials("0100");
    world.run_for(10 * SECOND);
    assert!(call.is_up_with(&hana));
    let seen = shown(&minsu, HANA_TOO);
    assert_eq!(seen.len(), 2);
    let person =
        "<dm:person id=\"person\"><rpid:activities><rpid:on-the-phone/></rpid:activities></dm:person>";
    assert_eq!(lines(&seen[1].0), [person]);
    says(&hana, 0, "closed", "away");
    world.run_for(SECOND);
    call.hangs_up();
    world.run_for(2 * SECOND);
    let seen = shown(&minsu, HANA_TOO);
    assert_eq!(seen.len(), 3);
    assert!(lines(&seen[2].0).is_empty(), "{}", seen[2].0);
    world.finish();
}
