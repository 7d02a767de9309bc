//! What can be told of a datagram of DTLS before there are keys: which end of a handshake says such a thing.

/// Which end of a handshake says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    ByClient,
    ByServer,
}

/// Before the payload of a record (RFC 6347, 4.1): its type, version, epoch, number and length.
const HEADER: usize = 13;
const EPOCH: usize = 3;
const LENGTH: usize = 11;
const HANDSHAKE: u8 = 22;

const CLIENT_HELLO: u8 = 1;
/// Messages of clients alone: the hello, the exchange of keys, the proof of the certificate (RFC 5246, 7.4).
const OF_CLIENTS: [u8; 3] = [CLIENT_HELLO, 16, 15];
/// And of servers: requests for a hello, hellos, tickets, requests to say a hello again in both versions,
/// extensions, exchanges of keys, requests for a certificate, the end of the hello.
const OF_SERVERS: [u8; 9] = [0, 2, 3, 4, 6, 8, 12, 13, 14];

/// Whether all that can be read of a datagram may have been said by that end.
pub(crate) fn is_said(datagram: &[u8], said: Said) -> bool {
    let others: &[u8] = match said {
        Said::ByClient => &OF_SERVERS,
        Said::ByServer => &OF_CLIENTS,
    };
    messages(datagram).all(|message| !others.contains(&message))
}

/// Whether it begins a handshake.
pub(crate) fn is_hello(datagram: &[u8]) -> bool {
    messages(datagram).next() == Some(CLIENT_HELLO)
}

/// The first message of each record that is not sealed yet.
fn messages(datagram: &[u8]) -> impl Iterator<Item = u8> {
    let mut left = datagram;
    std::iter::from_fn(move || {
        let (head, rest) = left.split_at_checked(HEADER)?;
        let length = usize::from(u16::from_be_bytes([head[LENGTH], head[LENGTH + 1]]));
        let (body, after) = rest.split_at_checked(length)?;
        left = after;
        Some((head, body))
    })
    .filter(|(head, _)| head[0] == HANDSHAKE && head[EPOCH..EPOCH + 2] == [0, 0])
    .filter_map(|(_, body)| body.first().copied())
}
