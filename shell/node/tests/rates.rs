#![allow(clippy::unwrap_used)]
//! Price lists on the command line.

mod house;

use std::fs;

use house::{Directory, house, tandem};
use serde_json::Value;

const LIST: &str = "Destination;Code;Rate;Effective Date\nSouth Korea;82;0,034;\n\
\"South Korea, mobile\";8210;0.05;2026-11-01\n\
South Korea;82;0.1;\nNowhere;8x;0.1;\nGift;83;-1;\nUSA;1;0.009;\n";

fn text_of(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

/// A provider's list becomes a deck: bad lines go to a file with their reasons, and the exit code says so.
#[test]
fn req_c09_a_list_is_imported_looked_at_and_compared() {
    let directory = Directory::new("rates");
    let dir = directory.text();
    let decks = "[deck.east]\nfile = \"decks/east.csv\"\ncurrency = \"USD\"\nincrement = \"60s\"\n";
    let text = house(5060)
        .replace("[trunk.east]\n", &format!("{decks}[trunk.east]\ncost = {{ deck = \"east\" }}\n"));
    fs::write(directory.path().join("house.toml"), text).unwrap();
    let list = directory.path().join("list.txt");
    let bad = directory.path().join("bad.txt");
    fs::write(&list, LIST).unwrap();

    let files = [list.to_str().unwrap(), bad.to_str().unwrap()];
    let imported = tandem(&["rate", "import", files[0], "--deck", "east", "--dir", dir, "--bad", files[1]]);
    let listed = tandem(&["rate", "list", "--dir", dir, "--json"]);
    let price =
        tandem(&["rate", "price", "+82 10 5550 1234", "--dir", dir, "--at", "2026-12-01", "--talk", "61s"]);
    let explained = tandem(&["explain", "206 555 0142", "--from", "hana", "--dir", dir]);

    assert_eq!(imported.status.code(), Some(6), "{}", text_of(&imported.stderr));
    let set_aside = fs::read_to_string(&bad).unwrap();
    assert!(
        set_aside.contains("4,\"the prefix stands in line 2 already\",South Korea;82;0.1;"),
        "{set_aside}"
    );
    assert!(set_aside.contains("5,\"the prefix has something other than digits\""), "{set_aside}");
    assert!(set_aside.contains("6,\"the price is negative\""), "{set_aside}");
    let decks: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(
        (&decks["decks"][0]["prefixes"], &decks["decks"][0]["trunks"][0]),
        (&3.into(), &"east".into())
    );
    let price = text_of(&price.stdout);
    assert!(
        price.contains("0.050 USD/min  0.100 USD for the call  prefix 8210  South Korea, mobile"),
        "{price}"
    );
    assert!(text_of(&explained.stdout).contains("estimate 0.009 USD/min"), "{}", text_of(&explained.stdout));

    fs::write(&list, "82,0.040\n8210,0.05,2026-11-01\n44,0.01\n").unwrap();
    let differs = text_of(&tandem(&["rate", "diff", "east", files[0], "--dir", dir]).stdout);
    for line in ["~ 82,0.040  was 0.034", "- 1,0.009", "+ 44,0.010", "3 prices differ of 3 and 3"] {
        assert!(differs.contains(line), "{differs}");
    }
}

/// A list whose columns cannot be found is refused with what to say.
#[test]
fn req_c09_a_list_without_known_columns_asks_for_them() {
    let directory = Directory::new("columns");
    fs::write(directory.path().join("house.toml"), house(5060)).unwrap();
    let list = directory.path().join("list.txt");
    fs::write(&list, "a,b\n1,2\n").unwrap();

    let refused =
        tandem(&["rate", "import", list.to_str().unwrap(), "--deck", "x", "--dir", directory.text()]);

    assert_eq!(refused.status.code(), Some(2));
    assert!(text_of(&refused.stderr).contains("say --map prefix=COLUMN"), "{}", text_of(&refused.stderr));
}
