#![allow(clippy::unwrap_used)]
//! What the catalogue promises, on a real server of PostgreSQL that each test starts: `cargo xtask postgres`.

mod both;
mod place;
mod server;

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use both::{Told, alone, found, ids, record, some, wanted, write};
use model::Secret;
use place::{Directory, wait_for};
use serde_json::Value;
use server::Server;
use store::{Catalogue, Database, Note, Postgres, PostgresHost, Settings, Store, Wanted, examine_on};

const FILE: &str = "calls-20261121.jsonl";

#[test]
#[ignore = "starts a server of PostgreSQL"]
fn a_call_is_found_by_number_user_trunk_cause_and_time() {
    both::a_call_is_found_by_number_user_trunk_cause_and_time(&Server::start("words").database());
}

#[test]
#[ignore = "starts a server of PostgreSQL"]
fn a_list_goes_on_where_it_ended() {
    both::a_list_goes_on_where_it_ended(&Server::start("pages").database());
}

#[test]
#[ignore = "starts a server of PostgreSQL"]
fn req_f72_every_record_of_a_span_is_handed_over_once() {
    both::every_record_of_a_span_is_handed_over_once(&Server::start("through").database());
}

#[test]
#[ignore = "starts a server of PostgreSQL"]
fn what_stands_on_several_shelves_is_listed_in_order_of_time() {
    both::what_stands_on_several_shelves_is_listed_in_order_of_time(&Server::start("shelves").database());
}

#[test]
#[ignore = "starts a server of PostgreSQL"]
fn what_a_running_house_keeps_is_found_within_a_moment() {
    both::what_a_running_house_keeps_is_found_within_a_moment(&Server::start("running").database());
}

#[test]
#[ignore = "starts a server of PostgreSQL"]
fn what_is_older_than_the_days_that_count_is_deleted() {
    let server = Server::start("days");

    both::what_is_older_than_the_days_that_count_is_deleted(&server.database());

    let left =
        server.sql("select count(*) from tandem.words where row not in (select row from tandem.records)");
    assert_eq!(left, "0", "nor is anything found by what is gone");
}

#[test]
#[ignore = "starts a server of PostgreSQL"]
fn callers_who_were_turned_away_are_found_as_long_as_their_events_are_kept() {
    let server = Server::start("strangers");
    both::callers_who_were_turned_away_are_found_as_long_as_their_events_are_kept(&server.database());
}

#[test]
#[ignore = "starts a server of PostgreSQL"]
fn a_comparison_finds_what_is_missing_and_what_is_too_much() {
    both::a_comparison_finds_what_is_missing_and_what_is_too_much(&Server::start("compare").database());
}

/// A house fills the server; both are killed, again and again, in the middle of it.
#[test]
#[ignore = "starts a server of PostgreSQL"]
fn whatever_is_killed_when_each_record_is_on_the_server_once() {
    if let Ok(data) = std::env::var("STORE_TEST_FILL_UNTIL_KILLED") {
        let settings = std::env::var("STORE_TEST_SERVER").unwrap();
        fill_until_killed(Path::new(&data), &settings);
    }
    let (data, mut server) = (Directory::new("pg-filling"), Server::start("filling"));
    let rows = |server: &Server| server.sql("select count(*) from tandem.records").parse::<u64>().unwrap();
    for round in 0..6 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "whatever_is_killed_when_each_record_is_on_the_server_once", "--nocapture"])
            .arg("--include-ignored")
            .env("STORE_TEST_FILL_UNTIL_KILLED", data.path())
            .env("STORE_TEST_SERVER", &server.settings("here").hosts[0].host)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_for(|| !server.sql("select to_regclass('tandem.records')").is_empty());
        let before = rows(&server);
        wait_for(|| rows(&server) > before);
        std::thread::sleep(Duration::from_millis(37 * round));
        server.kill();
        server.begin();
        let before = rows(&server);
        wait_for(|| rows(&server) > before);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    let (_, _) = Store::open(Settings::at(data.path()), |_| {}).unwrap();
    let lines = store::records_in(data.path()).unwrap().map(Result::unwrap).count() as u64;
    drop(alone(&server.database(), data.path()));
    let examined = examine_on(&server.database(), data.path()).unwrap();
    assert!(lines > 100, "{lines}");
    assert_eq!((examined.rows, examined.faults, examined.behind_bytes), (lines, 0, 0), "{examined:?}");
    assert_eq!(rows(&server), lines, "and no other row is there");
    assert_eq!(server.sql("select count(distinct id) from tandem.records"), lines.to_string());
}

fn fill_until_killed(data: &Path, host: &str) -> ! {
    let to = Postgres {
        hosts: vec![PostgresHost { host: host.to_owned(), port: 5432 }],
        database: "tandem".to_owned(),
        user: server::USER.to_owned(),
        password: None,
        schema: "tandem".to_owned(),
        roots: None,
        node: "here".to_owned(),
    };
    let (store, _) = Store::open(Settings::at(data), |_| {}).unwrap();
    // It hears that the server has gone, and goes on.
    let catalogue = Catalogue::start_on(&Database::Postgres(to), data, |_| {}).unwrap();
    let began = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros();
    for id in 0.. {
        store.keep(&[record(&format!("c{began}-{id}"), id)]);
        catalogue.ring();
        std::thread::sleep(Duration::from_millis(1));
    }
    unreachable!("it is killed");
}

#[test]
#[ignore = "starts a server of PostgreSQL"]
fn while_the_server_is_gone_that_is_told_and_when_it_is_back_nothing_is_missing() {
    let (data, mut server) = (Directory::new("pg-gone"), Server::make("gone", ""));
    let (told, (store, _)) = (Told::default(), Store::open(Settings::at(data.path()), |_| {}).unwrap());
    let telling = Arc::clone(&told);
    store.keep(&[record("c1", 1), record("c2", 2)]);

    let tell = move |note| telling.lock().unwrap().push(note);
    let catalogue = Catalogue::start_on(&server.database(), data.path(), tell).unwrap();

    wait_for(|| catalogue.health().trouble.is_some_and(|words| words.contains("TD-S001")));
    wait_for(|| catalogue.health().behind_bytes > 0);
    assert!(catalogue.find(&wanted()).unwrap_err().to_string().contains("TD-S001"));
    server.begin();
    wait_for(|| catalogue.find(&wanted()).is_ok_and(|found| found.records.len() == 2));
    server.kill();
    store.keep(&[record("c3", 3)]);
    catalogue.ring();
    wait_for(|| catalogue.health().trouble.is_some());
    assert!(catalogue.find(&wanted()).unwrap_err().to_string().contains("TD-S001"));
    server.begin();
    wait_for(|| catalogue.find(&wanted()).is_ok_and(|found| ids(&found.records) == ["c3", "c2", "c1"]));
    wait_for(|| catalogue.health().trouble.is_none() && catalogue.health().behind_bytes == 0);
    let told = told.lock().unwrap();
    let stopped = told.iter().filter(|note| matches!(note, Note::Stopped { .. })).count();
    let recovered = told.iter().filter(|note| matches!(note, Note::Recovered { .. })).count();
    assert_eq!((stopped, recovered), (2, 2), "once for each time: {told:?}");
}

#[test]
#[ignore = "starts a server of PostgreSQL"]
fn two_nodes_are_searched_together_and_each_looks_after_its_own() {
    let server = Server::start("nodes");
    let (one, other) = (Directory::new("pg-node-1"), Directory::new("pg-node-2"));
    let (here, there) = (server.settings("here"), server.settings("there"));
    write(one.path(), FILE, &[record("c1", 1), record("c3", 3)]);
    // Nodes know nothing of one another's names for calls.
    write(other.path(), FILE, &[record("c1", 2), record("c4", 4)]);
    drop(alone(&Database::Postgres(there.clone()), other.path()));

    let all = alone(&Database::Postgres(here.clone()), one.path()).find(&wanted()).unwrap().records;

    assert_eq!(ids(&all), ["c4", "c3", "c1", "c1"]);
    let nodes: Vec<&Value> = all.iter().map(|one| &one["node"]).collect();
    assert_eq!(nodes, [&"there".into(), &Value::Null, &"there".into(), &Value::Null]);
    for (to, data) in [(here, one), (there, other)] {
        let examined = examine_on(&Database::Postgres(to), data.path()).unwrap();
        assert_eq!((examined.rows, examined.faults), (2, 0), "{examined:?}");
    }
}

#[test]
#[ignore = "starts a server of PostgreSQL"]
fn what_a_node_has_lost_is_still_on_the_server() {
    let (data, server) = (Directory::new("pg-lost"), Server::start("lost"));
    let gone = "calls-20261120.jsonl";
    write(data.path(), gone, &[record("c0", 0)]);
    write(data.path(), FILE, &[record("c1", 1), record("c2", 2), record("c3", 3)]);
    drop(alone(&server.database(), data.path()));
    let path = data.path().join("records").join(FILE);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{}\n", text.lines().next().unwrap())).unwrap();
    fs::remove_file(data.path().join("records").join(gone)).unwrap();
    write(data.path(), FILE, &[record("c4", 4)]);

    assert_eq!(found(&server.database(), data.path(), &wanted()), ["c4", "c3", "c2", "c1", "c0"]);
    let examined = examine_on(&server.database(), data.path()).unwrap();
    assert_eq!((examined.rows, examined.faults), (2, 0), "two lines are left: {examined:?}");
}

#[test]
#[ignore = "starts a server of PostgreSQL"]
fn whatever_a_caller_sends_keeps_no_record_from_the_server() {
    let (data, server) = (Directory::new("pg-hostile"), Server::start("hostile"));
    let mut zero = record("c1", 1);
    zero["from_dialled"] = "sip:a\0b@h".into();
    zero["calling"] = "x\0".into();
    let mut long = record("c2", 2);
    // No index would take it as it is, however well it is packed.
    let number: String =
        (0..9_000_u32).map(|at| char::from(b'a' + (at * at % 25 + at % 7) as u8 % 26)).collect();
    long["to_dialled"] = format!("sip:{number}@h").into();
    write(data.path(), FILE, &[zero.clone(), long, record("c3", 3)]);

    assert_eq!(found(&server.database(), data.path(), &wanted()), ["c3", "c2", "c1"]);
    let of_long = Wanted { number: Some(number), ..wanted() };
    assert_eq!(found(&server.database(), data.path(), &of_long), ["c2"]);
    let of_zero = Wanted { number: some("a\0b"), ..wanted() };
    let found = alone(&server.database(), data.path()).find(&of_zero).unwrap().records;
    assert_eq!(found, [zero], "the record itself is as it was");
    assert_eq!(examine_on(&server.database(), data.path()).unwrap().faults, 0);
}

#[test]
#[ignore = "starts a server of PostgreSQL"]
fn older_tables_are_made_newer_and_newer_ones_are_left_alone() {
    let (data, server) = (Directory::new("pg-shape"), Server::start("shape"));
    write(data.path(), FILE, &[record("c1", 1)]);
    drop(alone(&server.database(), data.path()));
    server.sql("drop index tandem.records_by_id; update tandem.shape set version = 1");

    assert_eq!(found(&server.database(), data.path(), &wanted()), ["c1"]);
    assert_eq!(server.sql("select to_regclass('tandem.records_by_id') is not null"), "t");

    server.sql("update tandem.shape set version = 1000");
    let told = Told::default();
    let telling = Arc::clone(&told);
    let tell = move |note| telling.lock().unwrap().push(note);
    let catalogue = Catalogue::start_on(&server.database(), data.path(), tell).unwrap();
    wait_for(|| catalogue.health().trouble.is_some_and(|words| words.contains("TD-S002")));
    drop(catalogue);
    assert_eq!(server.sql("select version from tandem.shape"), "1000");
}

#[test]
#[ignore = "starts a server of PostgreSQL"]
fn rows_that_are_not_those_of_their_lines_are_found() {
    let (data, server) = (Directory::new("pg-wrong"), Server::start("wrong"));
    write(data.path(), FILE, &[record("c1", 1), record("c2", 2)]);
    drop(alone(&server.database(), data.path()));
    server.sql("delete from tandem.words where word = 'uhana' and began = 1");
    server.sql("update tandem.records set body = '{}' where id = 'c2'");

    let examined = examine_on(&server.database(), data.path()).unwrap();

    assert_eq!(examined.faults, 2, "{examined:?}");
    // As the manual says: what was read is read again.
    server.sql("delete from tandem.files");
    drop(alone(&server.database(), data.path()));
    assert_eq!(examine_on(&server.database(), data.path()).unwrap().faults, 0);
    assert_eq!(server.sql("select count(*) from tandem.records"), "2");
}

#[test]
#[ignore = "starts a server of PostgreSQL"]
fn a_server_is_believed_by_its_certificate_and_a_node_by_its_password() {
    let (data, mut server) = (Directory::new("pg-sealed"), Server::make("sealed", "ssl = on\n"));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    server.write("server.crt", &made.cert.pem());
    server.write("server.key", &made.signing_key.serialize_pem());
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    server.listen(free);
    server.begin();
    server.sql("create role node login password 'let me in'; grant create on database tandem to node");
    server.write("pg_hba.conf", "local all tandem trust\nhostssl all all all scram-sha-256\n");
    server.sql("select pg_reload_conf()");
    let roots = data.path().join("roots.pem");
    fs::write(&roots, made.cert.pem()).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(data.path().join("other.pem"), other.cert.pem()).unwrap();
    write(data.path(), FILE, &[record("c1", 1)]);
    let to = |host: &str, password: &str, roots: Option<&str>| Postgres {
        hosts: vec![PostgresHost { host: host.to_owned(), port: free }],
        user: "node".to_owned(),
        password: Some(Secret::new(password.to_owned())),
        roots: roots.map(|name| data.path().join(name)),
        ..server.settings("here")
    };
    let told = |to: Postgres| {
        let catalogue = Catalogue::start_on(&Database::Postgres(to), data.path(), |_| {}).unwrap();
        wait_for(|| catalogue.health().trouble.is_some());
        catalogue.health().trouble.unwrap()
    };
    // What is in force may take the server a moment.
    wait_for(|| server.sql("select pg_conf_load_time() is not null") == "t");

    for (to, words) in [
        (to("localhost", "let me in", Some("other.pem")), "TD-S001"),
        (to("127.0.0.1", "let me in", Some("roots.pem")), "TD-S001"),
        (to("localhost", "let me in", None), "TD-S002"),
        (to("localhost", "wrong", Some("roots.pem")), "TD-S002"),
        (to("localhost", "let me in", Some("none.pem")), "TD-S002"),
    ] {
        let trouble = told(to);
        assert!(trouble.contains(words), "{trouble}");
        assert!(!trouble.contains("let me in"), "{trouble}");
    }
    let right = Database::Postgres(to("localhost", "let me in", Some("roots.pem")));
    assert_eq!(found(&right, data.path(), &wanted()), ["c1"]);
}

#[test]
fn a_server_that_says_nothing_is_waited_for_no_longer_than_is_good() {
    let data = Directory::new("pg-silent");
    write(data.path(), FILE, &[record("c1", 1)]);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let at: SocketAddr = silent.local_addr().unwrap();
    let to = Postgres {
        hosts: vec![PostgresHost { host: at.ip().to_string(), port: at.port() }],
        database: "tandem".to_owned(),
        user: "tandem".to_owned(),
        password: None,
        schema: "tandem".to_owned(),
        roots: None,
        node: "here".to_owned(),
    };

    let catalogue = Catalogue::start_on(&Database::Postgres(to), data.path(), |_| {}).unwrap();

    wait_for(|| catalogue.health().trouble.is_some_and(|words| words.contains("it does not answer")));
    assert!(catalogue.find(&wanted()).is_err());
    wait_for(|| catalogue.health().behind_bytes > 0);
}
