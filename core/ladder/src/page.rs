//! A call as one page that can be handed to somebody else: what became of it, its picture, the same as a
//! list, and each message whole. It has no script and asks nobody for anything; its own policy holds it to
//! that. It is well-formed as XML, too, so that any reader can take it apart.

use std::fmt::Write;

use crate::ladder::{Arrow, Ladder, Step};
use crate::letters::{escaped, escaped_lines};
use crate::svg::{self, Links};
use crate::text::seconds;

const STYLE: &str = concat!(include_str!("page.css"), include_str!("picture.css"));
/// What a browser may do with a page or a picture, in the words of its policy: it takes these two styles, by
/// their prints, and nothing else.
pub const POLICY: &str = "default-src 'none'; style-src \
    'sha256-gnh1qcyGMxPZeLj0rA1yVaF3TPVuSfLBd41/OiMFXRU=' \
    'sha256-x9YTu4xuMT097+ZsNDb09a95kbcodob1Nmf4NCo87oI='; base-uri 'none'; form-action 'none'";

/// What a page says of a call besides its messages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    pub heading: String,
    pub verdict: Option<Verdict>,
    pub sections: Vec<Section>,
    /// Who made it, and what to know about it.
    pub foot: Vec<String>,
}

/// What became of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub mark: Mark,
    pub code: String,
    pub words: String,
    /// What it means, and what to do about it.
    pub help: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Good,
    Bad,
    /// Neither: somebody was busy, or gave up.
    Plain,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    pub heading: String,
    pub content: Content,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Names and values.
    Facts(Vec<(String, String)>),
    Lines(Vec<String>),
    Table {
        head: Vec<String>,
        rows: Vec<Vec<String>>,
    },
}

/// The page as a file of its own.
pub fn page(page: &Page, ladder: &Ladder) -> String {
    let heading = escaped(&page.heading);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n\
         <meta charset=\"UTF-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width\"/>\n\
         <meta name=\"referrer\" content=\"no-referrer\"/>\n\
         <title>{heading}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<h1><bdi>{heading}</bdi></h1>\n",
        escaped(POLICY),
    );
    if let Some(verdict) = &page.verdict {
        put_verdict(&mut out, verdict);
    }
    page.sections.iter().for_each(|section| put_section(&mut out, section));
    out.push_str("<h2 id=\"picture\">The ladder</h2>\n");
    out.push_str("<section class=\"picture\" aria-labelledby=\"picture\" tabindex=\"0\">\n");
    svg::draw(ladder, &page.heading, Links::ToMessages, &mut out);
    out.push_str("</section>\n");
    put_steps(&mut out, ladder);
    put_messages(&mut out, ladder);
    out.push_str("</main>\n");
    if !page.foot.is_empty() {
        out.push_str("<footer class=\"quiet\">\n");
        page.foot.iter().for_each(|words| put_line(&mut out, "p", words));
        out.push_str("</footer>\n");
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn put_verdict(out: &mut String, verdict: &Verdict) {
    let (class, sign) = match verdict.mark {
        Mark::Good => ("verdict good", "✔ "),
        Mark::Bad => ("verdict bad", "✘ "),
        Mark::Plain => ("verdict", ""),
    };
    let words = [escaped(&verdict.words), escaped(&verdict.code)];
    // Writing to a string cannot fail.
    let _ = writeln!(out, "<p class=\"{class}\"><strong>{sign}{}</strong> ({})</p>", words[0], words[1]);
    if let Some(help) = &verdict.help {
        let _ = writeln!(out, "<p class=\"quiet\">{}</p>", escaped(help));
    }
}

fn put_section(out: &mut String, section: &Section) {
    let _ = writeln!(out, "<h2>{}</h2>", escaped(&section.heading));
    match &section.content {
        Content::Facts(facts) => {
            out.push_str("<dl>\n");
            for (name, value) in facts {
                put_line(out, "dt", name);
                put_line(out, "dd", value);
            }
            out.push_str("</dl>\n");
        }
        Content::Lines(lines) => {
            out.push_str("<ul>\n");
            lines.iter().for_each(|line| put_line(out, "li", line));
            out.push_str("</ul>\n");
        }
        Content::Table { head, rows } => {
            out.push_str("<table>\n<thead><tr>");
            head.iter().for_each(|word| {
                let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(word));
            });
            out.push_str("</tr></thead>\n<tbody>\n");
            for row in rows {
                out.push_str("<tr>");
                row.iter().for_each(|word| {
                    let _ = write!(out, "<td><bdi>{}</bdi></td>", escaped(word));
                });
                out.push_str("</tr>\n");
            }
            out.push_str("</tbody>\n</table>\n");
        }
    }
}

fn put_line(out: &mut String, element: &str, words: &str) {
    let _ = writeln!(out, "<{element}><bdi>{}</bdi></{element}>", escaped(words));
}

/// The picture for those who do not see it: every arrow and every note, in order.
fn put_steps(out: &mut String, ladder: &Ladder) {
    out.push_str("<h2>The ladder as a list</h2>\n<ol class=\"steps\">\n");
    for step in ladder.steps() {
        let _ = match step {
            Step::Note(note) => {
                writeln!(out, "<li class=\"note\">{} s: {}</li>", seconds(note.at_ms), escaped(&note.words))
            }
            Step::Arrow(number, since_ms, arrow) => writeln!(
                out,
                "<li value=\"{number}\"><a href=\"#message-{number}\">{}</a> (+{} s)</li>",
                escaped(&svg::in_words(arrow)),
                seconds(since_ms),
            ),
        };
    }
    out.push_str("</ol>\n");
}

fn put_messages(out: &mut String, ladder: &Ladder) {
    out.push_str("<h2>The messages</h2>\n");
    for (number, arrow) in (1..).zip(&ladder.arrows) {
        put_message(out, number, arrow);
    }
}

/// What an arrow leads to stands within the details, so that they open for who follows it.
fn put_message(out: &mut String, number: usize, arrow: &Arrow) {
    let words = escaped(&svg::in_words(arrow));
    let _ = write!(out, "<details>\n<summary>{number}. {words}</summary>\n<div id=\"message-{number}\">\n");
    match &arrow.whole {
        None => out.push_str("<p class=\"quiet\">The message itself is not kept.</p>\n"),
        Some(whole) => {
            let [at, from, to] = [&whole.at, &whole.from, &whole.to].map(|words| escaped(words));
            let by = escaped(&arrow.seen_by.join(" and "));
            let _ = write!(
                out,
                "<p class=\"quiet\">{at}, {from} → {to}, seen by {by}</p>\n<pre>{}</pre>\n",
                escaped_lines(&whole.text)
            );
        }
    }
    out.push_str("</div>\n</details>\n");
}
