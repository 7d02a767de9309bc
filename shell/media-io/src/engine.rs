//! Which way a loop takes its packets from the system.

use std::io;
use std::sync::Arc;

use media::Event;

use crate::desk::Desk;
use crate::epoll::Epoll;
use crate::socket::Bell;
use crate::uring::Uring;

/// How a loop takes packets from the system, and gives them to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// io_uring where the system has all that it needs, epoll elsewhere.
    #[default]
    Auto,
    /// A call for each packet that comes, and one for each that goes. Every Linux has it.
    Epoll,
    /// A call for all packets that came and go together. Linux from 6.1 on, where it is not forbidden.
    Uring,
}

/// A loop that has all it needs to begin.
pub(crate) enum Ready {
    Epoll(Box<Epoll>),
    Uring(Box<Uring>),
}

impl Ready {
    pub fn new(engine: Engine, bell: Arc<Bell>) -> io::Result<Ready> {
        let epoll = |bell| Epoll::new(bell).map(Box::new).map(Ready::Epoll);
        let uring = |bell| Uring::new(bell).map(Box::new).map(Ready::Uring);
        match engine {
            Engine::Epoll => epoll(bell),
            Engine::Uring => uring(bell),
            Engine::Auto => uring(Arc::clone(&bell)).or_else(|_| epoll(bell)),
        }
    }

    /// Which one it is; never [`Engine::Auto`].
    pub fn engine(&self) -> Engine {
        match self {
            Ready::Epoll(_) => Engine::Epoll,
            Ready::Uring(_) => Engine::Uring,
        }
    }

    pub fn run<E: Fn(Event)>(self, desk: Desk<E>) -> io::Result<()> {
        match self {
            Ready::Epoll(turn) => turn.run(desk),
            Ready::Uring(turn) => turn.run(desk),
        }
    }
}
