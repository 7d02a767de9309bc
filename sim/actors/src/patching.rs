//! A presence document that a watcher holds, and what it makes of changes that it is told. Written from RFC
//! 5261 4 and RFC 5262: no word of the house's is used to read them.

use std::fmt;

const PIDF: &str = "urn:ietf:params:xml:ns:pidf";
const CHANGES: &str = "urn:ietf:params:xml:ns:pidf-diff";

/// What a watcher holds.
#[derive(Clone, Debug)]
pub struct Held {
    version: u32,
    root: Element,
}

#[derive(Clone, Debug, PartialEq)]
struct Element {
    space: String,
    name: String,
    attributes: Vec<(String, String)>,
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Element(Element),
    Text(String),
}

impl Held {
    /// Takes a document in: one that says all of it, or what follows upon the one before.
    pub fn take(held: &mut Option<Held>, body: &str) -> Result<(), String> {
        let told = read(body)?;
        if told.space != CHANGES {
            return Err(format!("no document of changes: {}", told.name));
        }
        let version = told.attribute("version").and_then(|text| text.parse().ok()).ok_or("no version")?;
        let last = held.as_ref().map(|held| held.version);
        match (told.name.as_str(), held.as_mut()) {
            ("pidf-full", _) if last.is_some_and(|last| version <= last) => {
                Err(format!("version {version} after {last:?}"))
            }
            ("pidf-full", _) => {
                *held = Some(Held { version, root: told });
                Ok(())
            }
            ("pidf-diff", Some(held)) if version == held.version + 1 => {
                for operation in told.elements() {
                    held.root.change(operation)?;
                }
                held.version = version;
                Ok(())
            }
            (name, _) => Err(format!("{name} {version} follows upon {last:?}")),
        }
    }
}

impl Element {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn elements(&self) -> impl Iterator<Item = &Element> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// Carries out one operation, on the root.
    fn change(&mut self, operation: &Element) -> Result<(), String> {
        let sel = operation.attribute("sel").ok_or("an operation without a selector")?;
        let none = || format!("nothing stands at {sel}");
        let is_text = sel.ends_with("/text()");
        let path = sel.strip_suffix("/text()").unwrap_or(sel);
        if (operation.name.as_str(), sel, operation.attribute("pos")) == ("add", "*", None) {
            self.nodes.extend(operation.nodes.iter().cloned());
            return Ok(());
        }
        let (parent, at) = self.find(path).ok_or_else(none)?;
        let Node::Element(found) = &mut parent.nodes[at] else { return Err(none()) };
        match (operation.name.as_str(), operation.attribute("pos"), is_text) {
            ("replace", None, true) => match found.nodes.as_mut_slice() {
                [Node::Text(text)] => {
                    *text = operation.text();
                    Ok(())
                }
                _ => Err(none()),
            },
            ("replace", None, false) => match operation.nodes.as_slice() {
                [one @ Node::Element(_)] => {
                    parent.nodes[at] = one.clone();
                    Ok(())
                }
                _ => Err(format!("no single element stands in for {sel}")),
            },
            ("add", None, false) => {
                found.nodes.extend(operation.nodes.iter().cloned());
                Ok(())
            }
            ("add", Some("before"), false) => {
                parent.nodes.splice(at..at, operation.nodes.iter().cloned());
                Ok(())
            }
            ("remove", None, false) => {
                parent.nodes.remove(at);
                Ok(())
            }
            (name, ..) => Err(format!("{name} at {sel} is not understood")),
        }
    }

    /// The element that a selector finds, by its parent; exactly one has to fit (RFC 5261 4.1).
    fn find(&mut self, path: &str) -> Option<(&mut Element, usize)> {
        let root = Element { nodes: vec![Node::Element(self.clone())], ..Element::new("", "") };
        let mut here = &root;
        let mut places = Vec::new();
        for step in path.split('/') {
            let at = here.child(step)?;
            places.push(at);
            let Node::Element(child) = &here.nodes[at] else { return None };
            here = child;
        }
        // The first is the root itself: nothing that is told here puts another one in its place.
        let (last, before) = places.get(1..)?.split_last()?;
        let mut parent = self;
        for at in before {
            let Node::Element(child) = &mut parent.nodes[*at] else { return None };
            parent = child;
        }
        Some((parent, *last))
    }

    fn child(&self, step: &str) -> Option<usize> {
        let (name, condition) = match step.split_once('[') {
            Some((name, rest)) => (name, Some(rest.strip_suffix(']')?)),
            None => (step, None),
        };
        let (space, local) = match name.split_once(':') {
            Some((prefix, local)) => (conventional(prefix)?, local),
            None => (PIDF, name),
        };
        let fits = |element: &Element| name == "*" || (element.space == space && element.name == local);
        let mut all: Vec<usize> = (0..self.nodes.len())
            .filter(|at| matches!(&self.nodes[*at], Node::Element(element) if fits(element)))
            .collect();
        if let Some(condition) = condition {
            match condition.strip_prefix("@id='") {
                Some(id) => {
                    let id = id.strip_suffix('\'')?;
                    let is_it = |one: &Element| one.attribute("id") == Some(id);
                    all.retain(|at| matches!(&self.nodes[*at], Node::Element(one) if is_it(one)));
                }
                None => all = vec![*all.get(condition.parse::<usize>().ok()?.checked_sub(1)?)?],
            }
        }
        if let [one] = all.as_slice() { Some(*one) } else { None }
    }

    fn text(&self) -> String {
        let texts = self.nodes.iter().filter_map(|node| match node {
            Node::Text(text) => Some(text.as_str()),
            Node::Element(_) => None,
        });
        texts.collect()
    }

    fn new(space: &str, name: &str) -> Element {
        let (space, name) = (space.to_owned(), name.to_owned());
        Element { space, name, attributes: Vec::new(), nodes: Vec::new() }
    }
}

/// The prefixes that the house writes; those of a document are bound to them when it is read.
const PREFIXES: [(&str, &str); 3] = [
    ("dm", "urn:ietf:params:xml:ns:pidf:data-model"),
    ("rpid", "urn:ietf:params:xml:ns:pidf:rpid"),
    ("p", CHANGES),
];

fn conventional(prefix: &str) -> Option<&'static str> {
    PREFIXES.iter().find(|(known, _)| *known == prefix).map(|(_, space)| *space)
}

/// As whoever is not told of changes would have been shown it.
impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "<presence entity=\"{}\">", self.root.attribute("entity").unwrap_or_default())?;
        self.root.elements().try_for_each(|element| writeln!(f, "{element}"))?;
        f.write_str("</presence>\n")
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = PREFIXES.iter().find(|(_, space)| *space == self.space).map(|(prefix, _)| *prefix);
        let name = prefix.map_or_else(|| self.name.clone(), |prefix| format!("{prefix}:{}", self.name));
        write!(f, "<{name}")?;
        self.attributes.iter().try_for_each(|(name, value)| write!(f, " {name}=\"{value}\""))?;
        if self.nodes.is_empty() {
            return f.write_str("/>");
        }
        f.write_str(">")?;
        for node in &self.nodes {
            match node {
                Node::Element(element) => element.fmt(f)?,
                Node::Text(text) => f.write_str(text)?,
            }
        }
        write!(f, "</{name}>")
    }
}

/// Reads a document; text and values stay as they are written. Prefixes have to be bound on the root.
fn read(text: &str) -> Result<Element, String> {
    let broken = || format!("no XML: {text}");
    let mut rest = text.trim_start();
    if rest.starts_with("<?") {
        rest = rest.split_once("?>").ok_or_else(broken)?.1.trim_start();
    }
    let mut open: Vec<Element> = vec![Element::new("", "")];
    let mut bound: Vec<(String, String)> = Vec::new();
    while !rest.is_empty() {
        let Some(tag) = rest.strip_prefix('<') else {
            let end = rest.find('<').unwrap_or(rest.len());
            let (said, after) = rest.split_at(end);
            rest = after;
            if open.len() > 1 {
                open.last_mut().ok_or_else(broken)?.nodes.push(Node::Text(said.to_owned()));
            }
            continue;
        };
        let (tag, after) = tag.split_once('>').ok_or_else(broken)?;
        rest = after;
        if !tag.starts_with('/') {
            open.push(opened(tag.trim_end_matches('/'), &mut bound).ok_or_else(broken)?);
        }
        if tag.starts_with('/') || tag.ends_with('/') {
            let closed = open.pop().ok_or_else(broken)?;
            open.last_mut().ok_or_else(broken)?.nodes.push(Node::Element(closed));
        }
    }
    match (open.len(), open.pop().and_then(|mut all| all.nodes.pop())) {
        (1, Some(Node::Element(root))) => Ok(root),
        _ => Err(broken()),
    }
}

fn opened(tag: &str, bound: &mut Vec<(String, String)>) -> Option<Element> {
    let (name, rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let mut element = Element::new("", name);
    let mut rest = rest.trim();
    while let Some((name, after)) = rest.split_once("=\"") {
        let (value, after) = after.split_once('"')?;
        match name.strip_prefix("xmlns") {
            Some(prefix) => bound.push((prefix.trim_start_matches(':').to_owned(), value.to_owned())),
            None => element.attributes.push((name.to_owned(), value.to_owned())),
        }
        rest = after.trim_start();
    }
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    element.space = bound.iter().find(|(known, _)| known == prefix)?.1.clone();
    element.name = local.to_owned();
    Some(element)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use pidf::{Activity, Basic, Presence, Tuple};
    use proptest::prelude::*;

    use super::*;

    const ENTITY: &str = "sip:hana@contoso.example";

    /// Devices by number, whether each is open, its notes; what the person does, and what is said of it.
    #[derive(Clone, Debug)]
    struct State {
        devices: Vec<(u8, bool, Option<String>)>,
        activities: Vec<Activity>,
        notes: Vec<String>,
    }

    fn state() -> impl Strategy<Value = State> {
        let device = (0..8u8, any::<bool>(), proptest::option::of("[a-c<&>'\"/ ]{1,6}"));
        let devices = proptest::collection::vec(device, 0..6);
        let activities = proptest::collection::vec(0..Activity::ALL.len(), 0..5);
        let notes = proptest::collection::vec("(dm:|[x-z\u{0}<&> ]){1,4}", 0..5);
        (devices, activities, notes).prop_map(|(mut devices, activities, notes)| {
            devices.sort_by_key(|(number, ..)| *number);
            devices.dedup_by_key(|(number, ..)| *number);
            let mut activities: Vec<_> = activities.into_iter().map(|at| Activity::ALL[at]).collect();
            activities.sort_unstable();
            activities.dedup();
            State { devices, activities, notes }
        })
    }

    impl State {
        fn presence<'s>(&'s self) -> Presence<'s> {
            let tuple = |(number, is_open, note): &'s (u8, bool, Option<String>)| Tuple {
                id: format!("d{number:x}"),
                basic: if *is_open { Basic::Open } else { Basic::Closed },
                contact: is_open.then_some("sip:hana@192.0.2.1;a='b'"),
                notes: note.as_deref().into_iter().collect(),
            };
            Presence {
                entity: ENTITY,
                tuples: self.devices.iter().map(tuple).collect(),
                activities: &self.activities,
                notes: self.notes.iter().map(String::as_str).collect(),
            }
        }
    }

    proptest! {
        /// What the house writes of changes makes, by another reading, the very document that it would have
        /// told.
        #[test]
        fn l5_changes_add_up_to_the_document_that_is_so(states in proptest::collection::vec(state(), 2..8)) {
            let mut held = None;
            let mut changes = 0;
            for (version, pair) in states.windows(2).enumerate() {
                let (before, after) = (pair[0].presence(), pair[1].presence());
                let (before, after) = (before.contents(), after.contents());
                let version = u32::try_from(version).unwrap() + 1;
                if held.is_none() {
                    Held::take(&mut held, &before.numbered(ENTITY, version)).unwrap();
                }
                if before != after {
                    let told = after.changes(&before, ENTITY, version + 1);
                    changes += usize::from(told.contains("<p:pidf-diff"));
                    prop_assert!(told.len() <= after.numbered(ENTITY, version + 1).len());
                    let taken = Held::take(&mut held, &told);
                    prop_assert!(taken.is_ok(), "{:?}: {}", taken, told);
                } else {
                    held = None;
                    Held::take(&mut held, &after.numbered(ENTITY, version + 1)).unwrap();
                }
                let mut whole = None;
                Held::take(&mut whole, &after.numbered(ENTITY, 1)).unwrap();
                let (told, whole) = (held.as_ref().unwrap().to_string(), whole.unwrap().to_string());
                prop_assert_eq!(told, whole);
            }
            prop_assert!(changes <= states.len());
        }
    }

    #[test]
    fn what_does_not_follow_upon_what_is_held_is_not_taken() {
        let there =
            State { devices: vec![(1, true, None)], activities: vec![Activity::Away], notes: Vec::new() };
        let there = there.presence();
        let there = there.contents();
        let changes = |version| {
            format!(
                "<p:pidf-diff xmlns=\"{PIDF}\" xmlns:p=\"{CHANGES}\" entity=\"{ENTITY}\" \
                 version=\"{version}\">\
                 <p:remove sel=\"*/tuple[@id='d1']\"/></p:pidf-diff>"
            )
        };
        let mut held = None;
        assert!(Held::take(&mut held, &changes(1)).is_err(), "nothing is held");
        Held::take(&mut held, &there.numbered(ENTITY, 4)).unwrap();
        assert!(Held::take(&mut held, &changes(4)).is_err() && Held::take(&mut held, &changes(6)).is_err());
        assert!(Held::take(&mut held, &there.numbered(ENTITY, 4)).is_err(), "yesterday");
        Held::take(&mut held, &changes(5)).unwrap();
        assert!(Held::take(&mut held, &changes(6)).is_err(), "it is gone already");
    }
}
