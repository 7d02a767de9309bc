//! How much of everything is accepted. Beyond a limit a message is refused, never cut.

/// Bytes of one message; also what keeps every offset in 16 bits.
pub const MESSAGE_MAX: usize = 65_535;

/// Header lines of one message.
pub const HEADERS_MAX: usize = 256;

/// Header lines kept in the index; lines after these are found by scanning again.
pub const INDEXED_MAX: usize = 32;

/// Bytes of one header line with its continuations, and of the start line.
pub const LINE_MAX: usize = 8_192;

/// Bytes of one URI.
pub const URI_MAX: usize = 2_048;

/// Parameters of one value.
pub const PARAMS_MAX: usize = 64;

/// CSeq numbers stay below this (RFC 3261, 8.1.1.5).
pub const CSEQ_END: u32 = 1 << 31;
