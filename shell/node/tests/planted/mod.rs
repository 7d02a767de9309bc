#![allow(dead_code, clippy::unwrap_used)]
//! Secrets that are planted, and looked for in whatever form they may come out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Shorter ones stand in other words by chance.
const LETTERS_MIN: usize = 8;

/// What must be seen nowhere, and what each is.
#[derive(Default)]
pub struct Planted(BTreeMap<String, &'static str>);

impl Planted {
    /// Plants a secret, and says it.
    pub fn plant(&mut self, what: &'static str, secret: impl Into<String>) -> String {
        let secret = secret.into();
        assert!(secret.len() >= LETTERS_MIN, "{what} could stand anywhere by chance: {secret}");
        self.0.insert(secret.clone(), what);
        secret
    }

    /// Plants what our own messages hold of keys and proofs.
    pub fn plant_of_messages(&mut self, messages: &[String]) {
        let marks = [
            ("a key of ours", "inline:", &['|', ' ', '\r'][..]),
            ("a proof of ours", "response=\"", &['"'][..]),
            ("a password of checks", "a=ice-pwd:", &['\r'][..]),
        ];
        for message in messages {
            for (what, mark, ends) in marks {
                let found = message.split(mark).skip(1).filter_map(|rest| rest.split(ends).next());
                found.for_each(|secret| drop(self.plant(what, secret)));
            }
        }
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// What of it is found in a text, whichever way it is written there.
    pub fn found_in(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        let mut found = Vec::new();
        for (secret, what) in &self.0 {
            for (form, written) in forms(secret) {
                // In any case: then hex and percent signs are found, too.
                if let Some(at) = text.find(&written.to_lowercase()) {
                    let from = text[..at].char_indices().rev().nth(60).map_or(0, |(at, _)| at);
                    let around: String = text[from..].chars().take(160).collect();
                    found.push(format!("{place}: {what} {secret}, {form}: …{around}…"));
                    break;
                }
            }
        }
        found
    }
}

/// The ways in which programs write a text.
fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let bytes = secret.as_bytes();
    let hex = bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    let encoded = bytes.iter().fold(String::new(), |mut text, byte| {
        match byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            true => text.push(char::from(*byte)),
            false => write!(text, "%{byte:02X}").unwrap(),
        }
        text
    });
    let json = serde_json::to_string(secret).unwrap();
    let mut forms = vec![
        ("as it is", secret.to_owned()),
        ("in hex", hex),
        ("encoded for a URL", encoded),
        ("in JSON", json[1..json.len() - 1].to_owned()),
        ("as Rust prints it", secret.escape_debug().to_string()),
    ];
    // Three ways, as bytes before it shift it.
    for shift in 0..3 {
        let shifted: Vec<u8> = std::iter::repeat_n(b'x', shift).chain(bytes.iter().copied()).collect();
        let whole = base64(&shifted);
        // The first and the last letters hold bits of what stands beside.
        let inner = whole[if shift == 0 { 0 } else { 4 }..(shifted.len() / 3) * 4].to_owned();
        forms.push(("in base64 for a URL", inner.replace('+', "-").replace('/', "_")));
        forms.push(("in base64", inner));
    }
    forms
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let wide =
            three.iter().fold(0u32, |wide, byte| wide << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in (0..4).rev() {
            text.push(char::from(LETTERS[(wide >> (6 * place)) as usize & 63]));
        }
    }
    text
}

#[test]
fn a_secret_is_found_in_every_form() {
    let mut planted = Planted::default();
    planted.plant("a password", "pl/nted \"w0rd\"");

    let said = [
        "it is pl/nted \"w0rd\".",
        "0x706C2F6E746564202277307264220A",
        "706c2f6e",
        "?p=pl%2Fnted%20%22w0rd%22&x",
        "{\"p\":\"pl/nted \\\"w0rd\\\"\"}",
        "cGwvbnRlZCAidzByZCI=",
        "aGFuYTpwbC9udGVkICJ3MHJkIg==",
        "eHBsL250ZWQgIncwcmQi",
    ];
    let found: Vec<bool> =
        said.iter().map(|said| !planted.found_in("here", said.as_bytes()).is_empty()).collect();

    assert_eq!(found, [true, true, false, true, true, true, true, true]);
    assert_eq!(base64(b"hana:x"), "aGFuYTp4");
}
