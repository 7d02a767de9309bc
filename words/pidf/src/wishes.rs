//! Reads what a watcher writes of its filters (RFC 4661 3).

use std::borrow::Cow;

use crate::filters::{Change, FILTERS_MAX, Filter, Filters, Of, Selection, Trigger};
use crate::path::{Path, Space};
use crate::xml::{Fault, Piece, Reader};

const SPACE: &str = "urn:ietf:params:xml:ns:simple-filter";
/// So many selections, triggers or conditions of a trigger a filter may have, and so many prefixes all.
const PARTS_MAX: usize = 8;
/// How long a name or a value may be.
const VALUE_MAX: usize = 256;
/// So many selections and conditions all filters of a subscription may have together.
const PARTS_OF_ALL_MAX: usize = 16;

/// Why filters are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is no XML.
    Broken(Fault),
    /// It is no set of filters, or asks for what cannot be done.
    Unknown(&'static str),
}

impl From<Fault> for Unfit {
    fn from(fault: Fault) -> Unfit {
        Unfit::Broken(fault)
    }
}

/// A filter to be added in place of one of the same name, or that one to be taken away.
struct Wish {
    filter: Filter,
    is_removed: bool,
}

impl Filters {
    /// The filters that hold once a document is taken in (RFC 4661 3.4): those of other names stay.
    /// Nobody has two (RFC 4660 5.2).
    pub fn with(&self, bytes: &[u8]) -> Result<Filters, Unfit> {
        let mut all = self.all.clone();
        for Wish { filter, is_removed } in read(bytes)? {
            match all.iter().position(|known| known.id == filter.id) {
                Some(at) if is_removed => _ = all.remove(at),
                // It says no more than whether it is enabled, and what it said before stays.
                Some(at) if parts(&filter) == 0 => all[at].is_enabled = filter.is_enabled,
                Some(at) => all[at] = filter,
                None if is_removed => {}
                None => all.push(filter),
            }
        }
        if (1..all.len()).any(|at| all[..at].iter().any(|other| other.of.is_same(&all[at].of))) {
            return Err(Unfit::Unknown("two filters are about the same people"));
        }
        if all.len() > FILTERS_MAX || all.iter().map(parts).sum::<usize>() > PARTS_OF_ALL_MAX {
            return Err(Unfit::Unknown("a subscription has 8 filters at most, of 16 parts together"));
        }
        Ok(Filters { all })
    }
}

#[derive(Default)]
struct Reading<'a> {
    bound: Vec<(Box<str>, Space)>,
    wishes: Vec<Wish>,
    /// Of the selection or condition at hand.
    kind: Option<Cow<'a, str>>,
    from: Option<Cow<'a, str>>,
    to: Option<Cow<'a, str>>,
}

fn read(bytes: &[u8]) -> Result<Vec<Wish>, Unfit> {
    let mut reader = Reader::new(bytes)?;
    let mut reading = Reading::default();
    let mut path: Vec<&str> = Vec::new();
    let mut text = String::new();
    loop {
        match reader.next()? {
            Piece::Opens { space, name } => {
                if space != SPACE {
                    return Err(Unfit::Unknown("a filter has an element that nobody knows here"));
                }
                path.push(name);
                text.clear();
                reading.opened(&path, &reader)?;
            }
            Piece::Text(piece) => text.push_str(&piece),
            Piece::Closes => {
                reading.closed(&path, text.trim())?;
                text.clear();
                path.pop();
            }
            Piece::End => return Ok(reading.wishes),
        }
    }
}

impl<'a> Reading<'a> {
    fn opened(&mut self, path: &[&str], reader: &Reader<'a>) -> Result<(), Unfit> {
        let given = |name: &str| -> Result<Option<Cow<'a, str>>, Unfit> {
            match reader.attribute(name)? {
                Some(value) if value.len() > VALUE_MAX => Err(Unfit::Unknown("a filter has too long a name")),
                value => Ok(value),
            }
        };
        let flag = |name: &str, otherwise| match given(name)?.as_deref() {
            None => Ok(otherwise),
            Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(_) => Err(Unfit::Unknown("a filter has a flag that is neither true nor false")),
        };
        match path {
            ["filter-set"] if given("package")?.is_some_and(|package| package != "presence") => {
                Err(Unfit::Unknown("filters are for presence here"))
            }
            ["filter-set"] | ["filter-set", "ns-bindings"] | ["filter-set", "filter", "what"] => Ok(()),
            ["filter-set", "ns-bindings", "ns-binding"] if self.bound.len() < PARTS_MAX => {
                let (Some(prefix), Some(space)) = (given("prefix")?, given("urn")?) else {
                    return Err(Unfit::Unknown("a binding of filters has no prefix or no namespace"));
                };
                self.bound.push((prefix.into(), Space::named(&space)));
                Ok(())
            }
            ["filter-set", "filter"] if self.wishes.len() < FILTERS_MAX => {
                let id = given("id")?.ok_or(Unfit::Unknown("a filter has no id"))?.into();
                let of = match (given("uri")?, given("domain")?) {
                    (None, None) => Of::Anybody,
                    (Some(uri), None) => Of::Uri(uri.into()),
                    (None, Some(domain)) => Of::Domain(domain.into()),
                    (Some(_), Some(_)) => return Err(Unfit::Unknown("a filter has both a uri and a domain")),
                };
                let (is_enabled, is_removed) = (flag("enabled", true)?, flag("remove", false)?);
                let (include, exclude, triggers) = (Vec::new(), Vec::new(), Vec::new());
                let filter = Filter { id, of, is_enabled, include, exclude, triggers };
                self.wishes.push(Wish { filter, is_removed });
                Ok(())
            }
            ["filter-set", "filter", "what", "include" | "exclude"] => {
                self.kind = given("type")?;
                Ok(())
            }
            ["filter-set", "filter", "trigger"] if self.filter()?.triggers.len() < PARTS_MAX => {
                self.filter()?.triggers.push(Trigger::default());
                Ok(())
            }
            ["filter-set", "filter", "trigger", "changed" | "added" | "removed"] => {
                if given("by")?.is_some() {
                    return Err(Unfit::Unknown("nothing here changes by a number"));
                }
                (self.from, self.to) = (given("from")?, given("to")?);
                Ok(())
            }
            _ => Err(Unfit::Unknown("a filter has more, or other, elements than are understood here")),
        }
    }

    fn closed(&mut self, path: &[&str], text: &str) -> Result<(), Unfit> {
        if matches!(path, ["filter-set", "filter", "trigger"])
            && self.filter()?.triggers.last().is_none_or(|trigger| trigger.events.is_empty())
        {
            return Err(Unfit::Unknown("a trigger waits for nothing"));
        }
        let ["filter-set", "filter", part, name] = path else { return Ok(()) };
        let is_space = self.kind.as_deref() == Some("namespace");
        if self.kind.take().is_some_and(|kind| kind != "namespace" && kind != "xpath") {
            return Err(Unfit::Unknown("a filter selects by what nobody knows here"));
        }
        let at = |bound: &[(Box<str>, Space)]| Path::read(text, bound).map_err(Unfit::Unknown);
        let (from, to) = (self.from.take().map(Box::from), self.to.take().map(Box::from));
        if *part == "what" {
            let selection = if is_space {
                Selection::InSpace(Space::named(text))
            } else {
                Selection::At(at(&self.bound)?)
            };
            let filter = self.filter()?;
            match *name {
                "include" => filter.include.push(selection),
                _ => filter.exclude.push(selection),
            }
        } else {
            let at = at(&self.bound)?;
            let change = match *name {
                "added" => Change::Added(at),
                "removed" => Change::Removed(at),
                _ => Change::Other { at, from, to },
            };
            self.filter()?.triggers.last_mut().ok_or(NOWHERE)?.events.push(change);
        }
        let filter = self.filter()?;
        match parts(filter) <= PARTS_MAX {
            true => Ok(()),
            false => Err(Unfit::Unknown("a filter has too many parts")),
        }
    }

    fn filter(&mut self) -> Result<&mut Filter, Unfit> {
        self.wishes.last_mut().map(|wish| &mut wish.filter).ok_or(NOWHERE)
    }
}

const NOWHERE: Unfit = Unfit::Unknown("a part of a filter stands in none");

fn parts(filter: &Filter) -> usize {
    let events = filter.triggers.iter().map(|trigger| trigger.events.len());
    filter.include.len() + filter.exclude.len() + events.sum::<usize>()
}
