//! Texts in, documents out, or everything that is wrong with them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::announcement::Announcement;
use crate::capture::Capture;
use crate::check::check;
use crate::conference::Conference;
use crate::console::Console;
use crate::deck::Deck;
use crate::directory::Directory;
use crate::documents::{Document, Documents, Kind};
use crate::emergency::{Emergency, Test};
use crate::fault::Fault;
use crate::link::Link;
use crate::merge::merged;
use crate::misread;
use crate::observer::Observer;
use crate::offer::Offer;
use crate::orbit::Orbit;
use crate::problem::{Code, Problem};
use crate::push::Push;
use crate::recorder::Recorder;
use crate::rights::Rights;
use crate::route::{DialPlan, Route};
use crate::schedule::Schedule;
use crate::site::Site;
use crate::source::{Place, SourceFile};
use crate::system::{Interface, System};
use crate::template::{self, Template};
use crate::trace::Trace;
use crate::trunk::Trunk;
use crate::user::{Numbers, User};
use crate::webhook::Webhook;

pub(crate) const KINDS: [&str; 27] = [
    "format",
    "system",
    "interface",
    "link",
    "site",
    "trunk",
    "user",
    "numbers",
    "rights",
    "route",
    "deck",
    "offer",
    "orbit",
    "announcement",
    "conference",
    "console",
    "schedule",
    "dialplan",
    "emergency",
    "test",
    "recorder",
    "observer",
    "capture",
    "trace",
    "webhook",
    "push",
    "directory",
];

/// Reads all files of a configuration: documents, or everything that is wrong with them.
pub fn load(files: &[SourceFile]) -> Result<Documents, Vec<Problem>> {
    let names_a_provider = |file: &SourceFile| file.text.contains("provider");
    let templates = if files.iter().any(names_a_provider) { template::templates() } else { Vec::new() };
    let sources = template::sources(&templates);
    let files: Vec<SourceFile> = files.iter().map(|file| file.beside(&sources)).collect();
    let mut reader = Reader { files: &files, templates: &templates, ..Reader::default() };
    for (index, file) in files.iter().enumerate().filter(|(_, file)| !file.is_plans()) {
        reader.file(index, file);
    }
    let (documents, mut problems) = reader.finish();
    if let Some(documents) = documents.filter(|_| problems.is_empty()) {
        check(&documents, &mut problems);
        if problems.is_empty() {
            return Ok(documents);
        }
    }
    problems.sort_by(|one, other| {
        (&one.file, one.line, one.column).cmp(&(&other.file, other.line, other.column))
    });
    Err(problems)
}

#[derive(Default)]
struct Reader<'f> {
    files: &'f [SourceFile],
    templates: &'f [Template],
    has_format: bool,
    problems: Vec<Problem>,
    system: Kind<System>,
    interface: Kind<Interface>,
    link: Kind<Link>,
    site: Kind<Site>,
    trunk: Kind<Trunk>,
    user: Kind<User>,
    numbers: Kind<Numbers>,
    rights: Kind<Rights>,
    route: Kind<Route>,
    deck: Kind<Deck>,
    offer: Kind<Offer>,
    orbit: Kind<Orbit>,
    announcement: Kind<Announcement>,
    conference: Kind<Conference>,
    console: Kind<Console>,
    schedule: Kind<Schedule>,
    dialplan: Kind<DialPlan>,
    emergency: Kind<Emergency>,
    test: Kind<Test>,
    recorder: Kind<Recorder>,
    observer: Kind<Observer>,
    capture: Kind<Capture>,
    trace: Kind<Trace>,
    webhook: Kind<Webhook>,
    push: Kind<Push>,
    directory: Kind<Directory>,
}

/// One object, before it is read.
struct Raw<'t> {
    file: usize,
    kind: &'static str,
    key: Spanned<Arc<str>>,
    value: Spanned<DeValue<'t>>,
}

impl<'f> Reader<'f> {
    fn file(&mut self, index: usize, file: &SourceFile) {
        let (table, errors) = DeTable::parse_recoverable(&file.text);
        if let Some(first) = errors.first() {
            self.problems.push(misread::syntax(file, first));
            return;
        }
        let mut entries: Vec<_> = table.into_inner().into_iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let Some(kind) = KINDS.into_iter().find(|kind| **kind == **key.get_ref()) else {
                let fault = Fault::new(
                    Code::UNKNOWN_KIND,
                    format!("there is no kind of object \"{}\"", key.get_ref()),
                );
                let fault = misread::did_you_mean(fault, key.get_ref(), KINDS);
                self.problems.push(file.problem(key.span(), fault));
                continue;
            };
            let name = Spanned::new(key.span(), Arc::from(&**key.get_ref()));
            self.kind(Raw { file: index, kind, key: name, value });
        }
    }

    fn kind(&mut self, raw: Raw<'_>) {
        match raw.kind {
            "format" => self.format(raw),
            "system" => self.object(raw, |reader| &mut reader.system),
            "interface" => self.objects(raw, |reader| &mut reader.interface),
            "link" => self.objects(raw, |reader| &mut reader.link),
            "site" => self.objects(raw, |reader| &mut reader.site),
            "trunk" => self.objects(raw, |reader| &mut reader.trunk),
            "user" => self.objects(raw, |reader| &mut reader.user),
            "numbers" => self.objects(raw, |reader| &mut reader.numbers),
            "rights" => self.objects(raw, |reader| &mut reader.rights),
            "deck" => self.objects(raw, |reader| &mut reader.deck),
            "offer" => self.objects(raw, |reader| &mut reader.offer),
            "orbit" => self.objects(raw, |reader| &mut reader.orbit),
            "announcement" => self.objects(raw, |reader| &mut reader.announcement),
            "conference" => self.objects(raw, |reader| &mut reader.conference),
            "console" => self.objects(raw, |reader| &mut reader.console),
            "schedule" => self.objects(raw, |reader| &mut reader.schedule),
            "route" => self.objects(raw, |reader| &mut reader.route),
            "dialplan" => self.objects(raw, |reader| &mut reader.dialplan),
            "emergency" => self.objects(raw, |reader| &mut reader.emergency),
            "test" => self.objects(raw, |reader| &mut reader.test),
            "recorder" => self.objects(raw, |reader| &mut reader.recorder),
            "observer" => self.objects(raw, |reader| &mut reader.observer),
            "capture" => self.objects(raw, |reader| &mut reader.capture),
            "trace" => self.objects(raw, |reader| &mut reader.trace),
            "webhook" => self.objects(raw, |reader| &mut reader.webhook),
            "push" => self.objects(raw, |reader| &mut reader.push),
            _ => self.objects(raw, |reader| &mut reader.directory),
        }
    }

    fn format(&mut self, raw: Raw<'_>) {
        self.has_format = true;
        let is_one = raw.value.get_ref().as_integer().is_some_and(|figure| figure.as_str() == "1");
        if !is_one {
            let fault = Fault::new(Code::FORMAT, "this version reads configuration of format 1");
            self.problem(raw.file, raw.value.span(), fault.suggest("format = 1"));
        }
    }

    /// Reads the objects `[kind.name]` of one kind in one file.
    fn objects<T: DeserializeOwned>(&mut self, raw: Raw<'_>, kind_of: fn(&mut Self) -> &mut Kind<T>) {
        let span = raw.value.span();
        let DeValue::Table(objects) = raw.value.into_inner() else {
            let fault = Fault::new(Code::WRONG_TYPE, format!("\"{}\" is a kind of object", raw.kind));
            return self.problem(raw.file, span, fault.suggest(format!("write [{}.some-name]", raw.kind)));
        };
        for (key, value) in objects {
            if !matches!(value.get_ref(), DeValue::Table(_)) {
                let fault = Fault::new(Code::WRONG_TYPE, format!("[{}] has no name of its own", raw.kind));
                self.problem(raw.file, key.span(), fault.suggest(format!("write [{}.some-name]", raw.kind)));
                continue;
            }
            if let Some(fault) = misread::bad_name(key.get_ref()) {
                self.problem(raw.file, key.span(), fault);
                continue;
            }
            let key = Spanned::new(key.span(), Arc::from(&**key.get_ref()));
            let Some(value) = self.with_template(raw.file, raw.kind, value) else { continue };
            self.object(Raw { file: raw.file, kind: raw.kind, key, value }, kind_of);
        }
    }

    /// A trunk that names its provider, with the template below it.
    fn with_template<'t>(
        &mut self,
        file: usize,
        kind: &str,
        value: Spanned<DeValue<'t>>,
    ) -> Option<Spanned<DeValue<'t>>>
    where
        'f: 't,
    {
        let (span, templates) = (value.span(), self.templates);
        match value.into_inner() {
            DeValue::Table(table) if kind == "trunk" => match merged(table, templates) {
                Ok(table) => Some(Spanned::new(span, DeValue::Table(table))),
                Err(wrongs) => {
                    wrongs.into_iter().for_each(|(at, fault)| self.problem(file, at, fault));
                    None
                }
            },
            value => Some(Spanned::new(span, value)),
        }
    }

    /// Reads one object; a value that is wrong is set aside, so that the next one is heard too.
    fn object<T: DeserializeOwned>(&mut self, raw: Raw<'_>, kind_of: fn(&mut Self) -> &mut Kind<T>) {
        let Raw { file, kind, key, value } = raw;
        let span = value.span();
        let DeValue::Table(mut table) = value.into_inner() else {
            let fault = Fault::new(Code::WRONG_TYPE, format!("\"{kind}\" is an object"));
            return self.problem(file, span, fault.suggest(format!("write [{kind}]")));
        };
        let source = &self.files[file];
        let mut set_aside = Vec::new();
        loop {
            let whole = Spanned::new(span.clone(), DeValue::Table(table.clone()));
            let error = match T::deserialize(toml::de::ValueDeserializer::from(whole)) {
                Ok(value) => {
                    return self.keep(
                        Document { name: key.get_ref().clone(), place: Place::new(file, key.span()), value },
                        kind_of,
                        kind,
                    );
                }
                Err(error) => error,
            };
            let at = error.span().unwrap_or_else(|| key.span());
            let Some(culprit) = entry_at(&table, &at) else {
                if !misread::misses_one_of(&error, &set_aside) {
                    self.problems.push(misread::problem(source, key.span(), &error));
                }
                return;
            };
            self.problems.push(misread::problem(source, at, &error));
            table.remove(&culprit);
            set_aside.push(culprit.into_inner());
        }
    }

    fn keep<T>(&mut self, document: Document<T>, kind_of: fn(&mut Self) -> &mut Kind<T>, kind: &str) {
        let files = self.files;
        let place = document.place.clone();
        match kind_of(self).entry(document.name.clone()) {
            Entry::Vacant(vacant) => {
                vacant.insert(document);
            }
            Entry::Occupied(first) => {
                let (file, line) = located(files, &first.get().place);
                let message = format!("{kind} \"{}\" is defined twice", document.name);
                let fault = Fault::new(Code::TWICE, message);
                let fault = fault.suggest(format!("the first is at {file}:{line}"));
                self.problem(place.file, place.range(), fault);
            }
        }
    }

    fn problem(&mut self, file: usize, span: Range<usize>, fault: Fault) {
        self.problems.push(self.files[file].problem(span, fault));
    }

    fn finish(mut self) -> (Option<Documents>, Vec<Problem>) {
        if let Some(first) = self.files.first().filter(|_| !self.has_format && self.problems.is_empty()) {
            let fault = Fault::new(Code::FORMAT, "no file says which format it is written in");
            self.problems.push(first.problem(0..0, fault.suggest("add \"format = 1\" as the first line")));
        }
        let Some((_, system)) = self.system.pop_first() else {
            if self.problems.is_empty() {
                self.problems.push(no_system(self.files));
            }
            return (None, self.problems);
        };
        let documents = Documents {
            files: self.files.to_vec(),
            system,
            interface: self.interface,
            link: self.link,
            site: self.site,
            trunk: self.trunk,
            user: self.user,
            numbers: self.numbers,
            rights: self.rights,
            route: self.route,
            deck: self.deck,
            offer: self.offer,
            orbit: self.orbit,
            announcement: self.announcement,
            conference: self.conference,
            console: self.console,
            schedule: self.schedule,
            dialplan: self.dialplan,
            emergency: self.emergency,
            test: self.test,
            recorder: self.recorder,
            observer: self.observer,
            capture: self.capture,
            trace: self.trace,
            webhook: self.webhook,
            push: self.push,
            directory: self.directory,
            lists: BTreeMap::new(),
            sounds: BTreeMap::new(),
        };
        (Some(documents), self.problems)
    }
}

fn no_system(files: &[SourceFile]) -> Problem {
    let fault = Fault::new(Code::NO_SYSTEM, "no file has a [system]");
    let fault = fault.suggest("add [system] with name and country");
    let nothing = SourceFile::new("(no file)", "");
    files.first().unwrap_or(&nothing).problem(0..0, fault)
}

fn located<'f>(files: &'f [SourceFile], place: &Place) -> (&'f str, usize) {
    let file = &files[place.file];
    (&file.name, file.position(place.range().start).0)
}

/// The key of the entry, if an error lies inside one.
fn entry_at<'t>(table: &DeTable<'t>, at: &Range<usize>) -> Option<Spanned<std::borrow::Cow<'t, str>>> {
    let inside = |span: Range<usize>| span.start <= at.start && at.end <= span.end;
    let holds = |key: &Range<usize>, value| inside(key.clone()) || reaches(value, at);
    let mut found: Vec<_> = table.iter().filter(|(key, value)| holds(&key.span(), value)).collect();
    // What fills a template in is wrong where it was filled in.
    found.sort_by_key(|(key, _)| &**key.get_ref() == "values");
    found.first().map(|(key, _)| (*key).clone())
}

/// Whether an error lies in a value or below it: what comes from a template stands elsewhere than its table.
fn reaches(value: &Spanned<DeValue<'_>>, at: &Range<usize>) -> bool {
    let inside = |span: Range<usize>| span.start <= at.start && at.end <= span.end;
    let below =
        |table: &DeTable<'_>| table.iter().any(|(key, value)| inside(key.span()) || reaches(value, at));
    let among = |list: &DeArray<'_>| list.iter().any(|value| reaches(value, at));
    let value_holds = match value.get_ref() {
        DeValue::Table(table) => below(table),
        DeValue::Array(list) => among(list),
        _ => false,
    };
    inside(value.span()) || value_holds
}
