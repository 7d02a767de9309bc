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
        const NAMES: &[&str] = &[$($name,)+];
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
    Contact "Contact" / b'm',
    RecordRoute "Record-Route",
    Route "Route",
    ContentLength "Content-Length" / b'l',
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

    #[inline]
    pub(crate) fn of_bytes(name: &[u8]) -> Self {
        match name {
            [] => Header::Other,
            [letter] => COMPACT_OF[(letter | 0x20) as usize],
            _ => {
                let mut slot = slot_of(name);
                loop {
                    let Some(&header) = ALL.get(SLOTS[slot] as usize) else { return Header::Other };
                    let canonical = header.name().as_bytes();
                    // Nearly everybody writes the canonical spelling, and equality is cheaper than likeness.
                    if canonical == name || canonical.eq_ignore_ascii_case(name) {
                        return header;
                    }
                    slot = (slot + 1) % SLOT_COUNT;
                }
            }
        }
    }

    /// The canonical name; empty for `Other`, whose name stands in its line.
    pub const fn name(self) -> &'static str {
        match self {
            Header::Other => "",
            known => NAMES[known as usize],
        }
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

const SLOT_COUNT: usize = 512;
const FREE: u8 = u8::MAX;

/// Where a name is looked up first: its length, first, middle and last letter.
const fn slot_of(name: &[u8]) -> usize {
    let len = name.len();
    let first = (name[0] | 0x20) as usize;
    let middle = (name[len / 2] | 0x20) as usize;
    let last = (name[len - 1] | 0x20) as usize;
    (len.wrapping_mul(37) + first.wrapping_mul(5) + middle.wrapping_mul(67) + last.wrapping_mul(11))
        % SLOT_COUNT
}

/// Open addressing over `ALL`, filled by the compiler.
static SLOTS: [u8; SLOT_COUNT] = {
    let mut slots = [FREE; SLOT_COUNT];
    let mut i = 0;
    while i < NAMES.len() {
        let mut slot = slot_of(NAMES[i].as_bytes());
        while slots[slot] != FREE {
            slot = (slot + 1) % SLOT_COUNT;
        }
        slots[slot] = i as u8;
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
