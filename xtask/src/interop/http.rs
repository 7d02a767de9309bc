//! What is asked by HTTP, judged by other people's programs after calls were made: Prometheus' own checker
//! reads the figures, schemathesis compares every answer with the OpenAPI document. Before it every document
//! is read and put back: nothing may change by that.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::node::{self, Node};
use super::place::{self, UDP_V4, Way, free_port, io_failure};
use super::{Binary, Load, calls, python};
use crate::step::{self, Failure, root};

const WAY: Way = Way { name: "http", ..UDP_V4 };
/// Where schemathesis is installed, and which.
const PLACE: &str = "target/interop-http";
const CHECKER: &str = "schemathesis==4.32.5";
/// What may be said of requests of the right shape: that what they name is missing, or would not hold.
const CONFIGURATION: &str = "[checks.positive_data_acceptance]\nexpected-statuses = [\"2xx\", \"304\", \
                             \"401\", \"403\", \"404\", \"409\", \"412\", \"422\", \"503\"]\n";
/// How long a trunk may take to take a BYE.
const PATIENCE: Duration = Duration::from_secs(10);
/// Users beside the trunks, so that it has to be said who calls.
const USERS: &str = "[user.hana]\nname = \"Hana\"\nnumber = \"+14255550100\"\n\
                     [user.minsu]\nname = \"Minsu\"\nnumber = \"+14255550101\"\n";

/// Installs the checker in a folder of its own, where it is missing.
pub fn install() -> Result<(), Failure> {
    python::install(PLACE, &[CHECKER])
}

pub fn run(binary: &Binary, load: Load) -> Result<String, Failure> {
    let (folder, web, node) = called(binary)?;
    let figures = judged_figures(&folder, web)?;
    let panels = judged_dashboard(&folder)?;
    let token = token(binary, &folder)?;
    let documents = put_back(web, &token)?;
    let cases = judged_answers(&folder, web, &token, load)?;
    node.stop()?;
    Ok(format!(
        "{figures} figures, {panels} queries of the dashboard, {documents} documents put back, {cases}"
    ))
}

/// A house that can be asked, and has had a call that was answered and one that nobody took.
fn called(binary: &Binary) -> Result<(PathBuf, SocketAddr, Node), Failure> {
    let folder = place::folder(WAY.name)?;
    let port = || free_port(WAY.address).map(|port| SocketAddr::new(WAY.address, port));
    let (callee, caller, web) = (port()?, port()?, port()?);
    let setting = node::configure(&folder, WAY, callee, None)?;
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).map(|()| path).map_err(|error| io_failure(name, &error))
    };
    write("conf/users.toml", USERS)?;
    let words = ["--http", &web.to_string()];
    let node = Node::start_with(binary, &folder, &setting, &words)?;

    calls::one(&folder, setting.sip, caller, callee)?;
    Ok((folder, web, node))
}

/// Prometheus' checker says nothing of a page that is as it should be.
fn judged_figures(folder: &Path, web: SocketAddr) -> Result<usize, Failure> {
    let page = figures_of_the_call(web).map_err(|error| io_failure("/metrics", &error))?;
    let path = folder.join("metrics");
    fs::write(&path, &page).map_err(|error| io_failure("metrics", &error))?;
    let file = fs::File::open(&path).map_err(|error| io_failure("metrics", &error))?;
    let checked = Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::from(file)).output();
    let checked = checked.map_err(|error| io_failure("promtool", &error))?;
    let said = [checked.stdout, checked.stderr].concat();
    if !checked.status.success() || !said.is_empty() {
        let what = format!("promtool says: {}", String::from_utf8_lossy(&said));
        return Err(Failure::new(what, format!("read {}", path.display())));
    }
    let counted = page.lines().any(|line| {
        line.starts_with("tandem_calls_total{")
            && line.contains("outcome=\"answered\"")
            && line.ends_with(" 1")
    });
    if !counted {
        return Err(Failure::new("the call was not counted", format!("read {}", path.display())));
    }
    if let Some(missing) = unserved(&page) {
        let what = format!("the trunk that took the call has no {missing}");
        return Err(Failure::new(what, format!("read {}", path.display())));
    }
    Ok(page.lines().filter(|line| line.starts_with("# TYPE ")).count())
}

/// The page, as soon as the called trunk has taken the BYE: the caller's is answered without waiting for it.
fn figures_of_the_call(web: SocketAddr) -> std::io::Result<String> {
    let until = Instant::now() + PATIENCE;
    loop {
        let page = get(web, "/metrics")?;
        if unserved(&page).is_none() || until <= Instant::now() {
            return Ok(page);
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Which figure of RFC 6076 is not there of a call that was answered at once, and ended by us.
fn unserved(page: &str) -> Option<&'static str> {
    let value = |name: &str, outcome: &str| {
        let is_meant = |line: &&str| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with("{trunk=")) && line.contains(outcome)
        };
        let values = page.lines().filter(is_meant).filter_map(|line| line.rsplit(' ').next());
        values.filter_map(|value| value.parse::<f64>().ok()).sum::<f64>()
    };
    let is_one = |name: &str, outcome: &str| value(name, outcome) == 1.0;
    let is_short = |name: &str, outcome: &str| (0.0..5.0).contains(&value(name, outcome));
    let (request, leave) =
        ("tandem_session_request_delay_seconds", "tandem_session_disconnect_delay_seconds");
    let (established, answered) = ("outcome=\"established\"", "outcome=\"answered\"");
    let all = [
        ("request that was established", is_one("tandem_session_requests_total", established)),
        ("request in all", is_one("tandem_session_requests_total", "")),
        ("session that was completed", is_one("tandem_sessions_completed_total", "")),
        ("delay of a request", is_one(&format!("{request}_count"), established)),
        ("short delay of a request", is_short(&format!("{request}_sum"), established)),
        ("delay of a BYE", is_one(&format!("{leave}_count"), answered)),
        ("short delay of a BYE", is_short(&format!("{leave}_sum"), answered)),
    ];
    all.into_iter().find(|(_, is_there)| !is_there).map(|(what, _)| what)
}

/// Prometheus' checker can read every query of the dashboard, as a rule.
fn judged_dashboard(folder: &Path) -> Result<usize, Failure> {
    let file = root().join("package/grafana/tandem.json");
    let text = fs::read_to_string(&file).map_err(|error| io_failure("tandem.json", &error))?;
    let board: Value = serde_json::from_str(&text).unwrap_or_default();
    let panels = board["panels"].as_array().into_iter().flatten();
    let queries: Vec<&str> = panels
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten())
        .filter_map(|target| target["expr"].as_str())
        .collect();
    let mut rules = "groups:\n- name: dashboard\n  rules:\n".to_owned();
    for (at, query) in queries.iter().enumerate() {
        let query = query.replace("$__rate_interval", "5m").replace("$trunk", ".*");
        rules.push_str(&format!("  - record: tandem:dashboard:q{at}\n    expr: {}\n", Value::from(query)));
    }
    let path = folder.join("rules.yml");
    fs::write(&path, rules).map_err(|error| io_failure("rules.yml", &error))?;
    let mut promtool = Command::new("promtool");
    step::read(promtool.args(["check", "rules"]).arg(&path), "read rules.yml, and mend the dashboard")?;
    Ok(queries.len())
}

/// Answers that break the document, or requests that are taken or refused against it.
fn judged_answers(folder: &Path, web: SocketAddr, token: &str, load: Load) -> Result<String, Failure> {
    let examples = if load == Load::Long { "1000" } else { "40" };
    let mut command = python::command(PLACE, "schemathesis");
    fs::write(folder.join("schemathesis.toml"), CONFIGURATION)
        .map_err(|error| io_failure("schemathesis.toml", &error))?;
    command.args(["--config-file", "schemathesis.toml"]);
    command.args(["run", &format!("http://{web}/openapi.json"), "--checks", "all", "--no-color"]);
    command.args(["--header", &format!("Authorization: Bearer {token}"), "--max-examples", examples]);
    // It has no end.
    command.args(["--exclude-path", "/api/v1/events"]);
    command.args(["--seed", "1"]).current_dir(folder).stdin(Stdio::null());
    let output = command.output().map_err(|error| io_failure("schemathesis", &error))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = folder.join("schemathesis.log");
    fs::write(&log, &said).map_err(|error| io_failure("schemathesis.log", &error))?;
    let cases = said.lines().find(|line| line.contains(" generated")).unwrap_or_default().trim();
    if !output.status.success() || cases.is_empty() {
        return Err(Failure::new("an answer is not as the document says", format!("read {}", log.display())));
    }
    Ok(cases.to_owned())
}

/// Somebody who may do everything.
fn token(binary: &Binary, folder: &Path) -> Result<String, Failure> {
    let mut command = binary.command();
    command.args(["token", "create", "checker", "--role", "admin", "--data"]).arg(folder.join("data"));
    Ok(step::read(&mut command, "read node.log")?.trim().to_owned())
}

/// Reads every document and puts it back: no revision, and no other entity tag. How many there were.
fn put_back(web: SocketAddr, token: &str) -> Result<usize, Failure> {
    let changed = |what: String| Failure::new(what, "what is put back as it was read changes nothing");
    let ask = |method: &str, path: &str, body: &str| {
        ask(web, token, method, path, body).map_err(|error| io_failure(path, &error))
    };
    let mut count = 0;
    for kind in ["interface", "trunk", "user", "route"] {
        let (_, listed) = ask("GET", &format!("/api/v1/config/{kind}"), "")?;
        let listed: Value = serde_json::from_str(&listed).unwrap_or_default();
        for name in
            listed["documents"].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str())
        {
            let path = format!("/api/v1/config/{kind}/{name}");
            let (tag, read) = ask("GET", &path, "")?;
            let (put, outcome) = ask("PUT", &path, &read)?;
            let (tag_after, read_after) = ask("GET", &path, "")?;
            let outcome: Value = serde_json::from_str(&outcome).unwrap_or_default();
            if outcome["what"] != "unchanged" || outcome["revision"] != 1 {
                return Err(changed(format!("{path}: {outcome}")));
            }
            if tag.is_empty() || tag != put || (&tag, &read) != (&tag_after, &read_after) {
                return Err(changed(format!("{path}: {tag} became {tag_after}")));
            }
            count += 1;
        }
    }
    if count < 6 { Err(changed(format!("{count} documents were found"))) } else { Ok(count) }
}

/// The entity tag and the body of an answer.
fn ask(
    web: SocketAddr,
    token: &str,
    method: &str,
    path: &str,
    body: &str,
) -> std::io::Result<(String, String)> {
    let mut stream = TcpStream::connect(web)?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {web}\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap_or_default();
    Ok((tag.to_owned(), body.to_owned()))
}

fn get(web: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(web)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {web}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.split_once("\r\n\r\n").map(|(_, page)| page.to_owned()).unwrap_or_default())
}
