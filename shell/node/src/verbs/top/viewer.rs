//! Who looks: in which order, for which words, and what keys change of that.

use cli::CallOrder;
use serde_json::Value;

use super::Seen;
use super::newest::clock;
use super::picture::Picture;

const FILTER_MAX: usize = 60;
const PAGE: usize = 10;

/// What was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Letter(char),
    Enter,
    Escape,
    Backspace,
    Up,
    Down,
    PageUp,
    PageDown,
    /// Ctrl-C, Ctrl-D, or nobody is there any more.
    End,
}

/// What a key asks of whoever shows pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Again,
    End,
}

/// Whether pictures follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Running,
    Held,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    AsIs,
    Round,
}

/// What keys mean now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Watching,
    /// Letters go into the filter.
    Filtering,
}

#[derive(Clone, Debug)]
pub struct Viewer {
    pub order: CallOrder,
    pub turn: Turn,
    pub flow: Flow,
    pub filter: String,
    /// Calls above the first that is shown.
    pub above: usize,
    mode: Mode,
}

impl Viewer {
    pub fn new(order: CallOrder, filter: &str) -> Viewer {
        Viewer {
            order,
            turn: Turn::AsIs,
            flow: Flow::Running,
            filter: filter.to_owned(),
            above: 0,
            mode: Mode::Watching,
        }
    }

    pub fn press(&mut self, key: Key) -> Wish {
        match (self.mode, key) {
            (_, Key::End) | (Mode::Watching, Key::Letter('q' | 'Q')) => return Wish::End,
            (Mode::Filtering, Key::Letter(letter)) if self.filter.chars().count() < FILTER_MAX => {
                self.filter.push(letter);
            }
            (Mode::Filtering, Key::Backspace) => drop(self.filter.pop()),
            (Mode::Filtering, Key::Enter) => self.mode = Mode::Watching,
            (_, Key::Escape) => {
                self.filter.clear();
                self.mode = Mode::Watching;
            }
            (Mode::Watching, Key::Letter('/')) => self.mode = Mode::Filtering,
            (Mode::Watching, Key::Letter('s')) => self.order = self.order.next(),
            (Mode::Watching, Key::Letter('r')) => {
                self.turn = if self.turn == Turn::AsIs { Turn::Round } else { Turn::AsIs };
            }
            (Mode::Watching, Key::Letter('p' | ' ')) => {
                self.flow = if self.flow == Flow::Running { Flow::Held } else { Flow::Running };
            }
            (_, Key::Up) | (Mode::Watching, Key::Letter('k')) => self.above = self.above.saturating_sub(1),
            (_, Key::Down) | (Mode::Watching, Key::Letter('j')) => self.above += 1,
            (_, Key::PageUp) => self.above = self.above.saturating_sub(PAGE),
            (_, Key::PageDown) => self.above += PAGE,
            (_, Key::Letter(_) | Key::Enter | Key::Backspace) => {}
        }
        Wish::Again
    }

    /// A newer picture, or why there is none, unless the picture is held; whether it changes what is shown.
    pub fn takes(&self, picture: &mut Picture, now: Seen) -> bool {
        match (self.flow, now) {
            (Flow::Held, _) => return false,
            (Flow::Running, Ok(now)) => *picture = now,
            (Flow::Running, Err(words)) => {
                let since = clock(picture.at);
                picture.silent = Some(format!("no answer since {since}: {words}"));
            }
        }
        true
    }

    /// Whether a row says what is looked for.
    pub fn wants(&self, words: &str) -> bool {
        self.filter.is_empty() || words.to_lowercase().contains(&self.filter.to_lowercase())
    }

    /// Puts calls in order.
    pub fn sort(&self, calls: &mut [&Value]) {
        let word = |call: &Value, key: &str| call[key].as_str().unwrap_or_default().to_lowercase();
        let began = |call: &Value| call["started"].as_i64().unwrap_or_default();
        match self.order {
            CallOrder::Newest => calls.sort_by_key(|call| std::cmp::Reverse(began(call))),
            CallOrder::Longest => calls.sort_by_key(|call| began(call)),
            CallOrder::Trunk => calls.sort_by_key(|call| callee(call).to_lowercase()),
            CallOrder::Calling => calls.sort_by_key(|call| word(call, "calling")),
            CallOrder::Called => calls.sort_by_key(|call| word(call, "called")),
            CallOrder::Stage => calls.sort_by_key(|call| word(call, "stage")),
        }
        if self.turn == Turn::Round {
            calls.reverse();
        }
    }

    /// What the keys do.
    pub fn help(&self) -> String {
        if self.mode == Mode::Filtering {
            return format!("filter: {}▏  Enter keeps it, Esc takes it off", self.filter);
        }
        let turn = if self.turn == Turn::Round { " round" } else { "" };
        let held = if self.flow == Flow::Held { "p go on (held)" } else { "p hold" };
        let filter =
            if self.filter.is_empty() { String::new() } else { format!(" ({}, Esc off)", self.filter) };
        format!("q end  s order: {}{turn}  r turn  / filter{filter}  {held}  ↑↓ calls", self.order.word())
    }
}

/// By whom a call goes, or who has it.
pub fn callee(call: &Value) -> &str {
    match &call["callee"] {
        Value::String(name) => name,
        Value::Object(named) => named.values().find_map(Value::as_str).unwrap_or_default(),
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn typed(viewer: &mut Viewer, text: &str) {
        text.chars().for_each(|letter| assert_eq!(viewer.press(Key::Letter(letter)), Wish::Again));
    }

    #[test]
    fn letters_of_a_filter_are_no_orders_until_it_is_whole() {
        let mut viewer = Viewer::new(CallOrder::Newest, "");

        typed(&mut viewer, "/qs");
        viewer.press(Key::Enter);
        typed(&mut viewer, "s");

        assert_eq!((&*viewer.filter, viewer.order), ("qs", CallOrder::Longest));
        assert!(viewer.wants("a QS b") && !viewer.wants("q s"));
        viewer.press(Key::Escape);
        assert_eq!(viewer.filter, "");
        assert_eq!(viewer.press(Key::Letter('q')), Wish::End);
    }

    #[test]
    fn calls_stand_in_the_order_that_was_asked_for() {
        let call = |started: i64, trunk: &str| json!({ "started": started, "callee": { "trunk": trunk } });
        let all = [call(1, "west"), call(2, "East"), call(3, "north")];
        let sorted = |viewer: &Viewer| {
            let mut calls: Vec<&Value> = all.iter().collect();
            viewer.sort(&mut calls);
            calls.iter().map(|call| call["started"].as_i64().unwrap_or_default()).collect::<Vec<_>>()
        };
        let mut viewer = Viewer::new(CallOrder::Newest, "");

        assert_eq!(sorted(&viewer), [3, 2, 1]);
        viewer.order = CallOrder::Trunk;
        assert_eq!(sorted(&viewer), [2, 3, 1]);
        viewer.press(Key::Letter('r'));
        assert_eq!(sorted(&viewer), [1, 3, 2]);
    }

    #[test]
    fn a_picture_that_is_held_stays_and_one_of_a_silent_house_says_so() {
        let mut viewer = Viewer::new(CallOrder::Newest, "");
        let mut picture = Picture { at: 1, ..Picture::default() };

        viewer.press(Key::Letter('p'));
        assert!(!viewer.takes(&mut picture, Ok(Picture { at: 2, ..Picture::default() })));
        assert_eq!(picture.at, 1);
        viewer.press(Key::Letter('p'));
        assert!(viewer.takes(&mut picture, Err("gone".to_owned())));
        assert!(picture.silent.is_some_and(|words| words.ends_with(": gone")));
    }
}
