//! Lamps at sockets: a house in one process, the crowd around it in this one.

mod house;
mod sockets;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use actors::{Crowd, CrowdPlan, PASSWORD, Verdict};

use house::House;
use sockets::Sockets;

/// One change in a hundred may take longer.
const LAG_MAX: Duration = Duration::from_millis(250);
/// What is under way at the end gets so long to arrive.
const REST: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (Some(binary), Some(folder)) = (words.first(), words.get(1)) else {
        eprintln!("usage: lamps-bench TANDEM FOLDER [USERS DESKS KEYS CALLS_PER_SECOND SECONDS]");
        return ExitCode::from(2);
    };
    let number =
        |at: usize, otherwise: usize| words.get(at).and_then(|word| word.parse().ok()).unwrap_or(otherwise);
    let at = |last: u8, port: u16| std::net::SocketAddr::from(([127, 0, 0, last], port));
    let plan = CrowdPlan {
        house: at(1, 5195),
        provider: at(2, 5196),
        phones: at(3, 5197),
        consoles: at(4, 5198),
        users: number(2, 1_000),
        desks: number(3, 50),
        keys: number(4, 200),
        calls_per_second: number(5, 200) as u32,
    };
    let seconds = Duration::from_secs(number(6, 30) as u64);
    match measure(&PathBuf::from(binary), &PathBuf::from(folder), plan, seconds) {
        Ok(verdict) if verdict.wrong == 0 && verdict.lag(990) <= LAG_MAX => ExitCode::SUCCESS,
        Ok(verdict) => {
            verdict.objections.iter().for_each(|words| eprintln!("{words}"));
            eprintln!("{} wrong, p99 {:.0?}", verdict.wrong, verdict.lag(990));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(
    binary: &std::path::Path,
    folder: &std::path::Path,
    plan: CrowdPlan,
    seconds: Duration,
) -> std::io::Result<Verdict> {
    let house = House::start(binary, folder, &plan.documents(), &[], &[("CROWD_PASSWORD", PASSWORD)])?;
    let (rate, subscriptions) = (plan.calls_per_second, plan.subscriptions());
    let mut sockets = Sockets::open(&plan)?;
    let mut crowd = Crowd::new(plan, 1, Instant::now());

    let (began, before) = (Instant::now(), house.cpu());
    // A thousand a second, each asked twice: without a proof, and with one.
    let span = Duration::from_millis(subscriptions as u64);
    crowd.subscribe_within(began, span);
    let until = began + span + REST;
    sockets.run(&mut crowd, until, |crowd| crowd.lit() == subscriptions)?;
    let lit = crowd.lit();
    println!(
        "{lit} of {subscriptions} subscriptions after {:.1?}; CPU of the house {:.2?}; resident {}",
        began.elapsed(),
        house.cpu() - before,
        house.resident()
    );

    let (began, before) = (Instant::now(), house.cpu());
    crowd.call_for(began, seconds);
    sockets.run(&mut crowd, began + seconds, |_| false)?;
    let (took, spent) = (began.elapsed(), house.cpu() - before);
    sockets.run(&mut crowd, began + seconds + REST, |_| false)?;
    let verdict = crowd.verdict();
    println!(
        "{} calls in {took:.1?}, {rate} a second; {} NOTIFYs; CPU of the house {spent:.2?}, {:.0} % of a core",
        verdict.calls,
        verdict.told,
        100.0 * spent.as_secs_f64() / took.as_secs_f64()
    );
    println!(
        "{} changes seen: p50 {:.1?}, p90 {:.1?}, p99 {:.1?}, longest {:.1?}; {} calls go on, {} wrong",
        verdict.lags.len(),
        verdict.lag(500),
        verdict.lag(900),
        verdict.lag(990),
        verdict.lag(1000),
        verdict.still_up,
        verdict.wrong
    );
    println!("resident {}", house.resident());
    Ok(verdict)
}
