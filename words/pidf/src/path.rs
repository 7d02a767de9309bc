//! Where something stands in a document: as much of XPath as filters may say here (RFC 4661).
//!
//! Steps down by `/` and `//`, names or `*`, and of each step what must be in it: `[a/b]`, `[a/b='x']`,
//! `[@id!='x']`. No functions, axes, positions or arithmetic.

use serde::{Deserialize, Serialize};

use crate::element::{Element, MODEL, PIDF, RPID};

/// How long an expression may be, and how many steps and conditions it may have.
const LENGTH_MAX: usize = 256;
const STEPS_MAX: usize = 8;

/// Which elements are meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Path {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Step {
    /// However far below.
    is_deep: bool,
    name: Name,
    wants: Vec<Want>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Name {
    Any,
    Known { space: Space, name: Box<str> },
}

/// A namespace, as far as documents here have elements of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Space {
    Pidf,
    Model,
    Rpid,
    /// However long it is: nothing is in it.
    Other,
}

impl Space {
    pub fn named(space: &str) -> Space {
        match space {
            PIDF => Space::Pidf,
            MODEL => Space::Model,
            RPID => Space::Rpid,
            _ => Space::Other,
        }
    }

    pub fn has(self, element: &Element<'_>) -> bool {
        self == Space::named(element.space)
    }
}

/// What must be in an element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Want {
    below: Vec<Name>,
    attribute: Option<Box<str>>,
    value: Option<(Sign, Box<str>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Sign {
    Is,
    IsNot,
}

/// Steps of a path that the elements at hand may be: a bit each.
pub(crate) type Steps = u16;

/// How steps begin: the first may be the root.
pub(crate) const FIRST: Steps = 1;

impl Path {
    /// Reads an expression; prefixes are bound beside it, and names without one are of PIDF.
    pub fn read(text: &str, bound: &[(Box<str>, Space)]) -> Result<Path, &'static str> {
        if text.len() > LENGTH_MAX {
            return Err("an expression of a filter is too long");
        }
        let mut reader = Reader { rest: text.trim(), bound };
        let mut steps = Vec::new();
        loop {
            let is_deep = reader.takes("//");
            if !is_deep && !reader.takes("/") && !steps.is_empty() {
                return Err(STRANGE);
            }
            let name = reader.name()?;
            let mut wants = Vec::new();
            while reader.takes("[") {
                wants.push(reader.want()?);
            }
            steps.push(Step { is_deep, name, wants });
            if steps.len() > STEPS_MAX || steps.iter().any(|step| step.wants.len() > STEPS_MAX) {
                return Err("an expression of a filter has too many steps");
            }
            if reader.rest.is_empty() {
                return Ok(Path { steps });
            }
        }
    }

    /// Whether one of the steps ends at an element, and which may go on below it.
    pub fn at(&self, steps: Steps, element: &Element<'_>) -> (bool, Steps) {
        let (mut ends, mut below) = (false, 0);
        for (number, step) in self.steps.iter().enumerate().filter(|(number, _)| steps >> number & 1 == 1) {
            if step.is_deep {
                below |= 1 << number;
            }
            if !step.name.is_of(element) || !step.wants.iter().all(|want| want.is_met_by(element)) {
                continue;
            }
            match number + 1 == self.steps.len() {
                true => ends = true,
                false => below |= 1 << (number + 1),
            }
        }
        (ends, below)
    }
}

impl Name {
    fn is_of(&self, element: &Element<'_>) -> bool {
        match self {
            Name::Any => true,
            Name::Known { space, name } => space.has(element) && **name == *element.name,
        }
    }
}

impl Want {
    fn is_met_by(&self, element: &Element<'_>) -> bool {
        self.is_met_below(&self.below, element)
    }

    fn is_met_below(&self, names: &[Name], element: &Element<'_>) -> bool {
        if let [first, rest @ ..] = names {
            let children = element.children.iter().filter(|child| first.is_of(child));
            return children.into_iter().any(|child| self.is_met_below(rest, child));
        }
        let found = match self.attribute.as_deref() {
            None => Some(element.text),
            Some("id") => element.id.as_deref(),
            Some(_) => None,
        };
        match (found, &self.value) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(text), Some((Sign::Is, value))) => text.trim() == &**value,
            (Some(text), Some((Sign::IsNot, value))) => text.trim() != &**value,
        }
    }
}

const STRANGE: &str = "an expression of a filter says more than is understood here";

struct Reader<'a> {
    rest: &'a str,
    bound: &'a [(Box<str>, Space)],
}

impl<'a> Reader<'a> {
    fn takes(&mut self, sign: &str) -> bool {
        let after = self.rest.strip_prefix(sign);
        self.rest = after.map_or(self.rest, str::trim_start);
        after.is_some()
    }

    fn word(&mut self) -> Result<&'a str, &'static str> {
        let is_of_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
        let end = self.rest.find(|letter| !is_of_name(letter)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        let is_name = word.starts_with(|letter: char| letter.is_alphabetic() || letter == '_');
        self.rest = rest;
        if is_name { Ok(word) } else { Err(STRANGE) }
    }

    fn name(&mut self) -> Result<Name, &'static str> {
        if self.takes("*") {
            return Ok(Name::Any);
        }
        let first = self.word()?;
        let (space, name) = match self.rest.strip_prefix(':') {
            None => (Space::Pidf, first),
            Some(after) => {
                self.rest = after;
                let bound = self.bound.iter().find(|(prefix, _)| **prefix == *first);
                let (_, space) = bound.ok_or("a filter has a prefix that it binds to nothing")?;
                (*space, self.word()?)
            }
        };
        self.rest = self.rest.trim_start();
        Ok(Name::Known { space, name: name.into() })
    }

    /// What stands in brackets, up to their end.
    fn want(&mut self) -> Result<Want, &'static str> {
        let (mut below, mut attribute) = (Vec::new(), None);
        loop {
            if self.takes("@") {
                attribute = Some(self.word()?.into());
                self.rest = self.rest.trim_start();
                break;
            }
            below.push(self.name()?);
            if !self.takes("/") {
                break;
            }
        }
        let sign = match (self.takes("!="), self.takes("=")) {
            (true, _) => Some(Sign::IsNot),
            (false, true) => Some(Sign::Is),
            (false, false) => None,
        };
        let value = sign.map(|sign| Ok((sign, self.literal()?.into()))).transpose()?;
        if self.takes("]") { Ok(Want { below, attribute, value }) } else { Err(STRANGE) }
    }

    fn literal(&mut self) -> Result<&'a str, &'static str> {
        let quote = self.rest.chars().next().filter(|letter| matches!(letter, '"' | '\'')).ok_or(STRANGE)?;
        let (value, rest) = self.rest[1..].split_once(quote).ok_or(STRANGE)?;
        self.rest = rest.trim_start();
        Ok(value)
    }
}
