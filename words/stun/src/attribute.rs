//! The attributes that matter here, and walking through those of a message.

/// A type from here on may be passed over by who does not know it.
const OPTIONAL_FROM: u16 = 0x8000;
pub(crate) const HEAD: usize = 4;

/// What servers still say beside the veiled one (RFC 8489, 14.1).
const MAPPED_ADDRESS: u16 = 0x0001;
pub(crate) const USERNAME: u16 = 0x0006;
pub(crate) const MESSAGE_INTEGRITY: u16 = 0x0008;
pub(crate) const ERROR_CODE: u16 = 0x0009;
pub(crate) const UNKNOWN_ATTRIBUTES: u16 = 0x000A;
pub(crate) const CHANNEL_NUMBER: u16 = 0x000C;
pub(crate) const LIFETIME: u16 = 0x000D;
pub(crate) const XOR_PEER_ADDRESS: u16 = 0x0012;
pub(crate) const DATA: u16 = 0x0013;
pub(crate) const REALM: u16 = 0x0014;
pub(crate) const NONCE: u16 = 0x0015;
pub(crate) const XOR_RELAYED_ADDRESS: u16 = 0x0016;
pub(crate) const REQUESTED_ADDRESS_FAMILY: u16 = 0x0017;
pub(crate) const REQUESTED_TRANSPORT: u16 = 0x0019;
pub(crate) const MESSAGE_INTEGRITY_SHA256: u16 = 0x001C;
pub(crate) const XOR_MAPPED_ADDRESS: u16 = 0x0020;
pub(crate) const PRIORITY: u16 = 0x0024;
pub(crate) const USE_CANDIDATE: u16 = 0x0025;
pub(crate) const FINGERPRINT: u16 = 0x8028;
pub(crate) const ICE_CONTROLLED: u16 = 0x8029;
pub(crate) const ICE_CONTROLLING: u16 = 0x802A;

const KNOWN: [u16; 17] = [
    MAPPED_ADDRESS,
    USERNAME,
    MESSAGE_INTEGRITY,
    ERROR_CODE,
    UNKNOWN_ATTRIBUTES,
    CHANNEL_NUMBER,
    LIFETIME,
    XOR_PEER_ADDRESS,
    DATA,
    REALM,
    NONCE,
    XOR_RELAYED_ADDRESS,
    REQUESTED_TRANSPORT,
    MESSAGE_INTEGRITY_SHA256,
    XOR_MAPPED_ADDRESS,
    PRIORITY,
    USE_CANDIDATE,
];

/// One attribute, and where it begins behind the head of the message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attribute<'a> {
    pub at: usize,
    pub kind: u16,
    pub value: &'a [u8],
}

/// All attributes in a row; ends with `None` for one that reaches beyond them.
pub(crate) struct Attributes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Attributes<'a> {
    pub fn of(bytes: &'a [u8]) -> Attributes<'a> {
        Attributes { bytes, at: 0 }
    }

    /// Whether all of them were walked through.
    pub fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Attribute<'a>;

    fn next(&mut self) -> Option<Attribute<'a>> {
        let rest = &self.bytes[self.at..];
        let [kind_high, kind_low, high, low, ..] = *rest else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let value = rest.get(HEAD..HEAD + length)?;
        let whole = HEAD + length.next_multiple_of(4);
        if whole > rest.len() {
            return None;
        }
        let attribute = Attribute { at: self.at, kind: u16::from_be_bytes([kind_high, kind_low]), value };
        self.at += whole;
        Some(attribute)
    }
}

impl Attribute<'_> {
    /// Whether a message with it cannot be understood here.
    pub fn is_unknown(&self) -> bool {
        self.kind < OPTIONAL_FROM && !KNOWN.contains(&self.kind)
    }
}
