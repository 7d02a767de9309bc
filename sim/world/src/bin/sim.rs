//! Lives through random days: `sim --seeds N --from S [--json] [--trace]`; or plays whatever the parties of
//! one call may do to it: `sim --sequences N`; or asks the reference about random policies:
//! `sim --policies N`; or lives through hours of chaos: `sim --chaos N`; or lights lamps: `sim --lamps N`; or
//! lets attackers at the media of calls: `sim --media N`; or all phones come back at once: `sim --storms N`.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use world::Chronicle;
use world::lamps::{self, Lamps};
use world::seeds::{self, Summary, Tale};
use world::storm::{self, Weather};

struct Wanted {
    what: What,
    seeds: u64,
    from: u64,
    as_json: bool,
    chronicle: Chronicle,
}

/// What a seed is a seed of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Tales(Tale),
    Policies,
    Chaos,
    Lamps,
    Storms,
    Media { shards: u8 },
}

const USAGE: &str = "usage: sim [--seeds N | --sequences N | --policies N | --chaos N | --lamps N | \
                     --media N | --storms N] [--from S] \
                     [--shards N, with --sequences or --media before it] [--json] [--trace]";

const ONE_CALL: Tale = Tale::Sequence { shards: 1 };

/// One change of a lamp in a hundred may take longer.
const LAG_MAX: Duration = Duration::from_millis(250);

fn main() -> ExitCode {
    let wanted = match wanted(std::env::args().skip(1)) {
        Ok(wanted) => wanted,
        Err(words) => {
            eprintln!("{words}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match wanted.what {
        What::Tales(tale) => live(&wanted, tale),
        What::Policies => compare(&wanted),
        What::Chaos => survive(&wanted),
        What::Lamps => light(&wanted),
        What::Storms => blow(&wanted),
        What::Media { shards } => besiege(&wanted, shards),
    }
}

/// Asks the reference about random policies, 20 at a time.
fn compare(wanted: &Wanted) -> ExitCode {
    const AT_ONCE: u64 = 20;
    let began = Instant::now();
    let (mut done, mut sum) = (0, seeds::Compared::default());
    while done < wanted.seeds {
        let count = AT_ONCE.min(wanted.seeds - done);
        let some = seeds::compare(wanted.from + done, count);
        some.failures.iter().for_each(|failure| eprintln!("{failure}"));
        done += count;
        sum.policies += some.policies;
        sum.calls += some.calls;
        some.refused.iter().for_each(|(code, count)| *sum.refused.entry(*code).or_default() += count);
        sum.emergencies += some.emergencies;
        sum.failures.extend(some.failures);
    }
    let failed: Vec<u64> = sum.failures.iter().map(|failure| failure.seed).collect();
    let text = format!(
        "{} policies from {}: {} calls, refused {:?}, {} for help, in {:.1} s; {} disagreements {failed:?}",
        sum.policies,
        wanted.from,
        sum.calls,
        sum.refused,
        sum.emergencies,
        began.elapsed().as_secs_f64(),
        failed.len()
    );
    // Whoever closed our output knows why.
    let _ = writeln!(std::io::stdout(), "{text}");
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Lives through hours of chaos, one at a time.
fn survive(wanted: &Wanted) -> ExitCode {
    std::panic::set_hook(Box::new(|_| {}));
    let began = Instant::now();
    let mut sum = seeds::Chaos::default();
    for seed in wanted.from..wanted.from + wanted.seeds {
        let hour = seeds::survive(seed, Duration::from_secs(3600), wanted.chronicle);
        hour.failures.iter().for_each(|failure| eprintln!("{failure}"));
        sum.add(hour);
    }
    let failed: Vec<u64> = sum.failures.iter().map(|failure| failure.seed).collect();
    let text = format!(
        "{} hours of chaos from {}: {} calls, {} answered, {} when nobody was there, \
         {} rang at somebody who died, \
         in {:.1} s; {} failures {failed:?}",
        sum.hours,
        wanted.from,
        sum.calls,
        sum.answered,
        sum.hopeless,
        sum.rung,
        began.elapsed().as_secs_f64(),
        failed.len()
    );
    // Whoever closed our output knows why.
    let _ = writeln!(std::io::stdout(), "{text}");
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Lets 50,000 phones come back at once, while calls go on.
fn blow(wanted: &Wanted) -> ExitCode {
    let mut is_good = true;
    for seed in wanted.from..wanted.from + wanted.seeds {
        let began = Instant::now();
        let weather = Weather::great();
        let outcome = storm::blow(seed, &weather, storm::PROMISED);
        let verdict = &outcome.verdict;
        let is_well = (verdict.well, verdict.repeats, outcome.calls_left) == (verdict.calls, 0, 0);
        let are_back = verdict.registered.len() == weather.phones && verdict.all_back() <= storm::PROMISED;
        is_good &= is_well && are_back;
        let text = format!(
            "seed {seed}: {} of {} phones back, half within {:.1?}, all within {:.1?}; {} put off, {} asked \
             again, {} not heard for 32 s; {} of {} calls went well, {} of {} for help, {} messages said \
             again, rang within {:.0?} (p99), in {:.1} s",
            verdict.registered.len(),
            weather.phones,
            verdict.back_within(500),
            verdict.all_back(),
            outcome.put_off,
            verdict.asked_again,
            verdict.unheard,
            verdict.well,
            verdict.calls,
            verdict.help_well,
            verdict.help,
            verdict.repeats,
            verdict.rang_within(990),
            began.elapsed().as_secs_f64()
        );
        // Whoever closed our output knows why.
        let _ = writeln!(std::io::stdout(), "{text}");
    }
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Lights ten thousand lamps, and looks at them while calls come and go.
fn light(wanted: &Wanted) -> ExitCode {
    let mut is_good = true;
    for seed in wanted.from..wanted.from + wanted.seeds {
        let began = Instant::now();
        let verdict = lamps::light(seed, &Lamps::many());
        verdict.objections.iter().for_each(|words| eprintln!("seed {seed}: {words}"));
        is_good &= verdict.wrong == 0 && verdict.lag(990) <= LAG_MAX;
        let text = format!(
            "seed {seed}: {} lamps, {} calls, {} NOTIFYs, {} changes seen: p50 {:.0?}, p99 {:.0?}, longest \
             {:.0?}; {} wrong, in {:.1} s",
            verdict.subscriptions,
            verdict.calls,
            verdict.told,
            verdict.lags.len(),
            verdict.lag(500),
            verdict.lag(990),
            verdict.lag(1000),
            verdict.wrong,
            began.elapsed().as_secs_f64()
        );
        // Whoever closed our output knows why.
        let _ = writeln!(std::io::stdout(), "{text}");
    }
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Lets attackers at the media of calls.
fn besiege(wanted: &Wanted, shards: u8) -> ExitCode {
    std::panic::set_hook(Box::new(|_| {}));
    let began = Instant::now();
    let mut sum = seeds::Besieged::default();
    for seed in wanted.from..wanted.from + wanted.seeds {
        let before = sum.failures.len();
        sum.add(seed, shards, wanted.chronicle);
        sum.failures[before..].iter().for_each(|failure| eprintln!("{failure}"));
    }
    let failed: Vec<u64> = sum.failures.iter().map(|failure| failure.seed).collect();
    let seeds::Counts { carried, refused, passed, heard, changes, declined } = sum.counts;
    let text = format!(
        "{} seeds from {}: {} calls and {declined} for which no port had rested, {changes} changes, \
         {:.1} minutes lived; {carried} packets judged and sent on, {heard} heard; \
         of attackers {refused} refused, {passed} taken under a forged address; \
         in {:.1} s; {} failures {failed:?}",
        sum.seeds,
        wanted.from,
        sum.calls,
        sum.lived.as_secs_f64() / 60.0,
        began.elapsed().as_secs_f64(),
        failed.len()
    );
    // Whoever closed our output knows why.
    let _ = writeln!(std::io::stdout(), "{text}");
    // A judge that saw nothing has judged nothing.
    let has_judged = carried > 0 && heard > 0;
    if failed.is_empty() && has_judged { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn live(wanted: &Wanted, tale: Tale) -> ExitCode {
    // A house that breaks down is reported with its seed, once.
    std::panic::set_hook(Box::new(|_| {}));
    let began = Instant::now();
    let mut summary = Summary::default();
    for seed in wanted.from..wanted.from + wanted.seeds {
        let before = summary.failures.len();
        seeds::add(&mut summary, tale, seed, wanted.chronicle);
        for failure in &summary.failures[before..] {
            eprintln!("{failure}");
        }
        if !wanted.as_json
            && summary.seeds.is_multiple_of(match tale {
                Tale::Day => 100,
                Tale::Sequence { .. } => 1000,
            })
        {
            eprintln!(
                "{} seeds, {} calls, {} failures",
                summary.seeds,
                summary.calls,
                summary.failures.len()
            );
        }
    }
    report(wanted, &summary, began.elapsed().as_secs_f64());
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
    let mut wanted = Wanted {
        what: What::Tales(Tale::Day),
        seeds: 100,
        from: 1,
        as_json: false,
        chronicle: Chronicle::Silent,
    };
    while let Some(arg) = args.next() {
        let mut number = || {
            let value = args.next().ok_or(format!("{arg} needs a number"))?;
            value.parse().map_err(|_| format!("{value} is no number"))
        };
        match arg.as_str() {
            "--seeds" => wanted.seeds = number()?,
            "--sequences" => (wanted.what, wanted.seeds) = (What::Tales(ONE_CALL), number()?),
            "--shards" => {
                let shards = u8::try_from(number()?).map_err(|_| "that many shards there are not")?;
                wanted.what = match wanted.what {
                    What::Media { .. } => What::Media { shards: shards.max(1) },
                    _ => What::Tales(Tale::Sequence { shards: shards.max(1) }),
                };
            }
            "--policies" => (wanted.what, wanted.seeds) = (What::Policies, number()?),
            "--storms" => (wanted.what, wanted.seeds) = (What::Storms, number()?),
            "--lamps" => (wanted.what, wanted.seeds) = (What::Lamps, number()?),
            "--media" => (wanted.what, wanted.seeds) = (What::Media { shards: 1 }, number()?),
            "--chaos" => (wanted.what, wanted.seeds) = (What::Chaos, number()?),
            "--from" => wanted.from = number()?,
            "--json" => wanted.as_json = true,
            "--trace" => wanted.chronicle = Chronicle::Told,
            _ => return Err(format!("{arg} isn't known")),
        }
    }
    Ok(wanted)
}
