//! Where those who listen are: a thread of its own, behind all others.
//!
//! Everybody comes in by the same doors. Once it is known that somebody listens, his connection crosses to
//! the hall as it is, within TLS or not, with whatever was read and not answered yet. However many there are,
//! nobody else waits for them: whoever asks is served at the door, and the hall has what a processor has left
//! over.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, oneshot};
use tracing::warn;

use crate::feed::Feed;

/// The last place among threads as they are by nature, for a system that knows nothing lower.
const NICE: i32 = 19;
/// Where others take all processors, who comes last may not even come to its end.
const END_WITHIN: Duration = Duration::from_secs(2);

/// Puts the thread that calls it behind all others.
pub type StandBack = fn() -> io::Result<()>;

/// The thread of those who listen.
pub(crate) struct Hall {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    ended: Receiver<Infallible>,
    thread: Option<JoinHandle<()>>,
}

impl Hall {
    pub fn open(feed: Arc<Feed>, stand_back: StandBack) -> io::Result<Hall> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let (ends, ended) = mpsc::channel();
        let run = move || {
            if let Err(fault) = rustix::process::setpriority_process(None, NICE) {
                warn!("who listens has the same place as who asks: {fault}");
            }
            if let Err(fault) = stand_back() {
                warn!("who listens does not come last of all: {fault}");
            }
            runtime.block_on(async move {
                tokio::select! {
                    // Whoever would have said so has gone.
                    _ = stopped => {}
                    never = feed.wake() => match never {},
                }
            });
            // Nobody waits for somebody who reads slowly.
            runtime.shutdown_background();
            drop(ends);
        };
        let thread = thread::Builder::new().name("readers".to_owned()).spawn(run)?;
        Ok(Hall { handle, stop: Some(stop), ended, thread: Some(thread) })
    }

    /// Where connections cross to.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Drop for Hall {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It has ended by itself.
            let _ = stop.send(());
        }
        let is_late = matches!(self.ended.recv_timeout(END_WITHIN), Err(RecvTimeoutError::Timeout));
        if let (Some(thread), false) = (self.thread.take(), is_late) {
            let _ = thread.join();
        }
    }
}

/// The way of one connection from the door to the hall, which it may never go.
#[derive(Default)]
pub(crate) struct Crossing {
    is_wished: Notify,
    is_done: Notify,
    is_in_the_hall: AtomicBool,
}

impl Crossing {
    /// On return whoever calls it, and the connection that it is about, is in the hall.
    pub async fn cross(&self) {
        self.is_wished.notify_one();
        self.is_done.notified().await;
    }

    /// Serves a connection where it is, and in the hall once that is wished.
    pub async fn serve(
        self: Arc<Crossing>,
        connection: impl Future<Output = ()> + Send + Unpin + 'static,
        hall: &Handle,
    ) {
        let mut connection = connection;
        tokio::select! {
            biased;
            () = &mut connection => return,
            () = self.is_wished.notified() => {}
        }
        hall.spawn(async move {
            self.is_in_the_hall.store(true, Relaxed);
            self.is_done.notify_one();
            connection.await;
        });
    }
}

/// A connection that whoever waits for it takes along.
pub(crate) struct Line {
    /// Nothing, where it was lost on the way.
    stream: Option<TcpStream>,
    is_in_the_hall: bool,
    crossing: Arc<Crossing>,
}

impl Line {
    pub fn new(stream: TcpStream, crossing: Arc<Crossing>) -> Line {
        Line { stream: Some(stream), is_in_the_hall: false, crossing }
    }

    /// The stream, waited for from where this is called.
    fn here(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        if !self.is_in_the_hall && self.crossing.is_in_the_hall.load(Relaxed) {
            self.is_in_the_hall = true;
            let stream = self.stream.take().map(TcpStream::into_std).transpose()?;
            self.stream = stream.map(TcpStream::from_std).transpose()?;
        }
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.here()?.poll_read(context, room)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.here()?.poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.here()?.poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.here()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.here()?.poll_shutdown(context)
    }
}
