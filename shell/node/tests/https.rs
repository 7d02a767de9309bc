#![allow(clippy::unwrap_used)]
//! The house by HTTP within TLS: who may read along, and certificates that change while somebody listens.

mod house;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use house::{Directory, PATIENCE, Running, free_port, house, options, tandem};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// How many listen while certificates change.
const LISTENERS: usize = 40;
const RENEWALS: usize = 10;

type Sealed = BufReader<StreamOwned<ClientConnection, TcpStream>>;

struct Home {
    directory: Directory,
    up: Running,
    port: u16,
    sip: u16,
    token: String,
}

impl Home {
    fn start(name: &str) -> Home {
        let (directory, port, sip) = (Directory::new(name), free_port(), free_port());
        certify(&directory);
        let http = format!(
            "[system.http]\nlisten = \"127.0.0.1:{port}\"\ntls_certificate = \"web.pem\"\n\
             tls_key = \"web.key\"\n[interface.lan]"
        );
        let text = house(sip).replace("[interface.lan]", &http);
        fs::write(directory.path().join("house.toml"), text).unwrap();
        let mut up = Running::start(directory.text(), &[]);
        up.wait_for(&format!("  http       https://127.0.0.1:{port}"));
        let made = tandem(&["token", "create", "ci", "--dir", directory.text()]);
        let token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        Home { directory, up, port, sip, token }
    }

    /// Asks whoever shows the certificate that is on the disk now, or one of before.
    fn ask(&self, roots: &Arc<ClientConfig>, path: &str) -> std::io::Result<Sealed> {
        let stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let name = "localhost".try_into().unwrap();
        let session = ClientConnection::new(Arc::clone(roots), name).map_err(std::io::Error::other)?;
        let mut sealed = StreamOwned::new(session, stream);
        let token = &self.token;
        write!(sealed, "GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n")?;
        let mut sealed = BufReader::new(sealed);
        sealed.fill_buf()?;
        Ok(sealed)
    }

    /// Renews the certificate, and waits until it is the one that is shown.
    fn renew(&self) -> Arc<ClientConfig> {
        certify(&self.directory);
        self.up.signal("-HUP");
        let (roots, until) = (roots(&self.directory), Instant::now() + PATIENCE);
        while self.ask(&roots, "/health").is_err() {
            assert!(Instant::now() < until, "the new certificate is never shown");
            thread::sleep(Duration::from_millis(20));
        }
        roots
    }
}

/// Writes another certificate, and its key, in the place of those that are there.
fn certify(directory: &Directory) {
    let key = rcgen::KeyPair::generate().unwrap();
    let asked = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = asked.self_signed(&key).unwrap();
    // Whole files take the place of whole files, as those who renew certificates do it.
    for (name, text) in [("web.key", key.serialize_pem()), ("web.pem", certificate.pem())] {
        let beside = directory.path().join("beside");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, directory.path().join(name)).unwrap();
    }
}

fn roots(directory: &Directory) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(directory.path().join("web.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_root_certificates(roots).with_no_client_auth())
}

fn hear(sealed: &mut Sealed, words: &str) {
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        assert!(sealed.read_line(&mut line).unwrap() > 0, "the end came before {words:?}");
    }
}

#[test]
fn whoever_listens_hears_on_while_certificates_are_renewed_again_and_again() {
    let home = Home::start("https-renewed");
    let first = roots(&home.directory);
    let mut all: Vec<Sealed> = (0..LISTENERS).map(|_| home.ask(&first, "/api/v1/events").unwrap()).collect();
    all.iter_mut().for_each(|one| hear(one, "you hear what happens"));

    for round in 0..RENEWALS {
        home.renew();
        let text = fs::read_to_string(home.directory.path().join("house.toml")).unwrap();
        fs::write(home.directory.path().join("house.toml"), format!("{text}# {round}\n")).unwrap();
    }

    assert!(home.ask(&first, "/health").is_err(), "the certificate of before is shown still");
    let made = tandem(&["apply", home.directory.text(), "--why", "to be heard of"]);
    let text = fs::read_to_string(home.directory.path().join("house.toml")).unwrap();
    fs::write(home.directory.path().join("house.toml"), text.replace("\"Hana\"", "\"Hannah\"")).unwrap();
    let changed = tandem(&["apply", home.directory.text(), "--why", "to be heard of"]);
    assert!(changed.status.success(), "{made:?} {changed:?}");
    all.iter_mut().for_each(|one| hear(one, "to be heard of"));
    home.up.stop();
}

#[test]
fn certificate_and_key_that_do_not_belong_together_leave_what_is_in_use() {
    let mut home = Home::start("https-unfit");
    let first = roots(&home.directory);
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    fs::write(home.directory.path().join("web.key"), key).unwrap();

    home.up.signal("-HUP");
    home.up.wait_for("the certificate in use stays");

    home.ask(&first, "/health").unwrap();
    assert!(options(home.sip).starts_with("SIP/2.0 200"));
}

#[test]
fn a_house_that_nobody_can_ask_takes_calls_all_the_same() {
    let home = Home::start("https-without");
    let (directory, sip) = (home.directory, home.sip);
    home.up.stop();
    fs::remove_file(directory.path().join("web.pem")).unwrap();

    let mut up = Running::start(directory.text(), &[]);

    up.wait_for("nobody is answered by HTTP");
    up.wait_for("data");
    assert!(options(sip).starts_with("SIP/2.0 200"));
}

#[test]
fn nobody_is_answered_who_does_not_speak_tls() {
    let home = Home::start("https-clear");
    let mut stream = TcpStream::connect(("127.0.0.1", home.port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);

    assert!(!said.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn a_listener_beyond_this_machine_without_tls_is_refused_with_what_to_write() {
    let directory = Directory::new("https-refused");
    let listen = "[system.http]\nlisten = \"0.0.0.0:7180\"\n[interface.lan]";
    let text = house(free_port()).replace("[interface.lan]", listen);
    fs::write(directory.path().join("house.toml"), &text).unwrap();

    let checked = tandem(&["config", "check", directory.text()]);
    let said = String::from_utf8([checked.stdout, checked.stderr].concat()).unwrap();
    let accepted = text.replace(":7180\"\n", ":7180\"\nin_clear = \"accepted\"\n");
    fs::write(directory.path().join("house.toml"), accepted).unwrap();
    let wanted = tandem(&["config", "check", directory.text()]);

    assert_eq!(checked.status.code(), Some(1), "{said}");
    assert!(said.contains("TD-C074") && said.contains("tls_certificate"), "{said}");
    assert_eq!(wanted.status.code(), Some(0), "{wanted:?}");
}
