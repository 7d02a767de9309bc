//! A description and metadata in one body (RFC 7866, 9.1).

use crate::{DISPOSITION, METADATA_TYPE};

/// Stands between the parts: neither of them has such a line.
pub const BOUNDARY: &str = "tandem-rs-6f1d0c2a";

/// What the body is.
pub const CONTENT_TYPE: &str = "multipart/mixed;boundary=tandem-rs-6f1d0c2a";

/// The body of an INVITE that offers streams and says what they are.
pub fn body(description: &[u8], metadata: &str) -> Vec<u8> {
    let head = format!("--{BOUNDARY}\r\nContent-Type: application/sdp\r\n\r\n");
    let between = format!(
        "\r\n--{BOUNDARY}\r\nContent-Type: {METADATA_TYPE}\r\nContent-Disposition: {DISPOSITION}\r\n\r\n"
    );
    let end = format!("\r\n--{BOUNDARY}--\r\n");
    [head.as_bytes(), description, between.as_bytes(), metadata.as_bytes(), end.as_bytes()].concat()
}
