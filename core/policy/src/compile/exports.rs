//! Where what happens is sent.

use std::sync::Arc;

use model::{Code, Fault};

use crate::compile::Compiler;
use crate::exports::{Capture, Exports, Trace, Webhook};

/// What is shorter could be tried out.
const SECRET_MIN: usize = 24;

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
        let mut webhooks = Vec::with_capacity(documents.webhook.len());
        for webhook in documents.webhook.values() {
            let Some(secret) = self.secret(webhook, &webhook.secret) else { continue };
            if secret.reveal().trim().len() < SECRET_MIN {
                let place = &webhook.secret.value;
                let words = format!("{place} has fewer than {SECRET_MIN} characters");
                let fault = Fault::new(Code::NO_SECRET_VALUE, words);
                let fault = fault.suggest("make one: echo whsec_$(head -c 32 /dev/urandom | base64)");
                self.problems.push(documents.problem_at(webhook, &webhook.secret, fault));
            }
            let (name, to) = (webhook.name.clone(), webhook.url.value.clone());
            let source = source_of(&documents.system.value.name);
            webhooks.push(Webhook { name, to, secret, source });
        }
        Exports { captures, traces: traces.collect(), webhooks }
    }
}

/// The house as a reference that a URI may be.
fn source_of(name: &str) -> Arc<str> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._~".contains(letter);
    let name: String = name.chars().map(|letter| if is_plain(letter) { letter } else { '-' }).collect();
    format!("/tandem/{name}").into()
}
