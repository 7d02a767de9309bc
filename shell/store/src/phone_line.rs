//! The line of a user's phones, letter for letter as serde_json writes it and in a third of its steps:
//! hundreds are written in a second, each with the same names and few letters that would have to be escaped.

use std::io::Write;
use std::net::SocketAddr;

use serde::Serialize;
use sip_message::Digits;
use switch::{Kept, KeptBinding, KeptFlow, KeptReach};

pub(crate) fn write(kept: &Kept, line: &mut Vec<u8>) {
    let mut line = Line(line);
    line.raw("{\"user\":");
    line.text(&kept.user);
    line.raw(",\"bindings\":[");
    for (place, binding) in kept.bindings.iter().enumerate() {
        line.raw(if place > 0 { ",{" } else { "{" });
        line.binding(binding);
        line.raw("}");
    }
    line.raw("]}");
}

struct Line<'l>(&'l mut Vec<u8>);

impl Line<'_> {
    fn binding(&mut self, binding: &KeptBinding) {
        self.raw("\"contact\":");
        self.text(&binding.contact);
        self.text_if(",\"instance\":", binding.instance.as_deref());
        if let Some(number) = binding.flow_number {
            self.number(",\"flow_number\":", number.into());
        }
        self.number(",\"priority\":", binding.priority.into());
        self.raw(",\"call_id\":");
        self.text(&binding.call_id);
        self.number(",\"cseq\":", binding.cseq.into());
        self.number(",\"registered\":", binding.registered.0);
        self.number(",\"until\":", binding.until.0);
        if !binding.path.is_empty() {
            self.rare(",\"path\":", &binding.path);
        }
        self.raw(",\"source\":");
        self.flow(&binding.source);
        self.text_if(",\"agent\":", binding.agent.as_deref());
        self.text_if(",\"features\":", binding.features.as_deref());
        match &binding.reach {
            KeptReach::At(flow) => {
                self.raw(",\"reach\":{\"at\":");
                self.flow(flow);
                self.raw("}");
            }
            other => self.rare(",\"reach\":", other),
        }
        if let Some(naming) = &binding.naming {
            self.rare(",\"naming\":", naming);
        }
        if let Some(bell) = &binding.bell {
            self.rare(",\"bell\":", bell);
        }
    }

    fn flow(&mut self, flow: &KeptFlow) {
        let (transport, local, remote) = flow.parts();
        self.raw("{\"transport\":");
        self.text(transport);
        self.raw(",\"local\":\"");
        self.address(local);
        self.raw("\",\"remote\":\"");
        self.address(remote);
        self.raw("\"}");
    }

    fn address(&mut self, address: SocketAddr) {
        let SocketAddr::V4(address) = address else {
            return write!(self.0, "{address}").expect("a Vec takes everything");
        };
        for (place, octet) in address.ip().octets().into_iter().enumerate() {
            self.raw(if place > 0 { "." } else { "" });
            self.0.extend_from_slice(Digits::of(octet.into()).bytes());
        }
        self.raw(":");
        self.0.extend_from_slice(Digits::of(address.port().into()).bytes());
    }

    fn raw(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, name: &str, number: i64) {
        self.raw(name);
        self.raw(if number < 0 { "-" } else { "" });
        self.0.extend_from_slice(Digits::of(number.unsigned_abs()).bytes());
    }

    fn text_if(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.raw(name);
            self.text(text);
        }
    }

    fn text(&mut self, text: &str) {
        let is_escaped = |byte: &u8| (*byte < b' ') | (*byte == b'"') | (*byte == b'\\');
        if text.as_bytes().iter().fold(false, |found, byte| found | is_escaped(byte)) {
            return self.rare("", text);
        }
        self.raw("\"");
        self.raw(text);
        self.raw("\"");
    }

    /// What few bindings have.
    fn rare(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        self.raw(name);
        serde_json::to_writer(&mut *self.0, value).expect("it has string keys and is written to memory");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn is_written_the_same(text: &str) {
        let kept: Kept = serde_json::from_str(text).unwrap();
        let mut line = Vec::new();

        write(&kept, &mut line);

        assert_eq!(String::from_utf8(line).unwrap(), serde_json::to_string(&kept).unwrap());
    }

    #[test]
    fn a_line_is_the_one_that_serde_json_writes() {
        let flow = r#"{"transport":"udp","local":"192.0.2.1:5060","remote":"203.0.113.255:1"}"#;
        let six = r#"{"transport":"tls","local":"[2001:db8::1]:5061","remote":"[2001:db8::2]:65535"}"#;
        let usual = format!(
            r#""contact":"sip:a@b","priority":1000,"call_id":"c","cseq":4294967295,"registered":0,"until":17,
               "source":{flow},"reach":{{"at":{flow}}}"#
        );
        let all = format!(
            r#""contact":"sip:\"\\\u0001\u00e9\u007f@b","instance":"urn:uuid:1","flow_number":1,"priority":0,
               "call_id":"\n","cseq":0,"registered":-1,"until":9223372036854775807,"path":["<sip:p;lr>","\t"],
               "source":{six},"agent":"Tele\"fon","features":"audio;+sip.x=\"<a>\"","reach":"by-path",
               "naming":{{"address":"sip:a@b","series":18446744073709551615}},
               "bell":{{"provider":"apns","token":"t\"","param":"p","device":"push-1","ahead_s":120}}"#
        );
        let lost = all.replace("\"by-path\"", "\"lost\"");

        for bindings in [String::new(), format!("{{{usual}}}"), format!("{{{all}}},{{{usual}}},{{{lost}}}")] {
            is_written_the_same(&format!(r#"{{"user":"han\"a","bindings":[{bindings}]}}"#));
        }
    }
}
