//! Where what happens is sent.

use crate::compile::Compiler;
use crate::exports::Capture;

impl Compiler<'_> {
    pub(super) fn captures(&mut self) -> Vec<Capture> {
        let documents = self.documents;
        let mut captures = Vec::with_capacity(documents.capture.len());
        for capture in documents.capture.values() {
            let key = capture.key.as_ref().and_then(|key| self.secret(capture, key));
            let (name, to) = (capture.name.clone(), capture.hep.clone());
            captures.push(Capture { name, to, agent: capture.agent, key });
        }
        captures
    }
}
