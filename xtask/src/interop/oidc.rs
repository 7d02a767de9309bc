//! Sign-in by an identity provider: oidc-provider, which the OpenID Foundation has certified, gives tokens to
//! people and to a program. Its keys change, it is away and comes back; tokens that are wrong, forged or not
//! signed at all are refused with what is wrong. Somebody signs in at the command line by another device, and
//! out again; the token is renewed meanwhile.
//!
//! Proves: F-73.

use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::node::{Node, Setting};
use super::place::{self, free_port, io_failure};
use super::program::Program;
use super::tls::Certificates;
use super::{Binary, Load};
use crate::step::{self, Failure, root};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Where the provider is installed.
const PLACE: &str = "target/interop-oidc";
const CLIENT: &str = "tandem-cli";
const WITHIN: Duration = Duration::from_secs(60);
/// The house asks for keys that nobody knows no sooner than this.
const BETWEEN: Duration = Duration::from_secs(10);
/// What is asked for of the provider's desk, and what the house says to it.
const WRONG: [(&str, &str); 13] = [
    ("aud=shop", "the token is for \"shop\" (aud); one for \"tandem-cli\" is wanted"),
    ("iss=https://localhost", "the token is of the issuer \"https://localhost\""),
    ("holds=-60", "the token ended 6"),
    ("begins=600", "the token begins to hold in"),
    ("azp=shop", "the token was given to \"shop\""),
    ("typ=logout%2Bjwt", "the token's typ is \"logout+jwt\""),
    ("alg=none", "the token is not signed"),
    ("alg=HS256", "the token is signed by a shared secret (HS256)"),
    ("forged=yes", "the token's signature is wrong"),
    ("forged=yes&alg=RS256", "the token's signature is wrong"),
    ("kid=made-up", "the token is signed by the key \"made-up\""),
    ("alg=RS256&kid=ec", "signs by RS256"),
    ("alg=ES256&kid=rsa", "signs by ES256"),
];

struct Lane<'b> {
    binary: &'b Binary,
    folder: PathBuf,
    kept: Certificates,
    provider: u16,
    desk: u16,
    web: SocketAddr,
    sip: SocketAddr,
}

/// Installs it, in the versions that interop/oidc has locked, where it is missing.
pub fn install() -> Result<(), Failure> {
    let folder = root().join(PLACE);
    let lock = fs::read(root().join("interop/oidc/package-lock.json"));
    let lock = lock.map_err(|error| io_failure("package-lock.json", &error))?;
    let installed = folder.join("node_modules/.package-lock.json").exists();
    if installed && fs::read(folder.join("package-lock.json")).is_ok_and(|there| there == lock) {
        return Ok(());
    }
    fs::create_dir_all(&folder).map_err(|error| io_failure(PLACE, &error))?;
    for file in ["package.json", "package-lock.json"] {
        let copied = fs::copy(root().join("interop/oidc").join(file), folder.join(file));
        copied.map_err(|error| io_failure(file, &error))?;
    }
    let mut command = Command::new("npm");
    command.current_dir(&folder).args(["ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]);
    step::run(&mut command, "needs npm (apt-get install nodejs npm) and its registry")
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let lane = Lane::make(binary)?;
    let node = lane.start()?;
    let own = lane.tandem(&["token", "create", "ci", "--data", &lane.path("data")])?;
    lane.away_from_the_start(own.trim())?;

    let mut provider = lane.provider()?;
    lane.wait_for("the provider's keys", |lane| lane.status(&lane.token("")?).map(|status| status == 200))?;
    for alg in ["RS256", "PS256", "ES256", "Ed25519"] {
        lane.expect(&lane.token(&format!("alg={alg}"))?, 200, "")?;
    }
    for (asks, words) in WRONG {
        lane.expect(&lane.token(&lane.with_keys(asks)?)?, 401, words)?;
    }
    lane.program_signs_in()?;
    let tokens = lane.person_signs_in()?;
    lane.keys_change()?;

    let before = lane.token("")?;
    provider.end();
    thread::sleep(BETWEEN);
    lane.expect(&before, 200, "")?;
    lane.expect(own.trim(), 200, "")?;
    let _provider = lane.provider()?;
    lane.expect(&lane.token("")?, 200, "")?;
    lane.audit_names_them()?;
    node.stop()?;
    lane.keeps_secrets(&tokens)?;
    Ok(format!(
        "4 algorithms, {} kinds of wrong tokens refused, a person by another device, a program; \
         keys changed; the provider away at the start and later",
        WRONG.len()
    ))
}

impl<'b> Lane<'b> {
    fn make(binary: &'b Binary) -> Result<Lane<'b>, Failure> {
        let folder = place::folder("oidc")?;
        let kept = Certificates::make(&folder)?;
        let port = || free_port(HERE);
        let at = || port().map(|port| SocketAddr::new(HERE, port));
        Ok(Lane { binary, folder, kept, provider: port()?, desk: port()?, web: at()?, sip: at()? })
    }

    fn issuer(&self) -> String {
        format!("https://localhost:{}", self.provider)
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn start(&self) -> Result<Node, Failure> {
        let text = format!(
            "format = 1\n\n[system]\nname = \"interop\"\ncountry = \"US\"\n\n\
             [system.http]\nlisten = \"{}\"\n\n\
             [system.oidc]\nissuer = \"{}\"\naudience = \"{CLIENT}\"\nparties = [\"deploy\"]\n\
             roles = {{ reader = [\"staff\"], operator = [\"machines\"], admin = [\"telephony-admins\"] }}\n\
             tls_verify = {:?}\nleeway = \"5s\"\n\n\
             [interface.loop]\naddress = \"{HERE}\"\nudp = {}\nmedia_ports = \"20000-29999\"\n",
            self.web,
            self.issuer(),
            self.kept.authority,
            self.sip.port(),
        );
        let written = fs::write(self.folder.join("conf/tandem.toml"), text);
        written.map_err(|error| io_failure("tandem.toml", &error))?;
        let setting = Setting { sip: self.sip, udp: self.sip, media_ports: "20000-29999" };
        Node::start(self.binary, &self.folder, &setting)
    }

    fn provider(&self) -> Result<Program, Failure> {
        // Programs look for their packages beside themselves.
        let (from, to) = (root().join("interop/oidc/provider.mjs"), root().join(PLACE).join("provider.mjs"));
        fs::copy(from, &to).map_err(|error| io_failure("provider.mjs", &error))?;
        let mut command = Command::new("node");
        command.arg(to).arg(self.provider.to_string()).arg(self.desk.to_string());
        command.arg(&self.kept.certificate).arg(&self.kept.key).arg(self.folder.join("keys.json"));
        Program::start_until(command, &self.folder, "provider", "provider is ready")
    }

    /// What its own tokens open, and that the provider's do not yet.
    fn away_from_the_start(&self, own: &str) -> Result<(), Failure> {
        self.expect(own, 200, "")?;
        let claims = json!({ "iss": self.issuer(), "aud": CLIENT, "sub": "hana", "exp": 4_000_000_000_u64 });
        let (header, claims) =
            (base64(br#"{"alg":"ES256","kid":"a"}"#), base64(claims.to_string().as_bytes()));
        self.expect(&format!("{header}.{claims}.AAAA"), 503, "were never fetched")?;
        self.wait_for("an alarm", |lane| {
            lane.alarms().map(|words| words.contains("nobody can sign in by it"))
        })
    }

    /// A wish whose key is one of the provider's, by its kind.
    fn with_keys(&self, asks: &str) -> Result<String, Failure> {
        let text =
            fs::read(self.folder.join("keys.json")).map_err(|error| io_failure("keys.json", &error))?;
        let keys: Value = serde_json::from_slice(&text).unwrap_or_default();
        let named = |at: usize| keys[at]["kid"].as_str().unwrap_or_default().to_owned();
        Ok(asks
            .replace("kid=ec", &format!("kid={}", named(2)))
            .replace("kid=rsa", &format!("kid={}", named(0))))
    }

    /// A program has a token for access, by its own secret.
    fn program_signs_in(&self) -> Result<(), Failure> {
        let said = self.curl(&[
            "--user",
            "deploy:a-secret-of-the-program-that-deploys",
            "--data",
            "grant_type=client_credentials&scope=tandem.operate",
            &format!("{}/token", self.issuer()),
        ])?;
        let said: Value = serde_json::from_str(&said).unwrap_or_default();
        let token = said["access_token"].as_str().unwrap_or_default();
        self.expect(token, 200, "")?;
        let (status, body) = self.ask("GET", "/api/v1/audit", token)?;
        match status == 403 && body.contains("is operator") {
            true => Ok(()),
            false => Err(unlike("the program may not only what an operator may", &json!([status, body]))),
        }
    }

    /// Hana signs in at the command line, where she is asked to go elsewhere; her tokens.
    fn person_signs_in(&self) -> Result<Vec<String>, Failure> {
        let child = self.sign_in(&["--dir", &self.path("conf"), "--json"])?;
        let said = self.approved(child, "hana")?;
        if said["name"] != "hana" || said["issuer"] != self.issuer().as_str() {
            return Err(unlike("it is not Hana who has signed in", &said));
        }
        let file = self.folder.join("state/tandem/session.json");
        let mode = fs::metadata(&file).map(|about| about.permissions().mode() & 0o777);
        if mode.as_ref().ok() != Some(&0o600) {
            return Err(unlike("others may read what she has", &json!(format!("{mode:?}"))));
        }
        let first = self.tandem(&["sign-in", "--print"])?;
        self.expect(first.trim(), 200, "")?;
        let (status, _) = self.ask("GET", "/api/v1/audit", first.trim())?;
        if status != 200 {
            return Err(unlike("Hana's groups do not make her an admin", &json!(status)));
        }
        let mut kept = self.session()?;
        kept["until_s"] = json!(0);
        let written = fs::write(&file, kept.to_string());
        written.map_err(|error| io_failure("session.json", &error))?;
        let renewed = self.tandem(&["sign-in", "--print"])?;
        self.expect(renewed.trim(), 200, "")?;
        let tokens = [first.trim(), renewed.trim(), kept["refresh_token"].as_str().unwrap_or_default()];
        let tokens = tokens.map(str::to_owned).to_vec();
        let last = self.session()?["refresh_token"].as_str().unwrap_or_default().to_owned();
        self.tandem(&["sign-out"])?;
        if file.exists() {
            return Err(unlike("she is still signed in", &Value::Null));
        }
        let form = format!("grant_type=refresh_token&client_id={CLIENT}&refresh_token={last}");
        let said = self.curl(&["--data", &form, &format!("{}/token", self.issuer())])?;
        match said.contains("invalid_grant") && !last.is_empty() {
            true => Ok(tokens),
            false => Err(unlike("the provider still takes what she gave back", &json!(said))),
        }
    }

    /// Whoever comes with a new key is let in at once; one that was withdrawn opens nothing.
    fn keys_change(&self) -> Result<(), Failure> {
        thread::sleep(BETWEEN);
        let old = self.token("")?;
        self.expect(&old, 200, "")?;
        let asked = self.desk("GET", "/asked")?;
        self.desk("POST", "/rotate")?;
        self.expect(&self.token("")?, 200, "")?;
        self.expect(&old, 401, "which the identity provider does not show")?;
        for made_up in 0..50 {
            self.expect(&self.token(&format!("kid=made-up-{made_up}"))?, 401, "made-up")?;
        }
        let (before, after) = (count(&asked), count(&self.desk("GET", "/asked")?));
        match after - before {
            1..=2 => Ok(()),
            more => Err(unlike("the provider was asked so often for keys that were made up", &json!(more))),
        }
    }

    fn audit_names_them(&self) -> Result<(), Failure> {
        let said = self.tandem(&["audit", "list", "--last", "500", "--data", &self.path("data")])?;
        let words = format!("deploy at {}) (operator) from", self.issuer());
        match said.contains(&words) && said.contains("a stranger from") {
            true => Ok(()),
            false => Err(unlike("the audit log does not name who came", &json!(said))),
        }
    }

    fn keeps_secrets(&self, tokens: &[String]) -> Result<(), Failure> {
        for name in ["node.log", "data/audit/audit.jsonl", "data/events.jsonl"] {
            let text = fs::read_to_string(self.folder.join(name)).unwrap_or_default();
            if tokens.iter().any(|token| token.is_empty() || text.contains(token)) {
                return Err(unlike("a token stands in", &json!(name)));
            }
        }
        Ok(())
    }

    fn sign_in(&self, words: &[&str]) -> Result<Child, Failure> {
        let mut command = self.command(&[&["sign-in"], words].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map_err(|error| io_failure("tandem sign-in", &error))
    }

    /// Reads where to go, goes there, and waits until the command line knows.
    fn approved(&self, mut child: Child, login: &str) -> Result<Value, Failure> {
        let mut says = child.stderr.take().ok_or_else(|| unlike("it has no errors", &Value::Null))?;
        let mut said = Vec::new();
        let mut room = [0; 256];
        while !said.ends_with(b"\n") || !said.windows(6).any(|word| word == b"enter ") {
            match says.read(&mut room) {
                Ok(length @ 1..) => said.extend_from_slice(&room[..length]),
                _ => return Err(unlike("it says nothing", &json!(String::from_utf8_lossy(&said)))),
            }
        }
        let said = String::from_utf8_lossy(&said).into_owned();
        let code = said.split("enter ").nth(1).and_then(|rest| rest.split_whitespace().next());
        let code = code.unwrap_or_default();
        self.desk("POST", &format!("/approve?code={code}&login={login}"))?;
        let output = child.wait_with_output().map_err(|error| io_failure("tandem sign-in", &error))?;
        match output.status.success() {
            true => Ok(serde_json::from_slice(&output.stdout).unwrap_or_default()),
            false => Err(unlike("nobody has signed in", &json!(format!("{said}{output:?}")))),
        }
    }

    fn session(&self) -> Result<Value, Failure> {
        let text = fs::read(self.folder.join("state/tandem/session.json"));
        let text = text.map_err(|error| io_failure("session.json", &error))?;
        Ok(serde_json::from_slice(&text).unwrap_or_default())
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.binary.command();
        command.args(words).env("XDG_STATE_HOME", self.folder.join("state")).env("NO_COLOR", "1");
        command
    }

    fn tandem(&self, words: &[&str]) -> Result<String, Failure> {
        let output = self.command(words).output().map_err(|error| io_failure("tandem", &error))?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(unlike(&format!("tandem {}", words.join(" ")), &json!(format!("{output:?}")))),
        }
    }

    fn alarms(&self) -> Result<String, Failure> {
        let said = self.tandem(&["status", "--json", "--data", &self.path("data")])?;
        Ok(serde_json::from_str::<Value>(&said).unwrap_or_default()["alarms"].to_string())
    }

    fn curl(&self, words: &[&str]) -> Result<String, Failure> {
        let mut command = Command::new("curl");
        command.args(["--silent", "--cacert"]).arg(&self.kept.authority).args(words);
        let output = command.output().map_err(|error| io_failure("curl", &error))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// A token that the provider has made as it was asked to.
    fn token(&self, asks: &str) -> Result<String, Failure> {
        self.desk("GET", &format!("/token?{asks}"))
    }

    fn desk(&self, method: &str, path: &str) -> Result<String, Failure> {
        let (status, body) = exchange(SocketAddr::new(HERE, self.desk), method, path, "")?;
        match status {
            200 => Ok(body),
            _ => Err(unlike(&format!("the desk at {path}"), &json!([status, body]))),
        }
    }

    fn ask(&self, method: &str, path: &str, token: &str) -> Result<(u16, String), Failure> {
        exchange(self.web, method, path, &format!("Authorization: Bearer {token}\r\n"))
    }

    fn status(&self, token: &str) -> Result<u16, Failure> {
        self.ask("GET", "/api/v1/status", token).map(|(status, _)| status)
    }

    fn expect(&self, token: &str, status: u16, words: &str) -> Result<(), Failure> {
        let (said, body) = self.ask("GET", "/api/v1/status", token)?;
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let detail = body["detail"].as_str().unwrap_or_default();
        match said == status && detail.contains(words) {
            true => Ok(()),
            false => Err(unlike(&format!("not {status} with {words:?}"), &json!([said, body]))),
        }
    }

    fn wait_for(&self, what: &str, holds: impl Fn(&Self) -> Result<bool, Failure>) -> Result<(), Failure> {
        let until = Instant::now() + WITHIN;
        while !holds(self)? {
            if Instant::now() > until {
                return Err(unlike(&format!("{what} never comes"), &Value::Null));
            }
            thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }
}

fn count(text: &str) -> u32 {
    text.trim().parse().unwrap_or_default()
}

fn exchange(to: SocketAddr, method: &str, path: &str, headers: &str) -> Result<(u16, String), Failure> {
    let failed = |error| io_failure(path, &error);
    let mut stream = TcpStream::connect(to).map_err(failed)?;
    stream.set_read_timeout(Some(WITHIN)).map_err(failed)?;
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {to}\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut text = String::new();
    stream.read_to_string(&mut text).map_err(failed)?;
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default();
    // What is not as long as it says comes in pieces; there is one.
    let body = match head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        true => body.split("\r\n").nth(1).unwrap_or_default(),
        false => body,
    };
    Ok((status, body.to_owned()))
}

/// For a URL, without padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let wide =
            three.iter().fold(0_u32, |wide, byte| wide << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let letters =
            (0..=three.len()).map(|place| char::from(LETTERS[(wide >> (18 - 6 * place)) as usize & 63]));
        text.extend(letters);
    }
    text
}

fn unlike(what: &str, said: &Value) -> Failure {
    Failure::new(format!("{what}: {said}"), "read node.log and provider.log in target/interop/oidc")
}
