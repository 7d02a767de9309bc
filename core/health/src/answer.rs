//! OPTIONS of others: that we are here, and what we understand.

use std::time::Instant;

use sip_stack::{ALLOW, EXTENSIONS, Reply, Send, ServerId, Stack};

/// Says that the house is well (RFC 3261 11.2).
pub fn answer_options(now: Instant, stack: &mut Stack, server: ServerId, sends: &mut Vec<Send>) {
    let supported = EXTENSIONS.join(", ");
    let headers = [
        ("Allow", ALLOW),
        ("Accept", "application/sdp"),
        ("Accept-Encoding", "identity"),
        ("Supported", &supported),
    ];
    let reply = Reply { status: 200, headers: &headers, ..Reply::default() };
    stack.respond(now, server, &reply, sends);
}
