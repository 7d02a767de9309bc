//! Two baresips, one of PCMU and one of Opus, in calls that are recorded as WAV and as Opus: other programs
//! read the files, and hear each phone's tone on its own channel. A call that nobody records leaves no file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::hearing::Span;
use super::office::{Office, User};
use super::place::io_failure;
use super::{Binary, Load, records};
use crate::step::Failure;

const WHILE: Duration = Duration::from_secs(4);
const USERS: [User; 3] = [
    User { name: "hana", more: "record = \"always\"\n" },
    User { name: "opal", more: "" },
    User { name: "wide", more: "" },
];
/// Prints what Python's own reader of WAV finds: the shape, the print of the file, and how often each channel
/// swings in its third second.
const READER: &str = r#"
import hashlib, struct, sys, wave
with wave.open(sys.argv[1]) as w:
    channels, width, rate, frames = w.getnchannels(), w.getsampwidth(), w.getframerate(), w.getnframes()
    samples = struct.unpack("<%dh" % (channels * frames), w.readframes(frames))
print(channels, width, rate, frames, hashlib.sha256(open(sys.argv[2], "rb").read()).hexdigest())
for channel in range(channels):
    second = samples[channel::channels][2 * rate:3 * rate]
    print(sum((a < 0) != (b < 0) for a, b in zip(second, second[1:])))
"#;

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    for format in ["wav", "opus"] {
        record(binary, format)?;
    }
    Ok("PCMU with Opus and with G.722: each tone on its channel, as Python and opus-tools read it".into())
}

fn record(binary: &Binary, format: &str) -> Result<(), Failure> {
    let system = format!("media = {{ transcode = \"needed\" }}\nrecording = {{ format = \"{format}\" }}\n");
    let mut office = Office::open_at(binary, &format!("recording-{format}"), &USERS, ("", &system))?;
    let mut hana = office.phone_of("hana", "PCMU")?;
    let mut opal = office.phone_of("opal", "opus/48000/2")?;
    let mut wide = office.phone_of("wide", "G722/16000/1")?;

    for (phone, extension) in [(&mut opal, "0101"), (&mut wide, "0102")] {
        hana.tell("dial", &office.uri(extension))?;
        hana.talks()?;
        phone.talks()?;
        Span::pass(WHILE);
        hana.tell("hangup", "")?;
        phone.is_left()?;
    }
    opal.tell("dial", &office.uri("0102"))?;
    opal.talks()?;
    wide.talks()?;
    Span::pass(Duration::from_secs(1));
    opal.tell("hangup", "")?;
    wide.is_left()?;

    let (folder, voices) = (office.folder.clone(), [hana.voice, opal.voice, wide.voice]);
    let left = office.close()?;
    records::expect_exactly(&left.records, 3)?;
    let [with_opal, with_wide, unrecorded] = left.records.as_slice() else {
        return Err(Failure::new("there are not three records", "read the records"));
    };
    expect_voices(&folder, with_opal, [voices[0], voices[1]])?;
    expect_voices(&folder, with_wide, [voices[0], voices[2]])?;
    let files = fs::read_dir(file_of(&folder, with_opal).parent().unwrap_or(&folder));
    let count = files.map_err(|error| io_failure("recordings", &error))?.count();
    if unrecorded.get("recording").is_some() || count != 4 {
        return Err(Failure::new(format!("{count} files of two recordings"), "read data/recordings"));
    }
    Ok(())
}

/// The recording as samples: what stands in the file, or what others make of it.
fn wave_of(folder: &Path, path: &Path) -> Result<PathBuf, Failure> {
    if path.extension().is_some_and(|end| end == "wav") {
        return Ok(path.to_owned());
    }
    let failure = |said: &[u8]| {
        let said = String::from_utf8_lossy(said).into_owned();
        Failure::new(said, format!("opusinfo {}", path.display()))
    };
    let told = Command::new("opusinfo").arg(path).output().map_err(|error| io_failure("opusinfo", &error))?;
    let said = [told.stdout, told.stderr].concat();
    if !told.status.success() || String::from_utf8_lossy(&said).to_lowercase().contains("warning") {
        return Err(failure(&said));
    }
    let wave = folder.join("decoded.wav");
    let told = Command::new("opusdec").args(["--quiet"]).arg(path).arg(&wave).output();
    let told = told.map_err(|error| io_failure("opusdec", &error))?;
    if told.status.success() && told.stderr.is_empty() { Ok(wave) } else { Err(failure(&told.stderr)) }
}

fn file_of(folder: &Path, record: &Value) -> PathBuf {
    folder.join("data").join(record["recording"]["file"].as_str().unwrap_or_default())
}

/// The file is whole, has the print that stands beside it, and each voice on its channel.
fn expect_voices(folder: &Path, record: &Value, voices: [u32; 2]) -> Result<(), Failure> {
    let path = file_of(folder, record);
    let read = Command::new("python3").args(["-c", READER]).arg(wave_of(folder, &path)?).arg(&path).output();
    let said =
        String::from_utf8_lossy(&read.map_err(|error| io_failure("python3", &error))?.stdout).into_owned();
    let wrong = |what: &str| Failure::new(format!("{what}: {said}"), format!("listen to {}", path.display()));
    let words: Vec<&str> = said.split_ascii_whitespace().collect();
    let ["2", "2", rate, frames, print, left, right] = words.as_slice() else {
        return Err(wrong("no WAV of two channels"));
    };
    let number = |word: &str| word.parse::<u32>().unwrap_or_default();
    if number(frames) < 4 * number(rate) {
        return Err(wrong("too short"));
    }
    let beside = fs::read(path.with_extension("json")).map_err(|error| io_failure("the JSON", &error))?;
    let told: Value = serde_json::from_slice(&beside).unwrap_or_default();
    if told["sha256"] != *print {
        return Err(wrong("another print than is told"));
    }
    for (swings, voice) in [left, right].into_iter().zip(voices) {
        let wanted = 8_000 / voice;
        if number(swings).abs_diff(wanted) > wanted / 10 {
            return Err(wrong(&format!("a channel swings {swings} times a second, not {wanted}")));
        }
    }
    Ok(())
}
