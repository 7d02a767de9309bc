//! Far ends that have no codec in common.

use std::time::Duration;

use actors::{Codec, Habit, Note, Sound};
use world::{ActorHandle, CallHandle, World};

use crate::{TWO_PROVIDERS, seed};

const PHONE_HERTZ: u16 = 440;
const TRUNK_HERTZ: u16 = 1000;

/// A phone that has G.722 alone and a trunk of G.711 hear each other's tones, through a hold as well; the
/// record says what was made of what.
#[test]
fn h4_a_phone_of_g722_and_a_trunk_of_g711_hear_each_other() {
    let mut world = World::from_toml(seed(), &g711_alone(", transcode = \"needed\""));
    let (hana, east) = speaking(&world);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(5));

    assert!(hears(&call, TRUNK_HERTZ) && east.count(is_tone(PHONE_HERTZ)) == 1, "{:?}", call.notes());
    call.holds();
    world.run_for(Duration::from_secs(3));
    call.resumes();
    let before = (call.packets_heard(), east.legs()[0].packets_heard);
    world.run_for(Duration::from_secs(5));
    assert!(call.packets_heard() > before.0 + 200 && east.legs()[0].packets_heard > before.1 + 200);
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    let notes = &world.records()[0].attempts[0].notes;
    assert_eq!(notes, &["transcoded between G722 and PCMU"]);
    world.finish();
}

/// The same when the trunk calls the phone.
#[test]
fn h4_a_trunk_of_g711_calls_a_phone_of_g722() {
    let mut world = World::from_toml(seed(), &g711_alone(", transcode = \"needed\""));
    let (hana, east) = speaking(&world);

    let call = east.dials("+1 425 555 0100");
    world.run_for(Duration::from_secs(5));

    assert!(hears(&call, PHONE_HERTZ) && hana.count(is_tone(TRUNK_HERTZ)) == 1, "{:?}", call.notes());
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    world.finish();
}

/// A trunk that has nothing but L16 is offered that where its codecs name it; both hear each other's tones,
/// and the trunk's calls are heard as well.
#[test]
fn h4_a_phone_of_opus_and_a_trunk_of_l16_hear_each_other() {
    let house = g711_alone(", transcode = \"needed\"").replace("[\"pcmu\"]", "[\"l16\"]");
    let mut world = World::from_toml(seed(), &house);
    let (hana, east) = speaking(&world);
    hana.with(|profile| profile.sound = Sound::Sung { codec: Codec::Opus, tones: 0 });
    east.with(|profile| profile.sound = Sound::Sung { codec: Codec::L16, tones: 1 });
    let is_sung = |note: &Note| matches!(note, Note::HeardTone { hertz } if *hertz > 0);

    for (from, to, number) in [(&hana, &east, "+1 206 555 0142"), (&east, &hana, "+1 425 555 0100")] {
        let before = to.count(is_sung);
        let call = from.dials(number);
        world.run_for(Duration::from_secs(5));
        assert!(call.notes().iter().any(is_sung) && to.count(is_sung) > before, "{:?}", call.notes());
        call.hangs_up();
        world.run_for(Duration::from_secs(5));
    }

    let notes = world.records().iter().map(|record| record.attempts[0].notes.join("")).collect::<Vec<_>>();
    assert_eq!(notes, ["transcoded between opus and L16", "transcoded between L16 and opus"]);
    world.finish();
}

/// A trunk that has nothing but G.729 is offered that, without its silence (RFC 7261); both hear each
/// other's tones, and the trunk's calls are heard as well.
#[test]
fn h4_a_phone_of_pcmu_and_a_trunk_of_g729_hear_each_other() {
    let house = g711_alone(", transcode = \"needed\"").replace("[\"pcmu\"]", "[\"g729\"]");
    let mut world = World::from_toml(seed(), &house);
    world.captures();
    let (hana, east) = speaking(&world);
    hana.with(|profile| profile.sound = Sound::Sung { codec: Codec::Pcmu, tones: 0 });
    east.with(|profile| profile.sound = Sound::Sung { codec: Codec::G729, tones: 1 });
    let is_sung = |note: &Note| matches!(note, Note::HeardTone { hertz } if *hertz > 0);

    for (from, to, number) in [(&hana, &east, "+1 206 555 0142"), (&east, &hana, "+1 425 555 0100")] {
        let before = to.count(is_sung);
        let call = from.dials(number);
        world.run_for(Duration::from_secs(5));
        assert!(call.notes().iter().any(is_sung) && to.count(is_sung) > before, "{:?}", call.notes());
        call.hangs_up();
        world.run_for(Duration::from_secs(5));
    }

    let notes = world.records().iter().map(|record| record.attempts[0].notes.join("")).collect::<Vec<_>>();
    assert_eq!(notes, ["transcoded between PCMU and G729", "transcoded between G729 and PCMU"]);
    let told = world.captured(&east);
    let descriptions: Vec<&String> = told.iter().filter(|text| text.contains("m=audio")).collect();
    assert_eq!(descriptions.len(), 2, "an offer and an answer: {told:#?}");
    assert!(descriptions.iter().all(|text| text.contains("a=fmtp:18 annexb=no\r\n")), "{descriptions:#?}");
    world.finish();
}

/// Where nothing says that sound is to be transcoded, who has no codec of the trunk's is told so.
#[test]
fn h4_nothing_is_transcoded_where_that_is_off() {
    let mut world = World::from_toml(seed(), &g711_alone(""));
    let (hana, east) = speaking(&world);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(5));

    assert!(!call.is_up());
    assert_eq!(east.was_called(), 0);
    assert_eq!(world.records()[0].sip_code, 488);
    world.finish();
}

/// Who refuses a session is quoted beside what it was offered: one look says what did not fit.
#[test]
fn pain_06_a_refused_session_stands_beside_what_was_offered() {
    let mut world = World::from_toml(seed(), &g711_alone(", transcode = \"needed\""));
    let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));
    let warning = "305 sbc.east.example \"Incompatible media format\"";
    east.has_habit(Habit::RefusesWith(488)).has_habit(Habit::Warns(warning));
    west.has_habit(Habit::RefusesWith(503));

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(5));

    assert!(!call.is_up());
    let notes = &world.records()[0].attempts[0].notes;
    let warned = format!("it warned: {warning}");
    assert_eq!(notes[..2], [warned.as_str(), "it was offered audio by RTP/AVP: PCMU, telephone-event"]);
    world.finish();
}

fn speaking(world: &World) -> (ActorHandle, ActorHandle) {
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.with(|profile| profile.sound = Sound::Wide(PHONE_HERTZ));
    east.with(|profile| profile.sound = Sound::Tone(TRUNK_HERTZ));
    (hana, east)
}

fn g711_alone(more: &str) -> String {
    let media = format!("media = {{ codecs = [\"pcmu\"]{more} }}\n");
    TWO_PROVIDERS
        .replace("[trunk.east]\n", &format!("[trunk.east]\n{media}"))
        .replace("[trunk.west]\n", &format!("[trunk.west]\n{media}"))
}

fn hears(call: &CallHandle, hertz: u16) -> bool {
    call.notes().iter().filter(|note| is_tone(hertz)(note)).count() == 1
}

fn is_tone(wanted: u16) -> impl Fn(&Note) -> bool {
    move |note| matches!(note, Note::HeardTone { hertz } if hertz.abs_diff(wanted) <= 5)
}
