//! A socket for each seat; what comes in is stamped where it is read.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use actors::{Crowd, CrowdPlan, Seat};
use socket2::{Domain, Socket, Type};

/// Room for a burst: what the kernel allows of it is what is had.
const ROOM: usize = 4 << 20;
/// Whoever asks whether it is over is asked so often.
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub struct Sockets {
    seats: [(Seat, Arc<UdpSocket>); 3],
    house: SocketAddr,
    heard: Receiver<(Instant, Seat, Vec<u8>)>,
}

impl Sockets {
    pub fn open(plan: &CrowdPlan) -> std::io::Result<Sockets> {
        let (says, heard) = channel();
        let open = |seat: Seat, at: SocketAddr| {
            let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
            socket.set_recv_buffer_size(ROOM)?;
            socket.bind(&at.into())?;
            let socket = Arc::new(UdpSocket::from(socket));
            listen(Arc::clone(&socket), seat, says.clone());
            std::io::Result::Ok((seat, socket))
        };
        let seats = [
            open(Seat::Provider, plan.provider)?,
            open(Seat::Phones, plan.phones)?,
            open(Seat::Consoles, plan.consoles)?,
        ];
        Ok(Sockets { seats, house: plan.house, heard })
    }

    /// Lets the crowd live until a moment, or until it is over.
    pub fn run(
        &mut self,
        crowd: &mut Crowd,
        until: Instant,
        is_over: impl Fn(&Crowd) -> bool,
    ) -> std::io::Result<()> {
        let (mut out, mut looked) = (Vec::new(), Instant::now());
        loop {
            let now = Instant::now();
            if now >= until || (looked + LOOK_EVERY <= now && is_over(crowd)) {
                return Ok(());
            }
            looked = if looked + LOOK_EVERY <= now { now } else { looked };
            crowd.expire(now, &mut out);
            self.send(&mut out)?;
            let wait = crowd.deadline().map_or(LOOK_EVERY, |at| at.saturating_duration_since(now));
            match self.heard.recv_timeout(wait.min(LOOK_EVERY)) {
                Ok((at, seat, bytes)) => crowd.receive(at, seat, &bytes, &mut out),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(std::io::Error::other("no socket is left"));
                }
            }
            self.send(&mut out)?;
        }
    }

    fn send(&self, out: &mut Vec<(Seat, Vec<u8>)>) -> std::io::Result<()> {
        for (seat, bytes) in out.drain(..) {
            let (_, socket) = &self.seats[seat as usize];
            socket.send_to(&bytes, self.house)?;
        }
        Ok(())
    }
}

/// Reads until the process ends.
fn listen(socket: Arc<UdpSocket>, seat: Seat, says: Sender<(Instant, Seat, Vec<u8>)>) {
    std::thread::spawn(move || {
        let mut room = vec![0; 65_536];
        // A refusal of what was sent before the house listened is no end.
        loop {
            let Ok((length, _)) = socket.recv_from(&mut room) else { continue };
            if says.send((Instant::now(), seat, room[..length].to_vec())).is_err() {
                return;
            }
        }
    });
}
