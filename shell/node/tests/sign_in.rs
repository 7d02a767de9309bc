#![allow(clippy::unwrap_used)]
//! A house that believes an identity provider: who comes by it may what his groups say, and is named in the
//! audit log; the house's own tokens hold whatever becomes of it, and no token is written anywhere.

#[path = "planted/heard.rs"]
mod heard;
mod house;
mod planted;
#[path = "../../sign-in/tests/provider/mod.rs"]
mod provider;

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use heard::{Heard, walked};
use house::{Directory, PATIENCE, free_port, house, tandem};
use planted::Planted;
use provider::{Mood, Provider, Signer, now_s};
use serde_json::{Value, json};

struct Home {
    directory: Directory,
    heard: Heard,
    provider: Provider,
    signer: Signer,
}

fn documents(sip: u16, issuer: &str) -> String {
    let system = format!(
        "[system.oidc]\nissuer = \"{issuer}\"\naudience = \"tandem\"\nclient = \"tandem-cli\"\n\
         roles = {{ reader = [\"staff\"], operator = [\"telephony\"], admin = [\"admins\"] }}\n\
         [interface.lan]"
    );
    house(sip).replace("[interface.lan]", &system)
}

impl Home {
    fn start(name: &str, mood: Mood) -> Home {
        let directory = Directory::new(name);
        let (provider, signer) = (Provider::start(), Signer::ec());
        provider.shows(vec![signer.shown("one")]);
        provider.is(mood);
        let text = documents(free_port(), &provider.issuer);
        fs::write(directory.path().join("house.toml"), text).unwrap();
        fs::write(directory.path().join("http.token"), "t0ken.0f.th3.h0use.0123456789").unwrap();
        let heard = Heard::start(&directory, &[]);
        Home { directory, heard, provider, signer }
    }

    fn token(&self, more: Value) -> String {
        self.signer.sign(&json!({ "alg": "ES256", "kid": "one" }), &self.provider.claims(&more))
    }

    fn ask(&mut self, method: &str, path: &str, token: &str) -> (u16, String, Value) {
        let text = self.heard.ask(&format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {token}\r\n\
             Connection: close\r\n\r\n"
        ));
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), head.to_owned(), serde_json::from_str(body).unwrap_or_default())
    }

    fn run(&self, words: &[&str]) -> String {
        let output = tandem(&[words, &["--dir", self.directory.text()]].concat());
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn alarms(&self) -> String {
        let status: Value = serde_json::from_str(&self.run(&["status", "--json"])).unwrap();
        status["alarms"].to_string()
    }

    fn wait_for(&mut self, what: &str, holds: impl Fn(&mut Home) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < until, "{what} never comes");
            sleep(Duration::from_millis(50));
        }
    }
}

#[test]
fn req_f73_whoever_signs_in_may_what_his_groups_say_and_is_named() {
    let mut home = Home::start("sign-in", Mood::Well);
    let reader = home.token(json!({}));
    let admin =
        home.token(json!({ "groups": ["staff", "admins"], "sub": "7", "preferred_username": "boss" }));
    let guest = home.token(json!({ "groups": ["guests"], "sub": "9", "preferred_username": "min" }));
    let ended = home.token(json!({ "exp": now_s() - 100 }));

    assert_eq!(home.ask("GET", "/status", &reader).0, 200);
    assert_eq!(home.ask("GET", "/audit", &reader).0, 403);
    let (status, _, made) = home.ask("POST", "/tokens?name=ci&role=reader", &admin);
    assert_eq!((status, &made["role"]), (200, &json!("reader")));
    let (status, _, said) = home.ask("GET", "/status", &guest);
    assert_eq!((status, &said["code"]), (403, &json!("TD-A002")));
    assert!(said["detail"].as_str().unwrap().contains("no role here"), "{said}");
    let (status, head, said) = home.ask("GET", "/status", &ended);
    assert_eq!((status, &said["code"]), (401, &json!("TD-A014")));
    assert!(said["detail"].as_str().unwrap().contains("s ago; sign in again"), "{said}");
    assert!(head.contains("error=\"invalid_token\", error_description=\"the token ended"), "{head}");
    let (status, head, said) = home.ask("GET", "/status", "nobody");
    assert_eq!((status, &said["code"]), (401, &json!("TD-A001")));
    assert!(head.to_ascii_lowercase().contains("www-authenticate: bearer realm=\"tandem\"\r\n"), "{head}");

    let (issuer, audit) = (&home.provider.issuer, home.run(&["audit", "list"]));
    for words in [
        format!("boss (7 at {issuer}) (admin) from"),
        format!("hana (248289761001 at {issuer}) (reader) from"),
        format!("min (9 at {issuer}) from"),
    ] {
        assert!(audit.contains(&words), "{words} is not in\n{audit}");
    }
    home.run(&["audit", "verify"]);
    home.heard.end();
    for file in walked(home.directory.path()).into_iter().filter(|path| path.is_file()) {
        home.heard.gathered.take(file.display().to_string(), fs::read(&file).unwrap());
    }
    let mut planted = Planted::default();
    for token in [reader, admin, guest, ended] {
        let signature = token.rsplit('.').next().unwrap().to_owned();
        planted.plant("a token of the provider", token);
        planted.plant("the signature of one", signature);
    }
    let leaks = home.heard.gathered.leaks(&planted);
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[test]
fn req_f73_without_the_identity_provider_the_tokens_of_the_house_hold() {
    let mut home = Home::start("sign-in-away", Mood::Away);
    let own = home.run(&["token", "create", "ci"]);

    let token = home.token(json!({}));
    let (status, _, said) = home.ask("GET", "/status", &token);
    assert_eq!((status, &said["code"]), (503, &json!("TD-A006")), "{said}");
    assert_eq!(home.ask("GET", "/status", &own).0, 200);
    home.wait_for("an alarm", |home| home.alarms().contains("nobody can sign in by it"));

    home.provider.is(Mood::Well);
    let token = home.token(json!({}));
    home.wait_for("the provider's keys", |home| home.ask("GET", "/status", &token).0 == 200);
    home.wait_for("the end of the alarm", |home| !home.alarms().contains("sign-in"));
}

#[test]
fn req_f73_roles_change_with_an_apply() {
    let mut home = Home::start("sign-in-apply", Mood::Well);
    let token = home.token(json!({}));
    assert_eq!(home.ask("GET", "/status", &token).0, 200);
    home.provider.is(Mood::Away);

    let file = home.directory.path().join("house.toml");
    let text = fs::read_to_string(&file).unwrap().replace("\"staff\"", "\"directors\"");
    fs::write(file, text).unwrap();
    home.run(&["apply", "--why", "fewer readers"]);

    home.wait_for("the new rule", |home| home.ask("GET", "/status", &token).0 == 403);
    let director = home.token(json!({ "groups": ["directors"] }));
    assert_eq!(home.ask("GET", "/status", &director).0, 200, "the keys are still known");
}
