//! Calls of many kinds are drawn and handed on: refused, failed over, forked, challenged, repeated, in the
//! letters of other languages. xmllint reads every picture and every page, librsvg paints the pictures,
//! html-validate reads the pages, and Chromium opens them as whoever was mailed one does: nothing is fetched,
//! nothing runs, the style is taken, each arrow leads to its message, axe-core finds nothing in light and
//! dark, and on paper every message is open.
//!
//! Proves: pain 23.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::place::io_failure;
use super::{Binary, Load, oddities, records};
use crate::step::{self, Failure, read, root};

/// Where the judge's packages are installed.
const PLACE: &str = "target/interop-drawn";
const SCRIPT: &str = "judge.mjs";
/// What is played, by its name in the table of oddities.
const PLAYED: [&str; 10] = [
    "refused-404",
    "refused-in-other-words",
    "silent",
    "forks-speak",
    "fork-is-gone",
    "challenged-md5",
    "answer-repeats",
    "same-invite-thrice",
    "digits-by-info",
    "strange-headers",
];
/// How a file of PNG begins, and how little a painted ladder never is.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const PNG_MIN: usize = 4_000;

/// Installs them, in the versions that interop/drawn has locked, where they are missing.
pub fn install() -> Result<(), Failure> {
    let folder = root().join(PLACE);
    let lock = fs::read(root().join("interop/drawn/package-lock.json"));
    let lock = lock.map_err(|error| io_failure("package-lock.json", &error))?;
    let installed = folder.join("node_modules/.package-lock.json").exists();
    if installed && fs::read(folder.join("package-lock.json")).is_ok_and(|there| there == lock) {
        return Ok(());
    }
    fs::create_dir_all(&folder).map_err(|error| io_failure(PLACE, &error))?;
    for file in ["package.json", "package-lock.json"] {
        let copied = fs::copy(root().join("interop/drawn").join(file), folder.join(file));
        copied.map_err(|error| io_failure(file, &error))?;
    }
    let mut command = Command::new("npm");
    command.current_dir(&folder).args(["ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]);
    step::run(&mut command, "needs npm (apt-get install nodejs npm) and its registry")
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    oddities::played(binary, "drawn", &PLAYED, |folder| {
        let kept = records::read(folder)?;
        let name_of = |id: &str| PLAYED.iter().position(|name| id.starts_with(&format!("{name}.")));
        let mut played = [false; PLAYED.len()];
        let mut ids = Vec::new();
        for record in &kept {
            let place = record["call_id"].as_str().and_then(name_of);
            place.into_iter().for_each(|place| played[place] = true);
            ids.extend(record["id"].as_str().map(str::to_owned));
        }
        if let Some(missing) = played.iter().position(|is_there| !is_there) {
            let what = format!("{} left no record", PLAYED[missing]);
            return Err(Failure::new(what, "ODDITY=NAME cargo xtask interop oddities"));
        }
        let judged = judge(binary, folder, &ids)?;
        expect_all_kinds(folder, &ids)?;
        Ok(judged)
    })
}

/// What the calls were chosen for stands in their ladders.
fn expect_all_kinds(folder: &Path, ids: &[String]) -> Result<(), Failure> {
    let (mut refused, mut repeated, mut failed_over) = (false, false, false);
    for id in ids {
        let file = folder.join("drawn").join(format!("{id}.json"));
        let text = fs::read_to_string(&file).map_err(|error| io_failure("a ladder", &error))?;
        let call: Value = serde_json::from_str(&text).unwrap_or_default();
        for arrow in call["ladder"]["arrows"].as_array().into_iter().flatten() {
            refused |= arrow["sort"] == "refusal";
            repeated |= arrow["repeat"].as_u64() > Some(0);
        }
        let mut notes = call["ladder"]["notes"].as_array().into_iter().flatten();
        failed_over |=
            notes.any(|note| note["words"].as_str().is_some_and(|words| words.contains("; on to ")));
    }
    match refused && repeated && failed_over {
        true => Ok(()),
        false => Err(Failure::new("no refusal, no repeat or no second trunk was drawn", "read drawn/*.json")),
    }
}

/// Draws calls of a house that runs, and has others judge what comes out. How much it was.
pub fn judge(binary: &Binary, folder: &Path, ids: &[String]) -> Result<String, Failure> {
    let drawn = folder.join("drawn");
    fs::create_dir_all(&drawn).map_err(|error| io_failure("drawn", &error))?;
    let mut files = Vec::new();
    for id in ids {
        let file = |ending: &str| drawn.join(format!("{id}.{ending}"));
        let [picture, page, known] = ["svg", "html", "json"].map(file);
        draw(binary, folder, &["ladder", id, "--html", "-o"], &page)?;
        draw(binary, folder, &["ladder", id, "--svg", "-o"], &picture)?;
        draw(binary, folder, &["ladder", id, "--json", "-o"], &known)?;
        paint(&picture)?;
        files.extend([picture, page]);
    }
    let mut xmllint = Command::new("xmllint");
    xmllint.args(["--noout", "--nonet"]).args(&files);
    read(&mut xmllint, "each must be well-formed")?;
    opened(&drawn)
}

fn draw(binary: &Binary, folder: &Path, words: &[&str], file: &Path) -> Result<(), Failure> {
    let mut command = binary.command();
    command.arg("call").args(words).arg(file).arg("--data").arg(folder.join("data"));
    read(&mut command, "read node.log").map(|_| ())
}

/// As a program sees it that has no browser.
fn paint(picture: &Path) -> Result<(), Failure> {
    let painted = picture.with_extension("png");
    let mut convert = Command::new("rsvg-convert");
    let said = read(convert.arg(picture).arg("-o").arg(&painted), "is librsvg2-bin installed?")?;
    let bytes = fs::read(&painted).map_err(|error| io_failure("the painted picture", &error))?;
    if bytes.starts_with(PNG) && bytes.len() > PNG_MIN && said.is_empty() {
        return Ok(());
    }
    let what = format!("{} is painted in {} bytes {said}", picture.display(), bytes.len());
    Err(Failure::new(what, "look at it"))
}

/// As whoever was mailed the page sees it.
fn opened(drawn: &Path) -> Result<String, Failure> {
    // Beside its packages, so that Node finds them.
    let script = root().join(PLACE).join(SCRIPT);
    let copied = fs::copy(root().join("interop/drawn").join(SCRIPT), &script);
    copied.map_err(|error| io_failure(SCRIPT, &error))?;
    let mut node = Command::new("node");
    let output = node.arg(script).arg(drawn).output().map_err(|error| io_failure("node", &error))?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).trim().to_owned();
    if output.status.success() {
        return Ok(format!("{said}, read by xmllint, painted by librsvg, opened by Chromium"));
    }
    let log = drawn.join("judge.log");
    fs::write(&log, &said).map_err(|error| io_failure("judge.log", &error))?;
    let first = said.lines().next().unwrap_or_default();
    Err(Failure::new(first.to_owned(), format!("read {}", log.display())))
}
