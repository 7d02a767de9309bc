//! How numbers of one kind begin, and how long they are: `15[0-9]/10-11`.

/// Beginnings are cut off here at the latest.
const PLACES: usize = 8;

const ANY: u16 = 0x3ff;

/// The first places of a number, and the lengths that the whole may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beginning {
    /// A bit for each digit that may stand there.
    places: [u16; PLACES],
    count: u8,
    /// A bit for each length.
    lengths: u32,
}

impl Beginning {
    /// Reads one beginning; without a slash, the number is as long as its places.
    pub fn read(text: &str) -> Option<Beginning> {
        let (places, lengths) = text.split_once('/').map_or((text, None), |(one, two)| (one, Some(two)));
        let mut beginning = Beginning { places: [0; PLACES], count: 0, lengths: 0 };
        let mut letters = places.chars();
        while let Some(letter) = letters.next() {
            let place = match letter {
                'x' => ANY,
                '[' => class(&mut letters)?,
                digit => 1 << digit.to_digit(10)?,
            };
            *beginning.places.get_mut(usize::from(beginning.count))? = place;
            beginning.count += 1;
        }
        beginning.lengths = match lengths {
            Some(text) => self::lengths(text)?,
            None => 1 << beginning.count,
        };
        (beginning.count > 0 && beginning.lengths != 0).then_some(beginning)
    }

    /// Whether digits are a whole number that begins so.
    pub fn fits(&self, digits: &str) -> bool {
        digits.len() < 32 && self.lengths >> digits.len() & 1 == 1 && self.begins(digits)
    }

    /// What follows it, where it is a prefix.
    pub fn stripped<'d>(&self, digits: &'d str) -> Option<&'d str> {
        let rest = digits.get(self.shortest()..)?;
        self.begins(digits).then_some(rest)
    }

    /// The least digits that begin so.
    pub fn least(&self) -> String {
        self.all().next().map(String::from).unwrap_or_default()
    }

    /// All digits that begin so, in order.
    pub fn all(&self) -> impl Iterator<Item = Box<str>> + use<> {
        let places = (0..self.shortest()).map(|at| self.places.get(at).filter(|place| **place > 0));
        let mut all = vec![String::new()];
        for place in places.map(|place| place.copied().unwrap_or(ANY)) {
            let digits = ('0'..='9').zip(0..).filter(|(_, bit)| place >> bit & 1 == 1);
            let digits: Vec<char> = digits.map(|(digit, _)| digit).collect();
            let longer =
                |begun: String| digits.iter().map(|digit| format!("{begun}{digit}")).collect::<Vec<_>>();
            all = all.into_iter().flat_map(longer).collect();
        }
        all.into_iter().map(String::into_boxed_str)
    }

    /// The least length; of a prefix, the only one.
    fn shortest(&self) -> usize {
        self.lengths.trailing_zeros() as usize
    }

    fn begins(&self, digits: &str) -> bool {
        let places = &self.places[..usize::from(self.count)];
        let admits = |(place, byte): (&u16, u8)| byte.is_ascii_digit() && place >> (byte - b'0') & 1 == 1;
        digits.len() >= places.len() && places.iter().zip(digits.bytes()).all(admits)
    }
}

/// Beginnings as they are written, one after another; there are many, and few are ever asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Beginnings(pub Box<str>);

impl Beginnings {
    /// Whether digits are a whole number that begins so.
    pub fn fit(&self, digits: &str) -> bool {
        let first = digits.as_bytes().first();
        let may_fit = |one: &&str| match one.as_bytes().first() {
            Some(place) if place.is_ascii_digit() => Some(place) == first,
            _ => true,
        };
        let mut written = self.0.split(' ').filter(may_fit).filter_map(Beginning::read);
        written.any(|beginning| beginning.fits(digits))
    }

    /// A bit for each length that a whole number may have.
    pub fn lengths(&self) -> u32 {
        self.0.split(' ').filter_map(Beginning::read).fold(0, |bits, one| bits | one.lengths)
    }
}

/// A bit for each of some lengths: `5-7,9`.
pub(crate) fn lengths(text: &str) -> Option<u32> {
    text.split(',').try_fold(0, |bits, span| Some(bits | span_bits(span)?))
}

/// `2-57]`, after its bracket.
fn class(letters: &mut std::str::Chars<'_>) -> Option<u16> {
    let mut digits = 0;
    let mut last: Option<u32> = None;
    loop {
        match letters.next()? {
            ']' => return (digits != 0).then_some(digits),
            '-' => {
                let end = letters.next()?.to_digit(10)?;
                (last?..=end).for_each(|digit| digits |= 1 << digit);
            }
            letter => {
                let digit = letter.to_digit(10)?;
                digits |= 1 << digit;
                last = Some(digit);
            }
        }
    }
}

fn span_bits(span: &str) -> Option<u32> {
    let (first, last) = span.split_once('-').unwrap_or((span, span));
    let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
    (1..=last).contains(&first).then_some(())?;
    (last < 32).then(|| (first..=last).fold(0, |bits, length| bits | 1 << length))
}
