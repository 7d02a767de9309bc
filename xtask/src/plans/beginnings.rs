//! Machines as beginnings and lengths: `15[0-9]/10-11` instead of an expression.
//!
//! Beyond a few places a beginning is cut off; what the metadata tells apart only there is taken together.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::plans::language::{Machine, States};

/// Enough to tell kinds apart in all but a few countries.
pub const PLACES: usize = 5;
/// Enough to tell prefixes apart.
pub const PREFIX_PLACES: usize = 8;
const DIGITS: u8 = 10;

/// Which kinds a number may be, by how many digits are still to come.
type Profile = BTreeSet<(u8, usize)>;

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    /// From here on only lengths matter.
    Leaf(Profile),
    Fork(Profile, Vec<Rc<Node>>),
}

/// The beginnings of several kinds at once; of kinds that overlap, the first wins.
pub struct Beginnings {
    rows: Vec<(String, Profile)>,
}

struct Maker {
    machines: Vec<Machine>,
    places: usize,
    known: BTreeMap<(Vec<States>, usize), Rc<Node>>,
    profiles: BTreeMap<Vec<States>, Profile>,
}

impl Beginnings {
    pub fn of(patterns: &[String], places: usize) -> Beginnings {
        let machines: Vec<Machine> = patterns.iter().map(|pattern| Machine::of(pattern)).collect();
        let first: Vec<States> = machines.iter().map(Machine::first).collect();
        let mut maker = Maker { machines, places, known: BTreeMap::new(), profiles: BTreeMap::new() };
        let node = maker.node(&first, 0);
        let mut rows = Vec::new();
        walk(&node, "", 0, &mut rows);
        Beginnings { rows }
    }

    /// Every length that a number of any kind may have.
    pub fn lengths(&self) -> String {
        let all = self.rows.iter().flat_map(|(_, profile)| profile);
        let lengths: BTreeSet<usize> = all.map(|(length, _)| usize::from(*length)).collect();
        spans(&lengths.into_iter().collect::<Vec<_>>(), 1).join(",")
    }

    /// The beginnings of one kind, with lengths.
    pub fn of_kind(&self, kind: usize) -> String {
        let rows = self.rows.iter().filter_map(|(beginning, profile)| {
            let lengths: Vec<u8> = profile.iter().filter(|(_, k)| *k == kind).map(|(n, _)| *n).collect();
            (!lengths.is_empty()).then(|| written(beginning, &lengths))
        });
        rows.collect::<Vec<_>>().join(" ")
    }
}

impl Maker {
    /// The kinds by length of all that may follow; the first kind that fits a length wins.
    fn profile(&mut self, states: &Vec<States>) -> Profile {
        if let Some(known) = self.profiles.get(states) {
            return known.clone();
        }
        let mut profile: Profile = self.here(states).into_iter().collect();
        for digit in 0..DIGITS {
            let next = self.after(states, digit);
            if next.iter().any(|states| !states.is_empty()) {
                profile.extend(self.profile(&next).into_iter().map(|(length, kind)| (length + 1, kind)));
            }
        }
        self.profiles.insert(states.clone(), profile.clone());
        profile
    }

    fn here(&self, states: &[States]) -> Option<(u8, usize)> {
        states.iter().position(Machine::accepts).map(|kind| (0, kind))
    }

    fn after(&self, states: &[States], digit: u8) -> Vec<States> {
        self.machines.iter().zip(states).map(|(machine, states)| machine.after(states, digit)).collect()
    }

    fn node(&mut self, states: &Vec<States>, depth: usize) -> Rc<Node> {
        if let Some(known) = self.known.get(&(states.clone(), depth)) {
            return known.clone();
        }
        let nothing_follows = states.iter().all(BTreeSet::is_empty);
        let node = if nothing_follows || depth == self.places {
            Node::Leaf(self.profile(states))
        } else {
            let here: Profile = self.here(states).into_iter().collect();
            let children: Vec<Rc<Node>> =
                (0..DIGITS).map(|digit| self.node(&self.after(states, digit), depth + 1)).collect();
            match (&*children[0], children.iter().all(|child| *child == children[0])) {
                (Node::Leaf(rest), true) => {
                    let rest = rest.iter().map(|(length, kind)| (length + 1, *kind));
                    Node::Leaf(here.into_iter().chain(rest).collect())
                }
                _ => Node::Fork(here, children),
            }
        };
        let node = Rc::new(node);
        self.known.insert((states.clone(), depth), node.clone());
        node
    }
}

fn walk(node: &Node, beginning: &str, depth: u8, rows: &mut Vec<(String, Profile)>) {
    let whole = |profile: &Profile| profile.iter().map(|(length, kind)| (length + depth, *kind)).collect();
    match node {
        Node::Leaf(profile) if profile.is_empty() => {}
        Node::Leaf(profile) => rows.push((beginning.to_owned(), whole(profile))),
        Node::Fork(here, children) => {
            if !here.is_empty() {
                rows.push((beginning.to_owned(), whole(here)));
            }
            let mut done = 0_u16;
            for (first, child) in children.iter().enumerate() {
                let same: Vec<usize> = (first..children.len()).filter(|at| children[*at] == *child).collect();
                if done >> first & 1 == 0 {
                    walk(child, &format!("{beginning}{}", class(&same)), depth + 1, rows);
                }
                same.iter().for_each(|at| done |= 1 << at);
            }
        }
    }
}

/// `7`, `x` or `[2-57]`.
fn class(digits: &[usize]) -> String {
    match digits {
        [one] => return one.to_string(),
        all if all.len() == usize::from(DIGITS) => return "x".into(),
        _ => {}
    }
    format!("[{}]", spans(digits, 2).join(""))
}

/// Runs of figures as `2-5`; a run shorter than `least` after its first stays single.
fn spans(figures: &[usize], least: usize) -> Vec<String> {
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for figure in figures {
        match spans.last_mut() {
            Some((_, last)) if *last + 1 == *figure => *last = *figure,
            _ => spans.push((*figure, *figure)),
        }
    }
    let written = spans.iter().flat_map(|(first, last)| match last - first {
        run if run >= least => vec![format!("{first}-{last}")],
        _ => (*first..=*last).map(|figure| figure.to_string()).collect(),
    });
    written.collect()
}

fn written(beginning: &str, lengths: &[u8]) -> String {
    let lengths: Vec<usize> = lengths.iter().map(|length| usize::from(*length)).collect();
    let beginning = if beginning.is_empty() { "x" } else { beginning };
    format!("{beginning}/{}", spans(&lengths, 1).join(","))
}
