//! Digests, both ways, against vectors and against each other.
// The vectors are a file.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::path::Path;

use serde_json::Value;
use sip_message::Message;
use sip_stack::Chance;
use sip_stack::auth::{
    Algorithm, Challenges, Credentials, Guard, NONCE_AGE_MAX_MS, NONCES_MAX, Nonces, Proof, Secret, answer,
    pick, user_of,
};
use sip_stack::auth::{Sum, realm_of};

const NOW: u64 = 1_700_000_000_000;
const ALL: [Algorithm; 3] = [Algorithm::Sha512_256, Algorithm::Sha256, Algorithm::Md5];

fn guard() -> Guard {
    Guard::new("trunk \"C\"", [9; 32])
}

fn answered(challenge: &str, password: &str, count: u32) -> String {
    let credentials = Credentials { user: "zoë \"z\"", password };
    let mut chance = Chance::from_seed([5; 32]);
    answer(challenge, credentials, "INVITE", "sip:200@house", b"v=0", &mut chance, count).unwrap()
}

fn verify(guard: &mut Guard, at: u64, value: &str) -> Proof {
    guard.verify(at, value, "INVITE", "sip:200@house", Secret::Password("pw"), b"v=0")
}

fn all_of(challenges: &Challenges) -> Vec<String> {
    challenges.values().map(str::to_owned).collect()
}

fn first_of(challenges: &Challenges) -> String {
    all_of(challenges).remove(0)
}

#[test]
fn every_published_and_computed_response_comes_out() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/digest/digest.json"));
    let text =
        std::fs::read_to_string(path).expect("the digest vectors lie beside the checkout in ../shared");
    let vectors: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(vectors.len() >= 12);

    for vector in &vectors {
        let text = |name: &str| vector[name].as_str();
        let algorithm = Algorithm::named(text("alg").unwrap()).unwrap();
        let ha1 = algorithm.ha1(text("user").unwrap(), text("realm").unwrap(), text("pw").unwrap());
        let qop = text("qop").map(|qop| (text("nc").unwrap(), text("cnonce").unwrap(), qop));
        let sum = Sum {
            algorithm,
            ha1: &ha1,
            nonce: text("nonce").unwrap(),
            qop,
            method: text("method").unwrap(),
            uri: text("uri").unwrap(),
            body: text("body").unwrap_or_default().as_bytes(),
        };
        assert_eq!(sum.response(), text("response").unwrap(), "{vector}");
    }
}

#[test]
fn whoever_knows_the_password_is_proven_in_every_algorithm() {
    let mut guard = guard();
    let challenges = all_of(&guard.challenge(NOW, ALL));
    assert_eq!(challenges.len(), 3);

    for (place, challenge) in challenges.iter().enumerate() {
        let value = answered(challenge, "pw", place as u32 + 1);
        assert_eq!(verify(&mut guard, NOW + 10, &value), Proof::Proven, "{value}");
    }
}

#[test]
fn whoever_does_not_is_wrong() {
    let mut guard = guard();
    let challenge = first_of(&guard.challenge(NOW, ALL));

    assert_eq!(verify(&mut guard, NOW, &answered(&challenge, "guess", 1)), Proof::Wrong);
}

#[test]
fn a_stored_hash_serves_as_well_as_the_password_with_its_own_algorithm() {
    let mut guard = guard();
    let challenges = all_of(&guard.challenge(NOW, [Algorithm::Sha256, Algorithm::Md5]));
    let ha1 = Algorithm::Sha256.ha1("zoë \"z\"", "trunk \"C\"", "pw");
    let secret = Secret::Ha1(Algorithm::Sha256, &ha1);

    let sha = answered(&challenges[0], "pw", 1);
    let md5 = answered(&challenges[1], "pw", 2);

    assert_eq!(guard.verify(NOW, &sha, "INVITE", "sip:200@house", secret, b""), Proof::Proven);
    assert_eq!(guard.verify(NOW, &md5, "INVITE", "sip:200@house", secret, b""), Proof::Wrong);
}

#[test]
fn an_answer_serves_once() {
    let mut guard = guard();
    let challenge = first_of(&guard.challenge(NOW, [Algorithm::Sha256]));
    let value = answered(&challenge, "pw", 1);

    assert_eq!(verify(&mut guard, NOW, &value), Proof::Proven);
    assert_eq!(verify(&mut guard, NOW, &value), Proof::Stale);
    assert_eq!(verify(&mut guard, NOW, &answered(&challenge, "pw", 3)), Proof::Proven);
    assert_eq!(verify(&mut guard, NOW, &answered(&challenge, "pw", 2)), Proof::Stale);
}

#[test]
fn a_nonce_grows_old() {
    let mut guard = guard();
    let challenge = first_of(&guard.challenge(NOW, [Algorithm::Sha256]));
    let value = answered(&challenge, "pw", 1);

    assert_eq!(verify(&mut guard, NOW + NONCE_AGE_MAX_MS + 1, &value), Proof::Stale);
    assert!(guard.challenge_stale(NOW, ALL).values().all(|value| value.contains("stale=true")));
}

#[test]
fn nobody_else_makes_our_nonces() {
    let mut guard = guard();
    let foreign = first_of(&Guard::new("trunk \"C\"", [8; 32]).challenge(NOW, ALL));

    assert_eq!(verify(&mut guard, NOW, &answered(&foreign, "pw", 1)), Proof::NotOurs);
}

#[test]
fn a_nonce_whose_time_somebody_has_changed_is_not_ours() {
    let mut nonces = Nonces::new([1; 32]);
    let nonce = nonces.mint(NOW).text().to_owned();
    let later = format!("{:016x}{}", NOW + 1, &nonce[16..]);

    assert!(nonces.ours(&nonce).is_some());
    assert_eq!((nonces.ours(&later), nonces.ours(&nonce[..55]), nonces.ours("ä")), (None, None, None));
    assert_eq!(nonces.ours(&format!("{nonce}0")), None);
}

#[test]
fn another_scheme_realm_or_algorithm_counts_as_nothing() {
    let mut guard = guard();
    let challenge = first_of(&guard.challenge(NOW, [Algorithm::Sha256]));
    let good = answered(&challenge, "pw", 1);
    let foreign = [
        "NoOneKnowsThisScheme opaque-data=here".to_owned(),
        good.replace("Digest", "Bearer"),
        good.replace("trunk", "trick"),
        good.replace("SHA-256", "SHA-256-sess"),
        String::new(),
    ];

    for value in &foreign {
        assert_eq!(verify(&mut guard, NOW, value), Proof::NotOurs, "{value}");
    }
}

#[test]
fn an_answer_for_another_place_is_wrong() {
    let mut guard = guard();
    let challenge = first_of(&guard.challenge(NOW, [Algorithm::Md5]));
    let value = answered(&challenge, "pw", 1);
    let secret = Secret::Password("pw");

    assert_eq!(guard.verify(NOW, &value, "INVITE", "sip:900@house", secret, b""), Proof::Wrong);
    assert_eq!(guard.verify(NOW, &value, "BYE", "sip:200@house", secret, b""), Proof::Wrong);
    let lenient = "sip:200@house:5060;user=phone";
    assert_eq!(guard.verify(NOW, &value, "INVITE", lenient, secret, b""), Proof::Proven);
}

#[test]
fn a_body_is_protected_where_that_is_asked_for() {
    let challenge = r#"Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth-int""#;

    let value = answered(challenge, "pw", 1);

    assert!(value.contains("qop=auth-int"));
    let credentials = Credentials { user: "zoë \"z\"", password: "pw" };
    let mut chance = Chance::from_seed([5; 32]);
    let other = answer(challenge, credentials, "INVITE", "sip:200@house", b"v=1", &mut chance, 1).unwrap();
    assert_ne!(value, other);
}

#[test]
fn a_challenge_without_qop_is_answered_in_the_old_manner() {
    let value = answered(r#"Digest realm="r", nonce="n", opaque="o""#, "pw", 1);

    assert!(!value.contains("cnonce") && !value.contains("nc=") && !value.contains("algorithm"));
    assert!(value.contains(r#"opaque="o""#));
}

#[test]
fn an_answer_in_the_old_manner_serves_once_too() {
    let mut guard = guard();
    let challenge = first_of(&guard.challenge(NOW, [Algorithm::Md5])).replace(", qop=\"auth\"", "");
    let value = answered(&challenge, "pw", 1);

    assert_eq!(verify(&mut guard, NOW, &value), Proof::Proven);
    assert_eq!(verify(&mut guard, NOW, &value), Proof::Stale);
}

#[test]
fn the_strongest_of_several_challenges_is_picked() {
    let text = "SIP/2.0 407 Proxy Authentication Required\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\n\
                From: <sip:a@a>;tag=1\r\nTo: <sip:b@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\
                Proxy-Authenticate: Digest realm=\"a\", nonce=\"1\", algorithm=MD5\r\n\
                Proxy-Authenticate: Digest realm=\"b\", nonce=\"2\", algorithm=SHA-256\r\n\
                Proxy-Authenticate: Digest realm=\"c\", nonce=\"3\", algorithm=TOKEN\r\n\
                WWW-Authenticate: Digest realm=\"d\", nonce=\"4\", algorithm=SHA-512-256\r\n\
                Content-Length: 0\r\n\r\n";
    let message = Message::parse(text.as_bytes()).unwrap();

    let (header, challenge) = pick(&message).unwrap();

    assert_eq!(header, "Proxy-Authorization");
    assert_eq!(realm_of(challenge).as_deref(), Some("b"));
}

#[test]
fn the_claimed_user_can_be_read_before_anything_is_proven() {
    let value = answered(r#"Digest realm="r", nonce="n""#, "pw", 1);

    assert_eq!(user_of(&value).as_deref(), Some("zoë \"z\""));
    assert_eq!(user_of("Basic YTpi"), None);
}

#[test]
fn forgotten_nonces_are_stale_and_never_fresh_again() {
    let mut nonces = Nonces::new([1; 32]);
    let mint = |nonces: &mut Nonces, now| {
        let nonce = nonces.mint(now);
        nonces.ours(nonce.text()).unwrap()
    };
    let first = mint(&mut nonces, NOW);
    assert!(nonces.spend(NOW, first, 1));

    for later in 0..NONCES_MAX as u64 {
        let nonce = mint(&mut nonces, NOW + 1 + later / 1000);
        assert!(nonces.spend(NOW + 100, nonce, 1));
    }

    assert!(!nonces.spend(NOW + 100, first, 2));
}

#[test]
fn secrets_do_not_print() {
    let printed = format!(
        "{:?} {:?} {:?}",
        Secret::Password("hunter2"),
        Secret::Ha1(Algorithm::Md5, "hunter2"),
        Credentials { user: "u", password: "hunter2" }
    );

    assert!(!printed.contains("hunter2"));
}
