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

/// Beginnings by the digit that comes first: there are many, and a number is asked of few.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Beginnings {
    /// Those of one first digit after those of another; what may begin with several digits stands at each.
    all: Box<[Beginning]>,
    /// Where those of each first digit start, and where the last end.
    starts: [u32; 11],
    /// A bit for each length that a whole number may have.
    pub lengths: u32,
}

impl Beginnings {
    /// Reads beginnings as they are written, one after another; what cannot be read is left out.
    pub fn read(text: &str) -> Beginnings {
        let read: Vec<Beginning> = text.split(' ').filter_map(Beginning::read).collect();
        let mut all = Vec::with_capacity(read.len());
        let mut starts = [0; 11];
        for digit in 0..10 {
            all.extend(read.iter().filter(|one| one.places[0] >> digit & 1 == 1));
            starts[digit + 1] = u32::try_from(all.len()).expect("a plan has few beginnings");
        }
        let lengths = read.iter().fold(0, |bits, one| bits | one.lengths);
        Beginnings { all: all.into(), starts, lengths }
    }

    /// Whether digits are a whole number that begins so.
    pub fn fit(&self, digits: &str) -> bool {
        let Some(first) = digits.bytes().next().filter(u8::is_ascii_digit) else { return false };
        let first = usize::from(first - b'0');
        let mut of_first = self.all[self.starts[first] as usize..self.starts[first + 1] as usize].iter();
        of_first.any(|beginning| beginning.fits(digits))
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
