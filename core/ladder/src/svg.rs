//! A ladder as a picture: one file of SVG that needs nothing else, and asks nobody for anything.

use std::fmt::Write;

use crate::ladder::{Arrow, HOUSE, LARGE_BYTES, Ladder, Note, Sort, Step};
use crate::letters::{cut, escaped};
use crate::text::seconds;

/// How it looks, in light and in the dark.
pub(crate) const STYLE: &str = include_str!("picture.css");

/// From one line of life to the next, and from one arrow to the next.
const GAP: usize = 220;
const ROW: usize = 44;
const NOTE_ROW: usize = 34;
/// Where the numbers and the times of arrows stand.
const TIMES: usize = 120;
const TIMES_END: usize = 88;
const NUMBERS_END: usize = 30;
const HEAD: usize = 56;
const FOOT: usize = 48;
const BOX: usize = 190;
const LEGEND_ROW: usize = 18;
/// What a letter of the label takes, and a small one, in tenths.
const LETTER: usize = 73;
const SMALL: usize = 64;

/// Whether arrows lead to their messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    None,
    ToMessages,
}

/// The picture as a file of its own. `name` says whose ladder it is.
pub fn svg(ladder: &Ladder, name: &str) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    draw(ladder, name, Links::None, &mut out);
    out
}

/// The picture alone; in a page it has the page's style.
pub(crate) fn draw(ladder: &Ladder, name: &str, links: Links, out: &mut String) {
    let steps = ladder.steps();
    let height_of = |step: &Step<'_>| if matches!(step, Step::Note(_)) { NOTE_ROW } else { ROW };
    let drawn: usize = steps.iter().map(height_of).sum();
    let legend = legend(ladder);
    let width = TIMES + GAP * ladder.parties.len().max(2);
    let ends = HEAD + drawn + 12;
    let height = ends + FOOT + LEGEND_ROW * legend.len();
    // Whoever cannot see it is told what it shows; who can follow links is let in.
    let role = if links == Links::None { "img" } else { "group" };
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"ladder\" role=\"{role}\" \
         aria-labelledby=\"ladder-title ladder-desc\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n<title id=\"ladder-title\">{}</title>\n\
         <desc id=\"ladder-desc\">{}</desc>\n",
        escaped(name),
        escaped(&summary(ladder))
    );
    if links == Links::None {
        let _ = write!(out, "<style>\n{STYLE}</style>\n");
    }
    let _ = writeln!(out, "<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>");
    for (at, party) in ladder.parties.iter().enumerate() {
        put_party(out, party, middle(at), ends);
    }
    let mut top = HEAD;
    for step in &steps {
        match step {
            Step::Note(note) => put_note(out, note, top, width),
            Step::Arrow(number, since_ms, arrow) => {
                put_arrow(out, ladder, (*number, *since_ms, arrow), top, links);
            }
        }
        top += height_of(step);
    }
    for (row, words) in legend.iter().enumerate() {
        let y = ends + FOOT + LEGEND_ROW * row;
        put_text(out, "small", (12, y), "start", words);
        out.push('\n');
    }
    out.push_str("</svg>\n");
}

/// What it shows, in a sentence.
fn summary(ladder: &Ladder) -> String {
    let last_ms = ladder.arrows.last().map_or(0, |arrow| arrow.at_ms);
    let (all, parties) = (ladder.arrows.len(), ladder.parties.join(", "));
    let mut words = format!("{all} messages between {parties} within {} s", seconds(last_ms));
    let kinds = [
        (ladder.count(Arrow::is_refusal), "refused"),
        (ladder.count(|arrow| arrow.repeat > 0), "repeated"),
        (ladder.count(Arrow::is_large), "too large for a datagram"),
        (ladder.count(|arrow| !arrow.is_ours()), "seen by others alone"),
    ];
    for (count, what) in kinds.iter().filter(|(count, _)| *count > 0) {
        let _ = write!(words, "; {count} {what}");
    }
    words
}

/// What the signs mean that stand in it.
fn legend(ladder: &Ladder) -> Vec<String> {
    let mut all = vec!["left: number, seconds since the first message, and since the one before".to_owned()];
    if ladder.count(Arrow::is_refusal) > 0 {
        all.push("✘ refused".to_owned());
    }
    if ladder.count(Arrow::is_large) > 0 {
        all.push(format!(
            "⚠ more than {LARGE_BYTES} bytes by UDP: it may be lost in pieces (RFC 3261 18.1.1)"
        ));
    }
    if ladder.count(|arrow| arrow.repeat > 0) > 0 {
        all.push("repeat: the same message, byte for byte, once more".to_owned());
    }
    if ladder.count(|arrow| !arrow.is_ours()) > 0 {
        all.push(format!("dashed: reported by others, not seen by {HOUSE}"));
    }
    if ladder.count(|arrow| arrow.is_ours() && arrow.seen_by.len() > 1) > 0 {
        all.push(format!("also: seen by {HOUSE}, and reported by who is named"));
    }
    all
}

/// Where the line of life of a party stands.
fn middle(place: usize) -> usize {
    TIMES + GAP / 2 + GAP * place
}

/// A line of text; `anchor` says which part of it stands at the place.
fn put_text(out: &mut String, class: &str, (x, y): (usize, usize), anchor: &str, words: &str) {
    let words = escaped(words);
    let _ =
        write!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{words}</text>");
}

/// The whole of what is cut.
fn put_title(out: &mut String, words: &str) {
    let _ = write!(out, "<title>{}</title>", escaped(words));
}

fn put_party(out: &mut String, party: &str, x: usize, ends: usize) {
    let class = if party == HOUSE { "party house" } else { "party" };
    let (left, begins) = (x - BOX / 2, HEAD - 16);
    let _ = write!(out, "<g class=\"{class}\">");
    put_title(out, party);
    let _ = write!(out, "<path class=\"life\" d=\"M{x} {begins}V{ends}\"/>");
    for top in [10, ends] {
        let _ = write!(
            out,
            "<rect class=\"box\" x=\"{left}\" y=\"{top}\" width=\"{BOX}\" height=\"30\" rx=\"5\"/>"
        );
        put_text(out, "strong", (x, top + 19), "middle", &cut(party, BOX * 10 / LETTER - 2));
    }
    out.push_str("</g>\n");
}

fn put_note(out: &mut String, note: &Note, top: usize, width: usize) {
    let (left, wide, y) = (TIMES - 8, width - TIMES - 4, top + 19);
    let room = (wide - 20) * 10 / SMALL;
    out.push_str("<g class=\"note\">");
    put_title(out, &note.words);
    put_text(out, "small", (TIMES_END, y), "end", &seconds(note.at_ms));
    let _ = write!(
        out,
        "<rect class=\"sheet\" x=\"{left}\" y=\"{}\" width=\"{wide}\" height=\"22\" rx=\"4\"/>",
        top + 4
    );
    put_text(out, "small", (left + 8, y), "start", &cut(&format!("• {}", note.words), room));
    out.push_str("</g>\n");
}

fn put_arrow(
    out: &mut String,
    ladder: &Ladder,
    (number, since_ms, arrow): (usize, u64, &Arrow),
    top: usize,
    links: Links,
) {
    let sort = match arrow.sort {
        Sort::Request => "request",
        Sort::Interim => "interim",
        Sort::Success => "success",
        Sort::Refusal => "refusal",
    };
    let told = if arrow.is_ours() { "" } else { " told" };
    let _ = write!(out, "<g class=\"arrow {sort}{told}\">");
    if links == Links::ToMessages {
        let _ = write!(out, "<a href=\"#message-{number}\">");
    }
    put_title(out, &format!("{number}. {}", in_words(arrow)));
    put_text(out, "small", (NUMBERS_END, top + 20), "end", &number.to_string());
    put_text(out, "time", (TIMES_END, top + 20), "end", &seconds(arrow.at_ms));
    put_text(out, "small", (TIMES_END, top + 34), "end", &format!("+{}", seconds(since_ms)));
    let (from, to) = (ladder.place_of(&arrow.from), ladder.place_of(&arrow.to));
    let y = top + 24;
    if from == to {
        let room = if from + 1 == ladder.parties.len() { GAP / 2 } else { GAP };
        put_inside(out, arrow, (middle(from), room - 32), y);
    } else {
        put_across(out, arrow, (middle(from), middle(to)), y);
    }
    out.push_str(if links == Links::ToMessages { "</a></g>\n" } else { "</g>\n" });
}

/// From one line of life to another.
fn put_across(out: &mut String, arrow: &Arrow, (from, to): (usize, usize), y: usize) {
    let (tip, back) = if from < to { (to - 1, to - 11) } else { (to + 1, to + 11) };
    let (up, down) = (y - 5, y + 5);
    let _ = write!(out, "<path class=\"wire\" d=\"M{from} {y}H{back}\"/>");
    let _ = write!(out, "<path class=\"head\" d=\"M{tip} {y}L{back} {up}V{down}Z\"/>");
    let (middle, room) = (from.midpoint(to), from.abs_diff(to) - 24);
    put_label(out, arrow, (middle, "middle"), (y, room));
}

/// Whoever reports a message of a party to itself has seen the inside of a machine.
fn put_inside(out: &mut String, arrow: &Arrow, (x, room): (usize, usize), y: usize) {
    let (right, up, down) = (x + 18, y - 9, y + 9);
    let (tip, back) = (x + 1, x + 11);
    let _ = write!(out, "<path class=\"wire\" d=\"M{x} {up}H{right}V{down}H{back}\"/>");
    let _ = write!(out, "<path class=\"head\" d=\"M{tip} {down}l10 -5v10Z\"/>");
    put_label(out, arrow, (right + 6, "start"), (y, room));
}

/// What it is above the line, and its figures below.
fn put_label(out: &mut String, arrow: &Arrow, (x, anchor): (usize, &str), (y, room): (usize, usize)) {
    let mark = if arrow.is_refusal() { "✘ " } else { "" };
    let label = format!("{mark}{} {}", arrow.what, arrow.note);
    put_text(out, "label halo", (x, y - 6), anchor, &cut(label.trim_end(), room * 10 / LETTER));
    let class = if arrow.is_large() { "small halo large" } else { "small halo" };
    put_text(out, class, (x, y + 14), anchor, &cut(&figures(arrow), room * 10 / SMALL));
}

/// Its length and way, and what is remarkable about it, in few letters.
fn figures(arrow: &Arrow) -> String {
    let mut words = length(arrow, "B");
    let others: Vec<&str> = arrow.seen_by.iter().map(String::as_str).filter(|name| *name != HOUSE).collect();
    if !others.is_empty() {
        let by = if arrow.is_ours() { "also" } else { "by" };
        let _ = write!(words, " · {by} {}", others.join(", "));
    }
    words
}

fn length(arrow: &Arrow, unit: &str) -> String {
    let mark = if arrow.is_large() { "⚠ " } else { "" };
    let mut words = format!("{mark}{} {unit} {}", arrow.bytes, arrow.transport);
    if arrow.repeat > 0 {
        let _ = write!(words, " · repeat {}", arrow.repeat);
    }
    words
}

/// All that an arrow says.
pub(crate) fn in_words(arrow: &Arrow) -> String {
    let refused = if arrow.is_refusal() { " ✘" } else { "" };
    let (at, what) = (seconds(arrow.at_ms), format!("{} {}", arrow.what, arrow.note));
    let (from, to, what) = (&arrow.from, &arrow.to, what.trim_end());
    let reported = arrow.reported.as_ref().map(|words| format!(", {words}")).unwrap_or_default();
    format!("{at} s, {from} → {to}: {what}{refused}, {}{reported}", length(arrow, "bytes by"))
}
