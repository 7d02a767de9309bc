//! Whatever somebody brings as a token, and whatever a provider says of itself: each is read or refused, what
//! is signed is what stands there, and a refusal can be written into a line of a log.
#![no_main]

use jwt::{Denied, DeviceGrant, Granted, KeySet, Provider, Refusal, Rules, Token};
use libfuzzer_sys::fuzz_target;

const ISSUER: &str = "https://login.example.com";

fuzz_target!(|bytes: &[u8]| {
    of_provider(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Token::read(text) {
        Ok(token) => judge(text, &token),
        Err(refusal) => is_a_line(&refusal),
    }
});

fn judge(text: &str, token: &Token<'_>) {
    assert!(text.starts_with(token.signed) && text[token.signed.len()..].starts_with('.'));
    assert_eq!(token.signed.matches('.').count(), 1);
    let parties = ["tandem-cli".to_owned()];
    let rules = Rules { issuer: ISSUER, audience: "tandem", parties: &parties, leeway_s: 30 };
    match rules.judge(&token.claims, 1_800_000_000) {
        Ok(subject) => {
            assert_eq!(token.claims.text("iss"), Some(ISSUER));
            assert!(token.claims.values("aud").contains(&"tandem"));
            assert!(subject.until_s > 1_800_000_000 - 30 && !subject.id.is_empty());
        }
        Err(refusal) => is_a_line(&refusal),
    }
    let _ = token.claims.values("/realm_access/roles");
}

fn is_a_line(refusal: &Refusal) {
    let words = refusal.to_string();
    assert!(words.is_ascii() && !words.contains(['\r', '\n']) && words.len() < 400, "{words}");
}

fn of_provider(bytes: &[u8]) {
    if let Ok(keys) = KeySet::read(bytes) {
        assert!(!keys.is_empty());
    }
    let _ = Provider::read(bytes, ISSUER);
    let _ = (DeviceGrant::read(bytes), Granted::read(bytes), Denied::read(bytes));
}
