//! Makes reports: reads records on a thread that gives way to calls, and says what codes mean.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use cli::House;
use model::{Document, Documents, User};
use reports::{Line, Names, Question, Report, Tally, Wrong, Zone};
use serde_json::{Value, json};
use store::{Alone, Catalogue, CatalogueFault, Database, EachPart, Part, Span};
use switch_io::Asker;

use crate::control::Board;
use crate::revisions::now_ms;
use crate::verbs::help;
use crate::{directory, inventory, sight, storage};

/// The report that is of this moment, and has no time axis.
const PHONES: &str = "phones";
/// Below whatever carries calls.
const NICE: i32 = 10;

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmade {
    NoSuch(String),
    Wrong(String),
    NotNow(String),
}

/// A report of a house that runs.
pub fn of_house(
    question: &Question,
    asker: &Asker,
    board: &Board,
    catalogue: &Arc<Catalogue>,
) -> Result<Value, Unmade> {
    let in_force = board.documents().ok_or_else(|| Unmade::NotNow("the house begins".to_owned()))?;
    let documents = model::load(&in_force.files).ok();
    if question.report == PHONES {
        let silent = || Unmade::NotNow("a shard does not answer".to_owned());
        let phones = json!(sight::phones(asker).ok_or_else(silent)?);
        return inventory::of(question, &phones, &names(documents.as_ref()));
    }
    make(question, documents.as_ref(), |span, each| catalogue.each_part(span, each))
}

/// A report of a data folder on which no house runs.
pub fn of_folder(question: &Question, house: &House) -> Result<Value, Unmade> {
    let data = house.data();
    if question.report == PHONES {
        return Err(Unmade::NotNow(format!("no house runs on {}: no phone is registered", data.display())));
    }
    let not_now = |fault: anyhow::Error| Unmade::NotNow(format!("{fault:#}"));
    let database = storage::of_house(house).map_err(not_now)?;
    let documents = documents_of(house)?;
    if matches!(database, Database::Sqlite) {
        // Nobody is to wait until what only searches want is made.
        return make(question, documents.as_ref(), |span, each| store::each_part(&data, span, each));
    }
    let alone =
        Alone::open_on(&database, &data, |_| {}).map_err(|fault| Unmade::NotNow(fault.to_string()))?;
    let busy = || Unmade::NotNow(format!("a house begins or ends on {}", data.display()));
    let alone = alone.ok_or_else(busy)?;
    make(question, documents.as_ref(), |span, each| alone.each_part(span, each))
}

/// What was in force last, or stands in the directory of a house that never ran; nothing, if that is empty.
fn documents_of(house: &House) -> Result<Option<Documents>, Unmade> {
    let (data, directory) = (house.data(), house.dir.as_deref().unwrap_or(".".as_ref()));
    let newest = store::revisions_in(&data).unwrap_or_default().pop();
    let content = newest.and_then(|newest| store::content_of(&data, newest.number).ok());
    let files = match content {
        Some(content) => {
            content.documents.into_iter().map(|(name, text)| model::SourceFile::new(name, text)).collect()
        }
        None => match directory::read(directory) {
            Ok(files) => files,
            Err(_) => return Ok(None),
        },
    };
    let unsound =
        |_| Unmade::Wrong("the configuration is not sound: tandem config check says why".to_owned());
    model::load(&files).map(Some).map_err(unsound)
}

fn make(
    question: &Question,
    documents: Option<&Documents>,
    read: impl FnOnce(Span, &mut EachPart<'_>) -> Result<(), CatalogueFault> + Send,
) -> Result<Value, Unmade> {
    let zone = documents.and_then(|documents| documents.system.time_zone.as_ref());
    let zone = zone.and_then(|zone| Zone::named(zone)).unwrap_or_else(Zone::universal);
    let wanted = question.meant(now_ms(), zone).map_err(of_question)?;
    let names = names(documents);
    let span = Span { since: Some(wanted.from), until: Some(wanted.until) };
    let tally = Tally::new(wanted, &names);
    let counted = thread::scope(|scope| {
        let reading = thread::Builder::new().name("report".to_owned()).spawn_scoped(scope, move || {
            // Without leave to be nice it is as good as it can be.
            let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
            count(tally, span, read)
        });
        let reading = reading.map_err(|fault| Unmade::NotNow(fault.to_string()))?;
        reading.join().map_err(|_| Unmade::NotNow("a defect cost this report".to_owned()))?
    });
    Ok(json!(with_words(counted?)))
}

fn count(
    mut tally: Tally<'_>,
    span: Span,
    read: impl FnOnce(Span, &mut EachPart<'_>) -> Result<(), CatalogueFault>,
) -> Result<Report, Unmade> {
    let done = read(span, &mut |part| {
        match part {
            Part::Brief(block) => tally.add_block(block)?,
            Part::Line(line) => match serde_json::from_slice::<Line<'_>>(line) {
                Ok(record) => tally.add(&record),
                Err(_) => tally.add_unreadable(),
            },
        }
        Ok(())
    });
    done.map_err(|fault| Unmade::NotNow(fault.to_string()))?;
    Ok(tally.finish())
}

/// With what its codes mean.
fn with_words(mut report: Report) -> Report {
    if report.row_of == "code" {
        for row in &mut report.rows {
            row.words = help::title(&row.name).map(str::to_owned);
        }
    }
    report
}

fn of_question(wrong: Wrong) -> Unmade {
    match wrong {
        Wrong::NoReport { .. } => Unmade::NoSuch(wrong.to_string()),
        _ => Unmade::Wrong(wrong.to_string()),
    }
}

fn names(documents: Option<&Documents>) -> Names {
    let Some(documents) = documents else { return Names::default() };
    let users = documents.user.values();
    let site = |user: &Document<User>| Some((user.name.to_string(), user.site.as_ref()?.value.clone()));
    let sites: Vec<(String, String)> = users.clone().filter_map(site).collect();
    let mut teams = BTreeMap::new();
    for team in users.filter(|user| is_team(user)) {
        let number = team.number.as_ref().map(|number| number.value.to_string());
        let extension = team.extension.as_ref().map(|extension| extension.value.clone());
        let called = number.into_iter().chain(extension).chain([team.name.to_string()]);
        teams.extend(called.map(|called| (called, team.name.to_string())));
    }
    Names::new(sites, teams)
}

/// Nothing of its own rings, and others ring for it.
fn is_team(user: &User) -> bool {
    user.devices.is_empty() && user.phones.is_empty() && user.password.is_none() && !user.also.is_empty()
}
