//! Conferences, each with its places.

use std::sync::Arc;

use model::{Code, Conference as Written, Document, Fault, Secret, SecretRef, Spot};
use sound::Tone;

use crate::compile::Compiler;
use crate::conference::Conference;
use crate::limit::Unit;

/// Two low beeps every three seconds.
const PROMPT: &str = "620/120 0/120 620/120 0/2640";
/// Digits of a PIN.
const PIN_LENGTH: std::ops::RangeInclusive<usize> = 4..=12;

impl Compiler<'_> {
    pub(super) fn conferences(&mut self) -> Vec<Arc<Conference>> {
        let documents = self.documents;
        let prompt: Arc<Tone> = Tone::parse(PROMPT).expect("it is written as it is read").into();
        let mut conferences = Vec::new();
        for document in documents.conference.values() {
            let users = document.users.as_ref();
            let users = users.map(|users| self.resolve_all(document, users, &documents.user, "user").into());
            let pin = document.pin.as_ref().and_then(|pin| self.pin(document, pin));
            let most = document.limit.as_ref().map_or(Written::LIMIT_MAX, |limit| limit.value);
            conferences.push(Arc::new(Conference {
                name: document.name.clone(),
                extension: document.extension.as_ref().map(|extension| extension.as_str().into()),
                number: document.number.as_ref().map(|number| number.value.shared()),
                limit: self.limit(format!("conference {}", document.name), Unit::Calls, most.into()),
                pin,
                users,
                prompt: prompt.clone(),
                at: self.location(document),
            }));
        }
        conferences
    }

    /// A PIN that can be typed. What it is stands in no problem.
    fn pin(&mut self, from: &Document<Written>, place: &Spot<SecretRef>) -> Option<Secret<String>> {
        let pin = self.secret(from, place)?;
        let digits = pin.reveal();
        if PIN_LENGTH.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(pin);
        }
        let fault = Fault::new(Code::OUT_OF_RANGE, format!("{} holds no PIN", place.value));
        let fault = fault.suggest("4 to 12 digits");
        self.problems.push(self.documents.problem_at(from, place, fault));
        None
    }
}
