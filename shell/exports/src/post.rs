//! One question by HTTP, and its status.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use model::HttpAddress;

/// How long a server may take to be connected to, to take what is written, and to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// More of a head is not read.
const HEAD_MAX: u64 = 16 * 1024;

/// What a server said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
}

/// What is said of a document beside where it goes and how long it is.
pub type Headers<'h> = &'h [(&'h str, &'h str)];

/// Sends a document to a path below an address.
pub fn post(to: &HttpAddress, path: &str, headers: Headers<'_>, body: &[u8]) -> io::Result<Answer> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
    for address in (&*to.host, to.port).to_socket_addrs()? {
        match ask(address, to, (path, headers), body) {
            Ok(answer) => return Ok(answer),
            Err(fault) => last = fault,
        }
    }
    Err(last)
}

fn ask(
    address: SocketAddr,
    to: &HttpAddress,
    (path, headers): (&str, Headers<'_>),
    body: &[u8],
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!(
        "POST {}{path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: Tandem/{}\r\n{headers}\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        to.path,
        to.authority(),
        env!("CARGO_PKG_VERSION"),
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    answer(&mut BufReader::new(stream.take(HEAD_MAX)))
}

fn answer(stream: &mut impl BufRead) -> io::Result<Answer> {
    let broken = || io::Error::new(ErrorKind::InvalidData, "what answers does not speak HTTP");
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let mut words = line.split_ascii_whitespace();
    let is_http = words.next().is_some_and(|version| version.starts_with("HTTP/1."));
    let status = words.next().filter(|_| is_http).and_then(|word| word.parse().ok()).ok_or_else(broken)?;
    let mut retry_after = None;
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 || line.trim_end().is_empty() {
            return Ok(Answer { status, retry_after });
        }
        if let Some((name, value)) = line.split_once(':')
            && name.trim().eq_ignore_ascii_case("retry-after")
        {
            retry_after = value.trim().parse().ok().map(Duration::from_secs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_its_status_and_when_to_come_again() {
        let read = |text: &str| answer(&mut text.as_bytes()).ok();
        let of = |status, seconds: Option<u64>| {
            Some(Answer { status, retry_after: seconds.map(Duration::from_secs) })
        };

        assert_eq!(read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), of(200, None));
        assert_eq!(read("HTTP/1.1 503 Busy\r\nretry-after: 7\r\n\r\n"), of(503, Some(7)));
        assert_eq!(read("HTTP/1.0 204\r\nRetry-After: Fri, 31 Dec 1999\r\n"), of(204, None));
        for wrong in ["", "SSH-2.0-x\r\n", "HTTP/1.1 fine\r\n\r\n", "200 OK\r\n\r\n"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
