//! Drives one actor over real sockets, on a thread of its own.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use actors::{Actor, ActorInput, ActorOut, Deed, Habit, Noted, Transport};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How often an actor looks whether somebody wants something of it.
const LOOK_EVERY: Duration = Duration::from_millis(5);
const DATAGRAM_MAX: usize = 8192;

/// What an actor is told from outside.
pub enum Word {
    Do(Deed),
    Behave(Vec<Habit>),
}

/// A running actor. It ends when this is dropped.
pub struct Player {
    words: Option<Sender<Word>>,
    thread: Option<JoinHandle<()>>,
}

/// What an actor has seen, and who it is.
pub struct Seen {
    pub by: &'static str,
    pub noted: Noted,
}

impl Player {
    pub fn start(
        name: &'static str,
        actor: Actor,
        sockets: Vec<UdpSocket>,
        seen: Sender<Seen>,
    ) -> io::Result<Player> {
        let (words, told) = mpsc::channel();
        let places = sockets.iter().map(UdpSocket::local_addr).collect::<io::Result<Vec<_>>>()?;
        let driver = Driver { name, actor, sockets, places, told, seen, out: ActorOut::default() };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || driver.run())?;
        Ok(Player { words: Some(words), thread: Some(thread) })
    }

    pub fn tell(&self, word: Word) {
        if let Some(words) = &self.words {
            // An actor that has ended does nothing more, which its notes show.
            let _ = words.send(word);
        }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.words = None;
        if let Some(thread) = self.thread.take() {
            // A panic there was printed already.
            let _ = thread.join();
        }
    }
}

/// Whether an actor goes on the stage, or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goes {
    On,
    Off,
}

struct Driver {
    name: &'static str,
    actor: Actor,
    sockets: Vec<UdpSocket>,
    places: Vec<SocketAddr>,
    told: Receiver<Word>,
    seen: Sender<Seen>,
    out: ActorOut,
}

impl Driver {
    fn run(mut self) {
        let mut room = vec![0; DATAGRAM_MAX];
        while self.listen() == Goes::On {
            self.wait();
            for at in 0..self.sockets.len() {
                while let Ok((length, from)) = self.sockets[at].recv_from(&mut room) {
                    // What was said before a message was sent is heard before the message.
                    if self.listen() == Goes::Off {
                        return;
                    }
                    let (to, transport) = (self.places[at], Transport::Udp);
                    self.handle(ActorInput::Received { from, to, transport, bytes: &room[..length] });
                }
            }
            if self.actor.deadline().is_some_and(|due| due <= Instant::now()) {
                self.handle(ActorInput::Deadline);
            }
        }
    }

    /// Does what it is told.
    fn listen(&mut self) -> Goes {
        loop {
            match self.told.try_recv() {
                Ok(Word::Do(deed)) => self.handle(ActorInput::Do(deed)),
                Ok(Word::Behave(habits)) => self.actor.profile_mut().habits = habits,
                Err(TryRecvError::Empty) => return Goes::On,
                Err(TryRecvError::Disconnected) => return Goes::Off,
            }
        }
    }

    fn wait(&self) {
        let due =
            self.actor.deadline().map_or(LOOK_EVERY, |due| due.saturating_duration_since(Instant::now()));
        let wait = due.min(LOOK_EVERY);
        let wait = Timespec { tv_sec: 0, tv_nsec: wait.subsec_nanos().into() };
        let mut watched: Vec<_> =
            self.sockets.iter().map(|socket| PollFd::new(socket, PollFlags::IN)).collect();
        // Interrupted or not, what is there is read next.
        let _ = poll(&mut watched, Some(&wait));
    }

    fn handle(&mut self, input: ActorInput<'_>) {
        self.actor.handle(Instant::now(), input, &mut self.out);
        for parcel in self.out.sends.drain(..) {
            let socket = self.places.iter().position(|place| *place == parcel.from);
            if let Some(at) = socket {
                // A datagram that is lost is repeated, or missed by the far end.
                let _ = self.sockets[at].send_to(&parcel.bytes, parcel.to);
            }
        }
        for noted in self.out.notes.drain(..) {
            // Nobody listens any more when the demo is over.
            let _ = self.seen.send(Seen { by: self.name, noted });
        }
    }
}
