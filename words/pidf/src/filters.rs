//! What a watcher wants to be told, and when (RFC 4661): read, put together, and applied to what is shown.
//!
//! Everything is bounded; what is not understood is refused, for a condition passed over would tell more, or
//! less, than was asked for.

use serde::{Deserialize, Serialize};

use crate::contents::Contents;
use crate::element::{Element, PIDF};
use crate::path::{FIRST, Path, Space, Steps};

/// So many filters may hold at once.
pub(crate) const FILTERS_MAX: usize = 8;

/// The filters of a subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filters {
    pub(crate) all: Vec<Filter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Filter {
    pub id: Box<str>,
    pub of: Of,
    pub is_enabled: bool,
    pub include: Vec<Selection>,
    pub exclude: Vec<Selection>,
    pub triggers: Vec<Trigger>,
}

/// Whom a filter is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Of {
    Anybody,
    Domain(Box<str>),
    Uri(Box<str>),
}

impl Of {
    pub fn is_same(&self, other: &Of) -> bool {
        match (self, other) {
            (Of::Uri(one), Of::Uri(two)) => bare(one) == bare(two),
            (Of::Domain(one), Of::Domain(two)) => one.eq_ignore_ascii_case(two),
            (one, two) => one == two,
        }
    }
}

/// An address without its scheme.
fn bare(uri: &str) -> String {
    uri.split_once(':').map_or(uri, |(_, rest)| rest).to_ascii_lowercase()
}

/// What is to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Selection {
    At(Path),
    InSpace(Space),
}

/// All of it has to happen at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trigger {
    pub events: Vec<Change>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Change {
    Other { at: Path, from: Option<Box<str>>, to: Option<Box<str>> },
    Added(Path),
    Removed(Path),
}

/// Whom a document is about, as filters name them.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub uris: [&'a str; 2],
    pub domain: &'a str,
}

impl Filters {
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Those that hold of somebody: the ones that name them, else their domain, else nobody (RFC 4661 3.4).
    fn of(&self, subject: Subject<'_>) -> Vec<&Filter> {
        let enabled = || self.all.iter().filter(|filter| filter.is_enabled);
        let named: Vec<&Filter> = enabled().filter(|filter| filter.names(subject)).collect();
        let domain = enabled().filter(|filter| filter.names_domain(subject));
        let at_home: Vec<&Filter> = if named.is_empty() { domain.collect() } else { named };
        match at_home.is_empty() {
            true => enabled().filter(|filter| filter.of == Of::Anybody).collect(),
            false => at_home,
        }
    }

    /// What is left of what is shown.
    pub fn sift<'a>(&self, contents: Contents<'a>, subject: Subject<'_>) -> Contents<'a> {
        let all = self.of(subject);
        let begins = |selection| (selection, FIRST);
        let include: Vec<_> = all.iter().flat_map(|filter| &filter.include).map(begins).collect();
        let exclude: Vec<_> = all.iter().flat_map(|filter| &filter.exclude).map(begins).collect();
        if include.is_empty() && exclude.is_empty() {
            return contents;
        }
        let within = if include.is_empty() { Within::Wanted } else { Within::Else };
        let root = sifted(&contents.root, (&include, &exclude), within);
        Contents { root: root.unwrap_or_else(|| Element::of(PIDF, contents.root.name, Vec::new())) }
    }

    /// Whether what was shown and what is shown now differ in what it takes to be told.
    pub fn call_for(&self, before: &Contents<'_>, after: &Contents<'_>, subject: Subject<'_>) -> bool {
        let all = self.of(subject);
        let mut triggers = all.iter().flat_map(|filter| &filter.triggers).peekable();
        if triggers.peek().is_none() {
            return true;
        }
        triggers.any(|one| one.events.iter().all(|event| event.is_between(&before.root, &after.root)))
    }
}

impl Filter {
    fn names(&self, subject: Subject<'_>) -> bool {
        let Of::Uri(uri) = &self.of else { return false };
        subject.uris.iter().any(|known| bare(known) == bare(uri))
    }

    fn names_domain(&self, subject: Subject<'_>) -> bool {
        matches!(&self.of, Of::Domain(domain) if domain.eq_ignore_ascii_case(subject.domain))
    }
}

/// Whether an element stands in one that was asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Wanted,
    Else,
}

type Cursor<'f> = (&'f Selection, Steps);

/// What is left of an element. What a document cannot be without stays, with whatever it is needed by: a
/// tuple has a status.
fn sifted<'a>(
    element: &Element<'a>,
    (include, exclude): (&[Cursor<'_>], &[Cursor<'_>]),
    within: Within,
) -> Option<Element<'a>> {
    let (is_included, include) = down(include, element);
    let (is_excluded, exclude) = down(exclude, element);
    if is_excluded != Ends::Nowhere && !is_needed(element) {
        return None;
    }
    let is_wanted = is_included != Ends::Nowhere || within == Within::Wanted;
    let within = if is_included == Ends::WithAll { Within::Wanted } else { within };
    let below = |child: &Element<'a>, within| sifted(child, (&include, &exclude), within);
    let mut children: Vec<Element<'a>> =
        element.children.iter().filter_map(|child| below(child, within)).collect();
    // What has lost all that was in it has nothing to say.
    let is_bare = element.children.is_empty() || is_needed(element);
    if children.is_empty() && !(is_wanted && is_bare) {
        return None;
    }
    let needed = element.children.iter().find(|child| is_needed(child));
    if let Some(needed) = needed.filter(|needed| children.iter().all(|child| child.name != needed.name)) {
        children.splice(0..0, below(needed, Within::Wanted));
    }
    Some(Element { children, ..element.clone() })
}

fn is_needed(element: &Element<'_>) -> bool {
    element.space == PIDF && matches!(element.name, "presence" | "status")
}

/// Whether a selection ends at an element.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ends {
    Nowhere,
    /// At the element, and not at what is in it.
    Alone,
    WithAll,
}

/// How the selections end here, and how they go on below.
fn down<'f>(cursors: &[Cursor<'f>], element: &Element<'_>) -> (Ends, Vec<Cursor<'f>>) {
    let mut ends = Ends::Nowhere;
    let mut below = Vec::new();
    for (selection, steps) in cursors {
        let (here, further) = match selection {
            Selection::At(path) => match path.at(*steps, element) {
                (true, further) => (Ends::WithAll, further),
                (false, further) => (Ends::Nowhere, further),
            },
            Selection::InSpace(space) if space.has(element) => (Ends::Alone, *steps),
            Selection::InSpace(_) => (Ends::Nowhere, *steps),
        };
        ends = ends.max(here);
        if further != 0 {
            below.push((*selection, further));
        }
    }
    (ends, below)
}

impl Change {
    fn is_between(&self, before: &Element<'_>, after: &Element<'_>) -> bool {
        let (Change::Other { at, .. } | Change::Added(at) | Change::Removed(at)) = self;
        let (before, after) = (found(at, before), found(at, after));
        let misses = |all: &[Found], one: &Found| all.iter().all(|other| other.place != one.place);
        match self {
            Change::Added(_) => after.iter().any(|one| misses(&before, one)),
            Change::Removed(_) => before.iter().any(|one| misses(&after, one)),
            Change::Other { from, to, .. } => after.iter().any(|new| {
                let old = before.iter().find(|old| old.place == new.place && old.text != new.text);
                let is = |wanted: &Option<Box<str>>, text: &str| {
                    wanted.as_deref().is_none_or(|wanted| wanted.trim() == text)
                };
                old.is_some_and(|old| is(from, &old.text) && is(to, &new.text))
            }),
        }
    }
}

/// An element that a path ends at: where it stands, and what it says.
struct Found {
    place: String,
    text: String,
}

fn found(path: &Path, root: &Element<'_>) -> Vec<Found> {
    let mut all = Vec::new();
    look(path, (FIRST, String::new()), root, &mut all);
    all
}

fn look(path: &Path, (steps, place): (Steps, String), element: &Element<'_>, all: &mut Vec<Found>) {
    let (ends, below) = path.at(steps, element);
    if below != 0 {
        for (at, child) in element.children.iter().enumerate() {
            let namesakes = element.children[..at].iter().filter(|other| other.name() == child.name());
            // Where it has an identifier, what stands before it does not matter.
            let which =
                child.id.as_deref().map_or_else(|| namesakes.count().to_string(), |id| format!("@{id}"));
            look(path, (below, format!("{place}/{}[{which}]", child.name())), child, all);
        }
    }
    if ends {
        let text = match element.children.is_empty() {
            true => element.text.trim().to_owned(),
            false => element.to_string(),
        };
        all.push(Found { place, text });
    }
}
