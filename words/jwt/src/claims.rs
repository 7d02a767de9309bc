//! What a token says of whoever holds it.

use serde_json::{Map, Value};

/// The content of a token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claims(pub(crate) Map<String, Value>);

/// Claims whose texts are lists of words (RFC 8693 4.2).
const WORDS: [&str; 2] = ["scope", "scp"];

impl Claims {
    /// A claim that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// When it ends, in seconds since 1970.
    pub fn until_s(&self) -> Option<i64> {
        self.seconds("exp")
    }

    /// A moment in seconds since 1970 (RFC 7519 2, NumericDate); a part of a second is left out.
    pub(crate) fn seconds(&self, name: &str) -> Option<i64> {
        let number = self.0.get(name)?.as_number()?;
        number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds as i64))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The texts of a claim: one, or a list. The claim is named, or found by a JSON pointer (RFC 6901) where
    /// the name begins with a slash.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let claim = match name.strip_prefix('/') {
            Some(path) => {
                let mut steps = path.split('/').map(|step| step.replace("~1", "/").replace("~0", "~"));
                let first = steps.next().and_then(|step| self.0.get(&step));
                steps.fold(first, |value, step| value.and_then(|value| value.get(&step)))
            }
            None => self.0.get(name),
        };
        match claim {
            Some(Value::String(text)) if WORDS.contains(&name) => text.split_ascii_whitespace().collect(),
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}
