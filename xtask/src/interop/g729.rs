//! Our coder of G.729 and another's (bcg729) on recorded speech, each with the other: what one encodes the
//! other decodes, as well as its own. Where frames are lost, and where the other coder falls silent, both
//! decode alike. Then a call: a phone of PCMU alone, and a far end that speaks the other coder's G.729 alone.
//!
//! Proves: A14, H4.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::place::{self, io_failure};
use super::{Binary, Load};
use crate::step::{self, Failure, cargo, root};

mod call;

const SPEECH: &str = "/usr/share/sounds/linphone/hello8000.wav";
/// Of a wave file, in bytes.
const HEAD: usize = 44;
/// Of the speech, what is said in the call: five seconds.
const SAID: usize = 5 * 16_000;
const FRAME_BYTES: usize = 10;
const LOST: u8 = 255;
/// One frame in so many is lost.
const LOST_EACH: usize = 20;
/// What is compared at a time, and how far a coder may delay it.
const SEGMENT: usize = 160;
const DELAY_MAX: usize = 160;
/// Below this mean power nobody speaks.
const POWER_MIN: f64 = 1e4;
/// So much worse than the other coder with itself a pair may be, in decibels.
const WORSE_MAX: f64 = 0.5;
/// How near the same frames sound to each other, in decibels.
const ALIKE_MIN: f64 = 20.0;
const ALIKE_LOST_MIN: f64 = 8.0;

struct Coders {
    folder: PathBuf,
    ours: PathBuf,
    theirs: PathBuf,
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let coders = Coders::built(place::folder("g729")?)?;
    let wave = fs::read(SPEECH).map_err(|error| io_failure(SPEECH, &error))?;
    let speech = samples(&wave[HEAD..]);
    coders.write("speech", &wave[HEAD..])?;
    for (coder, name) in [(&coders.ours, "ours"), (&coders.theirs, "theirs")] {
        coders.filter(coder, "encode", ("speech", name))?;
    }
    let pairs = [("theirs", "theirs"), ("theirs", "ours"), ("ours", "theirs"), ("ours", "ours")];
    let mut all = Vec::new();
    for (from, to) in pairs {
        let decoder = if to == "ours" { &coders.ours } else { &coders.theirs };
        let heard = coders.decoded(decoder, from, &format!("{from}-{to}"))?;
        all.push((from, to, likeness(&speech, &heard)));
    }
    let usual = all[0].2;
    let figures: Vec<String> =
        all.iter().map(|(from, to, likeness)| format!("{from} to {to} {likeness:.2}")).collect();
    if let Some((from, to, likeness)) = all.iter().find(|(.., likeness)| *likeness < usual - WORSE_MAX) {
        let what = format!("from {from} to {to} speech is {likeness:.2} dB like itself, {usual:.2} is usual");
        return Err(Failure::new(what, "listen to target/interop/g729"));
    }
    let whole = coders.alike("theirs", ALIKE_MIN)?;
    coders.lose("theirs", "torn")?;
    let torn = coders.alike("torn", ALIKE_LOST_MIN)?;
    coders.filter(&coders.theirs, "encode-vad", ("speech", "silent"))?;
    let silent = coders.alike("silent", ALIKE_LOST_MIN)?;
    coders.write("short", &wave[HEAD..HEAD + SAID])?;
    coders.filter(&coders.theirs, "encode", ("short", "said"))?;
    let called = call::run(binary, &coders, "said")?;
    Ok(format!(
        "dB of speech like itself: {}; both decoders alike by {whole:.1} dB, {torn:.1} where one frame in \
         {LOST_EACH} is lost, {silent:.1} with silence; {called:.1} in a call with PCMU",
        figures.join(", ")
    ))
}

impl Coders {
    fn built(folder: PathBuf) -> Result<Coders, Failure> {
        let theirs = folder.join("peer");
        let mut compiler = Command::new("cc");
        compiler.args(["-O2", "-o"]).arg(&theirs).arg(root().join("interop/g729/peer.c")).arg("-lbcg729");
        step::run(&mut compiler, "apt-get install gcc libbcg729-dev")?;
        let bench = root().join("bench/g729");
        let cure = "see bench/g729; it is a workspace of its own";
        step::run(cargo().current_dir(&bench).args(["build", "--quiet", "--release"]), cure)?;
        let ours = bench.join("target/release/g729-bench");
        Ok(Coders { folder, ours, theirs })
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        fs::write(self.folder.join(name), bytes).map_err(|error| io_failure(name, &error))
    }

    fn filter(&self, coder: &Path, verb: &str, (from, to): (&str, &str)) -> Result<(), Failure> {
        let input = File::open(self.folder.join(from)).map_err(|error| io_failure(from, &error))?;
        let output = File::create(self.folder.join(to)).map_err(|error| io_failure(to, &error))?;
        let status = Command::new(coder).arg(verb).stdin(input).stdout(output).status();
        match status {
            Ok(status) if status.success() => Ok(()),
            other => Err(Failure::new(format!("{} {verb}: {other:?}", coder.display()), "run it by hand")),
        }
    }

    fn decoded(&self, coder: &Path, frames: &str, to: &str) -> Result<Vec<f64>, Failure> {
        let name = format!("{to}.raw");
        self.filter(coder, "decode", (frames, &name))?;
        let bytes = fs::read(self.folder.join(&name)).map_err(|error| io_failure(&name, &error))?;
        Ok(samples(&bytes))
    }

    /// Writes frames as they stand in packets, without their lengths.
    fn bare(&self, frames: &str, to: &Path) -> Result<(), Failure> {
        let all = fs::read(self.folder.join(frames)).map_err(|error| io_failure(frames, &error))?;
        let bare: Vec<u8> = all.chunks(1 + FRAME_BYTES).flat_map(|frame| &frame[1..]).copied().collect();
        fs::write(to, bare).map_err(|error| io_failure("bare frames", &error))
    }

    /// How much both decoders make the same of frames.
    fn alike(&self, frames: &str, least: f64) -> Result<f64, Failure> {
        let one = self.decoded(&self.theirs, frames, &format!("{frames}-by-theirs"))?;
        let other = self.decoded(&self.ours, frames, &format!("{frames}-by-ours"))?;
        let alike = ratio(&one, &other);
        if alike < least {
            let what = format!("the decoders make {frames} alike by {alike:.1} dB, {least} wanted");
            return Err(Failure::new(what, "listen to target/interop/g729"));
        }
        Ok(alike)
    }

    fn lose(&self, frames: &str, to: &str) -> Result<(), Failure> {
        let all = fs::read(self.folder.join(frames)).map_err(|error| io_failure(frames, &error))?;
        let mut left = Vec::new();
        for (number, frame) in all.chunks(1 + FRAME_BYTES).enumerate() {
            if number % LOST_EACH == LOST_EACH - 1 { left.push(LOST) } else { left.extend(frame) }
        }
        self.write(to, &left)
    }
}

fn samples(bytes: &[u8]) -> Vec<f64> {
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs.iter().map(|pair| f64::from(i16::from_le_bytes(*pair))).collect()
}

/// How much louder speech is than what a coder has made of it differs from it: the mean of all segments in
/// which somebody speaks, in decibels.
fn likeness(speech: &[f64], heard: &[f64]) -> f64 {
    let length = speech.len().min(heard.len()) - DELAY_MAX;
    let product = |delay: &usize| -> f64 {
        speech[..length].iter().zip(&heard[*delay..]).map(|(one, other)| one * other).sum()
    };
    let delay = (0..DELAY_MAX).max_by(|one, other| product(one).total_cmp(&product(other))).unwrap_or(0);
    let segments = speech[..length].chunks_exact(SEGMENT).zip(heard[delay..].chunks_exact(SEGMENT));
    let spoken = segments.filter(|(speech, _)| power(speech) > POWER_MIN * SEGMENT as f64);
    let all: Vec<f64> = spoken.map(|(speech, heard)| ratio(speech, heard).clamp(-10.0, 35.0)).collect();
    all.iter().sum::<f64>() / all.len() as f64
}

fn ratio(wanted: &[f64], heard: &[f64]) -> f64 {
    let error: Vec<f64> = wanted.iter().zip(heard).map(|(one, other)| one - other).collect();
    10.0 * (power(wanted) / power(&error).max(1.0)).log10()
}

fn power(samples: &[f64]) -> f64 {
    samples.iter().map(|sample| sample * sample).sum()
}
