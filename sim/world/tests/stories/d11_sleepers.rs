//! Phones that sleep, and are woken for their calls by a push service (RFC 8599).

use std::time::Duration;

use actors::{Credentials, Deed, Transport};
use switch::{Urgency, Why};
use world::{ActorHandle, World};

use crate::{TWO_PROVIDERS, seed};

const SECOND: Duration = Duration::from_secs(1);
const NUMBER: &str = "+14255550100";
const PUSH: &str = r#"
[push.apns]
url = "http://127.0.0.1:9/push"
secret = { env = "PUSH" }
wait = "8s"
"#;

/// Hana has an app that sleeps, and says this of her calls.
fn house(hana: &str) -> String {
    let text = TWO_PROVIDERS.replace("devices = [{ contact = \"sip:hana@10.20.0.31:5060\" }]\n", "");
    text.replacen("[user.hana]\n", &format!("[user.hana]\n{hana}\n"), 1) + PUSH
}

struct Story {
    world: World,
    east: ActorHandle,
    app: ActorHandle,
}

impl Story {
    /// The app has registered, and sleeps.
    fn begin(house: &str) -> Story {
        let mut world = World::from_toml(seed(), house);
        let east = world.provider("east");
        let app = phone(&mut world, "app", "10.20.0.77:33001", Transport::Tcp);
        let mut story = Story { world, east, app };
        story.app_registers();
        story.world.run_for(2 * SECOND);
        story.sleeps();
        story.world.run_for(20 * SECOND);
        story
    }

    fn app_registers(&self) {
        let tokens = "pn-provider=apns;pn-prid=t0k3n;pn-param=T.app";
        registers(&self.app, &format!("<sip:hana@192.168.1.5:5060;transport=tcp;{tokens}>"));
    }

    fn sleeps(&self) {
        self.app.loses_its_connections();
        self.app.dies();
    }

    /// Its push service has reached it.
    fn wakes(&mut self) {
        self.app.returns();
        self.app_registers();
        self.world.run_for(SECOND / 2);
    }

    fn notes(&self) -> String {
        let record = self.world.records().last().unwrap();
        record.attempts.iter().flat_map(|attempt| &attempt.notes).cloned().collect::<Vec<_>>().join("; ")
    }
}

fn phone(world: &mut World, name: &str, at: &str, transport: Transport) -> ActorHandle {
    let phone = world.stranger(name, at);
    phone.with(|profile| {
        profile.user = "hana".to_owned();
        profile.domain = "contoso.example".to_owned();
        profile.transport = transport;
        let password = "a password of the story".to_owned();
        profile.credentials = Some(Credentials { user: "hana".to_owned(), password });
    });
    phone
}

fn registers(phone: &ActorHandle, contact: &str) {
    phone.says_outside(Deed::Register { contact: contact.to_owned(), headers: Vec::new() });
}

/// The app sleeps, is woken, says where it is, and the call is there within five seconds of being made.
#[test]
fn d11_a_sleeping_app_is_woken_and_has_its_call() {
    let mut story = Story::begin(&house(""));
    let call = story.east.calls(&format!("sip:{NUMBER}@192.0.2.10"));
    story.world.run_for(2 * SECOND);
    let [wake] = story.world.wakes() else { panic!("{:?}", story.world.wakes()) };
    assert_eq!((&*wake.token, wake.why, wake.urgency), ("t0k3n", Why::Call, Urgency::Usual));
    assert_eq!(story.app.was_called(), 0);

    story.wakes();
    assert_eq!(story.app.was_called(), 1, "within 2.5 s of the call");
    story.world.run_for(3 * SECOND);
    assert!(call.is_up_with(&story.app));
    call.hangs_up();
    story.world.run_for(2 * SECOND);
    let notes = story.notes();
    assert!(notes.starts_with("woken by apns after 2"), "{notes}");
    let told = serde_json::to_string(story.world.records().last().unwrap()).unwrap();
    assert!(!told.contains("t0k3n"), "{told}");

    // Who has just come is awake: the next call goes to it at once.
    let call = story.east.calls(&format!("sip:{NUMBER}@192.0.2.10"));
    story.app_registers();
    story.world.run_for(SECOND);
    let again = story.east.calls(&format!("sip:{NUMBER}@192.0.2.10"));
    story.world.run_for(SECOND);
    assert_eq!((story.app.was_called(), story.world.wakes().len()), (3, 2));
    call.hangs_up();
    again.hangs_up();
    story.world.run_for(40 * SECOND);
    story.world.finish();
}

/// Whoever hangs up meanwhile is rid of it: nobody rings afterwards.
#[test]
fn d11_a_caller_who_hangs_up_before_the_app_is_awake_leaves_nothing_behind() {
    let mut story = Story::begin(&house(""));
    let call = story.east.calls(&format!("sip:{NUMBER}@192.0.2.10"));
    story.world.run_for(2 * SECOND);

    call.hangs_up();
    story.world.run_for(SECOND);
    assert_eq!(story.world.records().last().unwrap().sip_code, 487);
    story.wakes();
    story.world.run_for(5 * SECOND);
    assert_eq!(story.app.was_called(), 0);
    story.world.run_for(40 * SECOND);
    story.world.finish();
}

/// The app never comes: the call goes where it goes when nobody answers, and the app that comes too late
/// rings no more.
#[test]
fn d11_an_app_that_does_not_wake_is_one_that_does_not_answer() {
    let mut story = Story::begin(&house("forward = { no_answer = { user = \"minsu\" }, after = \"20s\" }"));
    let minsu = story.world.user("minsu");
    let call = story.east.calls(&format!("sip:{NUMBER}@192.0.2.10"));
    story.world.run_for(7 * SECOND);
    assert_eq!(minsu.was_called(), 0);
    story.world.run_for(6 * SECOND);
    assert!(call.is_up_with(&minsu), "{:?}", call.ended());
    story.wakes();
    story.world.run_for(2 * SECOND);
    assert_eq!(story.app.was_called(), 0);
    call.hangs_up();
    story.world.run_for(2 * SECOND);
    let record = story.world.records().last().unwrap();
    assert_eq!(record.attempts[0].cause, "it was to be woken, and did not come in time");

    story.sleeps();
    story.world.adopts(&house(""));
    story.world.run_for(10 * SECOND);
    let call = story.east.calls(&format!("sip:{NUMBER}@192.0.2.10"));
    story.world.run_for(10 * SECOND);
    assert!(!call.is_up());
    assert_eq!(story.world.records().last().unwrap().sip_code, 408);
    story.world.run_for(40 * SECOND);
    story.world.finish();
}

/// A desk phone rings at once, whoever else has to be woken first; the app that comes meanwhile rings too.
#[test]
fn d11_phones_that_are_awake_ring_while_another_one_wakes() {
    for answers in ["desk", "app"] {
        let mut story = Story::begin(&house(""));
        let desk = phone(&mut story.world, "desk", "10.20.0.78:5060", Transport::Udp);
        registers(&desk, "<sip:hana@10.20.0.78:5060>");
        let slow = if answers == "desk" { &story.app } else { &desk };
        slow.answers_after(60 * SECOND);
        let fast = if answers == "desk" { &desk } else { &story.app };
        fast.answers_after(4 * SECOND);
        story.world.run_for(SECOND);

        let call = story.east.calls(&format!("sip:{NUMBER}@192.0.2.10"));
        story.world.run_for(SECOND);
        assert_eq!((desk.was_called(), story.app.was_called()), (1, 0));
        assert!(call.progress().contains(&180), "{:?}", call.progress());
        story.wakes();
        assert_eq!((desk.was_called(), story.app.was_called()), (1, 1));
        story.world.run_for(6 * SECOND);
        assert!(call.is_up_with(if answers == "desk" { &desk } else { &story.app }), "{answers}");
        call.hangs_up();
        story.world.run_for(40 * SECOND);
        story.world.finish();
    }
}

/// Many call one who sleeps: all wait for the one wish, and a flood wakes nobody without end.
#[test]
fn d11_a_flood_of_calls_wakes_a_phone_now_and_then() {
    let mut story = Story::begin(&house(""));
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let call = story.east.calls(&format!("sip:{NUMBER}@192.0.2.10"));
            story.world.run_for(SECOND / 10);
            call
        })
        .collect();
    assert_eq!(story.world.wakes().len(), 1, "{:?}", story.world.wakes());
    story.world.run_for(SECOND / 5);
    let last = story.east.calls(&format!("sip:{NUMBER}@192.0.2.10"));
    story.world.run_for(SECOND / 5);
    assert_eq!(story.world.wakes().len(), 2, "nothing came of the first");

    story.wakes();
    assert_eq!(story.app.was_called(), 21);
    calls.iter().chain([&last]).for_each(|call| call.hangs_up());
    story.world.run_for(40 * SECOND);
    story.world.finish();
}

/// Its push service knows the app no more: nobody waits for it any longer.
#[test]
fn d11_an_app_that_nobody_wakes_is_not_waited_for() {
    let mut story = Story::begin(&house("forward = { unreachable = { user = \"minsu\" } }"));
    let minsu = story.world.user("minsu");
    let call = story.east.calls(&format!("sip:{NUMBER}@192.0.2.10"));
    story.world.run_for(SECOND);
    story.world.wakes_nobody();
    story.world.run_for(6 * SECOND);

    assert!(call.is_up_with(&minsu), "{:?}", call.ended());
    call.hangs_up();
    story.world.run_for(40 * SECOND);
    let record = story.world.records().last().unwrap();
    assert_eq!(record.attempts[0].cause, "its push service did not take the wish");
    story.world.finish();
}
