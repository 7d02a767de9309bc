//! Who keeps the keys of a provider: a thread that fetches them now and then, and when somebody comes with a
//! key that nobody has seen.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jwt::KeySet;

use crate::asking::{Asker, Fault};
use crate::settings::Settings;

/// However many come with keys that nobody has seen, the provider is not asked sooner than this after it was
/// asked last.
pub const BETWEEN: Duration = Duration::from_secs(10);
/// What goes unasked for is fetched so often: a key that a provider has withdrawn is not believed for longer.
const EVERY: Duration = Duration::from_secs(15 * 60);
/// After failures in a row the wait is twice as long each time, up to this.
const AGAIN_MAX: Duration = Duration::from_secs(5 * 60);

/// How the keys of a provider stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub issuer: String,
    /// How many are known; none where they were never fetched.
    pub keys: usize,
    /// Why they were not fetched when they were asked for last.
    pub why: Option<String>,
}

/// Whether keys come soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Coming,
    /// They were fetched, or asked for in vain, a moment ago.
    TooSoon,
}

/// Told of each fetch.
pub type Tell = Box<dyn Fn(&Standing) + Send>;

/// The keys of a provider, which are fetched as long as this lives.
pub struct Keeper(Arc<Shared>);

struct Shared {
    issuer: String,
    known: Mutex<Known>,
    bell: Condvar,
}

#[derive(Default)]
struct Known {
    keys: Option<Arc<KeySet>>,
    why: Option<String>,
    /// When the last fetch was over.
    tried: Option<Instant>,
    failures: u32,
    is_asking: bool,
    is_wanted: bool,
    is_over: bool,
}

impl Keeper {
    /// Fetches at once, and from then on.
    pub fn start(settings: &Settings, tell: Tell) -> std::io::Result<Keeper> {
        let known = Mutex::new(Known { is_wanted: true, ..Known::default() });
        let shared = Shared { issuer: settings.issuer.clone(), known, bell: Condvar::new() };
        let keeper = Keeper(Arc::new(shared));
        let (own, roots) = (Arc::clone(&keeper.0), settings.roots.clone());
        let fetch = move |issuer: &str| {
            let asker = Asker::of(issuer, roots.as_deref())?;
            asker.keys(&asker.provider()?)
        };
        thread::Builder::new().name("sign-in".to_owned()).spawn(move || own.attend(fetch, &tell))?;
        Ok(keeper)
    }

    pub fn keys(&self) -> Option<Arc<KeySet>> {
        self.0.lock().keys.clone()
    }

    /// Why there are no keys, or none anew.
    pub fn why(&self) -> Option<String> {
        self.0.lock().why.clone()
    }

    /// Somebody has come with a key that is not known.
    pub fn wish(&self) -> Wish {
        let mut known = self.0.lock();
        if known.is_asking || known.is_wanted {
            return Wish::Coming;
        }
        if known.tried.is_some_and(|tried| tried.elapsed() < BETWEEN) {
            return Wish::TooSoon;
        }
        known.is_wanted = true;
        self.0.bell.notify_all();
        Wish::Coming
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.lock().is_over = true;
        self.0.bell.notify_all();
    }
}

impl Shared {
    fn attend(&self, fetch: impl Fn(&str) -> Result<KeySet, Fault>, tell: &Tell) {
        loop {
            let known = self.lock();
            let is_idle = |known: &mut Known| !known.is_wanted && !known.is_over;
            let wait = known.wait();
            let woken = self.bell.wait_timeout_while(known, wait, is_idle);
            let (mut known, _) = woken.unwrap_or_else(PoisonError::into_inner);
            if known.is_over {
                return;
            }
            (known.is_wanted, known.is_asking) = (false, true);
            drop(known);
            let fetched = fetch(&self.issuer);
            let mut known = self.lock();
            if known.is_over {
                return;
            }
            known.take(fetched);
            let standing = known.standing(&self.issuer);
            drop(known);
            tell(&standing);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// How long until the next fetch that nobody asks for.
    fn wait(&self) -> Duration {
        match self.failures {
            0 => EVERY,
            failures => (BETWEEN * 2_u32.saturating_pow(failures.min(8) - 1)).min(AGAIN_MAX),
        }
    }

    /// What fails changes no key.
    fn take(&mut self, fetched: Result<KeySet, Fault>) {
        (self.is_asking, self.tried) = (false, Some(Instant::now()));
        match fetched {
            Ok(keys) => {
                (self.failures, self.why) = (0, None);
                // Who knows that the keys are the same need not prove anything anew.
                if self.keys.as_deref() != Some(&keys) {
                    self.keys = Some(Arc::new(keys));
                }
            }
            Err(Fault(words)) => {
                self.failures = self.failures.saturating_add(1);
                self.why = Some(words);
            }
        }
    }

    fn standing(&self, issuer: &str) -> Standing {
        let keys = self.keys.as_ref().map_or(0, |keys| keys.len());
        Standing { issuer: issuer.to_owned(), keys, why: self.why.clone() }
    }
}
