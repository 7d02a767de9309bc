//! What trunks and PBXs of the field do otherwise than one would think, each as a SIPp scenario of its own.
//!
//! One house, several oddities at once: interop/sipp/oddities.toml is the table, interop/sipp/oddities the
//! scripts. SIPp has to be content on every side, the call's record has to say what the table says, and the
//! house holds nothing in the end.

mod house;
mod play;
mod rough;
mod script;
mod table;

use std::collections::{BTreeSet, VecDeque};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::node::{Node, Setting};
use super::place;
use super::{Binary, Load, records};
use crate::step::{Failure, read};
use play::Play;
use script::Side;
use table::Oddity;

/// So many are played at once: most of their time they wait.
const AT_ONCE: usize = 12;

/// Transactions of UDP are remembered for 32 s after their end.
const HELD_AT_MOST: Duration = Duration::from_secs(45);

/// What each row of the table speaks for: a row of the acceptance list, the oddity's name, what it says.
pub fn proofs() -> Result<Vec<(String, String, String)>, Failure> {
    let oddities = table::read()?;
    let rows = oddities.iter().flat_map(|oddity| oddity.rows.iter().map(move |row| (oddity, row)));
    Ok(rows.map(|(oddity, row)| (row.clone(), oddity.name.clone(), oddity.says.clone())).collect())
}

/// Who fails is played once more, in a house of its own: SIPp aborts where a message comes while it sends.
pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let begun = Instant::now();
    let oddities = table::read()?;
    let only = env::var("ODDITY").ok();
    let named = oddities.iter().map(|oddity| oddity.name.as_str());
    let first: BTreeSet<&str> = named.filter(|name| only.as_ref().is_none_or(|only| only == name)).collect();
    let failed = play(binary, &oddities, &first)?;
    let mut figures = format!("{} oddities in {} s", first.len(), begun.elapsed().as_secs());
    let again: BTreeSet<&str> = failed.iter().map(String::as_str).collect();
    if !again.is_empty() {
        let failed = play(binary, &oddities, &again)?;
        if !failed.is_empty() {
            let cure = "read target/interop/oddities/NAME, ODDITY=NAME plays one";
            return Err(Failure::new(failed.into_iter().collect::<Vec<_>>().join(", "), cure));
        }
        let names: Vec<&str> = again.into_iter().collect();
        figures.push_str(&format!("; at the second time only: {}", names.join(", ")));
    }
    Ok(figures)
}

/// Plays some of them in the house of another scenario, which looks at them while it runs. How they went is
/// judged elsewhere.
pub fn played<T>(
    binary: &Binary,
    scenario: &str,
    names: &[&str],
    look: impl FnOnce(&Path) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let oddities = table::read()?;
    let Stage { folder, sides, setting, node } = stage(binary, scenario, &oddities)?;
    let plays = plays(&oddities, &sides, |oddity| names.contains(&oddity.name.as_str()));
    if plays.len() != names.len() {
        return Err(Failure::new("an oddity is not in the table", "read interop/sipp/oddities.toml"));
    }
    play_all(plays, |play| play.run(&folder, setting.sip));
    let looked = look(&folder);
    node.stop()?;
    looked
}

/// A house that runs, and whoever plays there.
struct Stage {
    folder: PathBuf,
    sides: Vec<Vec<Side>>,
    setting: Setting,
    node: Node,
}

fn stage(binary: &Binary, scenario: &str, oddities: &[Oddity]) -> Result<Stage, Failure> {
    let folder = place::folder(scenario)?;
    let sides: Vec<Vec<Side>> = oddities.iter().enumerate().map(sides).collect::<Result<_, _>>()?;
    let setting = house::configure(&folder, oddities, &sides)?;
    let node = Node::start(binary, &folder, &setting)?;
    Ok(Stage { folder, sides, setting, node })
}

/// Those that are meant, the longest first.
fn plays<'p>(
    oddities: &'p [Oddity],
    sides: &'p [Vec<Side>],
    is_played: impl Fn(&Oddity) -> bool,
) -> Vec<Play<'p>> {
    let mut plays: Vec<Play<'_>> = oddities.iter().zip(sides).enumerate().map(Play::from).collect();
    plays.retain(|play| is_played(play.oddity));
    plays.sort_by_key(|play| std::cmp::Reverse(play.oddity.seconds));
    plays
}

/// Plays some of them against one house; the names of those that failed.
fn play(binary: &Binary, oddities: &[Oddity], names: &BTreeSet<&str>) -> Result<BTreeSet<String>, Failure> {
    let Stage { folder, sides, setting, node } = stage(binary, "oddities", oddities)?;
    let is_played = |oddity: &Oddity| names.contains(oddity.name.as_str());
    let plays = plays(oddities, &sides, is_played);
    let mut failures = play_all(plays, |play| play.run(&folder, setting.sip));
    leaks(binary, &folder)?;
    node.stop()?;

    let kept = records::read(&folder)?;
    let played: Vec<&Oddity> = oddities.iter().filter(|oddity| is_played(oddity)).collect();
    for oddity in &played {
        if let Err(failure) = judge(oddity, &kept) {
            failures.push((oddity.name.clone(), failure));
        }
    }
    tell(&folder, &played, &failures);
    Ok(failures.into_iter().map(|(name, _)| name).collect())
}

fn sides((index, oddity): (usize, &Oddity)) -> Result<Vec<Side>, Failure> {
    let mut words = oddity.with.clone();
    words.extend(house::digits(index).map(|(name, digits)| (name.to_owned(), digits)));
    script::read(&oddity.script, &words)
}

impl<'p> From<(usize, (&'p Oddity, &'p Vec<Side>))> for Play<'p> {
    fn from((index, (oddity, sides)): (usize, (&'p Oddity, &'p Vec<Side>))) -> Play<'p> {
        Play { index, oddity, sides }
    }
}

/// Plays several at once; who failed, and how.
fn play_all(
    plays: Vec<Play<'_>>,
    run: impl Fn(&Play<'_>) -> Result<(), Failure> + Sync,
) -> Vec<(String, Failure)> {
    let waiting = Mutex::new(VecDeque::from(plays));
    let failures = Mutex::new(Vec::new());
    let next = || waiting.lock().ok()?.pop_front();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(play) = next() {
                    if let (Err(failure), Ok(mut failures)) = (run(&play), failures.lock()) {
                        failures.push((play.oddity.name.clone(), failure));
                    }
                }
            });
        }
    });
    failures.into_inner().unwrap_or_default()
}

/// What its records say.
fn judge(oddity: &Oddity, kept: &[Value]) -> Result<(), Failure> {
    let begins = format!("{}.", oddity.name);
    let is_its = |record: &&Value| record["call_id"].as_str().is_some_and(|id| id.starts_with(&begins));
    let own: Vec<&Value> = kept.iter().filter(is_its).collect();
    if own.len() != oddity.records {
        let what = format!("{} records, where {} should be", own.len(), oddity.records);
        return Err(Failure::new(what, "look for its name in data/records"));
    }
    let Some(record) = own.last() else { return Ok(()) };
    for (place, wanted) in &oddity.record {
        let found = record.pointer(&format!("/{place}")).unwrap_or(&Value::Null);
        if found != wanted {
            let what = format!("its record's {place} is {found}, where {wanted} should be");
            return Err(Failure::new(what, "look for its name in data/records"));
        }
    }
    Ok(())
}

/// Waits until the house holds nothing, as it says itself.
fn leaks(binary: &Binary, folder: &Path) -> Result<(), Failure> {
    let until = Instant::now() + HELD_AT_MOST;
    loop {
        let mut command = binary.command();
        command.args(["status", "--json", "--data"]).arg(folder.join("data"));
        let said = read(&mut command, "does the house still run?")?;
        let status: Value = serde_json::from_str(&said)
            .map_err(|error| Failure::new(format!("its status: {error}"), "run tandem status --json"))?;
        let held = status["held"].as_object().cloned().unwrap_or_default();
        if !held.is_empty() && held.values().all(|count| count.as_u64() == Some(0)) {
            return Ok(());
        }
        if Instant::now() > until {
            let what = format!("still holds {}", status["held"]);
            return Err(Failure::new(what, "read node.log; tandem call list --live names the call"));
        }
        thread::sleep(Duration::from_millis(500));
    }
}

/// The table of what was played; the logs of what went well are taken away.
fn tell(folder: &Path, oddities: &[&Oddity], failures: &[(String, Failure)]) {
    for oddity in oddities {
        let own: Vec<String> = failures
            .iter()
            .filter(|(name, _)| *name == oddity.name)
            .map(|(_, failure)| failure.what.clone())
            .collect();
        let verdict = if own.is_empty() { "ok".to_owned() } else { format!("FAILED {}", own.join("; ")) };
        println!("      {:<34} {:<12} {verdict}", oddity.name, oddity.rows.join(" "));
        if own.is_empty() {
            fs::remove_dir_all(folder.join(&oddity.name)).ok();
        }
    }
    for (_, failure) in failures.iter().filter(|(name, _)| name == "the house") {
        println!("      the house {failure}");
    }
}
