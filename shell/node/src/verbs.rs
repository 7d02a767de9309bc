//! Verbs that only look.

pub mod check;
pub mod explain;
pub mod help;
pub mod test;

use anyhow::Result;
use cli::Exit;
use serde_json::json;

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
