#![allow(dead_code, clippy::unwrap_used)]
//! An identity provider as small as it can be: it says what it is, shows keys, and signs what it is told to.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub const AUDIENCE: &str = "tandem";

/// What it does when it is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// It hangs up.
    Away,
    /// It says that it is somebody else.
    Liar,
}

pub struct Provider {
    pub issuer: String,
    state: Arc<Mutex<State>>,
}

struct State {
    mood: Mood,
    shown: Vec<Value>,
    /// How often it was asked for its keys.
    asked: usize,
}

/// A key that it signs by.
pub enum Signer {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Provider {
    pub fn start() -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}/realms/corp", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { mood: Mood::Well, shown: Vec::new(), asked: 0 }));
        let (own, seen) = (issuer.clone(), Arc::clone(&state));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(&stream);
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let Some(body) = answer(&line, &own, &seen) else { continue };
                let mut rest = String::new();
                while reader.read_line(&mut rest).unwrap() > 2 {
                    rest.clear();
                }
                let length = body.len();
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                let _ = (&stream).write_all(format!("{head}{body}").as_bytes());
            }
        });
        Provider { issuer, state }
    }

    pub fn shows(&self, keys: Vec<Value>) {
        self.state.lock().unwrap().shown = keys;
    }

    pub fn is(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    pub fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }

    /// What it says of somebody; what is null is left out.
    pub fn claims(&self, more: &Value) -> Value {
        let mut claims = json!({
            "iss": self.issuer, "aud": AUDIENCE, "sub": "248289761001", "exp": now_s() + 300,
            "iat": now_s(), "preferred_username": "hana", "groups": ["staff"],
        });
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }
}

fn answer(line: &str, issuer: &str, state: &Mutex<State>) -> Option<String> {
    let mut state = state.lock().unwrap();
    let path = line.split(' ').nth(1)?;
    match (state.mood, path) {
        (Mood::Away, _) => None,
        (mood, "/realms/corp/.well-known/openid-configuration") => {
            let said = if mood == Mood::Liar { "https://login.example.com" } else { issuer };
            Some(json!({ "issuer": said, "jwks_uri": format!("{issuer}/keys") }).to_string())
        }
        (_, "/realms/corp/keys") => {
            state.asked += 1;
            Some(json!({ "keys": state.shown }).to_string())
        }
        _ => None,
    }
}

pub fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Signer {
    pub fn rsa() -> Signer {
        Signer::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    pub fn ec() -> Signer {
        Signer::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub fn ed() -> Signer {
        Signer::Ed(Ed25519KeyPair::generate().unwrap())
    }

    /// Its public half, under a name.
    pub fn shown(&self, kid: &str) -> Value {
        match self {
            Signer::Rsa(pair) => {
                let parts: PublicKeyComponents<Vec<u8>> = pair.public_key().into();
                json!({ "kty": "RSA", "kid": kid, "use": "sig", "n": text(parts.n), "e": text(parts.e) })
            }
            Signer::Ec(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = (text(&point[1..33]), text(&point[33..65]));
                json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": y })
            }
            Signer::Ed(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": text(pair.public_key()) })
            }
        }
    }

    /// The public key as a file holds it: what a shared secret is made of by who tries that.
    pub fn file(&self) -> Vec<u8> {
        match self {
            Signer::Rsa(pair) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
            Signer::Ec(pair) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
            Signer::Ed(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", text(header.to_string()), text(claims.to_string()));
        let (bytes, chance) = (signed.as_bytes(), SystemRandom::new());
        let signature = match self {
            Signer::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let encoding: &'static dyn RsaEncoding = match header["alg"].as_str() {
                    Some("PS256") => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                pair.sign(encoding, &chance, bytes, &mut signature).unwrap();
                signature
            }
            Signer::Ec(pair) => pair.sign(&chance, bytes).unwrap().as_ref().to_vec(),
            Signer::Ed(pair) => pair.sign(bytes).as_ref().to_vec(),
        };
        format!("{signed}.{}", text(signature))
    }
}
