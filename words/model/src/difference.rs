//! What changes from one set of documents to another: objects, and keys in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::documents::{Document, Documents, Kind};
use crate::source::SourceFile;

/// One object that is not as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub kind: String,
    /// Of `[system]`, its kind again.
    pub name: String,
    pub what: Changed,
    /// File and line; of a removed object, where it stood.
    pub at: String,
    /// The keys of a changed object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyChange>,
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Changed {
    Added,
    Removed,
    Changed,
}

/// A key that has another value; secrets are blotted out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyChange {
    /// `use[0].trunk`
    pub key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<String>,
}

/// Everything that differs, kind by kind, each in order of names.
pub fn difference(old: &Documents, new: &Documents) -> Vec<Change> {
    // Taken apart, so that a kind which is added cannot be forgotten.
    let Documents {
        files,
        system,
        interface,
        link,
        site,
        trunk,
        user,
        numbers,
        rights,
        route,
        deck,
        offer,
        orbit,
        announcement,
        conference,
        console,
        schedule,
        dialplan,
        emergency,
        test,
        recorder,
        observer,
        capture,
        trace,
        webhook,
        push,
        directory,
        lists: _,
        sounds: _,
    } = new;
    let mut between = Between { old, new, changes: Vec::new() };
    between.pair("system", "system", Some(&old.system), Some(system));
    between.kind("interface", &old.interface, interface);
    between.kind("link", &old.link, link);
    between.kind("site", &old.site, site);
    between.kind("trunk", &old.trunk, trunk);
    between.kind("user", &old.user, user);
    between.kind("numbers", &old.numbers, numbers);
    between.kind("rights", &old.rights, rights);
    between.kind("route", &old.route, route);
    between.kind("deck", &old.deck, deck);
    between.kind("offer", &old.offer, offer);
    between.kind("orbit", &old.orbit, orbit);
    between.kind("announcement", &old.announcement, announcement);
    between.kind("conference", &old.conference, conference);
    between.kind("console", &old.console, console);
    between.kind("schedule", &old.schedule, schedule);
    between.kind("dialplan", &old.dialplan, dialplan);
    between.kind("emergency", &old.emergency, emergency);
    between.kind("test", &old.test, test);
    between.kind("recorder", &old.recorder, recorder);
    between.kind("observer", &old.observer, observer);
    between.kind("capture", &old.capture, capture);
    between.kind("trace", &old.trace, trace);
    between.kind("webhook", &old.webhook, webhook);
    between.kind("push", &old.push, push);
    between.kind("directory", &old.directory, directory);
    between.tables(&old.files, files);
    between.changes
}

struct Between<'d> {
    old: &'d Documents,
    new: &'d Documents,
    changes: Vec<Change>,
}

impl Between<'_> {
    fn kind<T: PartialEq + Serialize>(&mut self, kind: &str, old: &Kind<T>, new: &Kind<T>) {
        let mut names: Vec<&Arc<str>> = new.keys().collect();
        names.extend(old.keys().filter(|name| !new.contains_key(*name)));
        names.sort_unstable();
        for name in names {
            self.pair(kind, name, old.get(name), new.get(name));
        }
    }

    fn pair<T: PartialEq + Serialize>(
        &mut self,
        kind: &str,
        name: &str,
        old: Option<&Document<T>>,
        new: Option<&Document<T>>,
    ) {
        let (what, at, keys) = match (old, new) {
            (Some(old), Some(new)) if old.value == new.value => return,
            (Some(old), Some(new)) => {
                (Changed::Changed, self.new.location(new), keys_between(&old.value, &new.value))
            }
            (None, Some(new)) => (Changed::Added, self.new.location(new), Vec::new()),
            (Some(old), None) => (Changed::Removed, self.old.location(old), Vec::new()),
            (None, None) => return,
        };
        self.changes.push(Change { kind: kind.to_owned(), name: name.to_owned(), what, at, keys });
    }
}

impl Between<'_> {
    /// Files that hold no objects: each is one thing.
    fn tables(&mut self, old: &[SourceFile], new: &[SourceFile]) {
        let named = |files: &[SourceFile]| -> BTreeMap<Arc<str>, Arc<str>> {
            let tables = files.iter().filter(|file| file.is_plans());
            tables.map(|file| (file.name.clone(), file.text.clone())).collect()
        };
        let (old, new) = (named(old), named(new));
        let mut names: Vec<&Arc<str>> = old.keys().chain(new.keys()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let what = match (old.get(name), new.get(name)) {
                (Some(old), Some(new)) if old == new => continue,
                (Some(_), Some(_)) => Changed::Changed,
                (None, _) => Changed::Added,
                (Some(_), None) => Changed::Removed,
            };
            let (kind, at) = ("file".to_owned(), name.to_string());
            self.changes.push(Change { kind, name: name.to_string(), what, at, keys: Vec::new() });
        }
    }
}

fn keys_between<T: Serialize>(old: &T, new: &T) -> Vec<KeyChange> {
    let flat = |value: &T| {
        let mut keys = BTreeMap::new();
        flatten(String::new(), &serde_json::to_value(value).unwrap_or_default(), &mut keys);
        keys
    };
    let (old, new) = (flat(old), flat(new));
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let differing = names.into_iter().filter(|key| old.get(*key) != new.get(*key));
    let mut changes: Vec<KeyChange> = differing
        .map(|key| KeyChange { key: key.clone(), was: old.get(key).cloned(), is: new.get(key).cloned() })
        .collect();
    if changes.is_empty() {
        // Secrets print alike.
        changes.push(KeyChange { key: "a secret".to_owned(), was: None, is: None });
    }
    changes
}

/// Every value that is not a table or a list, by the path that leads to it.
fn flatten(path: String, value: &Value, keys: &mut BTreeMap<String, String>) {
    match value {
        Value::Null => {}
        Value::Object(object) => {
            for (key, value) in object {
                let dot = if path.is_empty() { "" } else { "." };
                flatten(format!("{path}{dot}{key}"), value, keys);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                flatten(format!("{path}[{index}]"), value, keys);
            }
        }
        value => drop(keys.insert(path, value.to_string())),
    }
}
