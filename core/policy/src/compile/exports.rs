//! Where what happens is sent.

use std::sync::Arc;

use model::{Code, Document, Fault, Secret, SecretRef, Spot};

use crate::compile::Compiler;
use crate::exports::{Capture, Exports, Observer, Push, Trace, Webhook};

/// What is shorter could be tried out.
const SECRET_MIN: usize = 24;

impl Compiler<'_> {
    pub(super) fn exports(&mut self) -> Exports {
        let documents = self.documents;
        if let Some(password) =
            documents.system.storage.as_ref().and_then(|storage| storage.password.as_ref())
        {
            // Who searches records reads it for himself; here it is only missed.
            let _ = self.secret(&documents.system, password);
        }
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
            let Some(secret) = self.signing_key(webhook, &webhook.secret) else { continue };
            let (name, to) = (webhook.name.clone(), webhook.url.value.clone());
            let source = source_of(&documents.system.value.name);
            webhooks.push(Webhook { name, to, secret, source });
        }
        let mut pushes = Vec::with_capacity(documents.push.len());
        for push in documents.push.values() {
            let Some(secret) = self.signing_key(push, &push.secret) else { continue };
            let (name, to) = (push.name.clone(), push.url.value.clone());
            pushes.push(Push { name, to, secret, source: source_of(&documents.system.value.name) });
        }
        Exports { captures, traces: traces.collect(), webhooks, pushes, observers: self.observers() }
    }

    /// Who sends what he has seen; that each can be heard was checked when the documents were read.
    fn observers(&mut self) -> Vec<Observer> {
        let documents = self.documents;
        let records = documents.system.value.records.unwrap_or_default();
        let mut observers = Vec::with_capacity(documents.observer.len());
        for observer in documents.observer.values() {
            let Some(listen) = observer.listen.socket() else { continue };
            observers.push(Observer {
                name: observer.name.clone(),
                transport: observer.listen.transport,
                listen,
                from: observer.from.as_slice().into(),
                agent: observer.agent,
                key: observer.key.as_ref().and_then(|key| self.secret(observer, key)),
                keep_bytes: observer.keep_bytes(),
                // Who wants none of the house's own there wants none of others'.
                disk_bytes: if records.messages_bytes() > 0 { observer.disk_bytes() } else { 0 },
                disk_days: records.messages_days().into(),
            });
        }
        observers
    }

    /// What requests are signed with.
    fn signing_key<T>(&mut self, owner: &Document<T>, place: &Spot<SecretRef>) -> Option<Secret<String>> {
        let secret = self.secret(owner, place)?;
        if secret.reveal().trim().len() < SECRET_MIN {
            let words = format!("{} has fewer than {SECRET_MIN} characters", place.value);
            let fault = Fault::new(Code::NO_SECRET_VALUE, words);
            let fault = fault.suggest("make one: echo whsec_$(head -c 32 /dev/urandom | base64)");
            self.problems.push(self.documents.problem_at(owner, place, fault));
        }
        Some(secret)
    }
}

/// The house as a reference that a URI may be.
fn source_of(name: &str) -> Arc<str> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._~".contains(letter);
    let name: String = name.chars().map(|letter| if is_plain(letter) { letter } else { '-' }).collect();
    format!("/tandem/{name}").into()
}
