//! Two houses that point at each other.
// A test has no shell to be given its first `now` by.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod house;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use house::{flow_from, policy_of, settings_at};
use media::Figures;
use policy::WallTime;
use switch::{Held, Input, Now, Outbox, Received, Settings, Switch};

const CALLER: &str = "127.0.0.9:5060";

fn documents(own: &str, other: &str, country: &str) -> String {
    format!(
        "format = 1\n[system]\nname = \"edge\"\ncountry = \"{country}\"\n\
         [interface.lan]\naddress = \"{own}\"\nudp = 5060\nmedia_ports = \"30000-39999\"\nside = \"inside\"\n\
         [trunk.callers]\nservers = [{{ uri = \"sip:127.0.0.9:5060\" }}]\ndirection = \"in\"\n\
         accept = {{ sources = [\"{other}\", \"127.0.0.9\"], did = \"any\" }}\ntransit = \"allowed\"\n\
         health = {{ options = \"off\" }}\n\
         [trunk.other]\nservers = [{{ uri = \"sip:{other}:5060\" }}]\ndirection = \"out\"\n\
         health = {{ options = \"off\" }}\n\
         [route.back]\norder = 10\nto = \"*\"\nfrom = {{ trunk = \"callers\" }}\n\
         use = [{{ trunk = \"other\" }}]\n"
    )
}

struct House {
    address: SocketAddr,
    switch: Switch,
    out: Outbox,
}

impl House {
    fn new(own: &str, other: &str, seed: u8, start: Instant) -> House {
        let text = documents(own, other, "US");
        let address: SocketAddr = format!("{own}:5060").parse().unwrap();
        let settings = Settings { seed: [seed; 32], ..settings_at(address) };
        let policy = policy_of(&text, &model::Secrets::new());
        let switch = Switch::new(settings, policy, Now { instant: start, wall: WallTime(0) });
        House { address, switch, out: Outbox::default() }
    }

    fn give(&mut self, now: Instant, input: Input<'_>) {
        let now = Now { instant: now, wall: WallTime(1_800_000_000_000) };
        self.switch.handle(now, input, &mut self.out);
        for order in std::mem::take(&mut self.out.orders) {
            if let media::Order::Close { session } = order {
                let event =
                    media::Event::Finished { session, stream: 0, figures: Box::new(Figures::default()) };
                self.switch.handle(now, Input::Heard(event), &mut self.out);
            }
        }
    }
}

/// Two houses and whoever calls one of them; everything arrives at once and in order.
struct Pair {
    houses: [House; 2],
    now: Instant,
    to_caller: Vec<String>,
    invites: usize,
}

impl Pair {
    fn new() -> Pair {
        let now = Instant::now();
        let houses =
            [House::new("127.0.0.1", "127.0.0.2", 1, now), House::new("127.0.0.2", "127.0.0.1", 2, now)];
        Pair { houses, now, to_caller: Vec::new(), invites: 0 }
    }

    fn calls(&mut self, uri: &str, hops: u32) {
        let text = format!(
            "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {CALLER};branch=z9hG4bKfirst;rport\r\n\
             Max-Forwards: {hops}\r\nFrom: <sip:+14255550100@127.0.0.9>;tag=caller\r\nTo: <{uri}>\r\n\
             Call-ID: first\r\nCSeq: 1 INVITE\r\nContact: <sip:{CALLER}>\r\nContent-Length: 0\r\n\r\n"
        );
        self.arrive(0, CALLER.parse().unwrap(), text.as_bytes());
        self.run();
    }

    fn arrive(&mut self, at: usize, remote: SocketAddr, bytes: &[u8]) {
        let flow = flow_from(&remote.to_string());
        self.houses[at].give(self.now, Input::Received(Received { flow, bytes }));
    }

    /// Carries messages until nobody says anything, then lets time pass, until nothing is held.
    fn run(&mut self) {
        for _ in 0..10_000 {
            if !self.carry() && !self.wait() {
                return;
            }
        }
        panic!("it goes on for ever");
    }

    fn carry(&mut self) -> bool {
        let mut has_carried = false;
        for at in [0, 1] {
            let from = self.houses[at].address;
            for send in std::mem::take(&mut self.houses[at].out.sends) {
                has_carried = true;
                let bytes = send.wire.bytes().to_vec();
                let text = String::from_utf8_lossy(&bytes).into_owned();
                self.invites += usize::from(text.starts_with("INVITE "));
                match self.houses.iter().position(|house| house.address == send.flow.remote) {
                    Some(other) => self.arrive(other, from, &bytes),
                    None => {
                        self.acknowledge(&text);
                        self.to_caller.push(text);
                    }
                }
            }
        }
        has_carried
    }

    /// The caller gives up, and nobody at the other side ever answered.
    fn calls_end(&mut self) {
        let cancel = format!(
            "CANCEL sip:+12065550142@127.0.0.1 SIP/2.0\r\n\
             Via: SIP/2.0/UDP {CALLER};branch=z9hG4bKfirst;rport\r\nMax-Forwards: 70\r\n\
             From: <sip:+14255550100@127.0.0.9>;tag=caller\r\nTo: <sip:+12065550142@127.0.0.1>\r\n\
             Call-ID: first\r\nCSeq: 1 CANCEL\r\nContent-Length: 0\r\n\r\n"
        );
        self.arrive(0, CALLER.parse().unwrap(), cancel.as_bytes());
        self.run();
    }

    fn acknowledge(&mut self, answer: &str) {
        let status: u16 = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let to = answer.lines().find(|line| line.starts_with("To: ")).unwrap();
        if status >= 300 {
            let ack = format!(
                "ACK sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {CALLER};branch=z9hG4bKfirst;rport\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:+14255550100@127.0.0.9>;tag=caller\r\n{to}\r\n\
                 Call-ID: first\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n"
            );
            self.arrive(0, CALLER.parse().unwrap(), ack.as_bytes());
        }
    }

    fn wait(&mut self) -> bool {
        let next = self.houses.iter().filter_map(|house| house.switch.deadline()).min();
        let Some(next) =
            next.filter(|_| self.houses.iter().any(|house| house.switch.held() != Held::default()))
        else {
            return false;
        };
        self.now = next.max(self.now + Duration::from_millis(1));
        for house in &mut self.houses {
            if house.switch.deadline().is_some_and(|at| at <= self.now) {
                house.give(self.now, Input::Deadline);
            }
        }
        true
    }

    fn last_status(&self) -> u16 {
        let last = self.to_caller.iter().rev().find_map(|text| text.split(' ').nth(1)?.parse().ok());
        last.unwrap_or_default()
    }
}

/// Two of our houses pointing at each other: the call dies by Max-Forwards, and leaves nothing.
#[test]
fn c15_two_houses_that_point_at_each_other_let_a_call_die() {
    let mut pair = Pair::new();

    pair.calls("sip:+12065550142@127.0.0.1", 20);

    assert_eq!((pair.last_status(), pair.invites), (483, 20));
    assert!(pair.invites <= 21, "{} INVITEs", pair.invites);
    for house in &pair.houses {
        assert_eq!(house.switch.held(), Held::default());
    }
}

/// A far end that sends our own INVITE straight back, to the same number: 482 at once.
#[test]
fn c15_an_invite_that_comes_straight_back_is_a_loop() {
    let mut pair = Pair::new();
    let text = "INVITE sip:+12065550142@127.0.0.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.9:5060;branch=z9hG4bKfirst;rport\r\nMax-Forwards: 20\r\n\
         From: <sip:+14255550100@127.0.0.9>;tag=caller\r\nTo: <sip:+12065550142@127.0.0.1>\r\n\
         Call-ID: first\r\nCSeq: 1 INVITE\r\nContact: <sip:127.0.0.9:5060>\r\nContent-Length: 0\r\n\r\n";
    pair.arrive(0, CALLER.parse().unwrap(), text.as_bytes());
    let sent = std::mem::take(&mut pair.houses[0].out.sends);
    let invite = sent.iter().find(|send| send.wire.bytes().starts_with(b"INVITE ")).unwrap();

    let invite = String::from_utf8(invite.wire.bytes().to_vec()).unwrap();
    let via = "Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKback;rport\r\nVia: ";
    let back = invite.replacen("Via: ", via, 1).replace("@127.0.0.2", "@127.0.0.1");
    pair.arrive(0, "127.0.0.2:5060".parse().unwrap(), back.as_bytes());

    let answers = std::mem::take(&mut pair.houses[0].out.sends);
    let is_loop = |send: &sip_stack::Send| send.wire.bytes().starts_with(b"SIP/2.0 482 ");
    assert!(answers.iter().any(is_loop));
    pair.calls_end();
    assert_eq!(pair.houses[0].switch.held(), Held::default());
}
