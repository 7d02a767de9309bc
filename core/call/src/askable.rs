//! Which of the places that a far end names may be asked by checks of ours: no description makes us write to
//! whom its writer could not reach, or to our own people.

use std::net::IpAddr;

use media::{Half, is_inside};
use model::Side;
use sdp::{Candidate, Component};

/// More of them are not asked (RFC 8445, 6.1.2.5 and 19.5.1), the worst first.
const ASKED_MAX: usize = 16;

/// Those of them that are asked from an address of ours.
pub(crate) fn askable<'a>(
    named: impl Iterator<Item = &'a Candidate>,
    local: IpAddr,
    side: Side,
) -> Vec<media::Candidate> {
    let may_be_asked = named.filter(|one| may_be_asked(one.place.ip(), local, side));
    let asked = may_be_asked.take(ASKED_MAX).map(|one| media::Candidate {
        half: match one.component {
            Component::Media => Half::Rtp,
            Component::Reports => Half::Rtcp,
        },
        place: one.place,
        priority: one.priority,
        foundation: one.foundation,
    });
    asked.collect()
}

fn may_be_asked(place: IpAddr, local: IpAddr, side: Side) -> bool {
    let (place, local) = (place.to_canonical(), local.to_canonical());
    if place.is_ipv4() != local.is_ipv4() {
        return false;
    }
    // Somebody on the same machine, or on the same cable, is neither from elsewhere (RFC 8445, 6.1.2.2).
    if place.is_loopback() || is_link_local(place) {
        return place.is_loopback() == local.is_loopback() && is_link_local(place) == is_link_local(local);
    }
    // An inner address of somebody outside is one of his network, and here it would be one of ours. If he is
    // here after all, his own checks say so.
    !is_inside(place) || side == Side::Inside && is_inside(local)
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn g1_only_those_are_asked_whom_a_far_end_may_know() {
        let rows = [
            ("203.0.113.5", "198.51.100.1", [true, true]),
            ("203.0.113.5", "10.0.0.2", [true, true]),
            ("10.0.0.5", "10.0.0.2", [false, true]),
            ("10.0.0.5", "198.51.100.1", [false, false]),
            ("100.64.0.5", "10.0.0.2", [false, true]),
            ("::ffff:10.0.0.5", "198.51.100.1", [false, false]),
            ("127.0.0.1", "10.0.0.2", [false, false]),
            ("127.0.0.1", "127.0.0.1", [true, true]),
            ("169.254.1.1", "10.0.0.2", [false, false]),
            ("2001:db8::5", "198.51.100.1", [false, false]),
            ("2001:db8::5", "2001:db8::1", [true, true]),
            ("fd00::5", "2001:db8::1", [false, false]),
            ("fd00::5", "fd00::1", [false, true]),
            ("fe80::5", "fd00::1", [false, false]),
            ("fe80::5", "fe80::1", [true, true]),
            ("::1", "2001:db8::1", [false, false]),
        ];
        for (place, local, wanted) in rows {
            let (place, local) = (place.parse().unwrap(), local.parse().unwrap());
            let asked = [Side::Outside, Side::Inside].map(|side| may_be_asked(place, local, side));
            assert_eq!(asked, wanted, "{place} from {local}");
        }
    }

    #[test]
    fn g1_of_many_places_the_best_are_asked() {
        let named: Vec<Candidate> = (0..32)
            .map(|at| Candidate {
                component: Component::Media,
                place: ([203, 0, 113, 5], 4000 + at).into(),
                priority: 1000 - u32::from(at),
                foundation: 0,
            })
            .collect();

        let asked = askable(named.iter(), [198, 51, 100, 1].into(), Side::Outside);

        assert_eq!((asked.len(), asked[0].priority, asked[15].priority), (16, 1000, 985));
    }
}
