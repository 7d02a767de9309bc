//! Users out of a directory: OpenLDAP's slapd, which gives no more than three entries a page and takes no
//! password in the clear. One of them registers as a baresip and is called; somebody comes; the directory
//! dies, and the house crashes and starts without it; many leave at once, and are held.

use std::fs;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::baresip::Waiting;
use super::node::{Node, Setting};
use super::place::{self, Transport, free_port, io_failure, wait_until_taken};
use super::program::Program;
use super::sipp::{Role, Sipp};
use super::tls::Certificates;
use super::{Binary, Load};
use crate::step::{self, Failure, root};

const HOUSE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const CARRIER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 32));
const PHONE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 33));
const PASSWORD: &str = "secret-of-hanas-phone";
const BIND: &str = "secret-of-the-house";
const NUMBER: &str = "+14255550100";
const SUFFIX: &str = "dc=contoso,dc=example";
/// Users besides Hana.
const OTHERS: u32 = 9;
const SECONDS: u32 = 240;
const WITHIN: Duration = Duration::from_secs(60);

/// The directory, and what it was started with.
struct Slapd {
    folder: PathBuf,
    clear: SocketAddr,
    sealed: SocketAddr,
    authority: PathBuf,
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let folder = place::folder("ldap")?;
    let kept = Certificates::make(&folder)?;
    let port = |address: IpAddr| free_port(address).map(|port| SocketAddr::new(address, port));
    let (house, carrier) = (port(HOUSE)?, port(CARRIER)?);
    let slapd = Slapd {
        folder: folder.clone(),
        clear: port(HOUSE)?,
        sealed: port(HOUSE)?,
        authority: kept.authority.clone(),
    };
    slapd.configure(&kept)?;
    slapd.fill(&ha1(binary)?)?;
    let mut directory = slapd.start()?;
    let setting = configure(&folder, house, carrier, &slapd)?;
    let node = Node::start(binary, &folder, &setting)?;

    let standing = wait_for(binary, &folder, "current")?;
    expect_users(&standing, u64::from(OTHERS) + 1)?;
    faults_are_named(&standing)?;
    let account = format!(
        "<sip:hana-kim@{house};transport=udp>;auth_user=hana-kim;auth_pass={PASSWORD};answermode=auto;\
         audio_codecs=PCMU;regint=60\n"
    );
    let phone = Waiting::start(&folder, "hana", (&account, port(PHONE)?), SECONDS, None)?;
    registered(binary, &folder)?;
    called(&folder, house)?;

    somebody_comes(binary, &folder, &slapd)?;
    directory.end();
    let (exit, said) = sync(binary, &folder, &[])?;
    if exit != 3 {
        return Err(unlike("a directory that is gone was read", &said));
    }
    called(&folder, house)?;
    node.kill()?;
    let node = Node::start(binary, &folder, &setting)?;
    expect_users(&wait_for(binary, &folder, "unread")?, u64::from(OTHERS) + 2)?;
    called(&folder, house)?;

    let _directory = slapd.start()?;
    many_leave(binary, &folder, &slapd)?;
    called(&folder, house)?;

    sealed_from_the_start(binary, &folder, &slapd)?;
    strange_authority(binary, &folder, &slapd)?;
    drop(phone);
    node.stop()?;
    nothing_leaked(&folder)?;
    Ok("11 users by pages of 3, 3 entries left out by their codes; one registered and was called before and \
        after the directory and the house died; 5 who left at once were held; StartTLS, TLS, and a \
        stranger's authority"
        .to_owned())
}

fn somebody_comes(binary: &Binary, folder: &Path, slapd: &Slapd) -> Result<(), Failure> {
    slapd.change("ldapadd", &person("ines", Some("+1 (425) 555-0150"), &[]))?;
    let (exit, said) = sync(binary, folder, &["--dry-run"])?;
    if exit != 0 || said["came"] != json!(["ines"]) {
        return Err(unlike("ines does not come", &said));
    }
    let (_, said) = sync(binary, folder, &[])?;
    if said["what"] != "applied" {
        return Err(unlike("ines has not come", &said));
    }
    Ok(())
}

fn many_leave(binary: &Binary, folder: &Path, slapd: &Slapd) -> Result<(), Failure> {
    let gone: Vec<String> = (1..=5).map(|one| format!("uid=user{one},ou=people,{SUFFIX}\n")).collect();
    slapd.change("ldapdelete", &gone.concat())?;
    let (exit, said) = sync(binary, folder, &[])?;
    if exit != 1 || said["what"] != "held" {
        return Err(unlike("many left at once, and were let go", &said));
    }
    expect_users(&wait_for(binary, folder, "held")?, u64::from(OTHERS) + 2)?;
    let (_, said) = sync(binary, folder, &["--accept-leavers"])?;
    let left = said["left"].as_array().map_or(0, Vec::len);
    if said["what"] != "applied" || left != 5 {
        return Err(unlike("who left is still there", &said));
    }
    Ok(())
}

impl Slapd {
    fn configure(&self, kept: &Certificates) -> Result<(), Failure> {
        let path = root().join("interop/ldap/slapd.conf");
        let text = fs::read_to_string(&path).map_err(|error| io_failure("slapd.conf", &error))?;
        let shown = |path: &Path| path.display().to_string();
        let text = text
            .replace("FOLDER", &shown(&self.folder))
            .replace("AUTHORITY", &shown(&kept.authority))
            .replace("CERTIFICATE", &shown(&kept.certificate))
            .replace("KEY", &shown(&kept.key));
        fs::create_dir_all(self.folder.join("people")).map_err(|error| io_failure("people", &error))?;
        fs::write(self.file(), text).map_err(|error| io_failure("slapd.conf", &error))
    }

    fn file(&self) -> PathBuf {
        self.folder.join("slapd.conf")
    }

    /// What it holds before anybody asks.
    fn fill(&self, ha1: &str) -> Result<(), Failure> {
        let mut text = format!(
            "dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: contoso\no: Contoso\n\n\
             dn: ou=people,{SUFFIX}\nobjectClass: organizationalUnit\nou: people\n\n\
             dn: cn=tandem,{SUFFIX}\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\n\
             cn: tandem\nuserPassword: {BIND}\n\n"
        );
        let ha1 = format!("description: {ha1}\nemployeeNumber: 0100\n");
        text.push_str(&person("Hana.Kim", Some("+1 (425) 555-0100"), &[&ha1]));
        for one in 1..=OTHERS {
            let number = format!("+1 425 555 {:04}", 100 + one);
            text.push_str(&person(&format!("user{one}"), Some(&number), &[]));
        }
        text.push_str(&person("national", Some("425 555 0199"), &[]));
        text.push_str(&person("lobby", Some("+14255550198"), &[]));
        text.push_str(&person("helper", None, &["employeeNumber: 911\n"]));
        let file = self.folder.join("people.ldif");
        fs::write(&file, text).map_err(|error| io_failure("people.ldif", &error))?;
        let mut command = Command::new("slapadd");
        command.arg("-f").arg(self.file()).arg("-l").arg(&file);
        step::read(&mut command, "apt-get install slapd; read what it says").map(drop)
    }

    fn start(&self) -> Result<Program, Failure> {
        let mut command = Command::new("slapd");
        command.args(["-d", "stats", "-f"]).arg(self.file());
        command.args(["-h", &format!("ldap://{}/ ldaps://{}/", self.clear, self.sealed)]);
        let program = Program::start(command, &self.folder, "slapd")?;
        wait_until_taken(Transport::Tcp, self.clear)?;
        Ok(program)
    }

    /// By OpenLDAP's own programs, within TLS.
    fn change(&self, program: &str, input: &str) -> Result<(), Failure> {
        let mut command = Command::new(program);
        command.env("LDAPTLS_CACERT", &self.authority);
        command.args(["-ZZ", "-x", "-D", &format!("cn=admin,{SUFFIX}"), "-w", "secret-of-admin"]);
        command.args(["-H", &format!("ldap://{}", self.clear)]);
        let failed = |error: std::io::Error| io_failure(program, &error);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().map_err(failed)?;
        child.stdin.take().map(|mut to| to.write_all(input.as_bytes())).transpose().map_err(failed)?;
        match child.wait().map_err(failed)?.success() {
            true => Ok(()),
            false => Err(Failure::new(format!("{program} failed"), "read slapd.log")),
        }
    }
}

fn person(uid: &str, number: Option<&str>, more: &[&str]) -> String {
    let number = number.map(|number| format!("telephoneNumber: {number}\n")).unwrap_or_default();
    format!(
        "dn: uid={uid},ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid} of Contoso\n\
         sn: {uid}\n{number}{}\n",
        more.concat()
    )
}

/// What digests make of Hana's password, as an operator makes it.
fn ha1(binary: &Binary) -> Result<String, Failure> {
    let mut command = binary.command();
    command.args(["user", "secret", "hana-kim", "--realm", "interop"]);
    let failed = |error: std::io::Error| io_failure("tandem user secret", &error);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    child.stdin.take().map(|mut to| writeln!(to, "{PASSWORD}")).transpose().map_err(failed)?;
    let output = child.wait_with_output().map_err(failed)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn asked(binary: &Binary, folder: &Path, words: &[&str]) -> Result<(i32, Value), Failure> {
    let mut command = binary.command();
    command.args(words).arg("--json").arg("--data").arg(folder.join("data"));
    let output = command.stderr(Stdio::null()).output().map_err(|error| io_failure("tandem", &error))?;
    let said = serde_json::from_slice(&output.stdout).unwrap_or_default();
    Ok((output.status.code().unwrap_or(-1), said))
}

fn sync(binary: &Binary, folder: &Path, more: &[&str]) -> Result<(i32, Value), Failure> {
    asked(binary, folder, &[&["directory", "sync", "corp"], more].concat())
}

fn wait_for(binary: &Binary, folder: &Path, state: &str) -> Result<Value, Failure> {
    let until = Instant::now() + WITHIN;
    loop {
        let (_, said) = asked(binary, folder, &["directory", "show", "corp"])?;
        if said[0]["state"] == state {
            return Ok(said[0].clone());
        }
        if Instant::now() > until {
            return Err(Failure::new(format!("the directory is not {state}: {said}"), "read node.log"));
        }
        thread::sleep(Duration::from_millis(200));
    }
}

fn unlike(what: &str, said: &Value) -> Failure {
    Failure::new(format!("{what}: {said}"), "read node.log and slapd.log")
}

fn expect_users(standing: &Value, count: u64) -> Result<(), Failure> {
    match standing["users"] == count {
        true => Ok(()),
        false => Err(unlike(&format!("not {count} users"), standing)),
    }
}

/// A number that is national, a name that the operator has given, an extension that calls for help.
fn faults_are_named(standing: &Value) -> Result<(), Failure> {
    for (uid, code) in [("national", "TD-C009"), ("lobby", "TD-C008"), ("helper", "TD-C030")] {
        let entry = format!("uid={uid},ou=people,{SUFFIX}");
        let mut all = standing["left_out"].as_array().into_iter().flatten();
        let is_named = all.any(|one| one["entry"] == *entry && one["code"] == code);
        if !is_named {
            return Err(unlike(&format!("{entry} is not left out by {code}"), standing));
        }
    }
    match standing["left_out"].as_array().map_or(0, Vec::len) == 3 {
        true => Ok(()),
        false => Err(unlike("others are left out", standing)),
    }
}

fn registered(binary: &Binary, folder: &Path) -> Result<(), Failure> {
    let until = Instant::now() + WITHIN;
    loop {
        let (_, said) = asked(binary, folder, &["user", "show", "hana-kim"])?;
        if said["phones"].as_array().is_some_and(|phones| !phones.is_empty()) {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(Failure::new("Hana's phone did not register", "read node.log and hana/log"));
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Hana's number is called from a trunk, and answered.
fn called(folder: &Path, house: SocketAddr) -> Result<(), Failure> {
    let options = ["-m", "1", "-d", "500", "-key", "number", NUMBER].map(str::to_owned).to_vec();
    let local = SocketAddr::new(CARRIER, free_port(CARRIER)?);
    let contact = format!("sip:carrier@{local}");
    let role = Role { scenario: "uac", local, contact, transport: Transport::Udp, options };
    let counted = Sipp::start(folder, &role, Some(house))?.finish(WITHIN)?;
    match counted.succeeded {
        1 => Ok(()),
        _ => Err(Failure::new("Hana did not answer", "read node.log and hana/log")),
    }
}

/// The same directory, with TLS from the first byte.
fn sealed_from_the_start(binary: &Binary, folder: &Path, slapd: &Slapd) -> Result<(), Failure> {
    write(folder, "conf/directory.toml", &document(&format!("ldaps://{}", slapd.sealed), &slapd.authority))?;
    let (_, said) = asked(binary, folder, &["apply", "--yes"])?;
    if said["what"] != "applied" {
        return Err(unlike("another address is not applied", &said));
    }
    let (exit, said) = sync(binary, folder, &[])?;
    match exit == 0 {
        true => Ok(()),
        false => Err(unlike("what is sealed from the start is not read", &said)),
    }
}

/// A directory that shows a certificate of strangers is told nothing.
fn strange_authority(binary: &Binary, folder: &Path, slapd: &Slapd) -> Result<(), Failure> {
    let elsewhere = folder.join("elsewhere");
    fs::create_dir_all(&elsewhere).map_err(|error| io_failure("elsewhere", &error))?;
    let other = Certificates::make(&elsewhere)?;
    write(folder, "conf/directory.toml", &document(&format!("ldap://{}", slapd.clear), &other.authority))?;
    let (_, said) = asked(binary, folder, &["apply", "--yes"])?;
    if said["what"] != "applied" {
        return Err(unlike("another authority is not applied", &said));
    }
    let (exit, said) = sync(binary, folder, &[])?;
    match exit == 3 {
        true => Ok(()),
        false => Err(unlike("a stranger was taken for the directory", &said)),
    }
}

/// Neither passwords nor what digests make of them are told to anybody.
fn nothing_leaked(folder: &Path) -> Result<(), Failure> {
    let ha1 = fs::read_to_string(folder.join("conf/by-directory/corp.ha1"))
        .map_err(|error| io_failure("corp.ha1", &error))?;
    let sums = ha1.split_whitespace().filter_map(|word| word.split_once('=')).map(|(_, sum)| sum);
    let sums: Vec<&str> = sums.filter(|sum| sum.len() >= 32).collect();
    if sums.len() != 3 {
        return Err(Failure::new("corp.ha1 does not hold three sums", "read conf/by-directory/corp.ha1"));
    }
    let log = fs::read_to_string(folder.join("node.log")).map_err(|error| io_failure("node.log", &error))?;
    for secret in sums.into_iter().chain([BIND, PASSWORD]) {
        if log.contains(secret) {
            return Err(Failure::new(format!("the log says {secret}"), "read node.log"));
        }
    }
    Ok(())
}

fn document(url: &str, authority: &Path) -> String {
    format!(
        "[directory.corp]\nurl = \"{url}\"\ntls_verify = {authority:?}\nbind = \"cn=tandem,{SUFFIX}\"\n\
         password = {{ file = \"ldap.secret\" }}\nbase = \"ou=people,{SUFFIX}\"\n\
         filter = \"(objectClass=inetOrgPerson)\"\npage = 3\n\
         attributes = {{ ha1 = \"description\", extension = \"employeeNumber\" }}\n"
    )
}

fn configure(
    folder: &Path,
    house: SocketAddr,
    carrier: SocketAddr,
    slapd: &Slapd,
) -> Result<Setting, Failure> {
    write(folder, "conf/ldap.secret", BIND)?;
    write(folder, "conf/directory.toml", &document(&format!("ldap://{}", slapd.clear), &slapd.authority))?;
    let text = format!(
        "format = 1\n\n[system]\nname = \"interop\"\ncountry = \"US\"\ndigest = [\"md5\"]\n\n\
         [interface.loop]\naddress = \"{}\"\nudp = {}\nmedia_ports = \"20000-29999\"\nside = \"inside\"\n\n\
         [trunk.carrier]\nservers = [{{ uri = \"sip:{carrier}\" }}]\n\
         accept = {{ sources = [\"{}\"] }}\nhealth = {{ options = \"off\" }}\n\n\
         [numbers.block]\nrange = [\"+14255550100\", \"+14255550199\"]\ntrunk = \"carrier\"\n\n\
         [user.lobby]\nnumber = \"+14255550190\"\n\n\
         [route.out]\norder = 10\nto = \"+…\"\nuse = [{{ trunk = \"carrier\" }}]\n",
        house.ip(),
        house.port(),
        carrier.ip(),
    );
    write(folder, "conf/tandem.toml", &text)?;
    Ok(Setting { sip: house, udp: house, media_ports: "20000-29999" })
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Failure> {
    fs::write(folder.join(name), text).map_err(|error| io_failure(name, &error))
}
