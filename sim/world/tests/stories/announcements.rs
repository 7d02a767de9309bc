//! Callers whose call comes to nothing hear why, where that is wished.

use std::time::Duration;

use actors::{Ended, Habit};
use world::{CallHandle, World};

use crate::music::{tones, wav};
use crate::{TWO_PROVIDERS, seed};

const MOMENT: Duration = Duration::from_millis(700);
const LONG: Duration = Duration::from_secs(12);

const ANNOUNCED: &str = r#"
[announcement.no-such-number]
file = "sounds/nobody.wav"
on = ["unassigned"]

[announcement.elsewhere]
file = "sounds/elsewhere.wav"
on = ["unassigned", "busy"]
sites = ["tacoma"]
"#;

fn house(system: &str, more: &str) -> String {
    format!("{TWO_PROVIDERS}\n[site.tacoma]\nsubnets = [\"10.30.0.0/16\"]\n[system.media]\n{system}\n{more}")
}

fn world(house: &str) -> World {
    let (nobody, elsewhere) = (wav(600), wav(900));
    let sounds: [(&str, &[u8]); 2] = [("sounds/nobody.wav", &nobody), ("sounds/elsewhere.wav", &elsewhere)];
    World::with_sounds(seed(), house, &sounds)
}

fn heard(call: &CallHandle) -> Vec<u16> {
    let mut heard = tones(&call.notes());
    heard.dedup();
    heard
}

/// What was played in the last call, as its record says.
fn announced(world: &World) -> Option<String> {
    world.records().last()?.announced.as_ref().map(|announced| announced.what.clone())
}

/// A number that nobody has: the file is heard to its end, once, then the phone is told.
#[test]
fn h10_who_dials_a_number_of_nobody_hears_so_and_is_refused_then() {
    let mut world = world(&house("refusals = \"announce\"", ANNOUNCED));
    let call = world.user("hana").dials("0199");

    world.run_for(MOMENT);

    assert_eq!((call.progress(), call.ended()), (vec![183], None));
    world.run_for(LONG);
    assert_eq!(call.ended(), Some(Ended::Refused(484)));
    assert_eq!(heard(&call), [600]);
    assert!((50..=52).contains(&call.packets_heard()), "{} packets", call.packets_heard());
    let record = world.records().last().cloned().unwrap();
    assert_eq!((&*record.verdict, record.sip_code, record.direction), ("TD-R202", 484, None));
    let announced = record.announced.unwrap();
    assert_eq!(announced.what, "announcement no-such-number");
    assert!((1_000..2_000).contains(&announced.ms), "{} ms", announced.ms);
    world.finish();
}

/// Where there is no file for it, the tone of the country is heard; so it is where none is wished.
#[test]
fn h10_a_tone_of_the_country_is_heard_where_no_file_is() {
    for (refusals, country, hertz) in
        [("announce", "US", [480, 620]), ("tone", "US", [480, 620]), ("tone", "GB", [400, 400])]
    {
        let house = house(&format!("refusals = \"{refusals}\""), ANNOUNCED);
        let site = format!("[site.redmond]\ncountry = \"{country}\"");
        let mut world = world(&house.replace("[site.redmond]", &site));
        world.provider("east").answers_every_invite_with(486);
        let call = world.user("hana").dials("+1 206 555 0142");

        world.run_for(LONG);

        let heard = heard(&call);
        assert!(
            !heard.is_empty() && heard.iter().all(|one| hertz.contains(one)),
            "{refusals}, {country}: {heard:?}"
        );
        assert_eq!(call.ended(), Some(Ended::Refused(486)));
        let record = world.records().last().cloned().unwrap();
        assert_eq!((&*record.verdict, record.sip_code, record.attempts.len()), ("TD-E101", 486, 1));
        assert_eq!(record.announced.unwrap().what, "the tone for busy");
        world.finish();
    }
}

/// A site may have its own, and may have none.
#[test]
fn h10_a_site_has_its_own_announcements_and_may_have_none() {
    let [here, there] = ["subnets = [\"10.20.", "subnets = [\"10.30."];
    let house = house("refusals = \"announce\"", ANNOUNCED);
    let house = house.replace(there, "moved").replace(here, there).replace("moved", here);
    let mut world = world(&house);
    world.provider("east").answers_every_invite_with(600);
    let call = world.user("hana").dials("+1 206 555 0142");
    world.run_for(LONG);
    assert_eq!((heard(&call), call.ended()), (vec![900], Some(Ended::Refused(600))));
    assert_eq!(announced(&world), Some("announcement elsewhere".to_owned()));
    world.finish();

    let silent = house.replace("[site.tacoma]", "[site.tacoma]\nmedia = { refusals = \"off\" }");
    let mut world = self::world(&silent);
    let call = world.user("hana").dials("0199");
    world.run_for(MOMENT);
    assert_eq!((call.progress(), call.ended()), (vec![], Some(Ended::Refused(484))));
    assert_eq!(announced(&world), None);
    world.finish();
}

/// Whoever calls from a trunk hears nothing of it unless the trunk says so; strangers never do.
#[test]
fn h10_a_trunk_hears_nothing_unless_it_is_told_to() {
    for (trunk, progress) in [("", vec![]), ("media = { refusals = \"announce\" }", vec![183])] {
        let house = house("refusals = \"announce\"", ANNOUNCED)
            .replace("[trunk.east]", &format!("[trunk.east]\n{trunk}"));
        let mut world = world(&house);
        let call = world.provider("east").dials("+1 425 555 0177");

        world.run_for(LONG);

        assert_eq!((call.progress(), call.ended()), (progress, Some(Ended::Refused(404))), "{trunk}");
        world.finish();
    }
}

/// A call for help is refused by whoever refuses it, and by nobody later than that.
#[test]
fn h10_a_call_for_help_waits_for_no_announcement() {
    let mut world = world(&house("refusals = \"tone\"", ANNOUNCED));
    world.provider("east").answers_every_invite_with(503);
    world.provider("west").answers_every_invite_with(503);
    let call = world.user("hana").dials("911");

    world.run_for(LONG);

    assert_eq!((call.packets_heard(), call.progress()), (0, vec![]));
    assert_eq!(call.ended(), Some(Ended::Refused(503)));
    assert_eq!(announced(&world), None);
    world.finish();
}

/// Who has heard enough hangs up: the record says why the call came to nothing all the same.
#[test]
fn h10_who_hangs_up_while_it_is_announced_is_let_go_at_once() {
    let mut world = world(&house("refusals = \"announce\"", ANNOUNCED));
    let call = world.user("hana").dials("0199");
    world.run_for(MOMENT);

    call.hangs_up();
    world.run_for(MOMENT);

    assert_eq!(call.ended(), Some(Ended::Cancelled));
    let record = world.records().last().cloned().unwrap();
    assert_eq!((&*record.verdict, record.sip_code), ("TD-R202", 487));
    assert!(record.announced.unwrap().ms < 1_000);
    world.finish();
}

/// A caller who has heard the callee before its refusal hears ours in another dialog, as it has to be.
#[test]
fn h10_sound_of_a_callee_gives_way_to_ours() {
    let mut world = world(&house("refusals = \"announce\"", ANNOUNCED));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::EarlyMedia).answers_after(Duration::from_secs(60));
    world.provider("west").dies();
    let call = hana.dials("+1 206 555 0142");

    world.run_for(Duration::from_secs(14));
    assert!(call.packets_heard() > 0 && heard(&call).is_empty());
    world.run_for(Duration::from_secs(30));

    assert_eq!(call.progress(), [183, 183]);
    assert!(heard(&call).iter().all(|hertz| [480, 620].contains(hertz)) && !heard(&call).is_empty());
    assert_eq!(announced(&world), Some("the tone for unreachable".to_owned()));
    world.finish();
}
