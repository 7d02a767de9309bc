//! A recording as a WAV file: 16 bits, two channels. A frame has its place by its time.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::Left;

const HEAD: usize = 44;
const CHANNELS: u16 = 2;
const BYTES_A_FRAME: u64 = 4;

pub(super) struct Wav {
    file: File,
    rate: u32,
    /// Up to the last that was written.
    frames: u64,
}

impl Wav {
    pub fn open(file: File, rate: u32) -> Wav {
        Wav { file, rate, frames: 0 }
    }

    /// Writes frames at their place; how far the file goes now.
    pub fn write(&mut self, first: u64, samples: &[i16]) -> io::Result<u64> {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        // What nobody wrote in between reads as silence.
        self.file.write_all_at(&bytes, HEAD as u64 + first * BYTES_A_FRAME)?;
        let frames = first + bytes.len() as u64 / BYTES_A_FRAME;
        self.file.write_all_at(&head(self.rate, frames), 0)?;
        self.frames = frames;
        Ok(frames)
    }

    /// How many bytes of the file are the recording.
    pub fn length(&self) -> u64 {
        HEAD as u64 + self.frames * BYTES_A_FRAME
    }

    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// What a file holds that was cut off.
pub(super) fn left(path: &Path) -> Left {
    let length = std::fs::metadata(path).map_or(0, |about| about.len());
    let frames = length.saturating_sub(HEAD as u64) / BYTES_A_FRAME;
    Left { rate: rate_of(path).unwrap_or(8_000), frames, length: HEAD as u64 + frames * BYTES_A_FRAME }
}

fn rate_of(path: &Path) -> Option<u32> {
    let mut head = [0; HEAD];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).ok()?;
    Some(u32::from_le_bytes([head[24], head[25], head[26], head[27]]))
}

fn head(rate: u32, frames: u64) -> [u8; HEAD] {
    let data = u32::try_from(frames * BYTES_A_FRAME).unwrap_or(u32::MAX - HEAD as u32);
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(b"RIFF");
    head[4..8].copy_from_slice(&(data + HEAD as u32 - 8).to_le_bytes());
    head[8..16].copy_from_slice(b"WAVEfmt ");
    head[16..20].copy_from_slice(&16u32.to_le_bytes());
    head[20..22].copy_from_slice(&1u16.to_le_bytes());
    head[22..24].copy_from_slice(&CHANNELS.to_le_bytes());
    head[24..28].copy_from_slice(&rate.to_le_bytes());
    head[28..32].copy_from_slice(&(rate * BYTES_A_FRAME as u32).to_le_bytes());
    head[32..34].copy_from_slice(&(BYTES_A_FRAME as u16).to_le_bytes());
    head[34..36].copy_from_slice(&16u16.to_le_bytes());
    head[36..40].copy_from_slice(b"data");
    head[40..].copy_from_slice(&data.to_le_bytes());
    head
}
