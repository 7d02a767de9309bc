//! The dialling habits of one country.

use model::Class;

use crate::numbering::beginning::{Beginning, Beginnings};

/// How a country dials, and what its numbers mean.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Country {
    /// Two letters, as in ISO 3166; of plans of no country, their calling code.
    pub id: Box<str>,
    pub calling_code: Box<str>,
    /// Whether it comes first among those that share its calling code.
    pub is_main: bool,
    /// What is dialled before a foreign number; the first is what we write.
    pub international: Vec<Beginning>,
    /// What is dialled before an area code and is no part of the number; the first is what we write.
    pub national: Vec<Box<str>>,
    /// What may be dialled between the national prefix and the number.
    pub carriers: Vec<Beginning>,
    /// The only area code of a small country.
    pub area: Option<Box<str>>,
    /// Beginnings that tell it from others with its calling code.
    pub leading: Vec<Beginning>,
    /// Countries that are not foreign to it.
    pub with: Vec<Box<str>>,
    pub emergency: Vec<Box<str>>,
    /// What is dialled for one service alone.
    pub services: Vec<(Service, Box<str>)>,
    /// Short codes, which mean nothing abroad.
    pub short: Vec<(Class, Beginnings)>,
    /// Of kinds that overlap, the first wins.
    pub kinds: Vec<(Kind, Beginnings)>,
    /// A bit for each length that a number may have after the calling code.
    pub lengths: u32,
}

/// A kind of numbers, as its plan has it. Of kinds that overlap, the first here wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Satellite,
    Premium,
    TollFree,
    SharedCost,
    Internet,
    /// Follows a person.
    Personal,
    Pager,
    /// A company's one number for a whole country.
    Corporate,
    Fixed,
    Mobile,
}

/// Whose help is wanted, where it is not everybody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Police,
    Fire,
    Ambulance,
    Marine,
    Mountain,
}

impl Service {
    /// Every service by its word, which is that of `urn:service:sos.` too.
    pub const WORDS: [(&str, Service); 5] = [
        ("police", Service::Police),
        ("fire", Service::Fire),
        ("ambulance", Service::Ambulance),
        ("marine", Service::Marine),
        ("mountain", Service::Mountain),
    ];

    /// The service of a word.
    pub fn named(word: &str) -> Option<Service> {
        Service::WORDS.iter().find(|(known, _)| *known == word).map(|(_, service)| *service)
    }
}

impl Kind {
    /// Every kind by its word.
    pub const WORDS: [(&str, Kind); 10] = [
        ("fixed", Kind::Fixed),
        ("mobile", Kind::Mobile),
        ("toll-free", Kind::TollFree),
        ("shared-cost", Kind::SharedCost),
        ("premium", Kind::Premium),
        ("satellite", Kind::Satellite),
        ("personal", Kind::Personal),
        ("pager", Kind::Pager),
        ("corporate", Kind::Corporate),
        ("internet", Kind::Internet),
    ];

    /// The kind of a word.
    pub fn named(word: &str) -> Option<Kind> {
        Kind::WORDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
    }

    /// The word that plans use.
    pub fn word(self) -> &'static str {
        Kind::WORDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }

    /// The class of such numbers for somebody of the same country.
    pub fn class_at_home(self) -> Class {
        match self {
            Kind::Fixed | Kind::Corporate | Kind::Internet => Class::National,
            Kind::Mobile => Class::Mobile,
            Kind::TollFree => Class::TollFree,
            Kind::SharedCost | Kind::Personal | Kind::Pager => Class::SharedCost,
            Kind::Premium => Class::Premium,
            Kind::Satellite => Class::Satellite,
        }
    }
}

impl Country {
    /// What holds where a country is not known: the prefixes that most use.
    pub fn anywhere() -> Country {
        Country {
            international: Beginning::read("00").into_iter().collect(),
            national: vec!["0".into()],
            emergency: vec!["112".into(), "911".into()],
            ..Country::default()
        }
    }

    /// What kind of number the digits after the calling code are.
    pub fn kind_of(&self, national: &str) -> Option<Kind> {
        self.kinds.iter().find(|(_, beginnings)| beginnings.fit(national)).map(|(kind, _)| *kind)
    }

    /// Whether any number of the country has this length, after the calling code.
    pub fn has_length(&self, length: usize) -> bool {
        length < 32 && self.lengths >> length & 1 == 1
    }

    /// The class of a short code.
    pub fn short_class(&self, digits: &str) -> Option<Class> {
        self.short.iter().find(|(_, beginnings)| beginnings.fit(digits)).map(|(class, _)| *class)
    }

    /// Whether digits call for help here.
    pub fn alarms(&self, digits: &str) -> bool {
        self.emergency.iter().any(|number| **number == *digits)
    }

    /// The number of one service, or of any.
    pub fn help(&self, service: Option<Service>) -> Option<&str> {
        const FOR_ALL: [&str; 4] = ["911", "000", "999", "112"];
        let of_service = self.services.iter().find(|(known, _)| Some(*known) == service);
        let for_all = || FOR_ALL.into_iter().find(|number| self.alarms(number));
        let any = || for_all().or(self.emergency.first().map(|number| &**number));
        of_service.map(|(_, number)| &**number).or_else(any)
    }

    /// Whether a country is no other one: itself, or one that dials and pays as if it were.
    pub fn is_home(&self, other: &Country) -> bool {
        self.id == other.id || self.with.contains(&other.id)
    }

    /// Whether its numbers belong to no country, such as +800.
    pub fn is_of_the_world(&self) -> bool {
        self.id == self.calling_code
    }

    /// What we write before foreign numbers.
    pub fn international_prefix(&self) -> String {
        self.international.first().map_or_else(|| "00".into(), Beginning::least)
    }

    /// What we write before national numbers.
    pub fn national_prefix(&self) -> &str {
        self.national.first().map_or("", |prefix| prefix)
    }
}
