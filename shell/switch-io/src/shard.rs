//! The loop of one shard: wait, read in batches, handle, carry out.

use std::collections::VecDeque;
use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use sip_stack::{ConnectionId, Flow, Send, Transport};
use switch::{Handed, HandedAs, Input, News, Now, Received};

use crate::connections::{Around, Came, Connections, shard_of};
use crate::counters::Counters;
use crate::desk::Desk;
use crate::house::{House, now};
use crate::late::{Freed, Late, Needs};
use crate::mail::{Letter, Mail};
use crate::pace::Gathered;
use crate::patient::Patient;
use crate::ports::{Ports, Shelf};
use crate::udp::{Batched, UdpPort};

/// Above the 32 bits of connection ids: sockets that listen, by their place, and the bell; those of requests
/// that can wait come last.
const UDP: u64 = 1 << 32;
const TCP: u64 = 2 << 32;
const BELL: u64 = 3 << 32;
pub const PATIENT: u64 = 4 << 32;
const EVENTS: usize = 128;
/// How often connections are looked at when nothing else happens.
const SWEEP: Duration = Duration::from_secs(1);

/// Timers may be late by this much, so that those that fall close together wake the shard once.
const SLACK: Duration = Duration::from_millis(10);

/// A shard's thread, with everything it owns.
pub struct Shard {
    pub house: House,
    pub udp: Vec<UdpPort>,
    pub patient: Patient,
    /// Listening sockets, with the place of their settings.
    pub tcp: Vec<(usize, TcpListener)>,
    pub connections: Connections,
    pub mail: Mail,
    pub desk: Arc<Desk>,
    pub ports: Arc<Ports>,
    pub counters: Arc<Counters>,
    pub poll: OwnedFd,
    pub letters: VecDeque<Letter>,
    pub failed: Vec<Flow>,
    pub late: Late,
    pub gathered: Gathered,
}

/// Whether the loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    GoesOn,
    Stops,
}

/// An epoll that watches the sockets of a shard.
pub fn watch(udp: &[UdpPort], tcp: &[(usize, TcpListener)], bell: &OwnedFd) -> io::Result<OwnedFd> {
    let poll = epoll::create(CreateFlags::CLOEXEC)?;
    for (at, port) in (UDP..).zip(udp) {
        epoll::add(&poll, &port.socket, EventData::new_u64(at), EventFlags::IN)?;
    }
    for (at, (_, listener)) in (TCP..).zip(tcp) {
        epoll::add(&poll, listener, EventData::new_u64(at), EventFlags::IN)?;
    }
    epoll::add(&poll, bell, EventData::new_u64(BELL), EventFlags::IN)?;
    Ok(poll)
}

macro_rules! around {
    ($shard:expr) => {
        &mut Around {
            poll: &$shard.poll,
            ports: &$shard.ports,
            counters: &$shard.counters,
            failed: &mut $shard.failed,
        }
    };
}

impl Shard {
    /// Runs until it is told to stop.
    pub fn run(mut self) {
        let mut events = Vec::with_capacity(EVENTS);
        let mut began = now().instant;
        self.carry_out(now());
        loop {
            self.write_phones();
            let wait = self.wait(began);
            match epoll::wait(&self.poll, rustix::buffer::spare_capacity(&mut events), wait.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return (self.ports.fault)(self.house.shard, &error.to_string()),
            }
            let now = now();
            began = now.instant;
            for event in events.drain(..) {
                if self.happened(now, event) == Turn::Stops {
                    return;
                }
            }
            if self.patient.deadline().is_some_and(|due| due <= now.instant)
                && self.end_rest(now) == Turn::Stops
            {
                return;
            }
            if self.house.switch.deadline().is_some_and(|due| due <= now.instant) {
                self.handle(now, Input::Deadline);
            }
            self.connections.sweep(now.instant, around!(self));
            self.send_late(now.instant);
            self.carry_out(now);
        }
    }

    /// Has what was kept of phones written, unless it is gathered still.
    fn write_phones(&mut self) {
        if self.gathered.is_written(Instant::now()) {
            (self.ports.write_phones)();
        }
    }

    /// How long nothing is due; what has been done since `began` is done.
    fn wait(&self, began: Instant) -> Option<Timespec> {
        let now = Instant::now();
        let turn_us = now.saturating_duration_since(began).as_micros();
        self.counters.longest_turn_us.raise_to(u64::try_from(turn_us).unwrap_or(u64::MAX));
        let due = self.house.switch.deadline();
        let until_due = due.map(|due| (due + SLACK).saturating_duration_since(now));
        let until_sweep = (!self.connections.is_empty()).then_some(SWEEP);
        let until_late = self.late.deadline().map(|due| due.saturating_duration_since(now));
        let until_written = self.gathered.due().map(|due| due.saturating_duration_since(now));
        let until_read = self.patient.deadline().map(|due| due.saturating_duration_since(now));
        let waits = [until_due, until_sweep, until_late, until_written, until_read];
        let wait = waits.into_iter().flatten().min()?;
        Some(Timespec { tv_sec: wait.as_secs() as _, tv_nsec: wait.subsec_nanos() as _ })
    }

    fn happened(&mut self, now: Now, event: Event) -> Turn {
        let data = event.data.u64();
        match data {
            PATIENT.. => self.read_patient(now),
            BELL => return self.read_mail(now),
            TCP.. => {
                let (at, listener) = &self.tcp[(data - TCP) as usize];
                self.connections.accept(now.instant, *at, listener, around!(self));
            }
            UDP.. => self.read_datagrams(now, (data - UDP) as usize),
            id => self.read_stream(now, ConnectionId(id as u32), event.flags),
        }
        self.carry_out(now);
        Turn::GoesOn
    }

    fn read_datagrams(&mut self, now: Now, at: usize) {
        let Shard { house, udp, mail, ports, counters, .. } = self;
        // Where more wait, the next turn wakes for them.
        let _ = udp[at].read(|batched| hear(now, batched, house, (ports, mail, counters)));
    }

    fn read_patient(&mut self, now: Now) {
        let Shard { house, patient, mail, ports, counters, poll, .. } = self;
        patient.read(now.instant, poll, |batched| hear(now, batched, house, (ports, mail, counters)));
        if patient.deadline().is_some() {
            mail.rest(house.shard);
        }
    }

    fn end_rest(&mut self, now: Now) -> Turn {
        self.mail.wake(self.house.shard);
        let turn = self.read_mail(now);
        self.read_patient(now);
        turn
    }

    fn read_stream(&mut self, now: Now, id: ConnectionId, flags: EventFlags) {
        let Shard { house, connections, mail, ports, counters, poll, failed, .. } = self;
        let around = &mut Around { poll, ports, counters, failed };
        connections.ready(now.instant, id, flags, around, |came| match came {
            Came::Message(flow, bytes) => house.received(now, (flow, bytes), (ports, mail, counters)),
            Came::Proof(connection, names) => {
                // A shard that misses it takes the far end for one without a certificate.
                let letter = || Letter::Proved(connection, Arc::clone(&names));
                let _ = mail.post_to_others(house.shard, letter);
                house.handle(now, Input::Proved(connection, Arc::clone(&names)), ports, counters);
            }
            // A shard that misses it opens a connection of its own.
            Came::Alias(alias) => {
                let _ = mail.post_to_others(house.shard, || Letter::Aliased(alias.clone()));
            }
        });
    }

    fn read_mail(&mut self, now: Now) -> Turn {
        let mut letters = std::mem::take(&mut self.letters);
        self.mail.take(self.house.shard, &mut letters);
        let mut turn = Turn::GoesOn;
        for letter in letters.drain(..) {
            match letter {
                Letter::Steered { flow, bytes } => {
                    self.counters.received.add(1);
                    self.handle(now, Input::Received(Received { flow, bytes: &bytes }));
                }
                Letter::HandedOn { flow, bytes, authenticated } => {
                    let received = Received { flow, bytes: &bytes };
                    self.handle(now, Input::HandedOn(received, authenticated));
                }
                Letter::Carry(send) => self.connections.send(now.instant, send, around!(self)),
                Letter::FlowFailed(flow) => {
                    self.connections.forget(flow.connection, around!(self));
                    self.handle(now, Input::FlowFailed(flow));
                }
                Letter::Aliased(alias) => self.connections.learn(&alias),
                Letter::Proved(connection, names) => self.handle(now, Input::Proved(connection, names)),
                Letter::Heard(event) => self.handle(now, Input::Heard(event)),
                Letter::Answered(ask, answer) => self.handle(now, Input::Answered(ask, answer)),
                Letter::NewPolicy(policy) => self.handle(now, Input::NewPolicy(policy)),
                Letter::News(news) => self.handle(now, Input::News(news)),
                Letter::Command(id, command) => self.handle(now, Input::Command(id, command)),
                Letter::Landed(shelf, mark) => self.late.landed(shelf, mark),
                Letter::Stop => turn = Turn::Stops,
            }
        }
        self.letters = letters;
        self.send_late(now.instant);
        self.carry_out(now);
        if turn == Turn::Stops {
            let all: Vec<Send> = self.late.drain().collect();
            all.into_iter().for_each(|send| self.send(now.instant, send));
            self.carry_out(now);
        }
        turn
    }

    fn handle(&mut self, now: Now, input: Input<'_>) {
        self.house.handle(now, input, &self.ports, &self.counters);
    }

    /// Empties the outbox, in the order of its fields, until nothing follows from it any more.
    fn carry_out(&mut self, now: Now) {
        loop {
            let needs = self.keep(now.instant);
            let out = &mut self.house.out;
            if !out.presence.is_empty() {
                (self.ports.keep_presence)(&out.presence);
                out.presence.clear();
            }
            if !out.helps.is_empty() {
                (self.ports.keep_helps)(&out.helps);
                out.helps.clear();
            }
            out.orders.drain(..).for_each(|order| (self.ports.order)(order));
            let mut sends = std::mem::take(&mut out.sends);
            self.late.hold(now.instant, needs, &self.house.telling, &mut sends);
            self.house.telling.clear();
            for send in sends.drain(..) {
                if !self.late.is_copy(&send) {
                    self.send(now.instant, send);
                }
            }
            for port in &mut self.udp {
                port.flush(&self.ports, &self.counters, &mut self.failed);
            }

            let out = &mut self.house.out;
            out.sends = sends;
            out.asks.drain(..).for_each(|(id, question)| (self.ports.ask)(self.house.shard, id, question));
            out.wakes.drain(..).for_each(|wake| (self.ports.wake)(wake));
            out.tells.drain(..).for_each(|event| (self.ports.tell)(event));
            for news in out.news.drain(..) {
                spread(&self.mail, self.house.shard, &news);
            }
            for handed in out.handed.drain(..) {
                hand_over(&self.mail, &self.counters, handed);
            }
            out.replies.drain(..).for_each(|(id, reply)| self.desk.reply(id, reply));

            if self.failed.is_empty() {
                return;
            }
            self.report_failed(now);
        }
    }

    /// Hands over what is to be kept; what its messages have to wait for.
    fn keep(&mut self, now: Instant) -> Needs {
        let House { shard, out, .. } = &mut self.house;
        let mut needs = Needs::default();
        if !out.keep.is_empty() {
            needs.add(Shelf::Records, (self.ports.keep)(*shard, &out.keep));
            out.keep.clear();
        }
        if !out.bindings.is_empty() {
            needs.add(Shelf::Phones, (self.ports.keep_phones)(*shard, &out.bindings));
            out.bindings.clear();
            self.gathered.keep(now);
        }
        if !out.messages.is_empty() {
            needs.add(Shelf::Messages, (self.ports.keep_messages)(*shard, &out.messages));
            out.messages.clear();
        }
        needs
    }

    /// Sends what waited for the disk and need not any more.
    fn send_late(&mut self, now: Instant) {
        while let Some((send, freed)) = self.late.next(now) {
            self.counters.unlanded.add(u64::from(freed == Freed::TooLate));
            self.send(now, send);
        }
    }

    fn send(&mut self, now: Instant, send: Send) {
        let Flow { transport, listener, connection, .. } = send.flow;
        if transport == Transport::Udp {
            match self.udp.iter_mut().find(|port| port.listener == listener) {
                Some(port) => port.put(send),
                None => self.failed.push(send.flow),
            }
            return;
        }
        let flow = send.flow;
        let alias = match connection {
            ConnectionId::NONE => self.connections.alias(&flow, send.server_name.as_ref()),
            _ => None,
        };
        let connection = alias.unwrap_or(connection);
        let owner = shard_of(connection);
        let send = Send { flow: Flow { connection, ..flow }, ..send };
        if connection == ConnectionId::NONE || owner == self.house.shard {
            return self.connections.send(now, send, around!(self));
        }
        if self.mail.post(owner, Letter::Carry(send)).is_err() {
            self.counters.overrun.add(1);
            self.failed.push(flow);
        }
    }

    /// A broken flow matters to every shard that may have sent on it.
    fn report_failed(&mut self, now: Now) {
        let mut failed = std::mem::take(&mut self.failed);
        for flow in failed.drain(..) {
            if flow.connection != ConnectionId::NONE {
                // A full box loses it: requests on that flow then end by their timers.
                let _ = self.mail.post_to_others(self.house.shard, || Letter::FlowFailed(flow));
            }
            self.handle(now, Input::FlowFailed(flow));
        }
        failed.append(&mut self.failed);
        self.failed = failed;
    }
}

fn hear(
    now: Now,
    batched: Batched<'_>,
    house: &mut House,
    (ports, mail, counters): (&Ports, &Mail, &Counters),
) {
    match batched {
        Batched::Datagram(flow, bytes) => house.received(now, (flow, bytes), (ports, mail, counters)),
        Batched::PutOff => counters.put_off.add(1),
    }
}

fn hand_over(mail: &Mail, counters: &Counters, handed: Handed) {
    let Handed { to, flow, bytes, what } = handed;
    counters.steered.add(1);
    let letter = match what {
        HandedAs::First { authenticated } => Letter::HandedOn { flow, bytes, authenticated },
        HandedAs::Following => Letter::Steered { flow, bytes },
    };
    if mail.post(to, letter).is_err() {
        counters.overrun.add(1);
    }
}

fn spread(mail: &Mail, from: u8, news: &News) {
    // A shard that misses it finds out by its own calls.
    let _ = mail.post_to_others(from, || Letter::News(news.clone()));
}
