//! A request of ours inside of a call, kept until it is answered: it can be said again with a proof.

use policy::Line;
use sip_message::Method;

/// What such a request says beyond its dialog.
pub(crate) struct Said {
    pub method: Method<'static>,
    pub contact: Option<Box<str>>,
    pub hops: u32,
    pub headers: Vec<(Box<str>, Box<str>)>,
    /// Content type and content.
    pub body: Option<(Box<str>, Box<[u8]>)>,
    /// How often its challenge was answered.
    pub proofs: u32,
}

impl Said {
    pub fn new(method: Method<'static>, headers: &[(&str, &str)]) -> Said {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Said { method, contact: None, hops: 70, headers: headers.collect(), body: None, proofs: 0 }
    }

    pub fn with_body(self, body: Option<(&str, &[u8])>) -> Said {
        Said { body: body.map(|(kind, content)| (kind.into(), content.into())), ..self }
    }

    /// Says these too.
    pub fn add(&mut self, lines: Vec<Line>) {
        self.headers.extend(lines.into_iter().map(|(name, value)| ((*name).into(), value.into())));
    }

    pub fn content(&self) -> &[u8] {
        self.body.as_ref().map_or(&[], |(_, content)| content)
    }
}
