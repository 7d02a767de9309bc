//! Takes pictures of a house: what it answers, and what it has written down since the last one.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::lately::Sums;
use super::machine::Meter;
use super::newest::Newest;
use super::picture::{Picture, Registered};
use super::tail::Tail;
use crate::control::{self, Request, Response};

/// Calls in progress that a shard lists.
const CALLS: Request = Request::Calls { most: 1_000 };

pub struct Gatherer {
    data: PathBuf,
    records: Tail,
    events: Tail,
    sums: Sums,
    newest: Newest,
    meter: Option<Meter>,
}

impl Gatherer {
    pub fn new(data: PathBuf) -> Gatherer {
        let (records, events) = (Tail::new(store::record_files), Tail::new(store::event_files));
        Gatherer { data, records, events, sums: Sums::default(), newest: Newest::default(), meter: None }
    }

    /// The house as it is now; or why it can't be seen.
    pub fn gather(&mut self) -> Result<Picture, String> {
        let status = ask(&self.data, &Request::Status {})?;
        let calls = ask(&self.data, &CALLS)?;
        let phones = registered(&ask(&self.data, &Request::Phones {})?);
        self.read_on()?;
        let at = jiff::Timestamp::now().as_millisecond();
        let machine = Meter::look(&mut self.meter, status["process"].as_u64().unwrap_or_default());
        let (lately, newest) = (self.sums.at(at), self.newest.all());
        Ok(Picture { at, status, calls, phones, lately, machine, newest, silent: None })
    }

    fn read_on(&mut self) -> Result<(), String> {
        let Gatherer { data, records, events, sums, newest, .. } = self;
        let read = [
            records.read(data, |line| {
                serde_json::from_slice(line).iter().for_each(|record| sums.record(record));
            }),
            events.read(data, |line| {
                if let Ok(event) = serde_json::from_slice::<Value>(line) {
                    sums.event(&event);
                    newest.push(event);
                }
            }),
        ];
        for fault in read.into_iter().filter_map(Result::err) {
            // There was no call yet, or a file went for its age.
            if fault.kind() != ErrorKind::NotFound {
                return Err(format!("{}: {fault}", data.display()));
            }
        }
        Ok(())
    }
}

fn ask(data: &Path, request: &Request) -> Result<Value, String> {
    match control::ask(data, request) {
        Ok(Some(Response::Answer(value))) => Ok(value),
        Ok(Some(Response::Refused { words, .. })) => Err(words),
        Ok(None) => Err(format!(
            "no house runs on {}; start one with tandem up, or say --data or --dir",
            data.display()
        )),
        Err(fault) => Err(format!("{fault:#}")),
    }
}

fn registered(phones: &Value) -> Registered {
    let users = phones["users"].as_array().map_or(&[][..], Vec::as_slice);
    let of = |user: &Value| user["phones"].as_array().map_or(0, Vec::len);
    Registered { users: users.len(), phones: users.iter().map(of).sum() }
}
