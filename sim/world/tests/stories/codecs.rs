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

/// Who offers nothing but G.729, and is transcoded, is offered it again when the other side holds and
/// resumes: who is offered none of what it speaks refuses, and the hold with it.
#[test]
fn h4_a_trunk_of_g729_that_has_called_is_put_on_hold() {
    let house = g711_alone(", transcode = \"needed\"").replace("codecs = [\"pcmu\"], ", "");
    let mut world = World::from_toml(seed(), &house);
    let (hana, east) = speaking(&world);
    hana.with(|profile| profile.sound = Sound::Sung { codec: Codec::Pcma, tones: 0 });
    east.with(|profile| profile.sound = Sound::Sung { codec: Codec::G729, tones: 1 });
    let call = east.dials("+1 425 555 0100");
    world.run_for(Duration::from_secs(5));
    let phone = hana.newest();

    phone.holds();
    world.run_for(Duration::from_secs(3));
    let held = [&call, &phone].map(CallHandle::packets_heard);
    phone.resumes();
    world.run_for(Duration::from_secs(5));

    assert!(!phone.notes().iter().any(|note| matches!(note, Note::Declined { .. })), "{:?}", phone.notes());
    assert!(call.packets_heard() > held[0] + 20 && phone.packets_heard() > held[1] + 20);
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.records()[0].attempts[0].notes, ["transcoded between G729 and PCMA"]);
    world.finish();
}

/// Twelve sets of codecs: the trunk is offered what its codecs let cross, first what the phone speaks, then
/// what can be made of it. What both sides have, G.729 with it, crosses as it is, else one becomes the other;
/// both hear each other.
#[test]
fn a14_twelve_sets_of_codecs_come_to_what_policy_says() {
    use Codec::{G722, G729, Opus, Pcma, Pcmu};
    let crossed = [
        (Pcmu, "\"pcmu\"", "PCMU", Pcmu),
        (Pcma, "\"pcma\", \"pcmu\"", "PCMA PCMU", Pcma),
        (G722, "\"pcma\", \"g722\"", "G722 PCMA", G722),
        (Opus, "\"opus\", \"pcmu\"", "opus PCMU", Opus),
        (G729, "\"g729\"", "G729", G729),
        (G729, "\"pcmu\", \"g729\"", "G729 PCMU", G729),
    ];
    let made = [
        (Pcmu, "\"pcma\"", "PCMA", Pcma),
        (Pcmu, "\"pcmu\", \"g729\"", "PCMU G729", G729),
        (Pcma, "\"g729\"", "G729", G729),
        (G722, "\"g722\", \"pcma\", \"g729\"", "G722 PCMA G729", G729),
        (Opus, "\"g729\", \"pcmu\"", "G729 PCMU", G729),
        (G729, "\"pcma\", \"pcmu\"", "PCMA PCMU", Pcmu),
    ];
    for (set, is_made) in crossed.map(|set| (set, false)).into_iter().chain(made.map(|set| (set, true))) {
        let (phone, policy, offered, trunk) = set;
        let house = g711_alone(", transcode = \"needed\"").replace("\"pcmu\"", policy);
        let mut world = World::from_toml(seed(), &house);
        world.captures();
        let (hana, east) = speaking(&world);
        hana.with(|profile| profile.sound = Sound::Sung { codec: phone, tones: 0 });
        east.with(|profile| profile.sound = Sound::Sung { codec: trunk, tones: 1 });
        let is_sung = |note: &Note| matches!(note, Note::HeardTone { hertz } if *hertz > 0);

        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_secs(5));

        assert!(call.notes().iter().any(is_sung) && east.count(is_sung) > 0, "{set:?}: {:?}", call.notes());
        let told = world.captured(&east);
        let offer = told.iter().find(|text| text.contains("m=audio")).unwrap();
        assert_eq!(codecs_of(offer), offered, "{set:?}");
        call.hangs_up();
        world.run_for(Duration::from_secs(5));
        let notes = world.records()[0].attempts[0].notes.join("");
        assert_eq!(notes.starts_with("transcoded between"), is_made, "{set:?}: {notes}");
        world.finish();
    }
}

/// A far end falls silent, says so in one packet, by Opus without a frame or by comfort noise, and sends
/// nothing for four seconds. The other side, which knows no noise, hears some all the while, about as loud as
/// what it heard before or was told of, a packet each 20 ms; then the voice again.
#[test]
fn h3_who_falls_silent_is_heard_as_noise_by_who_knows_none() {
    for (phone, trunk, is_phone_silent, wanted) in [
        (Codec::Opus, Codec::Pcmu, true, -63),
        (Codec::G722, Codec::Pcmu, true, -50),
        (Codec::G722, Codec::Pcmu, false, -50),
        (Codec::Opus, Codec::Pcmu, false, -50),
    ] {
        let mut world = World::from_toml(seed(), &g711_alone(", transcode = \"needed\""));
        let (hana, east) = speaking(&world);
        hana.with(|profile| profile.sound = Sound::Sung { codec: phone, tones: 0 });
        east.with(|profile| profile.sound = Sound::Sung { codec: trunk, tones: 1 });
        let (silent, hearer) = if is_phone_silent { (&hana, &east) } else { (&east, &hana) };
        for far in [&hana, &east] {
            far.with(|profile| profile.packet_every = Duration::from_millis(20));
        }
        silent.has_habit(Habit::Dozes);
        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_secs(2));

        let (mut packets, mut levels) = (Vec::new(), Vec::new());
        for _ in 0..26 {
            world.run_for(Duration::from_millis(250));
            let leg = &hearer.legs()[0];
            packets.push(leg.packets_heard);
            levels.push(leg.media.hears_db.unwrap_or(0));
        }

        let what = format!("{phone:?} {trunk:?} {is_phone_silent}: {packets:?} {levels:?}");
        let steps: Vec<u64> = packets.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.iter().all(|step| (10..=16).contains(step)), "{what}");
        // From when all that is listened to is noise, until there is a voice again.
        assert!(levels[7..20].iter().all(|level| level.abs_diff(wanted) <= 7), "{what}");
        assert!(levels[24..].iter().all(|level| (-25..-5).contains(level)), "{what}");
        assert!(call.is_up());
        call.hangs_up();
        world.run_for(Duration::from_secs(5));
        world.finish();
    }
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

/// The codecs that a description names, in its order.
fn codecs_of(description: &str) -> String {
    let formats = description.split("m=audio ").nth(1).unwrap().lines().next().unwrap().split(' ').skip(2);
    let name = |format: &str| {
        let line = format!("a=rtpmap:{format} ");
        Some(description.split(&line).nth(1)?.split('/').next()?.to_owned())
    };
    let names: Vec<String> = formats.map(|format| name(format).unwrap()).collect();
    names.into_iter().filter(|name| name != "telephone-event").collect::<Vec<_>>().join(" ")
}
