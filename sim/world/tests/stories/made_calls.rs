//! Calls that the house makes for a user: their own phones ring first, and who answers is the caller.

use std::time::Duration;

use actors::{Ended, Habit, Note};
use call::{MakeCall, Outcome};
use policy::{Answering, Refusal};
use switch::{Command, HungUp, Reply};
use world::{ActorHandle, CallHandle, Link, World};

use crate::music::{tones, wav};
use crate::operator::hang_up;
use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(4);
const SOON: Duration = Duration::from_millis(700);
const NUMBER: &str = "+1 206 555 0142";

fn makes(world: &mut World, user: &str, to: &str, answering: Answering) -> Result<String, Refusal> {
    let wish = MakeCall { user: user.into(), to: to.into(), answering };
    match world.commands(Command::MakeCall { shard: 0, wish }) {
        Some(Reply::Made(made)) => made,
        other => panic!("{other:?}"),
    }
}

fn make(world: &mut World, user: &str, to: &str) -> Result<String, Refusal> {
    makes(world, user, to, Answering::ByHand)
}

#[track_caller]
fn refused(world: &mut World, user: &str, to: &str) -> String {
    let before = world.records().len();
    let refusal = make(world, user, to).expect_err("it is refused");
    let record = world.records().last().expect("there is a record");
    assert_eq!((world.records().len(), record.outcome), (before + 1, Outcome::Refused));
    assert_eq!(record.verdict, refusal.code.to_string());
    refusal.code.to_string()
}

fn talk(world: &mut World, one: &CallHandle, other: &CallHandle) -> bool {
    let before = (one.packets_heard(), other.packets_heard());
    world.run_for(WHILE);
    one.packets_heard() > before.0 + 10 && other.packets_heard() > before.1 + 10
}

fn verdicts(world: &World) -> Vec<&str> {
    world.records().iter().map(|record| record.verdict.as_str()).collect()
}

fn shown(phone: &ActorHandle) -> String {
    let from = |note| if let Note::Called { from, .. } = note { Some(from) } else { None };
    phone.notes().into_iter().filter_map(from).next_back().expect("it was called")
}

/// Hana's phone has answered, and the number rings.
fn rung(seed: u64, house: &str) -> (World, ActorHandle, CallHandle) {
    let mut world = World::from_toml(seed, house);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.answers_after(Duration::from_millis(200));
    east.answers_after(Duration::from_secs(8));
    make(&mut world, "hana", NUMBER).expect("she may");
    world.run_for(WHILE);
    assert_eq!((hana.calls_now(), east.was_called()), (1, 1));
    let leg = hana.newest();
    (world, east, leg)
}

/// Her phone shows whom she will speak with; she hears it ring, and then the number she wanted, which sees
/// her own. Two records: of the ringing of her phone, and of her call, which names it.
#[test]
fn a_call_is_made_for_a_user_and_goes_on_as_hers() {
    let (mut world, east, hana) = rung(seed(), TWO_PROVIDERS);
    assert!(shown(&world.user("hana")).contains("sip:+12065550142@"), "{}", shown(&world.user("hana")));
    assert_eq!(tones(&hana.notes()).first(), Some(&440), "it rings, and nothing else is heard");
    assert!(shown(&east).contains("+14255550100"), "{}", shown(&east));

    world.run_for(WHILE);
    let there = east.newest();
    assert!(talk(&mut world, &hana, &there));
    hana.hangs_up();
    world.run_for(WHILE);

    assert_eq!(there.ended(), Some(Ended::ByPeer));
    assert_eq!(verdicts(&world), ["TD-E007", "TD-E001"]);
    let [made, call] = world.records() else { panic!("two records") };
    assert_eq!((&*made.calling, made.to_e164.as_deref()), ("hana", Some("+12065550142")));
    assert_eq!((&*call.calling, call.to_e164.as_deref()), ("hana", Some("+12065550142")));
    assert_eq!((&call.parents, &call.transferred_by), (&vec![made.id.clone()], &None));
    assert_eq!(call.facts.source.ip().to_string(), "10.20.0.31", "she called from there");
    world.finish();
}

/// The far end may end it too, and so may an operator: of her phone, of the call, at any time.
#[test]
fn each_side_ends_a_made_call_and_so_does_an_operator() {
    let (mut world, east, hana) = rung(seed(), TWO_PROVIDERS);
    world.run_for(WHILE);
    assert!(talk(&mut world, &hana, &east.newest()));
    east.newest().hangs_up();
    world.run_for(WHILE);
    assert_eq!(hana.ended(), Some(Ended::ByPeer));
    world.finish();

    for part in [0, 1] {
        let (mut world, east, hana) = rung(seed(), TWO_PROVIDERS);
        let Some(Reply::Calls(some)) = world.commands(Command::Calls { most: 10 }) else { panic!() };
        let token = |id: &str| id.rsplit('-').next().and_then(sip_stack::Token::find).expect("a token");
        let token = token(&some.calls[part].id);
        assert_eq!(world.commands(Command::HangUp { token }), Some(Reply::HungUp(HungUp::Ends)));
        world.run_for(Duration::from_secs(12));
        assert_eq!(hana.ended(), Some(Ended::ByPeer), "part {part}");
        assert_eq!(east.calls_now(), 0);
        assert_eq!(world.held().calls, 0);
        world.finish();
    }
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    world.user("hana").has_habit(Habit::RingsForever);
    make(&mut world, "hana", NUMBER).expect("she may");
    world.run_for(WHILE);
    assert_eq!(hang_up(&mut world, "hana"), HungUp::Ends);
    world.run_for(WHILE);
    assert_eq!(verdicts(&world), ["TD-E301"]);
    world.finish();
}

/// She hears the tone of her country for why it came to nothing, for a while, and both records say why.
#[test]
fn who_wanted_to_call_hears_why_it_came_to_nothing() {
    for (status, hertz) in [(486, 480), (404, 950), (503, 480)] {
        let mut world = World::from_toml(seed(), TWO_PROVIDERS);
        let hana = world.user("hana");
        world.provider("east").answers_every_invite_with(status);
        world.provider("west").answers_every_invite_with(status);
        make(&mut world, "hana", NUMBER).expect("she may");
        world.run_for(WHILE);
        let leg = hana.newest();
        assert!(leg.is_up(), "{status}");
        world.run_for(Duration::from_secs(10));

        assert_eq!(leg.ended(), Some(Ended::ByPeer), "{status}");
        assert!(tones(&leg.notes()).contains(&hertz), "{status}: {:?}", tones(&leg.notes()));
        let [call, made] = world.records() else { panic!("two records") };
        assert_eq!((&*made.verdict, call.sip_code), ("TD-E213", status));
        assert!(made.words.contains(&status.to_string()), "{}", made.words);
        assert_eq!(call.parents, std::slice::from_ref(&made.id));
        world.finish();
    }
}

/// Where announcements are wished, she hears the one for it, to its end; and may hang up before.
#[test]
fn an_announcement_is_heard_by_whoever_wanted_to_call() {
    let house = format!(
        "{TWO_PROVIDERS}\n[system.media]\nrefusals = \"announce\"\n[announcement.full]\nfile = \"full.wav\"\n\
         on = [\"full\"]\n"
    );
    for hangs_up in [false, true] {
        let file = wav(600);
        let mut world = World::with_sounds(seed(), &house, &[("full.wav", &file)]);
        for provider in ["east", "west"] {
            world.provider(provider).answers_every_invite_with(503);
        }
        make(&mut world, "hana", NUMBER).expect("she may");
        world.run_for(Duration::from_millis(2_600));
        let leg = world.user("hana").newest();
        if hangs_up {
            leg.hangs_up();
        }
        world.run_for(WHILE);

        let ended = if hangs_up { Ended::ByUs } else { Ended::ByPeer };
        assert_eq!(leg.ended(), Some(ended));
        assert!(tones(&leg.notes()).contains(&600), "{:?}", tones(&leg.notes()));
        world.finish();
    }
}

/// Her phone does not answer: nobody is called, nothing is left, and the record says how it was.
#[test]
fn a_phone_that_does_not_answer_calls_nobody() {
    let outcomes = [(Some(486), Outcome::Busy), (Some(603), Outcome::Busy), (None, Outcome::NoAnswer)];
    for (status, outcome) in outcomes {
        let mut world = World::from_toml(seed(), TWO_PROVIDERS);
        let (hana, east) = (world.user("hana"), world.provider("east"));
        match status {
            Some(status) => hana.answers_every_invite_with(status),
            None => hana.has_habit(Habit::RingsForever),
        };
        let id = make(&mut world, "hana", NUMBER).expect("she may");
        world.run_for(Duration::from_secs(40));

        let [record] = world.records() else { panic!("one record: {:?}", verdicts(&world)) };
        assert_eq!((&record.id, record.outcome), (&id, outcome), "{status:?}");
        assert_eq!((east.was_called(), world.held().calls), (0, 0));
        world.finish();
    }
}

/// What she may not dial, the house does not make: her phone stays silent. Nor does it where she takes no
/// calls, where nobody is, and for what is a code.
#[test]
fn what_may_not_be_called_rings_no_phone() {
    let house = TWO_PROVIDERS.replace("[user.lobby]", "[user.lobby]\ndo_not_disturb = true");
    let house = format!(
        "{house}\n[user.nobody]\nnumber = \"+14255550109\"\npassword = {{ env = \"NOBODY\" }}\n\
         [orbit.front]\nnumbers = [\"701\", \"702\"]\ncode = \"*68\"\n\
         [conference.all]\nnumber = \"+14255550190\"\n"
    );
    let mut world = World::from_toml(seed(), &house);

    assert_eq!(refused(&mut world, "minsu", "+44 20 7946 0123"), "TD-R301");
    assert_eq!(refused(&mut world, "lobby", NUMBER), "TD-R205");
    assert_eq!(refused(&mut world, "nobody", NUMBER), "TD-R203");
    assert_eq!(refused(&mut world, "hana", "0199"), "TD-R202");
    assert_eq!(refused(&mut world, "hana", "701"), "TD-R725");
    assert_eq!(refused(&mut world, "hana", "+14255550190"), "TD-R725");
    let unknown = make(&mut world, "hanna", NUMBER).expect_err("nobody is called so");
    assert_eq!(unknown.code.to_string(), "TD-R201");
    world.run_for(WHILE);

    for user in ["hana", "minsu", "lobby"] {
        assert_eq!(world.user(user).was_called(), 0);
    }
    world.finish();
}

/// A house that drains makes no call but for help; what it has begun goes on.
#[test]
fn a_draining_house_finishes_what_it_has_begun() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    make(&mut world, "hana", NUMBER).expect("she may");
    world.commands(Command::Drain);
    assert_eq!(refused(&mut world, "minsu", NUMBER), "TD-R504");
    world.run_for(WHILE);
    assert!(talk(&mut world, &hana.newest(), &east.newest()));

    make(&mut world, "lobby", "911").expect("it is for help");
    world.run_for(WHILE);
    assert_eq!(east.was_called(), 2);
    world.finish();
}

/// A call for help from her phone, whatever she wishes of other calls and however full the house is: located
/// as hers, and ended by its parties alone.
#[test]
fn a_call_for_help_is_made_too() {
    let house = TWO_PROVIDERS
        .replace("[user.hana]", "[user.hana]\ndo_not_disturb = true")
        .replace("limits = { calls = 40 }", "limits = { calls = 1 }");
    let mut world = World::from_toml(seed(), &house);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    for (provider, user) in [("east", "lobby"), ("west", "minsu")] {
        world.provider(provider).dials(if user == "lobby" { "+1 425 555 0102" } else { "+1 425 555 0101" });
        world.run_for(WHILE);
    }
    hana.answers_after(Duration::from_secs(5));
    make(&mut world, "hana", "911").expect("she may always");
    world.run_for(SOON);
    assert_eq!(hang_up(&mut world, "hana"), HungUp::ForHelp);
    east.answers_after(Duration::from_secs(6));
    world.run_for(Duration::from_secs(8));
    assert_eq!(hang_up(&mut world, "hana"), HungUp::ForHelp);
    world.run_for(Duration::from_secs(6));

    assert!(talk(&mut world, &hana.newest(), &east.newest()));
    assert_eq!(hang_up(&mut world, "hana"), HungUp::ForHelp);
    hana.newest().hangs_up();
    world.run_for(WHILE);
    let call = world.records().iter().find(|record| record.emergency).expect("a call for help");
    assert_eq!((&*call.calling, call.route.as_deref()), ("hana", Some("us")));
    assert_eq!(call.facts.source.ip().to_string(), "10.20.0.31");
    world.finish();
}

/// She hangs up while the number rings, at any moment of its answer: nobody is left in a call.
#[test]
fn hanging_up_while_the_number_rings_leaves_nobody() {
    for offset in (0..16).map(|step| Duration::from_millis(8_100 + 20 * step)) {
        let (mut world, east, hana) = rung(seed(), TWO_PROVIDERS);
        let passed = WHILE;
        world.run_for(offset - passed);
        hana.hangs_up();
        world.run_for(WHILE);

        assert_eq!(hana.ended(), Some(Ended::ByUs), "{offset:?}");
        assert_eq!((east.calls_now(), world.held().calls), (0, 0), "{offset:?}");
        world.finish();
    }
}

/// The same over a network that loses and reorders, with the ways far ends misbehave.
#[test]
fn a_made_call_survives_a_rough_network() {
    let habits = [
        Habit::LosesAcks(2),
        Habit::RetransmitsWildly,
        Habit::AnswersTwice,
        Habit::ChangesTags,
        Habit::NoRinging,
    ];
    for (seed, habit) in (seed()..).zip(habits.into_iter().cycle().take(20)) {
        let mut world = World::from_toml(seed, TWO_PROVIDERS);
        let (hana, east) = (world.user("hana"), world.provider("east"));
        world.links_all(Link::rough(50));
        hana.has_habit(habit);
        east.has_habit(habit);
        make(&mut world, "hana", NUMBER).expect("she may");
        world.run_for(Duration::from_secs(40));
        world.finish();
    }
}

/// What a call may become later: held, resumed, transferred.
#[test]
fn a_made_call_is_held_and_transferred_like_any_other() {
    let (mut world, east, hana) = rung(seed(), TWO_PROVIDERS);
    world.run_for(WHILE);
    assert!(talk(&mut world, &hana, &east.newest()));
    hana.holds();
    world.run_for(WHILE);
    assert!(!talk(&mut world, &hana, &east.newest()));
    hana.resumes();
    world.run_for(WHILE);
    assert!(talk(&mut world, &hana, &east.newest()));

    hana.transfers_to("0101");
    world.run_for(WHILE);
    assert_eq!((hana.replied("REFER"), hana.ended()), (Some(202), Some(Ended::ByPeer)));
    let minsu = world.user("minsu").newest();
    assert!(talk(&mut world, &east.newest(), &minsu));
    minsu.hangs_up();
    world.run_for(WHILE);

    let [made, first, second] = world.records() else { panic!("three records") };
    assert_eq!(first.parents, std::slice::from_ref(&made.id));
    assert_eq!((&second.parents, second.transferred_by.as_deref()), (&vec![first.id.clone()], Some("hana")));
    world.finish();
}

/// While it rings elsewhere she may neither transfer nor hold what is not there yet; nothing breaks by that.
#[test]
fn what_she_asks_too_early_is_put_off() {
    let (mut world, east, hana) = rung(seed(), TWO_PROVIDERS);
    hana.transfers_to("0101");
    world.run_for(SOON);
    assert_eq!(hana.replied("REFER"), Some(491));
    hana.reinvites();
    world.run_for(WHILE);
    assert!(talk(&mut world, &hana, &east.newest()));
    hana.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// A colleague is called by the extension, and each sees the other.
#[test]
fn a_colleague_is_called_for_a_user() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));
    make(&mut world, "0100", "0101").expect("she may");
    world.run_for(WHILE);

    assert_eq!((&*shown(&hana), &*shown(&minsu)), ("sip:0101@contoso.example", "sip:0100@contoso.example"));
    assert!(talk(&mut world, &hana.newest(), &minsu.newest()));
    world.finish();
}

/// Her phone is told to answer by itself only where that is wished, in words of RFC 5373 and of makers.
#[test]
fn a_phone_answers_by_itself_where_that_is_wished() {
    for (answering, is_told) in [(Answering::ByHand, false), (Answering::ByItself, true)] {
        let mut world = World::from_toml(seed(), TWO_PROVIDERS);
        makes(&mut world, "hana", NUMBER, answering).expect("she may");
        world.run_for(WHILE);
        let sent = &world.records().first().expect("her phone has answered").attempts[0].sent_headers;
        for told in ["Answer-Mode", "Call-Info", "Alert-Info"] {
            assert_eq!(sent.iter().any(|(name, _)| name == told), is_told, "{told}");
        }
        world.finish();
    }
}

/// Her phone that rings for her own call is nobody's to pick up, and does not send it elsewhere.
#[test]
fn what_rings_for_her_own_call_is_nobody_elses() {
    let house = TWO_PROVIDERS
        .replace("area_code = \"425\"\ntime_zone", "pickup_code = \"*8\"\narea_code = \"425\"\ntime_zone")
        .replace("extension = \"010", "pickup_group = \"front\"\nextension = \"010");
    let mut world = World::from_toml(seed(), &house);
    world.user("hana").has_habit(Habit::RingsForever);
    make(&mut world, "hana", NUMBER).expect("she may");
    world.run_for(WHILE);
    let picking = world.user("minsu").dials("*8");
    world.run_for(WHILE);
    assert_eq!(picking.ended(), Some(Ended::Refused(480)));
    world.finish();

    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    world.user("hana").answers_every_invite_with(302);
    make(&mut world, "hana", NUMBER).expect("she may");
    world.run_for(WHILE);
    assert_eq!(world.records().len(), 1);
    assert_eq!(world.user("minsu").was_called() + world.provider("east").was_called(), 0);
    world.finish();
}

/// Her phone refuses to speak with whoever answered: nobody is left, and the records say so.
#[test]
fn a_phone_that_refuses_the_other_end_ends_the_call() {
    let (mut world, east, hana) = rung(seed(), TWO_PROVIDERS);
    world.user("hana").has_habit(Habit::RefusesChanges);
    world.run_for(Duration::from_secs(20));
    assert_eq!((hana.ended(), east.calls_now()), (Some(Ended::ByPeer), 0));
    world.finish();
}
