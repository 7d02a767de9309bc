//! The numbering plans, read the slow way from their data: every beginning is tried, one after another.

use std::collections::{BTreeMap, BTreeSet};

use model::{Class, NumberFormat};

const PLANS: &str = include_str!("../../../../core/policy/data/plans.txt");
const BY_HAND: &str = include_str!("../../../../core/policy/data/by-hand.txt");

/// Of kinds that overlap, the first here holds.
const KINDS: [&str; 10] = [
    "satellite",
    "premium",
    "toll-free",
    "shared-cost",
    "internet",
    "personal",
    "pager",
    "corporate",
    "fixed",
    "mobile",
];

/// Every country, in order of their ids.
pub(crate) struct Numbering {
    countries: Vec<Country>,
}

/// What the data says of a country.
pub(crate) struct Country {
    pub id: String,
    pub code: String,
    says: BTreeMap<String, String>,
    shapes: BTreeMap<String, Vec<Shape>>,
    lengths: BTreeSet<usize>,
}

/// How numbers begin, digit by digit, and how long they are.
struct Shape {
    places: Vec<String>,
    lengths: Vec<usize>,
}

/// Where somebody dials.
pub(crate) struct Place<'n> {
    pub country: &'n Country,
    pub area: Option<String>,
}

impl Numbering {
    /// Reads the data that the product comes with; what is mended by hand outweighs.
    pub fn read() -> Numbering {
        let mut written: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let mut id = String::new();
        let lines = PLANS.lines().chain(BY_HAND.lines());
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (word, says) = line.split_once(' ').unwrap_or((line, ""));
            if word == "=" {
                says.clone_into(&mut id);
            } else {
                let country = written.entry(id.clone()).or_default();
                country.insert(word.to_owned(), says.to_owned());
            }
        }
        Numbering { countries: written.into_iter().map(|(id, says)| Country::of(id, says)).collect() }
    }

    /// The country of two letters.
    pub fn country(&self, id: &str) -> &Country {
        self.countries.iter().find(|country| country.id == id).expect("documents name known countries")
    }

    /// The country of a number without its plus, and what follows the calling code.
    pub fn of_number<'d>(&self, digits: &'d str) -> Option<(&Country, &'d str)> {
        let (sharing, national) = self.sharing(digits)?;
        let is_its = |country: &&Country| match country.shapes.get("leading") {
            Some(leading) => leading.iter().any(|shape| shape.begins(national)),
            None => country.kind(national).is_some(),
        };
        let alone = sharing.len() == 1;
        let found = sharing.iter().copied().find(|country| alone || is_its(country));
        Some((found.unwrap_or(sharing[0]), national))
    }

    /// The countries of a calling code, the main one first.
    fn sharing<'d>(&self, digits: &'d str) -> Option<(Vec<&Country>, &'d str)> {
        for length in 1..=3 {
            let Some((code, national)) = digits.split_at_checked(length) else { continue };
            let all = || self.countries.iter().filter(|country| country.code == code);
            let is_main = |country: &&Country| country.says.contains_key("main");
            let sharing: Vec<&Country> =
                all().filter(is_main).chain(all().filter(|country| !is_main(country))).collect();
            if !sharing.is_empty() {
                return Some((sharing, national));
            }
        }
        None
    }

    fn is_known(&self, digits: &str) -> bool {
        self.of_number(digits).is_some_and(|(country, national)| country.kind(national).is_some())
    }

    /// E.164 of digits that begin with a calling code, if there may be such a number.
    pub fn e164(&self, digits: &str) -> Option<String> {
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0')
            && (7..=15).contains(&digits.len());
        let may_be = self.sharing(digits).is_none_or(|(sharing, national)| {
            sharing.iter().any(|one| one.lengths.contains(&national.len()))
        });
        (is_number && may_be).then(|| format!("+{digits}"))
    }

    /// What digits mean where they are dialled: a number with its plus, or the short code that they are.
    pub fn meaning(&self, place: &Place<'_>, digits: &str) -> Option<String> {
        if let Some(rest) = digits.strip_prefix('+') {
            return self.e164(rest);
        }
        let is_typed = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_typed || place.country.is_help(digits) {
            return None;
        }
        if place.country.short_class(digits).is_some() {
            return Some(digits.to_owned());
        }
        self.with_prefixes(place, digits).or_else(|| self.without_prefix(place, digits))
    }

    /// After an international or national prefix: one that leads to a known number outweighs.
    fn with_prefixes(&self, place: &Place<'_>, digits: &str) -> Option<String> {
        let country = place.country;
        let prefixes = country.shapes.get("international").into_iter().flatten();
        let abroad: Vec<&str> = prefixes.filter_map(|prefix| prefix.behind(digits)).collect();
        let national: Vec<&str> =
            country.words("national").filter_map(|prefix| digits.strip_prefix(prefix)).collect();
        let carriers = country.shapes.get("carrier");
        let carried = national
            .iter()
            .flat_map(|rest| carriers.into_iter().flatten().filter_map(move |carrier| carrier.behind(rest)));
        if let Some(rest) = abroad.iter().find(|rest| self.is_known(rest)) {
            return self.e164(rest);
        }
        let mut home = national.iter().copied().chain(carried);
        if let Some(rest) = home.find(|rest| self.is_known(&[&country.code, *rest].concat())) {
            return self.at_home(country, rest);
        }
        let number = abroad.iter().find_map(|rest| self.e164(rest));
        number.or_else(|| {
            let rest = national.iter().find(|rest| country.lengths.contains(&rest.len()))?;
            self.at_home(country, rest)
        })
    }

    fn without_prefix(&self, place: &Place<'_>, digits: &str) -> Option<String> {
        let country = place.country;
        let area = place.area.as_deref().or(country.says.get("area").map(String::as_str)).map(|area| {
            country.words("national").find_map(|prefix| area.strip_prefix(prefix)).unwrap_or(area)
        });
        let local = area.filter(|_| digits.len() >= 5).map(|area| format!("{area}{digits}"));
        let is_known = |national: &str| self.is_known(&[&country.code, national].concat());
        if let Some(local) = local.as_deref().filter(|local| is_known(local)) {
            return self.at_home(country, local);
        }
        let has_no_prefix = country.words("national").next().is_none() || country.code == "1";
        let is_whole = is_known(digits) || country.lengths.contains(&digits.len());
        let is_told_by_kind = country.kind(digits).is_some_and(|kind| kind != "fixed");
        if (has_no_prefix && is_whole) || is_told_by_kind {
            return self.at_home(country, digits);
        }
        self.at_home(country, local.as_deref().filter(|local| country.lengths.contains(&local.len()))?)
    }

    fn at_home(&self, country: &Country, national: &str) -> Option<String> {
        let first = national.bytes().next().unwrap_or(b'0');
        let fits = country.code != "1" || (b'2'..=b'9').contains(&first);
        if fits { self.e164(&[&country.code, national].concat()) } else { None }
    }

    /// What a far end means by digits, if they are written as it was agreed.
    pub fn agreed(&self, format: NumberFormat, digits: &str) -> Option<String> {
        match format {
            NumberFormat::E164 => self.e164(digits.trim_start_matches('+')),
            NumberFormat::DoubleZero => self.e164(digits.strip_prefix("00")?),
            NumberFormat::TenDigit => match digits.strip_prefix("011") {
                Some(abroad) => self.e164(abroad),
                None if digits.len() == 10 => self.e164(&format!("1{digits}")),
                None if digits.starts_with('1') => self.e164(digits),
                None => None,
            },
            NumberFormat::PlusE164 | NumberFormat::National | NumberFormat::Dialled => None,
        }
    }

    /// The class of a number or short code, for somebody of a country.
    pub fn class(&self, home: &Country, called: &str) -> Class {
        let Some(digits) = called.strip_prefix('+') else {
            return home.short_class(called).unwrap_or(Class::International);
        };
        let (country, kind) = match self.of_number(digits) {
            Some((country, national)) => (Some(country), country.kind(national)),
            None => (None, None),
        };
        let is_home =
            country.is_some_and(|one| one.id == home.id || home.words("with").any(|id| id == one.id));
        let is_of_the_world = country.is_some_and(|one| one.id == one.code);
        match kind {
            Some("premium") => Class::Premium,
            Some("satellite") => Class::Satellite,
            Some("toll-free") if is_home || is_of_the_world => Class::TollFree,
            _ if !is_home => Class::International,
            Some("mobile") => Class::Mobile,
            Some("shared-cost" | "personal" | "pager") => Class::SharedCost,
            _ => Class::National,
        }
    }
}

impl Country {
    fn of(id: String, says: BTreeMap<String, String>) -> Country {
        let is_shape = |word: &str| {
            KINDS.contains(&word)
                || ["international", "carrier", "leading", "emergency"].contains(&word)
                || word.starts_with("short")
        };
        let read = |text: &String| text.split(' ').map(Shape::read).collect::<Vec<Shape>>();
        let shapes: BTreeMap<String, Vec<Shape>> = says
            .iter()
            .filter(|(word, _)| is_shape(word))
            .map(|(word, text)| (word.clone(), read(text)))
            .collect();
        let lengths = match says.get("lengths") {
            Some(text) => lengths(text).into_iter().collect(),
            None => KINDS
                .iter()
                .filter_map(|kind| shapes.get(*kind))
                .flatten()
                .flat_map(|shape| shape.lengths.iter().copied())
                .collect(),
        };
        let code = says.get("code").cloned().unwrap_or_default();
        Country { id, code, says, shapes, lengths }
    }

    /// What a line says, word by word.
    fn words<'c>(&'c self, line: &str) -> impl Iterator<Item = &'c str> + use<'c> {
        self.says.get(line).into_iter().flat_map(|says| says.split(' '))
    }

    fn kind(&self, national: &str) -> Option<&'static str> {
        let is_one = |kind: &&&str| {
            self.shapes.get(**kind).is_some_and(|shapes| shapes.iter().any(|shape| shape.is_whole(national)))
        };
        KINDS.iter().find(is_one).copied()
    }

    fn short_class(&self, digits: &str) -> Option<Class> {
        let classes =
            [("short-premium", Class::Premium), ("short-free", Class::TollFree), ("short", Class::National)];
        let fits =
            |line: &str| self.shapes.get(line).is_some_and(|all| all.iter().any(|s| s.is_whole(digits)));
        classes.into_iter().find(|(line, _)| fits(line)).map(|(_, class)| class)
    }

    /// Whether digits call for help here.
    pub fn is_help(&self, digits: &str) -> bool {
        let is_one = |shape: &Shape| shape.shortest() == digits.len() && shape.begins(digits);
        self.shapes.get("emergency").is_some_and(|shapes| shapes.iter().any(is_one))
    }

    /// The number of a service, or the first number for help.
    pub fn help(&self, service: Option<&str>) -> String {
        let of_service = service.and_then(|service| self.says.get(service)).cloned();
        let known = ["911", "000", "999", "112"].into_iter().find(|number| self.is_help(number));
        let first = || self.shapes.get("emergency").and_then(|shapes| shapes.first()).map(Shape::least);
        of_service.or(known.map(str::to_owned)).or_else(first).unwrap_or_else(|| "112".to_owned())
    }

    /// A number as a far end of this country wants it.
    pub fn written(&self, number: &str, format: NumberFormat) -> String {
        let Some(digits) = number.strip_prefix('+') else { return number.to_owned() };
        let national = digits.strip_prefix(&self.code);
        let abroad = || {
            let first = self.shapes.get("international").and_then(|shapes| shapes.first());
            format!("{}{digits}", first.map_or("00".to_owned(), Shape::least))
        };
        let at_home = |rest: &str| format!("{}{rest}", self.words("national").next().unwrap_or_default());
        match (format, national) {
            (NumberFormat::PlusE164, _) => number.to_owned(),
            (NumberFormat::E164, _) => digits.to_owned(),
            (NumberFormat::DoubleZero, _) => format!("00{digits}"),
            (NumberFormat::TenDigit, _) => match digits.strip_prefix('1') {
                Some(ten) => ten.to_owned(),
                None => format!("011{digits}"),
            },
            (NumberFormat::National, Some(ten)) if self.code == "1" => ten.to_owned(),
            (NumberFormat::National | NumberFormat::Dialled, Some(rest)) => at_home(rest),
            (NumberFormat::National | NumberFormat::Dialled, None) => abroad(),
        }
    }
}

impl Shape {
    /// Such as `15[0-9]x/10-11`; without lengths, the number ends with its beginning.
    fn read(text: &str) -> Shape {
        let (written, behind) = text.split_once('/').map_or((text, None), |(one, two)| (one, Some(two)));
        let mut places = Vec::new();
        let mut rest = written;
        while let Some(letter) = rest.chars().next() {
            let (place, more) = match letter {
                '[' => rest[1..].split_once(']').expect("a bracket has its other half"),
                _ => rest.split_at(1),
            };
            places.push(if place == "x" { "0123456789".to_owned() } else { spelt_out(place) });
            rest = more;
        }
        let lengths = behind.map_or_else(|| vec![places.len()], lengths);
        Shape { places, lengths }
    }

    /// The least length; of a prefix, the only one.
    fn shortest(&self) -> usize {
        self.lengths.iter().copied().min().unwrap_or_default()
    }

    fn begins(&self, digits: &str) -> bool {
        digits.len() >= self.places.len()
            && self.places.iter().zip(digits.chars()).all(|(place, digit)| place.contains(digit))
    }

    fn is_whole(&self, digits: &str) -> bool {
        self.lengths.contains(&digits.len()) && self.begins(digits)
    }

    fn behind<'d>(&self, digits: &'d str) -> Option<&'d str> {
        digits.get(self.shortest()..).filter(|_| self.begins(digits))
    }

    fn least(&self) -> String {
        let places = self.places.iter().filter_map(|place| place.chars().min());
        places.chain(std::iter::repeat('0')).take(self.shortest()).collect()
    }
}

/// `2-46` is 2346.
fn spelt_out(class: &str) -> String {
    let letters: Vec<char> = class.chars().collect();
    let mut all = String::new();
    for (at, letter) in letters.iter().enumerate() {
        match letter {
            '-' => all.extend(('0'..='9').filter(|one| letters[at - 1] < *one && *one < letters[at + 1])),
            digit => all.push(*digit),
        }
    }
    all
}

/// `5-7,9` is 5, 6, 7 and 9.
fn lengths(text: &str) -> Vec<usize> {
    let read = |text: &str| text.parse::<usize>().expect("lengths are figures");
    let spans = text.split(',').map(|span| span.split_once('-').unwrap_or((span, span)));
    spans.flat_map(|(first, last)| read(first)..=read(last)).collect()
}
