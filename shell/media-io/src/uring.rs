//! The loop with io_uring: one call a turn sends what the last turn left, waits, and brings what came.

mod buffers;
mod lines;
mod pace;
mod token;

use std::io;
use std::sync::Arc;
use std::time::Instant;

use media::Event;

use crate::desk::{Desk, Left};
use crate::socket::Bell;
use lines::{Arrival, Lines};
use pace::Pace;

/// So many packets may wait for their turn in the loop; more wait at their sockets.
const BUFFERS: u16 = 1024;

/// All that one thread needs to turn packets around.
pub(crate) struct Uring {
    bell: Arc<Bell>,
    lines: Lines,
}

impl Uring {
    /// Refused where the system lacks any part of it. To be made on the thread that runs it.
    pub fn new(bell: Arc<Bell>) -> io::Result<Self> {
        let mut lines = Lines::new(BUFFERS)?;
        lines.prove()?;
        lines.listen_to(&bell)?;
        Ok(Uring { bell, lines })
    }

    pub fn run<E: Fn(Event)>(mut self, mut desk: Desk<E>) -> io::Result<()> {
        let ended = self.turns(&mut desk);
        desk.close_all(Instant::now(), &mut self.lines);
        ended.and(self.lines.stop_listening())
    }

    fn turns<E: Fn(Event)>(&mut self, desk: &mut Desk<E>) -> io::Result<()> {
        let mut pace = Pace::new(Instant::now());
        loop {
            let (wanted, patience) = pace.wanted(desk.patience());
            self.lines.wait(wanted, patience)?;
            let now = Instant::now();
            desk.wake(now, &mut self.lines);
            let mut came = 0;
            while let Some(arrival) = self.lines.next_arrival() {
                self.carry(now, arrival, desk)?;
                came += 1;
            }
            pace.came(now, came);
            self.note_unsent(desk);
            if !self.lines.has_rung() {
                continue;
            }
            // Figures are to hold what became of every packet that came before the order to close.
            self.lines.send_all()?;
            self.note_unsent(desk);
            self.bell.hush();
            self.lines.listen_to(&self.bell)?;
            match desk.take_orders(now, &mut self.lines) {
                Left::Nothing => {}
                Left::More => self.bell.ring(),
                Left::Stop => return Ok(()),
            }
        }
    }

    /// Moves one packet.
    fn carry<E: Fn(Event)>(&mut self, now: Instant, arrival: Arrival, desk: &mut Desk<E>) -> io::Result<()> {
        let Arrival { port, held } = arrival;
        let forwarded = self.lines.packet(&held).and_then(|(from, mut packet)| {
            let (via, to) = desk.receive(now, port, from, &mut packet)?;
            Some((via, to, packet.length()))
        });
        match forwarded {
            Some((via, to, length)) => self.lines.send(held, length, via, to)?,
            None => self.lines.give_back(held),
        }
        desk.send_copies(&mut self.lines);
        if !desk.acts.is_empty() {
            desk.act(&mut self.lines);
        }
        Ok(())
    }

    fn note_unsent<E>(&mut self, desk: &mut Desk<E>) {
        while let Some(via) = self.lines.next_unsent() {
            desk.relay.unsent(via);
        }
    }
}
