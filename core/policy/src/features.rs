//! What a device can do, as it said when it registered, and what callers want of it (RFC 3840, 3841).

use std::collections::BTreeMap;

/// Tags of RFC 3840 that stand without a plus.
const BASE: [&str; 17] = [
    "actor",
    "application",
    "audio",
    "automata",
    "class",
    "control",
    "data",
    "description",
    "duplex",
    "events",
    "extensions",
    "isfocus",
    "mobility",
    "schemes",
    "text",
    "type",
    "video",
];

/// Features by tag; a tag has one or several values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Features(BTreeMap<String, Vec<Value>>);

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Token {
        text: String,
        is_denied: bool,
    },
    /// Compared letter by letter.
    Text(String),
    Range(f64, f64),
}

/// Whether a parameter of a Contact says what its device can do.
pub fn is_feature(name: &str) -> bool {
    let is_base = |name: &str| BASE.iter().any(|tag| tag.eq_ignore_ascii_case(name));
    let is_other = ["language", "methods", "priority"].iter().any(|tag| tag.eq_ignore_ascii_case(name));
    let is_own = ["+sip.instance", "+sip.ice"].iter().any(|tag| tag.eq_ignore_ascii_case(name));
    !is_own && (is_base(name) || is_other || (name.starts_with('+') && name.len() > 1))
}

/// How well a device fits what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) enum Fit {
    /// It says of one feature that it is otherwise.
    Contradicts,
    /// The part of what was asked that it has.
    Has(f64),
}

impl Features {
    /// Reads parameters, such as `audio;video;+sip.message="FALSE"`.
    pub fn parse(text: &str) -> Features {
        let mut features = BTreeMap::new();
        for piece in split(text, ';') {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let name = name.trim().to_ascii_lowercase();
            if is_feature(&name) {
                features.insert(name, values(value));
            }
        }
        Features(features)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How well a device with these features does what a caller wants.
    pub fn fit(&self, wanted: &Features) -> Fit {
        let mut has = 0;
        for (name, values) in &wanted.0 {
            match self.0.get(name) {
                Some(own) if meet(own, values) => has += 1,
                Some(_) => return Fit::Contradicts,
                None => {}
            }
        }
        Fit::Has(f64::from(has) / (wanted.0.len().max(1) as f64))
    }
}

fn values(text: &str) -> Vec<Value> {
    let text = text.trim().trim_matches('"').trim();
    if text.is_empty() {
        return vec![Value::Token { text: "true".into(), is_denied: false }];
    }
    if let Some(inner) = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')) {
        return vec![Value::Text(inner.to_owned())];
    }
    split(text, ',').map(value).collect()
}

fn value(text: &str) -> Value {
    let (text, is_denied) = text.trim().strip_prefix('!').map_or((text.trim(), false), |text| (text, true));
    let range = text.strip_prefix('#').filter(|_| !is_denied).and_then(range);
    let token = || Value::Token { text: text.to_ascii_lowercase(), is_denied };
    range.map_or_else(token, |(least, most)| Value::Range(least, most))
}

/// `=5`, `>=5`, `<=5` or `4:8`.
fn range(text: &str) -> Option<(f64, f64)> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    if let Some(text) = text.strip_prefix(">=") {
        return Some((number(text)?, f64::INFINITY));
    }
    if let Some(text) = text.strip_prefix("<=") {
        return Some((f64::NEG_INFINITY, number(text)?));
    }
    if let Some(text) = text.strip_prefix('=') {
        return number(text).map(|one| (one, one));
    }
    let (least, most) = text.split_once(':')?;
    Some((number(least)?, number(most)?))
}

/// Whether two sets of values have one in common.
fn meet(own: &[Value], wanted: &[Value]) -> bool {
    own.iter().any(|own| wanted.iter().any(|wanted| is_both(own, wanted)))
}

fn is_both(own: &Value, wanted: &Value) -> bool {
    match (own, wanted) {
        (Value::Token { text, is_denied }, Value::Token { text: other, is_denied: other_is }) => {
            match (is_denied, other_is) {
                (false, false) => text == other,
                (true, true) => true,
                (true, false) | (false, true) => text != other,
            }
        }
        (Value::Text(own), Value::Text(wanted)) => own == wanted,
        (Value::Range(least, most), Value::Range(from, to)) => least <= to && from <= most,
        _ => false,
    }
}

/// Pieces between marks that stand in no quotes and no brackets.
fn split(text: &str, mark: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.split(move |letter| {
        is_quoted ^= letter == '"';
        letter == mark && !is_quoted
    })
    .filter(|piece| !piece.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(own: &str, wanted: &str) -> Fit {
        Features::parse(own).fit(&Features::parse(wanted))
    }

    /// RFC 3841 7.2.4: what a device says nothing of is no contradiction, and no match.
    #[test]
    fn c17_features_fit_as_far_as_they_are_said() {
        assert_eq!(fit("audio;video", "video"), Fit::Has(1.0));
        assert_eq!(fit("audio", "audio;video"), Fit::Has(0.5));
        assert_eq!(fit("audio;video=\"FALSE\"", "video"), Fit::Contradicts);
        assert_eq!(fit("video=\"TRUE\"", "video"), Fit::Has(1.0));
        assert_eq!(fit("class=\"business\"", "class=\"personal\""), Fit::Contradicts);
        assert_eq!(fit("methods=\"INVITE,BYE,REFER\"", "methods=\"REFER,NOTIFY\""), Fit::Has(1.0));
        assert_eq!(fit("language=\"en,de\"", "language=\"!de\""), Fit::Has(1.0));
        assert_eq!(fit("description=\"<PC>\"", "description=\"<pc>\""), Fit::Contradicts);
        assert_eq!(fit("priority=\"#>=20\"", "priority=\"#=10\""), Fit::Contradicts);
        assert_eq!(fit("priority=\"#>=20\"", "priority=\"#10:30\""), Fit::Has(1.0));
        assert_eq!(fit("+x=\"a;b\"", "+x=\"a;b\""), Fit::Has(1.0));
    }

    #[test]
    fn c17_parameters_of_a_contact_are_told_from_features() {
        assert!(Features::parse("expires=60;q=0.5;+sip.instance=\"<urn:uuid:1>\";reg-id=1").is_empty());
        assert!(is_feature("Video") && is_feature("+sip.message") && !is_feature("q") && !is_feature("+"));
    }
}
