//! `tandem help`: what a code means, or how a verb is used.

use anyhow::Result;
use cli::Exit;

pub fn run(topic: Option<&str>) -> Result<Exit> {
    let Some(topic) = topic else { return usage(&["--help"]) };
    if !topic.to_ascii_uppercase().starts_with("TD-") {
        return usage(&[topic, "--help"]);
    }
    let code = topic.to_ascii_uppercase();
    match page(&code) {
        Some(page) => {
            println!("{page}");
            Ok(Exit::Done)
        }
        None => {
            eprintln!(
                "tandem: there is no code {code}; TD-C… are problems of configuration, TD-R… refusals, \
TD-E… endings of calls, TD-A… refusals by HTTP, TD-S… what keeps records from being found"
            );
            Ok(Exit::Usage)
        }
    }
}

fn page(code: &str) -> Option<String> {
    let refusal = policy::REFUSALS.iter().find(|row| row.code.to_string() == code);
    if let Some(row) = refusal {
        return Some(format!("{code}  {}  (SIP {})\n\n  {}", row.title, row.status, row.help));
    }
    let verdict = switch::VERDICTS.iter().find(|verdict| verdict.code == code);
    if let Some(verdict) = verdict {
        return Some(format!("{code}  {}\n\n  {}", verdict.title, verdict.help));
    }
    let by_http = api::CODES.iter().find(|row| row.code == code);
    if let Some(row) = by_http {
        return Some(format!("{code}  {}\n\n  {}", row.title, row.help));
    }
    let of_store = store::CODES.iter().find(|row| row.code == code);
    if let Some(row) = of_store {
        return Some(format!("{code}  {}\n\n  {}", row.title, row.help));
    }
    let (_, title) = model::CODES.iter().find(|(known, _)| known.to_string() == code)?;
    Some(format!(
        "{code}  {title}\n\n  tandem config check DIR shows where it stands, and what to write there."
    ))
}

/// What a refusal, or an ending of a call, is in a few words.
pub fn title(code: &str) -> Option<&'static str> {
    let refusal = policy::REFUSALS.iter().find(|row| row.code.to_string() == code).map(|row| row.title);
    let ending = || switch::VERDICTS.iter().find(|verdict| verdict.code == code).map(|verdict| verdict.title);
    refusal.or_else(ending)
}

/// Lets clap print what it knows, as if asked by `--help`.
fn usage(words: &[&str]) -> Result<Exit> {
    match cli::parse_from(["tandem"].iter().chain(words)) {
        Ok(_) => Ok(Exit::Done),
        Err(shown) => {
            shown.print()?;
            Ok(if shown.use_stderr() { Exit::Usage } else { Exit::Done })
        }
    }
}
