//! Lives through random days: `sim --seeds N --from S [--json] [--trace]`.

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use world::Chronicle;
use world::seeds::{self, Summary};

struct Wanted {
    seeds: u64,
    from: u64,
    as_json: bool,
    chronicle: Chronicle,
}

const USAGE: &str = "usage: sim [--seeds N] [--from S] [--json] [--trace]";

fn main() -> ExitCode {
    let wanted = match wanted(std::env::args().skip(1)) {
        Ok(wanted) => wanted,
        Err(words) => {
            eprintln!("{words}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    // A house that breaks down is reported with its seed, once.
    std::panic::set_hook(Box::new(|_| {}));
    let began = Instant::now();
    let mut summary = Summary::default();
    for seed in wanted.from..wanted.from + wanted.seeds {
        let before = summary.failures.len();
        seeds::add(&mut summary, seed, wanted.chronicle);
        for failure in &summary.failures[before..] {
            eprintln!("{failure}");
        }
        if !wanted.as_json && summary.seeds.is_multiple_of(100) {
            eprintln!(
                "{} seeds, {} calls, {} failures",
                summary.seeds,
                summary.calls,
                summary.failures.len()
            );
        }
    }
    report(&wanted, &summary, began.elapsed().as_secs_f64());
    if summary.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn report(wanted: &Wanted, summary: &Summary, took: f64) {
    let Summary { seeds, calls, answered, emergencies, lived, failures } = summary;
    let failed: Vec<u64> = failures.iter().map(|failure| failure.seed).collect();
    let text = if wanted.as_json {
        serde_json::json!({
            "seeds": seeds, "from": wanted.from, "calls": calls, "answered": answered,
            "emergencies": emergencies, "lived_s": lived.as_secs(), "took_s": took, "failed_seeds": failed,
        })
        .to_string()
    } else {
        let hours = lived.as_secs_f64() / 3600.0;
        format!(
            "{seeds} seeds from {}: {calls} calls, {answered} answered, {emergencies} for help, \
             {hours:.1} hours lived in {took:.1} s; {} failures {failed:?}",
            wanted.from,
            failures.len()
        )
    };
    // Whoever closed our output knows why.
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn wanted(mut args: impl Iterator<Item = String>) -> Result<Wanted, String> {
    let mut wanted = Wanted { seeds: 100, from: 1, as_json: false, chronicle: Chronicle::Silent };
    while let Some(arg) = args.next() {
        let mut number = || {
            let value = args.next().ok_or(format!("{arg} needs a number"))?;
            value.parse().map_err(|_| format!("{value} is no number"))
        };
        match arg.as_str() {
            "--seeds" => wanted.seeds = number()?,
            "--from" => wanted.from = number()?,
            "--json" => wanted.as_json = true,
            "--trace" => wanted.chronicle = Chronicle::Told,
            _ => return Err(format!("{arg} isn't known")),
        }
    }
    Ok(wanted)
}
