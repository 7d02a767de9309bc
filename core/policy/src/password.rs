//! What a user proves itself by: a password as it is, or what digests make of it (HA1), which opens nothing
//! beyond one name in one realm.

use std::collections::BTreeMap;

use model::Secret;

/// How a password is known.
#[derive(Debug)]
pub enum Password {
    Clear(Secret<String>),
    Hashed(Hashed),
    /// A directory has it, and has not answered yet: nothing proves this user, who is somebody all the same.
    Awaited,
}

/// For each algorithm what it makes of name, realm and password.
#[derive(Debug)]
pub struct Hashed(BTreeMap<String, Secret<String>>);

/// How a value begins that is no password itself.
const HASHED: &str = "ha1 ";

impl Password {
    /// Reads the value of a secret: `ha1 realm=R user=U MD5=… SHA-256=…`, or the password itself. What was
    /// made for another realm or user opens nothing here.
    pub(crate) fn read(value: Secret<String>, user: &str, realm: &str) -> Result<Password, String> {
        let Some(text) = value.reveal().trim_end().strip_prefix(HASHED) else {
            return Ok(Password::Clear(value));
        };
        let (mut sums, mut named) = (BTreeMap::new(), 0);
        for word in text.split_ascii_whitespace() {
            let (name, value) = word.split_once('=').ok_or("a word of the HA1 has no \"=\"")?;
            match name {
                "realm" if value != realm => {
                    return Err(format!("the HA1 is for realm \"{value}\", and the house's is \"{realm}\""));
                }
                "user" if value != user => return Err(format!("the HA1 is for user \"{value}\"")),
                "realm" | "user" => named += 1,
                // What it is may be a password after all: nothing of it is said.
                _ if !is_sum(name, value) => {
                    return Err("the HA1 has an algorithm that is not known, or no number".into());
                }
                _ => drop(sums.insert(name.to_ascii_uppercase(), Secret::new(value.to_ascii_lowercase()))),
            }
        }
        match (sums.is_empty(), named) {
            (false, 2) => Ok(Password::Hashed(Hashed(sums))),
            _ => Err("the HA1 has no realm, no user or no algorithm".to_owned()),
        }
    }

    /// Whether a directory is to bring it.
    pub fn is_awaited(&self) -> bool {
        matches!(self, Password::Awaited)
    }

    /// The password, where it is known as it is.
    pub fn clear(&self) -> Option<&str> {
        match self {
            Password::Clear(password) => Some(password.reveal()),
            Password::Hashed(_) | Password::Awaited => None,
        }
    }

    /// What an algorithm made of it, by its name in capital letters.
    pub fn hashed_by(&self, algorithm: &str) -> Option<&str> {
        match self {
            Password::Clear(_) | Password::Awaited => None,
            Password::Hashed(Hashed(sums)) => sums.get(algorithm).map(|sum| sum.reveal().as_str()),
        }
    }
}

fn is_sum(algorithm: &str, value: &str) -> bool {
    let length = match algorithm.to_ascii_uppercase().as_str() {
        "MD5" => 32,
        "SHA-256" | "SHA-512-256" => 64,
        _ => return false,
    };
    value.len() == length && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const MD5: &str = "0123456789abcdef0123456789ABCDEF";

    fn read(value: &str) -> Result<Password, String> {
        Password::read(Secret::new(value.to_owned()), "hana", "east.example")
    }

    #[test]
    fn d9_a_value_is_a_password_or_what_digests_make_of_it() {
        let hashed = read(&format!("ha1 realm=east.example user=hana md5={MD5}\n")).unwrap();
        assert_eq!((hashed.clear(), hashed.hashed_by("SHA-256")), (None, None));
        assert_eq!(hashed.hashed_by("MD5"), Some(&*MD5.to_ascii_lowercase()));

        for clear in ["secret", "ha1", "ha1:x", " ha1 x", ""] {
            assert_eq!(read(clear).unwrap().clear(), Some(clear));
        }
    }

    #[test]
    fn d9_what_was_made_for_another_realm_or_user_is_refused() {
        for (value, says) in [
            (format!("ha1 realm=west.example user=hana MD5={MD5}"), "realm"),
            (format!("ha1 realm=east.example user=minsu MD5={MD5}"), "user"),
            ("ha1 realm=east.example user=hana".to_owned(), "algorithm"),
            (format!("ha1 realm=east.example MD5={MD5}"), "no user"),
            ("ha1 realm=east.example user=hana MD5=abc".to_owned(), "number"),
            (format!("ha1 realm=east.example user=hana secret={MD5}"), "not known"),
            ("ha1 secret".to_owned(), "="),
        ] {
            let words = read(&value).unwrap_err();
            assert!(words.contains(says) && !words.contains("secret"), "{words}");
        }
    }
}
