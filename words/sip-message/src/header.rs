//! The names of headers: one table for their canonical spelling, compact forms and recognition.

use std::fmt;

macro_rules! headers {
    ($($variant:ident $name:literal $(/ $compact:literal)?,)+) => {
        /// A header by its name; `Other` is any name this house has no use for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum Header { $($variant,)+ Other }

        const ALL: &[Header] = &[$(Header::$variant,)+];
        /// By header; the last, that of `Other`, is empty.
        const NAMES: &[&str] = &[$($name,)+ ""];
        const COMPACT: &[(u8, Header)] = &[$($(($compact, Header::$variant),)?)+];
    };
}

headers! {
    Via "Via" / b'v',
    From "From" / b'f',
    To "To" / b't',
    CallId "Call-ID" / b'i',
    CSeq "CSeq",
    MaxForwards "Max-Forwards",
    ContentLength "Content-Length" / b'l',
    Contact "Contact" / b'm',
    RecordRoute "Record-Route",
    Route "Route",
    ContentType "Content-Type" / b'c',
    ContentDisposition "Content-Disposition",
    ContentEncoding "Content-Encoding" / b'e',
    ContentLanguage "Content-Language",
    Expires "Expires",
    Require "Require",
    ProxyRequire "Proxy-Require",
    Supported "Supported" / b'k',
    Unsupported "Unsupported",
    Allow "Allow",
    AllowEvents "Allow-Events" / b'u',
    Accept "Accept",
    AcceptContact "Accept-Contact" / b'a',
    AcceptEncoding "Accept-Encoding",
    AcceptLanguage "Accept-Language",
    Authorization "Authorization",
    ProxyAuthorization "Proxy-Authorization",
    WwwAuthenticate "WWW-Authenticate",
    ProxyAuthenticate "Proxy-Authenticate",
    AuthenticationInfo "Authentication-Info",
    UserAgent "User-Agent",
    Server "Server",
    Reason "Reason",
    RetryAfter "Retry-After",
    Warning "Warning",
    PAssertedIdentity "P-Asserted-Identity",
    PPreferredIdentity "P-Preferred-Identity",
    PEarlyMedia "P-Early-Media",
    PAccessNetworkInfo "P-Access-Network-Info",
    PChargingVector "P-Charging-Vector",
    Privacy "Privacy",
    RemotePartyId "Remote-Party-ID",
    Diversion "Diversion",
    HistoryInfo "History-Info",
    Event "Event" / b'o',
    ReferTo "Refer-To" / b'r',
    ReferredBy "Referred-By" / b'b',
    ReferSub "Refer-Sub",
    RejectContact "Reject-Contact" / b'j',
    RequestDisposition "Request-Disposition" / b'd',
    Replaces "Replaces",
    Join "Join",
    TargetDialog "Target-Dialog",
    SubscriptionState "Subscription-State",
    SipETag "SIP-ETag",
    SipIfMatch "SIP-If-Match",
    MinExpires "Min-Expires",
    SessionExpires "Session-Expires" / b'x',
    MinSe "Min-SE",
    RSeq "RSeq",
    RAck "RAck",
    Date "Date",
    Timestamp "Timestamp",
    Geolocation "Geolocation",
    GeolocationRouting "Geolocation-Routing",
    GeolocationError "Geolocation-Error",
    Path "Path",
    ServiceRoute "Service-Route",
    AlertInfo "Alert-Info",
    CallInfo "Call-Info",
    ErrorInfo "Error-Info",
    InReplyTo "In-Reply-To",
    Subject "Subject" / b's',
    Identity "Identity" / b'y',
    IdentityInfo "Identity-Info" / b'n',
    SessionId "Session-ID",
    UserToUser "User-to-User",
    ResourcePriority "Resource-Priority",
    AcceptResourcePriority "Accept-Resource-Priority",
    Priority "Priority",
    ReplyTo "Reply-To",
    Organization "Organization",
    MimeVersion "MIME-Version",
    FlowTimer "Flow-Timer",
    RecvInfo "Recv-Info",
    InfoPackage "Info-Package",
    SecurityClient "Security-Client",
    SecurityServer "Security-Server",
    SecurityVerify "Security-Verify",
    FeatureCaps "Feature-Caps",
}

impl Header {
    /// The header of this name, compact or long, in any case.
    #[inline]
    pub fn of(name: &str) -> Self {
        Self::of_bytes(name.as_bytes())
    }

    #[inline(always)]
    pub(crate) fn of_bytes(name: &[u8]) -> Self {
        match name {
            [] => Header::Other,
            [letter] => COMPACT_OF[(letter | 0x20) as usize],
            [first, .., last] => {
                let slot = slot_of(name.len(), *first, name[name.len() / 2], *last);
                let header = SLOTS[slot];
                let canonical = header.name().as_bytes();
                // Nearly everybody writes the canonical spelling, and equality is cheaper than likeness.
                if is_same(canonical, name) || canonical.eq_ignore_ascii_case(name) {
                    header
                } else {
                    Header::Other
                }
            }
        }
    }

    /// The canonical name; empty for `Other`, whose name stands in its line.
    pub const fn name(self) -> &'static str {
        NAMES[self as usize]
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Equality of names, without the call that texts of any length cost: two overlapping ends are all of it.
#[inline]
fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len()
        && match a.len() {
            2..=4 => ends::<2>(a) == ends::<2>(b),
            5..=8 => ends::<4>(a) == ends::<4>(b),
            9..=16 => ends::<8>(a) == ends::<8>(b),
            _ => a == b,
        }
}

fn ends<const LEN: usize>(text: &[u8]) -> Option<([u8; LEN], [u8; LEN])> {
    Some((*text.first_chunk()?, *text.last_chunk()?))
}

const SLOT_COUNT: usize = 512;

/// Where a name is looked up. The factors give every name above a slot of its own; a new name may need
/// others, and the compiler says so.
#[inline]
const fn slot_of(len: usize, first: u8, middle: u8, last: u8) -> usize {
    let letters =
        (first | 0x20) as usize * 100 + (middle | 0x20) as usize * 93 + (last | 0x20) as usize * 115;
    (len * 29 + letters) % SLOT_COUNT
}

static SLOTS: [Header; SLOT_COUNT] = {
    let mut slots = [Header::Other; SLOT_COUNT];
    let mut i = 0;
    while i < ALL.len() {
        let name = NAMES[i].as_bytes();
        let slot = slot_of(name.len(), name[0], name[name.len() / 2], name[name.len() - 1]);
        assert!(matches!(slots[slot], Header::Other), "two names share a slot: other factors are needed");
        slots[slot] = ALL[i];
        i += 1;
    }
    slots
};

static COMPACT_OF: [Header; 256] = {
    let mut table = [Header::Other; 256];
    let mut i = 0;
    while i < COMPACT.len() {
        table[COMPACT[i].0 as usize] = COMPACT[i].1;
        i += 1;
    }
    table
};
