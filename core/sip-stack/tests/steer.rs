//! Every reader finds the same owner.
#![allow(clippy::unwrap_used)]

mod scene;

use proptest::prelude::*;
use scene::{asked, with_to_tag};
use sip_stack::{BRANCH_COOKIE, Chance, Token, alias_in, steer};

const SHARDS: u8 = 16;

fn token(shard: u8) -> Token {
    Token::new(shard, 0x00ab_cdef, 0xdead_beef)
}

fn steered(text: &str) -> u8 {
    steer(text.as_bytes(), SHARDS)
}

#[test]
fn a_response_goes_to_the_shard_in_its_branch() {
    for shard in 0..SHARDS {
        let text = format!(
            "SIP/2.0 200 OK\r\nv: SIP/2.0/UDP h;rport;branch={BRANCH_COOKIE}{}, SIP/2.0/UDP i;branch=x\r\n\
             \r\n",
            token(shard)
        );
        assert_eq!(steered(&text), shard);
    }
}

/// RFC 5923: the topmost Via of a request says it, and at which port the sender listens.
#[test]
fn d6_a_request_says_where_its_connection_leads_back_to() {
    let via =
        |text: &str| alias_in(format!("OPTIONS sip:a SIP/2.0\r\n{text}\r\nTo: <sip:a>\r\n\r\n").as_bytes());

    assert_eq!(via("Via: SIP/2.0/TLS h.example;branch=z9hG4bKa;alias"), Some(5061));
    assert_eq!(via("v: SIP/2.0/TLS [2001:db8::1]:5071;ALIAS;branch=z9hG4bKa"), Some(5071));
    assert_eq!(via("Via: SIP/2.0/TLS h:5070;branch=a, SIP/2.0/TLS i:5072;alias"), None);
    assert_eq!(via("Via: SIP/2.0/TLS h:5070;branch=alias"), None);
    assert_eq!(via("Via: SIP/2.0/TLS h:99999;alias"), None);
    assert_eq!(alias_in(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS h;alias\r\n\r\n"), None);
}

#[test]
fn a_request_goes_to_the_shard_in_its_to_tag() {
    for shard in 0..SHARDS {
        for method in ["BYE", "INVITE", "ACK", "SUBSCRIBE"] {
            let text = with_to_tag(&asked(method, "z9hG4bKa"), &token(shard).tag());
            assert_eq!(steered(&text), shard);
            assert_eq!(steered(&text.replace("To: ", "t :\r\n ")), shard, "folded and short");
        }
    }
}

#[test]
fn a_tag_inside_the_uri_is_none() {
    let real = with_to_tag(&asked("BYE", "z9hG4bKa"), &token(5).tag());
    let text = real.replace("<sip:200@198.51.100.1>", &format!("<sip:200@h;tag={}>", token(9).tag()));

    assert_eq!(steered(&text), 5);
}

#[test]
fn an_invite_goes_to_the_shard_of_the_dialog_it_replaces() {
    for shard in 0..SHARDS {
        for (name, other) in [("to-tag", "from-tag"), ("from-tag", "to-tag")] {
            let replaces = format!("Replaces: call;{name}={};{other}=xyz\r\nMax-", token(shard).tag());
            let text = asked("INVITE", "z9hG4bKa").replace("Max-", &replaces);
            assert_eq!(steered(&text), shard);
        }
    }
}

#[test]
fn all_of_one_new_call_goes_one_way() {
    let owner = steered(&asked("INVITE", "z9hG4bKa"));

    assert_eq!(steered(&asked("INVITE", "z9hG4bKa")), owner);
    assert_eq!(steered(&asked("CANCEL", "z9hG4bKa")), owner);
    assert_eq!(steered(&asked("INVITE", "z9hG4bKb").replace("Call-ID", "i")), owner);
}

#[test]
fn registrations_of_one_address_go_one_way() {
    let owner = steered(&asked("REGISTER", "z9hG4bKa"));
    let again = asked("REGISTER", "z9hG4bKb")
        .replace("call-of-theirs", "another")
        .replace("200@198.51.100.1>", "200@198.51.100.1;x=y>");

    assert_eq!(steered(&again), owner);
    let to = "To: <sip:200@198.51.100.1>";
    let named = |value: &str| steered(&asked("REGISTER", "z9hG4bKa").replace(to, value));
    assert_eq!(named("To: <sip:200@East.Example>"), named("t: Me <sips:200@east.example>"));
}

#[test]
fn calls_spread_over_all_shards() {
    let mut counts = [0; SHARDS as usize];
    for call in 0..1600 {
        let text = asked("INVITE", "z9hG4bKa").replace("call-of-theirs", &format!("call-{call}"));
        counts[usize::from(steered(&text))] += 1;
    }

    assert!(counts.iter().all(|count| (60..140).contains(count)), "{counts:?}");
}

#[test]
fn a_token_of_a_shard_that_we_do_not_have_is_ignored() {
    let text = with_to_tag(&asked("BYE", "z9hG4bKa"), &token(200).tag());

    assert_eq!(steered(&text), steered(&asked("BYE", "z9hG4bKa")));
}

#[test]
fn chance_with_the_same_seed_draws_the_same() {
    let draw = || {
        let mut chance = Chance::from_seed([3; 32]);
        (chance.u64(), chance.u32(), chance.text(12), chance.below(10))
    };

    assert_eq!(draw(), draw());
    assert_ne!(Chance::from_seed([4; 32]).u64(), draw().0);
}

proptest! {
    #[test]
    fn a_token_comes_back_from_wherever_it_was_put(shard: u8, slot in 0u32..1 << 24, nonce: u32) {
        let token = Token::new(shard, slot, nonce);
        prop_assert_eq!(token.to_string().len(), 13);
        let places =
            [token.tag(), token.tag().to_uppercase(), format!("z9hG4bK{token}"), format!("{token}@house")];
        for place in places {
            prop_assert_eq!(Token::find(&place), Some(token));
        }
        prop_assert_eq!((token.shard(), token.slot(), token.nonce()), (shard, slot, nonce));
    }

    #[test]
    fn any_bytes_give_some_shard(bytes in prop::collection::vec(any::<u8>(), 0..300), shards in 1u8..=255) {
        prop_assert!(steer(&bytes, shards) < shards);
    }

    #[test]
    fn a_damaged_message_gives_some_shard(at in 0usize..400, byte: u8, cut in 0usize..400) {
        let mut bytes = asked("INVITE", "z9hG4bKa").into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        bytes.truncate(bytes.len() - cut % bytes.len());
        prop_assert!(steer(&bytes, SHARDS) < SHARDS);
    }
}
