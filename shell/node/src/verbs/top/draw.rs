//! A picture as rows: what matters first, as much of each list as there is room for.

use cli::Paint;
use serde_json::Value;

use super::newest;
use super::picture::Picture;
use super::row::{Row, cell};
use super::screen::Size;
use super::viewer::{Flow, Viewer, callee};
use crate::verbs::{call, trunk};

/// Below this a table is no table: only sums and alarms are said.
const TABLE: Size = Size { rows: 14, columns: 60 };
const ALARMS_MAX: usize = 3;
/// What lists may take of the rows between head and foot: one in so many.
const TRUNKS_PART: usize = 3;
const CAUSES_PART: usize = 6;
const EVENTS_PART: usize = 4;

/// Just as many rows as there are, the last with the keys.
pub fn screen(picture: &Picture, viewer: &Viewer, size: Size) -> Vec<Row> {
    let foot = Row::default().painted(Paint::Quiet, viewer.help());
    if size.rows < TABLE.rows || size.columns < TABLE.columns {
        let mut rows = narrow(picture);
        rows.truncate(size.rows.saturating_sub(1));
        rows.push(foot);
        return rows;
    }
    let mut all = rows(picture, viewer, size.rows - 1, size.columns);
    all.resize(size.rows - 1, Row::default());
    all.push(foot);
    all
}

/// At most so many rows.
pub fn rows(picture: &Picture, viewer: &Viewer, most: usize, columns: usize) -> Vec<Row> {
    let mut all = head(picture, viewer);
    let room = most.saturating_sub(all.len());
    let mut trunks = trunks(picture, viewer, columns);
    shorten(&mut trunks, (room / TRUNKS_PART).max(3));
    let mut causes = causes(picture, viewer);
    shorten(&mut causes, (room / CAUSES_PART).max(2));
    let (mut calls, mut events) = (calls(picture, viewer, columns), events(picture, viewer));
    let left = room.saturating_sub(trunks.len() + causes.len());
    // Whoever of the two has less leaves the other what is over.
    let of_events = (room / EVENTS_PART).max(left.saturating_sub(calls.len())).min(events.len());
    shorten(&mut calls, left.saturating_sub(of_events));
    let first = events.len().saturating_sub(left.saturating_sub(calls.len()).saturating_sub(1));
    events.drain(1.min(events.len())..first.max(1).min(events.len()));
    all.extend([trunks, causes, calls, events].into_iter().flatten());
    all.truncate(most);
    all
}

/// Cut to so many rows, the last of which says how many there are more.
fn shorten(rows: &mut Vec<Row>, most: usize) {
    if rows.len() > most {
        let more = rows.len() + 1 - most.max(1);
        rows.truncate(most.saturating_sub(1));
        rows.push(Row::default().painted(Paint::Quiet, format!("  and {more} more")));
    }
}

/// The house, in sums.
fn head(picture: &Picture, viewer: &Viewer) -> Vec<Row> {
    let (status, lately) = (&picture.status, &picture.lately);
    let mut rows = vec![name(picture, viewer)];
    let answered = match lately.answered_percent {
        Some(percent) => format!("{percent} % answered of {} in {:.0} s", lately.ended, lately.seconds),
        None => "none has ended lately".to_owned(),
    };
    let held = &status["held"];
    rows.push(
        Row::default()
            .text("calls     ")
            .painted(Paint::Strong, held["calls"].to_string())
            .text(format!(", {}/s, {answered}, {} media ports", lately.begun_per_second, held["ports"])),
    );
    let heard = match &lately.sound {
        Some(sound) => format!(
            "MOS {:.2}, worst {:.2}, {} % lost, jitter {} ms, {} parties heard",
            sound.mos, sound.mos_worst, sound.lost_percent, sound.jitter_ms, sound.parties
        ),
        None => "nobody was heard to the end lately".to_owned(),
    };
    rows.push(Row::default().text(format!("sound     {heard}")));
    let machine = &picture.machine;
    let cpu = machine.cpu_percent.map_or("-".to_owned(), |percent| format!("{percent:.1} %"));
    let memory = machine.memory_bytes.map_or("-".to_owned(), |bytes| format!("{:.1} MB", bytes as f64 / 1e6));
    let phones = picture.phones;
    rows.push(Row::default().text(format!(
        "process   {}, CPU {cpu}, memory {memory}; {} phones of {} users",
        status["process"], phones.phones, phones.users
    )));
    rows.extend(alarms(picture));
    rows
}

fn name(picture: &Picture, viewer: &Viewer) -> Row {
    let word = |key: &str| picture.status[key].as_str().unwrap_or_default();
    let paint = if word("state") == "running" { Paint::Good } else { Paint::Note };
    let row = Row::default().painted(Paint::Strong, word("name")).text(" ").painted(paint, word("state"));
    let (version, revision) = (word("version"), &picture.status["revision"]);
    let row = row.text(format!(", {version}, revision {revision}, {}", newest::clock(picture.at)));
    match viewer.flow {
        Flow::Running => row,
        Flow::Held => row.painted(Paint::Note, "  held"),
    }
}

fn alarms(picture: &Picture) -> Vec<Row> {
    let alarms = picture.status["alarms"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let row = |words: &str| Row::default().painted(Paint::Bad, "✘ ").text(words);
    let mut rows: Vec<Row> = picture.silent.as_deref().into_iter().chain(alarms).map(row).collect();
    shorten(&mut rows, ALARMS_MAX);
    rows
}

/// Where there is no room for tables.
fn narrow(picture: &Picture) -> Vec<Row> {
    let (status, lately) = (&picture.status, &picture.lately);
    let mut rows = vec![
        Row::default().text(format!(
            "{} {} {}",
            status["name"].as_str().unwrap_or_default(),
            status["state"].as_str().unwrap_or_default(),
            newest::clock(picture.at)
        )),
        Row::default().text(format!("{} calls, {}/s", status["held"]["calls"], lately.begun_per_second)),
    ];
    rows.extend(lately.answered_percent.map(|percent| Row::default().text(format!("{percent} % answered"))));
    rows.extend(alarms(picture));
    for one in status["trunks"].as_array().into_iter().flatten() {
        let (paint, words) = trunk::standing(one);
        let name = one["name"].as_str().unwrap_or_default();
        rows.push(Row::default().text(format!("{name} {} ", one["calls"])).painted(paint, words));
    }
    rows
}

/// The wider the terminal, the wider the columns of names.
fn name_columns(columns: usize) -> usize {
    (columns / 5).clamp(12, 32)
}

fn trunks(picture: &Picture, viewer: &Viewer, columns: usize) -> Vec<Row> {
    let wide = name_columns(columns);
    let head = format!("{} {:>13} {:>8} {:>8}  STATE", cell("TRUNK", wide), "CALLS", "ANSWERED", "SERVED");
    let mut rows = vec![Row::default().painted(Paint::Strong, head)];
    for one in picture.status["trunks"].as_array().into_iter().flatten() {
        let name = one["name"].as_str().unwrap_or_default();
        let calls = match one.get("limit") {
            Some(limit) => format!("{} of {}", limit["used"], limit["ceiling"]),
            None => one["calls"].to_string(),
        };
        // Of requests for sessions, those that came to one; and those that the far end could serve.
        let served = |key: &str| one["performance"][key].as_f64();
        let share = |of: Option<f64>| of.map_or("-".to_owned(), |percent| format!("{percent:.1} %"));
        let (ser, isa) = (served("ser"), served("isa").map(|percent| 100.0 - percent));
        let (paint, words) = trunk::standing(one);
        let figures = format!("{} {calls:>13} {:>8} {:>8}  ", cell(name, wide), share(ser), share(isa));
        let mut row = Row::default().text(figures).painted(paint, words);
        if let Some(state) = one["registration"]["state"].as_str() {
            let paint = if state == "registered" { Paint::Good } else { Paint::Bad };
            let why = one["registration"]["why"].as_str().map(|why| format!(": {why}")).unwrap_or_default();
            row = row.text(", ").painted(paint, format!("{state}{why}"));
        }
        let ends = one["targets"].as_array().into_iter().flatten().map(far_end);
        let of_trunk: Vec<Row> = [row].into_iter().chain(ends).collect();
        if of_trunk.iter().any(|row| viewer.wants(&row.plain())) {
            rows.extend(of_trunk);
        }
    }
    rows
}

fn far_end(target: &Value) -> Row {
    let text = |key: &str| target[key].as_str().unwrap_or_default();
    let (paint, words) = trunk::target_standing(target);
    Row::default()
        .text(format!("  {} {}  ", cell(text("name"), 34), cell(text("address"), 24)))
        .painted(paint, words)
}

fn causes(picture: &Picture, viewer: &Viewer) -> Vec<Row> {
    let failures = picture.lately.failures.iter();
    let row = |cause: &super::picture::Cause| {
        Row::default().text(format!("{:>7}  {:8} {}", cause.count, cause.code, cause.words))
    };
    let rows: Vec<Row> = failures.map(row).filter(|row| viewer.wants(&row.plain())).collect();
    if rows.is_empty() {
        return rows;
    }
    let head = format!("FAILED  in {:.0} s, by cause", picture.lately.seconds);
    [Row::default().painted(Paint::Strong, head)].into_iter().chain(rows).collect()
}

fn calls(picture: &Picture, viewer: &Viewer, columns: usize) -> Vec<Row> {
    let wide = name_columns(columns);
    let all = picture.calls["calls"].as_array().map_or(&[][..], Vec::as_slice);
    let mut sorted: Vec<&Value> = all.iter().collect();
    viewer.sort(&mut sorted);
    let rows = sorted.into_iter().map(|one| call_row(one, picture.at, wide));
    let rows: Vec<Row> = rows.filter(|row| viewer.wants(&row.plain())).collect();
    let above = viewer.above.min(rows.len().saturating_sub(1));
    let left_out = picture.calls["left_out"].as_u64().unwrap_or_default();
    let more = if left_out > 0 { format!(", {left_out} more not listed") } else { String::new() };
    let scrolled = if above > 0 { format!(", {above} above") } else { String::new() };
    let names = ["CALLING", "CALLED", "BY"].map(|name| cell(name, wide)).join(" ");
    let head = format!("{:>8} {names} STAGE  {} of {}{scrolled}{more}", "SINCE", rows.len(), all.len());
    let head = Row::default().painted(Paint::Strong, head);
    [head].into_iter().chain(rows.into_iter().skip(above)).collect()
}

fn call_row(call: &Value, now: i64, wide: usize) -> Row {
    let text = |key: &str| call[key].as_str().unwrap_or_default();
    let seconds = (now - call["started"].as_i64().unwrap_or(now)).max(0) / 1_000;
    let since = format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let names = [text("calling"), text("called"), callee(call)].map(|name| cell(name, wide)).join(" ");
    let (paint, words) = call::stage(call);
    let mut row = Row::default().text(format!("{since:>8} {names} ")).painted(paint, words);
    if call["emergency"] == true {
        row = row.painted(Paint::Bad, "  EMERGENCY");
    }
    let missed = call["missed"].as_array().into_iter().flatten().filter_map(Value::as_str);
    for words in missed {
        row = row.painted(Paint::Bad, format!("  not heard: {words}"));
    }
    row
}

fn events(picture: &Picture, viewer: &Viewer) -> Vec<Row> {
    let rows = picture.newest.iter().map(newest::row).filter(|row| viewer.wants(&row.plain()));
    let head = Row::default().painted(Paint::Strong, "NEWEST");
    [head].into_iter().chain(rows).collect()
}
