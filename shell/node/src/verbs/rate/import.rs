//! `tandem rate import`: a provider's list becomes a deck's file; what is no price is set aside.

use std::collections::HashMap;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use cli::{Exit, Paint, Palette, RateImport};
use policy::{Deck, LIST_HEAD, Rate};
use serde_json::json;

use crate::verbs::rate::columns::{Columns, fields};
use crate::verbs::rate::file_of;

/// Progress is shown of what takes longer than this, so often.
const SHOW_EVERY: Duration = Duration::from_secs(1);
/// Bad lines that are shown where no file takes them.
const BAD_SHOWN: usize = 5;

/// A line that was set aside.
struct Bad {
    line: usize,
    why: String,
    text: String,
}

pub fn run(question: &RateImport, palette: Palette) -> Result<Exit> {
    let bytes = fs::read(&question.file).with_context(|| question.file.display().to_string())?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start_matches('\u{feff}');
    let columns = match Columns::find(text.lines().next().unwrap_or(""), question.map.as_deref()) {
        Ok(columns) => columns,
        Err(why) => {
            eprintln!("tandem: {}: {why}", question.file.display());
            return Ok(Exit::Usage);
        }
    };
    let (rates, bad) = read(text, columns);
    let good = rates.len();
    let configured = file_of(&question.dir, &question.deck)?;
    let file = configured.clone().unwrap_or_else(|| format!("decks/{}.csv", question.deck));
    let path = question.dir.join(&file);
    if good > 0 {
        write(&path, &Deck::new(rates))?;
    }
    set_aside(question.bad.as_deref(), &bad)?;
    if question.json {
        println!("{:#}", json!({ "file": path, "good": good, "bad": bad.len() }));
    } else {
        let mark = if bad.is_empty() { Paint::Good } else { Paint::Note };
        println!("{} {good} prices in {}, {} bad lines", palette.paint(mark, "✔"), path.display(), bad.len());
        if configured.is_some() && good > 0 {
            println!("  in force once it is applied: tandem plan shows what changes, tandem apply does it");
        }
        if configured.is_none() {
            println!("Now add to the configuration:\n\n[deck.{}]\nfile = \"{file}\"", question.deck);
            println!("currency = \"USD\"\n\nand to its trunk: cost = {{ deck = \"{}\" }}", question.deck);
        }
    }
    Ok(match (good, bad.len()) {
        (0, _) => Exit::Bad,
        (_, 0) => Exit::Done,
        _ => Exit::Partly,
    })
}

fn read(text: &str, columns: Columns) -> (Vec<Rate>, Vec<Bad>) {
    let (mut rates, mut bad) = (Vec::new(), Vec::new());
    let mut known: HashMap<(Box<str>, Option<u32>), usize> = HashMap::new();
    let mut progress = Progress::new(text.len());
    let lines = (1..).zip(text.lines()).skip(usize::from(columns.has_head));
    for (line, written) in lines.filter(|(_, written)| !written.trim().is_empty()) {
        let rate = rate_of(written, columns).map_err(str::to_owned).and_then(|rate| {
            match known.insert((rate.prefix.clone(), rate.from_day), line) {
                None => Ok(rate),
                Some(first) => {
                    known.insert((rate.prefix.clone(), rate.from_day), first);
                    Err(format!("the prefix stands in line {first} already"))
                }
            }
        });
        match rate {
            Ok(rate) => rates.push(rate),
            Err(why) => bad.push(Bad { line, why, text: written.to_owned() }),
        }
        progress.read(written.len() + 1, rates.len(), bad.len());
    }
    (rates, bad)
}

fn rate_of(line: &str, columns: Columns) -> Result<Rate, &'static str> {
    let fields = fields(line, columns.separator);
    let field = |at: Option<usize>| at.and_then(|at| fields.get(at)).map_or("", |field| field.trim());
    let price = match columns.separator {
        // Where commas separate nothing, they may stand for the point.
        ';' | '\t' => field(Some(columns.price)).replace(',', "."),
        _ => field(Some(columns.price)).to_owned(),
    };
    Rate::read(field(Some(columns.prefix)), &price, field(columns.from), field(columns.name))
}

/// Writes beside the old file first, so that nobody reads half a list.
fn write(path: &Path, deck: &Deck) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let beside: PathBuf = path.with_extension("csv.new");
    let file = fs::File::create(&beside).with_context(|| beside.display().to_string())?;
    let mut out = BufWriter::new(file);
    writeln!(out, "{LIST_HEAD}")?;
    for rate in deck.rates() {
        writeln!(out, "{}", rate.line())?;
    }
    out.into_inner()?.sync_all()?;
    fs::rename(&beside, path).with_context(|| path.display().to_string())
}

fn set_aside(file: Option<&Path>, bad: &[Bad]) -> Result<()> {
    let Some(file) = file else {
        for Bad { line, why, text } in bad.iter().take(BAD_SHOWN) {
            eprintln!("line {line}: {why}: {text}");
        }
        if bad.len() > BAD_SHOWN {
            eprintln!("… {} more; --bad FILE writes all", bad.len() - BAD_SHOWN);
        }
        return Ok(());
    };
    let lines: String =
        bad.iter().map(|Bad { line, why, text }| format!("{line},\"{why}\",{text}\n")).collect();
    fs::write(file, format!("line,why,text\n{lines}")).with_context(|| file.display().to_string())
}

/// Says on standard error how far it has come, and how long it still takes.
struct Progress {
    began: Instant,
    shown: Instant,
    bytes: usize,
    of: usize,
}

impl Progress {
    fn new(of: usize) -> Progress {
        let now = Instant::now();
        Progress { began: now, shown: now, bytes: 0, of }
    }

    fn read(&mut self, bytes: usize, good: usize, bad: usize) {
        self.bytes += bytes;
        if (good + bad).is_multiple_of(4096) && self.shown.elapsed() >= SHOW_EVERY {
            self.shown = Instant::now();
            let spent = self.began.elapsed().as_secs_f64();
            let rate = (good + bad) as f64 / spent;
            let left = spent * (self.of.saturating_sub(self.bytes)) as f64 / self.bytes as f64;
            eprintln!("{good} prices, {bad} bad lines, {rate:.0} lines/s, {left:.0} s left");
        }
    }
}
