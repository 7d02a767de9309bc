//! The lanes: which steps must pass before a change lands, and which run at night.

use crate::faults::Engine;
use crate::interop::{self, Load};
use crate::sim::{self, Tale};
use crate::step::{Failure, cargo, has, run, step};
use crate::{conformance, faults, fuzz, programs, schema, tidy};

/// No network, no other programs.
pub fn check() -> Result<(), Failure> {
    step("format", || run(cargo().args(["fmt", "--all", "--check"]), "cargo fmt --all"))?;
    step("tidy", || tidy::run(&crate::step::root()))?;
    step("lints", lints)?;
    step("licences, bans, sources", programs::deny)?;
    step("schema", schema::compare)?;
    step("conformance", conformance::compare)?;
    step("tests", tests)
}

/// What CI runs.
pub fn test() -> Result<(), Failure> {
    step("other people's programs", programs::install)?;
    check()?;
    step("simulated world, 200 days", || sim::live(Tale::Day, 0, 200))?;
    step("what parties do to a call, 1,000 sequences", || sim::live(Tale::Sequence, 0, 1_000))?;
    step("random policies, 300 seeds", || sim::live(Tale::Policy, 0, 300))?;
    step("attackers at media, 60 seeds", || sim::live(Tale::Media, 0, 60))?;
    step("the same on two shards, 20 seeds", || sim::live_on(2, Tale::Media, 0, 20))?;
    step("chaos, 7 hours", || sim::live(Tale::Chaos, 1, 7))?;
    step("a storm of 50,000 phones", || sim::live(Tale::Storms, 1, 1))?;
    step("fuzzing, briefly", || fuzz::run_targets(None, 10))?;
    step("demo", demo)?;
    step("records in PostgreSQL", postgres)?;
    step("faults beneath a house", || faults(Engine::Sqlite, Engine::Sqlite.usual()))?;
    step("the same, and of its server of records", || {
        faults(Engine::Postgresql, Engine::Postgresql.usual())
    })?;
    step("interop", || interop::run(None, Load::Short))
}

/// What runs at night.
pub fn long() -> Result<(), Failure> {
    step("other people's programs", programs::install)?;
    check()?;
    step("simulated world, 2,000 days", || sim::live(Tale::Day, 0, 2_000))?;
    step("what parties do to a call, 100,000 sequences", || sim::live(Tale::Sequence, 0, 100_000))?;
    step("random policies, 5,000 seeds", || sim::live(Tale::Policy, 0, 5_000))?;
    step("attackers at media, 5,000 seeds", || sim::live(Tale::Media, 0, 5_000))?;
    step("the same on two shards, 1,000 seeds", || sim::live_on(2, Tale::Media, 0, 1_000))?;
    step("20 storms of 50,000 phones", || sim::live(Tale::Storms, 1, 20))?;
    step("fuzzing, ten minutes each", || fuzz::run_targets(None, 600))?;
    step("faults beneath a house, 500 rounds", || faults(Engine::Sqlite, 500))?;
    step("the same, and of its server of records, 500 rounds", || faults(Engine::Postgresql, 500))?;
    step("interop at full load", || interop::run(None, Load::Long))?;
    step("chaos, 200 hours", || sim::live(Tale::Chaos, 0, 200))
}

fn lints() -> Result<(), Failure> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    run(cargo().args(arguments), "mend what clippy names; `cargo clippy --fix` does the easy ones")
}

fn tests() -> Result<(), Failure> {
    let cure = "run the one that failed alone: cargo nextest run NAME";
    if has("cargo-nextest") {
        run(cargo().args(["nextest", "run", "--workspace", "--no-fail-fast"]), cure)
    } else {
        println!("cargo-nextest is not installed; cargo test does it more slowly");
        run(cargo().args(["test", "--workspace", "--no-fail-fast"]), cure)
    }
}

/// The tests that start a server, which those of `check` do not.
pub fn postgres() -> Result<(), Failure> {
    let arguments =
        ["test", "--quiet", "-p", "store", "--test", "finding_in_postgresql", "--", "--include-ignored"];
    run(
        cargo().args(arguments),
        "needs Debian's package postgresql; then read what the first one that failed says",
    )
}

fn faults(engine: Engine, rounds: u64) -> Result<(), Failure> {
    faults::run(engine, rounds, 0, Load::Short)
}

fn demo() -> Result<(), Failure> {
    let arguments = ["run", "--quiet", "-p", "tandem", "--", "demo", "--headless", "--seconds", "30"];
    run(cargo().args(arguments), "run `cargo run -p tandem -- demo` and read its ladders")
}
