//! `tandem plan`, `apply`, `confirm`, `rollback`: safe change from the command line.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cli::{Apply, Confirm, Exit, Paint, Palette, Plan, Rollback};
use serde_json::{Value, json};

use crate::control::{self, Request, Response};
use crate::revisions;
use crate::verbs::{Form, ask, changes, when};

pub fn plan(plan: &Plan, palette: Palette) -> Result<Exit> {
    let data = plan.house.data_beside(plan.directory.as_deref());
    let directory = absolute(plan.directory.as_deref())?;
    let answer = match control::ask(&data, &Request::Plan { directory: directory.clone() })? {
        Some(Response::Answer(answer)) => answer,
        Some(Response::Refused { exit, words }) => {
            eprintln!("tandem: {words}");
            return Ok(Exit::from_code(exit));
        }
        None => {
            let of_house = || plan.house.dir.clone().unwrap_or_else(|| PathBuf::from("."));
            eprintln!("no house runs on {}: compared with its newest revision", data.display());
            json!(revisions::plan_at_rest(&directory.unwrap_or_else(of_house), &data)?)
        }
    };
    if plan.json {
        println!("{answer:#}");
    } else {
        println!("{}", changes::plan_in_words(&answer, palette));
    }
    Ok(if answer["is_good"] == true { Exit::Done } else { Exit::Bad })
}

pub fn apply(apply: &Apply, palette: Palette) -> Result<Exit> {
    let data = apply.house.data_beside(apply.directory.as_deref());
    let directory = absolute(apply.directory.as_deref())?;
    let plan = match ask(&data, &Request::Plan { directory: directory.clone() })? {
        Ok(plan) => plan,
        Err(exit) => return Ok(exit),
    };
    let form = if apply.json { Form::Json } else { Form::Text };
    if form == Form::Text {
        println!("{}\n", changes::plan_in_words(&plan, palette));
    }
    if apply.dry_run {
        return Ok(tell_dry_run(apply, &plan, palette));
    }
    if plan["is_good"] != true {
        let outcome = json!({ "revision": plan["base"], "what": "refused", "plan": plan });
        return Ok(tell(&outcome, form, palette));
    }
    if !apply.yes && !apply.json && !is_wanted()? {
        println!("Nothing was applied.");
        return Ok(Exit::Done);
    }
    let base = apply.base.or(plan["base"].as_u64()).unwrap_or_default();
    let wish = control::Apply {
        directory,
        why: apply.why.clone(),
        confirm_s: apply.confirm.map(|wait| wait.as_secs()),
        seen: Some((base, plan["digest"].as_str().unwrap_or_default().to_owned())),
        for_whom: for_whom(),
    };
    let outcome = match ask(&data, &Request::Apply(wish))? {
        Ok(outcome) => outcome,
        Err(exit) => return Ok(exit),
    };
    Ok(tell(&outcome, form, palette))
}

/// Says what an apply would come to, and ends as it would.
fn tell_dry_run(apply: &Apply, plan: &Value, palette: Palette) -> Exit {
    let revision = &plan["base"];
    let (what, exit) = match apply.base {
        Some(base) if *revision != base => ("conflict", Exit::Conflict),
        _ if plan["is_good"] == true => ("dry_run", Exit::Done),
        _ => ("refused", Exit::Bad),
    };
    if apply.json {
        println!("{:#}", json!({ "revision": revision, "what": what, "plan": plan }));
        return exit;
    }
    let bad = palette.paint(Paint::Bad, "✘");
    match exit {
        Exit::Done => println!(
            "{} it can be applied; this was a dry run, and revision {revision} runs on",
            palette.paint(Paint::Good, "✔")
        ),
        Exit::Conflict => println!("{bad} it would be refused: revision {revision} runs now"),
        _ => println!("{bad} it would be refused; revision {revision} runs on"),
    }
    exit
}

pub fn confirm(confirm: &Confirm, palette: Palette) -> Result<Exit> {
    let answer = match ask(&confirm.house.data(), &Request::Confirm { for_whom: for_whom() })? {
        Ok(answer) => answer,
        Err(exit) => return Ok(exit),
    };
    match confirm.json {
        true => println!("{answer:#}"),
        false => println!("{} revision {} stays", palette.paint(Paint::Good, "✔"), answer["revision"]),
    }
    Ok(Exit::Done)
}

pub fn rollback(rollback: &Rollback, palette: Palette) -> Result<Exit> {
    let request = Request::Rollback { to: rollback.to, why: rollback.why.clone(), for_whom: for_whom() };
    let outcome = match ask(&rollback.house.data(), &request)? {
        Ok(outcome) => outcome,
        Err(exit) => return Ok(exit),
    };
    if !rollback.json {
        println!("{}\n", changes::plan_in_words(&outcome["plan"], palette));
    }
    let form = if rollback.json { Form::Json } else { Form::Text };
    Ok(tell(&outcome, form, palette))
}

fn tell(outcome: &Value, form: Form, palette: Palette) -> Exit {
    let what = outcome["what"].as_str().unwrap_or_default();
    let exit = if what == "refused" { Exit::Bad } else { Exit::Done };
    if form == Form::Json {
        println!("{outcome:#}");
        return exit;
    }
    let revision = &outcome["revision"];
    match what {
        "refused" => {
            println!("{} nothing was applied; revision {revision} runs on", palette.paint(Paint::Bad, "✘"));
        }
        "unchanged" => println!("revision {revision} runs on; files of secrets were read again"),
        _ => println!(
            "{} revision {revision} is in force; calls in progress keep their plan",
            palette.paint(Paint::Good, "✔")
        ),
    }
    if let Some(until) = outcome["confirm_by_ms"].as_i64() {
        println!("  it is taken back at {} unless you say: tandem confirm", when(until));
    }
    exit
}

/// Asks where a person can answer; a script has said what it wants by calling.
fn is_wanted() -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(true);
    }
    eprint!("Apply? [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// The house may have another working directory.
fn absolute(directory: Option<&Path>) -> Result<Option<PathBuf>> {
    let absolute = directory.map(|path| path.canonicalize().with_context(|| path.display().to_string()));
    absolute.transpose()
}

/// Who stands behind root.
fn for_whom() -> Option<String> {
    std::env::var("SUDO_USER").ok()
}
