#![allow(clippy::unwrap_used)]
//! Stored tests, run against a directory and against the revision that runs, by HTTP too.

mod house;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use house::{Directory, PATIENCE, Running, free_port, house, tandem};
use serde_json::{Value, json};

fn asks(port: u16, token: &str, query: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!(
        "POST /api/v1/test{query} HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap())
}

/// The directory has been edited since: what runs passes, what stands there does not.
#[test]
fn stored_tests_are_run_against_what_runs_and_against_what_is_written() {
    let (directory, http) = (Directory::new("stored-tests"), free_port());
    let file = directory.path().join("house.toml");
    let more = "\n[test.help]\ngiven = { from = \"hana\", dial = \"206 555 0143\" }\n\
                expect = { trunk = \"east\" }\n";
    let written = house(free_port()) + more;
    fs::write(&file, &written).unwrap();
    let mut up = Running::start(directory.text(), &["--http", &format!("127.0.0.1:{http}")]);
    up.wait_for("  http ");
    let token = tandem(&["token", "create", "ci", "--role", "reader", "--dir", directory.text()]);
    let token = String::from_utf8(token.stdout).unwrap().trim().to_owned();
    fs::write(&file, written.replace("use = [{ trunk = \"east\" }] #", "use = [{ trunk = \"west\" }]"))
        .unwrap();

    let of_directory = tandem(&["test", directory.text(), "--json"]);
    let running = tandem(&["test", directory.text(), "--running", "--json"]);
    let one = tandem(&["test", directory.text(), "--running", "--only", "national"]);
    let nobody = tandem(&["test", directory.text(), "--running", "--only", "nationale"]);

    assert_eq!(of_directory.status.code(), Some(1), "{of_directory:?}");
    assert_eq!(running.status.code(), Some(0), "{running:?}");
    let said: Value = serde_json::from_slice(&running.stdout).unwrap();
    assert_eq!((&said["revision"], &said["failed"]), (&json!(1), &json!(0)), "{said:#}");
    assert_eq!(said["tests"].as_array().unwrap().len(), 2);
    let text = String::from_utf8_lossy(&one.stdout).into_owned();
    assert!(text.contains("✔ national\n1 stored tests of revision 1, 0 failed"), "{text}");
    assert_eq!(nobody.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("did you mean \"national\"?"), "{nobody:?}");
    let (status, said) = asks(http, &token, "?name=help");
    assert_eq!((status, &said["tests"][0]["name"], &said["failed"]), (200, &json!("help"), &json!(0)));
    assert_eq!(asks(http, &token, "?name=nothing").0, 404);
}
