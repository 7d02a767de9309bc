//! A shard and a relay, and far ends that say what is expected of them.

use std::mem::take;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{Act, Relay};
use policy::{InterfaceId, WallTime};
use sip_stack::{ConnectionId, Flow, Listener, ListenerId, Transport};
use switch::{Input, MediaRange, Now, Outbox, Received, Settings, Switch};

use crate::counting::Live;

const HOUSE: &str = "127.0.0.1:5060";
const CALLER: &str = "127.0.0.2:5060";
const CALLEE: &str = "127.0.0.3:5060";
/// So long after one another calls begin.
const GAP: Duration = Duration::from_millis(20);

pub struct House {
    switch: Switch,
    outbox: Outbox,
    media: Relay,
    acts: Vec<Act>,
    began: Instant,
    now: Instant,
    calls: usize,
    /// What the relay has taken.
    pub relay: Live,
}

impl House {
    pub fn new(path: &str) -> House {
        let documents = include_str!("house.toml").replace("@path@", path);
        let documents = model::load(&[model::SourceFile::new("house.toml", documents)]).expect("documents");
        let policy = policy::compile(&documents, &model::Secrets::new()).expect("a house");
        let began = Instant::now();
        let now = Now { instant: began, wall: WallTime(0) };
        House {
            switch: Switch::new(settings(), Arc::new(policy), now),
            outbox: Outbox::default(),
            media: Relay::new(),
            acts: Vec::new(),
            began,
            now: began,
            calls: 0,
            relay: Live::default(),
        }
    }

    /// So many more are in a call, and nothing happens in it.
    pub fn hold(&mut self, calls: usize) {
        for _ in 0..calls {
            self.calls += 1;
            self.call();
            self.pass(GAP);
        }
    }

    pub fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.switch.deadline().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.give(Input::Deadline);
            self.outbox.sends.clear();
        }
        self.now = until;
    }

    fn call(&mut self) {
        let number = self.calls;
        self.says(CALLER, &invite(number));
        let asked = self.told(CALLEE);
        self.says(CALLEE, &reply(&asked, number, "180 Ringing", ""));
        self.told(CALLER);
        self.says(CALLEE, &reply(&asked, number, "200 OK", &description("127.0.0.3", number)));
        let answered = self.told(CALLER);
        assert!(answered.starts_with("SIP/2.0 200 "), "{answered}");
        self.says(CALLER, &ack(&answered, number));
        self.outbox.sends.clear();
    }

    fn says(&mut self, from: &str, text: &str) {
        let flow = Flow {
            transport: Transport::Udp,
            listener: ListenerId(0),
            connection: ConnectionId::NONE,
            remote: address(from),
        };
        self.give(Input::Received(Received { flow, bytes: text.as_bytes() }));
    }

    /// What a far end was told last.
    fn told(&mut self, remote: &str) -> String {
        let sends = take(&mut self.outbox.sends);
        let last = sends.iter().rfind(|send| send.flow.remote == address(remote));
        let bytes = last.expect("it is told something").wire.bytes();
        String::from_utf8(bytes.to_vec()).expect("a message is text")
    }

    fn give(&mut self, input: Input<'_>) {
        let since = i64::try_from((self.now - self.began).as_millis()).expect("not so long");
        let now = Now { instant: self.now, wall: WallTime(1_800_000_000_000 + since) };
        self.switch.handle(now, input, &mut self.outbox);
        self.outbox.tells.clear();
        self.outbox.news.clear();
        for order in take(&mut self.outbox.orders) {
            let before = Live::now();
            self.media.order(self.now, order, &mut self.acts);
            self.acts.clear();
            self.relay.add_since(before);
        }
    }
}

fn settings() -> Settings {
    let address = address(HOUSE);
    let sent_by = HOUSE.into();
    let (id, transport) = (ListenerId(0), Transport::Udp);
    let media = MediaRange {
        interface: InterfaceId(0),
        address: address.ip(),
        advertise: address.ip(),
        ports: 10000..=65000,
        chats: None,
    };
    Settings {
        shard: 0,
        shards: 1,
        listeners: [Listener { id, transport, bind: address, sent_by, interface: 0 }].into(),
        media: vec![media],
        certificate: None,
        seed: [7; 32],
        gruu_key: [5; 32],
        version: "Tandem",
    }
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn description(address: &str, number: usize) -> String {
    let port = 20_000 + number % 20_000 * 2;
    format!(
        "v=0\r\no=- {number} {number} IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    )
}

fn invite(number: usize) -> String {
    let body = description("127.0.0.2", number);
    format!(
        "INVITE sip:+12065550142@127.0.0.1:5060 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bK-i{number};rport\r\nMax-Forwards: 70\r\n\
         From: \"A Caller\" <sip:+14255550100@127.0.0.2>;tag=caller{number}\r\n\
         To: <sip:+12065550142@127.0.0.1:5060>\r\nCall-ID: {number}-7f3a9c51e2@127.0.0.2\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:caller@127.0.0.2:5060>\r\n\
         Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO\r\nSupported: timer, replaces\r\n\
         User-Agent: held-bench\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn ack(answered: &str, number: usize) -> String {
    format!(
        "ACK sip:127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bK-a{number};rport\r\n\
         Max-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n",
        header(answered, "From"),
        header(answered, "To"),
        header(answered, "Call-ID"),
    )
}

fn reply(request: &str, number: usize, status: &str, body: &str) -> String {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag=callee{number}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
         Contact: <sip:callee@127.0.0.3:5060>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        header(request, "Via"),
        header(request, "From"),
        header(request, "To"),
        header(request, "Call-ID"),
        header(request, "CSeq"),
        body.len()
    )
}

fn header<'m>(message: &'m str, name: &str) -> &'m str {
    let start = message.find(&format!("\r\n{name}: ")).expect("the header is there") + name.len() + 4;
    message[start..].split("\r\n").next().unwrap_or_default()
}
