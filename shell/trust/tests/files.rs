#![allow(clippy::unwrap_used)]
//! Files of authorities, as operators give them.

use std::fs;
use std::path::{Path, PathBuf};

fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("tandem-trust-{name}-{}.pem", std::process::id()));
    fs::write(&path, text).unwrap();
    path
}

fn authority() -> String {
    rcgen::generate_simple_self_signed(["ca.example".to_owned()]).unwrap().cert.pem()
}

#[test]
fn a_bundle_is_believed_though_something_in_it_is_of_no_use() {
    let useless = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let bundle = file("bundle", &format!("{}{useless}{}", authority(), authority()));

    assert_eq!(trust::certificates(&bundle).unwrap().len(), 3);
    assert_eq!(trust::authorities(Some(&bundle)).unwrap().len(), 2);
    assert!(trust::client(Some(&bundle)).is_ok());
    fs::remove_file(bundle).unwrap();
}

#[test]
fn a_file_that_stands_for_nobody_is_named() {
    let away = Path::new("/nowhere/ca.pem");
    let empty = file("empty", "no certificate at all\n");

    for (path, words) in [(away, "No such file"), (&empty, "has no certificate")] {
        let fault = trust::client(Some(path)).unwrap_err().to_string();
        assert!(fault.contains(words) && fault.contains(&path.display().to_string()), "{fault}");
    }
    fs::remove_file(empty).unwrap();
}
