//! As much of Thrift's compact protocol as is needed to say what a Parquet file holds.

const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;
/// A list of more says its length in a field of its own.
const SHORT_LIST: usize = 15;

/// A struct that is being written; fields come in rising order.
#[derive(Default)]
pub struct Fields {
    bytes: Vec<u8>,
    last: u8,
}

impl Fields {
    pub fn i32(&mut self, field: u8, value: i32) -> &mut Fields {
        self.begin(field, I32).zigzag(value.into());
        self
    }

    pub fn i64(&mut self, field: u8, value: i64) -> &mut Fields {
        self.begin(field, I64).zigzag(value);
        self
    }

    pub fn text(&mut self, field: u8, text: &str) -> &mut Fields {
        self.begin(field, BINARY).binary(text);
        self
    }

    pub fn fields(&mut self, field: u8, fields: &mut Fields) -> &mut Fields {
        let whole = fields.whole();
        self.begin(field, STRUCT).bytes.extend(whole);
        self
    }

    pub fn list(&mut self, field: u8, all: impl ExactSizeIterator<Item = Fields>) -> &mut Fields {
        self.begin_list(field, STRUCT, all.len());
        all.for_each(|mut one| self.bytes.extend(one.whole()));
        self
    }

    pub fn numbers(&mut self, field: u8, all: &[i32]) -> &mut Fields {
        self.begin_list(field, I32, all.len());
        all.iter().for_each(|one| self.zigzag((*one).into()));
        self
    }

    pub fn texts(&mut self, field: u8, all: &[&str]) -> &mut Fields {
        self.begin_list(field, BINARY, all.len());
        all.iter().for_each(|one| self.binary(one));
        self
    }

    /// The struct, with its end.
    pub fn whole(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.push(0);
        bytes
    }

    fn begin(&mut self, field: u8, kind: u8) -> &mut Fields {
        // Fields are close together here: the distance fits beside the kind.
        assert!(field > self.last && field - self.last <= 15, "fields come in rising order");
        self.bytes.push((field - self.last) << 4 | kind);
        self.last = field;
        self
    }

    fn begin_list(&mut self, field: u8, kind: u8, length: usize) {
        self.begin(field, LIST);
        match u8::try_from(length).ok().filter(|_| length < SHORT_LIST) {
            Some(short) => self.bytes.push(short << 4 | kind),
            None => {
                self.bytes.push(0xf0 | kind);
                varint(&mut self.bytes, length as u64);
            }
        }
    }

    fn binary(&mut self, text: &str) {
        varint(&mut self.bytes, text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn zigzag(&mut self, value: i64) {
        varint(&mut self.bytes, ((value << 1) ^ (value >> 63)).cast_unsigned());
    }
}

/// Seven bits a byte, the lowest first.
pub fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
