//! The verb that compares offers.

use clap::Args;
use model::Codec;

use crate::house::House;

#[derive(Debug, Args)]
pub struct Cost {
    #[command(flatten)]
    pub house: House,
    /// The site whose trunk would take the calls of all [default: the one with the most traffic]
    #[arg(long, value_name = "SITE")]
    pub centre: Option<String>,
    /// The [offer.*] that would carry calls of other sites to the centre
    #[arg(long, value_name = "OFFER")]
    pub wan: Option<String>,
    /// The share of calls in the busy hour that may find no channel
    #[arg(long, value_name = "PERCENT", default_value = "1%", value_parser = percent)]
    pub blocking: f64,
    /// The codec that calls are counted with
    #[arg(long, value_name = "CODEC", default_value = "pcmu", value_parser = codec)]
    pub codec: Codec,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

/// `1%` or `0.1%`, as a share.
pub fn percent(text: &str) -> Result<f64, String> {
    let figure: Option<f64> = text.strip_suffix('%').unwrap_or(text).parse().ok();
    let share = figure.map(|percent| percent / 100.0).filter(|share| (0.000_01..0.5).contains(share));
    share.ok_or_else(|| "write a share of calls such as 1% or 0.1%, below 50%".to_owned())
}

/// A codec by the name that configuration uses.
pub fn codec(text: &str) -> Result<Codec, String> {
    let found = Codec::ALL.into_iter().find(|codec| codec.word() == text);
    found.ok_or_else(|| format!("one of {}", Codec::ALL.map(Codec::word).join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_written_in_percent() {
        assert_eq!((percent("1%"), percent("0.1")), (Ok(0.01), Ok(0.001)));
        assert!(percent("60%").is_err() && percent("0%").is_err() && percent("few").is_err());
    }
}
