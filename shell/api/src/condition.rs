//! Conditions on the state of a document (RFC 9110, 13.1).

/// What the asker knows of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// If-Match: it has to be so still.
    pub is: Option<Tags>,
    /// If-None-Match: it has to be other, or not there.
    pub is_not: Option<Tags>,
}

/// Entity tags, or any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tags {
    Any,
    Of(Vec<String>),
}

impl Condition {
    /// Whether it holds of a document with this tag; `None`: there is none.
    pub fn allows(&self, tag: Option<&str>) -> bool {
        self.is.as_ref().is_none_or(|tags| tags.name(tag, Compare::Strong))
            && !self.is_not.as_ref().is_some_and(|tags| tags.name(tag, Compare::Weak))
    }
}

/// How tags are compared: what is changed has to be the same to the letter (RFC 9110, 8.8.3.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compare {
    Strong,
    Weak,
}

impl Tags {
    /// As a header says them.
    pub fn read(text: &str) -> Tags {
        match text.trim() {
            "*" => Tags::Any,
            list => Tags::Of(list.split(',').map(|tag| tag.trim().to_owned()).collect()),
        }
    }

    fn name(&self, tag: Option<&str>, compare: Compare) -> bool {
        let Some(tag) = tag else { return false };
        match self {
            Tags::Any => true,
            Tags::Of(known) => known.iter().any(|known| match compare {
                Compare::Strong => known == tag,
                Compare::Weak => known.strip_prefix("W/").unwrap_or(known) == tag,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_holds_as_the_rfc_says() {
        let is = |text: &str| Condition { is: Some(Tags::read(text)), is_not: None };
        let is_not = |text: &str| Condition { is: None, is_not: Some(Tags::read(text)) };

        assert!(Condition::default().allows(None) && Condition::default().allows(Some("\"a\"")));
        assert!(is("*").allows(Some("\"a\"")) && !is("*").allows(None));
        assert!(is("\"b\", \"a\"").allows(Some("\"a\"")) && !is("\"b\"").allows(Some("\"a\"")));
        assert!(!is("W/\"a\"").allows(Some("\"a\"")), "a weak tag is not the same to the letter");
        assert!(is_not("*").allows(None) && !is_not("*").allows(Some("\"a\"")));
        assert!(!is_not("W/\"a\"").allows(Some("\"a\"")) && is_not("\"b\"").allows(Some("\"a\"")));
    }
}
