#![allow(clippy::unwrap_used)]
//! Whom a house takes somebody for who comes with a token of its identity provider.

mod provider;

use std::sync::mpsc::{self, Receiver};
use std::thread::sleep;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt::Refusal;
use model::{OidcRoles, Role};
use provider::{AUDIENCE, Mood, Provider, Signer, now_s};
use serde_json::{Value, json};
use sign_in::{BETWEEN, Settings, SignIn, Standing, Unknown, Visitor};

/// A machine that is busy with other things is slow, not wrong.
const PATIENCE: Duration = Duration::from_secs(60);

fn settings(issuer: &str) -> Settings {
    let list = |word: &str| vec![word.to_owned()];
    Settings {
        issuer: issuer.to_owned(),
        audience: AUDIENCE.to_owned(),
        parties: list("tandem-cli"),
        claim: "groups".to_owned(),
        roles: OidcRoles { reader: list("staff"), operator: list("telephony"), admin: list("admins") },
        leeway: Duration::from_secs(30),
        roots: None,
    }
}

/// A house, and what it is told of the keys.
struct House {
    sign_in: SignIn,
    told: Receiver<Standing>,
}

impl House {
    fn start(provider: &Provider) -> House {
        let (tell, told) = mpsc::channel();
        let tell = Box::new(move |standing: &Standing| {
            let _ = tell.send(standing.clone());
        });
        House { sign_in: SignIn::start(settings(&provider.issuer), tell).unwrap(), told }
    }

    fn hears(&self) -> Standing {
        self.told.recv_timeout(PATIENCE).unwrap()
    }

    /// As who asks by HTTP is answered: keys are waited for.
    fn takes(&self, token: &str) -> Result<Visitor, Unknown> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.sign_in.judge(token, i64::try_from(now_s()).unwrap()) {
                Err(Unknown::Waiting) if Instant::now() < until => sleep(Duration::from_millis(10)),
                known => return known,
            }
        }
    }

    fn refuses(&self, token: &str) -> Refusal {
        match self.takes(token) {
            Err(Unknown::Refused(refusal)) => refusal,
            other => panic!("{other:?}"),
        }
    }
}

fn header(alg: &str, kid: &str) -> Value {
    json!({ "alg": alg, "kid": kid, "typ": "JWT" })
}

#[test]
fn req_f73_whoever_has_signed_in_has_the_role_of_his_groups() {
    let (provider, rsa, ec, ed) = (Provider::start(), Signer::rsa(), Signer::ec(), Signer::ed());
    provider.shows(vec![rsa.shown("a"), ec.shown("b"), ed.shown("c")]);
    let house = House::start(&provider);

    for (signer, alg, kid) in
        [(&rsa, "RS256", "a"), (&rsa, "PS256", "a"), (&ec, "ES256", "b"), (&ed, "EdDSA", "c")]
    {
        let token = signer.sign(&header(alg, kid), &provider.claims(&json!({})));
        let name = format!("hana (248289761001 at {})", provider.issuer);
        assert_eq!(house.takes(&token), Ok(Visitor { name, role: Role::Reader }), "{alg}");
    }
    let admin = provider.claims(&json!({ "groups": ["staff", "admins"], "azp": "tandem-cli" }));
    assert_eq!(house.takes(&ed.sign(&header("EdDSA", "c"), &admin)).unwrap().role, Role::Admin);
    let guest = provider.claims(&json!({ "groups": ["guests"] }));
    assert!(matches!(house.takes(&ed.sign(&header("EdDSA", "c"), &guest)), Err(Unknown::NoRole { .. })));
    assert_eq!(provider.asked(), 1);
}

#[test]
fn req_f73_nobody_is_believed_whom_the_provider_has_not_signed_for() {
    let (provider, rsa, ec, thief) = (Provider::start(), Signer::rsa(), Signer::ec(), Signer::rsa());
    provider.shows(vec![rsa.shown("a"), ec.shown("b")]);
    let house = House::start(&provider);
    let claims = provider.claims(&json!({ "groups": ["admins"] }));
    let good = rsa.sign(&header("RS256", "a"), &claims);
    assert!(house.takes(&good).is_ok());

    assert_eq!(house.refuses(&thief.sign(&header("RS256", "a"), &claims)), Refusal::Signature);
    let unfit = house.refuses(&rsa.sign(&header("RS256", "b"), &claims));
    assert_eq!(unfit, Refusal::UnfitKey("b".into(), "RS256"));
    let unfit = house.refuses(&ec.sign(&header("ES256", "a"), &claims));
    assert_eq!(unfit, Refusal::UnfitKey("a".into(), "ES256"));
    // The public key is no shared secret, and nobody asks whether it would be.
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!(
        "{}.{}",
        text(header("HS256", "a").to_string().as_bytes()),
        text(claims.to_string().as_bytes())
    );
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &rsa.file()), signed.as_bytes());
    let forged = format!("{signed}.{}", text(tag.as_ref()));
    assert_eq!(house.refuses(&forged), Refusal::SharedSecret("HS256".to_owned()));
    let none = format!("{}.{}.", text(br#"{"alg":"none"}"#), text(claims.to_string().as_bytes()));
    assert_eq!(house.refuses(&none), Refusal::Unsigned);
    // Another content under a signature that was good for this one, also after that was remembered.
    let other = provider.claims(&json!({ "groups": ["admins"], "sub": "somebody" }));
    let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
    parts[1] = text(other.to_string().as_bytes());
    assert_eq!(house.refuses(&parts.join(".")), Refusal::Signature);
    for cut in [&good[..good.len() - 2], good.trim_end_matches(|letter| letter != '.')] {
        assert_eq!(house.refuses(cut), Refusal::Signature);
    }
}

#[test]
fn req_f73_a_token_that_was_good_is_refused_when_it_has_ended() {
    let (provider, ed) = (Provider::start(), Signer::ed());
    provider.shows(vec![ed.shown("c")]);
    let house = House::start(&provider);
    let token = ed.sign(&header("EdDSA", "c"), &provider.claims(&json!({ "exp": now_s() + 100 })));
    assert!(house.takes(&token).is_ok());

    let later = i64::try_from(now_s()).unwrap() + 131;

    assert!(matches!(house.sign_in.judge(&token, later), Err(Unknown::Refused(Refusal::Expired { .. }))));
}

#[test]
fn req_f73_keys_are_known_while_the_provider_is_away_and_made_up_ones_do_not_trouble_it() {
    let (provider, ed, next) = (Provider::start(), Signer::ed(), Signer::ed());
    provider.shows(vec![ed.shown("c")]);
    let house = House::start(&provider);
    let claims = provider.claims(&json!({}));
    let (old, new) = (ed.sign(&header("EdDSA", "c"), &claims), next.sign(&header("EdDSA", "d"), &claims));
    assert!(house.takes(&old).is_ok());
    assert_eq!(house.hears().keys, 1);

    for made_up in 0..200 {
        let kid = format!("made-up-{made_up}");
        assert_eq!(house.refuses(&ed.sign(&header("EdDSA", &kid), &claims)), Refusal::UnknownKey(kid));
    }
    assert_eq!(provider.asked(), 1, "it was asked a moment ago");
    // What would be refused in any case is no reason to ask.
    sleep(BETWEEN);
    let ended = provider.claims(&json!({ "exp": now_s() - 300 }));
    assert!(matches!(house.refuses(&ed.sign(&header("EdDSA", "x"), &ended)), Refusal::Expired { .. }));
    assert_eq!(provider.asked(), 1);

    provider.is(Mood::Away);
    assert_eq!(house.refuses(&new), Refusal::UnknownKey("d".to_owned()));
    assert!(house.hears().why.is_some());
    assert!(house.takes(&old).is_ok(), "what is known goes on being used");
    provider.is(Mood::Liar);
    let until = Instant::now() + PATIENCE;
    while !house.hears().why.is_some_and(|why| why.contains("https://login.example.com")) {
        assert!(Instant::now() < until);
    }
    assert!(house.takes(&old).is_ok());

    provider.shows(vec![next.shown("d")]);
    provider.is(Mood::Well);
    while house.hears().why.is_some() {
        assert!(Instant::now() < until);
    }
    assert!(house.takes(&new).is_ok());
    assert_eq!(house.refuses(&old), Refusal::UnknownKey("c".to_owned()), "it was withdrawn");
}

#[test]
fn req_f73_without_any_key_it_is_said_that_there_is_none() {
    let (provider, ed) = (Provider::start(), Signer::ed());
    provider.is(Mood::Away);
    let house = House::start(&provider);
    assert_eq!(house.hears().keys, 0);

    let known = house.takes(&ed.sign(&header("EdDSA", "c"), &provider.claims(&json!({}))));

    assert!(matches!(known, Err(Unknown::NoKeys(_))), "{known:?}");
}

#[test]
fn req_f73_other_rules_hold_at_once_and_with_the_keys_that_are_known() {
    let (provider, ed) = (Provider::start(), Signer::ed());
    provider.shows(vec![ed.shown("c")]);
    let house = House::start(&provider);
    let token = ed.sign(&header("EdDSA", "c"), &provider.claims(&json!({})));
    assert!(house.takes(&token).is_ok());
    provider.is(Mood::Away);

    let mut other = settings(&provider.issuer);
    other.roles.reader = vec!["directors".to_owned()];
    let now = i64::try_from(now_s()).unwrap();

    assert!(matches!(house.sign_in.with(&other).unwrap().judge(&token, now), Err(Unknown::NoRole { .. })));
    other.issuer = "https://login.example.com".to_owned();
    assert!(house.sign_in.with(&other).is_none());
}

#[test]
fn what_somebody_chose_to_be_called_does_not_look_like_somebody_else() {
    let (provider, ed) = (Provider::start(), Signer::ed());
    provider.shows(vec![ed.shown("c")]);
    let house = House::start(&provider);
    let trick = json!({ "preferred_username": "boss (1 at https://x)\n", "sub": "a b(ü)" });

    let token = ed.sign(&header("EdDSA", "c"), &provider.claims(&trick));

    let name = format!("boss__1_at_https___x__ (a%20b%28%C3%BC%29 at {})", provider.issuer);
    assert_eq!(house.takes(&token).unwrap().name, name);
}
