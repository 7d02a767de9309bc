//! Scripts of oddities: SIPp scenarios in which what they share is a part, named by its tag.
//!
//! `<hear/>` stands for parts/hear.xml, `<invite/>` for caller-invite.xml: parts of one side alone.
//! In a part, `{word=default}` is an attribute of the tag, `{content}` what stands inside of it,
//! `{session}` a body that an attribute names. `<check in="Contact" has="…"/>` fails the call where a
//! message says otherwise.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::place::io_failure;
use crate::step::{Failure, root};

/// Words that a part is filled in with.
pub type Words = BTreeMap<String, String>;

/// Parts within parts; more is a circle.
const DEPTH_MAX: usize = 6;

/// What one side of an oddity does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// `caller`, `callee`, or `other`: a second callee.
    pub role: String,
    /// Further options of its SIPp.
    pub options: Vec<String>,
    /// How many calls it takes part in.
    pub calls: String,
    /// Its SIPp scenario.
    pub scenario: String,
}

/// Reads a script, and writes the scenario of each side that stands in it. A side without any steps is
/// nobody; one that is not there is taken from `plain.xml`.
pub fn read(script: &str, words: &Words) -> Result<Vec<Side>, Failure> {
    let own = text_of(&folder().join(format!("{script}.xml")))?;
    let plain = text_of(&folder().join("plain.xml"))?;
    let mut sides = Vec::new();
    for role in ["callee", "other", "caller"] {
        let section = Tag::first(&own, |name| name == role)?;
        let section = match (section, role) {
            (None, "other") => None,
            (None, _) => Tag::first(&plain, |name| name == role)?,
            (found, _) => found,
        };
        let Some(section) = section.filter(|section| !section.content.trim().is_empty()) else { continue };
        let mut expander = Expander { role, checks: 0 };
        let steps = fill(&expander.expand(section.content, words, 0)?, words)?;
        let names: Vec<String> = (1..=expander.checks).map(|number| format!("check{number}")).collect();
        let asked = match names.is_empty() {
            true => String::new(),
            false => format!("<Reference variables=\"{}\"/>\n", names.join(",")),
        };
        let attribute = |name: &str| section.words.get(name).cloned();
        sides.push(Side {
            role: role.to_owned(),
            options: attribute("options").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            calls: attribute("calls").unwrap_or_else(|| "1".into()),
            scenario: format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scenario name=\"{script}\">\n{steps}\n\
                 {asked}</scenario>\n"
            ),
        });
    }
    Ok(sides)
}

fn folder() -> PathBuf {
    root().join("interop/sipp/oddities")
}

fn text_of(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| io_failure(&path.display().to_string(), &error))
}

struct Expander<'r> {
    role: &'r str,
    checks: usize,
}

impl Expander<'_> {
    /// Puts parts in the place of their tags.
    fn expand(&mut self, text: &str, words: &Words, depth: usize) -> Result<String, Failure> {
        if depth > DEPTH_MAX {
            return Err(Failure::new("a part holds itself", "look at the parts of the oddities"));
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some(tag) = Tag::first(rest, |name| name == "check" || self.part(name).is_some())? {
            out.push_str(&rest[..tag.from]);
            match self.part(tag.name) {
                Some(path) => out.push_str(&self.place(&text_of(&path)?, &tag, words, depth)?),
                None => out.push_str(&self.check(&tag, words)?),
            }
            rest = &rest[tag.to..];
        }
        out.push_str(rest);
        Ok(out)
    }

    /// A part, filled in with the words of its tag: what fills the script in is no matter of its parts.
    fn place(&mut self, part: &str, tag: &Tag<'_>, words: &Words, depth: usize) -> Result<String, Failure> {
        let content = fill(&self.expand(tag.content, words, depth + 1)?, words)?;
        let content = content.trim();
        let action = match content.is_empty() {
            true => String::new(),
            false => format!("<action>{content}</action>"),
        };
        let mut inner = Words::from([("content".into(), content.to_owned()), ("action".into(), action)]);
        for (name, value) in &tag.words {
            inner.insert(name.clone(), fill(value, words)?);
        }
        let filled = fill(part, &inner)
            .map_err(|failure| Failure::new(format!("<{}>: {}", tag.name, failure.what), failure.cure))?;
        self.expand(&filled, &Words::new(), depth + 1)
    }

    fn part(&self, name: &str) -> Option<PathBuf> {
        let side = if self.role == "caller" { "caller" } else { "callee" };
        let parts = folder().join("parts");
        let candidates = [format!("{side}-{name}.xml"), format!("{name}.xml")];
        candidates.into_iter().map(|file| parts.join(file)).find(|path| path.is_file())
    }

    /// A look at what came: SIPp counts the call as failed where it isn't so.
    fn check(&mut self, tag: &Tag<'_>, words: &Words) -> Result<String, Failure> {
        self.checks += 1;
        let word = |name: &str| tag.words.get(name).map(|value| fill(value, words)).transpose();
        let place = word("in")?.unwrap_or_default();
        let (pattern, how) = match (word("has")?, word("lacks")?) {
            (Some(pattern), None) => (pattern, "check_it"),
            (None, Some(pattern)) => (pattern, "check_it_inverse"),
            _ => return Err(Failure::new("a <check> says neither has nor lacks", "say one of them")),
        };
        let place = match place.as_str() {
            "body" => "search_in=\"body\"".to_owned(),
            "message" | "" => "search_in=\"msg\"".to_owned(),
            header => format!("search_in=\"hdr\" header=\"{header}:\" case_indep=\"true\""),
        };
        let pattern = pattern.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        Ok(format!("<ereg regexp=\"{pattern}\" {place} {how}=\"true\" assign_to=\"check{}\"/>", self.checks))
    }
}

/// Puts words into their places; a line of nothing but empty words goes.
fn fill(text: &str, words: &Words) -> Result<String, Failure> {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let filled = fill_line(line, words)?;
        if !(filled.trim().is_empty() && line.contains('{')) {
            lines.push(filled);
        }
    }
    Ok(lines.join("\n"))
}

fn fill_line(line: &str, words: &Words) -> Result<String, Failure> {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('{') {
        let (before, behind) = rest.split_at(at);
        out.push_str(before);
        let inner = behind[1..].split_once('}').filter(|(inner, _)| {
            let name = inner.split('=').next().unwrap_or_default();
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        });
        let Some((inner, after)) = inner else {
            out.push('{');
            rest = &behind[1..];
            continue;
        };
        let (name, otherwise) = match inner.split_once('=') {
            Some((name, otherwise)) => (name, Some(otherwise)),
            None => (inner, None),
        };
        let value = words.get(name).map(String::as_str).or(otherwise);
        let value = value.ok_or_else(|| {
            Failure::new(format!("nobody says what {{{name}}} is"), "say it in the tag, or in the table")
        })?;
        out.push_str(&if name == "session" { session(value, words)? } else { value.to_owned() });
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// The end of a message: its body's headers, and the body.
fn session(name: &str, words: &Words) -> Result<String, Failure> {
    if name == "none" {
        return Ok("Content-Length: 0\n".into());
    }
    let whole = folder().join(format!("parts/{name}.body"));
    if whole.is_file() {
        return fill(text_of(&whole)?.trim_end(), words);
    }
    let text = text_of(&folder().join(format!("parts/{name}.sdp")))?;
    let text = fill(text.trim_end(), words)?;
    Ok(format!("Content-Type: application/sdp\nContent-Length: [len]\n\n{text}"))
}

/// One element: `<name word="…"/>` or `<name word="…">content</name>`.
#[derive(Debug)]
struct Tag<'t> {
    name: &'t str,
    words: Words,
    content: &'t str,
    /// Where it stands in the text that it was found in.
    from: usize,
    to: usize,
}

impl<'t> Tag<'t> {
    /// The first element whose name is wanted.
    fn first(text: &'t str, is_wanted: impl Fn(&str) -> bool) -> Result<Option<Tag<'t>>, Failure> {
        let mut at = 0;
        while let Some(found) = text[at..].find('<') {
            let from = at + found;
            if text[from..].starts_with("<!--") {
                let Some(length) = text[from..].find("-->") else { return Ok(None) };
                at = from + length + 3;
                continue;
            }
            let name = name_at(&text[from + 1..]);
            if !name.is_empty() && is_wanted(name) {
                return Tag::at(text, from, name).map(Some);
            }
            at = from + 1;
        }
        Ok(None)
    }

    fn at(text: &'t str, from: usize, name: &'t str) -> Result<Tag<'t>, Failure> {
        let broken = |what: &str| Failure::new(format!("<{name}> {what}"), "mend the script of the oddity");
        let mut words = Words::new();
        let mut at = from + 1 + name.len();
        loop {
            at += text[at..].len() - text[at..].trim_start().len();
            let rest = &text[at..];
            if rest.starts_with("/>") {
                return Ok(Tag { name, words, content: "", from, to: at + 2 });
            }
            if let Some(inner) = rest.strip_prefix('>') {
                let end = format!("</{name}>");
                let length = inner.find(&end).ok_or_else(|| broken("has no end"))?;
                let to = at + 1 + length + end.len();
                return Ok(Tag { name, words, content: &inner[..length], from, to });
            }
            let (word, value) = rest.split_once("=\"").ok_or_else(|| broken("has a word without value"))?;
            let (value, _) = value.split_once('"').ok_or_else(|| broken("has a value without end"))?;
            at += word.len() + value.len() + 3;
            words.insert(word.trim().to_owned(), plain(value));
        }
    }
}

fn name_at(text: &str) -> &str {
    let length = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'-').count();
    &text[..length]
}

/// What the value of an attribute says.
fn plain(value: &str) -> String {
    value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn words(of: &[(&str, &str)]) -> Words {
        of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_tag_has_words_and_content() {
        let tag = Tag::first("<a/> <!-- <b/> --> <b c=\"&lt;d&gt;\"> e </b> f", |name| name == "b");
        let tag = tag.unwrap().unwrap();

        assert_eq!(tag.words, words(&[("c", "<d>")]));
        assert_eq!(tag.content, " e ");
    }

    #[test]
    fn a_line_of_nothing_goes_and_a_regular_expression_stays() {
        let filled = fill("a {b=1}\n{content}\n[0-9]{3}", &words(&[("content", "")])).unwrap();

        assert_eq!(filled, "a 1\n[0-9]{3}");
    }

    #[test]
    fn who_forgets_a_word_hears_which() {
        assert!(fill("{status}", &Words::new()).unwrap_err().what.contains("{status}"));
    }

    #[test]
    fn a_check_is_counted_and_referenced() {
        let mut expander = Expander { role: "caller", checks: 0 };

        let out = expander.expand("<check in=\"body\" lacks=\"m=video\"/>", &Words::new(), 0).unwrap();

        assert!(out.contains("check_it_inverse=\"true\" assign_to=\"check1\""), "{out}");
        assert_eq!(expander.checks, 1);
    }
}
