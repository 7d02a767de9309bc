#![allow(clippy::unwrap_used)]
//! Ladders as their readers get them: with letters, as a picture, as a page.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ladder::{
    Arrow, Content, HOUSE, Hand, Ladder, Mark, POLICY, Page, Section, Sort, Verdict, Whole, page, svg, text,
};
use proptest::prelude::*;
use roxmltree::{Document, Node, ParsingOptions};
use sha2::{Digest, Sha256};

fn arrow(from: &str, to: &str, what: &str, by: &str) -> Arrow {
    let (status, reported) = (what.parse::<u16>().ok(), by != HOUSE);
    let sort = match status {
        None => Sort::Request,
        Some(200..300) => Sort::Success,
        Some(400..) => Sort::Refusal,
        Some(_) => Sort::Interim,
    };
    Arrow {
        at_ms: 2,
        from: from.into(),
        to: to.into(),
        what: what.into(),
        note: "x".into(),
        sort,
        seen_by: vec![by.into()],
        reported: reported.then(|| format!("reported by {by}")),
        transport: "udp".into(),
        bytes: 500,
        repeat: 0,
        whole: None,
    }
}

fn with_text(text: &str, arrow: Arrow) -> Arrow {
    let (from, to) = (format!("{}:5060", arrow.from), format!("{}:5060", arrow.to));
    Arrow { whole: Some(Whole { at: "then".into(), from, to, text: text.into() }), ..arrow }
}

/// A call that a trunk refuses, and another takes; with a repeat, and a message that is too large.
fn failed_over() -> Ladder {
    let invite = |at_ms| Arrow {
        at_ms,
        bytes: 1_400,
        ..with_text(
            "INVITE sip:1@east SIP/2.0\r\nVia: x\r\n\r\nv=0\r\n",
            arrow(HOUSE, "east", "INVITE", HOUSE),
        )
    };
    let arrows = vec![
        arrow("hana", HOUSE, "INVITE", HOUSE),
        invite(4),
        invite(504),
        Arrow { at_ms: 540, note: "Service Unavailable".into(), ..arrow("east", HOUSE, "503", HOUSE) },
        Arrow { at_ms: 541, ..arrow(HOUSE, "west", "INVITE", HOUSE) },
        Arrow { at_ms: 900, note: "OK".into(), ..arrow("west", HOUSE, "200", HOUSE) },
    ];
    let mut ladder = Ladder::of(arrows);
    ladder.note_after(1, 2, "decided by revision 3: route all, to trunk east".into());
    ladder.note(540, "trunk east: 503; on to trunk west".into());
    ladder
}

fn page_of(heading: &str, words: &str, ladder: &Ladder) -> String {
    let verdict =
        Verdict { mark: Mark::Bad, code: words.into(), words: words.into(), help: Some(words.into()) };
    let content = [
        Content::Facts(vec![(words.into(), words.into())]),
        Content::Lines(vec![words.into()]),
        Content::Table { head: vec![words.into()], rows: vec![vec![words.into()]] },
    ];
    let section = |content| Section { heading: words.into(), content };
    let sections = content.into_iter().map(section).collect();
    page(
        &Page { heading: heading.into(), verdict: Some(verdict), sections, foot: vec![words.into()] },
        ladder,
    )
}

/// As a reader of XML takes it, which is stricter than browsers are.
fn read(text: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).unwrap_or_else(|fault| panic!("{fault}\n{text}"))
}

fn of_class<'d>(document: &'d Document<'_>, class: &str) -> Vec<Node<'d, 'd>> {
    let has = |node: &Node<'_, '_>| {
        node.attribute("class").is_some_and(|all| all.split(' ').any(|one| one == class))
    };
    document.descendants().filter(has).collect()
}

fn all_text(node: Node<'_, '_>) -> String {
    node.descendants().filter(Node::is_text).filter_map(|text| text.text()).collect()
}

#[test]
fn an_arrow_runs_from_its_sender_to_its_receiver() {
    let parties = ["hana", HOUSE, "east", "west"].map(str::to_owned).to_vec();
    let arrows = vec![
        arrow("hana", HOUSE, "INVITE", HOUSE),
        arrow(HOUSE, "west", "BYE", HOUSE),
        arrow(HOUSE, "hana", "100", HOUSE),
    ];

    let drawn = text(&Ladder { parties, arrows, notes: Vec::new() }, Hand::Unicode);

    let lines: Vec<_> = drawn.lines().collect();
    assert_eq!(lines[0], "    hana                edge                east                west");
    let first =
        "      │──INVITE──────────▶│                   │                   │    0.002  +0.002    500  x";
    assert_eq!(lines[1], first);
    assert!(lines[2].starts_with("      │                   │──BYE─────────────────────────────────▶│"));
    assert!(lines[3].starts_with("      │◀──100─────────────│                   │                   │"));
}

#[test]
fn what_others_report_is_drawn_in_another_hand_before_the_house_or_behind_it() {
    let arrows = vec![
        arrow("phone", "pbx", "INVITE", "pbx"),
        arrow("pbx", HOUSE, "INVITE", HOUSE),
        arrow("pbx", "pbx", "INVITE", "pbx"),
    ];

    let ladder = Ladder::of(arrows);

    assert_eq!(ladder.parties, ["phone", "pbx", HOUSE]);
    let drawn = ladder.to_string();
    let lines: Vec<_> = drawn.lines().collect();
    assert!(lines[1].starts_with("      │┄┄INVITE┄┄┄┄┄┄┄┄┄┄▶│                   │"), "{drawn}");
    assert!(lines[1].ends_with("x  (reported by pbx)"), "{drawn}");
    assert!(lines[2].starts_with("      │                   │──INVITE──────────▶│"), "{drawn}");
    assert!(lines[3].starts_with("      │                   │ ↻ INVITE"), "{drawn}");
    let picture = svg(&ladder, "Call 1");
    let picture = read(&picture);
    assert_eq!((of_class(&picture, "arrow").len(), of_class(&picture, "told").len()), (3, 2));
}

#[test]
fn a_refusal_a_repeat_and_what_is_too_large_are_marked_and_decisions_stand_between() {
    let drawn = text(&failed_over(), Hand::Unicode);

    let lines: Vec<_> = drawn.lines().collect();
    assert!(lines[2].ends_with("0.002  • decided by revision 3: route all, to trunk east"), "{drawn}");
    assert!(lines[3].contains("+0.002   1400 ⚠  x"), "{drawn}");
    assert!(lines[4].contains("0.504  +0.500   1400 ⚠  x  (repeat 1)"), "{drawn}");
    assert!(lines[5].contains("◀──503 ✘──") && lines[5].ends_with("Service Unavailable"), "{drawn}");
    assert!(lines[6].ends_with("• trunk east: 503; on to trunk west"), "{drawn}");
    assert!(lines[8].contains("◀──200──"), "{drawn}");
}

#[test]
fn letters_that_every_terminal_has_are_enough() {
    let mut ladder = failed_over();
    ladder.arrows[5].note = "Jürgen ist da".into();

    let drawn = text(&ladder, Hand::Ascii);

    assert!(drawn.is_ascii(), "{drawn}");
    for words in ["|--INVITE--", "<--503 FAILED--", "1400 LARGE", "* decided", "J?rgen ist da"] {
        assert!(drawn.contains(words), "{words:?} is not in\n{drawn}");
    }
}

#[test]
fn nothing_that_anybody_writes_steers_a_terminal() {
    let mut ladder = failed_over();
    ladder.arrows[3].note = "\x1b[2J\u{202e}gone\x07".into();
    ladder.parties[0] = "\x1b]0;x\x07hana".into();
    ladder.notes[0].words = "\x1b[31m\n".into();

    let drawn = text(&ladder, Hand::Unicode);

    let is_safe = |letter: char| letter == '\n' || !letter.is_control() && letter != '\u{202e}';
    assert!(drawn.chars().all(is_safe), "{drawn:?}");
    assert_eq!(drawn.lines().count(), 1 + 6 + 2);
}

#[test]
fn a_picture_says_all_in_words_and_cuts_what_is_too_long() {
    let long = "x".repeat(300);
    let mut ladder = failed_over();
    ladder.arrows[0].note.clone_from(&long);

    let drawn = svg(&ladder, "Call c1");

    let drawn = read(&drawn);
    let root = drawn.root_element();
    assert_eq!((root.attribute("role"), root.tag_name().name()), (Some("img"), "svg"));
    let named: Vec<&str> = root.attribute("aria-labelledby").unwrap().split(' ').collect();
    let of =
        |id: &str| drawn.descendants().find(|node| node.attribute("id") == Some(id)).map(all_text).unwrap();
    assert_eq!(of(named[0]), "Call c1");
    let says = "6 messages between hana, edge, east, west within 0.900 s; 1 refused; 1 repeated; \
                2 too large for a datagram";
    assert_eq!(of(named[1]), says);
    let arrows = of_class(&drawn, "arrow");
    let title =
        |node: &Node<'_, '_>| node.descendants().find(|one| one.has_tag_name("title")).map(all_text).unwrap();
    let shown = |node: &Node<'_, '_>| {
        let label = node.descendants().find(|one| one.attribute("class") == Some("label halo"));
        label.map(all_text).unwrap()
    };
    assert_eq!(arrows.len(), 6);
    assert!(title(&arrows[0]).contains(&long));
    assert!(shown(&arrows[0]).ends_with("xx…") && shown(&arrows[0]).len() < 40, "{}", shown(&arrows[0]));
    assert_eq!(shown(&arrows[3]), "✘ 503 Service Unavailable");
    assert!(title(&arrows[2]).contains("⚠ 1400 bytes by udp · repeat 1"), "{}", title(&arrows[2]));
    assert_eq!(of_class(&drawn, "note").len(), 2);
}

#[test]
fn however_many_there_are_the_drawing_has_bounds() {
    let mut arrows = vec![arrow("hana", HOUSE, "INVITE", HOUSE)];
    arrows.extend((0..2_000).map(|number| arrow(&format!("10.0.{number}"), "pbx", "INVITE", "pbx")));

    let ladder = Ladder::of(arrows);

    assert_eq!((ladder.parties.len(), &*ladder.parties[41]), (42, "others"));
    assert_eq!(ladder.parties[..4], ["hana", HOUSE, "10.0.0", "pbx"]);
    let drawn = text(&ladder, Hand::Unicode);
    assert_eq!(drawn.lines().count(), 2_002);
    assert!(drawn.lines().all(|line| line.chars().count() < 1_000), "{drawn}");
    let picture = svg(&ladder, "Call 1");
    let picture = read(&picture);
    assert_eq!(of_class(&picture, "arrow").len(), 2_001);
    let width: u32 = picture.root_element().attribute("width").unwrap().parse().unwrap();
    assert!(width < 10_000, "{width}");
}

#[test]
fn a_page_has_each_arrow_in_the_picture_in_the_list_and_whole() {
    let ladder = failed_over();

    let text = page_of("Call c1", "TD-E104", &ladder);

    let page = read(&text);
    let links: Vec<&str> = page.descendants().filter_map(|node| node.attribute("href")).collect();
    for number in 1..=ladder.arrows.len() {
        let target = format!("message-{number}");
        let targets = page.descendants().filter(|node| node.attribute("id") == Some(&target)).count();
        let led = links.iter().filter(|link| **link == format!("#{target}")).count();
        assert_eq!((targets, led), (1, 2), "{target}");
    }
    let list = of_class(&page, "steps")[0];
    let items: Vec<_> = list.children().filter(Node::is_element).collect();
    let numbers: Vec<_> = items.iter().filter_map(|item| item.attribute("value")).collect();
    assert_eq!((items.len(), numbers), (8, vec!["1", "2", "3", "4", "5", "6"]));
    assert!(all_text(items[1]).contains("decided by revision 3"), "{}", all_text(items[1]));
    let whole: Vec<String> = page
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/1999/xhtml", "pre")))
        .map(all_text)
        .collect();
    assert_eq!(whole, ["INVITE sip:1@east SIP/2.0\nVia: x\n\nv=0\n"; 2]);
}

/// What its policy names by a print is what stands in it; a browser would take no style that is another one.
#[test]
fn the_policy_of_a_page_and_of_a_picture_knows_their_styles_and_nothing_else() {
    let ladder = failed_over();
    let print = |text: &str| {
        let document = read(text);
        let styles: Vec<_> =
            document.descendants().filter(|node| node.tag_name().name() == "style").collect();
        assert_eq!(styles.len(), 1);
        format!("'sha256-{}'", STANDARD.encode(Sha256::digest(all_text(styles[0]))))
    };

    let prints = [print(&page_of("Call c1", "x", &ladder)), print(&svg(&ladder, "Call c1"))];

    let wanted = format!(
        "default-src 'none'; style-src {} {}; base-uri 'none'; form-action 'none'",
        prints[0], prints[1]
    );
    assert_eq!(POLICY, wanted);
}

/// Nothing runs, nothing is fetched: whatever stands in it.
fn expect_still(text: &str) {
    let document = read(text);
    for node in document.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        let barred = ["script", "iframe", "img", "image", "object", "embed", "link", "form", "base", "use"];
        assert!(!barred.contains(&name), "<{name}> in {text}");
        for attribute in node.attributes() {
            let (key, value) = (attribute.name(), attribute.value());
            assert!(!key.starts_with("on") && !["src", "style"].contains(&key), "{key} in {text}");
            assert!(key != "href" || value.starts_with("#message-"), "{value} in {text}");
        }
    }
}

#[test]
fn what_somebody_wrote_stays_a_text() {
    let hostile =
        "<script>alert(1)</script>]]><!-- \"' onload=x &#x202e;\u{202e}\u{0}\u{1b}\u{ffff}</title></style>";
    let ladder = |words: &str| {
        let mut ladder = failed_over();
        for arrow in &mut ladder.arrows {
            (arrow.from, arrow.what, arrow.note) = (words.into(), words.into(), words.into());
            (arrow.transport, arrow.reported) = (words.into(), Some(words.into()));
            let ends = [words; 3].map(str::to_owned);
            let [at, from, to] = ends;
            arrow.whole = Some(Whole { at, from, to, text: words.into() });
        }
        ladder.parties.push(words.into());
        ladder.note(7, words.into());
        ladder
    };

    let (plain, drawn) = (ladder("x"), ladder(hostile));

    for (text, known) in [
        (page_of(hostile, hostile, &drawn), page_of("x", "x", &plain)),
        (svg(&drawn, hostile), svg(&plain, "x")),
    ] {
        expect_still(&text);
        let elements = |text: &str| read(text).descendants().filter(Node::is_element).count();
        assert_eq!(elements(&text), elements(&known));
        assert!(text.contains("&lt;script&gt;alert(1)&lt;/script&gt;]]&gt;"));
        assert!(!text.contains(['\u{202e}', '\u{0}', '\u{1b}', '\u{ffff}']));
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let bytes = proptest::collection::vec(any::<u8>(), 0..60);
    prop_oneof![
        any::<String>(),
        bytes.prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        "[<>&\"'/!\\[\\]\\-a-z \\n\\r\\t\u{0}-\u{1f}\u{202a}-\u{202e}\u{fffd}-\u{ffff}]{0,40}",
    ]
}

prop_compose! {
    fn any_arrow()(
        (from, to, what, note) in (any_text(), any_text(), any_text(), any_text()),
        (text, at_ms, bytes, sort) in (any_text(), any::<u64>(), any::<usize>(), 0..4_usize),
        (is_ours, reported) in (any::<bool>(), proptest::option::of(any_text())),
    ) -> Arrow {
        let sort = [Sort::Request, Sort::Interim, Sort::Success, Sort::Refusal][sort];
        let seen_by = if is_ours { vec![HOUSE.to_owned()] } else { vec![note.clone()] };
        let whole = Some(Whole { at: what.clone(), from: to.clone(), to: from.clone(), text });
        let transport = "udp".to_owned();
        Arrow { at_ms, from, to, what, note, sort, seen_by, reported, transport, bytes, repeat: 0, whole }
    }
}

proptest! {
    #[test]
    fn any_bytes_make_a_picture_and_a_page_that_can_be_read(
        arrows in proptest::collection::vec(any_arrow(), 0..8),
        (name, words, at_ms, after) in (any_text(), any_text(), any::<u64>(), 0..9_usize),
    ) {
        let count = arrows.len();
        let mut ladder = Ladder::of(arrows);
        ladder.note(at_ms, words.clone());
        ladder.note_after(after, at_ms, name.clone());

        let (picture, page) = (svg(&ladder, &name), page_of(&name, &words, &ladder));

        expect_still(&picture);
        expect_still(&page);
        prop_assert_eq!(of_class(&read(&picture), "arrow").len(), count);
        prop_assert_eq!(of_class(&read(&page), "arrow").len(), count);
        let lines = text(&ladder, Hand::Unicode);
        prop_assert_eq!(lines.lines().count(), 1 + count + 2);
        prop_assert!(text(&ladder, Hand::Ascii).is_ascii());
    }
}
