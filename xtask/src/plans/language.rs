//! Expressions over digits as machines: the few signs that the metadata uses, and no others.

use std::collections::BTreeSet;

/// What leads from one state to others.
#[derive(Clone, Copy)]
enum Edge {
    Free(usize),
    Digits(u16, usize),
}

/// A machine without memory; state 0 accepts.
pub struct Machine {
    edges: Vec<Vec<Edge>>,
    start: usize,
}

/// The states a machine may be in.
pub type States = BTreeSet<usize>;

const ANY: u16 = 0x3ff;

impl Machine {
    /// The machine of an expression; of an empty one, the machine that accepts nothing.
    pub fn of(pattern: &str) -> Machine {
        let mut machine = Machine { edges: vec![Vec::new()], start: 0 };
        if pattern.is_empty() || pattern == "NA" {
            machine.start = machine.state(Vec::new());
            return machine;
        }
        let mut reader = Reader { text: pattern.as_bytes(), at: 0 };
        let tree = reader.either();
        assert!(reader.at == pattern.len(), "{pattern:?} is read up to {}", reader.at);
        machine.start = machine.build(&tree, 0);
        machine
    }

    /// Where a machine begins.
    pub fn first(&self) -> States {
        self.closed(BTreeSet::from([self.start]))
    }

    /// Where a digit leads.
    pub fn after(&self, states: &States, digit: u8) -> States {
        let edges = states.iter().flat_map(|state| &self.edges[*state]);
        let next = edges.filter_map(|edge| match edge {
            Edge::Digits(digits, to) if digits >> digit & 1 == 1 => Some(*to),
            _ => None,
        });
        self.closed(next.collect())
    }

    /// Whether what was read is a whole number.
    pub fn accepts(states: &States) -> bool {
        states.contains(&0)
    }

    fn closed(&self, mut states: States) -> States {
        let mut waiting: Vec<usize> = states.iter().copied().collect();
        while let Some(state) = waiting.pop() {
            for edge in &self.edges[state] {
                if let Edge::Free(to) = edge
                    && states.insert(*to)
                {
                    waiting.push(*to);
                }
            }
        }
        states
    }

    fn state(&mut self, edges: Vec<Edge>) -> usize {
        self.edges.push(edges);
        self.edges.len() - 1
    }

    /// The state from which a tree leads to `end`.
    fn build(&mut self, tree: &Tree, end: usize) -> usize {
        match tree {
            Tree::Digits(digits) => self.state(vec![Edge::Digits(*digits, end)]),
            Tree::Row(trees) => trees.iter().rev().fold(end, |end, tree| self.build(tree, end)),
            Tree::Either(trees) => {
                let starts = trees.iter().map(|tree| Edge::Free(self.build(tree, end))).collect();
                self.state(starts)
            }
            Tree::Times(tree, least, most) => {
                let mut at = end;
                for count in (0..*most).rev() {
                    let inner = self.build(tree, at);
                    let skip = Edge::Free(end);
                    at = if count < *least { inner } else { self.state(vec![Edge::Free(inner), skip]) };
                }
                at
            }
        }
    }
}

enum Tree {
    Digits(u16),
    Row(Vec<Tree>),
    Either(Vec<Tree>),
    Times(Box<Tree>, u8, u8),
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn either(&mut self) -> Tree {
        let mut rows = vec![self.row()];
        while self.take(b'|') {
            rows.push(self.row());
        }
        Tree::Either(rows)
    }

    fn row(&mut self) -> Tree {
        let mut row = Vec::new();
        while let Some(one) = self.one() {
            row.push(self.times(one));
        }
        Tree::Row(row)
    }

    fn one(&mut self) -> Option<Tree> {
        match self.peek()? {
            digit @ b'0'..=b'9' => {
                self.at += 1;
                Some(Tree::Digits(1 << (digit - b'0')))
            }
            b'\\' => {
                self.at += 2;
                Some(Tree::Digits(ANY))
            }
            b'[' => Some(self.class()),
            b'(' => {
                self.at += if self.text[self.at..].starts_with(b"(?:") { 3 } else { 1 };
                let inside = self.either();
                assert!(self.take(b')'), "a bracket is not closed");
                Some(inside)
            }
            _ => None,
        }
    }

    fn class(&mut self) -> Tree {
        let mut digits = 0;
        self.at += 1;
        while !self.take(b']') {
            let first = self.digit();
            let last = if self.take(b'-') { self.digit() } else { first };
            (first..=last).for_each(|digit| digits |= 1 << digit);
        }
        Tree::Digits(digits)
    }

    fn digit(&mut self) -> u8 {
        let byte = self.peek().expect("a class is closed");
        self.at += 1;
        byte - b'0'
    }

    fn times(&mut self, tree: Tree) -> Tree {
        if self.take(b'?') {
            return Tree::Times(Box::new(tree), 0, 1);
        }
        if !self.take(b'{') {
            return tree;
        }
        let least = self.figure();
        let most = if self.take(b',') { self.figure() } else { least };
        assert!(self.take(b'}'), "a count is not closed");
        Tree::Times(Box::new(tree), least, most)
    }

    fn figure(&mut self) -> u8 {
        let mut figure = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            figure = figure * 10 + (digit - b'0');
            self.at += 1;
        }
        figure
    }
}
