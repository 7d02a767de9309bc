//! Which web pages may open a connection.

use std::sync::Arc;

/// The pages that are let in. A browser says which page asks, and no page can make it say another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Whatever page it is.
    Any,
    /// Pages of these origins alone, such as `https://phones.example.com`.
    Listed(Arc<[Box<str>]>),
}

impl Default for Origins {
    fn default() -> Origins {
        Origins::Listed(Arc::default())
    }
}

impl Origins {
    /// Whether a page of this origin is let in.
    pub fn admit(&self, origin: &str) -> bool {
        match self {
            Origins::Any => true,
            Origins::Listed(listed) => listed.iter().any(|known| known.eq_ignore_ascii_case(origin)),
        }
    }
}
