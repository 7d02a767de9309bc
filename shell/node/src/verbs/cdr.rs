//! `tandem cdr`: whether records of calls are those that were written, and a table of them.

use anyhow::{Context, Result};
use cli::{Cdr, CdrExport, CdrVerify, Exit, Paint, Palette};
use serde_json::json;
use store::{Chained, Exported, Finding, Span};

use crate::verbs::find::moment;

pub fn run(cdr: &Cdr, palette: Palette) -> Result<Exit> {
    match cdr {
        Cdr::Verify(verb) => verify(verb, palette),
        Cdr::Export(verb) => export(verb, palette),
    }
}

fn export(verb: &CdrExport, palette: Palette) -> Result<Exit> {
    let data = verb.house.data();
    let at = |name: &str, text: &Option<String>| {
        text.as_deref().map(|text| moment(text).with_context(|| format!("--{name} {text}"))).transpose()
    };
    let span = Span { since: at("since", &verb.since)?, until: at("until", &verb.until)? };
    let exported = store::export_parquet(&data, &verb.file, span);
    let exported =
        exported.with_context(|| format!("records of {} as {}", data.display(), verb.file.display()))?;
    let Exported { rows, unreadable } = exported;
    if verb.json {
        println!("{:#}", json!(exported));
    } else {
        println!("{} {rows} calls in {}", palette.paint(Paint::Good, "✔"), verb.file.display());
        if unreadable > 0 {
            println!("  {unreadable} lines are no records");
        }
    }
    Ok(Exit::Done)
}

fn verify(verb: &CdrVerify, palette: Palette) -> Result<Exit> {
    let data = verb.house.data();
    let chained = store::follow(&data).with_context(|| data.display().to_string())?;
    let lacks_newest = match &verb.newest {
        Some(newest) => !store::has_link(&data, newest).with_context(|| data.display().to_string())?,
        None => false,
    };
    if verb.json {
        let mut said = json!(chained);
        said["lacks_newest"] = lacks_newest.into();
        println!("{said:#}");
    } else {
        print(&chained, palette);
        if lacks_newest {
            let bad = palette.paint(Paint::Bad, "✘");
            println!("{bad} the record with the hash that you kept is not there: records are gone");
        }
    }
    Ok(if chained.faults == 0 && !lacks_newest { Exit::Done } else { Exit::Bad })
}

fn print(chained: &Chained, palette: Palette) {
    let bad = palette.paint(Paint::Bad, "✘");
    for Finding { file, line, number, id, what } in &chained.findings {
        let number = number.map(|number| format!(", number {number}")).unwrap_or_default();
        let id = id.as_deref().map(|id| format!(", call {id}")).unwrap_or_default();
        println!("{bad} {file}:{line}{number}{id}: {what}");
    }
    let more = chained.faults.saturating_sub(chained.findings.len() as u64);
    if more > 0 {
        println!("and {more} more");
    }
    let Chained { files, records, before_chain, number, newest, .. } = chained;
    let (paint, mark) = if chained.faults == 0 { (Paint::Good, "✔") } else { (Paint::Note, "→") };
    let mark = palette.paint(paint, mark);
    match newest {
        Some(newest) => println!("{mark} {records} records in {files} files; number {number} is {newest}"),
        None => println!("{mark} no record is in a chain"),
    }
    if *before_chain > 0 {
        println!(
            "  {before_chain} records before the chain are of an older program: nobody vouches for them"
        );
    }
}
