//! Calls that are made for users: which shard makes the next one, and those that were asked for under a key.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use switch::MakeCall;

/// For so long a key means the call that was made under it.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// Older keys are forgotten before that.
const KEYS_MAX: usize = 4_096;

/// The key is that of another call.
#[derive(Debug, PartialEq, Eq)]
pub struct OtherCall;

#[derive(Default)]
pub struct MadeCalls {
    next: AtomicU8,
    kept: Mutex<VecDeque<Kept>>,
}

struct Kept {
    key: String,
    wish: MakeCall,
    call: String,
    at: Instant,
}

impl MadeCalls {
    /// Of so many shards, the one whose turn it is.
    pub fn next_of(&self, shards: u8) -> u8 {
        self.next.fetch_add(1, Ordering::Relaxed) % shards.max(1)
    }

    /// The id of the call that was made under a key, or of one that is made now.
    pub fn once<E>(
        &self,
        wish: &MakeCall,
        key: Option<&str>,
        make: impl FnOnce() -> Result<String, E>,
    ) -> Result<Result<String, E>, OtherCall> {
        let Some(key) = key else { return Ok(make()) };
        // Held while it is made: who asks again at the same time hears of the same call.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.front().is_some_and(|one| one.at.elapsed() >= KEPT_FOR) || kept.len() >= KEYS_MAX {
            kept.pop_front();
        }
        match kept.iter().find(|one| one.key == key) {
            Some(one) if one.wish == *wish => Ok(Ok(one.call.clone())),
            Some(_) => Err(OtherCall),
            None => {
                let made = make();
                if let Ok(call) = &made {
                    let (key, wish, call) = (key.to_owned(), wish.clone(), call.clone());
                    kept.push_back(Kept { key, wish, call, at: Instant::now() });
                }
                Ok(made)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use switch::Answering;

    use super::*;

    fn to(number: &str) -> MakeCall {
        MakeCall { user: "hana".into(), to: number.into(), answering: Answering::ByHand }
    }

    #[test]
    fn a_key_makes_one_call_and_no_other() {
        let made = MadeCalls::default();
        let never = || -> Result<String, ()> { panic!("it is made already") };
        let makes = |call: &str| Ok::<_, ()>(call.to_owned());

        let first = made.once(&to("1"), Some("key"), || makes("c1")).unwrap();

        assert_eq!(made.once(&to("1"), Some("key"), never).unwrap(), first);
        assert_eq!(made.once(&to("2"), Some("key"), never), Err(OtherCall));
        assert_eq!(made.once(&to("1"), None, || makes("c2")).unwrap(), makes("c2"));
    }

    #[test]
    fn a_call_that_was_declined_may_be_asked_for_again() {
        let made = MadeCalls::default();
        assert_eq!(made.once(&to("1"), Some("key"), || Err("no")), Ok(Err("no")));
        assert_eq!(
            made.once(&to("1"), Some("key"), || Ok::<_, ()>("c1".to_owned())),
            Ok(Ok("c1".to_owned()))
        );
    }
}
