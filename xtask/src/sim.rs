//! Random tales in the simulated world, from fixed seeds.

use crate::step::{Failure, cargo, run};

/// What a seed is a seed of: a day, a sequence of deeds on one call, a policy with calls, an hour of chaos,
/// lamps, calls under attack, a storm of phones.
#[derive(Clone, Copy)]
pub enum Tale {
    Day,
    Sequence,
    Policy,
    Chaos,
    Lamps,
    Media,
    Storms,
}

impl Tale {
    pub const ALL: [Tale; 7] =
        [Tale::Day, Tale::Sequence, Tale::Policy, Tale::Chaos, Tale::Lamps, Tale::Media, Tale::Storms];

    /// The flag that asks for so many.
    pub fn flag(self) -> &'static str {
        match self {
            Tale::Day => "--seeds",
            Tale::Sequence => "--sequences",
            Tale::Policy => "--policies",
            Tale::Chaos => "--chaos",
            Tale::Lamps => "--lamps",
            Tale::Media => "--media",
            Tale::Storms => "--storms",
        }
    }

    /// As many as one runs without saying how many.
    pub fn usual(self) -> u64 {
        match self {
            Tale::Day => 200,
            Tale::Sequence => 1_000,
            Tale::Policy => 300,
            Tale::Chaos => 20,
            Tale::Lamps => 1,
            Tale::Media => 100,
            Tale::Storms => 1,
        }
    }

    fn cure(self) -> &'static str {
        match self {
            Tale::Day | Tale::Sequence | Tale::Chaos | Tale::Media => {
                "the seed it names is the whole bug report: run it alone with --from SEED --trace"
            }
            Tale::Lamps | Tale::Storms => "the seed tells it all again: --from SEED",
            Tale::Policy => {
                "the documents and the call it prints are the whole bug report: one of two opinions is wrong"
            }
        }
    }
}

/// Runs `count` of them, beginning with the seed `from`.
pub fn live(tale: Tale, from: u64, count: u64) -> Result<(), Failure> {
    live_on(1, tale, from, count)
}

/// The same in houses of so many shards, where the tale can be told of such.
pub fn live_on(shards: u64, tale: Tale, from: u64, count: u64) -> Result<(), Failure> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "-p", "world", "--bin", "sim", "--"]);
    command.args([tale.flag(), &count.to_string(), "--from", &from.to_string()]);
    if shards > 1 {
        command.args(["--shards", &shards.to_string()]);
    }
    run(&mut command, tale.cure())
}
