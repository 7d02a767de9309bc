//! The waist: everything that enters a shard, and everything that leaves it, as plain values.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use call::{CaptureWish, Capturing, Event, HungUp, MakeCall, Record};
use media::{Certificate, Found, Order, PortPair, Scout};
use policy::{Help, InterfaceId, Policy, Refusal};
use presence::{Notice, Unnoticed};
use registrar::{Binding, Kept, Wake};
use registration::Known;
use sip_stack::locate::{DnsAnswer, DnsQuestion};
use sip_stack::{ConnectionId, Flow, Listener, Send, Token};
use targets::{Place, Standing};

use crate::view::{Held, Phones, SomeCalls, View};

/// What a shard is told once, when it is made.
#[derive(Clone, Debug)]
pub struct Settings {
    pub shard: u8,
    /// How many shards there are: each registers its part of the accounts.
    pub shards: u8,
    pub listeners: Arc<[Listener]>,
    /// This shard's part of the media ports of each interface.
    pub media: Vec<MediaRange>,
    /// What is shown in handshakes of media; without it there are none.
    pub certificate: Option<Arc<Certificate>>,
    pub seed: [u8; 32],
    /// What GRUUs are sealed with: the same in all shards, and in the next life of the process.
    pub gruu_key: [u8; 32],
    pub version: &'static str,
}

/// Media ports of one interface.
#[derive(Clone, Debug)]
pub struct MediaRange {
    pub interface: InterfaceId,
    /// What we bind.
    pub address: IpAddr,
    /// What far ends are told.
    pub advertise: IpAddr,
    pub ports: RangeInclusive<u16>,
    /// Where sessions of messages are relayed.
    pub chats: Option<u16>,
}

/// One thing that happens to a shard.
pub enum Input<'a> {
    /// One datagram, or one message cut out of a stream.
    Received(Received<'a>),
    /// An INVITE that another shard has handed on, and whom its sender has proved to be there.
    HandedOn(Received<'a>, Option<String>),
    /// A connection was refused or closed.
    FlowFailed(Flow),
    /// The far end of a TLS connection has proved to have these names.
    Proved(ConnectionId, Arc<[String]>),
    /// `Switch::deadline` has come.
    Deadline,
    /// A relay says something.
    Heard(media::Event),
    Answered(AskId, Answer),
    NewPolicy(Arc<Policy>),
    /// What another shard found out.
    News(News),
    Command(CommandId, Command),
}

/// Bytes of one message, and the flow they came on.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    pub flow: Flow,
    pub bytes: &'a [u8],
}

/// Everything that follows from one input. The shell empties it in the order of the fields: what must be
/// kept is kept before anybody is told of it, ports are open before a message names them.
#[derive(Debug, Default)]
pub struct Outbox {
    pub keep: Vec<Record>,
    /// Where users' phones are.
    pub bindings: Vec<Kept>,
    /// Who watches whom, and what is published.
    pub presence: Vec<presence::Kept>,
    /// Messages that wait for their receivers.
    pub messages: Vec<messages::Kept>,
    /// Who calls for help, and may be called back.
    pub helps: Vec<Help>,
    pub orders: Vec<Order>,
    pub sends: Vec<Send>,
    pub asks: Vec<(AskId, Question)>,
    /// Phones that are to be woken.
    pub wakes: Vec<Wake>,
    pub tells: Vec<Event>,
    pub news: Vec<News>,
    /// Messages for calls that other shards have; behind the news, which they may depend on.
    pub handed: Vec<Handed>,
    pub replies: Vec<(CommandId, Reply)>,
}

/// A message for a call that another shard has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    pub to: u8,
    pub flow: Flow,
    pub bytes: Box<[u8]>,
    pub what: HandedAs,
}

/// Why it is handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandedAs {
    /// The INVITE that takes the call, and whom its sender has proved to be.
    First { authenticated: Option<String> },
    /// It follows such an INVITE.
    Following,
}

/// Names a question, so that its answer finds home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AskId(pub u64);

/// What the core asks the outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    Dns(DnsQuestion),
    /// How a pair of our ports, which nobody else may open meanwhile, is seen from outside.
    Scout(InterfaceId, Box<Scout>),
}

/// What the outside says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Dns(DnsAnswer),
    Scout(InterfaceId, PortPair, Found),
}

/// Names a command, so that its reply finds the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId(pub u64);

/// What an operator wants of a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Take no new call that has nothing to do with help, until told otherwise; stay registered.
    Drain,
    /// Take calls again, unless the house is about to stop.
    Resume,
    /// Take no new calls from these trunks, and send none there that another trunk can have.
    DrainTrunks(Arc<BTreeSet<Arc<str>>>),
    /// The house is about to stop: drain for good, and tell every provider; say what is left.
    Leave,
    /// One shard makes a call for a user; of the others nothing is wanted.
    MakeCall { shard: u8, wish: MakeCall },
    /// A program says something of a user to one shard, or nothing any more; the others hear it from there.
    Notice { shard: u8, notice: Notice },
    /// End the call that bears this token.
    HangUp { token: Token },
    /// Keep the packets of the call that bears this token.
    Capture { token: Token, wish: CaptureWish },
    /// End every call.
    HangUpAll,
    /// Register with every provider anew: our address may have changed.
    Register,
    /// Say what is held now.
    Count,
    /// Show trunks and far ends.
    View,
    /// List the phones that are registered.
    Phones,
    /// List calls in progress, at most so many.
    Calls { most: u16 },
    /// Show the call that bears this token, if it is in progress.
    Call { token: Token },
}

/// What a shard answers to a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    Held(Held),
    View(Box<View>),
    Calls(SomeCalls),
    Phones(Phones),
    HungUp(HungUp),
    /// The id of the call that was begun, or why there is none.
    Made(Result<String, Refusal>),
    /// Whom a notice is about, or why it was not taken.
    Noticed(Result<Arc<str>, Unnoticed>),
    Capturing(Capturing),
}

/// What one shard found out and all must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// How an address stands, by the key of its server.
    Target { key: Arc<str>, place: Place, standing: Standing },
    /// How the registration of a trunk stands.
    Registration { trunk: Arc<str>, known: Arc<Known> },
    /// Where a user's phones are.
    Bindings { user: Arc<str>, bindings: Arc<[Binding]> },
    /// A phone was to be woken, and whoever could do it would not.
    NotWoken { user: Arc<str>, device: Box<str> },
    /// What may be taken of a call.
    OnOffer(call::OnOffer),
    /// What is known of people, for whoever watches them.
    Presence(presence::News),
}
