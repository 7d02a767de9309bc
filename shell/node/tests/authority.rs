#![allow(clippy::unwrap_used)]
//! A house whose authority gives no certificates. One that does: `cargo xtask interop acme`.

mod house;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use house::{Directory, PATIENCE, Running, free_port, house, options, tandem};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

const NAME: &str = "sip.house.test";

struct Home {
    directory: Directory,
    sip: u16,
    sealed: u16,
}

impl Home {
    /// Nobody listens where its authority should be.
    fn new(name: &str) -> Home {
        let directory = Directory::new(name);
        let (sip, sealed, authority, door) = (free_port(), free_port(), free_port(), free_port());
        let acme = format!(
            "[system.acme]\nauthority = \"https://127.0.0.1:{authority}/dir\"\nterms = \"agreed\"\n\
             tls_verify = \"ca.pem\"\nlisten = \"127.0.0.1:{door}\"\n[interface.lan]\ntls = {sealed}\n\
             tls_names = [\"SIP.house.test\"]"
        );
        let text = house(sip).replace("[interface.lan]", &acme);
        fs::write(directory.path().join("house.toml"), text).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let own = rcgen::CertificateParams::new(vec!["ca.test".to_owned()]).unwrap().self_signed(&key);
        fs::write(directory.path().join("ca.pem"), own.unwrap().pem()).unwrap();
        Home { directory, sip, sealed }
    }

    fn asked(&self, words: &[&str]) -> (Option<i32>, Value) {
        let asked = tandem(&[words, &["--json", "--dir", self.directory.text()]].concat());
        (asked.status.code(), serde_json::from_slice(&asked.stdout).unwrap_or_default())
    }

    /// How its certificate stands, once it was asked for.
    fn stands(&self) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let (exit, listed) = self.asked(&["certificate", "list"]);
            if exit == Some(0) && listed[0]["tried_ms"].is_i64() {
                return listed[0].clone();
            }
            assert!(Instant::now() < until, "it is never asked for: {listed:#}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn file(&self) -> PathBuf {
        PathBuf::from(self.stands()["file"].as_str().unwrap())
    }

    /// Says OPTIONS to whoever shows the certificate that is in the file.
    fn is_shown(&self) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.file()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
        let stream = TcpStream::connect(("127.0.0.1", self.sealed)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let session = ClientConnection::new(config, NAME.try_into().unwrap()).unwrap();
        let mut sealed = StreamOwned::new(session, stream);
        let text = "OPTIONS sip:sip.house.test SIP/2.0\r\n\
                    Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKs;rport\r\n\
                    From: <sip:a@sip.house.test>;tag=1\r\nTo: <sip:sip.house.test>\r\nCall-ID: shown\r\n\
                    CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n";
        let mut said = [0; 12];
        let heard = sealed.write_all(text.as_bytes()).and_then(|()| sealed.read_exact(&mut said));
        heard.is_ok() && &said == b"SIP/2.0 200 "
    }
}

#[test]
fn d14_a_house_starts_without_its_authority_and_says_so() {
    let home = Home::new("authority-away");
    let up = Running::start(home.directory.text(), &[]);
    assert_eq!(home.stands()["state"], "stand_in");

    assert!(options(home.sip).starts_with("SIP/2.0 200"));
    assert!(home.is_shown(), "the stand-in is not shown");
    let (exit, said) = home.asked(&["certificate", "renew", NAME]);
    assert_eq!((exit, &said["state"]), (Some(1), &"stand_in".into()), "{said:#}");
    assert!(said["why"].as_str().unwrap().contains("127.0.0.1"), "{said:#}");
    let (_, status) = home.asked(&["status"]);
    let alarm = status["alarms"][0].as_str().unwrap();
    assert!(alarm.contains(NAME) && alarm.contains("stand-in"), "{alarm}");
    assert_eq!(home.asked(&["certificate", "renew", "other.test"]).0, Some(1));
    let mode = fs::metadata(home.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    up.stop();
}

#[test]
fn d14_a_certificate_that_nobody_can_read_gives_way_to_a_stand_in() {
    let home = Home::new("authority-broken");
    let up = Running::start(home.directory.text(), &[]);
    let file = home.file();
    up.stop();
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();

    let mut up = Running::start(home.directory.text(), &[]);
    up.wait_for("gives way to a stand-in");

    assert!(home.is_shown(), "what is in the file is not shown");
    up.stop();
}
