//! The table of reports: which columns each has, and what of a record counts in them.

use serde::Serialize;

use crate::kind;
use crate::line::{Attempt, Direction, Line};
use crate::names::Names;

/// One report.
#[derive(Debug)]
pub struct Shape {
    pub name: &'static str,
    pub columns: &'static [Column],
    pub row_of: &'static str,
    pub row_columns: &'static [Column],
    /// Which calls it tells apart.
    pub kind: KindOf,
    /// Whether it counts such a call anywhere.
    pub counts: fn(&Line<'_>, &Names) -> bool,
    /// The rows that a record counts in.
    pub rows: RowsOf,
    /// Whether it says whom a row befell, with an example.
    pub tells_whom: Tells,
    pub notes: &'static [&'static str],
}

/// What it looks at of a call besides its times: what counts is what would without the rest.
type KindOf = for<'l> fn(&Line<'l>) -> Line<'l>;

/// Hands over the names of rows.
type RowsOf = fn(&Line<'_>, &Names, &mut dyn FnMut(&str));

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tells {
    Figures,
    Users,
}

/// One figure.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Column {
    pub name: &'static str,
    /// For whoever reads a table.
    pub head: &'static str,
    pub unit: Unit,
    pub sum: Sum,
    #[serde(skip)]
    pub pick: Pick,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    Count,
    Milliseconds,
}

/// What becomes of figures of several records, and of several points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sum {
    Added,
    Most,
    Mean,
}

/// What is counted of a call, as often as it is picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    Call,
    Talk,
    /// Of several calls, the one that took longest.
    Longest,
    Wait,
}

/// Where a figure comes from. With a name it is of one row, without one of all.
#[derive(Clone, Copy, Debug)]
pub enum Pick {
    Record(Measure, Picked),
    /// Calls at once.
    Peak,
    /// Meetings that began.
    Meetings,
    /// What stands in one column, for each of another one.
    Ratio(usize, usize),
}

/// How often a call counts.
type Picked = fn(&Line<'_>, &Names, Option<&str>) -> u64;

const fn count(name: &'static str, head: &'static str, pick: Picked) -> Column {
    Column { name, head, unit: Unit::Count, sum: Sum::Added, pick: Pick::Record(Measure::Call, pick) }
}

const fn time(name: &'static str, head: &'static str, measure: Measure, pick: Picked) -> Column {
    Column { name, head, unit: Unit::Milliseconds, sum: Sum::Added, pick: Pick::Record(measure, pick) }
}

const fn talk(name: &'static str, head: &'static str, pick: Picked) -> Column {
    time(name, head, Measure::Talk, pick)
}

const CALLS: Column = count("calls", "calls", |_, _, _| 1);
const ANSWERED: Column = count("answered", "answered", |line, _, _| line.is_answered().into());
const TALK: Column = talk("talk_ms", "talked", |_, _, _| 1);
const LONGEST: Column =
    Column { sum: Sum::Most, ..time("longest_ms", "longest", Measure::Longest, |_, _, _| 1) };

fn is(line: &Line<'_>, direction: Option<Direction>) -> u64 {
    (line.direction == direction).into()
}

const OUT: Column = count("out", "out", |line, _, _| is(line, Some(Direction::Outbound)));
const IN: Column = count("in", "in", |line, _, _| is(line, Some(Direction::Inbound)));
const INSIDE: Column = count("inside", "inside", |line, _, _| is(line, Some(Direction::Internal)));
const TRANSIT: Column = count("transit", "through", |line, _, _| is(line, Some(Direction::Transit)));
const UNPLACED: Column = count("refused_early", "refused", |line, _, _| is(line, None));

const FAILURES: Column = count("failures", "failures", |line, _, _| line.is_failure().into());

const TRIED: Column = count("tried", "tried", |line, _, trunk| on(line, trunk).count() as u64);
const TAKEN: Column =
    count("taken", "taken", |line, _, trunk| on(line, trunk).filter(|one| one.is_answered()).count() as u64);
const BROKEN: Column = count("broken", "failed", |line, _, trunk| {
    let is_given_up = line.outcome == "cancelled";
    on(line, trunk).filter(|one| one.is_failure() && !is_given_up).count() as u64
});
const CAME: Column = count("came", "in", |line, _, trunk| is_from(line, trunk).into());
const CAME_ANSWERED: Column =
    count("came_answered", "answered", |line, _, trunk| (is_from(line, trunk) && line.is_answered()).into());
const CARRIED: Column = talk("talk_ms", "talked", |line, _, trunk| {
    let times = u64::from(is_from(line, trunk)) + u64::from(on(line, trunk).any(Attempt::is_answered));
    if trunk.is_some() { times.min(1) } else { times }
});

/// Attempts on a trunk, or on any.
fn on<'a>(line: &'a Line<'_>, trunk: Option<&'a str>) -> impl Iterator<Item = &'a Attempt<'a>> {
    let is_meant =
        move |one: &&Attempt<'_>| one.trunk().is_some_and(|name| trunk.is_none_or(|meant| meant == name));
    line.attempts.iter().filter(is_meant)
}

fn is_from(line: &Line<'_>, trunk: Option<&str>) -> bool {
    line.is_from_trunk() && trunk.is_none_or(|meant| meant == line.calling)
}

/// For whoever was called as a team.
fn of_team(line: &Line<'_>, names: &Names) -> bool {
    names.team_of(line).is_some()
}

/// Each name once.
fn once<'n>(names: impl Iterator<Item = &'n str> + Clone, each: &mut dyn FnMut(&str)) {
    for (at, name) in names.clone().enumerate() {
        if !names.clone().take(at).any(|before| before == name) {
            each(name);
        }
    }
}

const PARTIES: Column = count("parties", "parties", |line, _, _| line.meets().into());
const MET: Column = talk("talk_ms", "minutes", |line, _, _| line.meets().into());
const GUESTS: Column =
    count("from_outside", "from outside", |line, _, _| (line.meets() && line.is_from_trunk()).into());
const GUESTS_MET: Column =
    talk("outside_ms", "minutes", |line, _, _| (line.meets() && line.is_from_trunk()).into());
const HELD: Column =
    Column { name: "held", head: "held", unit: Unit::Count, sum: Sum::Added, pick: Pick::Meetings };

const OFFERED: Column = count("offered", "offered", |line, names, _| of_team(line, names).into());
const TEAM_ANSWERED: Column =
    count("answered", "answered", |line, names, _| (of_team(line, names) && line.is_answered()).into());
const GIVEN_UP: Column = count("given_up", "given up", |line, names, _| {
    (of_team(line, names) && line.outcome == "cancelled").into()
});
const MISSED: Column = count("missed", "missed", |line, names, _| {
    (of_team(line, names) && !line.is_answered() && line.outcome != "cancelled").into()
});
const WAITED: Column = time("waited_ms", "waited", Measure::Wait, |line, names, _| {
    (of_team(line, names) && line.is_answered()).into()
});
const MEAN_WAIT: Column = Column {
    name: "mean_wait_ms",
    head: "mean wait",
    unit: Unit::Milliseconds,
    sum: Sum::Mean,
    pick: Pick::Ratio(4, 1),
};

/// Every report that has a time axis.
pub const KINDS: &[Shape] = &[
    Shape {
        name: "usage",
        columns: &[
            CALLS,
            OUT,
            IN,
            INSIDE,
            TRANSIT,
            UNPLACED,
            ANSWERED,
            TALK,
            LONGEST,
            Column { name: "at_once", head: "at once", unit: Unit::Count, sum: Sum::Most, pick: Pick::Peak },
        ],
        row_of: "site",
        row_columns: &[CALLS, OUT, IN, INSIDE, TRANSIT, UNPLACED, ANSWERED, TALK, LONGEST],
        kind: kind::of_usage,
        counts: |_, _| true,
        rows: |line, names, each| once(line.users().map(|user| names.site_of(user)), each),
        tells_whom: Tells::Figures,
        notes: &[
            "A user's site is the one of the documents in force; a call between sites counts at both.",
            "A call counts where it began. Calls at once are counted from their beginning to their end.",
        ],
    },
    Shape {
        name: "failures",
        columns: &[
            CALLS,
            FAILURES,
            count("refused", "refused", |line, _, _| (line.outcome == "refused").into()),
            count("no_line", "no line free", |line, _, _| line.has_no_line().into()),
        ],
        row_of: "code",
        row_columns: &[FAILURES],
        kind: kind::of_failures,
        counts: |_, _| true,
        rows: |line, _, each| {
            if line.is_failure() {
                each(&line.verdict);
            }
        },
        tells_whom: Tells::Users,
        notes: &[
            "Busy, unanswered and given up calls are no failures. Callers whom nobody knew have no record: \
             tandem call find --cause turned-away.",
        ],
    },
    Shape {
        name: "meetings",
        columns: &[PARTIES, MET, GUESTS, GUESTS_MET, HELD],
        row_of: "room",
        row_columns: &[PARTIES, MET, GUESTS, GUESTS_MET, HELD],
        kind: kind::of_meetings,
        counts: |line, _| line.meets(),
        rows: |line, _, each| {
            if let Some(room) = line.conference.as_deref().filter(|_| line.meets()) {
                each(room);
            }
        },
        tells_whom: Tells::Figures,
        notes: &["A meeting lasts as long as somebody is in its room, and counts where it began."],
    },
    Shape {
        name: "teams",
        columns: &[OFFERED, TEAM_ANSWERED, GIVEN_UP, MISSED, WAITED, MEAN_WAIT],
        row_of: "team",
        row_columns: &[OFFERED, TEAM_ANSWERED, GIVEN_UP, MISSED, WAITED, MEAN_WAIT],
        kind: kind::of_teams,
        counts: of_team,
        rows: |line, names, each| names.team_of(line).into_iter().for_each(each),
        tells_whom: Tells::Figures,
        notes: &["Teams are those of the documents in force, known by what was dialled: records do not \
             name the team of a call that a forward has sent there."],
    },
    Shape {
        name: "trunks",
        columns: &[TRIED, TAKEN, BROKEN, CAME, CAME_ANSWERED, CARRIED],
        row_of: "trunk",
        row_columns: &[TRIED, TAKEN, BROKEN, CAME, CAME_ANSWERED, CARRIED],
        kind: kind::of_trunks,
        counts: |_, _| true,
        rows: |line, _, each| {
            let from = line.is_from_trunk().then_some(&*line.calling);
            once(from.into_iter().chain(line.attempts.iter().filter_map(Attempt::trunk)), each);
        },
        tells_whom: Tells::Figures,
        notes: &["Each try to call by a trunk counts: one call may be tried by several."],
    },
];
