//! Whether a caller is hidden, from whom, and who said so (RFC 3323, 3325, 5379, 7044).

use model::CallerPrivacy;

use crate::address::is_named;
use crate::facts::Facts;

/// What was dialled before the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Hide,
    Show,
}

/// What a caller wants of privacy, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Privacy {
    /// The caller's identity is told to nobody but those we trust.
    pub is_hidden: bool,
    /// Nor is who diverted the call.
    pub hides_history: bool,
    /// Media passes through us, whatever was configured.
    pub hides_media: bool,
    /// Rather no call than one without it.
    pub is_critical: bool,
    /// The caller wants to be shown, and said so.
    pub is_waived: bool,
    /// Words that nobody here knows how to honour.
    pub unknown: Vec<String>,
    /// Who said so, in words.
    pub why: &'static str,
}

impl Privacy {
    pub fn of(facts: &Facts, wish: Option<Wish>, habit: CallerPrivacy) -> Privacy {
        let mut privacy = Privacy::asked_for(facts.privacy.as_deref().unwrap_or_default());
        match wish {
            Some(Wish::Hide) => return Privacy { is_hidden: true, why: "by a code", ..privacy },
            Some(Wish::Show) => {
                return Privacy { is_waived: true, why: "by a code", ..Privacy::default() };
            }
            None => {}
        }
        let has_no_name = is_anonymous(&facts.from_uri);
        if has_no_name && !privacy.is_hidden {
            privacy = Privacy { is_hidden: true, why: "From is anonymous", ..privacy };
        }
        if habit == CallerPrivacy::Always && !privacy.is_hidden && !privacy.is_waived {
            privacy = Privacy { is_hidden: true, why: "privacy = \"always\"", ..privacy };
        }
        privacy
    }

    /// What the Privacy header of a request says.
    fn asked_for(words: &str) -> Privacy {
        let mut privacy = Privacy::default();
        for word in words.split([';', ',']).map(str::trim).filter(|word| !word.is_empty()) {
            match word.to_ascii_lowercase().as_str() {
                "none" => privacy.is_waived = true,
                "id" | "user" => privacy.is_hidden = true,
                "header" => (privacy.is_hidden, privacy.hides_history) = (true, true),
                "session" => privacy.hides_media = true,
                "history" => privacy.hides_history = true,
                "critical" => privacy.is_critical = true,
                _ => privacy.unknown.push(word.to_owned()),
            }
        }
        if privacy.is_waived {
            return Privacy { is_waived: true, why: "Privacy says none", ..Privacy::default() };
        }
        privacy.why = if privacy.is_hidden { "Privacy asks for it" } else { "" };
        privacy
    }

    /// What Remote-Party-ID asks for.
    pub fn with_remote_party(self, privacy: Option<&str>) -> Privacy {
        match privacy {
            Some("full" | "uri") if !self.is_hidden && !self.is_waived => {
                Privacy { is_hidden: true, why: "Remote-Party-ID asks for it", ..self }
            }
            _ => self,
        }
    }

    /// The value of Privacy towards somebody who is told who calls all the same.
    pub fn value(&self) -> Option<String> {
        match (self.is_hidden, self.is_waived) {
            (true, _) if self.is_critical => Some("id;critical".to_owned()),
            (true, _) => Some("id".to_owned()),
            (false, true) => Some("none".to_owned()),
            (false, false) => None,
        }
    }
}

/// Whether words of Privacy hide whoever says them.
pub(crate) fn asks_to_hide(words: &str) -> bool {
    Privacy::asked_for(words).is_hidden
}

/// Whether an address stands for nobody.
pub(crate) fn is_anonymous(uri: &str) -> bool {
    const NOWHERE: &str = "@anonymous.invalid";
    if !may_be_anonymous(uri.as_bytes()) {
        return false;
    }
    let goes_nowhere = |at: usize| {
        let end = uri.as_bytes().get(at..at + NOWHERE.len());
        end.is_some_and(|end| end.eq_ignore_ascii_case(NOWHERE.as_bytes()))
    };
    is_named(uri, "anonymous") || uri.match_indices('@').any(|(at, _)| goes_nowhere(at))
}

/// Nearly nobody is, and this is asked more than once of every call: most addresses lack a letter of the
/// word, and hide none behind an escape.
fn may_be_anonymous(uri: &[u8]) -> bool {
    uri.iter().fold(false, |found, byte| found | (*byte | 0x20 == b'y') | (*byte == b'%'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_known_however_it_is_written() {
        for uri in [
            "sip:anonymous@anonymous.invalid",
            "sip:Anonymous@example.net",
            "sip:ANON%79MOUS@example.net",
            "sip:%61nonymous;x=1@example.net",
            "sip:x@ANONYMOUS.invalid",
        ] {
            assert!(is_anonymous(uri), "{uri}");
        }
        for uri in ["sip:hana@example.net", "sip:yes@example.net", "sip:anonymous.y@example.net", ""] {
            assert!(!is_anonymous(uri), "{uri}");
        }
    }
}
