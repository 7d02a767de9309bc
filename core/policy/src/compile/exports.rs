//! Where what happens is sent.

use crate::compile::Compiler;
use crate::exports::{Capture, Exports, Trace};

impl Compiler<'_> {
    pub(super) fn exports(&mut self) -> Exports {
        let documents = self.documents;
        let traces = documents.trace.values().map(|trace| Trace {
            name: trace.name.clone(),
            to: trace.otlp.value.clone(),
            people: trace.people,
        });
        let mut captures = Vec::with_capacity(documents.capture.len());
        for capture in documents.capture.values() {
            let key = capture.key.as_ref().and_then(|key| self.secret(capture, key));
            let (name, to) = (capture.name.clone(), capture.hep.clone());
            captures.push(Capture { name, to, agent: capture.agent, key });
        }
        Exports { captures, traces: traces.collect() }
    }
}
