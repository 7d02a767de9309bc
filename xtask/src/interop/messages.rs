//! A user who is away is written to; the house dies; the user's baresip has the messages when it comes, in
//! their order, and those that are written then at once.
//!
//! Proves: L10.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::office::{Answers, Office, PASSWORD, User, WITHIN, expect_one};
use super::place::{Transport, free_port};
use super::{Binary, Load};
use crate::step::Failure;

/// No trunk is there.
const HANA: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 60));
const USERS: [User; 2] = [User { name: "hana", more: "" }, User { name: "minsu", more: "" }];

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let office = Office::open(binary, "messages", &USERS)?;
    write(&office, "are-you-there")?;
    write(&office, "lunch-at-noon")?;
    let mut office = office.crash(binary)?;
    let minsu = office.phone(("minsu", "minsu"), Transport::Udp, Answers::WhenTold)?;
    minsu.traces("lunch-at-noon")?;
    write(&office, "good-that-you-are-here")?;
    let said = minsu.traces("good-that-you-are-here")?;
    in_order(&said, &["are-you-there", "lunch-at-noon", "good-that-you-are-here"])?;
    office.close()?;
    Ok("two messages outlived a crash and arrived when the phone did, a third at once".to_owned())
}

fn write(office: &Office, said: &str) -> Result<(), Failure> {
    let from = SocketAddr::new(HANA, free_port(HANA)?);
    let keys = ["-m", "1", "-key", "user", "hana", "-key", "number", "0101", "-key", "said", said];
    let uri = format!("0101@{}", office.house);
    let options = [&keys[..], &["-au", "hana", "-ap", PASSWORD, "-auth_uri", &uri]].concat();
    let sipp = office.from("message", from, &options)?;
    expect_one(said, sipp.finish(WITHIN)?)
}

fn in_order(said: &str, words: &[&str]) -> Result<(), Failure> {
    let places: Vec<Option<usize>> = words.iter().map(|word| said.find(word)).collect();
    let is_once = words.iter().all(|word| said.matches(word).count() == 1);
    if is_once && places.is_sorted() {
        return Ok(());
    }
    Err(Failure::new("messages came twice or in another order", "read minsu/log"))
}
