//! What a far end's answers are taken for.

use std::sync::Arc;

use model::ResponseRule;
use serde::Serialize;

/// The rules of one trunk, the first that fits counts; cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Responses(Arc<[ResponseRule]>);

impl Responses {
    pub(crate) fn new(rules: impl IntoIterator<Item = ResponseRule>) -> Responses {
        Responses(rules.into_iter().collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a final status with a Q.850 cause is taken for, if not for itself.
    pub fn becomes(&self, status: u16, q850: Option<u8>) -> Option<u16> {
        let fits = |rule: &&ResponseRule| {
            rule.status.is_none_or(|wanted| wanted == status)
                && rule.q850.is_none_or(|wanted| q850 == Some(wanted))
        };
        self.0.iter().find(fits).map(|rule| rule.becomes)
    }
}
