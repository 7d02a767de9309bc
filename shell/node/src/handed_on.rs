//! A call in the forms in which it is handed on: drawn, as a page, as a capture, as packets of HEP.

use std::borrow::Cow;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use api::Form;
use ladder::{Hand, Ladder};
use model::without_passwords;
use serde_json::{Value, json};
use telemetry::Sighting;

use crate::ladders::{self, ends_of};
use crate::seen::Seen;
use crate::{call_page, pcapng};

/// As whoever captures is called in packets of HEP where nobody says otherwise.
const AGENT: u32 = 1;

/// The call, by its record or as it is in progress; nothing, where no message of it is kept, nor any packet.
pub fn handed_on(call: &Value, seen: &Seen, data: &Path, form: Form) -> io::Result<Option<Vec<u8>>> {
    if form != Form::Pcapng && seen.is_empty() {
        return Ok(None);
    }
    let call = &shown(call);
    let drawn = || ladders::ladder(call, seen);
    Ok(Some(match form {
        Form::Pcapng => return capture_of(call, &seen.in_order(), data),
        Form::Hep => copies(call, &seen.in_order()),
        Form::Json => in_json(call, seen).to_string().into_bytes(),
        Form::Text => in_letters(call, &drawn(), Hand::Unicode).into_bytes(),
        Form::Svg => ladder::svg(&drawn(), &call_page::heading(call)).into_bytes(),
        Form::Html => ladder::page(&call_page::page(call), &drawn()).into_bytes(),
    }))
}

/// The record, without passwords that somebody wrote into an address.
pub fn shown(call: &Value) -> Value {
    let text = call.to_string();
    match without_passwords(&text, '*') {
        Cow::Borrowed(_) => call.clone(),
        Cow::Owned(text) => serde_json::from_str(&text).unwrap_or_default(),
    }
}

/// What was seen, each message whole, and how it is drawn.
pub fn in_json(call: &Value, seen: &Seen) -> Value {
    json!({ "call": call["id"], "found": seen, "ladder": ladders::ladder(call, seen) })
}

/// Whose ladder it is, the ladder, and what became of the call.
pub fn in_letters(call: &Value, ladder: &Ladder, hand: Hand) -> String {
    let mut text = format!("{}\n{}", word(call, "id"), ladder::text(ladder, hand));
    if let Some((code, words)) = ladders::verdict(call) {
        text.push_str(&format!("{code} {words}\n"));
    }
    text
}

/// A call as a capture file, its packets with its messages; nothing, where neither is kept.
fn capture_of(
    call: &Value,
    messages: &[(Sighting, Option<String>)],
    data: &Path,
) -> io::Result<Option<Vec<u8>>> {
    let packets = match call["capture"]["file"].as_str().map(|file| fs::read(data.join(file))) {
        Some(Ok(packets)) => packets,
        Some(Err(fault)) if fault.kind() != ErrorKind::NotFound => return Err(fault),
        // No packet came, or they were too old.
        Some(Err(_)) | None => Vec::new(),
    };
    if messages.is_empty() && packets.is_empty() {
        return Ok(None);
    }
    let verdict = ladders::verdict(call).map(|(code, words)| format!("{code}: {words}"));
    Ok(Some(pcapng::capture(messages, &packets, verdict.as_deref())))
}

/// Packets of HEP one behind the other, as they would cross by TCP. What is too long for one is left out.
fn copies(call: &Value, messages: &[(Sighting, Option<String>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (message, _) in messages {
        let (from, to) = ends_of(message);
        let packet = hep::Packet {
            from,
            to,
            protocol: if message.transport == "udp" { hep::UDP } else { hep::TCP },
            at_us: Some(message.at_us),
            captured: hep::SIP,
            agent: Some(AGENT),
            key: None,
            correlation: Some(word(call, "id").as_bytes()),
            payload: message.text.as_bytes(),
        };
        // It leaves the others as they are.
        let _ = hep::write(&packet, &mut out);
    }
    out
}

fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use telemetry::{Found, Way};

    use super::*;

    #[test]
    fn a_password_in_an_address_of_the_record_is_handed_to_nobody() {
        let text = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n\
                    From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 7@far\r\nCSeq: 1 OPTIONS\r\n\r\n";
        let (local, remote) = (([192, 0, 2, 1], 5060).into(), ([192, 0, 2, 2], 5060).into());
        let (way, transport) = (Way::Received, "udp".to_owned());
        let message = Sighting { at_us: 1_000, way, transport, local, remote, text: text.to_owned() };
        let own = Found { messages: vec![message], since_us: None };
        let seen = Seen { own, observed: Vec::new() };
        let address = "sip:anna:5ec2e7@far.example";
        let call = json!({
            "id": "c1", "call_id": "7@far", "calling": address, "from_dialled": address, "started": 1,
            "verdict": "TD-E104", "words": format!("refused by {address}"), "outcome": "failed", "ended": 2,
            "attempts": [{ "callee": format!("trunk {address}"), "call_id": "8@us", "started": 1 }],
        });

        for form in [Form::Json, Form::Text, Form::Svg, Form::Html, Form::Hep] {
            let made = handed_on(&call, &seen, Path::new("."), form).unwrap().unwrap();
            let made = String::from_utf8_lossy(&made);
            assert!(!made.contains("5ec2e7"), "{form:?}: {made}");
            assert!(made.contains("anna") || form == Form::Hep, "{form:?}: {made}");
        }
    }
}
