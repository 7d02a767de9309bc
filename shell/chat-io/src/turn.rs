//! The loop: wait, read as much as is wanted, pass on, write as much as is taken.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use chats::{Act, Hub, LinkId, Outbox};
use media::Event;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

use crate::queue::Word;
use crate::socket;

/// Above the 32 bits of links: sockets that listen, by their place, and the bell.
const LISTENERS: u64 = 1 << 32;
const BELL: u64 = 2 << 32;
const EVENTS: usize = 128;
const READ_MAX: usize = 32 * 1024;

/// The thread's own.
pub struct Turn {
    hub: Hub,
    poll: OwnedFd,
    listeners: Vec<TcpListener>,
    marks: Vec<(IpAddr, u8)>,
    open: HashMap<LinkId, Open>,
    words: Receiver<Word>,
    bell: Arc<OwnedFd>,
    out: Outbox,
    room: Box<[u8]>,
}

struct Open {
    stream: TcpStream,
    opening: Opening,
    interest: EventFlags,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Opening {
    UnderWay,
    Done,
}

/// Whether the loop goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    GoesOn,
    Stops,
}

impl Turn {
    pub fn new(
        hub: Hub,
        (listeners, marks): (Vec<TcpListener>, Vec<(IpAddr, u8)>),
        (words, bell): (Receiver<Word>, Arc<OwnedFd>),
    ) -> io::Result<Turn> {
        let poll = epoll::create(CreateFlags::CLOEXEC)?;
        for (at, listener) in (LISTENERS..).zip(&listeners) {
            epoll::add(&poll, listener, EventData::new_u64(at), EventFlags::IN)?;
        }
        epoll::add(&poll, &*bell, EventData::new_u64(BELL), EventFlags::IN)?;
        let room = vec![0; READ_MAX].into_boxed_slice();
        let (open, out) = (HashMap::new(), Outbox::default());
        Ok(Turn { hub, poll, listeners, marks, open, words, bell, out, room })
    }

    /// Runs until it is told to stop.
    pub fn run(mut self, events: &impl Fn(Event)) -> io::Result<()> {
        let mut happened = Vec::with_capacity(EVENTS);
        loop {
            let wait = self.hub.deadline().map(|due| {
                let wait = due.saturating_duration_since(Instant::now());
                Timespec { tv_sec: wait.as_secs() as _, tv_nsec: wait.subsec_nanos() as _ }
            });
            match epoll::wait(&self.poll, rustix::buffer::spare_capacity(&mut happened), wait.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let now = Instant::now();
            for event in happened.drain(..) {
                match event.data.u64() {
                    BELL => {
                        if self.take_orders(now) == Then::Stops {
                            self.settle(now, events);
                            return Ok(());
                        }
                    }
                    at @ LISTENERS.. => self.accept(now, (at - LISTENERS) as usize),
                    id => self.ready(now, LinkId(id as u32), event.flags),
                }
                self.settle(now, events);
            }
            self.hub.expire(now, &mut self.out);
            self.settle(now, events);
        }
    }

    fn take_orders(&mut self, now: Instant) -> Then {
        // Silenced first: an order that comes in between rings again. An error says that it does not ring.
        let _ = rustix::io::read(&*self.bell, &mut [0; 8]);
        while let Ok(word) = self.words.try_recv() {
            match word {
                Word::Order { session, stream, order } => {
                    self.hub.order(now, (session, stream), &order, &mut self.out);
                }
                Word::Stop => return Then::Stops,
            }
        }
        Then::GoesOn
    }

    fn accept(&mut self, now: Instant, at: usize) {
        while let Ok((stream, remote)) = self.listeners[at].accept() {
            if socket::taken(&stream).is_err() {
                continue;
            }
            let Some(link) = self.hub.accept(now, remote.ip().to_canonical()) else { continue };
            self.watch(now, link, stream, Opening::Done);
        }
    }

    fn watch(&mut self, now: Instant, link: LinkId, stream: TcpStream, opening: Opening) {
        let interest = match opening {
            Opening::UnderWay => EventFlags::OUT,
            Opening::Done => EventFlags::IN,
        };
        let data = EventData::new_u64(link.0.into());
        match epoll::add(&self.poll, &stream, data, interest) {
            Ok(()) => drop(self.open.insert(link, Open { stream, opening, interest })),
            Err(_) => self.hub.closed(now, link, &mut self.out),
        }
    }

    fn ready(&mut self, now: Instant, link: LinkId, flags: EventFlags) {
        let Some(open) = self.open.get_mut(&link) else { return };
        if open.opening == Opening::UnderWay {
            if flags.intersects(EventFlags::ERR | EventFlags::HUP) {
                return self.lose(now, link);
            }
            open.opening = Opening::Done;
            return self.hub.connected(now, link, &mut self.out);
        }
        if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
            self.read(now, link, flags);
        }
        if flags.intersects(EventFlags::OUT) {
            self.out.stirred.push(link);
        }
    }

    fn read(&mut self, now: Instant, link: LinkId, flags: EventFlags) {
        let Some(open) = self.open.get_mut(&link) else { return };
        let wanted = self.hub.wants(link).min(self.room.len());
        if wanted == 0 {
            // Both ways are shut: nobody would take what is left either.
            return if flags.intersects(EventFlags::HUP | EventFlags::ERR) {
                self.lose(now, link)
            };
        }
        match open.stream.read(&mut self.room[..wanted]) {
            Ok(0) => self.lose(now, link),
            Ok(count) => self.hub.feed(now, link, &self.room[..count], &mut self.out),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(_) => self.lose(now, link),
        }
    }

    fn lose(&mut self, now: Instant, link: LinkId) {
        self.open.remove(&link);
        self.hub.closed(now, link, &mut self.out);
    }

    /// Carries out what follows, until nothing does.
    fn settle(&mut self, now: Instant, events: &impl Fn(Event)) {
        loop {
            self.out.events.drain(..).for_each(events);
            for act in std::mem::take(&mut self.out.acts) {
                match act {
                    Act::Close(link) => drop(self.open.remove(&link)),
                    Act::Connect { link, from, to } => match socket::toward(from, to, self.mark_of(from)) {
                        Ok(stream) => self.watch(now, link, stream, Opening::UnderWay),
                        Err(_) => self.hub.closed(now, link, &mut self.out),
                    },
                }
            }
            let Some(link) = self.out.stirred.pop() else {
                if self.out.acts.is_empty() && self.out.events.is_empty() {
                    return;
                }
                continue;
            };
            self.flush(now, link);
            self.look_again(now, link);
        }
    }

    fn mark_of(&self, from: IpAddr) -> u8 {
        self.marks.iter().find(|(address, _)| *address == from).map_or(0, |(_, mark)| *mark)
    }

    /// Writes what the kernel takes.
    fn flush(&mut self, now: Instant, link: LinkId) {
        let Some(open) = self.open.get_mut(&link).filter(|open| open.opening == Opening::Done) else {
            return;
        };
        loop {
            let unsent = self.hub.unsent(link);
            if unsent.is_empty() {
                return;
            }
            match open.stream.write(unsent) {
                Ok(count) => self.hub.sent(now, link, count, &mut self.out),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => return self.lose(now, link),
            }
        }
    }

    /// Waits for what matters of a connection now.
    fn look_again(&mut self, now: Instant, link: LinkId) {
        let Some(open) = self.open.get_mut(&link).filter(|open| open.opening == Opening::Done) else {
            return;
        };
        let mut wanted = EventFlags::empty();
        wanted.set(EventFlags::IN, self.hub.wants(link) > 0);
        wanted.set(EventFlags::OUT, !self.hub.unsent(link).is_empty());
        if open.interest == wanted {
            return;
        }
        open.interest = wanted;
        let data = EventData::new_u64(link.0.into());
        if epoll::modify(&self.poll, &open.stream, data, wanted).is_err() {
            self.lose(now, link);
        }
    }
}
