//! RFC 3665 section 3: sessions begin, change, fail and end.

use std::time::Duration;

use actors::{Ended, Habit};

use crate::{HOUSE, expect, world_of};

const MOMENT: Duration = Duration::from_secs(4);

/// RFC 3665 3.1: one user calls another, and is hung up on by whoever was called.
#[test]
fn c19_rfc_3665_3_1_a_session_between_two_users() {
    let mut world = world_of(HOUSE);
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    assert!(call.is_up_with(&minsu));
    minsu.newest().hangs_up();
    world.run_for(MOMENT);

    assert_eq!(call.ended(), Some(Ended::ByPeer));
    expect(&world, include_str!("figures/3665-3.1.txt"));
    world.finish();
}

/// RFC 3665 3.2: the same by way of a provider.
#[test]
fn c19_rfc_3665_3_2_a_session_through_two_hops() {
    let mut world = world_of(HOUSE);
    let (hana, east) = (world.user("hana"), world.provider("east"));

    let call = hana.dials("+1 206 555 0142");
    world.run_for(MOMENT);
    assert!(call.is_up_with(&east));
    east.newest().hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/3665-3.2.txt"));
    world.finish();
}

/// RFC 3665 3.3: the house wants proof of the phone, the provider of the house; each learns only its own.
#[test]
fn c19_rfc_3665_3_3_both_hops_want_proof() {
    let house = HOUSE.replace(
        "[trunk.east]\n",
        "[trunk.east]\nauth = { user = \"edge\", password = { env = \"EAST\" } }\n",
    );
    let mut world = world_of(&house);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::Challenges);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(MOMENT);
    assert!(call.is_up_with(&east));
    call.hangs_up();
    world.run_for(MOMENT);

    let told = world.captured(&east).concat();
    assert!(told.contains("username=\"edge\"") && !told.contains("username=\"hana\""));
    expect(&world, include_str!("figures/3665-3.3.txt"));
    world.finish();
}

/// RFC 3665 3.4: the first hop says nothing, the second one takes the call.
#[test]
fn c19_rfc_3665_3_4_the_first_hop_fails() {
    let mut world = world_of(HOUSE);
    let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));
    east.has_habit(Habit::Silent);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(8));
    assert!(call.is_up_with(&west));
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/3665-3.4.txt"));
    world.finish();
}

/// RFC 3665 3.5: media goes through the house; each side is told of the house's addresses and no others.
#[test]
fn c19_rfc_3665_3_5_media_goes_through_the_house() {
    let mut world = world_of(HOUSE);
    let (hana, east) = (world.user("hana"), world.provider("east"));

    let call = hana.dials("+1 206 555 0142");
    world.run_for(MOMENT);

    let connections = |to| -> Vec<String> {
        let sent = world.captured(to);
        let lines = sent.iter().flat_map(|message| message.lines().map(str::to_owned).collect::<Vec<_>>());
        lines.filter(|line| line.starts_with("c=")).collect()
    };
    assert_eq!(connections(&hana), ["c=IN IP4 10.20.0.1"]);
    assert_eq!(connections(&east), ["c=IN IP4 192.0.2.10"]);
    assert!(call.packets_heard() > 10 && east.newest().packets_heard() > 10);
    world.finish();
}

/// RFC 3665 3.6: the caller describes its media in the ACK only.
#[test]
fn c19_rfc_3665_3_6_the_description_comes_in_the_acknowledgement() {
    let mut world = world_of(HOUSE);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.has_habit(Habit::OffersLate);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(MOMENT);
    assert!(call.is_up_with(&east));
    assert!(call.packets_heard() > 10 && east.newest().packets_heard() > 10);
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/3665-3.6.txt"));
    world.finish();
}

/// RFC 3665 3.7: a far end describes its media anew in mid-call.
#[test]
fn c19_rfc_3665_3_7_a_session_changes() {
    let mut world = world_of(HOUSE);
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    minsu.newest().reinvites();
    world.run_for(MOMENT);
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/3665-3.7.txt"));
    world.finish();
}

/// RFC 3665 3.8: nobody answers, and the caller gives up.
#[test]
fn c19_rfc_3665_3_8_no_answer() {
    let mut world = world_of(HOUSE);
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));
    minsu.has_habit(Habit::RingsForever);

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    call.hangs_up();
    world.run_for(MOMENT);

    assert_eq!(call.ended(), Some(Ended::Cancelled));
    expect(&world, include_str!("figures/3665-3.8.txt"));
    world.finish();
}

/// RFC 3665 3.9: busy.
#[test]
fn c19_rfc_3665_3_9_busy() {
    let mut world = world_of(HOUSE);
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));
    minsu.has_habit(Habit::RefusesWith(486));

    let call = hana.dials("0101");
    world.run_for(MOMENT);

    assert_eq!(call.ended(), Some(Ended::Refused(486)));
    expect(&world, include_str!("figures/3665-3.9.txt"));
    world.finish();
}

/// RFC 3665 3.10: whoever is called says nothing at all.
#[test]
fn c19_rfc_3665_3_10_no_response() {
    let mut world = world_of(HOUSE);
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));
    minsu.has_habit(Habit::Silent);

    let call = hana.dials("0101");
    world.run_for(Duration::from_secs(40));

    assert_eq!(call.ended(), Some(Ended::Refused(408)));
    expect(&world, include_str!("figures/3665-3.10.txt"));
    world.finish();
}

/// RFC 3665 3.11: it rang, and then the phone says that nobody is there.
#[test]
fn c19_rfc_3665_3_11_temporarily_unavailable() {
    let mut world = world_of(HOUSE);
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));
    minsu.has_habit(Habit::RefusesAfterRinging(480));

    let call = hana.dials("0101");
    world.run_for(MOMENT);

    assert_eq!(call.ended(), Some(Ended::Refused(480)));
    expect(&world, include_str!("figures/3665-3.11.txt"));
    world.finish();
}
