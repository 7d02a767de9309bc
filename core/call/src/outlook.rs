//! How our ports look from outside, as far as a server there has said: far ends are told, and so is whoever
//! asks of a call why it went as it did.

use std::sync::Arc;

use media::{Outer, PortPair, Seen, Unseen};
use sdp::{Component, OuterKind, OuterPlace, Way};

/// How a pair of ports is seen.
#[derive(Clone, Debug)]
pub(crate) enum Outlook {
    /// As a server has said; more was asked, where there is a reason.
    Seen(Arc<Outer>, Option<Unseen>),
    Unseen(Unseen),
    /// Nobody outside is asked at its interface.
    Unasked,
}

/// Those of a side's ports; in one box, as hardly any side has any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outlooks(Option<Box<Known>>);

#[derive(Clone, Debug, Default)]
struct Known {
    of_pairs: Vec<(PortPair, Option<Arc<Outer>>)>,
    /// What nobody was told yet.
    words: Vec<String>,
}

impl Outlooks {
    pub fn note(&mut self, pair: PortPair, outlook: Outlook) {
        let (outer, words) = match outlook {
            Outlook::Unasked => return,
            Outlook::Unseen(why) => (None, format!("port {} is not seen from outside: {why}", pair.port)),
            Outlook::Seen(outer, why) => {
                let words = in_words(pair, &outer, why);
                (Some(outer), words)
            }
        };
        let known = self.0.get_or_insert_default();
        known.of_pairs.retain(|(one, _)| *one != pair);
        known.of_pairs.push((pair, outer));
        known.words.push(words);
    }

    /// What is new of them, in words.
    pub fn take_words(&mut self) -> Vec<String> {
        self.0.as_mut().map(|known| std::mem::take(&mut known.words)).unwrap_or_default()
    }

    /// What a server has said of a pair.
    pub fn of(&self, pair: PortPair) -> Option<&Arc<Outer>> {
        let known = self.0.as_ref()?;
        known.of_pairs.iter().find(|(one, _)| *one == pair)?.1.as_ref()
    }

    /// Only these pairs are still there.
    pub fn keep(&mut self, pairs: &[PortPair]) {
        if let Some(known) = &mut self.0 {
            known.of_pairs.retain(|(pair, _)| pairs.contains(pair));
        }
    }

    /// Far ends that are told of these pairs are told how they are seen.
    pub fn tell(&self, pairs: &[PortPair], ways: &mut [Way]) {
        for (pair, way) in pairs.iter().zip(ways) {
            way.outer = self.of(*pair).map(|outer| places(outer)).unwrap_or_default();
        }
    }
}

/// Those that a NAT lends before those at a server.
fn places(outer: &Outer) -> Vec<OuterPlace> {
    let halves = [Component::Media, Component::Reports].into_iter().zip(&outer.halves);
    let reflexive = |(component, half): (Component, &Seen)| {
        let place = half.place?;
        Some(OuterPlace { component, kind: OuterKind::Reflexive, place, seen: None })
    };
    let relayed = |(component, half): (Component, &Seen)| {
        let place = half.detour.as_ref()?.place;
        Some(OuterPlace { component, kind: OuterKind::Relayed, place, seen: half.place })
    };
    halves.clone().filter_map(reflexive).chain(halves.filter_map(relayed)).collect()
}

fn in_words(pair: PortPair, outer: &Outer, why: Option<Unseen>) -> String {
    let Outer { server, halves: [media, _], .. } = outer;
    let seen = media.place.map(|place| format!("is seen as {place}"));
    let relayed = media.detour.as_ref().map(|detour| format!("is found at {}, too", detour.place));
    let said: Vec<String> = seen.into_iter().chain(relayed).collect();
    let less = why.map(|why| format!("; no more is known: {why}")).unwrap_or_default();
    format!("port {} {}, as {server} has said{less}", pair.port, said.join(", "))
}
