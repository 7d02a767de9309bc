//! Every bound of what people may watch and publish.

use std::time::Duration;

/// A subscription or publication that wants less is told to want more.
pub(crate) const LEAST: Duration = Duration::from_secs(60);

/// None lasts longer without being asked for again (RFC 3856 6.4, RFC 4235 3.4).
pub(crate) const MOST: Duration = Duration::from_secs(3600);

/// Subscriptions of one shard, of one watcher, and to one person.
pub(crate) const SUBSCRIPTIONS_MAX: usize = 100_000;
pub(crate) const OF_WATCHER_MAX: usize = 1_000;
pub(crate) const OF_WATCHED_MAX: usize = 5_000;

/// What devices of one user may publish at once, and how large each document may be.
pub(crate) const PUBLICATIONS_MAX: usize = 10;
pub(crate) const DOCUMENT_MAX: usize = 25 * 1024;

/// What programs may say of one user at once, and for how long.
pub(crate) const NOTICES_MAX: usize = 8;
pub(crate) const NOTICE_LASTS: Duration = Duration::from_secs(31 * 86_400);

/// How large what a watcher says of its filters may be.
pub(crate) const FILTERS_MAX: usize = 4 * 1024;

/// So many bytes of documents about several people go in one NOTIFY, by datagrams and by connections: the
/// last may go beyond.
pub(crate) const LIST_BY_DATAGRAM: usize = 6 * 1024;
pub(crate) const LIST_BY_STREAM: usize = 48 * 1024;

/// How large a summary of a mailbox may be.
pub(crate) const SUMMARY_MAX: usize = 4 * 1024;

/// Watchers of one user that a shard tells the others of, when somebody asks; and those that a document
/// names.
pub(crate) const WATCHERS_SEEN: usize = 500;
pub(crate) const WATCHERS_SHOWN: usize = 200;

/// Calls of one user of which watchers are told.
pub(crate) const ENGAGEMENTS_MAX: usize = 32;

/// NOTIFYs of a shard that wait for their answers; the others wait until one has come.
pub(crate) const FLYING_MAX: usize = 10_000;

/// NOTIFYs that leave after one input: whatever else has come is handled before the next.
pub(crate) const AT_ONCE_MAX: usize = 64;

/// Above so many transactions nobody new may watch: calls come first.
pub(crate) const BUSY: usize = 100_000;

/// How long whoever was sent away for want of room stays away.
pub(crate) const RETRY_AFTER: &str = "30";

/// Changes within this time are told as one. RFC 3856 6.10 and RFC 4235 recommend seconds; a lamp that lags
/// so far behind lies, and whoever is slow to answer slows its own down: a NOTIFY waits for the last answer.
pub(crate) const GATHER: Duration = Duration::from_millis(100);

/// More NOTIFYs than can leave between two SUBSCRIBEs, which alone are written down: so far ahead counts
/// whoever takes a subscription over from the process before.
pub(crate) const UNWRITTEN: u32 = 2 * (MOST.as_millis() / GATHER.as_millis()) as u32;

/// After a restart watchers are told one after the other, so far apart.
pub(crate) const AFTER_RESTART: Duration = Duration::from_millis(1);

/// A watcher who did not answer is tried again after this, then after twice as long, and so on.
pub(crate) const REST: Duration = Duration::from_secs(60);
pub(crate) const RESTS_MAX: u32 = 4;

/// So long after the last news the others are told how many there were.
pub(crate) const BEAT: Duration = Duration::from_secs(1);
