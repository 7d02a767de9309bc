//! A recording as a file of Opus: pages, one behind the other. What was torn off is found and taken away when
//! the file is opened again, or ended after a process that died.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use sound::ogg::{self, Page};
use sound::opus_file::{self, OpusFile};

use super::Left;

pub(super) struct Opus {
    file: File,
    inner: OpusFile,
    /// Bytes that are whole pages.
    length: u64,
    room: Vec<u8>,
}

/// The last whole page of a file.
struct Last {
    page: Page,
    bytes: Vec<u8>,
    at: u64,
    /// When the page before it ended.
    before: u64,
    rate: u32,
}

impl Opus {
    /// Begins a file, or goes on with the one that is there.
    pub fn open(file: File, rate: u32, title: &str, serial: u32) -> io::Result<Opus> {
        let Some(Last { page, mut bytes, at, before, .. }) = last_of(&file)? else {
            let mut head = Vec::new();
            let inner = OpusFile::begin(rate, serial, title, &mut head);
            file.write_all_at(&head, 0)?;
            return Ok(Opus { file, inner, length: head.len() as u64, room: Vec::new() });
        };
        let granule = opus_file::granule_behind(before, page.packets);
        Page::reopen(&mut bytes, granule);
        file.write_all_at(&bytes, at)?;
        let inner = OpusFile::resume(rate, &page, granule);
        Ok(Opus { file, inner, length: at + bytes.len() as u64, room: Vec::new() })
    }

    /// Writes frames at their time; how far the file goes now.
    pub fn write(&mut self, first: u64, samples: &[i16]) -> io::Result<u64> {
        self.add(|file, out| file.put(first, samples, out))?;
        Ok(self.inner.frames())
    }

    pub fn end(&mut self) -> io::Result<()> {
        self.add(OpusFile::end)?;
        self.file.set_len(self.length)
    }

    fn add(&mut self, make: impl FnOnce(&mut OpusFile, &mut Vec<u8>)) -> io::Result<()> {
        let mark = self.inner.mark();
        self.room.clear();
        make(&mut self.inner, &mut self.room);
        let written = self.file.write_all_at(&self.room, self.length);
        match &written {
            Ok(()) => self.length += self.room.len() as u64,
            // What the disk took of it is overwritten by what comes next.
            Err(_) => self.inner.back_to(mark),
        }
        written
    }

    pub fn length(&self) -> u64 {
        self.length
    }

    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Ends a file that was cut off behind its last whole page; what it holds.
pub(super) fn left(path: &Path) -> io::Result<Left> {
    let file = File::options().read(true).write(true).open(path)?;
    let Some(Last { page, mut bytes, at, rate, .. }) = last_of(&file)? else {
        return Ok(Left { rate: 8_000, frames: 0, length: 0 });
    };
    if !page.is_last {
        Page::close(&mut bytes);
        file.write_all_at(&bytes, at)?;
    }
    let length = at + bytes.len() as u64;
    file.set_len(length)?;
    Ok(Left { rate, frames: opus_file::frames_at(page.granule, rate), length })
}

/// Reads pages from the first on, as long as they are whole; nothing where there is no sound yet.
fn last_of(file: &File) -> io::Result<Option<Last>> {
    let (mut at, mut before, mut rate) = (0, 0, None);
    let mut last: Option<Last> = None;
    while let Some((page, bytes)) = page_at(file, at)? {
        let length = bytes.len() as u64;
        rate = rate.or_else(|| opus_file::rate_of(bytes.get(ogg::HEAD + 1..)?));
        let Some(rate) = rate else { return Ok(None) };
        let granule = page.granule;
        last = Some(Last { page, bytes, at, before, rate });
        (at, before) = (at + length, granule);
    }
    // The first two have no sound: they are written anew.
    Ok(last.filter(|last| last.page.number > 1))
}

fn page_at(file: &File, at: u64) -> io::Result<Option<(Page, Vec<u8>)>> {
    let mut bytes = vec![0; ogg::HEAD + 255];
    let mut known = 0;
    loop {
        match file.read_at(&mut bytes[known..], at + known as u64)? {
            0 => break,
            count => known += count,
        }
    }
    bytes.truncate(known);
    let Some(length) = Page::length(&bytes) else { return Ok(None) };
    bytes.resize(length, 0);
    if known < length && file.read_exact_at(&mut bytes[known..], at + known as u64).is_err() {
        return Ok(None);
    }
    Ok(Page::parse(&bytes).map(|page| (page, bytes)))
}
