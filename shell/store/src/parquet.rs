//! A table as Parquet: columns of which each value may be missing, one page for each column of a group of
//! rows, plain and not compressed. Every reader of Parquet reads that; whoever wants it small packs it.

use std::io::{self, Write};

use crate::thrift::{Fields, varint};

const MAGIC: &[u8] = b"PAR1";
/// Rows that are in memory at once.
const GROUP: usize = 20_000;

const REQUIRED_VERSION: i32 = 1;
const OPTIONAL: i32 = 1;
const PLAIN: i32 = 0;
const RLE: i32 = 3;
const UNCOMPRESSED: i32 = 0;
const DATA_PAGE: i32 = 0;

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    /// Milliseconds since 1970, in UTC.
    Moment,
    Real,
    Truth,
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Missing,
    Text(String),
    /// Of a moment, too.
    Number(i64),
    Real(f64),
    Truth(bool),
}

/// A table that is being written.
pub struct Parquet<W> {
    out: W,
    at: u64,
    columns: Vec<Column>,
    rows: u64,
    groups: Vec<Group>,
}

struct Column {
    name: &'static str,
    kind: Kind,
    cells: Vec<Cell>,
}

/// Rows that are written, and where each column of them is.
struct Group {
    rows: usize,
    chunks: Vec<Chunk>,
}

struct Chunk {
    at: u64,
    bytes: u64,
}

impl Kind {
    /// By the numbers of the format.
    fn physical(self) -> i32 {
        match self {
            Kind::Truth => 0,
            Kind::Number | Kind::Moment => 2,
            Kind::Real => 5,
            Kind::Text => 6,
        }
    }

    fn meaning(self) -> Option<i32> {
        match self {
            Kind::Text => Some(0),
            Kind::Moment => Some(9),
            Kind::Number | Kind::Real | Kind::Truth => None,
        }
    }
}

impl<W: Write> Parquet<W> {
    pub fn begin(mut out: W, columns: &[(&'static str, Kind)]) -> io::Result<Parquet<W>> {
        out.write_all(MAGIC)?;
        let columns = columns.iter().map(|(name, kind)| Column { name, kind: *kind, cells: Vec::new() });
        Ok(Parquet { out, at: MAGIC.len() as u64, columns: columns.collect(), rows: 0, groups: Vec::new() })
    }

    /// One row, a value for each column.
    pub fn add(&mut self, row: impl IntoIterator<Item = Cell>) -> io::Result<()> {
        let mut row = row.into_iter();
        for column in &mut self.columns {
            column.cells.push(row.next().unwrap_or(Cell::Missing));
        }
        self.rows += 1;
        match self.columns.first().is_some_and(|first| first.cells.len() >= GROUP) {
            true => self.end_group(),
            false => Ok(()),
        }
    }

    /// Ends the table; how many rows it has.
    pub fn end(mut self) -> io::Result<u64> {
        self.end_group()?;
        let about = self.about().whole();
        let length = u32::try_from(about.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.out.write_all(&about)?;
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(MAGIC)?;
        self.out.flush()?;
        Ok(self.rows)
    }

    fn end_group(&mut self) -> io::Result<()> {
        let rows = self.columns.first().map_or(0, |first| first.cells.len());
        if rows == 0 {
            return Ok(());
        }
        let mut chunks = Vec::with_capacity(self.columns.len());
        for column in &mut self.columns {
            let page = page(&column.cells);
            column.cells.clear();
            let whole = [head(rows, page.len())?, page].concat();
            self.out.write_all(&whole)?;
            chunks.push(Chunk { at: self.at, bytes: whole.len() as u64 });
            self.at += whole.len() as u64;
        }
        self.groups.push(Group { rows, chunks });
        Ok(())
    }

    fn about(&self) -> Fields {
        let mut root = Fields::default();
        root.text(4, "records").i32(5, i32::try_from(self.columns.len()).unwrap_or(i32::MAX));
        let leaves = self.columns.iter().map(|column| {
            let mut leaf = Fields::default();
            leaf.i32(1, column.kind.physical()).i32(3, OPTIONAL).text(4, column.name);
            if let Some(meaning) = column.kind.meaning() {
                leaf.i32(6, meaning);
            }
            leaf
        });
        let schema: Vec<Fields> = [root].into_iter().chain(leaves).collect();
        let groups: Vec<Fields> = self.groups.iter().map(|group| self.about_group(group)).collect();
        let mut about = Fields::default();
        about.i32(1, REQUIRED_VERSION).list(2, schema.into_iter()).i64(3, signed(self.rows));
        about.list(4, groups.into_iter()).text(6, "tandem");
        about
    }

    fn about_group(&self, group: &Group) -> Fields {
        let bytes: u64 = group.chunks.iter().map(|chunk| chunk.bytes).sum();
        let chunks: Vec<Fields> = self
            .columns
            .iter()
            .zip(&group.chunks)
            .map(|(column, chunk)| {
                let mut about = Fields::default();
                about.i32(1, column.kind.physical()).numbers(2, &[PLAIN, RLE]).texts(3, &[column.name]);
                about.i32(4, UNCOMPRESSED).i64(5, signed(group.rows as u64));
                about.i64(6, signed(chunk.bytes)).i64(7, signed(chunk.bytes)).i64(9, signed(chunk.at));
                let mut whole = Fields::default();
                whole.i64(2, signed(chunk.at)).fields(3, &mut about);
                whole
            })
            .collect();
        let mut about = Fields::default();
        about.list(1, chunks.into_iter()).i64(2, signed(bytes)).i64(3, signed(group.rows as u64));
        about
    }
}

fn head(rows: usize, bytes: usize) -> io::Result<Vec<u8>> {
    let too_large = |_| io::Error::from(io::ErrorKind::FileTooLarge);
    let bytes = i32::try_from(bytes).map_err(too_large)?;
    let mut data = Fields::default();
    data.i32(1, i32::try_from(rows).map_err(too_large)?).i32(2, PLAIN).i32(3, RLE).i32(4, RLE);
    Ok(Fields::default().i32(1, DATA_PAGE).i32(2, bytes).i32(3, bytes).fields(5, &mut data).whole())
}

/// Which values are there, in runs; then those that are.
fn page(cells: &[Cell]) -> Vec<u8> {
    let mut runs = Vec::new();
    for run in cells.chunk_by(|one, other| is_there(one) == is_there(other)) {
        varint(&mut runs, (run.len() as u64) << 1);
        runs.push(u8::from(is_there(&run[0])));
    }
    let mut page = Vec::new();
    page.extend_from_slice(&u32::try_from(runs.len()).unwrap_or(u32::MAX).to_le_bytes());
    page.extend(runs);
    let (mut bits, mut count) = (0_u8, 0_u8);
    for cell in cells {
        match cell {
            Cell::Missing => {}
            Cell::Text(text) => {
                page.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
                page.extend_from_slice(text.as_bytes());
            }
            Cell::Number(number) => page.extend_from_slice(&number.to_le_bytes()),
            Cell::Real(real) => page.extend_from_slice(&real.to_le_bytes()),
            Cell::Truth(truth) => {
                bits |= u8::from(*truth) << count;
                count += 1;
                if count == 8 {
                    page.push(bits);
                    (bits, count) = (0, 0);
                }
            }
        }
    }
    if count > 0 {
        page.push(bits);
    }
    page
}

fn is_there(cell: &Cell) -> bool {
    *cell != Cell::Missing
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
