//! Rules that get into each other's way are found before a call does.

mod house;

use house::*;

fn said_of(text: &str) -> Vec<String> {
    house_of(text).warnings().iter().map(|warning| format!("{} {}", warning.code, warning.message)).collect()
}

fn with(routes: &str) -> String {
    CONTOSO.replace("[emergency.us]", &format!("{routes}\n[emergency.us]"))
}

/// A sound house is warned of nothing.
#[test]
fn pain_25_a_sound_house_is_warned_of_nothing() {
    let said = said_of(CONTOSO);

    assert!(said.is_empty(), "{said:?}");
}

/// A route that another one shadows, and that has a trunk of its own, is a backup and never more.
#[test]
fn pain_25_a_shadowed_route_is_found() {
    let said = said_of(&with("[route.cuba]\norder = 210\nto = \"+53 …\"\nuse = [{ trunk = \"speaker\" }]"));

    assert_eq!(said, ["TD-C051 route \"cuba\" is only a backup: \"world\" takes all its calls first"]);
}

/// Two routes of one order for some of the same numbers are found.
#[test]
fn pain_25_overlapping_routes_of_one_order_are_found() {
    let said = said_of(&with(
        "[route.a-uk]\norder = 190\nto = \"+44 …\"\nuse = [{ trunk = \"speaker\" }]\n\
         [route.b-uk]\norder = 190\nto = \"+44 20 …\"\nuse = [{ trunk = \"northwind\" }]",
    ));

    assert_eq!(said, ["TD-C051 route \"b-uk\" is only a backup: \"a-uk\" takes all its calls first"]);
    let said = said_of(&with(
        "[route.a-uk]\norder = 190\nto = \"+44 2X X …\"\nuse = [{ trunk = \"speaker\" }]\n\
         [route.b-uk]\norder = 190\nto = \"+44 X0 X …\"\nuse = [{ trunk = \"northwind\" }]",
    ));
    assert_eq!(
        said,
        ["TD-C052 routes \"a-uk\" and \"b-uk\" take some of the same calls and have one order: \
          their names decide"]
    );
}

/// A route that nobody has a usage for, and a dial plan rule behind a wider one, are found.
#[test]
fn pain_25_rules_that_serve_nobody_are_found() {
    let said = said_of(&with(
        "[route.gold]\norder = 5\nusages = [\"gold\"]\nto = \"+…\"\nuse = [{ trunk = \"speaker\" }]",
    ));
    assert_eq!(said, ["TD-C051 route \"gold\" serves nobody: no rights and no trunk hold its usages"]);

    let text = CONTOSO
        .replace("  { match = \"*NN\"", "  { match = \"71XXX\", becomes = \"+1…\" },\n  { match = \"*NN\"");
    assert_eq!(said_of(&text), ["TD-C024 the rule for \"71XXX\" is never reached"]);
}

/// A usage in rights that no route has is a mistake, and the nearest one is named.
#[test]
fn pain_25_a_usage_that_leads_nowhere_is_refused() {
    let text = with(
        "[route.gold]\norder = 5\nusages = [\"long-distance\"]\nto = \"+…\"\n\
         use = [{ trunk = \"speaker\" }]\n[rights.gold]\nusages = [\"long-distanse\"]",
    );

    let problems = policy::compile(&documents(&text), &secrets()).err().unwrap_or_default();

    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].message, "usage \"long-distanse\" leads nowhere: no route has it");
    assert_eq!(problems[0].suggestion.as_deref(), Some("did you mean \"long-distance\"?"));
}
