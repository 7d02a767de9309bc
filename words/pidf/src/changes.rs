//! What makes one document of another: operations of RFC 5261, with selectors that name children by their
//! name, or their identifier, or how many of the name stand before them.
//!
//! Operations are carried out one after the other, so that each place is as it is once those before are done.

use std::fmt::Write;

use crate::element::Element;
use crate::escape::{Escaped, is_allowed};

/// What has to be done below the root, which has any name: it differs between documents.
pub(crate) fn between(before: &Element<'_>, after: &Element<'_>) -> String {
    let mut out = String::new();
    children("*", &before.children, &after.children, &mut out);
    out
}

fn children(parent: &str, before: &[Element<'_>], after: &[Element<'_>], out: &mut String) {
    let stays = common(before, after);
    let mut there: Vec<&Element<'_>> = before.iter().collect();
    for at in (0..before.len()).rev().filter(|at| stays.iter().all(|(old, _)| old != at)) {
        // Writing to a string cannot fail, here and below.
        let _ = write!(out, "<p:remove sel=\"{}\"/>", place(parent, &there, at));
        there.remove(at);
    }
    for (at, one) in after.iter().enumerate() {
        if stays.iter().any(|(_, new)| *new == at) {
            continue;
        }
        let _ = match at < there.len() {
            true => {
                let next = place(parent, &there, at);
                write!(out, "<p:add sel=\"{next}\" pos=\"before\">{one}</p:add>")
            }
            false => write!(out, "<p:add sel=\"{parent}\">{one}</p:add>"),
        };
        there.insert(at, one);
    }
    for (old, new) in stays {
        element(&place(parent, &there, new), &before[old], &after[new], out);
    }
}

/// One that stays where it is.
fn element(place: &str, before: &Element<'_>, after: &Element<'_>, out: &mut String) {
    if before == after {
        return;
    }
    let whole = format!("<p:replace sel=\"{place}\">{after}</p:replace>");
    let mut within = String::new();
    if has_text(before) && has_text(after) {
        let text = Escaped(after.text);
        let _ = write!(within, "<p:replace sel=\"{place}/text()\">{text}</p:replace>");
    } else if before.text.is_empty() && after.text.is_empty() {
        children(place, &before.children, &after.children, &mut within);
    }
    let is_shorter = !within.is_empty() && within.len() < whole.len();
    out.push_str(if is_shorter { &within } else { &whole });
}

/// Whether there is a node of text in it, as a reader sees it.
fn has_text(element: &Element<'_>) -> bool {
    element.children.is_empty() && element.text.chars().any(is_allowed)
}

/// The selector of one of these children.
fn place(parent: &str, there: &[&Element<'_>], at: usize) -> String {
    let (one, name) = (there[at], there[at].name());
    let is_namesake = |other: &&&Element<'_>| (other.space, other.name) == (one.space, one.name);
    if there.iter().filter(is_namesake).count() == 1 {
        return format!("{parent}/{name}");
    }
    if let Some(id) = &one.id {
        return format!("{parent}/{name}[@id='{}']", Escaped(id));
    }
    let before = there[..at].iter().filter(is_namesake).count();
    format!("{parent}/{name}[{}]", before + 1)
}

/// The longest row of children that are the same before and after, each by its place there and here.
fn common(before: &[Element<'_>], after: &[Element<'_>]) -> Vec<(usize, usize)> {
    let is_same = |old: usize, new: usize| is_same((before, old), (after, new));
    let width = after.len() + 1;
    // How many are common from this place on, there and here.
    let mut longest = vec![0u16; (before.len() + 1) * width];
    for old in (0..before.len()).rev() {
        for new in (0..after.len()).rev() {
            longest[old * width + new] = match is_same(old, new) {
                true => longest[(old + 1) * width + new + 1] + 1,
                false => longest[(old + 1) * width + new].max(longest[old * width + new + 1]),
            };
        }
    }
    let (mut old, mut new, mut all) = (0, 0, Vec::new());
    while old < before.len() && new < after.len() {
        if is_same(old, new) {
            all.push((old, new));
            (old, new) = (old + 1, new + 1);
        } else if longest[(old + 1) * width + new] >= longest[old * width + new + 1] {
            old += 1;
        } else {
            new += 1;
        }
    }
    all
}

/// Whether two are one that has changed at most: by their identifier, or their name where it is the only one.
fn is_same((before, old): (&[Element<'_>], usize), (after, new): (&[Element<'_>], usize)) -> bool {
    let (one, other) = (&before[old], &after[new]);
    let is_namesake = |child: &&Element<'_>| (child.space, child.name) == (one.space, one.name);
    if !is_namesake(&other) || one.id != other.id {
        return false;
    }
    let is_single = |all: &[Element<'_>]| all.iter().filter(is_namesake).count() == 1;
    one.id.is_some() || (is_single(before) && is_single(after)) || one == other
}
