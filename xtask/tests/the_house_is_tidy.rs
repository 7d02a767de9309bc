//! The rules hold for the tree that they stand in.
#![allow(clippy::unwrap_used)]

use std::process::Command;

#[test]
fn tidy_has_nothing_to_say_about_this_tree() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).arg("tidy").output().unwrap();

    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
