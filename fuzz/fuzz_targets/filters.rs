//! Any text as a watcher's filters, and people who change: what filters leave is a document that says no more than
//! all of it, and what is told of changes adds up to it, put together by whoever knows the RFCs alone.
#![no_main]

use std::collections::BTreeMap;

use actors::Held;
use libfuzzer_sys::fuzz_target;
use pidf::{Activity, Basic, Contents, Filters, Presence, Said, Subject, Tuple};

const ENTITY: &str = "sip:hana@contoso.example";
const HANA: Subject<'static> = Subject { uris: [ENTITY, "sip:100@contoso.example"], domain: "contoso.example" };

// A set of filters, another behind a NUL, and behind one more what somebody does.
fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(3, |byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let (first, second, days) = (part(), part(), part());
    let _ = Said::read(first);
    let mut filters = Filters::default();
    for text in [first, second] {
        let Ok(more) = filters.with(text) else { continue };
        assert!(more.with(text).is_ok(), "what was taken once is taken again");
        let kept = serde_json::to_vec(&more).expect("filters are plain data");
        assert_eq!(serde_json::from_slice::<Filters>(&kept).expect("they were written"), more);
        filters = more;
    }
    let mut days = Days(days);
    let mut before = days.person();
    let mut watcher = None;
    for version in (2..).step_by(2).take(4) {
        let after = days.person();
        tell(&filters, &before, &after, version, &mut watcher);
        before = after;
    }
});

/// A watcher who holds what was so is told what is so now.
fn tell(filters: &Filters, before: &Person, after: &Person, version: u32, watcher: &mut Option<Held>) {
    let (before, after) = (before.presence(), after.presence());
    let all = [before.contents(), after.contents()];
    let [old, new] = all.clone().map(|contents| filters.sift(contents, HANA));
    for (left, all) in [&old, &new].into_iter().zip(&all) {
        let (left, all) = (left.document(ENTITY), all.document(ENTITY));
        assert!(left.len() <= all.len(), "{left} is more than {all}");
        assert!(Said::read(left.as_bytes()).is_ok(), "{left}");
    }
    // Without conditions everything calls for it.
    let is_called_for = filters.call_for(&all[0], &all[0], HANA);
    assert!(!is_called_for || filters.call_for(&all[0], &all[1], HANA), "nothing calls, and something does not");
    take(watcher, &old.numbered(ENTITY, version));
    if old == new {
        return;
    }
    take(watcher, &new.changes(&old, ENTITY, version + 1));
    assert_eq!(shown(watcher), shown(&whole(&new)));
}

fn take(watcher: &mut Option<Held>, text: &str) {
    if let Err(why) = Held::take(watcher, text) {
        panic!("{why}: {text}");
    }
}

fn whole(contents: &Contents<'_>) -> Option<Held> {
    let mut held = None;
    take(&mut held, &contents.numbered(ENTITY, 1));
    held
}

fn shown(held: &Option<Held>) -> String {
    held.as_ref().map(Held::to_string).unwrap_or_default()
}

/// What is shown of somebody.
struct Person {
    /// By their identifiers: whether it is open, its address, its notes.
    tuples: BTreeMap<u8, (Basic, Option<String>, Vec<String>)>,
    activities: Vec<Activity>,
    notes: Vec<String>,
}

impl Person {
    fn presence(&self) -> Presence<'_> {
        let tuples = self.tuples.iter().map(|(id, (basic, contact, notes))| Tuple {
            id: format!("d{id}"),
            basic: *basic,
            contact: contact.as_deref(),
            notes: texts(notes),
        });
        Presence {
            entity: ENTITY,
            tuples: tuples.collect(),
            activities: &self.activities,
            notes: texts(&self.notes),
        }
    }
}

fn texts(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

/// Bytes, as far as they go.
struct Days<'a>(&'a [u8]);

impl Days<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn text(&mut self) -> String {
        let length = usize::from(self.byte() % 16).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    fn texts(&mut self, most: u8) -> Vec<String> {
        (0..self.byte() % (most + 1)).map(|_| self.text()).collect()
    }

    fn person(&mut self) -> Person {
        let count = self.byte() % 5;
        let tuple = |days: &mut Self| {
            let (id, choice) = (days.byte() % 8, days.byte());
            let basic = if choice & 1 == 0 { Basic::Open } else { Basic::Closed };
            let contact = (choice & 2 != 0).then(|| days.text());
            (id, (basic, contact, days.texts(2)))
        };
        let tuples = (0..count).map(|_| tuple(self)).collect();
        let chosen = u32::from_be_bytes([0, self.byte(), self.byte(), self.byte()]);
        let all = Activity::ALL.iter().enumerate();
        let activities = all.filter(|(at, _)| chosen >> at & 1 == 1).map(|(_, one)| *one).collect();
        Person { tuples, activities, notes: self.texts(2) }
    }
}
