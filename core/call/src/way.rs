//! How one leg is reached: what its peer and we have agreed on about the port of reports (RFC 5761, 8035).

use sdp::{Reports, Session, Way};

/// All streams of one leg.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ways {
    streams: Vec<Stream>,
}

#[derive(Clone, Debug, Default)]
struct Stream {
    /// What our last offer said.
    offered: Reports,
    agreed: Reports,
}

impl Ways {
    /// Who offers one port for all is answered so.
    pub fn take_offer(&mut self, theirs: &Session<'_>) {
        for (at, media) in theirs.media.iter().enumerate() {
            self.stream(at).agreed = media.reports();
        }
    }

    /// Only what was offered can be agreed on by an answer.
    pub fn take_answer(&mut self, theirs: &Session<'_>) {
        for (at, media) in theirs.media.iter().enumerate() {
            let stream = self.stream(at);
            stream.agreed = if stream.offered == Reports::Muxed { media.reports() } else { Reports::Apart };
        }
    }

    /// What was agreed on is offered again; nothing is, to whom nobody has heard of it.
    pub fn offer(&mut self, streams: usize) -> Vec<Way> {
        let offered = (0..streams).map(|at| {
            let stream = self.stream(at);
            stream.offered = stream.agreed;
            Way { reports: stream.offered }
        });
        offered.collect()
    }

    /// What our answer says.
    pub fn answer(&self) -> Vec<Way> {
        self.streams.iter().map(|stream| Way { reports: stream.agreed }).collect()
    }

    /// Where its peer receives RTCP, which is at `apart` if not with its media.
    pub fn reports(&self, stream: usize, apart: Option<std::net::SocketAddr>) -> media::Reports {
        match self.streams.get(stream).map(|stream| stream.agreed) {
            Some(Reports::Muxed) => media::Reports::Muxed,
            Some(Reports::Apart) | None => media::Reports::Apart(apart),
        }
    }

    fn stream(&mut self, at: usize) -> &mut Stream {
        if self.streams.len() <= at {
            self.streams.resize_with(at + 1, Stream::default);
        }
        &mut self.streams[at]
    }
}
