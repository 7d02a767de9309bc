//! Who is watched together, and what is wrong with it where something is.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use house::{CONTOSO, house_of};
use model::{Secrets, SourceFile};

fn problem(console: &str) -> String {
    let text = format!("{CONTOSO}\n{console}\n");
    let problems = match model::load(&[SourceFile::new("contoso.toml", text)]) {
        Ok(documents) => policy::compile(&documents, &Secrets::new()).map(drop).unwrap_err(),
        Err(problems) => problems,
    };
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn l4_a_console_shows_its_users_in_order() {
    let policy = house_of(&format!("{CONTOSO}\n[console.desk]\nusers = [\"minsu\", \"hana\"]\n"));

    let (name, users) = policy.console("desk").unwrap();

    assert_eq!(
        (&**name, users.iter().map(|user| &**user).collect::<Vec<_>>()),
        ("desk", vec!["minsu", "hana"])
    );
    assert!(policy.console("hana").is_none());
}

#[test]
fn l4_a_console_that_cannot_be_is_refused_and_says_why() {
    for (console, words) in [
        ("[console.hana]\nusers = [\"minsu\"]", "\"hana\" already is user \"hana\""),
        ("[console.desk]\nusers = []", "a console shows 1 to 500 users, not 0"),
        ("[console.desk]\nusers = [\"hana\", \"minsu\", \"hana\"]", "\"hana\" is shown twice"),
        ("[console.desk]\nusers = [\"hanna\"]", "user \"hanna\" is not defined"),
    ] {
        let problem = problem(console);
        assert!(problem.contains(words), "{console}: {problem}");
        assert!(problem.contains("contoso.toml:"), "{problem}");
    }
}
