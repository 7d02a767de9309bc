//! How many messages wait in a mailbox, as a messaging system says it and phones read it (RFC 3842 5.2).

use std::fmt;

/// Lines of classes that are kept of a summary.
const COUNTS_MAX: usize = 6;

macro_rules! classes {
    ($($variant:ident $word:literal,)+) => {
        /// What kind of messages (RFC 3458).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Class {
            $($variant,)+
        }

        impl Class {
            const ALL: &[Class] = &[$(Class::$variant,)+];

            fn word(self) -> &'static str {
                match self {
                    $(Class::$variant => $word,)+
                }
            }
        }
    };
}

classes! {
    Voice "Voice-Message",
    Fax "Fax-Message",
    Pager "Pager-Message",
    Multimedia "Multimedia-Message",
    Text "Text-Message",
    None "None",
}

/// New and old messages of one class, and how many of them are urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    pub class: Class,
    pub new: u32,
    pub old: u32,
    pub urgent: Option<(u32, u32)>,
}

/// What a mailbox holds. Headers of single messages are not kept: a lamp shows none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub is_waiting: bool,
    /// Where the mailbox is called.
    pub account: Option<Box<str>>,
    /// Each class once.
    pub counts: Vec<Count>,
}

impl Summary {
    /// Reads a summary. Nothing: it does not begin with whether anything waits.
    pub fn read(bytes: &[u8]) -> Option<Summary> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.lines().map(str::trim).skip_while(|line| line.is_empty());
        let (name, status) = lines.next()?.split_once(':')?;
        if !name.trim().eq_ignore_ascii_case("Messages-Waiting") {
            return None;
        }
        let is_waiting = match status.trim() {
            word if word.eq_ignore_ascii_case("yes") => true,
            word if word.eq_ignore_ascii_case("no") => false,
            _ => return None,
        };
        let mut summary = Summary { is_waiting, ..Summary::default() };
        for line in lines.take_while(|line| !line.is_empty()) {
            let Some((name, value)) = line.split_once(':') else { continue };
            summary.note(name.trim(), value.trim());
        }
        Some(summary)
    }

    fn note(&mut self, name: &str, value: &str) {
        if name.eq_ignore_ascii_case("Message-Account") {
            self.account = Some(value.trim_matches(['<', '>']).into());
        }
        let class = Class::ALL.iter().copied().find(|class| class.word().eq_ignore_ascii_case(name));
        let known = |class| self.counts.iter().any(|count| count.class == class);
        let Some(class) = class.filter(|class| !known(*class)) else { return };
        if let Some(count) = Count::read(class, value).filter(|_| self.counts.len() < COUNTS_MAX) {
            self.counts.push(count);
        }
    }
}

impl Count {
    fn read(class: Class, value: &str) -> Option<Count> {
        let (all, urgent) = match value.split_once('(') {
            Some((all, rest)) => (all, Some(pair(rest.split(')').next()?)?)),
            None => (value, None),
        };
        let (new, old) = pair(all)?;
        Some(Count { class, new, old, urgent })
    }
}

fn pair(text: &str) -> Option<(u32, u32)> {
    let (new, old) = text.split_once('/')?;
    Some((new.trim().parse().ok()?, old.trim().parse().ok()?))
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Messages-Waiting: {}\r\n", if self.is_waiting { "yes" } else { "no" })?;
        if let Some(account) = &self.account {
            write!(f, "Message-Account: {account}\r\n")?;
        }
        for Count { class, new, old, urgent } in &self.counts {
            write!(f, "{}: {new}/{old}", class.word())?;
            if let Some((new, old)) = urgent {
                write!(f, " ({new}/{old})")?;
            }
            f.write_str("\r\n")?;
        }
        Ok(())
    }
}
