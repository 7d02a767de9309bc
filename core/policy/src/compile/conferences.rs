//! Conferences, each with its places.

use std::sync::Arc;

use model::Conference as Written;

use crate::compile::Compiler;
use crate::conference::Conference;
use crate::limit::Unit;

impl Compiler<'_> {
    pub(super) fn conferences(&mut self) -> Vec<Arc<Conference>> {
        let documents = self.documents;
        let mut conferences = Vec::new();
        for document in documents.conference.values() {
            let users = document.users.as_ref();
            let users = users.map(|users| self.resolve_all(document, users, &documents.user, "user").into());
            let most = document.limit.as_ref().map_or(Written::LIMIT_MAX, |limit| limit.value);
            conferences.push(Arc::new(Conference {
                name: document.name.clone(),
                extension: document.extension.as_ref().map(|extension| extension.as_str().into()),
                number: document.number.as_ref().map(|number| number.value.shared()),
                limit: self.limit(format!("conference {}", document.name), Unit::Calls, most.into()),
                users,
                at: self.location(document),
            }));
        }
        conferences
    }
}
