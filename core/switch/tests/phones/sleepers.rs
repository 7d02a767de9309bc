//! Phones that sleep, and are woken by their push services (RFC 8599), word by word.

use std::time::Duration;

use switch::{Input, Urgency, Wake, Why};

use super::{Asking, Bench, HOUSE, PHONE, header, policy_of, status, switch};

const PUSHES: &str = r#"
[push.apns]
url = "http://127.0.0.1:9/push"
secret = { env = "PHONES" }

[push.fcm]
url = "http://127.0.0.1:9/push"
secret = { env = "PHONES" }
wait = "6s"
"#;
const TOKENS: &str = "pn-provider=apns;pn-prid=t0k3n;pn-param=T.app";
const BARE: &str = "sip:hana@192.0.2.7:5060";
const SECOND: Duration = Duration::from_secs(1);

fn bench(shards: u8) -> Bench {
    let mut bench = Bench::new(shards);
    for shard in 0..usize::from(shards) {
        bench.give(shard, Input::NewPolicy(policy_of(&format!("{HOUSE}{PUSHES}"))));
    }
    bench
}

/// Registers for so many seconds; with tokens, and what else the Contact says.
fn registers(bench: &mut Bench, seconds: u32, tokens: &str, more: &str) -> String {
    let lines = format!("Expires: {seconds}\nContact: <{BARE};{tokens}>{more}\n");
    // What was said of calls before is nothing to it.
    bench.sent();
    bench.register("hana", Asking { lines: &lines, ..Asking::default() })
}

fn woken(bench: &mut Bench) -> Vec<Wake> {
    std::mem::take(&mut bench.out.wakes)
}

#[test]
fn d11_a_phone_is_told_by_which_services_it_can_be_woken() {
    let mut bench = bench(1);
    let caps = |answer: &str| header(answer, "Feature-Caps").join(" | ");

    let both = registers(&mut bench, 600, TOKENS, ";+sip.pnsreg");
    assert_eq!(caps(&both), "*;+sip.pns=\"apns\";+sip.pnsreg=\"150\"");
    assert_eq!(caps(&registers(&mut bench, 600, TOKENS, "")), "*;+sip.pns=\"apns\"");
    assert_eq!(caps(&registers(&mut bench, 600, "pn-provider=FCM", "")), "*;+sip.pns=\"fcm\"");
    let any = registers(&mut bench, 600, "pn-provider", "");
    assert_eq!(caps(&any), "*;+sip.pns=\"apns\" | *;+sip.pns=\"fcm\"", "each has a field of its own");
    assert_eq!(caps(&registers(&mut bench, 600, "ob", "")), "");

    for unknown in ["pn-provider=webpush;pn-prid=x", "pn-provider=webpush"] {
        let refused = registers(&mut bench, 600, unknown, "");
        assert_eq!(status(&refused), 555, "{refused}");
    }
    assert_eq!(status(&registers(&mut bench, 0, "pn-provider=webpush;pn-prid=x", "")), 200, "it leaves");
    let brief = registers(&mut bench, 120, TOKENS, "");
    assert_eq!((status(&brief), header(&brief, "Min-Expires")), (423, vec!["180"]));
    assert_eq!(status(&registers(&mut bench, 120, "ob", "")), 200, "nobody wakes it");
}

#[test]
fn d11_where_nobody_is_woken_a_phone_with_a_token_is_one_like_others() {
    let mut bench = Bench::new(1);

    let answer = registers(&mut bench, 120, "pn-provider=webpush;pn-prid=t0k3n", "");

    assert_eq!((status(&answer), header(&answer, "Feature-Caps").len()), (200, 0), "{answer}");
    bench.pass(30 * SECOND);
    assert_eq!(bench.calls("+14255550100").0.len(), 1);
    assert!(woken(&mut bench).is_empty());
}

#[test]
fn d11_whoever_is_woken_by_a_proxy_is_not_woken_by_us_and_the_proxy_gets_its_tokens() {
    let mut bench = bench(1);
    let lines = format!("Feature-Caps: *;+sip.pns=\"apns\"\nContact: <{BARE};{TOKENS}>\n");

    let answer = bench.register("hana", Asking { lines: &lines, ..Asking::default() });

    assert_eq!((status(&answer), header(&answer, "Feature-Caps").len()), (200, 0), "{answer}");
    bench.pass(30 * SECOND);
    let (sent, _) = bench.calls("+14255550100");
    assert!(sent[0].1.starts_with(&format!("INVITE {BARE};{TOKENS} SIP/2.0\r\n")), "{}", sent[0].1);
    assert!(woken(&mut bench).is_empty());
}

#[test]
fn d11_a_token_is_seen_by_the_phone_that_has_it_and_by_nobody_else() {
    let mut bench = bench(1);
    let own = registers(&mut bench, 600, TOKENS, "");
    assert!(own.contains(&format!("<{BARE};{TOKENS}>")), "{own}");

    let other = "Contact: <sip:hana@192.0.2.8:5060>\n";
    let seen = bench.register("hana", Asking { lines: other, call_id: "c2", ..Asking::default() });
    assert!(seen.contains(&format!("<{BARE}>")) && !seen.contains("pn-"), "{seen}");
    let phones = bench.phones(0);
    assert!(!format!("{phones:?}").contains("t0k3n"), "{phones:?}");
    assert_eq!(phones.users[0].phones[0].woken_by.as_deref(), Some("apns"));
    let (sent, _) = bench.calls("+14255550100");
    assert_eq!(sent.len(), 2, "both are awake");
    assert!(sent.iter().all(|(_, text)| !text.contains("t0k3n") && !text.contains("pn-")));
    let kept = serde_json::to_string(bench.out.bindings.last().unwrap()).unwrap();
    assert!(kept.contains("t0k3n"), "the next life of the house has to know it: {kept}");
}

#[test]
fn d11_a_call_waits_until_the_phone_that_was_woken_says_where_it_is() {
    let mut bench = bench(2);
    registers(&mut bench, 600, TOKENS, "");
    bench.pass(60 * SECOND);

    let (sent, refused) = bench.calls("+14255550100");
    assert!(sent.is_empty() && refused.is_none(), "{sent:?} {refused:?}");
    let [wake] = &woken(&mut bench)[..] else { panic!("it is woken once") };
    assert_eq!((&*wake.user, &*wake.provider, &*wake.token), ("hana", "apns", "t0k3n"));
    assert_eq!((wake.param.as_deref(), wake.why, wake.urgency), (Some("T.app"), Why::Call, Urgency::Usual));
    let (sent, _) = bench.calls("+14255550100");
    assert!(sent.is_empty() && woken(&mut bench).is_empty(), "one wish is enough for two calls");

    // It comes from elsewhere, and says so by another contact: the token tells that it is the same.
    bench.pass(2 * SECOND);
    let moved = format!("Expires: 600\nContact: <sip:hana@192.0.2.9:40000;{TOKENS}>\n");
    let challenged = bench.say("hana", Asking { lines: &moved, call_id: "c7", ..Asking::default() }, "");
    assert_eq!(status(&challenged), 401);
    assert_eq!(bench.calls("+14255550101").1, Some(480), "a challenge wakes no call");
    let proof = bench.proof("hana", &challenged, "correct horse", 1);
    let asking = Asking { from: "192.0.2.9:40000", lines: &moved, call_id: "c7", ..Asking::default() };
    let all = says(&mut bench, asking, &proof);

    let invites: Vec<&String> = all.iter().filter(|text| text.starts_with("INVITE ")).collect();
    assert_eq!(invites.len(), 2, "{all:?}");
    assert!(invites.iter().all(|text| text.starts_with("INVITE sip:hana@192.0.2.9:40000 ")), "{invites:?}");
    assert_eq!(bench.phones(0).users[0].phones.len(), 1, "it moved");
}

/// A REGISTER, and everything that follows from it.
fn says(bench: &mut Bench, asking: Asking<'_>, proof: &str) -> Vec<String> {
    bench.cseq += 1;
    let (cseq, flow) = (bench.cseq, bench.flow(asking.from, asking.transport));
    let text = format!(
        "REGISTER sip:house.example SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bKr{cseq};rport\n\
         Max-Forwards: 70\nFrom: <sip:hana@house.example>;tag=f\nTo: <sip:hana@house.example>\n\
         Call-ID: {}\nCSeq: {cseq} REGISTER\n{}{proof}Content-Length: 0\n\n",
        asking.call_id, asking.lines,
    );
    bench.hear(flow, &text);
    bench.sent().into_iter().map(|(_, text)| text).collect()
}

#[test]
fn d11_a_phone_that_sleeps_says_again_where_it_is_before_it_is_forgotten() {
    let mut bench = bench(3);
    registers(&mut bench, 600, TOKENS, "");
    bench.pass(479 * SECOND);
    assert!(woken(&mut bench).is_empty());

    bench.pass(2 * SECOND);
    let [wake] = &woken(&mut bench)[..] else { panic!("one shard wakes it, and once") };
    assert_eq!((&*wake.token, wake.why), ("t0k3n", Why::Registration));
    bench.pass(60 * SECOND);
    assert_eq!(woken(&mut bench).len(), 1, "nothing came of it: once more");
    bench.pass(100 * SECOND);
    assert!(woken(&mut bench).is_empty() && bench.phones(0).users.is_empty(), "and no more");
    assert_eq!(bench.calls("+14255550100").1, Some(480));
    assert!(woken(&mut bench).is_empty(), "a binding that has ended wakes nobody (RFC 8599 5.5)");

    registers(&mut bench, 600, TOKENS, "");
    bench.pass(400 * SECOND);
    registers(&mut bench, 600, TOKENS, "");
    bench.pass(479 * SECOND);
    assert!(woken(&mut bench).is_empty(), "who comes by itself is not woken for it");
    registers(&mut bench, 600, "pn-provider=apns", "");
    bench.pass(540 * SECOND);
    assert!(woken(&mut bench).is_empty(), "nor is who wants it no more (RFC 8599 4.1.2)");
}

#[test]
fn d11_a_phone_that_slept_while_the_house_crashed_is_woken_by_the_next_one() {
    let mut bench = bench(1);
    let lines = format!("Expires: 600\nContact: <sip:hana@192.0.2.7:5060;transport=tcp;{TOKENS}>\n");
    let transport = sip_stack::Transport::Tcp;
    bench.register("hana", Asking { lines: &lines, transport, ..Asking::default() });
    let kept = std::mem::take(&mut bench.out.bindings);
    let kept = serde_json::to_string(&kept).unwrap();
    let kept: Vec<switch::Kept> = serde_json::from_str(&kept).unwrap();

    bench.pass(SECOND);
    let now = bench.now();
    bench.shards = vec![switch(0, 1, now)];
    bench.give(0, Input::NewPolicy(policy_of(&format!("{HOUSE}{PUSHES}"))));
    bench.shards[0].restore(now, &kept);
    let (sent, refused) = bench.calls("+14255550100");

    assert!(sent.is_empty() && refused.is_none(), "its connection is no more: {sent:?} {refused:?}");
    assert_eq!(woken(&mut bench).len(), 1);
    bench.connection += 1;
    bench.pass(SECOND);
    let challenged = bench.say("hana", Asking { lines: &lines, transport, call_id: "c2", from: PHONE }, "");
    let proof = bench.proof("hana", &challenged, "correct horse", 1);
    let all = says(&mut bench, Asking { lines: &lines, transport, call_id: "c2", from: PHONE }, &proof);
    assert_eq!(all.iter().filter(|text| text.starts_with("INVITE ")).count(), 1, "{all:?}");
}
