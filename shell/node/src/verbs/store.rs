//! `tandem store`: whether what is kept is whole, and copies of it.

use std::path::Path;

use anyhow::{Context, Result};
use cli::{Copies, Exit, House, Paint, Palette, Store};
use serde_json::json;
use store::{Backup, BackupFault, BriefsExamined, ReelsExamined};

use crate::verbs::{Form, when};
use crate::{recorder, storage};

pub fn run(verb: &Store, palette: Palette) -> Result<Exit> {
    match verb {
        Store::Verify { house, json } => verify(house, if *json { Form::Json } else { Form::Text }, palette),
        Store::Backup(copies) => {
            let done = store::back_up(&copies.house.data(), &copies.backup);
            say(copies, done, ("copied to", &copies.backup), palette)
        }
        Store::Restore(copies) => {
            let data = copies.house.data();
            say(copies, store::restore(&copies.backup, &data), ("restored to", &data), palette)
        }
    }
}

fn say(
    copies: &Copies,
    done: Result<Backup, BackupFault>,
    (what, place): (&str, &Path),
    palette: Palette,
) -> Result<Exit> {
    let backup = match done {
        Ok(backup) => backup,
        Err(fault) => {
            eprintln!("tandem: {fault}");
            return Ok(match fault {
                BackupFault::Taken(_) | BackupFault::Nothing(_) | BackupFault::NoBackup(_) => Exit::Usage,
                BackupFault::Changed(_) => Exit::Bad,
                BackupFault::Restless | BackupFault::Io { .. } => Exit::Unreachable,
            });
        }
    };
    let (files, bytes) = (backup.files.len(), backup.bytes());
    if copies.json {
        let place = place.display().to_string();
        println!("{:#}", json!({ "at_ms": backup.at_ms, "files": files, "bytes": bytes, "place": place }));
    } else {
        let at = when(i64::try_from(backup.at_ms).unwrap_or(i64::MAX));
        let mark = palette.paint(Paint::Good, "✔");
        println!("{mark} {files} files, {bytes} bytes of {at}, {what} {}", place.display());
    }
    Ok(Exit::Done)
}

fn verify(house: &House, form: Form, palette: Palette) -> Result<Exit> {
    let data = house.data();
    let examined = store::examine_on(&storage::of_house(house)?, &data);
    let examined = examined.with_context(|| data.display().to_string())?;
    let messages = messages(&data)?;
    let briefs = store::examine_briefs(&data).with_context(|| data.display().to_string())?;
    if form == Form::Json {
        let mut said = json!(examined);
        said["messages"] = json!(messages);
        said["briefs"] = json!(briefs);
        println!("{said:#}");
    } else {
        examined.findings.iter().for_each(|words| println!("{} {words}", palette.paint(Paint::Bad, "✘")));
        let more = examined.faults.saturating_sub(examined.findings.len() as u64);
        if more > 0 {
            println!("and {more} more");
        }
        let (paint, mark) = if examined.faults == 0 { (Paint::Good, "✔") } else { (Paint::Note, "→") };
        let mark = palette.paint(paint, mark);
        println!("{mark} {} calls in {} files can be found", examined.rows, examined.files);
        if examined.behind_bytes > 0 {
            println!("  {} bytes are not read yet", examined.behind_bytes);
        }
        say_messages(&messages, palette);
        say_briefs(&briefs, palette);
    }
    let is_whole = examined.faults + briefs.faults == 0 && messages.findings.is_empty();
    Ok(if is_whole { Exit::Done } else { Exit::Bad })
}

/// What the flight recorder has written.
fn messages(data: &Path) -> Result<ReelsExamined> {
    let mut examined = ReelsExamined::default();
    for folder in recorder::folders(data) {
        store::examine_reels(&folder, &mut examined).with_context(|| folder.display().to_string())?;
    }
    Ok(examined)
}

fn say_messages(messages: &ReelsExamined, palette: Palette) {
    let ReelsExamined { files, frames, torn_bytes, findings } = messages;
    findings.iter().for_each(|words| println!("{} {words}", palette.paint(Paint::Bad, "✘")));
    let (paint, mark) = if findings.is_empty() { (Paint::Good, "✔") } else { (Paint::Note, "→") };
    println!("{} {frames} messages of calls in {files} files", palette.paint(paint, mark));
    if *torn_bytes > 0 {
        println!("  {torn_bytes} bytes were torn when a process or the power ended");
    }
}

/// What reports read in the place of records.
fn say_briefs(briefs: &BriefsExamined, palette: Palette) {
    briefs.findings.iter().for_each(|words| println!("{} {words}", palette.paint(Paint::Bad, "✘")));
    let (paint, mark) = if briefs.faults == 0 { (Paint::Good, "✔") } else { (Paint::Note, "→") };
    let mark = palette.paint(paint, mark);
    println!(
        "{mark} {} of {} files of records are there in brief, for reports",
        briefs.in_brief, briefs.files
    );
    if briefs.to_make_anew > 0 {
        println!("  {} more are of other records, and are made anew", briefs.to_make_anew);
    }
}
