//! What is done to the repository, in one command. `cargo xtask` alone prints what there is.
//!
//! Start at [`lanes`]: the sets of steps that must pass. [`tidy`] keeps the rules of the house; [`interop`]
//! runs the product against other people's programs.

mod bench;
mod conformance;
mod faults;
mod fuzz;
mod interop;
mod lanes;
mod package;
mod plans;
mod programs;
mod schema;
mod sim;
mod step;
mod tidy;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use sim::Tale;
use step::Failure;

const USAGE: &str = "\
cargo xtask check                       format, lints, tidy, schema, licences, tests; no network needed
cargo xtask test                        check, and all that needs other programs: what CI runs
cargo xtask long                        the nightly lane: thousands of seeds, hours of fuzzing, full load

cargo xtask tidy [--root DIR]           the rules of the house alone
cargo xtask deny                        licences, bans, sources; advisories if they can be had
cargo xtask schema [--write]            compares (or writes) docs/tandem.schema.json
cargo xtask conformance [--write]       compares (or writes) docs/CONFORMANCE.md, made from the tests
cargo xtask plans DIR                   writes the numbering plans, out of libphonenumber's resources in DIR
cargo xtask sim [--seeds N] [--from S]  random days in the simulated world
cargo xtask sim --sequences N [--from S] whatever the parties of one call may do to it
cargo xtask sim --policies N [--from S] random policies and calls, against the reference
cargo xtask sim --chaos N [--from S]    hours in which servers, DNS and registrars die and return
cargo xtask sim --media N [--from S]    attackers at the media of calls that change all the time;
                                        it and --sequences take --shards N
cargo xtask sim --lamps N [--from S]    ten thousand busy lamps and 200 calls a second
cargo xtask sim --storms N [--from S]   50,000 phones come back at once, while calls go on
cargo xtask fuzz [TARGET] [--seconds N] one fuzz target, or all
cargo xtask faults [--rounds N] [--from N] power cuts, kills and full disks beneath a house at work;
                                        --engine postgresql: and of a server that has its records
cargo xtask postgres                    records on a server of PostgreSQL that is killed
cargo xtask package                     makes the package for Debian, in target/package
cargo xtask interop [NAME] [--long]     SIPp against a running node: one scenario, or all
cargo xtask bench [NAME]                parse, plan, sound, apply, lamps, bindings, sessions, records, found;
                                        with the kit: calls, packets, codecs, phones, storm
";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let result = Arguments::read(&words).and_then(|arguments| dispatch(&arguments));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &Arguments) -> Result<(), Failure> {
    match arguments.verb.as_str() {
        "check" => lanes::check(),
        "test" => lanes::test(),
        "long" => lanes::long(),
        "tidy" => tidy::run(&arguments.text("--root").map_or_else(step::root, PathBuf::from)),
        "package" => package::make(),
        "deny" => programs::deny(),
        "schema" if arguments.has("--write") => schema::write(),
        "schema" => schema::compare(),
        "conformance" if arguments.has("--write") => conformance::write(),
        "conformance" => conformance::compare(),
        "plans" => plans::write(&PathBuf::from(arguments.name.as_deref().unwrap_or("."))),
        "sim" => {
            let asked = Tale::ALL.into_iter().find(|tale| arguments.has(tale.flag()));
            let tale = asked.unwrap_or(Tale::Day);
            let count = arguments.number(tale.flag(), tale.usual())?;
            let shards = arguments.number("--shards", 1)?;
            if shards > 1 && !matches!(tale, Tale::Sequence | Tale::Media) {
                return Err(Failure::new("--shards goes with --sequences and --media", "leave it out"));
            }
            sim::live_on(shards, tale, arguments.number("--from", 0)?, count)
        }
        "fuzz" => fuzz::run_targets(arguments.name.as_deref(), arguments.number("--seconds", 20)?),
        "faults" => {
            let engine = faults::Engine::read(arguments.text("--engine").unwrap_or("sqlite"))?;
            let rounds = arguments.number("--rounds", engine.usual())?;
            faults::run(engine, rounds, arguments.number("--from", 0)?, load(arguments))
        }
        "postgres" => lanes::postgres(),
        "interop" => interop::run(arguments.name.as_deref(), load(arguments)),
        "bench" => bench::run_one(arguments.name.as_deref()),
        "" | "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(Failure::new(format!("no such task: {other}\n\n{USAGE}"), "take one of the list")),
    }
}

fn load(arguments: &Arguments) -> interop::Load {
    if arguments.has("--long") { interop::Load::Long } else { interop::Load::Short }
}

/// The words of the command line.
struct Arguments {
    verb: String,
    name: Option<String>,
    options: Vec<(String, Option<String>)>,
}

const WITH_VALUE: [&str; 13] = [
    "--root",
    "--seeds",
    "--sequences",
    "--policies",
    "--chaos",
    "--lamps",
    "--media",
    "--storms",
    "--shards",
    "--from",
    "--seconds",
    "--rounds",
    "--engine",
];
const ALONE: [&str; 2] = ["--write", "--long"];

impl Arguments {
    fn read(words: &[String]) -> Result<Arguments, Failure> {
        let mut arguments = Arguments { verb: String::new(), name: None, options: Vec::new() };
        let mut words = words.iter();
        if let Some(verb) = words.next() {
            arguments.verb.clone_from(verb);
        }
        while let Some(word) = words.next() {
            if WITH_VALUE.contains(&word.as_str()) {
                arguments.options.push((word.clone(), words.next().cloned()));
            } else if ALONE.contains(&word.as_str()) {
                arguments.options.push((word.clone(), None));
            } else if word.starts_with('-') || arguments.name.is_some() {
                return Err(Failure::new(format!("what is `{word}`?"), "see `cargo xtask help`"));
            } else {
                arguments.name = Some(word.clone());
            }
        }
        Ok(arguments)
    }

    fn has(&self, option: &str) -> bool {
        self.options.iter().any(|(name, _)| name == option)
    }

    fn text(&self, option: &str) -> Option<&str> {
        self.options.iter().find(|(name, _)| name == option)?.1.as_deref()
    }

    fn number(&self, option: &str, otherwise: u64) -> Result<u64, Failure> {
        if !self.has(option) {
            return Ok(otherwise);
        }
        let text = self.text(option).unwrap_or_default();
        text.parse().map_err(|_| {
            Failure::new(format!("{option} wants a number, not `{text}`"), "see `cargo xtask help`")
        })
    }
}
