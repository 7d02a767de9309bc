//! A stack with two listeners, a clock that is set by hand, and messages as far ends write them.
#![allow(dead_code, clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use sip_message::{Header, Message, Method};
use sip_stack::{
    Chance, ClientId, ConnectionId, Flow, Heard, Late, Listener, ListenerId, Owner, Reply, Request, Send,
    ServerId, Settings, Stack, Transport, Wire,
};

pub const OWNER: Owner = Owner { room: 1, key: 77, part: 2 };

pub struct Scene {
    pub stack: Stack,
    pub start: Instant,
    pub now: Instant,
    pub out: Vec<Send>,
    pub late: Vec<Late>,
}

/// What `Heard` was, without its borrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    Nothing,
    Request(ServerId),
    Ack,
    Cancelled(ServerId, Option<Owner>),
    Response(ClientId, u16),
}

pub fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub fn udp() -> Flow {
    Flow {
        transport: Transport::Udp,
        listener: ListenerId(0),
        connection: ConnectionId::NONE,
        remote: "192.0.2.9:5088".parse().unwrap(),
    }
}

pub fn tcp() -> Flow {
    Flow {
        transport: Transport::Tcp,
        listener: ListenerId(1),
        connection: ConnectionId(7),
        remote: "192.0.2.9:41000".parse().unwrap(),
    }
}

pub fn settings() -> Settings {
    let listener = |id, transport, sent_by: &str| Listener {
        id: ListenerId(id),
        transport,
        bind: "0.0.0.0:5060".parse().unwrap(),
        sent_by: sent_by.into(),
        interface: 0,
    };
    let listeners =
        [listener(0, Transport::Udp, "198.51.100.1:5060"), listener(1, Transport::Tcp, "198.51.100.1:5060")];
    Settings::new(3, Arc::new(listeners), "Tandem/0.1.0".into())
}

impl Scene {
    pub fn new() -> Scene {
        // An `Instant` can be had from nowhere else; the clock never runs on from here.
        #[allow(clippy::disallowed_methods)]
        let now = Instant::now();
        let stack = Stack::new(settings(), Chance::from_seed([7; 32]));
        Scene { stack, start: now, now, out: Vec::new(), late: Vec::new() }
    }

    pub fn hear(&mut self, flow: Flow, text: &str) -> Got {
        self.hear_bytes(flow, text.as_bytes())
    }

    pub fn hear_bytes(&mut self, flow: Flow, bytes: &[u8]) -> Got {
        match self.stack.receive(self.now, flow, bytes, &mut self.out) {
            Heard::Nothing => Got::Nothing,
            Heard::Request { server, .. } => Got::Request(server),
            Heard::Ack { .. } => Got::Ack,
            Heard::Cancelled { server, owner, .. } => Got::Cancelled(server, owner),
            Heard::Response { client, message, .. } => Got::Response(client, message.status().unwrap()),
        }
    }

    pub fn server(&mut self, flow: Flow, text: &str) -> ServerId {
        match self.hear(flow, text) {
            Got::Request(server) => server,
            other => panic!("a new request was expected, not {other:?}"),
        }
    }

    pub fn respond(&mut self, server: ServerId, status: u16) -> Option<Wire> {
        let reply = Reply { to_tag: Some("ours"), ..Reply::plain(status) };
        self.stack.respond(self.now, server, &reply, &mut self.out)
    }

    /// Sends a request of ours, and gives its transaction and its text.
    pub fn ask(&mut self, flow: Flow, method: Method<'_>) -> (ClientId, String) {
        let request = request(flow, method);
        let client = self.stack.request(self.now, &request, OWNER, &mut self.out);
        (client, self.sent().pop().unwrap())
    }

    /// What has been sent since this was asked last.
    pub fn sent(&mut self) -> Vec<String> {
        self.out.drain(..).map(|send| String::from_utf8(send.wire.bytes().to_vec()).unwrap()).collect()
    }

    /// First lines of what has been sent.
    pub fn sent_lines(&mut self) -> Vec<String> {
        self.sent().iter().map(|text| text.lines().next().unwrap().to_owned()).collect()
    }

    /// Lets time pass, looking whenever the stack wants to look; gives when something was sent.
    pub fn pass(&mut self, time: Duration) -> Vec<u64> {
        let end = self.now + time;
        let mut moments = Vec::new();
        while let Some(due) = self.stack.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            let before = self.out.len();
            self.stack.expire(self.now, &mut self.out, &mut self.late);
            let at = (self.now - self.start).as_millis() as u64;
            moments.extend((before..self.out.len()).map(|_| at));
        }
        self.now = end;
        moments
    }

    /// When the last transaction was forgotten, in milliseconds from the start.
    pub fn end(&mut self) -> u64 {
        while let Some(due) = self.stack.deadline() {
            if self.stack.transactions() == 0 {
                break;
            }
            self.now = self.now.max(due);
            self.stack.expire(self.now, &mut self.out, &mut self.late);
        }
        assert_eq!(self.stack.transactions(), 0, "every transaction ends");
        (self.now - self.start).as_millis() as u64
    }
}

pub fn request<'a>(flow: Flow, method: Method<'a>) -> Request<'a> {
    Request {
        method,
        uri: "sip:bob@192.0.2.9",
        flow,
        server_name: None,
        from: "<sip:alice@198.51.100.1>;tag=t0000000000000",
        to: "<sip:bob@192.0.2.9>",
        call_id: "our-call",
        cseq: 1,
        routes: &[],
        contact: Some("<sip:198.51.100.1>"),
        max_forwards: 70,
        session: None,
        headers: &[("Supported", "100rel")],
        body: None,
    }
}

/// What a far end asks, under this branch.
pub fn asked(method: &str, branch: &str) -> String {
    let cseq_method = method;
    format!(
        "{method} sip:200@198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5:5060;branch={branch};rport\r\n\
         Via: SIP/2.0/UDP 10.0.0.4;branch=z9hG4bKinner\r\nRecord-Route: <sip:10.0.0.5;lr>\r\n\
         Max-Forwards: 70\r\nFrom: <sip:100@10.0.0.5>;tag=theirs\r\nTo: <sip:200@198.51.100.1>\r\n\
         Call-ID: call-of-theirs\r\nCSeq: 8 {cseq_method}\r\nContact: <sip:100@10.0.0.5>\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

pub fn with_to_tag(text: &str, tag: &str) -> String {
    text.replace("To: <sip:200@198.51.100.1>\r\n", &format!("To: <sip:200@198.51.100.1>;tag={tag}\r\n"))
}

/// How a far end answers what we sent.
pub fn answer(request: &str, status: u16) -> String {
    answer_tagged(request, status, "theirs")
}

pub fn answer_tagged(request: &str, status: u16, tag: &str) -> String {
    let message = Message::parse(request.as_bytes()).unwrap();
    let line = |header| message.line(header).unwrap();
    format!(
        "SIP/2.0 {status} Whatever\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag={tag}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
         Contact: <sip:bob@192.0.2.9:5088>\r\nContent-Length: 0\r\n\r\n",
        line(Header::Via),
        line(Header::From),
        line(Header::To),
        line(Header::CallId),
        line(Header::CSeq),
    )
}
