#![allow(clippy::unwrap_used)]
//! Safe change: plan, apply, confirm, roll back, and what a crash leaves of it.

mod house;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use house::{Directory, PATIENCE, Running, free_port, house, options, tandem};
use serde_json::Value;

/// A plan says what changes, where it stands and what it means for calls, and changes nothing.
#[test]
fn req_f25_a_plan_says_what_would_change_and_changes_nothing() {
    let (home, _up) = running("plan");
    home.write(|text| {
        text.replace("trunk = \"east\" }] #", "trunk = \"west\" }] #").replace("Hana", "Hanna")
    });

    let (plan, code) = home.json(&["plan"]);
    let text = home.text(&["plan"]);

    assert_eq!(code, 1, "a stored test fails");
    assert_eq!(plan["is_good"], false);
    let changes = plan["changes"]["listed"].as_array().unwrap();
    let names: Vec<_> = changes.iter().map(|change| change["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["hana", "national"]);
    assert!(changes[1]["at"].as_str().unwrap().starts_with("house.toml:"), "{changes:?}");
    assert!(text.contains("route national loses trunk east"), "{text}");
    assert!(text.contains("use[0].trunk  \"east\" → \"west\""), "{text}");
    assert!(text.contains("test national: rings +12065550142 through east"), "{text}");
    assert_eq!(home.revision(), 1);
}

/// Nothing is in force by halves: what fails its tests or cannot be read leaves the running revision alone.
#[test]
fn pain_25_what_fails_its_tests_or_cannot_be_read_is_not_applied() {
    let (home, _up) = running("refused");

    home.write(|text| text.replace("trunk = \"east\" }] #", "trunk = \"west\" }] #"));
    let failing = home.json(&["apply"]);
    home.write(|text| text.replace("[user.hana]", "[usre.hana]"));
    let wrong = home.run(&["apply"]);

    assert_eq!(failing.1, 1);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8(wrong.stdout).unwrap().contains("TD-C003"));
    assert_eq!(home.revision(), 1);
    assert!(options(home.port).starts_with("SIP/2.0 200 "));
}

/// Each apply is a revision with author, time, reason, difference and test results, and its documents.
#[test]
fn req_f25_an_apply_is_a_numbered_revision_that_says_who_and_why() {
    let (home, _up) = running("revision");
    home.write(|text| text.replace("Hana", "Hanna"));

    let (outcome, code) = home.json(&["apply", "--why", "her name"]);

    assert_eq!((code, outcome["what"].as_str()), (0, Some("applied")));
    assert_eq!(home.revision(), 2);
    let (list, _) = home.json(&["revisions"]);
    let newest = &list["revisions"][1];
    assert_eq!((newest["why"].as_str(), newest["base"].as_u64()), (Some("her name"), Some(1)));
    assert!(!newest["author"].as_str().unwrap().is_empty());
    assert_eq!(newest["tests"]["passed"], 1);
    assert_eq!(newest["difference"]["listed"][0]["name"], "hana");
    let kept = fs::read_to_string(home.data().join("revisions/2/documents/house.toml")).unwrap();
    assert!(kept.contains("Hanna"));
    let (diff, _) = home.json(&["diff", "1"]);
    assert_eq!(diff["changes"]["listed"][0]["keys"][0]["was"], "\"Hana\"");
    let (again, code) = home.json(&["apply"]);
    assert_eq!((code, again["what"].as_str(), home.revision()), (0, Some("unchanged"), 2));
}

/// Who applies a plan that was made on another revision is told so, and nothing is overwritten.
#[test]
fn pain_25_a_plan_made_on_another_revision_is_a_conflict() {
    let (home, _up) = running("conflict");
    home.write(|text| text.replace("Hana", "Hanna"));
    assert_eq!(home.json(&["apply"]).1, 0);
    home.write(|text| text.replace("Hanna", "Hannah"));

    let late = home.run(&["apply", "--base", "1"]);

    assert_eq!(late.status.code(), Some(5));
    assert!(String::from_utf8(late.stderr).unwrap().contains("revision 2 runs now"));
    assert_eq!(home.revision(), 2);
}

/// A rehearsal says what would become of it by its words and by its exit code, and changes nothing.
#[test]
fn req_f25_a_dry_run_says_whether_it_could_be_applied() {
    let (home, _up) = running("dry");
    home.write(|text| text.replace("Hana", "Hanna"));

    let good = home.run(&["apply", "--dry-run"]);
    let good_json = home.json(&["apply", "--dry-run"]);
    let late = home.json(&["apply", "--dry-run", "--base", "7"]);
    home.write(|text| text.replace("trunk = \"east\" }] #", "trunk = \"west\" }] #"));
    let bad = home.run(&["apply", "--dry-run"]);
    let bad_json = home.json(&["apply", "--dry-run"]);

    assert_eq!(good.status.code(), Some(0));
    let words = String::from_utf8(good.stdout).unwrap();
    assert!(words.contains("✔ it can be applied; this was a dry run, and revision 1 runs on"), "{words}");
    assert_eq!((&good_json.0["what"], good_json.1), (&"dry_run".into(), 0));
    assert_eq!((&late.0["what"], late.1), (&"conflict".into(), 5));
    assert_eq!(bad.status.code(), Some(1));
    let words = String::from_utf8(bad.stdout).unwrap();
    assert!(words.contains("✘ it would be refused; revision 1 runs on"), "{words}");
    assert_eq!((&bad_json.0["what"], bad_json.1), (&"refused".into(), 1));
    assert_eq!(home.revision(), 1);
}

/// A change that cuts off the one who made it comes back by itself.
#[test]
fn pain_25_what_nobody_confirms_is_taken_back() {
    let (home, mut up) = running("unconfirmed");
    home.write(|text| text.replace("Hana", "Hanna"));

    let (outcome, _) = home.json(&["apply", "--confirm", "1s"]);
    assert!(outcome["confirm_by_ms"].is_i64());
    up.wait_for("nobody confirmed it in time");
    up.wait_for("applied");

    assert_eq!(home.revision(), 3);
    let (diff, _) = home.json(&["diff", "1", "3"]);
    assert_eq!(diff["changes"]["listed"].as_array().unwrap().len(), 0);
}

/// What was confirmed stays.
#[test]
fn pain_25_what_is_confirmed_stays() {
    let (home, _up) = running("confirmed");
    home.write(|text| text.replace("Hana", "Hanna"));

    // Two seconds may be over before a busy machine has started the second program: then it is given longer.
    let confirms = |wait: &u64| {
        home.json(&["apply", "--confirm", &format!("{wait}s")]);
        home.run(&["confirm"]).status.code() == Some(0)
    };
    let wait = [2, 8, 32, 128].into_iter().find(confirms).expect("one of them is long enough");
    let confirmed = home.revision();

    std::thread::sleep(Duration::from_millis(1_000 * wait + 500));
    assert_eq!(home.revision(), confirmed);
    assert_eq!(home.run(&["confirm"]).status.code(), Some(1), "there is nothing left to confirm");
}

/// The way back is one word, and survives a restart although the directory still holds what was taken back.
#[test]
fn pain_25_a_rollback_outlives_a_restart() {
    let (home, up) = running("rollback");
    home.write(|text| text.replace("Hana", "Hanna"));
    home.json(&["apply"]);

    let (outcome, code) = home.json(&["rollback", "--why", "wrong name"]);
    assert_eq!((code, outcome["revision"].as_u64()), (0, Some(3)));
    up.stop();
    let mut up = home.start();
    up.wait_for("holds something else");
    up.wait_for("records");

    assert_eq!(home.revision(), 3);
    assert_eq!(home.json(&["rollback"]).1, 1, "before revision 1 there was nothing");
    assert_eq!(home.json(&["rollback", "2"]).0["revision"], 4);
}

/// A start on a directory that has changed is a revision; on one that is wrong, the last good revision runs.
#[test]
fn pain_25_a_restart_on_a_broken_directory_runs_what_was_good() {
    let (home, up) = running("restart");
    up.stop();
    home.write(|text| text.replace("Hana", "Hanna"));
    let up = home.start_up();
    assert_eq!(home.revision(), 2);
    up.stop();
    home.write(|text| text.replace("[user.hana]", "[usre.hana]"));

    let mut up = home.start();
    up.wait_for("revision 2 runs on");
    up.wait_for("records");

    assert!(options(home.port).starts_with("SIP/2.0 200 "));
    assert_eq!(home.revision(), 2);
}

/// Killed before anybody confirmed: the start goes back.
#[test]
fn pain_25_an_unconfirmed_revision_does_not_outlive_a_crash() {
    let (home, up) = running("crash");
    home.write(|text| text.replace("Hana", "Hanna"));
    home.json(&["apply", "--confirm", "5m"]);
    home.write(|text| text.replace("Hanna", "Johanna"));
    assert_eq!(home.run(&["apply"]).status.code(), Some(5), "one change at a time");
    home.write(|text| text.replace("Johanna", "Hanna"));
    assert_eq!(home.revision(), 2);
    up.kill();

    let mut up = home.start();
    up.wait_for("back to 1");
    up.wait_for("records");

    assert_eq!(home.revision(), 3);
    let (diff, _) = home.json(&["diff", "1"]);
    assert_eq!(diff["changes"]["listed"].as_array().unwrap().len(), 0);
}

/// Killed after the plan: nothing has happened.
#[test]
fn pain_25_a_crash_between_plan_and_apply_changes_nothing() {
    let (home, up) = running("planned");
    let before = fs::read_to_string(home.path()).unwrap();
    home.write(|text| text.replace("Hana", "Hanna"));
    assert_eq!(home.json(&["plan"]).1, 0);
    up.kill();
    fs::write(home.path(), before).unwrap();

    let _up = home.start_up();

    assert_eq!(home.revision(), 1);
}

/// Killed at any moment of an apply: the house starts, and every revision it knows is whole.
#[test]
fn pain_25_a_crash_during_an_apply_leaves_the_old_or_the_new_revision() {
    let (home, mut up) = running("applying");
    for round in 0..6_u64 {
        let before = home.revision();
        home.write(|text| format!("{text}\n# round {round}\n"));
        let mut apply = home.spawn(&["apply"]);
        std::thread::sleep(Duration::from_millis(7 * round));
        up.kill();
        apply.wait().unwrap();

        up = home.start_up();
        let after = home.revision();
        assert!(after == before + 1, "the new documents run: applied, or at the start ({before} → {after})");
        let kept = fs::read_to_string(home.data().join(format!("revisions/{after}/documents/house.toml")));
        assert_eq!(kept.unwrap(), fs::read_to_string(home.path()).unwrap());
    }
}

/// A price list is part of the configuration: a change of it alone is planned, is a revision, and goes back
/// to the very prices, whatever has become of the file meanwhile.
#[test]
fn pain_25_a_change_of_a_price_list_is_a_revision_and_can_be_taken_back() {
    let (home, up) = priced("prices", "1,0.009\n82,0.034,,South Korea\n8210,0.05\n");
    fs::write(home.list(), "82,0.06,,South Korea\n8210,0.04\n44,0.01\n").unwrap();

    let (plan, _) = home.json(&["plan"]);
    let text = home.text(&["plan"]);
    let applied = home.json(&["apply"]).0;
    let again = home.json(&["apply"]).0;
    let back = home.json(&["rollback"]).0;
    let differs = home.json(&["plan"]).0;
    fs::remove_file(home.list()).unwrap();
    up.stop();
    let mut up = home.start();
    up.wait_for("revision 3 runs on");
    up.wait_for("records");
    fs::write(home.list(), "1,0.009\n82,0.034,,South Korea\n8210,0.05\n").unwrap();
    let same = home.json(&["plan"]).0;

    let decks = &plan["changes"]["decks"];
    assert_eq!(decks[0]["deck"], "east");
    assert_eq!([&decks[0]["changed"], &decks[0]["added"], &decks[0]["gone"]], [2, 1, 1]);
    assert!(text.contains("deck east: 2 prefixes changed, 1 added, 1 gone; the largest changes:"), "{text}");
    assert!(text.contains("82               0.034 → 0.060  South Korea"), "{text}");
    assert_eq!((&applied["what"], &applied["revision"]), (&"applied".into(), &2.into()));
    assert_eq!(again["what"], "unchanged");
    assert_eq!((&back["what"], &back["revision"]), (&"applied".into(), &3.into()));
    let first = &differs["changes"]["decks"][0]["largest"][0];
    assert_eq!((&first["was"], &first["is"]), (&"0.034".into(), &"0.060".into()), "{differs:#}");
    assert_eq!(same["changes"]["decks"].as_array().unwrap().len(), 0, "{same:#}");
    assert_eq!(home.json(&["diff", "1", "3"]).0["changes"]["decks"].as_array().unwrap().len(), 0);
    assert_eq!(home.json(&["diff", "1", "2"]).0["changes"]["decks"][0]["changed"], 2);
}

/// What is planned from another directory is planned with the price lists that stand there.
#[test]
fn req_f25_another_directory_brings_its_own_price_lists() {
    let (home, _up) = priced("other", "1,0.009\n82,0.034\n");
    let other = Directory::new("change-other-directory");
    fs::create_dir(other.path().join("decks")).unwrap();
    fs::copy(home.path(), other.path().join("house.toml")).unwrap();
    fs::write(other.path().join("decks/east.csv"), "1,0.009\n82,0.035\n").unwrap();

    let (plan, code) = home.json(&["plan", other.text()]);
    let applied = home.json(&["apply", other.text()]).0;
    let (back, _) = home.json(&["plan"]);

    assert_eq!(code, 0, "{plan:#}");
    assert_eq!(plan["changes"]["decks"][0]["largest"][0]["is"], "0.035");
    assert_eq!((&applied["what"], &applied["revision"]), (&"applied".into(), &2.into()));
    assert_eq!(back["changes"]["decks"][0]["largest"][0]["is"], "0.034", "{back:#}");
}

/// A start on another price list is a revision too, and so is one on other numbering plans.
#[test]
fn pain_25_a_start_sees_another_price_list_and_other_numbering_plans() {
    let (home, up) = priced("start-prices", "1,0.009\n");
    up.stop();
    fs::write(home.list(), "1,0.010\n").unwrap();
    let up = home.start_up();
    let second = home.revision();
    up.stop();
    fs::write(home.directory.path().join("new.plans"), "").unwrap();
    let _up = home.start_up();

    assert_eq!((second, home.revision()), (2, 3));
    let list = home.json(&["revisions"]).0;
    assert_eq!(list["revisions"][1]["difference"]["decks"][0]["largest"][0]["is"], "0.010");
    assert_eq!(list["revisions"][2]["difference"]["listed"][0]["name"], "new.plans");
}

/// Killed at any moment of an apply of another price list: the house starts with the list that stands there,
/// and every revision still has its own.
#[test]
fn pain_25_a_crash_while_a_price_list_is_applied_leaves_whole_lists() {
    let list = |round: u64| -> String { (0..20_000).map(|at| format!("{at},0.{round:03}\n")).collect() };
    let (home, mut up) = priced("applying-prices", &list(0));
    for round in 1..=6_u64 {
        let before = home.revision();
        fs::write(home.list(), list(round)).unwrap();
        let mut apply = home.spawn(&["apply"]);
        std::thread::sleep(Duration::from_millis(20 * round));
        up.kill();
        apply.wait().unwrap();

        up = home.start_up();
        let after = home.revision();
        assert_eq!(after, before + 1, "the new list is in force: applied, or at the start");
    }
    for number in 1..=7_u64 {
        let content = store::content_of(&home.data(), number).unwrap();
        assert_eq!(content.lists[0].text().unwrap(), list(number - 1), "revision {number}");
    }
    assert_eq!(fs::read_dir(home.data().join("revisions/lists")).unwrap().count(), 7);
}

/// Another content under the same name is a change, and a revision has its own; what cannot be played is
/// refused, and nothing changes.
#[test]
fn h10_a_sound_is_part_of_its_revision() {
    let home = home("sounds", |text| format!("{text}\n[system.media]\nmusic = \"waiting.wav\"\n"));
    let file = home.directory.path().join("waiting.wav");
    fs::write(&file, wav(800)).unwrap();
    let _up = home.start_up();
    fs::write(&file, wav(1_600)).unwrap();

    let (plan, code) = home.json(&["plan"]);
    let (applied, _) = home.json(&["apply"]);
    let again = home.json(&["apply"]).0;
    let (diff, _) = home.json(&["diff", "1", "2"]);
    fs::write(&file, "no sound").unwrap();
    let (refused, _) = home.json(&["plan"]);
    let back = home.json(&["rollback"]).0;

    assert_eq!((code, &plan["changes"]["sounds"]), (0, &serde_json::json!(["waiting.wav"])), "{plan:#}");
    assert_eq!((&applied["what"], &applied["revision"]), (&"applied".into(), &2.into()), "{applied:#}");
    assert_eq!(again["what"], "unchanged");
    assert_eq!(diff["changes"]["sounds"][0], "waiting.wav");
    assert_eq!(refused["problems"][0]["code"], "TD-C065", "{refused:#}");
    assert_eq!((&back["what"], &back["revision"]), (&"applied".into(), &3.into()), "{back:#}");
    let kept = |number| store::content_of(&home.data(), number).unwrap().lists[0].bytes.len();
    assert_eq!([kept(1), kept(2), kept(3)], [800, 1_600, 800].map(|samples| 44 + 2 * samples));
}

/// A file of so many samples, one channel at 8 kHz.
fn wav(samples: u32) -> Vec<u8> {
    let mut file =
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data".to_vec();
    file.extend((2 * samples).to_le_bytes());
    file.resize(44 + 2 * samples as usize, 7);
    file
}

/// Who is turned away is listed with the verdict, and with what would have let them in.
#[test]
fn pain_02_a_caller_who_is_turned_away_is_listed_with_the_nearest_miss() {
    let (home, _up) = running("strangers");
    invite(home.port, "nobody@198.51.100.7", "+14255550100");

    let (list, code) =
        until(|| home.json(&["call", "list", "--refused"]), |list| !list["ended"][0].is_null());

    assert_eq!(code, 0);
    let stranger = &list["ended"][0];
    assert!(stranger["refusal"]["code"].as_str().unwrap().starts_with("TD-R"), "{stranger:#}");
    assert!(stranger["refusal"]["words"].as_str().unwrap().contains("accept.sources"), "{stranger:#}");
    let id = stranger["id"].as_str().unwrap();
    let shown = home.text(&["call", "show", id]);
    assert!(shown.contains("turned away") && shown.contains("screen"), "{shown}");
}

/// Strangers are no calls of ours: they are in the list of refused callers, and never in the call records.
#[test]
fn pain_03_a_stranger_leaves_no_call_record() {
    let (home, _up) = running("no-record");
    invite(home.port, "nobody@198.51.100.7", "+14255550100");

    until(|| home.json(&["call", "list"]), |list| !list["ended"][0].is_null());

    assert_eq!(store::records_in(&home.data()).unwrap().count(), 0);
    let shown = home.run(&["call", "show", "c00000000000-0"]);
    assert_eq!(shown.status.code(), Some(1));
}

/// A directory, its house, and the port it listens on.
struct Home {
    directory: Directory,
    port: u16,
}

fn running(name: &str) -> (Home, Running) {
    let home = home(name, |text| text);
    let up = home.start_up();
    (home, up)
}

/// A house whose trunk east has a price list.
fn priced(name: &str, list: &str) -> (Home, Running) {
    let deck = "[deck.east]\nfile = \"decks/east.csv\"\ncurrency = \"USD\"\n[trunk.east]\n";
    let home =
        home(name, |text| text.replace("[trunk.east]\n", &format!("{deck}cost = {{ deck = \"east\" }}\n")));
    fs::create_dir(home.directory.path().join("decks")).unwrap();
    fs::write(home.list(), list).unwrap();
    let up = home.start_up();
    (home, up)
}

fn home(name: &str, change: impl Fn(String) -> String) -> Home {
    let (directory, port) = (Directory::new(&format!("change-{name}")), free_port());
    fs::write(directory.path().join("house.toml"), change(house(port))).unwrap();
    Home { directory, port }
}

impl Home {
    fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("house.toml")
    }

    fn list(&self) -> std::path::PathBuf {
        self.directory.path().join("decks/east.csv")
    }

    fn data(&self) -> std::path::PathBuf {
        self.directory.path().join("data")
    }

    fn start(&self) -> Running {
        Running::start(self.directory.text(), &[])
    }

    fn start_up(&self) -> Running {
        let mut up = self.start();
        up.wait_for("records");
        up
    }

    fn write(&self, change: impl Fn(String) -> String) {
        let text = fs::read_to_string(self.path()).unwrap();
        fs::write(self.path(), change(text)).unwrap();
    }

    fn run(&self, words: &[&str]) -> std::process::Output {
        tandem(&[words, &["--dir", self.directory.text()]].concat())
    }

    fn text(&self, words: &[&str]) -> String {
        String::from_utf8(self.run(words).stdout).unwrap()
    }

    fn json(&self, words: &[&str]) -> (Value, i32) {
        let output = self.run(&[words, &["--json"]].concat());
        let value = serde_json::from_slice(&output.stdout);
        (value.unwrap_or(Value::Null), output.status.code().unwrap())
    }

    fn spawn(&self, words: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_tandem"))
            .args(words)
            .args(["--dir", self.directory.text()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn revision(&self) -> u64 {
        self.json(&["status"]).0["revision"].as_u64().unwrap()
    }
}

fn until<T>(look: impl Fn() -> (Value, T), is_so: impl Fn(&Value) -> bool) -> (Value, T) {
    let patience = Instant::now() + PATIENCE;
    loop {
        let seen = look();
        if is_so(&seen.0) {
            return seen;
        }
        assert!(Instant::now() < patience, "it never came: {:#}", seen.0);
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// An INVITE of somebody, and the first final answer to it.
fn invite(port: u16, from: &str, dialled: &str) {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let here = socket.local_addr().unwrap();
    let branch = here.port();
    let request = format!(
        "INVITE sip:{dialled}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{branch}\r\n\
Max-Forwards: 70\r\nFrom: <sip:{from}>;tag=1\r\nTo: <sip:{dialled}@127.0.0.1>\r\n\
Call-ID: {branch}@here\r\nCSeq: 1 INVITE\r\nContact: <sip:{here}>\r\nContent-Length: 0\r\n\r\n"
    );
    socket.send_to(request.as_bytes(), ("127.0.0.1", port)).unwrap();
    let mut room = [0; 4096];
    loop {
        let length = socket.recv(&mut room).unwrap();
        if !room[..length].starts_with(b"SIP/2.0 1") {
            return;
        }
    }
}

#[test]
fn a_house_that_does_not_run_is_planned_against_its_newest_revision() {
    let (home, up) = running("rest");
    up.stop();
    home.write(|text| text.replace("Hana", "Hanna"));

    let (plan, code) = home.json(&["plan"]);

    assert_eq!((code, plan["base"].as_u64()), (0, Some(1)));
    assert_eq!(plan["changes"]["listed"][0]["name"], "hana");
    assert!(
        Path::new(plan["directory"].as_str().unwrap()).ends_with(home.directory.path().file_name().unwrap())
    );
}

/// `config check` runs the stored tests too, and a failed one says what came out and why.
/// Proves: C-14.
#[test]
fn req_f25_a_check_runs_the_stored_tests() {
    let directory = Directory::new("change-check");
    let text = house(free_port()).replace("trunk = \"east\" }] #", "trunk = \"west\" }] #");
    fs::write(directory.path().join("house.toml"), text).unwrap();

    let checked = tandem(&["config", "check", directory.text()]);

    let text = String::from_utf8(checked.stdout).unwrap();
    assert_eq!(checked.status.code(), Some(1));
    assert!(text.contains("trunk is west, not east") && text.contains("routes"), "{text}");
    assert!(text.contains("1 stored test, 1 failed"), "{text}");
}
