//! Those who listen to what happens: server-sent events, as HTML's standard writes them.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures_util::stream::unfold;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::feed::{Feed, Place};

/// A line is sent so often where nothing happens, so that nobody in between takes the reader for gone.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// What happens within this time is sent together …
const GATHER_MIN: Duration = Duration::from_millis(50);
/// … and within more where there are many readers: all of them together are sent so many things a second.
const SENT_PER_SECOND: u32 = 10_000;

/// How many listen.
#[derive(Default)]
pub struct Readers(AtomicUsize);

/// One of them, as long as this lives.
pub struct Seat(Arc<Readers>);

impl Readers {
    /// A seat, if one is free.
    pub fn sit(self: &Arc<Readers>, most: usize) -> Option<Seat> {
        let taken = self.0.fetch_update(Relaxed, Relaxed, |count| (count < most).then_some(count + 1));
        taken.is_ok().then(|| Seat(Arc::clone(self)))
    }

    /// How long one waits between two answers, so that all of them take no more than their share.
    fn gather(&self) -> Duration {
        let readers = u32::try_from(self.0.load(Relaxed)).unwrap_or(u32::MAX);
        (Duration::from_secs(1) * readers / SENT_PER_SECOND).max(GATHER_MIN)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Relaxed);
    }
}

struct Reader {
    feed: Arc<Feed>,
    heard: watch::Receiver<()>,
    place: Place,
    seat: Seat,
    /// Whether he may listen still.
    may: Box<dyn Fn() -> bool + Send>,
    is_new: bool,
}

/// Answers with whatever happens, until the reader goes, or may not listen any more.
pub fn listen(
    feed: &Arc<Feed>,
    seat: Seat,
    last_seen: Option<&str>,
    may: Box<dyn Fn() -> bool + Send>,
) -> Response {
    // Heard from before the place is taken: nothing falls in between.
    let heard = feed.hear();
    let place = feed.begin(last_seen);
    let reader = Reader { feed: Arc::clone(feed), heard, place, seat, may, is_new: true };
    let body = Body::from_stream(unfold(reader, async |mut reader| {
        let text = reader.next().await?;
        Some((Ok::<Bytes, Infallible>(text), reader))
    }));
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Who comes in by this connection has no seat to ask anything else from.
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

impl Reader {
    async fn next(&mut self) -> Option<Bytes> {
        if std::mem::take(&mut self.is_new) {
            return Some(Bytes::from_static(b": you hear what happens\n\n"));
        }
        loop {
            self.heard.mark_unchanged();
            if let Some(text) = self.feed.read(&mut self.place) {
                return (self.may)().then_some(text);
            }
            match timeout(HEARTBEAT, self.heard.changed()).await {
                Ok(Ok(())) => sleep(self.seat.0.gather()).await,
                Ok(Err(_)) => return None,
                Err(_) => return (self.may)().then_some(Bytes::from_static(b":\n\n")),
            }
        }
    }
}
