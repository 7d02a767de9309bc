//! Documents as JSON without their secrets, and secrets put back where somebody returns what he was shown.

use serde_json::Value;

use crate::secrecy::{is_secret_key, names_a_secret, passwords_in};

/// Stands for a secret.
const MASK: &str = "…";
/// Stands for a password in a URI: a sign that may stand there.
const MASK_OF_URI: &str = "*";

/// The same without secrets: what stands behind a key that says so, in a rule that sets a header which says
/// so, and passwords in URIs.
pub fn masked(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let is_named = |key: &str| object.get(key).and_then(Value::as_str).is_some_and(names_a_secret);
            let is_rule = ["set", "add", "pass"].into_iter().any(is_named);
            let shown = |(key, value): (&String, &Value)| {
                let is_secret = is_secret_key(key) || (is_rule && key == "value");
                (key.clone(), if is_secret { hidden(value) } else { masked(value) })
            };
            Value::Object(object.iter().map(shown).collect())
        }
        Value::Array(list) => list.iter().map(masked).collect(),
        Value::String(text) => Value::String(without_passwords(text)),
        plain => plain.clone(),
    }
}

/// Puts secrets back where what is wished is what was shown. `Err` names a mask that stands for nothing.
pub fn unmasked(wished: &Value, present: Option<&Value>) -> Result<Value, String> {
    let mut wished = wished.clone();
    if let Some(present) = present {
        put_back(&mut wished, &masked(present), present);
    }
    match mask_in(&wished) {
        Some(path) => Err(path),
        None => Ok(wished),
    }
}

fn hidden(value: &Value) -> Value {
    match value {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Value::String(MASK.to_owned()),
        Value::Array(list) => list.iter().map(hidden).collect(),
        // { env = "NAME" } says where it is kept, and not what it is.
        Value::Object(_) => masked(value),
        Value::Null => Value::Null,
    }
}

fn without_passwords(text: &str) -> String {
    let mut shown = text.to_owned();
    for range in passwords_in(text).into_iter().rev() {
        shown.replace_range(range, MASK_OF_URI);
    }
    shown
}

fn put_back(wished: &mut Value, shown: &Value, present: &Value) {
    if *wished == *shown {
        *wished = present.clone();
        return;
    }
    match (wished, shown, present) {
        (Value::Object(wished), Value::Object(shown), Value::Object(present)) => {
            for (key, value) in wished {
                if let (Some(shown), Some(present)) = (shown.get(key), present.get(key)) {
                    put_back(value, shown, present);
                }
            }
        }
        (Value::Array(wished), Value::Array(shown), Value::Array(present)) => {
            for (index, value) in wished.iter_mut().enumerate() {
                // Somebody may have changed their order.
                let same = shown.iter().position(|shown| *shown == *value).unwrap_or(index);
                if let (Some(shown), Some(present)) = (shown.get(same), present.get(same)) {
                    put_back(value, shown, present);
                }
            }
        }
        _ => {}
    }
}

/// Where a mask stands, as a JSON pointer.
fn mask_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let is_masked = |range: std::ops::Range<usize>| text[range] == *MASK_OF_URI;
            (text == MASK || passwords_in(text).into_iter().any(is_masked)).then(String::new)
        }
        Value::Array(list) => {
            list.iter().enumerate().find_map(|(index, value)| Some(format!("/{index}{}", mask_in(value)?)))
        }
        Value::Object(object) => {
            object.iter().find_map(|(key, value)| Some(format!("/{key}{}", mask_in(value)?)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_shown_is_what_was_there_when_it_comes_back() {
        let present = json!({
            "auth": { "user": "acme", "password": { "plain": "s3cret" } },
            "headers": [{ "set": "X-Account-Token", "value": "t0ken" }, { "set": "X-Site", "value": "east" }],
            "servers": [{ "uri": "sip:u:pass@a.example" }, { "uri": "sip:b.example" }],
        });
        let shown = masked(&present);

        for secret in ["s3cret", "t0ken", "pass@"] {
            assert!(!shown.to_string().contains(secret), "{shown}");
        }
        assert_eq!(shown["headers"][1]["value"], "east");
        assert_eq!(shown["auth"]["user"], "acme");
        assert_eq!(unmasked(&shown, Some(&present)), Ok(present.clone()));

        let mut changed = shown.clone();
        changed["auth"]["user"] = json!("acme2");
        let lists = changed["servers"].as_array().cloned().unwrap_or_default();
        changed["servers"] = lists.into_iter().rev().collect();
        let back = unmasked(&changed, Some(&present)).expect("every mask stands for something");
        assert_eq!(back["auth"]["password"]["plain"], "s3cret");
        assert_eq!(back["servers"][1]["uri"], "sip:u:pass@a.example");
    }

    #[test]
    fn a_mask_that_stands_for_nothing_is_no_secret() {
        let masked = json!({ "auth": { "password": { "plain": "…" } } });

        assert_eq!(unmasked(&masked, None), Err("/auth/password/plain".to_owned()));
        assert_eq!(unmasked(&masked, Some(&json!({}))), Err("/auth/password/plain".to_owned()));
        let uri = json!({ "uri": "sip:u:*@b.example" });
        let other = json!({ "uri": "sip:u:pass@a.example" });
        assert_eq!(unmasked(&uri, Some(&other)), Err("/uri".to_owned()), "a secret goes to no other place");
    }
}
