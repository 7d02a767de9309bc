#![allow(clippy::unwrap_used)]
//! Tokens, and the log of who did what.

mod place;

use std::fs;

use model::Role;
use place::Directory;
use store::{Audit, Deed, Step, Token, TokenFault, Tokens, deeds, has_hash, verify};

fn token(name: &str, until_ms: Option<i64>) -> Token {
    Token { name: name.to_owned(), role: Role::Operator, made_ms: 1, until_ms }
}

fn deed(what: &str) -> Deed {
    Deed { who: "ci".to_owned(), from: "127.0.0.1:5".to_owned(), what: what.to_owned(), ..Deed::default() }
}

#[test]
fn a_token_is_known_after_a_restart_until_it_ends_or_is_revoked() {
    let place = Directory::new("tokens");
    let tokens = Tokens::open(place.path()).unwrap();
    let lasting = tokens.create(token("lasting", None), [1; 32]).unwrap();
    let ending = tokens.create(token("ending", Some(1_000)), [2; 32]).unwrap();
    drop(tokens);

    let tokens = Tokens::open(place.path()).unwrap();

    assert_eq!(tokens.holder(&lasting, 5_000), Some(token("lasting", None)));
    assert_eq!(tokens.holder(&ending, 999).unwrap().name, "ending");
    assert_eq!(tokens.holder(&ending, 1_000), None);
    assert_eq!(tokens.holder("", 0), None);
    assert_eq!(tokens.holder(&lasting[..lasting.len() - 1], 0), None);
    tokens.revoke("lasting").unwrap();
    assert_eq!(tokens.holder(&lasting, 0), None);
    assert_eq!(Tokens::open(place.path()).unwrap().list(), [token("ending", Some(1_000))]);
}

#[test]
fn what_is_kept_of_a_token_does_not_open_anything() {
    use std::os::unix::fs::PermissionsExt;
    let place = Directory::new("tokens-file");
    let text = Tokens::open(place.path()).unwrap().create(token("ci", None), [7; 32]).unwrap();

    let file = place.path().join("tokens.json");
    let kept = fs::read_to_string(&file).unwrap();

    assert!(!kept.contains(text.trim_start_matches("tandem_")), "{kept}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let tokens = Tokens::open(place.path()).unwrap();
    for hash in kept.split('"').filter(|word| word.len() == 64) {
        assert_eq!(tokens.holder(hash, 0), None);
    }
}

#[test]
fn names_of_tokens_are_one_persons_each_and_bounded() {
    let place = Directory::new("tokens-names");
    let tokens = Tokens::open(place.path()).unwrap();
    tokens.create(token("ci", None), [0; 32]).unwrap();

    assert!(matches!(tokens.create(token("ci", None), [1; 32]), Err(TokenFault::Taken(_))));
    assert!(matches!(tokens.create(token("C I", None), [1; 32]), Err(TokenFault::BadName(_))));
    assert!(matches!(tokens.create(token("", None), [1; 32]), Err(TokenFault::BadName(_))));
    assert!(matches!(tokens.revoke("nobody"), Err(TokenFault::Unknown(_))));
    for one in 1..=255_u8 {
        tokens.create(token(&format!("t{one}"), None), [one; 32]).unwrap();
    }
    assert!(matches!(tokens.create(token("more", None), [9; 32]), Err(TokenFault::TooMany)));
}

#[test]
fn the_chain_holds_over_restarts_and_shows_every_edit() {
    let place = Directory::new("audit");
    for run in 0..3 {
        let audit = Audit::open(place.path()).unwrap();
        audit.add(deed(&format!("apply {run}"))).unwrap();
        audit.add(Deed { step: Step::Answered, result: "applied".into(), ..deed("apply") }).unwrap();
    }
    let file = place.path().join("audit/audit.jsonl");
    let written = fs::read_to_string(&file).unwrap();
    let holds = verify(place.path()).unwrap().unwrap();
    assert_eq!(holds.entries, 6);
    assert_eq!(deeds(place.path(), 4, 10).unwrap().len(), 2);

    let lines: Vec<&str> = written.lines().collect();
    let broken_at = |lines: &[String]| {
        fs::write(&file, lines.join("\n") + "\n").unwrap();
        verify(place.path()).unwrap().err().map(|broken| broken.line)
    };
    let all = || lines.iter().map(|line| (*line).to_owned()).collect::<Vec<String>>();
    for at in 0..6 {
        let mut edited = all();
        edited[at] = edited[at].replace("\"ci\"", "\"ch\"");
        assert_eq!(broken_at(&edited), Some(at as u64 + 1));
        let mut upper = all();
        upper[at] = upper[at].replacen(|letter: char| letter.is_ascii_hexdigit(), "A", 30);
        assert_eq!(broken_at(&upper), Some(at as u64 + 1));
    }
    for at in 0..5 {
        let mut without = all();
        without.remove(at);
        assert_eq!(broken_at(&without), Some(at as u64 + 1));
        let mut swapped = all();
        swapped.swap(at, at + 1);
        assert_eq!(broken_at(&swapped), Some(at as u64 + 1));
    }
    // What is cut off at the end breaks nothing; who kept the newest hash misses it.
    assert_eq!(broken_at(&all()[..5]), None);
    assert!(!has_hash(place.path(), &holds.newest).unwrap());
    assert_eq!(broken_at(&all()), None);
    assert!(has_hash(place.path(), &holds.newest).unwrap());
}

#[test]
fn a_line_that_a_crash_has_cut_is_set_aside_and_the_chain_goes_on() {
    let place = Directory::new("audit-torn");
    let audit = Audit::open(place.path()).unwrap();
    audit.add(deed("one")).unwrap();
    audit.add(deed("two")).unwrap();
    drop(audit);
    let file = place.path().join("audit/audit.jsonl");
    let written = fs::read(&file).unwrap();
    for cut in [1, 2, 50, 150] {
        fs::write(&file, &written[..written.len() - cut]).unwrap();

        Audit::open(place.path()).unwrap().add(deed("three")).unwrap();

        assert_eq!(verify(place.path()).unwrap().unwrap().entries, 2);
        assert_eq!(deeds(place.path(), 1, 9).unwrap()[0].what, "three");
    }
}
