//! Takes records in, and counts.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::brief::{Block, Kinds, Unsound};
use crate::line::{Call, Line, Party};
use crate::names::Names;
use crate::peak::Peak;
use crate::question::Wanted;
use crate::report::{Figures, Report, Row, ShownPoint};
use crate::rooms::Rooms;
use crate::shape::{Column, Measure, Pick, Sum, Tells};

/// What a question may be about; calls have to meet all of it.
const SITE: u8 = 1;
const TRUNK: u8 = 2;
const USER: u8 = 4;

/// A report that is being made.
pub struct Tally<'n> {
    wanted: Wanted,
    names: &'n Names,
    narrowed: u8,
    points: Vec<Vec<u64>>,
    rows: BTreeMap<String, Counted>,
    peak: Option<Peak>,
    rooms: Rooms,
    records: u64,
    unreadable: u64,
}

#[derive(Default)]
struct Counted {
    figures: Vec<u64>,
    users: BTreeSet<String>,
    /// When the newest call began, and its id.
    newest: Option<(i64, String)>,
}

/// What a report knows of a kind of calls.
struct Known<'b> {
    counts: bool,
    is_named: bool,
    /// Where somebody was in a meeting.
    room: Option<Cow<'b, str>>,
}

/// What calls of one kind come to.
#[derive(Clone, Copy, Default)]
struct Amount<'c> {
    calls: u64,
    talk_ms: u64,
    longest_ms: u64,
    waited_ms: u64,
    /// When the newest began, and its id.
    newest: Option<(i64, &'c str)>,
}

impl<'c> Amount<'c> {
    fn add(&mut self, call: &Call<'c>) {
        self.calls += 1;
        self.talk_ms = self.talk_ms.saturating_add(call.talk_ms);
        self.longest_ms = self.longest_ms.max(call.talk_ms);
        self.waited_ms = self.waited_ms.saturating_add(call.waited_ms);
        self.newest = self.newest.max(Some((call.started, call.id)));
    }

    fn of(&self, measure: Measure, times: u64) -> u64 {
        match measure {
            Measure::Call => self.calls.saturating_mul(times),
            Measure::Talk => self.talk_ms.saturating_mul(times),
            Measure::Longest => self.longest_ms.saturating_mul(times),
            Measure::Wait => self.waited_ms.saturating_mul(times),
        }
    }
}

impl<'n> Tally<'n> {
    pub fn new(wanted: Wanted, names: &'n Names) -> Tally<'n> {
        let shape = wanted.shape;
        let has_peak = shape.columns.iter().any(|column| matches!(column.pick, Pick::Peak));
        let peak = has_peak.then(|| Peak::new(wanted.by, &wanted.points));
        let points = vec![vec![0; shape.columns.len()]; wanted.points.len()];
        let (rows, rooms) = Default::default();
        let of = |said: &Option<String>, what: u8| if said.is_some() { what } else { 0 };
        let narrowed = of(&wanted.site, SITE) | of(&wanted.trunk, TRUNK) | of(&wanted.user, USER);
        Tally { wanted, names, narrowed, points, rows, peak, rooms, records: 0, unreadable: 0 }
    }

    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// A line that is no record.
    pub fn add_unreadable(&mut self) {
        self.unreadable += 1;
    }

    pub fn add(&mut self, line: &Line<'_>) {
        let call = line.call();
        if !self.is_within(call.started) || !self.is_meant(line) {
            return;
        }
        let mut amount = Amount::default();
        amount.add(&call);
        self.happens(line.conference.as_deref().filter(|_| line.meets()), &call);
        if (self.wanted.shape.counts)(line, self.names) {
            self.count(self.point_of(call.started), line, &amount);
        }
    }

    /// Many calls at once; nothing of them, where they cannot be read.
    pub fn add_block(&mut self, bytes: &[u8]) -> Result<(), Unsound> {
        let block = Block::read(bytes)?;
        if block.calls > 0 && block.first < self.wanted.until && block.last >= self.wanted.from {
            self.add_calls(&block)?;
        }
        self.unreadable += block.unreadable;
        Ok(())
    }

    fn add_calls(&mut self, block: &Block<'_>) -> Result<(), Unsound> {
        let kinds = block.of_report(self.wanted.shape)?;
        let known = self.known(&kinds)?;
        let kind_of = |at: usize| kinds.of_calls[at] as usize;
        let calls = block.calls(|at| known[kind_of(at)].is_named)?;
        let met = self.met_by(block)?;
        let first = self.point_of(block.first);
        let points = self.point_of(block.last) + 1 - first;
        let mut amounts = vec![Amount::default(); kinds.count * points];
        let mut point = first;
        for (at, call) in calls.iter().enumerate() {
            if !self.is_within(call.started) || met.as_ref().is_some_and(|met| met[at] != self.narrowed) {
                continue;
            }
            // Most begin where the one before did.
            let is_same = self.wanted.points.get(point);
            if !is_same.is_some_and(|point| (point.began..point.ended).contains(&call.started)) {
                point = self.point_of(call.started);
            }
            let kind = kind_of(at);
            self.happens(known[kind].room.as_deref(), call);
            if known[kind].counts {
                amounts[kind * points + point.clamp(first, first + points - 1) - first].add(call);
            }
        }
        kinds.each(|kind, line| {
            let amounts = amounts[kind * points..][..points].iter().enumerate();
            for (point, amount) in amounts.filter(|(_, amount)| amount.calls > 0) {
                self.count(first + point, line, amount);
            }
        })
    }

    /// What has to be known of kinds while calls are gone through; they are all sound from here on.
    fn known<'b>(&self, kinds: &Kinds<'b>) -> Result<Vec<Known<'b>>, Unsound> {
        let shape = self.wanted.shape;
        let mut known = Vec::with_capacity(kinds.count);
        kinds.each(|_, kind| {
            known.push(Known {
                counts: (shape.counts)(kind, self.names),
                is_named: shape.tells_whom == Tells::Users && kind.is_failure(),
                room: kind.conference.clone().filter(|_| kind.meets()),
            });
        })?;
        Ok(known)
    }

    /// What each call meets of the question; nothing, where it is about all.
    fn met_by(&self, block: &Block<'_>) -> Result<Option<Vec<u8>>, Unsound> {
        (self.narrowed != 0).then(|| block.parties(|party| self.meets(party))).transpose()
    }

    fn is_within(&self, began: i64) -> bool {
        (self.wanted.from..self.wanted.until).contains(&began)
    }

    fn point_of(&self, began: i64) -> usize {
        self.wanted.points.partition_point(|point| point.ended <= began)
    }

    /// What depends on when each of them was.
    fn happens(&mut self, room: Option<&str>, call: &Call<'_>) {
        self.records += 1;
        if let Some(peak) = &mut self.peak {
            peak.add(call.started, call.ended);
        }
        if let Some(room) = room {
            self.rooms.add(room, call.started, call.ended);
        }
    }

    /// What calls of one kind come to.
    fn count(&mut self, point: usize, line: &Line<'_>, amount: &Amount<'_>) {
        let (shape, rows, names) = (self.wanted.shape, &mut self.rows, self.names);
        if let Some(figures) = self.points.get_mut(point) {
            count(figures, shape.columns, line, names, None, amount);
        }
        (shape.rows)(line, names, &mut |name| {
            let row = match rows.get_mut(name) {
                Some(row) => row,
                None => rows.entry(name.to_owned()).or_default(),
            };
            row.figures.resize(shape.row_columns.len(), 0);
            count(&mut row.figures, shape.row_columns, line, names, Some(name), amount);
            if shape.tells_whom == Tells::Users {
                row.befalls(line, amount);
            }
        });
    }

    /// Whether the question is about such a call.
    fn is_meant(&self, line: &Line<'_>) -> bool {
        self.narrowed == 0 || line.parties().fold(0, |met, party| met | self.meets(party)) == self.narrowed
    }

    /// What a party meets of the question.
    fn meets(&self, party: Party<'_>) -> u8 {
        let Wanted { site, trunk, user, .. } = &self.wanted;
        let if_met = |is_met: bool, what: u8| if is_met { what } else { 0 };
        match party {
            Party::User(name) => {
                let is_there = site.as_ref().is_some_and(|site| self.names.site_of(name) == site);
                if_met(is_there, SITE) | if_met(user.as_ref().is_some_and(|user| user == name), USER)
            }
            Party::Trunk(name) => if_met(trunk.as_ref().is_some_and(|trunk| trunk == name), TRUNK),
        }
    }

    /// All that was counted.
    pub fn finish(mut self) -> Report {
        self.count_peaks();
        self.count_meetings();
        let shape = self.wanted.shape;
        let mut total = vec![0; shape.columns.len()];
        for point in &self.points {
            add_up(&mut total, point, shape.columns);
        }
        let points = self.wanted.points.iter().zip(self.points);
        let points = points.map(|(point, figures)| ShownPoint {
            point: point.clone(),
            figures: shown(figures, shape.columns),
        });
        let points = points.collect();
        let mut rows: Vec<(String, Counted)> = self.rows.into_iter().collect();
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.figures.first().copied()));
        let rows = rows.into_iter().map(|(name, row)| row.shown(name, shape.row_columns, shape.tells_whom));
        let rows = rows.collect();
        let Wanted { zone, by, from, until, site, trunk, user, .. } = self.wanted;
        Report {
            report: shape.name,
            by,
            time_zone: zone.name().to_owned(),
            from,
            until,
            site,
            trunk,
            user,
            columns: shape.columns.to_vec(),
            points,
            total: shown(total, shape.columns),
            row_of: shape.row_of,
            row_columns: shape.row_columns.to_vec(),
            rows,
            records: self.records,
            unreadable: self.unreadable,
            notes: shape.notes.iter().map(|note| (*note).to_owned()).collect(),
        }
    }

    fn count_peaks(&mut self) {
        let Some(peak) = &self.peak else { return };
        let at = self.wanted.shape.columns.iter().position(|column| matches!(column.pick, Pick::Peak));
        let found = peak.most(&self.wanted.points);
        for (figures, most) in self.points.iter_mut().zip(found) {
            at.and_then(|at| figures.get_mut(at)).into_iter().for_each(|figure| *figure = most);
        }
    }

    fn count_meetings(&mut self) {
        let is_held = |column: &Column| matches!(column.pick, Pick::Meetings);
        let shape = self.wanted.shape;
        let (Some(at), Some(of_row)) =
            (shape.columns.iter().position(is_held), shape.row_columns.iter().position(is_held))
        else {
            return;
        };
        for (room, began) in self.rooms.begun() {
            let point = self.wanted.points.partition_point(|point| point.ended <= began);
            if let Some(figures) = self.points.get_mut(point) {
                figures[at] += 1;
            }
            if let Some(row) = self.rows.get_mut(room) {
                row.figures[of_row] += 1;
            }
        }
    }
}

impl Counted {
    fn befalls(&mut self, line: &Line<'_>, amount: &Amount<'_>) {
        for user in line.users() {
            if !self.users.contains(user) {
                self.users.insert(user.to_owned());
            }
        }
        let newest = self.newest.as_ref().map(|(began, id)| (*began, &**id));
        if let Some((began, id)) = amount.newest.filter(|one| newest.is_none_or(|newest| *one > newest)) {
            self.newest = Some((began, id.to_owned()));
        }
    }

    fn shown(self, name: String, columns: &[Column], tells: Tells) -> Row {
        let users = (tells == Tells::Users).then_some(self.users.len() as u64);
        let figures = shown(self.figures, columns);
        Row { name, words: None, figures, users, example: self.newest.map(|(_, id)| id) }
    }
}

fn count(
    figures: &mut [u64],
    columns: &[Column],
    line: &Line<'_>,
    names: &Names,
    row: Option<&str>,
    amount: &Amount<'_>,
) {
    for (figure, column) in figures.iter_mut().zip(columns) {
        if let Pick::Record(measure, pick) = column.pick {
            put(figure, amount.of(measure, pick(line, names, row)), column.sum);
        }
    }
}

fn add_up(total: &mut [u64], figures: &[u64], columns: &[Column]) {
    for ((sum, figure), column) in total.iter_mut().zip(figures).zip(columns) {
        put(sum, *figure, column.sum);
    }
}

fn put(to: &mut u64, figure: u64, sum: Sum) {
    *to = match sum {
        Sum::Added | Sum::Mean => to.saturating_add(figure),
        Sum::Most => (*to).max(figure),
    };
}

/// With what is made of other columns.
fn shown(mut figures: Vec<u64>, columns: &[Column]) -> Figures {
    for (at, column) in columns.iter().enumerate() {
        if let Pick::Ratio(of, by) = column.pick {
            figures[at] = figures[of].checked_div(figures[by]).unwrap_or(0);
        }
    }
    Figures(columns.iter().map(|column| column.name).zip(figures).collect())
}
