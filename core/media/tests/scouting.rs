//! What is said to servers outside before a call needs to know how its ports are seen there (RFC 8489, 8656).
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{
    Found, Half, Host, LETTER_MAX, Outer, OutpostAccount, Outposts, PortBook, PortPair, Scouting, Scouts,
    Seen, Unseen, Wanted,
};
use server::{NONCE, PASSWORD, SERVER, Server, USER};

mod server;

const MS: Duration = Duration::from_millis(1);
const MAPPED: &str = "203.0.113.5:61000";
const MAPPED_REPORTS: &str = "203.0.113.5:61001";
const OTHER: &str = "203.0.113.5:62000";

#[test]
fn g2_a_server_says_where_it_sees_both_ports() {
    let mut asked = Asked::new(None, None);

    asked.run(|server, half| server.sees(place(half)));

    let found = asked.end();
    let outer = found.outer.unwrap();
    assert_eq!((outer.server, found.why), (server(), None));
    assert_eq!(seen(&outer), [Some(MAPPED.to_owned()), Some(MAPPED_REPORTS.to_owned())]);
    assert_eq!(asked.sent_at_ms, [0, 0]);
}

/// RFC 8489, 6.2.1.
#[test]
fn g2_a_server_that_does_not_answer_is_asked_three_times() {
    let mut asked = Asked::new(Some(account()), None);

    asked.run(|_, _| Vec::new());

    assert_eq!(asked.end(), Found { outer: None, why: Some(Unseen::Silent) });
    assert_eq!(asked.sent_at_ms, [0, 0, 500, 500, 1500, 1500]);
}

/// RFC 8489, 9.2, and RFC 8656, 7: nothing of ours is said before the server has said for whom.
#[test]
fn g2_a_place_is_given_to_who_shows_the_right_name_and_password() {
    let mut asked = Asked::new(Some(account()), None);

    asked.run(|server, half| server.gives_place(place(half)));

    let found = asked.end();
    let outer = found.outer.unwrap();
    assert_eq!(seen(&outer), [Some(MAPPED.to_owned()), Some(MAPPED_REPORTS.to_owned())]);
    for half in &outer.halves {
        let detour = half.detour.as_ref().unwrap();
        assert_eq!(detour.place.ip(), server().ip());
        assert_eq!(detour.until, asked.begun + Duration::from_secs(600));
    }
    assert_eq!(asked.server.unproven, 2, "the first question of each port says no name");
}

#[test]
fn g2_a_word_that_has_become_stale_is_followed_by_the_new_one() {
    let mut asked = Asked::new(Some(account()), None);
    asked.server.stale = 1;

    asked.run(|server, half| server.gives_place(place(half)));

    assert!(asked.end().outer.unwrap().halves.iter().all(|half| half.detour.is_some()));
}

/// RFC 8656, 7.4: 401 once more, 403, 437, 486, 508. It still says where it sees us.
#[test]
fn g2_who_is_given_no_place_learns_at_least_how_it_is_seen() {
    for code in [401, 403, 437, 486, 508] {
        let mut asked = Asked::new(Some(account()), None);
        asked.server.refuses = Some(code);

        asked.run(|server, half| server.gives_place(place(half)));

        let found = asked.end();
        assert_eq!(found.why, Some(Unseen::Refused(code)));
        let outer = found.outer.unwrap();
        assert!(outer.halves.iter().all(|half| half.place.is_some() && half.detour.is_none()), "{code}");
        assert!(asked.sent_at_ms.len() <= 6, "{code}: {:?}", asked.sent_at_ms);
    }
}

/// RFC 8489, 9.2.5: neither a place nor a refusal is believed that is not proven.
#[test]
fn g1_who_does_not_know_our_password_gives_no_place_and_takes_none() {
    for refuses in [None, Some(486)] {
        let mut asked = Asked::new(Some(account()), None);
        (asked.server.is_impostor, asked.server.refuses) = (true, refuses);

        asked.run(|server, half| server.gives_place(place(half)));

        assert_eq!(asked.end(), Found { outer: None, why: Some(Unseen::Silent) });
    }
}

/// Who looks like another from outside than before has no place there any more.
#[test]
fn g2_a_place_is_kept_while_the_nat_before_us_does_not_change() {
    for (now_seen, is_kept) in [(MAPPED, true), (OTHER, false)] {
        let mut first = Asked::new(Some(account()), None);
        first.run(|server, half| server.gives_place(place(half)));
        let before = first.end().outer.unwrap();

        let mut again = Asked::new(Some(account()), Some(&before));
        again.run(|server, half| match half {
            Half::Rtp => server.gives_place(now_seen.parse().unwrap()),
            Half::Rtcp => server.gives_place(place(half)),
        });

        let outer = again.end().outer.unwrap();
        assert_eq!(outer.halves[0].detour.is_some(), is_kept, "{now_seen}");
        assert!(outer.halves[1].detour.is_some());
    }
}

/// A name of a question that nobody can know is what an answer is believed by (RFC 8489, 5).
#[test]
fn g2_what_is_no_answer_to_us_says_nothing() {
    let mut asked = Asked::new(None, None);
    let mut wrong = Server::new();

    asked.run(|server, half| {
        let answer = server.sees(OTHER.parse().unwrap());
        let mut of_other = answer.clone();
        of_other[10] ^= 1;
        wrong.forget();
        if half == Half::Rtp { of_other } else { server.sees(SocketAddr::from(([0, 0, 0, 0], 7))) }
    });

    assert_eq!(asked.end().outer, None);
}

#[test]
fn g2_a_few_pairs_are_asked_about_before_anybody_needs_one_and_again_while_they_wait() {
    let (now, mut book) = (Instant::now(), book());
    let mut scouts = Scouts::new(now, posts());
    let asked: Vec<PortPair> = questions(&mut scouts, now, &mut book);
    assert_eq!((asked.len(), scouts.take().is_none(), scouts.held()), (4, true, 4));

    for ports in &asked {
        scouts.hear(now, *ports, known(), &mut book);
    }

    let (taken, outer) = scouts.take().unwrap();
    assert!(asked.contains(&taken) && outer.halves[0].place.is_some());
    let next = questions(&mut scouts, now, &mut book);
    assert!(next.len() == 1 && !asked.contains(&next[0]), "another one is asked about in its place");
    assert_eq!(scouts.due(), Some(now + 20_000 * MS));
    let again = questions(&mut scouts, now + 20_000 * MS, &mut book);
    assert_eq!(again.len(), 3, "{again:?}");
    assert!(scouts.take().is_none(), "while it is asked nobody may have it");
}

#[test]
fn g2_a_server_that_does_not_answer_is_asked_by_one_and_more_seldom() {
    let (now, mut book) = (Instant::now(), book());
    let mut scouts = Scouts::new(now, posts());
    let (mut at, mut begun) = (now, Vec::new());
    for _ in 0..6 {
        let asked = questions(&mut scouts, at, &mut book);
        begun.push(((at - now).as_secs(), asked.len()));
        let silent = || Found { outer: None, why: Some(Unseen::Silent) };
        asked.iter().for_each(|ports| scouts.hear(at, *ports, silent(), &mut book));
        at = scouts.due().unwrap().max(at);
    }

    assert_eq!(begun, [(0, 4), (5, 1), (15, 1), (35, 1), (75, 1), (135, 1)]);
    assert_eq!((scouts.held(), scouts.why()), (0, Some(Unseen::Silent)));
}

/// RFC 8656, 7.4: at least a minute for 486 and 508, two for 437.
#[test]
fn g2_who_gives_no_more_places_is_asked_for_none_for_two_minutes() {
    let (now, mut book) = (Instant::now(), book());
    let mut scouts = Scouts::new(now, posts());
    let asked = questions(&mut scouts, now, &mut book);

    let refused = Found { why: Some(Unseen::Refused(486)), ..known() };
    asked.iter().for_each(|ports| scouts.hear(now, *ports, refused.clone(), &mut book));

    let mut wanted = |at| {
        scouts.take();
        let scout = scouts.next(at, || [7; 16], &mut book).unwrap();
        scouts.hear(at, scout.ports, known(), &mut book);
        scout.detour
    };
    assert_eq!(wanted(now + 1_000 * MS), Wanted::NotNow);
    assert_eq!(wanted(now + 120_000 * MS), Wanted::Yes);
}

#[test]
fn g2_where_nobody_is_asked_any_more_all_pairs_go_back() {
    let (now, mut book) = (Instant::now(), book());
    let mut scouts = Scouts::new(now, posts());
    let asked = questions(&mut scouts, now, &mut book);
    asked.iter().skip(1).for_each(|ports| scouts.hear(now, *ports, known(), &mut book));

    scouts.ask_others(now, Arc::default(), &mut book);
    assert_eq!((scouts.held(), book.in_use()), (1, 1), "one is still asked about");
    scouts.hear(now, asked[0], known(), &mut book);

    assert_eq!((scouts.held(), book.in_use()), (0, 0));
    assert_eq!((scouts.due(), scouts.take().is_none()), (None, true));
}

/// An answer that was lost on its way to us costs no port.
#[test]
fn g2_a_pair_of_which_nobody_says_anything_is_free_again() {
    let (now, mut book) = (Instant::now(), book());
    let mut scouts = Scouts::new(now, posts());
    let asked = questions(&mut scouts, now, &mut book);

    let again = questions(&mut scouts, now + 120_000 * MS, &mut book);

    assert_eq!((asked.len(), again.len(), book.in_use()), (4, 4, 4));
}

fn questions(scouts: &mut Scouts, now: Instant, book: &mut PortBook) -> Vec<PortPair> {
    std::iter::from_fn(|| scouts.next(now, || [7; 16], book)).map(|scout| scout.ports).collect()
}

fn book() -> PortBook {
    PortBook::new(IpAddr::from([10, 0, 0, 2]), 20_000..=20_199, Duration::from_secs(5))
}

fn posts() -> Arc<Outposts> {
    let host = Host { name: "stun.test".into(), port: 3478 };
    Arc::new(Outposts { stun: Some(host), turn: Some(account()) })
}

fn account() -> OutpostAccount {
    let host = Host { name: "turn.test".into(), port: 3478 };
    OutpostAccount { host, username: USER.into(), password: PASSWORD.into() }
}

fn known() -> Found {
    let halves = [MAPPED, MAPPED_REPORTS].map(|place| Seen { place: place.parse().ok(), detour: None });
    Found { outer: Some(Arc::new(Outer { server: server(), halves, secret: [7; 16] })), why: None }
}

fn server() -> SocketAddr {
    SERVER.parse().unwrap()
}

fn place(half: Half) -> SocketAddr {
    if half == Half::Rtp { MAPPED.parse().unwrap() } else { MAPPED_REPORTS.parse().unwrap() }
}

fn seen(outer: &Outer) -> [Option<String>; 2] {
    outer.halves.each_ref().map(|half| half.place.map(|place| place.to_string()))
}

/// One conversation, in virtual time.
struct Asked {
    scouting: Option<Scouting>,
    server: Server,
    begun: Instant,
    sent_at_ms: Vec<u128>,
}

impl Asked {
    fn new(account: Option<OutpostAccount>, before: Option<&Outer>) -> Asked {
        let begun = Instant::now();
        let secret = if before.is_some() { [8; 16] } else { [7; 16] };
        let scouting = Some(Scouting::new(begun, server(), account, (before, secret)));
        Asked { scouting, server: Server::new(), begun, sent_at_ms: Vec::new() }
    }

    /// Until nothing is left to be said; the server's answers come at once.
    fn run(&mut self, mut answer: impl FnMut(&mut Server, Half) -> Vec<u8>) {
        let scouting = self.scouting.as_mut().unwrap();
        let mut now = self.begun;
        while let Some(due) = scouting.due() {
            now = now.max(due);
            let mut room = [0; LETTER_MAX];
            let Some((half, length)) = scouting.next(now, &mut room) else { continue };
            self.sent_at_ms.push((now - self.begun).as_millis());
            self.server.hears(&room[..length]);
            let said = answer(&mut self.server, half);
            scouting.take(now, half, server(), &said);
        }
        assert_eq!(self.server.nonce(), NONCE);
    }

    fn end(&mut self) -> Found {
        self.scouting.take().unwrap().end()
    }
}
