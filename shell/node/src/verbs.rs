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

pub fn version(as_json: bool) -> Result<Exit> {
    let version = env!("CARGO_PKG_VERSION");
    if as_json {
        println!("{}", json!({ "name": "tandem", "version": version }));
    } else {
        println!("tandem {version}");
    }
    Ok(Exit::Done)
}
