//! Erlang's loss formula: how often all channels are taken, if whoever finds none goes away.

/// Nobody asks for less, and more channels than this belong to nobody.
const BLOCKING_LEAST: f64 = 1e-9;
const CHANNELS_MAX: u32 = 1_000_000;

/// The share of calls that find all channels taken.
pub fn blocking(erlangs: f64, channels: u32) -> f64 {
    (1..=channels).fold(1.0, |blocked, channel| next(erlangs, blocked, channel))
}

/// The fewest channels at which no larger share of calls finds none.
pub fn channels_for(erlangs: f64, most_blocked: f64) -> u32 {
    let most_blocked = most_blocked.max(BLOCKING_LEAST);
    let (mut channels, mut blocked) = (0, 1.0);
    while erlangs > 0.0 && blocked > most_blocked && channels < CHANNELS_MAX {
        channels += 1;
        blocked = next(erlangs, blocked, channels);
    }
    channels
}

/// The traffic that so many channels carry, before a larger share of calls finds none.
pub fn erlangs_for(channels: u32, most_blocked: f64) -> f64 {
    let most_blocked = most_blocked.clamp(BLOCKING_LEAST, 0.99);
    // Where so few are blocked, offered traffic is below this.
    let (mut least, mut most) = (0.0, f64::from(channels) / (1.0 - most_blocked) + 1.0);
    for _ in 0..100 {
        let middle = (least + most) / 2.0;
        match blocking(middle, channels) > most_blocked {
            true => most = middle,
            false => least = middle,
        }
    }
    least
}

/// The formula by one channel more, which stays exact where factorials do not.
fn next(erlangs: f64, blocked: f64, channel: u32) -> f64 {
    let lost = erlangs * blocked;
    lost / (f64::from(channel) + lost)
}
