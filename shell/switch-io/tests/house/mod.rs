//! A switch behind real loopback sockets, and certificates of its own making.
#![allow(dead_code, reason = "each test uses some of it")]

#[path = "../../../../xtask/src/interop/ports.rs"]
mod ports;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use policy::{Policy, WallTime};
use sip_stack::locate::{DnsAnswer, DnsFound, DnsQuestion};
use sip_stack::{Listener, ListenerId, Transport};
use switch::{Answer, Event, Now, Question, Settings as SwitchSettings, Switch};
use switch_io::{
    Callers, Handle, Keep, KeepPhones, Limits, ListenerSettings, Mail, Origins, Pages, Ports, Receipt,
    Settings, Tls, TlsFiles, Way, Wildcards, WritePhones,
};

/// The pages that a test's house lets in.
pub const ORIGIN: &str = "https://phones.example.com";

/// Which way a message went, and its bytes.
pub type Crossed = (Way, Vec<u8>);

pub struct House {
    pub handle: Handle,
    pub mail: Mail,
    pub listeners: Vec<SocketAddr>,
    pub events: Receiver<Event>,
    pub tapped: Arc<Mutex<Vec<Crossed>>>,
    pub tls: Option<Tls>,
}

/// What a test wants of its house.
pub struct Wish<'a> {
    pub listen: &'a [(Transport, SocketAddr)],
    pub shards: u8,
    pub limits: Limits,
    pub tls: Option<TlsFiles>,
    /// Further objects of the configuration.
    pub more: String,
    pub secrets: model::Secrets,
    pub pages: Pages,
    /// Names that the DNS knows, all of this address.
    pub hosts: Option<(&'a str, IpAddr)>,
    /// What is done with records; nothing where it is missing.
    pub keep: Option<Keep>,
    /// The same for where phones are.
    pub keep_phones: Option<KeepPhones>,
    pub write_phones: Option<WritePhones>,
}

impl Default for Wish<'_> {
    fn default() -> Self {
        Wish {
            listen: &[],
            shards: 1,
            limits: Limits::default(),
            tls: None,
            more: String::new(),
            secrets: model::Secrets::new(),
            pages: Pages::default(),
            hosts: None,
            keep: None,
            keep_phones: None,
            write_phones: None,
        }
    }
}

impl House {
    pub fn start(wish: Wish<'_>) -> House {
        let policy = policy(&wish);
        let tls = wish.tls.as_ref().map(|files| Tls::load(files.clone()).unwrap());
        let listeners: Vec<_> = (0..)
            .zip(wish.listen)
            .map(|(id, (transport, bind))| {
                let sent_by = bind.to_string().into();
                let listener = Listener {
                    id: ListenerId(id),
                    transport: *transport,
                    bind: *bind,
                    sent_by,
                    interface: 0,
                };
                let tls = tls.clone().filter(|_| transport.is_sealed());
                let origins = Origins::Listed([ORIGIN.into()].into());
                ListenerSettings { listener, tls, origins, pages: wish.pages.clone(), mark: 24 }
            })
            .collect();
        let known: Arc<[Listener]> = listeners.iter().map(|settings| settings.listener.clone()).collect();
        let now = Now { instant: Instant::now(), wall: WallTime(0) };
        let switches = (0..wish.shards).map(|shard| {
            let listeners = Arc::clone(&known);
            let (seed, gruu_key) = ([shard; 32], [5; 32]);
            let (media, version) = (Vec::new(), "Test/1");
            let (shards, certificate) = (wish.shards, None);
            let settings =
                SwitchSettings { shard, shards, listeners, media, certificate, seed, gruu_key, version };
            Switch::new(settings, Arc::clone(&policy), now)
        });
        let (tell, events) = channel();
        let tapped = Arc::new(Mutex::new(Vec::new()));
        let tapping = Arc::clone(&tapped);
        let mail = Mail::new(wish.shards, wish.limits.letters).unwrap();
        let (answers, host) = (mail.clone(), wish.hosts.map(|(name, ip)| (name.to_owned(), ip)));
        let ports = Ports {
            keep: wish.keep.unwrap_or_else(|| Box::new(|_, _| Receipt::Done)),
            keep_phones: wish.keep_phones.unwrap_or_else(|| Box::new(|_, _| Receipt::Done)),
            write_phones: wish.write_phones.unwrap_or_else(|| Box::new(|| {})),
            keep_presence: Box::new(|_| {}),
            keep_helps: Box::new(|_| {}),
            keep_messages: Box::new(|_, _| Receipt::Done),
            order: Box::new(|_| {}),
            ask: Box::new(move |shard, id, question| {
                let Question::Dns(question) = question else { return };
                let Some((name, ip)) = &host else { return };
                let found = match &question {
                    DnsQuestion::Addresses(asked) if asked == name => DnsFound::Addresses(vec![*ip]),
                    _ => DnsFound::Failed,
                };
                let answer = Answer::Dns(DnsAnswer { question, ttl: Duration::from_secs(600), found });
                answers.answered(shard, id, answer).unwrap();
            }),
            tell: Box::new(move |event| drop(tell.send(event))),
            wake: Box::new(|_| {}),
            fault: Box::new(|shard, words| panic!("shard {shard}: {words}")),
            tap: Some(Box::new(move |tapped| {
                tapping.lock().unwrap().push((tapped.way, tapped.bytes.to_vec()));
            })),
        };
        let settings = Settings { listeners, handed: Arc::default(), limits: wish.limits };
        let handle = switch_io::start(settings, switches.collect(), mail.clone(), ports).unwrap();
        let listeners = wish.listen.iter().map(|(_, bind)| *bind).collect();
        House { handle, mail, listeners, events, tapped, tls }
    }
}

fn policy(wish: &Wish<'_>) -> Arc<Policy> {
    let address = wish.listen[0].1.ip();
    let ports: String =
        wish.listen.iter().map(|(transport, bind)| format!("{transport} = {}\n", bind.port())).collect();
    let is_websocket = |(transport, _): &(Transport, SocketAddr)| transport.is_websocket();
    let origins = match wish.listen.iter().any(is_websocket) {
        true => format!("origins = [\"{ORIGIN}\"]\n"),
        false => String::new(),
    };
    let text = format!(
        "format = 1\n[system]\nname = \"test\"\ncountry = \"US\"\n\
[interface.only]\naddress = \"{address}\"\n\
{ports}{origins}tls_certificate = \"c\"\ntls_key = \"k\"\n{}",
        wish.more
    );
    let text = if wish.tls.is_some() {
        text
    } else {
        text.replace("tls_certificate = \"c\"\ntls_key = \"k\"\n", "")
    };
    let documents = model::load(&[model::SourceFile::new("test.toml", text)]);
    let documents = documents.unwrap_or_else(|problems| panic!("{}", problems[0]));
    let policy = policy::compile(&documents, &wish.secrets);
    Arc::new(policy.unwrap_or_else(|problems| panic!("{}", problems[0])))
}

/// A port of this host that is free for datagrams and for connections, and stays this test's own.
pub fn free(host: &str) -> SocketAddr {
    let host = host.parse().unwrap();
    SocketAddr::new(host, ports::free_port(host).unwrap())
}

/// An OPTIONS request with a Call-ID of its own.
pub fn options(call: &str, transport: &str, from: SocketAddr) -> String {
    format!(
        "OPTIONS sip:house@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{transport} {from};branch=z9hG4bK{call}\r\n\
Max-Forwards: 70\r\nFrom: <sip:a@{from}>;tag=1\r\nTo: <sip:house@127.0.0.1>\r\nCall-ID: {call}\r\n\
CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
}

pub fn wait_for(condition: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < until, "it never came true");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A self-made authority and a certificate that it gave to `names`; with a scheme they are URIs.
pub struct Certificates {
    directory: PathBuf,
    names: Vec<String>,
    pub files: TlsFiles,
}

impl Certificates {
    pub fn of(test: &str, names: &[&str]) -> Certificates {
        let directory = std::env::temp_dir().join(format!("tandem-tls-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let (certificate, key) = (directory.join("certificate.pem"), directory.join("key.pem"));
        let files = TlsFiles {
            certificate: certificate.clone(),
            key,
            roots: Some(certificate),
            callers: Callers::NotAsked,
            wildcards: Wildcards::Refused,
        };
        let certificates = Certificates { directory, names, files };
        certificates.renew();
        certificates
    }

    /// Writes others in their place, for the same names.
    pub fn renew(&self) {
        let (uris, names): (Vec<String>, Vec<String>) =
            self.names.iter().cloned().partition(|name| name.contains(':'));
        let mut asked = rcgen::CertificateParams::new(names).unwrap();
        let uris = uris.into_iter().map(|uri| rcgen::SanType::URI(uri.try_into().unwrap()));
        asked.subject_alt_names.extend(uris);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = asked.self_signed(&key).unwrap();
        std::fs::write(&self.files.certificate, certificate.pem()).unwrap();
        std::fs::write(&self.files.key, key.serialize_pem()).unwrap();
    }

    pub fn path(&self) -> &Path {
        &self.files.certificate
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
