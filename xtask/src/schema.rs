//! docs/tandem.schema.json is what `tandem config schema` prints, kept so that editors can use it.

use std::fs;

use crate::step::{Failure, cargo, read, root};

const PAGE: &str = "docs/tandem.schema.json";

pub fn write() -> Result<(), Failure> {
    let schema = generated()?;
    fs::write(root().join(PAGE), schema).map_err(|error| {
        Failure::new(format!("{PAGE}: {error}"), "is docs/ there, and may it be written?")
    })?;
    println!("{PAGE} written");
    Ok(())
}

pub fn compare() -> Result<(), Failure> {
    let kept = fs::read_to_string(root().join(PAGE)).unwrap_or_default();
    if kept == generated()? {
        println!("{PAGE} is as the product prints it");
        return Ok(());
    }
    Err(Failure::new(format!("{PAGE} is not what the product prints"), "cargo xtask schema --write"))
}

fn generated() -> Result<String, Failure> {
    let arguments = ["run", "--quiet", "-p", "tandem", "--", "config", "schema"];
    read(cargo().args(arguments), "cargo build -p tandem, and mend what fails")
}
