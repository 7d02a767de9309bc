//! A baresip watches a colleague: away, there, in a call, and in a call by mobile, which no phone of the
//! house takes part in. Then the house dies, and the one after it goes on telling.
//!
//! Proves: L1, L2, C-10, F-51, pain 20.

use std::time::Instant;

use super::handset::Handset;
use super::office::{Answers, Office, User, WITHIN, expect_one};
use super::place::Transport;
use super::{Binary, Load, records};
use crate::step::Failure;

const MOBILE: &str = "+12065550142";
const USERS: [User; 3] = [
    User { name: "hana", more: "mobile = \"+12065550142\"" },
    User { name: "minsu", more: "" },
    User { name: "lobby", more: "" },
];

/// As baresip shows them, with their colours.
const THERE: &str = "to \u{1b}[32mOnline";
/// As its trace of SIP begins a subscription, or asks for more of it.
const ASKED: &str = "SUBSCRIBE sip:";
const IN_A_CALL: &str = "to \u{1b}[31mBusy";

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let mut office = Office::open(binary, "watching", &USERS)?;
    let watcher = office.watcher("minsu", "hana")?;
    // It tells of changes alone.
    watcher.traces("<basic>closed</basic>")?;
    let mut lobby = office.phone(("lobby", "lobby"), Transport::Udp, Answers::AtOnce)?;
    let mut hana = office.phone(("hana", "hana"), Transport::Tcp, Answers::AtOnce)?;
    let there = shows(&watcher, THERE, 1)?;

    hana.tell("dial", &office.uri("0102"))?;
    hana.talks()?;
    let in_a_call = shows(&watcher, IN_A_CALL, 1)?;
    hana.tell("hangup", "")?;
    lobby.is_left()?;
    shows(&watcher, THERE, 2)?;

    let mobile = office.called("uas", office.carrier, &[])?;
    lobby.tell("dial", &office.uri(MOBILE))?;
    lobby.talks()?;
    let by_mobile = shows(&watcher, IN_A_CALL, 2)?;
    let said = watcher.traces("on a call (mobile)")?;
    lobby.tell("hangup", "")?;
    expect_one("the call to the mobile", mobile.finish(WITHIN)?)?;
    let after = shows(&watcher, THERE, 3)?;

    let office = office.crash(binary)?;
    let mobile = office.called("uas", office.carrier, &[])?;
    lobby.tell("dial", &office.uri(MOBILE))?;
    lobby.talks()?;
    let since_then =
        watcher.traces_so_often("on a call (mobile)", 2 * said.matches("on a call (mobile)").count())?;
    if since_then.matches(ASKED).count() > said.matches(ASKED).count() {
        return Err(Failure::new("the lamp came back because the phone asked again", "read minsu/log"));
    }
    lobby.tell("hangup", "")?;
    expect_one("the call after the crash", mobile.finish(WITHIN)?)?;

    let left = office.close()?;
    records::expect_exactly(&left.records, 3)?;
    let seen = format!("seen {there} ms after a registration, {in_a_call} ms after a call was answered");
    Ok(format!(
        "{seen}, {by_mobile} ms after one by mobile was, {after} ms after its end; and after a crash too"
    ))
}

/// Waits until the watcher has shown this so often; for how long.
fn shows(watcher: &Handset, state: &str, times: usize) -> Result<u128, Failure> {
    let since = Instant::now();
    watcher.traces_so_often(state, times)?;
    Ok(since.elapsed().as_millis())
}
