//! By which mark somebody knows that something is on the disk.

/// What was kept up to here; what is kept later has a higher one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(pub u64);

/// Hears of what is on the disk, by the newest mark.
pub type Landed = Box<dyn Fn(Mark) + Send + Sync>;
