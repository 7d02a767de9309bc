//! How both ends stand in an INVITE, in parts that are shared with the policy: of the attempts of a plan most
//! are never made, and the texts are found by whoever makes one.

use std::fmt;
use std::sync::Arc;

use model::shown_header;
use serde::{Serialize, Serializer};

use crate::address::{anonymous, name_addr, user_escaped};
use crate::connected::Line;

/// Both ends, as a far end is told of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Heading {
    pub request_uri: SentUri,
    /// A name-addr without tag: `"Hana Kim" <sip:+14255550100@example.net>`.
    pub from: SentAddress,
    pub to: SentAddress,
    /// Further headers, such as P-Asserted-Identity and Privacy.
    #[serde(serialize_with = "model::shown_headers")]
    pub headers: Vec<Line>,
    /// Why the caller is shown so, where that is not plain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
    /// The user part of our Contact.
    pub contact_user: Arc<str>,
}

/// A URI that stands in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentUri(Parts);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Parts {
    Whole(Arc<str>),
    Of {
        scheme: &'static str,
        /// As it is: what may not stand in a URI is escaped when it is written.
        user: Arc<str>,
        host: Arc<str>,
        /// What stands behind the host.
        rest: &'static str,
    },
}

/// A name-addr that stands in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentAddress(Party);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Party {
    /// Whoever hides (RFC 3323).
    Anonymous,
    Of {
        display: Option<Arc<str>>,
        uri: SentUri,
    },
}

impl SentUri {
    pub(crate) fn whole(uri: Arc<str>) -> SentUri {
        SentUri(Parts::Whole(uri))
    }

    pub(crate) fn of(scheme: &'static str, user: Arc<str>, host: Arc<str>, rest: &'static str) -> SentUri {
        SentUri(Parts::Of { scheme, user, host, rest })
    }

    /// The text.
    pub fn text(&self) -> String {
        self.with(|parts| parts.concat())
    }

    fn with<T>(&self, write: impl FnOnce(&[&str]) -> T) -> T {
        match &self.0 {
            Parts::Whole(uri) => write(&[uri]),
            Parts::Of { scheme, user, host, rest } => write(&[scheme, &*user_escaped(user), "@", host, rest]),
        }
    }
}

impl SentAddress {
    pub(crate) fn new(display: Option<Arc<str>>, uri: SentUri) -> SentAddress {
        SentAddress(Party::Of { display, uri })
    }

    pub(crate) fn anonymous() -> SentAddress {
        SentAddress(Party::Anonymous)
    }

    /// The text.
    pub fn text(&self) -> String {
        match &self.0 {
            Party::Anonymous => anonymous(),
            Party::Of { display, uri } => uri.with(|parts| name_addr(display.as_deref(), parts)),
        }
    }
}

impl Heading {
    /// Nothing is sent.
    pub(crate) fn nothing(contact_user: &Arc<str>) -> Heading {
        let nobody = SentUri::whole("".into());
        Heading {
            request_uri: nobody.clone(),
            from: SentAddress::new(None, nobody.clone()),
            to: SentAddress::new(None, nobody),
            headers: Vec::new(),
            because: Vec::new(),
            contact_user: contact_user.clone(),
        }
    }
}

/// Who a far end sees, in every header, and why so.
impl fmt::Display for Heading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "From {}", self.from)?;
        self.headers.iter().try_for_each(|(name, value)| {
            let value = shown_header(name, value);
            write!(f, ", {name}: {value}")
        })?;
        self.because.iter().try_for_each(|reason| write!(f, "; {reason}"))
    }
}

impl fmt::Display for SentUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Display for SentAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Serialize for SentUri {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl Serialize for SentAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}
