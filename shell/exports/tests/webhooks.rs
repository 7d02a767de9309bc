#![allow(clippy::unwrap_used)]
//! Records, as a program of others gets them that is not always there.

mod taker;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use exports::{Exported, Exports, replay};
use serde_json::json;
use taker::{Taken, Taker, until};
use telemetry::Flight;

/// Where records go, and a folder for them.
struct House {
    data: PathBuf,
    taker: Taker,
    exports: Exports,
}

impl House {
    fn start(name: &str) -> House {
        let data = std::env::temp_dir().join(format!("tandem-webhooks-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&data);
        fs::create_dir_all(data.join("records")).unwrap();
        let taker = Taker::of("application/cloudevents-batch+json", "/calls");
        let exports = Exports::new(Flight::new(0), &data);
        House { data, taker, exports }
    }

    fn adopt(&self) {
        let told = format!("[webhook.billing]\nurl = \"http://{}/calls\"\n", self.taker.address());
        self.exports.adopt(&taker::policy("edge 7", &told));
    }

    /// The process ends, and another begins.
    fn restart(&mut self) {
        self.exports.stop();
        self.exports = Exports::new(Flight::new(0), &self.data);
        self.adopt();
    }

    fn keep(&self, id: &str, ended: i64) {
        keep(&self.data, id, ended);
    }

    fn end(self) {
        self.exports.stop();
        fs::remove_dir_all(&self.data).unwrap();
    }
}

fn keep(data: &Path, id: &str, ended: i64) {
    let record = json!({ "id": id, "started": 1_000, "ended": ended, "outcome": "busy" });
    let path = data.join("records/calls-20261122.jsonl");
    let mut file = File::options().create(true).append(true).open(path).unwrap();
    writeln!(file, "{record}").unwrap();
}

fn ids(taken: &Taken) -> Vec<String> {
    let events = taken.body.as_array().unwrap();
    events.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

fn counted(sent: u64) -> [Exported; 1] {
    [Exported { name: "billing".into(), sent, missed: 0 }]
}

/// What was taken by then, in order, each of which was answered with 200.
fn all_until(house: &House, last: &str) -> Vec<String> {
    let mut all = Vec::new();
    while all.last().is_none_or(|id| id != last) {
        all.extend(ids(&house.taker.take("200 OK")));
    }
    all
}

#[test]
fn each_record_comes_signed_as_an_event_until_it_is_taken() {
    let house = House::start("refused");
    house.keep("before", 1);
    house.adopt();
    until("it knows where it stands", || house.data.join("webhooks/billing.json").exists());
    house.keep("one", 1_795_392_000_500);

    let refused = house.taker.take("500 No");
    let told = house.taker.take("200 OK");

    assert_eq!((ids(&refused), ids(&told)), (vec!["one".to_owned()], vec!["one".to_owned()]));
    assert_eq!(refused.id, told.id, "the same has the same id however often it comes");
    let event = &told.body[0];
    let named = ["specversion", "type", "source", "time"].map(|name| event[name].as_str().unwrap());
    assert_eq!(named, ["1.0", "call.ended", "/tandem/edge-7", "2026-11-23T00:00:00.5Z"]);
    assert_eq!(event["data"]["outcome"], "busy");
    until("the counts", || house.exports.webhooks() == counted(1));
    house.end();
}

#[test]
fn what_ended_while_the_house_was_away_comes_after_its_next_start_and_nothing_comes_twice() {
    let mut house = House::start("away");
    house.adopt();
    until("it knows where it stands", || house.data.join("webhooks/billing.json").exists());
    house.keep("one", 1);
    assert_eq!(all_until(&house, "one"), ["one"]);
    until("the counts", || house.exports.webhooks() == counted(1));
    house.exports.stop();

    house.keep("two", 2);
    house.restart();
    house.keep("three", 3);

    assert_eq!(all_until(&house, "three"), ["two", "three"]);
    house.end();
}

#[test]
fn what_was_lost_there_is_sent_again_from_a_moment_on() {
    let house = House::start("again");
    house.adopt();
    until("it knows where it stands", || house.data.join("webhooks/billing.json").exists());
    for (id, ended) in [("one", 1_000), ("two", 2_000), ("three", 3_000)] {
        house.keep(id, ended);
    }
    assert_eq!(all_until(&house, "three"), ["one", "two", "three"]);
    until("the counts", || house.exports.webhooks() == counted(3));

    replay(&house.data, "billing", 2_000).unwrap();

    assert_eq!(all_until(&house, "three"), ["two", "three"]);
    house.keep("four", 4_000);
    assert_eq!(all_until(&house, "four"), ["four"]);
    house.end();
}
