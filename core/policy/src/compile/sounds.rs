//! Files of sound, and who hears them.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use model::{Code, Document, Documents, Fault, KeptAt, NoCall, Refusals, Spot};
use sound::{NotPlayable, Recording, Tone, Tones};

use crate::aloud::{Aloud, Said};
use crate::compile::Compiler;
use crate::habits::Habits;
use crate::limit::{Limit, Unit};
use crate::music::{Music, Sound};
use crate::numbering::Country;
use crate::policy::Interface;
use crate::recorder::RecordingRules;

/// So many are refused aloud at once; further ones are refused at once, as if nothing was to be heard.
const ALOUD_MAX: u32 = 200;
const ANNOUNCEMENT_MS_MAX: u32 = 60_000;

/// What a far end of a trunk hears of ours.
pub(super) struct Heard {
    pub music: Music,
    pub ringback: Arc<Tone>,
    pub aloud: Option<Arc<Aloud>>,
}

/// An `[announcement.*]`.
pub(super) struct Announced {
    name: Arc<str>,
    on: Vec<NoCall>,
    /// Everywhere, where there are none.
    sites: Vec<Arc<str>>,
    recording: Arc<Recording>,
}

/// What tells in many countries that a call is recorded: half a second of 1400 Hz.
fn beep() -> Arc<Tone> {
    Arc::new(Tone::parse("1400/500 0/60000").expect("it is written as tones are"))
}

/// What has been read of files of sound, and the tone that stands for them.
pub(super) struct Sounds {
    older: BTreeMap<Arc<str>, Sound>,
    pub read: BTreeMap<Arc<str>, Sound>,
    waiting: Arc<Tone>,
    announced: Vec<Announced>,
}

impl Sounds {
    pub fn new(older: BTreeMap<Arc<str>, Sound>) -> Sounds {
        let waiting = Arc::new(Tone::waiting());
        Sounds { older, read: BTreeMap::new(), waiting, announced: Vec::new() }
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

    /// What whoever is at a trunk's far end hears while they wait, while it rings, and before a refusal.
    pub(super) fn heard_at(
        &mut self,
        trunk: &Document<model::Trunk>,
        usual: &Music,
        place: &Habits,
    ) -> Heard {
        let own = trunk.media.music.as_ref().map(|own| self.music(trunk, own));
        let site = trunk.site.as_ref().map(|site| site.as_str());
        Heard {
            music: own.unwrap_or_else(|| usual.clone()),
            ringback: place.ringback.clone(),
            aloud: self.aloud(trunk.media.refusals, &place.country, site),
        }
    }

    /// Reads what is announced to whoever is refused; nothing is announced in two ways at one place.
    pub(super) fn announcements(&mut self) {
        let documents = self.documents;
        for document in documents.announcement.values() {
            let sites = self.resolve_all(document, &document.sites, &documents.site, "site");
            let read = self.recording(&document.file.0).and_then(|recording| short(document, recording));
            let recording = match read {
                Ok(recording) => recording,
                Err(fault) => {
                    self.problems.push(documents.problem_at(document, &document.file, fault));
                    continue;
                }
            };
            let new =
                Announced { name: document.name.clone(), on: document.on.value.clone(), sites, recording };
            if let Some((other, why)) = self.sounds.announced.iter().find_map(|other| other.clash(&new)) {
                let words = format!("\"{}\" is announced by \"{other}\" there already", why.word());
                let fault = Fault::new(Code::CONTRADICTION, words);
                self.problems.push(documents.problem_at(document, &document.on, fault));
            }
            self.sounds.announced.push(new);
        }
    }

    /// What is heard in a country, at a site, before a refusal.
    pub(super) fn aloud(
        &self,
        refusals: Refusals,
        country: &Country,
        site: Option<&str>,
    ) -> Option<Arc<Aloud>> {
        if refusals == Refusals::Off {
            return None;
        }
        let tones = Tones::of(&country.id);
        let said = |why| match self.announced(refusals, why, site) {
            Some(announced) => Said::Announcement(announced.name.clone(), announced.recording.clone()),
            None => tone_for(why, &tones),
        };
        Some(Arc::new(Aloud::new(said)))
    }

    /// What is announced there: rather what is for that site than what is for all.
    fn announced(&self, refusals: Refusals, why: NoCall, site: Option<&str>) -> Option<&Announced> {
        let meant = || self.sounds.announced.iter().filter(|one| one.on.contains(&why));
        let of_site = site.and_then(|site| meant().find(|one| one.sites.iter().any(|own| **own == *site)));
        let found = of_site.or_else(|| meant().find(|one| one.sites.is_empty()));
        found.filter(|_| refusals == Refusals::Announce)
    }

    /// What is heard when a recording begins, what it is written as, for how long it stays, and where.
    pub(super) fn recordings(&mut self, interfaces: &[Interface]) -> RecordingRules {
        let recorders = self.recorders(interfaces);
        let system = &self.documents.system;
        let notice = match &system.recording.notice {
            Some(notice) if notice.value == model::Music::Tone => Music::Tone(beep()),
            Some(notice) => self.music(system, notice),
            None => Music::Tone(beep()),
        };
        let recording = &system.recording;
        RecordingRules {
            notice,
            format: recording.format.unwrap_or_default(),
            keep_days: recording.days(),
            in_files: recording.to.as_ref().is_none_or(|to| to.value != KeptAt::Recorder),
            without_recorder: recording.without_recorder,
            packets: system.packets,
            recorders,
        }
    }

    /// How many may hear why they are refused at once, where anybody does.
    pub(super) fn aloud_limit(&self) -> Option<Arc<Limit>> {
        let documents = self.documents;
        let of_sites = documents.site.values().filter_map(|site| site.media.refusals);
        let of_trunks = documents.trunk.values().map(|trunk| trunk.media.refusals);
        let mut all = of_sites.chain(of_trunks).chain([documents.system.media.refusals]);
        let is_any = all.any(|refusals| refusals != Refusals::Off);
        is_any.then(|| self.limit("refusals said aloud".to_owned(), Unit::Calls, ALOUD_MAX))
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

impl Announced {
    /// Whether another is for the same callers and the same reason.
    fn clash(&self, other: &Announced) -> Option<(Arc<str>, NoCall)> {
        let is_same_place = self.sites.is_empty() && other.sites.is_empty()
            || self.sites.iter().any(|site| other.sites.contains(site));
        let why = self.on.iter().copied().find(|why| other.on.contains(why)).filter(|_| is_same_place)?;
        Some((self.name.clone(), why))
    }
}

/// Whoever is refused does not wait for longer to be told.
fn short(
    document: &Document<model::Announcement>,
    recording: Arc<Recording>,
) -> Result<Arc<Recording>, Fault> {
    if recording.ms() <= ANNOUNCEMENT_MS_MAX {
        return Ok(recording);
    }
    let words = format!("\"{}\" is longer than a minute", document.file.0);
    Err(Fault::new(Code::SOUND, words).suggest("an announcement of a few seconds"))
}

/// What is heard in a country while it rings.
pub(super) fn ringback_in(country: &Arc<Country>) -> Arc<Tone> {
    Arc::new(Tones::of(&country.id).ringback)
}

/// What is heard in a country instead of a call that comes to nothing.
pub(super) fn tones_in(country: &Country) -> Arc<Aloud> {
    let tones = Tones::of(&country.id);
    Arc::new(Aloud::new(|why| tone_for(why, &tones)))
}

fn tone_for(why: NoCall, tones: &Tones) -> Said {
    let tone = match why {
        NoCall::Unassigned => &tones.unobtainable,
        NoCall::Busy => &tones.busy,
        NoCall::Full | NoCall::Forbidden | NoCall::Unreachable => &tones.congestion,
    };
    Said::Tone(Arc::new(tone.clone()))
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
