//! What entries mean: users, or why they are none.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use model::{Secrets, SourceFile};
use people::{Attribute, Entry, Password, Person, documents, people_of, secrets};
use policy::PeopleSource;

const HOUSE: &str = r#"
format = 1
[system]
name = "contoso-edge"
country = "US"
realm = "contoso.example"
[interface.wan]
address = "192.0.2.10"
udp = 5060
[directory.corp]
url = "ldaps://ldap.contoso.example"
base = "ou=people,dc=contoso,dc=example"
folder = "passwords"
attributes = { extension = "ext", site = "l", ha1 = "sip", private_number = "direct" }
"#;

fn source() -> PeopleSource {
    let documents = model::load(&[SourceFile::new("house.toml", HOUSE)]).unwrap();
    let policy = policy::compile(&documents, &Secrets::new()).unwrap();
    policy.directories()[0].clone()
}

fn entry(uid: &str, more: &[(&str, &[&str])]) -> Entry {
    let attribute = |(name, values): &(&str, &[&str])| Attribute {
        name: (*name).to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let mut attributes: Vec<Attribute> = more.iter().map(attribute).collect();
    attributes.push(Attribute { name: "UID".to_owned(), values: vec![uid.to_owned()] });
    Entry { name: format!("uid={uid},ou=people"), attributes }
}

fn taken(entries: &[Entry]) -> (Vec<Person>, Vec<(String, String)>) {
    let (people, left_out) = people_of(&source(), entries, |file| file == "passwords/minsu.secret");
    let left_out = left_out.into_iter().map(|one| (one.entry, format!("{} {}", one.code, one.words)));
    (people, left_out.collect())
}

#[test]
fn what_people_write_is_brought_into_its_one_form() {
    let hana = entry(
        "Hana.Kim",
        &[
            ("cn", &["Hana \"<&'>\" Kim\u{7}"]),
            ("telephoneNumber", &["+1 (425) 555-0100"]),
            ("mobile", &["+49 (0)170 / 555.01.00"]),
            ("ext", &["01 00"]),
            ("l", &["New York"]),
        ],
    );

    let (people, left_out) = taken(&[hana]);

    assert_eq!(left_out, []);
    let text = documents("corp", &people, "by-directory/corp.ha1");
    let rest = text.split_once("\n\n").unwrap().1;
    assert_eq!(
        rest,
        "[user.hana-kim]\nname = \"Hana \\\"<&'>\\\" Kim\"\nsite = \"new-york\"\nnumber = \"+14255550100\"\n\
         mobile = \"+491705550100\"\nextension = \"0100\"\n"
    );
    model::load(&[SourceFile::new("house.toml", HOUSE), SourceFile::new("people.toml", text)]).unwrap();
}

#[test]
fn of_several_values_it_is_the_same_in_whatever_order_they_come() {
    let numbers = ["+14255550102", "+14255550101"];
    let one = taken(&[entry("ana", &[("telephoneNumber", &numbers)])]).0;
    let other = taken(&[entry("ana", &[("telephoneNumber", &[numbers[1], numbers[0]])])]).0;

    assert_eq!(one, other);
    assert_eq!(one[0].number.as_deref(), Some("+14255550101"));
}

#[test]
fn an_entry_that_says_something_wrong_is_left_out_with_its_code_and_nobody_else_is() {
    let nameless = Entry { name: "cn=nobody".to_owned(), attributes: Vec::new() };
    let entries = [
        entry("national", &[("telephoneNumber", &["425 555 0100"])]),
        entry("mobile", &[("mobile", &["+0170"])]),
        entry("älter", &[]),
        nameless,
        entry("good", &[]),
    ];

    let (people, left_out) = taken(&entries);

    assert_eq!(people.iter().map(|one| &*one.name).collect::<Vec<_>>(), ["good"]);
    let codes: Vec<&str> = left_out.iter().map(|(_, words)| &words[..7]).collect();
    assert_eq!(codes, ["TD-C005", "TD-C009", "TD-C009", "TD-C026"], "{left_out:?}");
    assert!(left_out[0].0 == "cn=nobody" && left_out[1].0.contains("uid=mobile"), "{left_out:?}");
}

#[test]
fn who_wants_what_another_one_wants_has_it_no_more_than_the_other() {
    let entries = [
        entry("a.b", &[]),
        entry("A_B", &[]),
        entry("one", &[("telephoneNumber", &["+14255550100"])]),
        entry("two", &[("direct", &["+1 425 555 0100"])]),
        entry("own", &[("mobile", &["+14255550100"])]),
    ];

    let (people, left_out) = taken(&entries);

    assert_eq!(people.iter().map(|one| &*one.name).collect::<Vec<_>>(), ["own"]);
    assert_eq!(left_out.len(), 4);
    assert!(left_out.iter().all(|(_, words)| words.contains("belongs to")), "{left_out:?}");
}

#[test]
fn a_password_comes_as_what_digests_make_of_it_or_from_a_file_of_ours() {
    let sum = "0123456789abcdef0123456789abcdef";
    let bare = format!("MD5={sum}");
    let whole = format!("ha1 realm=contoso.example user=ines MD5={sum}");
    let entries = [
        entry("hana", &[("sip", &[&bare])]),
        entry("ines", &[("sip", &[&whole])]),
        entry("minsu", &[]),
        entry("none", &[]),
    ];

    let (people, left_out) = taken(&entries);

    assert_eq!(left_out, []);
    let line = |name: &str| format!("{name} ha1 realm=contoso.example user={name} MD5={sum}\n");
    assert_eq!(secrets(&people), format!("{}{}", line("hana"), line("ines")));
    assert_eq!(people[2].password, Some(Password::File("passwords/minsu.secret".to_owned())));
    assert_eq!(people[3].password, None);
    let text = documents("corp", &people, "x/corp.ha1");
    assert!(text.contains("password = { file = \"x/corp.ha1#hana\" }"), "{text}");
    assert!(!text.contains(sum) && !format!("{people:?}").contains(sum));
}

#[test]
fn nobody_writes_the_password_of_another_one() {
    let sum = "0123456789abcdef0123456789abcdef";
    let lines = format!("MD5={sum}\nboss ha1 realm=contoso.example user=boss MD5={sum}");
    let others = format!("ha1 realm=contoso.example user=boss MD5={sum}");
    let elsewhere = format!("ha1 realm=fabrikam.example user=eve MD5={sum}");

    for text in [lines, others, elsewhere] {
        let (people, left_out) = taken(&[entry("eve", &[("sip", &[&text])])]);

        assert_eq!(people, [], "{text}");
        assert!(left_out[0].1.starts_with("TD-C019"), "{left_out:?}");
        assert!(!left_out[0].1.contains(sum), "{left_out:?}");
    }
}
