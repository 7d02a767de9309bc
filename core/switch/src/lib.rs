//! One shard of the house, whole: what enters is handled, what follows is left in an `Outbox`.
pub mod seam;
