//! `tandem failover test`: where calls would go if servers of a trunk were lost. Planned, never sent.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use cli::{Exit, Paint, Palette};
use policy::{Loss, Sample, WallTime};
use serde_json::json;

use crate::directory;
use crate::verbs::Form;

pub fn run(trunk: &str, dir: &Path, form: Form, palette: Palette) -> Result<Exit> {
    let policy = match directory::load(dir)? {
        Ok(loaded) => loaded.policy,
        Err(problems) => {
            problems.iter().for_each(|problem| eprintln!("{problem}\n"));
            return Ok(Exit::Bad);
        }
    };
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let Some(losses) = policy::losses(&policy, trunk, WallTime(since.as_millis() as _)) else {
        let near = model::nearest(trunk, policy.trunks().map(|name| &**name));
        let near = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        eprintln!("tandem: there is no trunk \"{trunk}\"{near}");
        return Ok(Exit::Usage);
    };
    let stranded = losses.iter().flat_map(|loss| &loss.samples).filter(|sample| !sample.survives).count();
    match form {
        Form::Json => println!("{:#}", json!({ "trunk": trunk, "losses": losses, "stranded": stranded })),
        Form::Text => print(trunk, &losses, palette),
    }
    Ok(if stranded == 0 { Exit::Done } else { Exit::Bad })
}

fn print(trunk: &str, losses: &[Loss], palette: Palette) {
    for loss in losses {
        println!("{} {}", palette.paint(Paint::Strong, "without"), loss.lost.join(", "));
        if loss.samples.is_empty() {
            println!("    no route, emergency rule or stored test leads through {trunk}");
        }
        loss.samples.iter().for_each(|sample| println!("    {}", line(sample, palette)));
    }
    println!("The same plans as live calls'; nothing was sent.");
}

fn line(sample: &Sample, palette: Palette) -> String {
    let mark = match sample.survives {
        true => palette.paint(Paint::Good, "✔".to_owned()),
        false => palette.paint(Paint::Bad, "✘".to_owned()),
    };
    let Sample { from, dial, route, ways, survives } = sample;
    let by = route.as_deref().map(|route| format!(" ({route})")).unwrap_or_default();
    let goes = match survives {
        true => format!("goes to {}", ways.join(", then ")),
        false => "has no other way".to_owned(),
    };
    format!("{mark} {from} dials {dial}{by} {goes}")
}
