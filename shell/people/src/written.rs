//! People as documents, and what digests make of their passwords beside them.

use crate::person::{Password, Person};

/// The documents of everybody; `secrets` is the file beside it that [`secrets`] fills.
pub fn documents(directory: &str, people: &[Person], secrets: &str) -> String {
    let mut text = format!(
        "# Written by the house from [directory.{directory}]: what is changed here is changed back.\n"
    );
    for person in people {
        text.push_str(&format!("\n[user.{}]\n", person.name));
        for (key, value) in [
            ("name", &person.shown),
            ("site", &person.site),
            ("number", &person.number),
            ("private_number", &person.private_number),
            ("mobile", &person.mobile),
            ("extension", &person.extension),
            ("rights", &person.rights),
        ] {
            if let Some(value) = value {
                text.push_str(&format!("{key} = {}\n", quoted(value)));
            }
        }
        let file = match &person.password {
            Some(Password::Ha1(_)) => format!("{secrets}#{}", person.name),
            Some(Password::File(file)) => file.clone(),
            None => continue,
        };
        text.push_str(&format!("password = {{ file = {} }}\n", quoted(&file)));
    }
    text
}

/// A line for each user whose entry holds what digests make of the password.
pub fn secrets(people: &[Person]) -> String {
    let line = |person: &Person| match &person.password {
        Some(Password::Ha1(ha1)) => Some(format!("{} {ha1}\n", person.name)),
        Some(Password::File(_)) | None => None,
    };
    people.iter().filter_map(line).collect()
}

fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            _ if letter.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(letter))),
            _ => out.push(letter),
        }
    }
    out.push('"');
    out
}
