//! Requests and responses as they go out.

use crate::end::{Flag, HYPHENS};
use crate::head::{Body, Start};

/// Appends the head of a request; where no body follows, its end too. `rest` is its other lines, each with
/// its end.
pub fn write_request(
    out: &mut Vec<u8>,
    (id, method): (&str, &str),
    (to, from): (&str, &str),
    rest: &[u8],
    body: Body,
) {
    line(out, &["MSRP ", id, " ", method]);
    paths(out, to, from);
    out.extend_from_slice(rest);
    match body {
        Body::Follows => out.extend_from_slice(b"\r\n"),
        Body::None(flag) => end(out, id, flag),
    }
}

/// Appends a response.
pub fn write_response(
    out: &mut Vec<u8>,
    id: &str,
    (status, comment): (u16, &str),
    (to, from): (&str, &str),
    rest: &[u8],
) {
    let space = if comment.is_empty() { "" } else { " " };
    line(out, &["MSRP ", id, " ", &format!("{status:03}"), space, comment]);
    paths(out, to, from);
    out.extend_from_slice(rest);
    end(out, id, Flag::Complete);
}

/// Appends the end of a body.
pub fn write_end(out: &mut Vec<u8>, id: &str, flag: Flag) {
    out.extend_from_slice(b"\r\n");
    end(out, id, flag);
}

impl Start<'_> {
    /// Whether it carries what people write.
    pub fn is_send(&self) -> bool {
        *self == Start::Request("SEND")
    }
}

fn paths(out: &mut Vec<u8>, to: &str, from: &str) {
    line(out, &["To-Path: ", to]);
    line(out, &["From-Path: ", from]);
}

fn end(out: &mut Vec<u8>, id: &str, flag: Flag) {
    out.extend_from_slice(HYPHENS.as_bytes());
    out.extend_from_slice(id.as_bytes());
    out.push(flag.letter());
    out.extend_from_slice(b"\r\n");
}

fn line(out: &mut Vec<u8>, parts: &[&str]) {
    parts.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
    out.extend_from_slice(b"\r\n");
}
