//! Every bound of what is kept of messages.

use std::time::Duration;

/// A message as it may be. RFC 3428 8 allows no more than 1300 bytes of a request over UDP.
pub(crate) const BODY_MAX: usize = 16 * 1024;
pub(crate) const OVER_UDP_MAX: usize = 1300;

/// Messages that wait for one user, and for all users of a shard.
pub(crate) const BOX_MAX: usize = 100;
pub(crate) const SHARD_MAX: usize = 10_000;

/// None waits longer.
pub(crate) const MOST: Duration = Duration::from_secs(7 * 24 * 3600);

/// Devices that a message is handed to at once.
pub(crate) const DEVICES_MAX: usize = 10;

/// Where no device took it, it is tried again after this, then after twice as long, and so on.
pub(crate) const REST: Duration = Duration::from_secs(60);
pub(crate) const RESTS_MAX: u32 = 5;

/// Above so many transactions messages have to wait: calls come first.
pub(crate) const BUSY: usize = 100_000;
pub(crate) const RETRY_AFTER: &str = "30";
