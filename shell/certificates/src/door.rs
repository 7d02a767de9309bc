//! Where an authority asks whether a name is ours (http-01, RFC 8555 8.3): open while an order runs, and with
//! an answer to nothing but what that order is asked.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

const PORT: u16 = 80;
const PREFIX: &str = "/.well-known/acme-challenge/";
/// Anybody may come: so many at once, with so much to say, for so long.
const GUESTS_MAX: usize = 64;
const HEAD_MAX: usize = 4_096;
const PATIENCE: Duration = Duration::from_secs(5);
/// How long nobody is let in where the system has no descriptor for who comes.
const SHUT: Duration = Duration::from_millis(200);

/// What is answered, by the token that is asked for.
type Answers = Arc<Mutex<HashMap<String, String>>>;

/// Open as long as this lives.
pub struct Door {
    answers: Answers,
    guard: JoinHandle<()>,
}

impl Door {
    /// Opens at an address; at port 80 of all addresses, where none is named.
    pub async fn open(listen: Option<SocketAddr>) -> Result<Door, String> {
        let listener = match listen {
            Some(listen) => TcpListener::bind(listen).await.map_err(|fault| (listen, fault)),
            None => {
                let six = SocketAddr::from((Ipv6Addr::UNSPECIFIED, PORT));
                let four = SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT));
                match TcpListener::bind(six).await {
                    Ok(listener) => Ok(listener),
                    // There are machines without IPv6.
                    Err(_) => TcpListener::bind(four).await.map_err(|fault| (four, fault)),
                }
            }
        };
        let listener = listener.map_err(|(listen, fault): (SocketAddr, io::Error)| {
            format!("the authority cannot ask for the names at {listen}: {fault}")
        })?;
        let answers = Answers::default();
        let guard = tokio::spawn(attend(listener, Arc::clone(&answers)));
        Ok(Door { answers, guard })
    }

    /// From now on whoever asks for the token is told these words.
    pub fn answer(&self, token: &str, words: &str) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(token.to_owned(), words.to_owned());
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.guard.abort();
    }
}

async fn attend(listener: TcpListener, answers: Answers) {
    let seats = Arc::new(Semaphore::new(GUESTS_MAX));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(SHUT).await;
            continue;
        };
        // Who is one too many hears nothing; an authority comes from several places, and again.
        let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else { continue };
        let answers = Arc::clone(&answers);
        tokio::spawn(async move {
            // Who breaks it off has lost nothing.
            let _ = timeout(PATIENCE, hear(stream, &answers)).await;
            drop(seat);
        });
    }
}

async fn hear(mut stream: TcpStream, answers: &Answers) -> io::Result<()> {
    let mut head = Vec::new();
    let mut room = [0; 1_024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = stream.read(&mut room).await?;
        if count == 0 || head.len() + count > HEAD_MAX {
            return Ok(());
        }
        head.extend_from_slice(&room[..count]);
    }
    let words = token(&head)
        .and_then(|token| answers.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned());
    let (status, words) = match &words {
        Some(words) => ("200 OK", words.as_str()),
        None => ("404 Not Found", ""),
    };
    let length = words.len();
    let text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/octet-stream\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{words}"
    );
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

/// What a question asks for, if it can be for a token.
fn token(head: &[u8]) -> Option<&str> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (method, path, version) = (words.next()?, words.next()?, words.next()?);
    (method == "GET" && version.starts_with("HTTP/1.")).then_some(())?;
    path.strip_prefix(PREFIX).filter(|token| !token.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    fn ask(to: SocketAddr, text: &str) -> String {
        let mut stream = TcpStream::connect(to).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut said = String::new();
        // What was sent after the end of the question may have cost us the connection.
        let _ = stream.read_to_string(&mut said);
        said
    }

    /// Asks one after another, as the door stands open.
    fn asked(answers: &[(&str, &str)], questions: Vec<String>) -> (Vec<String>, SocketAddr) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let probe = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let here = probe.local_addr().unwrap();
        drop(probe);
        let said = runtime.block_on(async {
            let door = Door::open(Some(here)).await.unwrap();
            answers.iter().for_each(|(token, words)| door.answer(token, words));
            let all = move || questions.iter().map(|text| ask(here, text)).collect();
            tokio::task::spawn_blocking(all).await.unwrap()
        });
        (said, here)
    }

    #[test]
    fn d14_the_authority_is_told_what_it_asks_for_and_nobody_is_told_more() {
        let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: sip.example.com\r\n\r\n");
        let others = ["/", "/.well-known/acme-challenge/", "/.well-known/acme-challenge/other", "/t0ken"];
        let mut questions = vec![get("/.well-known/acme-challenge/t0ken")];
        questions.extend(others.map(get));
        questions.push("POST /.well-known/acme-challenge/t0ken HTTP/1.1\r\n\r\n".to_owned());
        questions.push(format!("GET /{} HTTP/1.1\r\n", "a".repeat(HEAD_MAX)));

        let (said, _) = asked(&[("t0ken", "t0ken.thumb")], questions);

        let [told, others @ .., long] = said.as_slice() else { panic!("{said:?}") };
        assert!(told.starts_with("HTTP/1.1 200 OK\r\n") && told.ends_with("\r\n\r\nt0ken.thumb"), "{told}");
        assert_eq!((others.len(), long.as_str()), (5, ""));
        assert!(others.iter().all(|said| said.starts_with("HTTP/1.1 404 ")), "{others:?}");
    }

    #[test]
    fn d14_the_door_is_shut_when_the_order_is_over() {
        let (said, here) = asked(&[], vec!["GET / HTTP/1.1\r\n\r\n".to_owned()]);

        assert!(said[0].starts_with("HTTP/1.1 404 "));
        assert!(TcpStream::connect(here).is_err());
    }
}
