//! Filters in their usual text (RFC 4515), as a search carries them (RFC 4511 4.5.1.7).

use std::fmt;

use crate::ber::{OCTETS, SEQUENCE, put, put_with};

/// Filters within filters.
const DEPTH_MAX: usize = 16;
const LENGTH_MAX: usize = 4_096;

/// Which entries are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter(Vec<u8>);

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoFilter(pub String);

impl fmt::Display for NoFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Filter {
    /// Reads a filter such as `(&(objectClass=person)(telephoneNumber=*))`.
    pub fn read(text: &str) -> Result<Filter, NoFilter> {
        if text.len() > LENGTH_MAX {
            return Err(NoFilter(format!("it has more than {LENGTH_MAX} characters")));
        }
        let mut out = Vec::new();
        match one(text.trim(), &mut out, 0)? {
            "" => Ok(Filter(out)),
            rest => Err(NoFilter(format!("\"{rest}\" stands behind its end"))),
        }
    }

    /// As a search carries it.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Reads one filter; what is left is handed back.
fn one<'t>(text: &'t str, out: &mut Vec<u8>, depth: usize) -> Result<&'t str, NoFilter> {
    if depth == DEPTH_MAX {
        return Err(NoFilter(format!("filters are nested deeper than {DEPTH_MAX}")));
    }
    let inner =
        text.strip_prefix('(').ok_or_else(|| NoFilter(format!("a \"(\" is missing at \"{text}\"")))?;
    let rest = match inner.as_bytes().first() {
        Some(b'&') => all(&inner[1..], 0xa0, out, depth)?,
        Some(b'|') => all(&inner[1..], 0xa1, out, depth)?,
        Some(b'!') => {
            let mut inside = Vec::new();
            let rest = one(&inner[1..], &mut inside, depth + 1)?;
            put(out, 0xa2, &inside);
            rest
        }
        _ => {
            let end = inner.find([')', '(']).unwrap_or(inner.len());
            item(&inner[..end], out)?;
            &inner[end..]
        }
    };
    rest.strip_prefix(')').ok_or_else(|| NoFilter(format!("a \")\" is missing at \"{rest}\"")))
}

/// One filter after another, up to the closing parenthesis; none at all is always true or never (RFC 4526).
fn all<'t>(mut text: &'t str, tag: u8, out: &mut Vec<u8>, depth: usize) -> Result<&'t str, NoFilter> {
    let mut inside = Vec::new();
    while text.starts_with('(') {
        text = one(text, &mut inside, depth + 1)?;
    }
    put(out, tag, &inside);
    Ok(text)
}

fn item(text: &str, out: &mut Vec<u8>) -> Result<(), NoFilter> {
    let (left, value) = text
        .split_once('=')
        .ok_or_else(|| NoFilter(format!("\"{text}\" compares nothing: it has no \"=\"")))?;
    if let Some(left) = left.strip_suffix(':') {
        return extensible(left, value, out);
    }
    let (name, tag) = match left.as_bytes().last() {
        Some(b'>') => (&left[..left.len() - 1], 0xa5),
        Some(b'<') => (&left[..left.len() - 1], 0xa6),
        Some(b'~') => (&left[..left.len() - 1], 0xa8),
        _ => (left, 0xa3),
    };
    let name = named(name)?;
    match (tag, value) {
        (0xa3, "*") => put(out, 0x87, name.as_bytes()),
        (0xa3, value) if value.contains('*') => return substrings(name, value, out),
        (tag, value) => {
            let value = unescaped(value)?;
            put_with(out, tag, |out| {
                put(out, OCTETS, name.as_bytes());
                put(out, OCTETS, &value);
            });
        }
    }
    Ok(())
}

fn substrings(name: &str, value: &str, out: &mut Vec<u8>) -> Result<(), NoFilter> {
    let pieces: Vec<&str> = value.split('*').collect();
    let (mut parts, last) = (Vec::new(), pieces.len() - 1);
    for (index, piece) in pieces.into_iter().enumerate().filter(|(_, piece)| !piece.is_empty()) {
        let tag = if index == 0 {
            0x80
        } else if index == last {
            0x82
        } else {
            0x81
        };
        put(&mut parts, tag, &unescaped(piece)?);
    }
    if parts.is_empty() {
        return Err(NoFilter(format!("\"{name}={value}\" has nothing between its \"*\"")));
    }
    put_with(out, 0xa4, |out| {
        put(out, OCTETS, name.as_bytes());
        put(out, SEQUENCE, &parts);
    });
    Ok(())
}

/// `name[:dn][:rule]:=value`, such as what Active Directory asks for members of groups within groups.
fn extensible(left: &str, value: &str, out: &mut Vec<u8>) -> Result<(), NoFilter> {
    let mut words = left.split(':');
    let name = words.next().unwrap_or_default();
    let (mut rule, mut is_of_dn) = (None, false);
    for word in words {
        match word {
            "dn" if !is_of_dn && rule.is_none() => is_of_dn = true,
            word if rule.is_none() => rule = Some(named(word)?),
            _ => return Err(NoFilter(format!("\"{left}:={value}\" names two rules"))),
        }
    }
    if name.is_empty() && rule.is_none() {
        return Err(NoFilter(format!("\"{left}:={value}\" names neither an attribute nor a rule")));
    }
    if !name.is_empty() {
        named(name)?;
    }
    let value = unescaped(value)?;
    put_with(out, 0xa9, |out| {
        if let Some(rule) = rule {
            put(out, 0x81, rule.as_bytes());
        }
        if !name.is_empty() {
            put(out, 0x82, name.as_bytes());
        }
        put(out, 0x83, &value);
        if is_of_dn {
            put(out, 0x84, &[0xff]);
        }
    });
    Ok(())
}

fn named(name: &str) -> Result<&str, NoFilter> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-.;_".contains(letter);
    match !name.is_empty() && name.chars().all(is_part) {
        true => Ok(name),
        false => Err(NoFilter(format!("\"{name}\" is no name of an attribute"))),
    }
}

/// A value with `\2a` and the like made what they stand for.
fn unescaped(value: &str) -> Result<Vec<u8>, NoFilter> {
    let wrong = || NoFilter(format!("in \"{value}\" there is a \"\\\" without two digits, or a bare sign"));
    let (mut out, mut bytes) = (Vec::with_capacity(value.len()), value.bytes());
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                let digits = [bytes.next().ok_or_else(wrong)?, bytes.next().ok_or_else(wrong)?];
                let digits = std::str::from_utf8(&digits).map_err(|_| wrong())?;
                let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                let byte = u8::from_str_radix(digits, 16).ok().filter(|_| is_hex);
                out.push(byte.ok_or_else(wrong)?);
            }
            b'*' | 0 => return Err(wrong()),
            byte => out.push(byte),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        Filter::read(text).map(|filter| filter.0).unwrap_or_default()
    }

    #[test]
    fn filters_are_written_as_a_search_carries_them() {
        assert_eq!(bytes("(cn=*)"), b"\x87\x02cn");
        assert_eq!(bytes("(cn=ab)"), b"\xa3\x08\x04\x02cn\x04\x02ab");
        assert_eq!(bytes(r"(cn=a\2a)"), b"\xa3\x08\x04\x02cn\x04\x02a*");
        assert_eq!(bytes("(!(cn=*))"), b"\xa2\x04\x87\x02cn");
        assert_eq!(bytes("(&(cn=*)(sn=*))"), b"\xa0\x08\x87\x02cn\x87\x02sn");
        assert_eq!(bytes("(|(cn=*)(n>=1))"), b"\xa1\x0c\x87\x02cn\xa5\x06\x04\x01n\x04\x011");
        assert_eq!(bytes("(n<=1)"), b"\xa6\x06\x04\x01n\x04\x011");
        assert_eq!(bytes("(n~=1)"), b"\xa8\x06\x04\x01n\x04\x011");
        assert_eq!(
            bytes("(cn=a*b*c)"),
            b"\xa4\x0f\x04\x02cn\x30\x09\x80\x01a\x81\x01b\x82\x01c",
            "beginning, middle and end"
        );
        assert_eq!(bytes("(cn=*b*)"), b"\xa4\x09\x04\x02cn\x30\x03\x81\x01b");
        assert_eq!(bytes("(a:1.2:=x)"), b"\xa9\x0b\x81\x031.2\x82\x01a\x83\x01x");
        assert_eq!(bytes("(a:dn:=x)"), b"\xa9\x09\x82\x01a\x83\x01x\x84\x01\xff");
        assert_eq!(bytes("(&)"), b"\xa0\x00");
    }

    #[test]
    fn what_is_no_filter_says_why() {
        for (text, word) in [
            ("cn=*", "\"(\""),
            ("(cn=*", "\")\""),
            ("(cn=*)x", "behind"),
            ("(cn)", "compares"),
            ("(=x)", "name"),
            (r"(cn=\2)", "digits"),
            (r"(cn=\+1)", "digits"),
            ("(cn=**)", "between"),
            ("(cn>=a*)", "sign"),
            ("(:=x)", "neither"),
            ("(a:1.2:3.4:=x)", "two rules"),
            ("(cn=a(b))", "missing"),
        ] {
            let said = Filter::read(text).map_or_else(|fault| fault.0, |_| "taken".to_owned());

            assert!(said.contains(word), "{text}: {said}");
        }
        let deep = format!("{}(a=*){}", "(!".repeat(20), ")".repeat(20));
        assert!(Filter::read(&deep).is_err());
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd_for_it(text in "[()&|!=*\\\\a-c:<>~é]{0,40}") {
            let _ = Filter::read(&text);
        }
    }
}
