//! `tandem webhook`: records for somebody who has lost them.

use anyhow::{Context, Result, bail};
use cli::{Exit, Webhook};

use crate::verbs::find::moment;

pub fn run(verb: &Webhook) -> Result<Exit> {
    let Webhook::Replay { name, since, house } = verb;
    if !model::is_name(name) {
        bail!("\"{name}\" is not the name of a webhook: [webhook.NAME] says it");
    }
    let since_ms = moment(since).with_context(|| format!("--since {since}"))?;
    let data = house.data();
    exports::replay(&data, name, since_ms).with_context(|| data.display().to_string())?;
    println!("{name} is sent again what ended since {}", crate::verbs::when(since_ms));
    Ok(Exit::Done)
}
