//! Files of sound, and who hears them.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use model::{Code, Document, Documents, Fault, Spot};
use sound::{NotPlayable, Recording, Tone, Tones};

use crate::compile::Compiler;
use crate::music::{Music, Sound};
use crate::numbering::Country;
use crate::policy::Habits;

/// What has been read of files of sound, and the tone that stands for them.
pub(super) struct Sounds {
    older: BTreeMap<Arc<str>, Sound>,
    pub read: BTreeMap<Arc<str>, Sound>,
    waiting: Arc<Tone>,
}

impl Sounds {
    pub fn new(older: BTreeMap<Arc<str>, Sound>) -> Sounds {
        Sounds { older, read: BTreeMap::new(), waiting: Arc::new(Tone::waiting()) }
    }
}

impl Compiler<'_> {
    /// What is heard where nothing else is said.
    pub(super) fn music_of_house(&mut self) -> Music {
        let system = &self.documents.system;
        match &system.media.music {
            Some(music) => self.music(system, music),
            None => Music::Tone(Arc::clone(&self.sounds.waiting)),
        }
    }

    /// What whoever is at a trunk's far end hears while they wait, and while it rings.
    pub(super) fn heard_at(
        &mut self,
        trunk: &Document<model::Trunk>,
        usual: &Music,
        place: &Habits,
    ) -> (Music, Arc<Tone>) {
        let own = trunk.media.music.as_ref().map(|own| self.music(trunk, own));
        (own.unwrap_or_else(|| usual.clone()), place.ringback.clone())
    }

    /// What a word or the name of a file comes to.
    pub(super) fn music<T>(&mut self, from: &Document<T>, music: &Spot<model::Music>) -> Music {
        match &music.value {
            model::Music::Off => Music::Nothing,
            model::Music::Tone => Music::Tone(Arc::clone(&self.sounds.waiting)),
            model::Music::File(name) => match self.recording(name) {
                Ok(recording) => Music::Recording(recording),
                Err(fault) => {
                    self.problems.push(self.documents.problem_at(from, music, fault));
                    Music::Nothing
                }
            },
        }
    }

    /// A file is read once; one that has not changed is taken over from the older revision.
    fn recording(&mut self, name: &str) -> Result<Arc<Recording>, Fault> {
        if let Some(known) = self.sounds.read.get(name) {
            return Ok(Arc::clone(&known.recording));
        }
        let Some(file) = self.documents.sounds.get(name) else {
            let fault = Fault::new(Code::SOUND, format!("there is no file \"{name}\" that can be read"));
            return Err(fault.suggest("its name begins at the configuration's directory"));
        };
        let print = print_of(file);
        let known = self.sounds.older.get(name).filter(|known| known.print == print);
        let recording = match known {
            Some(known) => Arc::clone(&known.recording),
            None => Arc::new(Recording::from_wav(file).map_err(|why| fault(name, why))?),
        };
        self.sounds.read.insert(name.into(), Sound { print, recording: Arc::clone(&recording) });
        Ok(recording)
    }
}

/// What is heard in a country while it rings.
pub(super) fn ringback_in(country: &Arc<Country>) -> Arc<Tone> {
    Arc::new(Tones::of(&country.id).ringback)
}

fn fault(name: &str, why: NotPlayable) -> Fault {
    let fault = Fault::new(Code::SOUND, format!("\"{name}\" cannot be played: {why}"));
    match why {
        NotPlayable::Short | NotPlayable::Long => fault.suggest("a piece of 20 ms to ten minutes"),
        _ => fault.suggest(format!("sox \"{name}\" -b 16 -r 16000 -c 1 better.wav")),
    }
}

/// Tells the contents of files of sound apart, by their names.
pub fn sound_prints(documents: &Documents) -> BTreeMap<Arc<str>, u64> {
    documents.sounds.iter().map(|(name, file)| (name.clone(), print_of(file))).collect()
}

fn print_of(file: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    file.hash(&mut hasher);
    hasher.finish()
}
