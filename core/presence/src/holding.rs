//! What a watcher of presence holds: who is told changes alone (RFC 5263), or asked for filters (RFC 4660).
//!
//! Changes follow upon what the watcher has answered to. After silence, a refusal, another SUBSCRIBE or
//! another process it is told everything.

use std::sync::Arc;

use pidf::{CHANGES_TYPE, Contents, Filters, PRESENCE_TYPE, Presence, Subject};

use crate::document;
use crate::face::Mien;

/// How a watcher wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Whole,
    Changes,
}

/// What was told, and what was said of it when it was.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    pub mien: Arc<Mien>,
    /// Where the house says that whom it is about can be called.
    pub person: Arc<str>,
}

/// What a watcher holds, as far as we know.
#[derive(Debug)]
pub(crate) struct Holding {
    pub style: Style,
    pub filters: Filters,
    told: Option<Sight>,
    /// On its way.
    flying: Option<Sight>,
    /// What filters have seen last, told or not.
    seen: Option<Sight>,
}

impl Holding {
    /// Nothing, where a watcher is told whole documents whenever something changes.
    pub fn of(style: Style, filters: Filters) -> Option<Box<Holding>> {
        let is_plain = style == Style::Whole && filters.is_empty();
        let holding = || Box::new(Holding { style, filters, told: None, flying: None, seen: None });
        (!is_plain).then(holding)
    }

    /// Nobody knows what it holds.
    pub fn begin_anew(&mut self) {
        (self.told, self.flying) = (None, None);
    }

    /// What was on its way is with it.
    pub fn taken(&mut self) {
        self.told = self.flying.take();
    }

    /// What is told next, with its type; nothing where that is no news.
    pub fn tell(
        &mut self,
        now: &Sight,
        (entity, domain): (&str, &str),
        version: u32,
    ) -> Option<(&'static str, String)> {
        let subject = Subject { uris: [entity, &now.person], domain };
        let seen = self.seen.replace(now.clone());
        let presence = now.presence(entity);
        let told = self.told.as_ref().map(|told| told.presence(entity));
        let contents = self.filters.sift(presence.contents(), subject);
        let before = told.as_ref().map(|told| self.filters.sift(told.contents(), subject));
        if let Some(before) = &before {
            let seen = seen.as_ref().unwrap_or(now).presence(entity);
            let is_called_for = self.filters.call_for(&seen.contents(), &presence.contents(), subject);
            if !is_called_for || *before == contents {
                return None;
            }
        }
        let said = self.said(&contents, before.as_ref(), entity, version);
        self.flying = Some(now.clone());
        Some(said)
    }

    fn said(
        &self,
        contents: &Contents<'_>,
        before: Option<&Contents<'_>>,
        entity: &str,
        version: u32,
    ) -> (&'static str, String) {
        // Watchers who are told of changes count from one.
        let version = version.wrapping_add(1);
        match (self.style, before) {
            (Style::Whole, _) => (PRESENCE_TYPE, contents.document(entity)),
            (Style::Changes, None) => (CHANGES_TYPE, contents.numbered(entity, version)),
            (Style::Changes, Some(before)) => (CHANGES_TYPE, contents.changes(before, entity, version)),
        }
    }
}

impl Sight {
    fn presence<'a>(&'a self, entity: &'a str) -> Presence<'a> {
        document::presence(&self.mien, &self.person, entity)
    }
}
