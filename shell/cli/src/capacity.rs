//! The verb that sizes a house.

use std::time::Duration;

use clap::{Args, ValueEnum};
use model::Codec;

use crate::cost::codec;
use crate::house::House;
use crate::span::span;

#[derive(Debug, Args)]
pub struct Capacity {
    /// How many people there are [default: the users of DIR]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub users: Option<u32>,
    /// Calls of one of them in the busy hour [default: 4]
    #[arg(long, value_name = "CALLS", value_parser = calls)]
    pub calls_per_hour: Option<f64>,
    /// How long a call takes a channel [default: 3m]
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub hold: Option<Duration>,
    /// The share of calls that go out or come in by a trunk [default: 60%]
    #[arg(long, value_name = "PERCENT", value_parser = share)]
    pub outside: Option<f64>,
    /// The share of calls whose media goes directly between the far ends [default: 0%]
    #[arg(long, value_name = "PERCENT", value_parser = share)]
    pub direct: Option<f64>,
    /// Where traffic is known from that is not said here: usual figures, or the busy hour of call records
    #[arg(long, value_enum, default_value_t = Traffic::Usual)]
    pub traffic: Traffic,
    /// The share of calls in the busy hour that may find no channel
    #[arg(long, value_name = "PERCENT", default_value = "1%", value_parser = crate::cost::percent)]
    pub blocking: f64,
    /// So many times the machine that measured figures ask for
    #[arg(long, value_name = "TIMES", default_value = "2", value_parser = times)]
    pub headroom: f64,
    /// The codec that calls are counted with
    #[arg(long, value_name = "CODEC", default_value = "pcmu", value_parser = codec)]
    pub codec: Codec,
    /// Media is sealed
    #[arg(long)]
    pub srtp: bool,
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

/// Where traffic is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Traffic {
    Usual,
    Records,
}

/// `60%`, from nothing to all, as a share.
fn share(text: &str) -> Result<f64, String> {
    let figure: Option<f64> = text.strip_suffix('%').unwrap_or(text).parse().ok();
    let share = figure.map(|percent| percent / 100.0).filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "write a share of calls such as 60%".to_owned())
}

fn calls(text: &str) -> Result<f64, String> {
    let calls: Option<f64> = text.parse().ok();
    calls.filter(|calls| (0.01..=1_000.0).contains(calls)).ok_or_else(|| "from 0.01 to 1000".to_owned())
}

fn times(text: &str) -> Result<f64, String> {
    let times: Option<f64> = text.parse().ok();
    times.filter(|times| (1.0..=100.0).contains(times)).ok_or_else(|| "from 1 to 100".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_go_from_nothing_to_all() {
        assert_eq!((share("0%"), share("60"), share("100%")), (Ok(0.0), Ok(0.6), Ok(1.0)));
        assert!(share("101%").is_err() && share("-1%").is_err() && share("half").is_err());
        assert!(calls("0").is_err() && times("0.5").is_err() && calls("2.5") == Ok(2.5));
    }
}
