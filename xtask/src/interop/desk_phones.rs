//! Desk phones fetch their settings within TLS: Python asks and reads them with its own parser, curl is told
//! by the authority whom to believe, and a baresip for each make registers with what its file says.
//!
//! Proves: D9.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::baresip::Waiting;
use super::node::{Node, Setting};
use super::place::{self, free_port, io_failure};
use super::tls::Certificates;
use super::{Binary, Load};
use crate::step::{self, Failure, root};

const HOUSE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const NAME: &str = "Hana \"<&'>\" Kim";
const MAKES: [(&str, &str); 4] = [
    ("yealink", "80:5E:C0:12:34:56"),
    ("poly", "0004.f212.3456"),
    ("snom", "00-04-13-12-34-56"),
    ("grandstream", "000b82123456"),
];
const SECONDS: u32 = 60;
const WITHIN: Duration = Duration::from_secs(30);

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let folder = place::folder("desk-phones")?;
    let kept = Certificates::make(&folder)?;
    let port = || free_port(HOUSE).map(|port| SocketAddr::new(HOUSE, port));
    let (house, web) = (port()?, port()?);
    configure(&folder, house, web, &kept)?;
    let node = Node::start(binary, &folder, &Setting { sip: house, udp: house, media_ports: "20000-29999" })?;

    believed(&kept, web)?;
    let accounts = asked(binary, &folder, &kept)?;
    let mut phones = Vec::new();
    for (last, account) in (60..).zip(&accounts) {
        phones.push(registering(&folder, account, house, IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)))?);
    }
    let until = Instant::now() + WITHIN;
    while registered(binary, &folder)? < accounts.len() {
        if Instant::now() > until {
            let what = format!("{} of {} phones registered", registered(binary, &folder)?, accounts.len());
            return Err(Failure::new(what, "read node.log and */log"));
        }
        thread::sleep(Duration::from_millis(100));
    }
    drop(phones);
    node.stop()?;
    let log = fs::read_to_string(folder.join("node.log")).map_err(|error| io_failure("node.log", &error))?;
    for account in &accounts {
        let password = text(account, "password");
        if log.contains(&password) {
            return Err(Failure::new("a phone's password is in the log", "read node.log"));
        }
    }
    Ok(format!("{} makes asked within TLS, read by Python, and registered by baresip", accounts.len()))
}

/// Who believes the authority is answered, and who believes others is not.
fn believed(kept: &Certificates, web: SocketAddr) -> Result<(), Failure> {
    let curl = |more: &[&str]| {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--max-time", "20"]).args(more);
        command.arg(format!("https://{web}/health"));
        command
    };
    let authority = kept.authority.display().to_string();
    let said = step::read(&mut curl(&["--cacert", &authority]), "read node.log")?;
    if said.trim() != "alive" {
        return Err(Failure::new(format!("curl hears {said:?}"), "read node.log"));
    }
    let stranger = curl(&[]).output().map_err(|error| io_failure("curl", &error))?;
    match stranger.status.success() {
        true => Err(Failure::new("curl believes a certificate that nobody has signed", "mend this scenario")),
        false => Ok(()),
    }
}

/// What the phones are told, as Python reads it.
fn asked(binary: &Binary, folder: &Path, kept: &Certificates) -> Result<Vec<Value>, Failure> {
    let mut command = binary.command();
    let printed =
        step::read(command.args(["user", "phones", "--json", "--dir"]).arg(folder.join("conf")), "read it")?;
    let list = folder.join("phones.json");
    fs::write(&list, printed).map_err(|error| io_failure("phones.json", &error))?;
    let mut python = Command::new("python3");
    python.arg(root().join("interop/deskphones/ask.py")).arg(&kept.authority).arg(&list);
    let said = step::read(&mut python, "read what ask.py says, and node.log")?;
    let accounts: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for account in &accounts {
        if text(account, "name") != NAME {
            return Err(Failure::new(format!("somebody is called {}", account["name"]), "mend deskphones"));
        }
    }
    match accounts.len() == MAKES.len() {
        true => Ok(accounts),
        false => {
            Err(Failure::new(format!("{} phones were told anything", accounts.len()), "read phones.json"))
        }
    }
}

fn registering(folder: &Path, account: &Value, house: SocketAddr, at: IpAddr) -> Result<Waiting, Failure> {
    let [user, auth, password, server, transport] =
        ["user", "auth", "password", "server", "transport"].map(|key| text(account, key));
    if server != house.to_string() {
        return Err(Failure::new(format!("a phone is told to register at {server}"), "read phones.json"));
    }
    let line = format!(
        "<sip:{user}@{server};transport={transport}>;auth_user={auth};auth_pass={password};\
         answermode=auto;audio_codecs=PCMU;regint=60\n"
    );
    let address = SocketAddr::new(at, free_port(at)?);
    Waiting::start(folder, &text(account, "make"), (&line, address), SECONDS, None)
}

fn registered(binary: &Binary, folder: &Path) -> Result<usize, Failure> {
    let mut command = binary.command();
    command.args(["user", "show", "hana", "--json", "--data"]).arg(folder.join("data"));
    let said = step::read(&mut command, "read node.log")?;
    let answer: Value = serde_json::from_str(&said).unwrap_or_default();
    Ok(answer["phones"].as_array().map_or(0, Vec::len))
}

fn text(account: &Value, key: &str) -> String {
    account[key].as_str().unwrap_or_default().to_owned()
}

fn configure(folder: &Path, house: SocketAddr, web: SocketAddr, kept: &Certificates) -> Result<(), Failure> {
    let write =
        |name: &str, text: &str| fs::write(folder.join(name), text).map_err(|error| io_failure(name, &error));
    write("conf/phones.secret", "a secret that is long enough for phones of a scenario")?;
    let phones: Vec<String> =
        MAKES.iter().map(|(make, mac)| format!("{{ mac = \"{mac}\", make = \"{make}\" }}")).collect();
    let text = format!(
        "format = 1\n\n[system]\nname = \"interop\"\ncountry = \"US\"\ndigest = [\"md5\"]\n\n\
         [system.http]\nlisten = \"{web}\"\ntls_certificate = {:?}\ntls_key = {:?}\n\n\
         [system.provisioning]\nsecret = {{ file = \"phones.secret\" }}\ninterface = \"loop\"\n\
         url = \"https://{web}\"\n\n\
         [interface.loop]\naddress = \"{}\"\nudp = {}\nmedia_ports = \"20000-29999\"\nside = \"inside\"\n\n\
         [user.hana]\nname = {NAME:?}\nnumber = \"+14255550100\"\nphones = [{}]\n",
        kept.certificate,
        kept.key,
        house.ip(),
        house.port(),
        phones.join(", "),
    );
    write("conf/tandem.toml", &text)
}
