//! Random scenarios in the simulated world, from fixed seeds.

use crate::step::{Failure, cargo, run};

/// Runs `count` seeds, beginning with `from`.
pub fn run_seeds(from: u64, count: u64) -> Result<(), Failure> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "-p", "world", "--bin", "sim", "--"]);
    command.args(["--seeds", &count.to_string(), "--from", &from.to_string()]);
    run(&mut command, "the seed it names is the whole bug report: run it alone with --from SEED --seeds 1")
}

/// Lives through `count` hours of chaos, beginning with the seed `from`.
pub fn live_through_chaos(from: u64, count: u64) -> Result<(), Failure> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "-p", "world", "--bin", "sim", "--"]);
    command.args(["--chaos", &count.to_string(), "--from", &from.to_string()]);
    run(
        &mut command,
        "the seed it names is the whole bug report: run it alone with --chaos 1 --from SEED --trace",
    )
}

/// Asks the reference about the policies of `count` seeds, beginning with `from`.
pub fn compare_policies(from: u64, count: u64) -> Result<(), Failure> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "-p", "world", "--bin", "sim", "--"]);
    command.args(["--policies", &count.to_string(), "--from", &from.to_string()]);
    run(
        &mut command,
        "the documents and the call it prints are the whole bug report: one of the two opinions is wrong",
    )
}
