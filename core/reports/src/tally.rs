//! Takes records in, and counts.

use std::collections::{BTreeMap, BTreeSet};

use crate::line::Line;
use crate::names::Names;
use crate::peak::Peak;
use crate::question::Wanted;
use crate::report::{Figures, Report, Row, ShownPoint};
use crate::rooms::Rooms;
use crate::shape::{Column, Pick, Sum, Tells, meets};

/// A report that is being made.
pub struct Tally<'n> {
    wanted: Wanted,
    names: &'n Names,
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

impl<'n> Tally<'n> {
    pub fn new(wanted: Wanted, names: &'n Names) -> Tally<'n> {
        let shape = wanted.shape;
        let has_peak = shape.columns.iter().any(|column| matches!(column.pick, Pick::Peak));
        let peak = has_peak.then(|| Peak::new(wanted.by, &wanted.points));
        let points = vec![vec![0; shape.columns.len()]; wanted.points.len()];
        let (rows, rooms) = Default::default();
        Tally { wanted, names, points, rows, peak, rooms, records: 0, unreadable: 0 }
    }

    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// A line that is no record.
    pub fn add_unreadable(&mut self) {
        self.unreadable += 1;
    }

    pub fn add(&mut self, line: &Line<'_>) {
        let Wanted { from, until, shape, .. } = self.wanted;
        if line.started < from || line.started >= until || !self.is_meant(line) {
            return;
        }
        self.records += 1;
        let point = self.wanted.points.partition_point(|point| point.ended <= line.started);
        if let Some(figures) = self.points.get_mut(point) {
            count(figures, shape.columns, line, self.names, None);
        }
        let ended = line.ended.unwrap_or(line.started);
        if let Some(peak) = &mut self.peak {
            peak.add(line.started, ended);
        }
        if let Some(room) = line.conference.as_deref().filter(|_| meets(line)) {
            self.rooms.add(room, line.started, ended);
        }
        let (rows, names) = (&mut self.rows, self.names);
        (shape.rows)(line, names, &mut |name| {
            let row = match rows.get_mut(name) {
                Some(row) => row,
                None => rows.entry(name.to_owned()).or_default(),
            };
            row.figures.resize(shape.row_columns.len(), 0);
            count(&mut row.figures, shape.row_columns, line, names, Some(name));
            if shape.tells_whom == Tells::Users {
                row.befalls(line);
            }
        });
    }

    /// Whether the question is about such a call.
    fn is_meant(&self, line: &Line<'_>) -> bool {
        let Wanted { site, trunk, user, .. } = &self.wanted;
        let at_site = |site: &String| line.users().any(|user| self.names.site_of(user) == site);
        site.as_ref().is_none_or(at_site)
            && trunk.as_ref().is_none_or(|trunk| line.trunks().any(|one| one == trunk))
            && user.as_ref().is_none_or(|user| line.users().any(|one| one == user))
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
    fn befalls(&mut self, line: &Line<'_>) {
        for user in line.users() {
            if !self.users.contains(user) {
                self.users.insert(user.to_owned());
            }
        }
        if self.newest.as_ref().is_none_or(|(began, _)| line.started >= *began) {
            self.newest = Some((line.started, line.id.clone().into_owned()));
        }
    }

    fn shown(self, name: String, columns: &[Column], tells: Tells) -> Row {
        let users = (tells == Tells::Users).then_some(self.users.len() as u64);
        let figures = shown(self.figures, columns);
        Row { name, words: None, figures, users, example: self.newest.map(|(_, id)| id) }
    }
}

fn count(figures: &mut [u64], columns: &[Column], line: &Line<'_>, names: &Names, row: Option<&str>) {
    for (figure, column) in figures.iter_mut().zip(columns) {
        if let Pick::Record(pick) = column.pick {
            put(figure, pick(line, names, row), column.sum);
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
