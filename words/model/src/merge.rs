//! A trunk that names its provider: the template below, what the operator says above.
//!
//! Tables are merged; lists and single values are the operator's where there is one. Every value keeps the
//! place it was written at.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::fault::Fault;
use crate::misread::did_you_mean;
use crate::problem::Code;
use crate::source::SourceFile;
use crate::template::{ASKED_KEYS, Ask, Template};

/// What is wrong, and where in the operator's file.
type Wrong = (Range<usize>, Fault);

type Key<'t> = Spanned<Cow<'t, str>>;

/// The answers that fill a template: each with the place where it stands.
type Answers = BTreeMap<String, (String, Option<Range<usize>>)>;

/// The trunk with its template below it; itself, where it names no provider.
pub(crate) fn merged<'t>(table: DeTable<'t>, templates: &'t [Template]) -> Result<DeTable<'t>, Vec<Wrong>> {
    let Some((key, provider)) = entry(&table, "provider") else { return Ok(table) };
    let Some(name) = provider.get_ref().as_str() else { return Ok(table) };
    let (key, at) = (key.span(), provider.span());
    let (index, template) =
        find(templates, name, entry(&table, "version"), at).map_err(|wrong| vec![wrong])?;
    let answers = answers(template, &table, key)?;
    let text = template.text();
    // A template that ships is read by the tests of this crate: here it is good.
    let (whole, _) = DeTable::parse_recoverable(text);
    let Some((_, trunk)) = whole.into_inner().into_iter().find(|(key, _)| &**key.get_ref() == "trunk") else {
        return Ok(table);
    };
    let moved = Moved { by: SourceFile::foreign(index), answers: &answers };
    match moved.value(trunk).into_inner() {
        DeValue::Table(base) => Ok(laid_over(base, table)),
        _ => Ok(table),
    }
}

fn entry<'a, 't>(table: &'a DeTable<'t>, name: &str) -> Option<(&'a Key<'t>, &'a Spanned<DeValue<'t>>)> {
    table.iter().find(|(key, _)| &**key.get_ref() == name)
}

fn find<'a>(
    templates: &'a [Template],
    name: &str,
    version: Option<(&Key<'_>, &Spanned<DeValue<'_>>)>,
    at: Range<usize>,
) -> Result<(usize, &'a Template), Wrong> {
    let named = || templates.iter().enumerate().filter(|(_, template)| template.about.name == name);
    let Some((_, newest)) = named().max_by_key(|(_, template)| template.about.version) else {
        let fault = Fault::new(Code::UNKNOWN_NAME, format!("there is no template of \"{name}\""));
        let known = templates.iter().map(|template| template.about.name.as_str());
        return Err((at, did_you_mean(fault, name, known)));
    };
    let newest = newest.about.version;
    let Some((_, version)) = version else {
        let message = format!("which version of the template of \"{name}\"?");
        let fault = Fault::new(Code::MISSING_KEY, message).suggest(format!("add version = {newest}"));
        return Err((at, fault));
    };
    let figure = version.get_ref().as_integer().and_then(|figure| figure.as_str().parse::<u32>().ok());
    let found = named().find(|(_, template)| Some(template.about.version) == figure);
    found.ok_or_else(|| {
        let fault = Fault::new(Code::UNKNOWN_NAME, format!("\"{name}\" has no template of this version"));
        (version.span(), fault.suggest(format!("the newest is {newest}")))
    })
}

fn answers(template: &Template, table: &DeTable<'_>, key: Range<usize>) -> Result<Answers, Vec<Wrong>> {
    let mut answers = Answers::new();
    let mut wrongs = Vec::new();
    let asked = |name: &str| template.ask.get(name).filter(|_| !ASKED_KEYS.contains(&name));
    if let Some(values) = entry(table, "values").and_then(|(_, values)| values.get_ref().as_table()) {
        for (name, value) in values {
            let said = value.get_ref().as_str().map(str::to_owned);
            let (Some(ask), Some(said)) = (asked(name.get_ref()), said) else {
                wrongs.push((name.span(), not_asked(template, name.get_ref())));
                continue;
            };
            wrongs.extend(choice_fault(ask, &said).map(|fault| (value.span(), fault)));
            answers.insert(name.get_ref().to_string(), (said, Some(value.span())));
        }
    }
    for (name, ask) in &template.ask {
        let is_key = ASKED_KEYS.contains(&name.as_str());
        let is_said = if is_key { entry(table, name).is_some() } else { answers.contains_key(name) };
        match &ask.otherwise {
            _ if is_said => {}
            Some(otherwise) => drop(answers.insert(name.clone(), (otherwise.clone(), None))),
            None => wrongs.push((key.clone(), not_answered(template, name, ask))),
        }
    }
    if wrongs.is_empty() { Ok(answers) } else { Err(wrongs) }
}

fn not_asked(template: &Template, name: &str) -> Fault {
    let provider = &template.about.name;
    let fault =
        Fault::new(Code::UNKNOWN_KEY, format!("\"{provider}\" has no text \"{name}\" to be filled in"));
    let known = template.ask.keys().map(String::as_str).filter(|name| !ASKED_KEYS.contains(name));
    did_you_mean(fault, name, known)
}

fn choice_fault(ask: &Ask, said: &str) -> Option<Fault> {
    let fits = ask.choices.is_empty() || ask.choices.iter().any(|choice| choice == said);
    let fault = || Fault::new(Code::UNKNOWN_WORD, format!("\"{said}\" cannot stand here"));
    (!fits).then(|| did_you_mean(fault(), said, ask.choices.iter().map(String::as_str)))
}

fn not_answered(template: &Template, name: &str, ask: &Ask) -> Fault {
    let message = format!("{} wants to know \"{name}\": {}", template.about.name, ask.say);
    let fault = Fault::new(Code::MISSING_KEY, message);
    match name {
        "auth" => fault.suggest("auth = { user = \"…\", password = { env = \"NAME\" } }"),
        "servers" => fault.suggest("servers = [{ uri = \"sip:…\" }]"),
        name => fault.suggest(format!("values = {{ {name} = \"…\" }}")),
    }
}

/// Values of a template on their way into a trunk.
struct Moved<'a> {
    by: usize,
    answers: &'a Answers,
}

impl Moved<'_> {
    fn span(&self, span: Range<usize>) -> Range<usize> {
        span.start + self.by..span.end + self.by
    }

    fn table<'t>(&self, table: DeTable<'t>) -> DeTable<'t> {
        let moved = |key: Key<'t>| Spanned::new(self.span(key.span()), key.into_inner());
        table.into_iter().map(|(key, value)| (moved(key), self.value(value))).collect()
    }

    fn value<'t>(&self, value: Spanned<DeValue<'t>>) -> Spanned<DeValue<'t>> {
        let span = self.span(value.span());
        match value.into_inner() {
            DeValue::Table(table) => Spanned::new(span, DeValue::Table(self.table(table))),
            DeValue::Array(list) => {
                let mut moved = DeArray::new();
                list.into_iter().for_each(|value| moved.push(self.value(value)));
                Spanned::new(span, DeValue::Array(moved))
            }
            DeValue::String(text) => self.text(span, text),
            value => Spanned::new(span, value),
        }
    }

    /// A text with the answers filled in stands where the answer stands: who wrote it is asked.
    fn text<'t>(&self, mut span: Range<usize>, text: Cow<'t, str>) -> Spanned<DeValue<'t>> {
        let mut filled = text;
        for (name, (answer, at)) in self.answers {
            let hole = format!("{{{name}}}");
            if filled.contains(&hole) {
                filled = filled.replace(&hole, answer).into();
                span = at.clone().unwrap_or(span);
            }
        }
        Spanned::new(span, DeValue::String(filled))
    }
}

fn laid_over<'t>(mut base: DeTable<'t>, over: DeTable<'t>) -> DeTable<'t> {
    for (key, value) in over {
        let below = base.remove(&key);
        let both = match (below, value) {
            (Some(below), value) if below.get_ref().is_table() && value.get_ref().is_table() => {
                let span = value.span();
                match (below.into_inner(), value.into_inner()) {
                    (DeValue::Table(below), DeValue::Table(above)) => {
                        Spanned::new(span, DeValue::Table(laid_over(below, above)))
                    }
                    (_, above) => Spanned::new(span, above),
                }
            }
            (_, value) => value,
        };
        base.insert(key, both);
    }
    base
}
