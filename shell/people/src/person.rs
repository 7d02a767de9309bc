//! What an entry means: a user, or the reason why it is none.

use std::collections::BTreeMap;

use ldap::Entry;
use model::{Code, DirectoryAttributes, Number};
use policy::PeopleSource;
use serde::Serialize;

const NAME_MAX: usize = 64;
const SHOWN_MAX: usize = 100;
const ENTRY_MAX: usize = 500;

/// A user, as an entry describes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The distinguished name of the entry.
    pub entry: String,
    pub name: String,
    pub shown: Option<String>,
    pub number: Option<String>,
    pub private_number: Option<String>,
    pub mobile: Option<String>,
    pub extension: Option<String>,
    pub site: Option<String>,
    pub rights: Option<String>,
    pub password: Option<Password>,
}

/// Where a password is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    /// What digests make of it: `ha1 realm=… user=… MD5=…`.
    Ha1(String),
    /// In a file of the configuration's directory.
    File(String),
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Password::Ha1(_) => f.write_str("Ha1(…)"),
            Password::File(file) => f.debug_tuple("File").field(file).finish(),
        }
    }
}

/// An entry that is no user, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LeftOut {
    /// The distinguished name of the entry.
    pub entry: String,
    pub code: Code,
    pub words: String,
}

/// Everybody, in order of the names, and the entries that are left out. Who wants what another one wants too
/// has it no more than the other. `has_file` says whether a file is there.
pub fn people_of(
    source: &PeopleSource,
    entries: &[Entry],
    has_file: impl Fn(&str) -> bool,
) -> (Vec<Person>, Vec<LeftOut>) {
    let (mut people, mut left_out) = (Vec::new(), Vec::new());
    for entry in entries {
        match person(source, entry, &has_file) {
            Ok(person) => people.push(person),
            Err((code, words)) => {
                left_out.push(LeftOut { entry: plain(&entry.name, ENTRY_MAX), code, words })
            }
        }
    }
    keep_unique(&mut people, &mut left_out, (Code::TWICE, "the name"), |one| vec![one.name.clone()]);
    keep_unique(&mut people, &mut left_out, (Code::OWNED_TWICE, "the number"), |one| {
        one.number.iter().chain(&one.private_number).cloned().collect()
    });
    keep_unique(&mut people, &mut left_out, (Code::OWNED_TWICE, "the mobile"), |one| {
        one.mobile.iter().cloned().collect()
    });
    people.sort_by(|one, other| one.name.cmp(&other.name));
    left_out.sort();
    (people, left_out)
}

/// Leaves out all who share something that one alone may have.
fn keep_unique(
    people: &mut Vec<Person>,
    left_out: &mut Vec<LeftOut>,
    (code, what): (Code, &str),
    of: impl Fn(&Person) -> Vec<String>,
) {
    let mut owners: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for person in people.iter() {
        of(person).into_iter().for_each(|key| owners.entry(key).or_default().push(person.entry.clone()));
    }
    people.retain(|person| {
        let shared = of(person).into_iter().find(|key| owners.get(key).is_some_and(|all| all.len() > 1));
        let Some(key) = shared else { return true };
        let others = owners.get(&key).into_iter().flatten().filter(|other| **other != person.entry);
        let other = others.map(String::as_str).next().unwrap_or("itself");
        let words = format!("{what} {key} belongs to {other}, too");
        left_out.push(LeftOut { entry: person.entry.clone(), code, words });
        false
    });
}

fn person(
    source: &PeopleSource,
    entry: &Entry,
    has_file: impl Fn(&str) -> bool,
) -> Result<Person, (Code, String)> {
    let DirectoryAttributes { user, name, number, mobile, private_number, extension, site, ha1 } =
        &source.directory.attributes;
    let of = |attribute: &str| value(entry, attribute);
    let optional = |attribute: &Option<String>| attribute.as_deref().and_then(of);
    let id = of(user).ok_or_else(|| (Code::MISSING_KEY, format!("it has no {user}")))?;
    let id = name_of(id).ok_or_else(|| {
        (Code::NAME, format!("{user} is \"{}\": a name is letters, digits and hyphens", shown(id)))
    })?;
    let phone = |attribute: &str| {
        let number = of(attribute).map(|text| (text, number_of(text)));
        match number {
            Some((_, Some(number))) => Ok(Some(number)),
            Some((text, None)) => {
                let words = format!("{attribute} is \"{}\", which is not E.164 with a plus", shown(text));
                Err((Code::NUMBER, words))
            }
            None => Ok(None),
        }
    };
    let private_number = private_number.as_deref().map(phone).transpose()?.flatten();
    let ha1 = optional(ha1).map(|text| ha1_of(text, &id, &source.realm)).transpose()?;
    let file = source.directory.folder.as_ref().map(|folder| format!("{}/{id}.secret", folder.value));
    let file = file.filter(|file| has_file(file)).map(Password::File);
    let here = source.directory.site.as_ref().map(|site| site.value.clone());
    Ok(Person {
        entry: plain(&entry.name, ENTRY_MAX),
        shown: of(name).map(shown),
        number: phone(number)?,
        private_number,
        mobile: phone(mobile)?,
        extension: optional(extension).map(|text| text.replace([' ', '-', '.'], "")),
        site: optional(site).map(|text| name_of(text).unwrap_or_else(|| shown(text))).or(here),
        rights: source.directory.rights.as_ref().map(|rights| rights.value.clone()),
        password: ha1.or(file),
        name: id,
    })
}

/// Values have no order in a directory: of several it is the first by letters, each time the same.
fn value<'e>(entry: &'e Entry, name: &str) -> Option<&'e str> {
    let attribute = entry.attributes.iter().find(|one| one.name.eq_ignore_ascii_case(name))?;
    attribute.values.iter().map(|value| value.trim()).filter(|value| !value.is_empty()).min()
}

/// `Hana.Kim` and `hana_kim@contoso.example` are `hana-kim`.
fn name_of(text: &str) -> Option<String> {
    let local = text.split('@').next().unwrap_or_default();
    let small = local.to_ascii_lowercase().replace(['.', '_', ' '], "-");
    let name = small.trim_matches('-');
    (name.len() <= NAME_MAX && model::is_name(name)).then(|| name.to_owned())
}

/// A number as people write it, in its one form: `+1 (425) 555-0100`, `+49 (0)30 5550100`.
fn number_of(text: &str) -> Option<String> {
    let bare = match text.strip_prefix('+') {
        Some(_) => text.replacen("(0)", "", 1),
        None => return None,
    };
    let is_dress = |letter: char| letter.is_whitespace() || "-./()".contains(letter);
    let number: String = bare.chars().filter(|letter| !is_dress(*letter)).collect();
    number.parse::<Number>().ok().map(|_| number)
}

/// A line of the house's own; what stands in it beyond words of an HA1 is refused, whatever it is.
fn ha1_of(text: &str, user: &str, realm: &str) -> Result<Password, (Code, String)> {
    let wrong = |words: &str| (Code::NO_SECRET_VALUE, words.to_owned());
    let is_plain = |letter: char| letter.is_ascii_graphic() || letter == ' ';
    if !text.chars().all(is_plain) {
        return Err(wrong("what digests make of its password is none"));
    }
    let words: Vec<&str> = text.strip_prefix("ha1 ").unwrap_or(text).split_ascii_whitespace().collect();
    let named = |key: &str| words.iter().find_map(|word| word.strip_prefix(key));
    if named("realm=").is_some_and(|other| other != realm) {
        return Err(wrong(&format!("what digests make of its password is not for realm \"{realm}\"")));
    }
    if named("user=").is_some_and(|other| other != user) {
        return Err(wrong(&format!("what digests make of its password is not for user \"{user}\"")));
    }
    let is_sum = |word: &&&str| !word.starts_with("realm=") && !word.starts_with("user=");
    let sums: Vec<&str> = words.iter().filter(is_sum).copied().collect();
    Ok(Password::Ha1(format!("ha1 realm={realm} user={user} {}", sums.join(" "))))
}

/// Text on one line, of a length that a phone shows.
fn shown(text: &str) -> String {
    plain(text, SHOWN_MAX)
}

fn plain(text: &str, most: usize) -> String {
    let plain = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    plain.take(most).collect::<String>().trim().to_owned()
}
