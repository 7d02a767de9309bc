//! Two far ends without a house between them: what one says, the other understands.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use actors::{Actor, ActorInput, ActorOut, Deed, Ended, Habit, LegId, Note, Parcel, Profile, Sound, Stage};

const CALL: LegId = LegId(1);

/// Two actors and a wire that takes ten milliseconds.
struct Scene {
    now: Instant,
    actors: [Actor; 2],
    notes: [Vec<Note>; 2],
    wire: BTreeMap<(Instant, u64), Parcel>,
    sent: u64,
}

impl Scene {
    fn new(change: impl FnOnce(&mut Profile, &mut Profile)) -> Scene {
        let [ann, bob]: [SocketAddr; 2] = ["192.0.2.1:5060", "192.0.2.2:5060"].map(|it| it.parse().unwrap());
        let mut profiles = [Profile::phone("ann", ann, bob), Profile::phone("bob", bob, ann)];
        let [one, other] = &mut profiles;
        change(one, other);
        let mut seed = 0;
        let actors = profiles.map(|profile| {
            seed += 1;
            Actor::new(profile, seed)
        });
        Scene { now: Instant::now(), actors, notes: [vec![], vec![]], wire: BTreeMap::new(), sent: 0 }
    }

    fn tell(&mut self, index: usize, input: ActorInput<'_>) {
        let mut out = ActorOut::default();
        self.actors[index].handle(self.now, input, &mut out);
        self.notes[index].extend(out.notes.into_iter().map(|noted| noted.what));
        for parcel in out.sends {
            self.sent += 1;
            self.wire.insert((self.now + Duration::from_millis(10), self.sent), parcel);
        }
    }

    fn ann_does(&mut self, deed: Deed) {
        self.tell(0, ActorInput::Do(deed));
    }

    fn ann_calls(&mut self) {
        self.ann_does(Deed::Call { leg: CALL, to: "sip:bob@192.0.2.2".to_owned() });
    }

    fn runs_for(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let arrival = self.wire.first_key_value().map(|((at, _), _)| *at);
            let due = [arrival, self.actors[0].deadline(), self.actors[1].deadline()];
            let Some(next) = due.into_iter().flatten().min().filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            if arrival == Some(next) {
                let (_, parcel) = self.wire.pop_first().unwrap();
                let Parcel { transport, from, to, bytes } = parcel;
                let index = usize::from(to.ip() == self.actors[1].profile().sip.ip());
                self.tell(index, ActorInput::Received { from, to, transport, bytes: &bytes });
            } else {
                let index = usize::from(self.actors[0].deadline() != Some(next));
                self.tell(index, ActorInput::Deadline);
            }
        }
        self.now = end;
    }

    fn ended(&self, index: usize) -> Option<&Note> {
        self.notes[index].iter().find(|note| matches!(note, Note::Ended(_)))
    }
}

#[test]
fn they_call_talk_and_hang_up() {
    let mut scene = Scene::new(|_, _| {});

    scene.ann_calls();
    scene.runs_for(Duration::from_secs(3));
    assert_eq!(scene.actors[0].leg(CALL).unwrap().stage, Stage::Up);
    assert!(scene.notes.iter().all(|notes| notes.iter().any(|note| matches!(note, Note::Heard { .. }))));

    scene.ann_does(Deed::HangUp(CALL));
    scene.runs_for(Duration::from_secs(40));
    assert_eq!(scene.ended(0), Some(&Note::Ended(Ended::ByUs)));
    assert_eq!(scene.ended(1), Some(&Note::Ended(Ended::ByPeer)));
    assert!(scene.actors.iter().all(Actor::is_idle));
}

#[test]
fn each_recognises_the_tone_of_the_other() {
    let mut scene = Scene::new(|ann, bob| {
        ann.sound = Sound::Tone(440);
        bob.sound = Sound::Tone(1000);
    });

    scene.ann_calls();
    scene.runs_for(Duration::from_secs(3));

    assert!(scene.notes[0].contains(&Note::HeardTone { hertz: 1000 }));
    assert!(scene.notes[1].contains(&Note::HeardTone { hertz: 440 }));
}

#[test]
fn an_echo_brings_back_what_was_said() {
    let mut scene = Scene::new(|ann, bob| {
        ann.sound = Sound::Tone(600);
        bob.sound = Sound::Echo;
    });

    scene.ann_calls();
    scene.runs_for(Duration::from_secs(3));

    assert!(scene.notes[0].contains(&Note::HeardTone { hertz: 600 }));
}

#[test]
fn a_call_that_rings_can_be_cancelled() {
    let mut scene = Scene::new(|_, bob| bob.habits.push(Habit::RingsForever));

    scene.ann_calls();
    scene.runs_for(Duration::from_secs(3));
    scene.ann_does(Deed::HangUp(CALL));
    scene.runs_for(Duration::from_secs(1));

    assert_eq!(scene.ended(0), Some(&Note::Ended(Ended::Cancelled)));
    assert_eq!(scene.ended(1), Some(&Note::Ended(Ended::Cancelled)));
}

#[test]
fn nobody_waits_for_ever_for_a_silent_one() {
    let mut scene = Scene::new(|_, bob| bob.habits.push(Habit::Silent));

    scene.ann_calls();
    scene.runs_for(Duration::from_secs(40));

    assert_eq!(scene.ended(0), Some(&Note::Ended(Ended::TimedOut)));
}

#[test]
fn a_held_peer_says_nothing_until_it_is_resumed() {
    let mut scene = Scene::new(|_, _| {});
    scene.ann_calls();
    scene.runs_for(Duration::from_secs(3));

    scene.ann_does(Deed::Hold(CALL));
    scene.runs_for(Duration::from_secs(1));
    let heard = scene.actors[0].leg(CALL).unwrap().packets_heard;
    scene.runs_for(Duration::from_secs(3));
    assert_eq!(scene.actors[0].leg(CALL).unwrap().packets_heard, heard);

    scene.ann_does(Deed::Resume(CALL));
    scene.runs_for(Duration::from_secs(1));
    assert!(scene.actors[0].leg(CALL).unwrap().packets_heard > heard);
}
