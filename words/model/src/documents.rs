//! All documents of a configuration.

use std::collections::BTreeMap;
use std::ops::{Deref, Range};
use std::sync::Arc;

use serde::Serialize;

use crate::announcement::Announcement;
use crate::capture::Capture;
use crate::conference::Conference;
use crate::console::Console;
use crate::deck::Deck;
use crate::directory::Directory;
use crate::emergency::{Emergency, Test};
use crate::fault::Fault;
use crate::link::Link;
use crate::music::Music;
use crate::observer::Observer;
use crate::offer::Offer;
use crate::orbit::Orbit;
use crate::problem::Problem;
use crate::push::Push;
use crate::recorder::Recorder;
use crate::rights::Rights;
use crate::route::{DialPlan, Route};
use crate::schedule::Schedule;
use crate::secret::SecretRef;
use crate::site::Site;
use crate::source::{Place, SourceFile};
use crate::spot::Spot;
use crate::system::{Interface, System};
use crate::trace::Trace;
use crate::trunk::Trunk;
use crate::user::{Numbers, User};
use crate::webhook::Webhook;

/// What is dialled to pick calls up where nothing else is written.
const PICKUP_CODE: &str = "*8";

/// One object as the operator wrote it.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Document<T> {
    #[serde(skip)]
    pub name: Arc<str>,
    #[serde(skip)]
    pub(crate) place: Place,
    pub value: T,
}

impl<T> Deref for Document<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Objects of one kind by name.
pub type Kind<T> = BTreeMap<Arc<str>, Document<T>>;

/// Everything that was written, and where; each kind in order of names.
#[derive(Clone, Debug, Serialize)]
pub struct Documents {
    #[serde(skip)]
    pub files: Vec<SourceFile>,
    pub system: Document<System>,
    pub interface: Kind<Interface>,
    pub link: Kind<Link>,
    pub site: Kind<Site>,
    pub trunk: Kind<Trunk>,
    pub user: Kind<User>,
    pub numbers: Kind<Numbers>,
    pub rights: Kind<Rights>,
    pub route: Kind<Route>,
    pub deck: Kind<Deck>,
    pub offer: Kind<Offer>,
    pub orbit: Kind<Orbit>,
    pub announcement: Kind<Announcement>,
    pub conference: Kind<Conference>,
    pub console: Kind<Console>,
    pub schedule: Kind<Schedule>,
    pub dialplan: Kind<DialPlan>,
    pub emergency: Kind<Emergency>,
    pub test: Kind<Test>,
    pub recorder: Kind<Recorder>,
    pub observer: Kind<Observer>,
    pub capture: Kind<Capture>,
    pub trace: Kind<Trace>,
    pub webhook: Kind<Webhook>,
    pub push: Kind<Push>,
    pub directory: Kind<Directory>,
    /// The texts of price lists, by the names of their files: whoever reads files puts them in.
    #[serde(skip)]
    pub lists: BTreeMap<Arc<str>, Arc<str>>,
    /// What files of sound hold, in the same way.
    #[serde(skip)]
    pub sounds: BTreeMap<Arc<str>, Arc<[u8]>>,
}

impl Documents {
    /// Where a document begins: `"routes.toml:31"`.
    pub fn location<T>(&self, document: &Document<T>) -> String {
        self.located(&document.place)
    }

    /// Where a value inside a document stands.
    pub fn location_of<T, U>(&self, document: &Document<T>, spot: &Spot<U>) -> String {
        self.located(&Place::new(document.place.file, spot.span.clone()))
    }

    /// A problem with a document as a whole.
    pub fn problem<T>(&self, document: &Document<T>, fault: Fault) -> Problem {
        self.files[document.place.file].problem(document.place.range(), fault)
    }

    /// A problem with a value inside a document.
    pub fn problem_at<T, U>(&self, document: &Document<T>, spot: &Spot<U>, fault: Fault) -> Problem {
        self.problem_in(document, spot.span.clone(), fault)
    }

    /// Every place where a secret is kept, with whom it belongs to.
    pub fn secret_refs(&self) -> impl Iterator<Item = &SecretRef> {
        let of_trunks =
            self.trunk.values().filter_map(|trunk| Some(&trunk.value.auth.as_ref()?.password.value));
        let of_users = self.user.values().filter_map(|user| Some(&user.value.password.as_ref()?.value));
        let of_captures = self.capture.values().filter_map(|one| Some(&one.value.key.as_ref()?.value));
        let of_observers = self.observer.values().filter_map(|one| Some(&one.value.key.as_ref()?.value));
        let of_rooms = self.conference.values().filter_map(|room| Some(&room.value.pin.as_ref()?.value));
        let of_phones = self.system.value.provisioning.iter().map(|one| &one.secret.value);
        let of_webhooks = self.webhook.values().map(|webhook| &webhook.value.secret.value);
        let of_pushes = self.push.values().map(|push| &push.value.secret.value);
        let of_storage =
            self.system.value.storage.iter().filter_map(|one| Some(&one.password.as_ref()?.value));
        let of_outposts =
            self.interface.values().filter_map(|one| Some(&one.value.turn.as_ref()?.password.value));
        let of_system = of_phones.chain(of_storage).chain(of_outposts);
        let of_programs = of_captures.chain(of_observers).chain(of_webhooks).chain(of_pushes);
        let of_directories =
            self.directory.values().filter_map(|one| Some(&one.value.password.as_ref()?.value));
        let of_people = of_trunks.chain(of_users).chain(of_rooms).chain(of_directories);
        of_people.chain(of_system).chain(of_programs)
    }

    /// Every file of sound that is named.
    pub fn sound_files(&self) -> impl Iterator<Item = &str> {
        let of_trunks = self.trunk.values().filter_map(|trunk| trunk.value.media.music.as_ref());
        let of_system = self.system.value.media.music.iter().chain(&self.system.value.recording.notice);
        let all = of_system.chain(of_trunks);
        let music = all.filter_map(|music| match &music.value {
            Music::File(name) => Some(&**name),
            Music::Off | Music::Tone => None,
        });
        music.chain(self.announcement.values().map(|announcement| &*announcement.file.0))
    }

    /// What is dialled to pick calls up, where it is written or somebody is in a pickup group.
    pub fn pickup_code(&self) -> Option<&str> {
        let written = self.system.pickup_code.as_ref().map(|code| code.as_str());
        let has_groups = || self.user.values().any(|user| user.pickup_group.is_some());
        written.or_else(|| has_groups().then_some(PICKUP_CODE))
    }

    fn problem_in<T>(&self, document: &Document<T>, span: Range<usize>, fault: Fault) -> Problem {
        self.files[document.place.file].problem(span, fault)
    }

    fn located(&self, place: &Place) -> String {
        let (file, range) = self.files[place.file].at(place.range());
        format!("{}:{}", file.name, file.position(range.start).0)
    }
}
