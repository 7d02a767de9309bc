//! Verbs that only look.

pub mod audit;
pub mod call;
pub mod capacity;
pub mod cdr;
pub mod certificate;
pub mod change;
mod changes;
pub mod check;
pub mod cost;
mod desk_phones;
pub mod directory;
pub mod effective;
pub mod explain;
pub mod failover;
pub mod find;
pub mod help;
pub mod kept;
mod make;
mod marks;
pub mod messages;
pub mod number;
pub mod operate;
pub mod pages;
pub mod past;
pub mod provider;
pub mod rate;
pub mod record;
pub mod report;
mod sheet;
pub mod sign_in;
pub mod status;
pub mod store;
pub mod test;
pub mod token;
pub mod top;
pub mod trunk;
pub mod user;
pub mod webhook;

use std::path::Path;

use anyhow::{Result, bail};
use cli::Exit;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::control::{self, Request, Response};

pub fn schema() -> Result<Exit> {
    println!("{:#}", model::schema());
    Ok(Exit::Done)
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Text,
    Json,
}

pub fn version(form: Form) -> Result<Exit> {
    let version = env!("CARGO_PKG_VERSION");
    match form {
        Form::Json => println!("{}", json!({ "name": "tandem", "version": version })),
        Form::Text => println!("tandem {version}"),
    }
    Ok(Exit::Done)
}

/// Asks the house that runs on a data folder; the exit code where it does not say what was asked for.
pub fn ask(data: &Path, request: &Request) -> Result<Result<Value, Exit>> {
    match control::ask(data, request)? {
        Some(Response::Answer(value)) => Ok(Ok(value)),
        Some(Response::Refused { exit, words }) => {
            eprintln!("tandem: {words}");
            Ok(Err(Exit::from_code(exit)))
        }
        None => {
            bail!("no house runs on {}; start one with tandem up, or say --data or --dir", data.display())
        }
    }
}

/// A moment for somebody elsewhere: UTC, to the millisecond.
pub fn exactly(ms: i64) -> String {
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(moment) => moment.strftime("%Y-%m-%d %H:%M:%S%.3f UTC").to_string(),
        Err(_) => format!("{ms} ms"),
    }
}

/// A moment in the zone of whoever reads it, with its offset.
pub fn when(ms: i64) -> String {
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(moment) => moment.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S%:z").to_string(),
        Err(_) => format!("{ms} ms"),
    }
}
