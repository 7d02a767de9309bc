#![allow(clippy::unwrap_used)]
//! What is read of a token, and what is refused before any key is asked.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt::{Algorithm, KeySet, Refusal, Rules, TOKEN_MAX, Token};
use proptest::prelude::*;
use serde_json::{Value, json};

const ISSUER: &str = "https://login.example.com";
const NOW_S: i64 = 1_800_000_000;

fn token(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode("signature"))
}

fn header(more: Value) -> Value {
    let mut header = json!({ "alg": "RS256", "kid": "one" });
    header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    header
}

fn claims(more: Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": "tandem", "sub": "248289761001", "exp": NOW_S + 60, "iat": NOW_S,
        "preferred_username": "hana",
    });
    for (name, value) in more.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            _ => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    claims
}

fn refused(more: Value) -> Option<Refusal> {
    Token::read(&token(&header(more), &claims(json!({})))).err()
}

fn judged(more: Value) -> Result<jwt::Subject, Refusal> {
    let text = token(&header(json!({})), &claims(more));
    let token = Token::read(&text).unwrap();
    let parties = ["tandem-cli".to_owned()];
    let rules = Rules { issuer: ISSUER, audience: "tandem", parties: &parties, leeway_s: 30 };
    rules.judge(&token.claims, NOW_S)
}

#[test]
fn req_f73_a_token_is_read_and_says_whose_it_is() {
    let text = token(&header(json!({ "typ": "at+jwt", "jku": "https://evil.example" })), &claims(json!({})));
    let read = Token::read(&text).unwrap();

    assert_eq!((read.algorithm, read.kid.as_deref()), (Algorithm::Rs256, Some("one")));
    assert_eq!(read.signed, text.rsplit_once('.').unwrap().0);
    assert_eq!(read.signature, b"signature");
    let subject = judged(json!({})).unwrap();
    assert_eq!((&*subject.id, subject.name.as_deref()), ("248289761001", Some("hana")));
    assert_eq!(subject.until_s, NOW_S + 60);
}

#[test]
fn req_f73_a_token_that_proves_nothing_is_refused_before_a_key_is_sought() {
    for alg in ["none", "None", "NONE", "nOnE"] {
        assert_eq!(refused(json!({ "alg": alg })), Some(Refusal::Unsigned), "{alg}");
    }
    for alg in ["HS256", "HS384", "HS512"] {
        assert_eq!(refused(json!({ "alg": alg })), Some(Refusal::SharedSecret(alg.to_owned())));
    }
    for alg in ["", "rs256", "RSA1_5", "RS1", "ES256K", "A256GCMKW"] {
        assert_eq!(refused(json!({ "alg": alg })), Some(Refusal::Algorithm(alg.to_owned())), "{alg}");
    }
    assert_eq!(refused(json!({ "alg": 256 })), Some(Refusal::Unreadable("the header")));
    assert!(matches!(refused(json!({ "crit": ["b64"], "b64": false })), Some(Refusal::Critical(_))));
    assert!(matches!(refused(json!({ "crit": [] })), Some(Refusal::Critical(_))));
    for typ in ["logout+jwt", "secevent+jwt", "dpop+jwt", "application/jwt-introspection", ""] {
        assert!(matches!(refused(json!({ "typ": typ })), Some(Refusal::Type(_))), "{typ}");
    }
    for typ in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"] {
        assert_eq!(refused(json!({ "typ": typ })), None, "{typ}");
    }
}

#[test]
fn req_f73_what_is_no_token_is_refused() {
    let whole = token(&header(json!({})), &claims(json!({})));

    assert_eq!(Token::read(""), Err(Refusal::Parts(1)));
    assert_eq!(Token::read("a.b"), Err(Refusal::Parts(2)));
    assert_eq!(Token::read("a.b.c.d.e"), Err(Refusal::Parts(5)));
    assert_eq!(Token::read(&"a".repeat(TOKEN_MAX + 1)), Err(Refusal::TooLong { most: TOKEN_MAX }));
    assert_eq!(Token::read(&format!("{whole}=")), Err(Refusal::Unreadable("the signature")));
    assert_eq!(Token::read(&whole.replacen('.', "=.", 1)), Err(Refusal::Unreadable("the header")));
    let list = URL_SAFE_NO_PAD.encode("[1]");
    let [header, _, signature]: [&str; 3] = whole.split('.').collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(Token::read(&format!("{header}.{list}.{signature}")), Err(Refusal::Unreadable("the content")));
    // RFC 7515 4: a name stands there once.
    let twice = URL_SAFE_NO_PAD.encode("{\"alg\":\"RS256\",\"alg\":\"none\"}");
    let text = whole.replacen(header, &twice, 1);
    assert_eq!(Token::read(&text), Err(Refusal::Unreadable("the header")));
    let deep = URL_SAFE_NO_PAD.encode(format!("{{\"alg\":\"RS256\",\"x\":{}", "[".repeat(5_000)));
    assert_eq!(Token::read(&format!("{deep}.e30.AA")), Err(Refusal::Unreadable("the header")));
}

#[test]
fn req_f73_a_token_for_somebody_else_is_refused() {
    for (iss, says) in [
        (json!("https://login.example.com/"), "\"https://login.example.com/\""),
        (json!("https://LOGIN.example.com"), "\"https://LOGIN.example.com\""),
        (json!(["https://login.example.com"]), "nobody"),
        (Value::Null, "nobody"),
    ] {
        let wanted = ISSUER.to_owned();
        assert_eq!(judged(json!({ "iss": iss })), Err(Refusal::Issuer { says: says.to_owned(), wanted }));
    }
    for aud in [json!("Tandem"), json!("tandem "), json!(["other"]), json!([]), json!({}), Value::Null] {
        assert!(matches!(judged(json!({ "aud": aud })), Err(Refusal::Audience { .. })), "{aud}");
    }
    assert!(judged(json!({ "aud": ["account", "tandem"], "azp": "tandem-cli" })).is_ok());
    assert!(judged(json!({ "azp": "tandem" })).is_ok());
    for party in ["azp", "client_id"] {
        assert_eq!(judged(json!({ party: "shop" })), Err(Refusal::Party("shop".to_owned())));
    }
    assert_eq!(judged(json!({ "cnf": { "jkt": "x" } })), Err(Refusal::Bound));
    assert_eq!(judged(json!({ "events": {} })), Err(Refusal::Event));
    for sub in [Value::Null, json!(""), json!(7), json!("a".repeat(256))] {
        assert_eq!(judged(json!({ "sub": sub })), Err(Refusal::Subject));
    }
}

#[test]
fn req_f73_a_token_holds_from_its_beginning_to_its_end() {
    for (more, held) in [
        (json!({ "exp": NOW_S - 29 }), true),
        (json!({ "exp": NOW_S as f64 - 28.5 }), true),
        (json!({ "exp": NOW_S - 30 }), false),
        (json!({ "exp": 1e300 }), true),
        (json!({ "exp": -1e300 }), false),
        (json!({ "exp": i64::MIN }), false),
        (json!({ "exp": (NOW_S + 60).to_string() }), false),
        (json!({ "exp": null }), false),
        (json!({ "nbf": NOW_S + 30 }), true),
        (json!({ "nbf": NOW_S + 31 }), false),
        (json!({ "nbf": "soon" }), false),
        (json!({ "nbf": i64::MAX }), false),
    ] {
        assert_eq!(judged(more.clone()).is_ok(), held, "{more}");
    }
    assert_eq!(judged(json!({ "exp": NOW_S - 100 })), Err(Refusal::Expired { ago_s: 100 }));
    assert_eq!(judged(json!({ "exp": null })), Err(Refusal::NoExpiry));
}

#[test]
fn req_f73_what_a_refusal_repeats_can_neither_end_a_line_nor_fill_a_log() {
    let long = format!("\r\nX-Evil: 1\u{202e}{}", "x".repeat(3_000));
    for more in [json!({ "iss": long }), json!({ "aud": [long, long] }), json!({ "azp": long })] {
        let words = judged(more).unwrap_err().to_string();
        assert!(words.is_ascii() && !words.contains(['\r', '\n']) && words.len() < 300, "{words}");
    }
    let words = refused(json!({ "alg": long })).unwrap().to_string();
    assert!(words.is_ascii() && !words.contains(['\r', '\n']) && words.len() < 300, "{words}");
}

#[test]
fn values_of_a_claim_are_found_by_its_name_or_by_a_pointer() {
    let claims = claims(json!({
        "groups": ["a", 7, "b"], "role": "c d", "scope": "openid tandem.admin",
        "realm_access": { "roles": ["e"], "a/b": "f" }, "https://contoso.example/roles": ["g"],
    }));
    let text = token(&header(json!({})), &claims);
    let read = Token::read(&text).unwrap().claims;

    for (name, values) in [
        ("groups", vec!["a", "b"]),
        ("role", vec!["c d"]),
        ("scope", vec!["openid", "tandem.admin"]),
        ("/realm_access/roles", vec!["e"]),
        ("/realm_access/a~1b", vec!["f"]),
        ("https://contoso.example/roles", vec!["g"]),
        ("realm_access", vec![]),
        ("/realm_access/none/deeper", vec![]),
        ("/", vec![]),
    ] {
        assert_eq!(read.values(name), values, "{name}");
    }
}

fn coordinate(octets: usize) -> String {
    URL_SAFE_NO_PAD.encode(vec![7; octets])
}

#[test]
fn req_f73_a_key_is_for_the_algorithms_of_its_kind_alone() {
    let (x, n) = (coordinate(32), coordinate(256));
    let keys = KeySet::read(
        json!({ "keys": [
            { "kty": "RSA", "kid": "rsa", "n": n, "e": "AQAB", "use": "sig" },
            { "kty": "RSA", "kid": "only", "n": n, "e": "AQAB", "alg": "PS256" },
            { "kty": "RSA", "kid": "hidden", "n": n, "e": "AQAB", "use": "enc" },
            { "kty": "RSA", "kid": "wraps", "n": n, "e": "AQAB", "key_ops": ["wrapKey"] },
            { "kty": "RSA", "kid": "odd", "n": n, "e": "AQAB", "alg": "ES256" },
            { "kty": "oct", "kid": "shared", "k": x },
            { "kty": "EC", "kid": "ec", "crv": "P-256", "x": x, "y": x },
            { "kty": "EC", "kid": "short", "crv": "P-384", "x": x, "y": x },
            { "kty": "EC", "kid": "other", "crv": "secp256k1", "x": x, "y": x },
            { "kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": x },
            { "kty": "OKP", "kid": "448", "crv": "Ed448", "x": coordinate(57) },
            "no key", { "kid": "nothing" },
        ] })
        .to_string()
        .as_bytes(),
    )
    .unwrap();
    let finds = |kid, alg| keys.find(Some(kid), Algorithm::read(alg).unwrap()).is_ok();

    for (kid, good) in [
        ("rsa", &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"][..]),
        ("only", &["PS256"]),
        ("ec", &["ES256"]),
        ("ed", &["EdDSA", "Ed25519"]),
    ] {
        for alg in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
        {
            let is_good = good.contains(&alg) || kid == "ed" && alg == "EdDSA";
            assert_eq!(finds(kid, alg), is_good, "{kid} {alg}");
        }
    }
    for kid in ["hidden", "wraps", "odd", "shared", "short", "other", "448", "nothing", "made-up"] {
        let refusal = keys.find(Some(kid), Algorithm::Rs256).unwrap_err();
        assert_eq!(refusal, Refusal::UnknownKey(kid.to_owned()));
    }
    assert_eq!(keys.len(), 4);
    assert_eq!(keys.find(None, Algorithm::Es256).unwrap().kid.as_deref(), Some("ec"));
    assert_eq!(keys.find(None, Algorithm::Ps256), Err(Refusal::NamelessKey), "two could be meant");
    assert_eq!(keys.find(None, Algorithm::Es384), Err(Refusal::NamelessKey), "none could be meant");
    for wrong in ["", "{}", "[]", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"}]}"] {
        assert!(KeySet::read(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn whatever_comes_is_read_or_refused(text in "\\PC{0,200}|[A-Za-z0-9_.-]{0,400}") {
        let _ = Token::read(&text);
        let _ = KeySet::read(text.as_bytes());
    }
}
