//! A call through the path in the kernel: two baresips in networks of their own, each joined to the house by
//! a device, speak to each other, hold and resume. What each end hears is told by the tone that reached it;
//! media goes by the device of its signalling; what the record says is held against what was on the wire; a
//! stranger who sends to every port for media gets nothing, and is heard by nobody. Then the caller, who has
//! PCMU alone, calls one who has PCMA alone, and the kernel makes one of the other; and one who seals what it
//! says calls the first, who does not, and the kernel opens and seals it. Where the machine lets no program
//! into its kernel, it says so.
//!
//! Proves: G1, G5, H4, I1.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::baresip::Shows;
use super::capture::{Capture, Written};
use super::handset::{Handset, Line};
use super::hearing::{Heard, Span, expect_wave, newest_wave};
use super::network::Network;
use super::node::{Node, Setting};
use super::office::media_of;
use super::place::{self, free_port, io_failure};
use super::{Binary, Load, alone, records};
use crate::step::Failure;

const NAME: &str = "kernel";
const HELD: Duration = Duration::from_millis(2_500);
const BEFORE: Duration = Duration::from_secs(3);
/// As many packets again and more: what the kernel carried before the hold is less than all that came then.
const AFTER: Duration = Duration::from_secs(6);
const NUMBER: &str = "+12065550142";
/// Of who speaks PCMA.
const OTHER: &str = "+12065550143";
const OTHER_MEDIA: u16 = 30_200;
/// Of fifty packets a second, the first fifty of which the relay sends on.
const CARRIED_MIN: u64 = 150;
const STRANGER: Ipv4Addr = Ipv4Addr::new(10, 91, 0, 66);
/// Packets of a stranger for each port.
const STRANGE: u16 = 10;
/// What has not come by then does not come.
const SILENT: Duration = Duration::from_millis(300);
/// What was on its way when the call ended, and what a busy capture may miss.
const AWAY: u64 = 25;
/// How the log ends where the house is not let: no right to do it, or no such call.
const FORBIDDEN: [&str; 2] = ["os error 1)", "os error 38)"];
/// The first Linux that has the hook.
const LINUX: (u32, u32) = (6, 6);
const CARRIES: &str = "the kernel carries media";
const CARRIES_NOTHING: &str = "the kernel carries no media";

/// One side of the house, and who is there.
struct Bank {
    device: &'static str,
    house: Ipv4Addr,
    far: Ipv4Addr,
    ports: Range<u16>,
    media: u16,
    voice: u32,
}

const LEFT: Bank = Bank {
    device: "left",
    house: Ipv4Addr::new(10, 91, 0, 1),
    far: Ipv4Addr::new(10, 91, 0, 2),
    ports: 20_000..20_040,
    media: 30_000,
    voice: 4,
};
const RIGHT: Bank = Bank {
    device: "right",
    house: Ipv4Addr::new(10, 92, 0, 1),
    far: Ipv4Addr::new(10, 92, 0, 2),
    ports: 21_000..21_040,
    media: 30_100,
    voice: 16,
};

/// A phone that speaks otherwise than the rest.
struct Odd {
    name: &'static str,
    number: &'static str,
    codecs: &'static str,
    media: u16,
    voice: u32,
}

const OF_PCMA: Odd = Odd { name: "other", number: OTHER, codecs: "PCMA", media: OTHER_MEDIA, voice: 8 };
const OF_SRTP: Odd = Odd {
    name: "sealed",
    number: "+14255550101",
    codecs: "PCMU;mediaenc=srtp-mand",
    media: 30_300,
    voice: 10,
};

/// When the calls were as their names say.
struct Spans {
    at_first: Span,
    held: Span,
    resumed: Span,
    in_laws: Span,
    in_seals: Span,
    /// When the second call began, and when the third.
    begun: [f64; 2],
}

/// Who speaks: two of the same kind, one of another law, and one who seals what it says.
struct Phones {
    caller: Handset,
    callee: Handset,
    other: Handset,
    sealed: Handset,
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    if !alone::is_alone() {
        return Ok("SKIPPED: no network of its own here (needs root and iproute2)".to_owned());
    }
    if linux() < LINUX {
        return Ok("SKIPPED: this Linux is older than 6.6".to_owned());
    }
    let folder = place::folder(NAME)?;
    let [left, right] = [join(&LEFT)?, join(&RIGHT)?];
    left.run("ip", &format!("address add {STRANGER}/24 dev wire"))?;
    let [[far_left, far_sealed], [far_right, far_other]] = [places(&left, &LEFT)?, places(&right, &RIGHT)?];
    let setting = configure(&folder, far_left, [far_right, far_other])?;
    let filter = format!("port {} or udp portrange 20000-21999", setting.sip.port());
    let capture = Capture::on(&[LEFT.device, RIGHT.device], &folder, &filter, setting.sip.port())?;
    let node = Node::start(binary, &folder, &setting)?;
    if let Some(why) = is_forbidden(&folder)? {
        return Ok(format!("SKIPPED: {why}"));
    }
    let mut phones = Phones {
        caller: phone((&left, &LEFT), &folder, "caller", far_left)?,
        callee: phone((&right, &RIGHT), &folder, "callee", far_right)?,
        other: odd_phone(&right, &folder, &OF_PCMA, far_other)?,
        sealed: odd_phone(&left, &folder, &OF_SRTP, far_sealed)?,
    };
    let (spans, strange) = speak(&mut phones, &left, setting.sip)?;
    node.stop()?;
    let written = capture.end()?;
    let kept = records::read(&folder)?;
    records::expect_exactly(&kept, 3)?;
    let [carried, changed, sealed] = judge(&written, &kept, &phones, &spans, &folder)?;
    Ok(format!(
        "{carried} packets in the kernel, held and resumed, {changed} from PCMU to PCMA and back, {sealed} \
         from SRTP to RTP and back; {strange} of a stranger went nowhere"
    ))
}

/// Two places of a bank, each with the next port, which a phone takes too.
fn places(network: &Network, bank: &Bank) -> Result<[SocketAddr; 2], Failure> {
    network.within(|| {
        let [one, _next, other] =
            [free_port(bank.far.into())?, free_port(bank.far.into())?, free_port(bank.far.into())?];
        Ok([one, other].map(|port| SocketAddr::new(bank.far.into(), port)))
    })
}

/// The three calls, and a stranger in the first: how many packets that one sent.
fn speak(phones: &mut Phones, left: &Network, house: SocketAddr) -> Result<(Spans, usize), Failure> {
    let Phones { caller, callee, other, sealed } = phones;
    caller.tell("dial", &format!("sip:{NUMBER}@{house}"))?;
    caller.talks()?;
    callee.talks()?;
    let at_first = Span::pass(BEFORE);
    let strange = left.within(intrude)?;
    caller.tell("hold", "")?;
    let held = Span::pass(HELD);
    caller.tell("resume", "")?;
    let resumed = Span::pass(AFTER);
    caller.tell("hangup", "")?;
    callee.is_left()?;

    let second = now();
    let in_laws = calls(caller, other, &format!("sip:{OTHER}@{house}"))?;
    let third = now();
    let in_seals = calls(sealed, callee, &format!("sip:{NUMBER}@{house}"))?;
    Ok((Spans { at_first, held, resumed, in_laws, in_seals, begun: [second, third] }, strange))
}

fn calls(from: &mut Handset, to: &mut Handset, whom: &str) -> Result<Span, Failure> {
    from.tell("dial", whom)?;
    from.talks()?;
    to.talks()?;
    let span = Span::pass(AFTER);
    from.tell("hangup", "")?;
    to.is_left()?;
    Ok(span)
}

/// How much of each call was carried, if all was as it should be.
fn judge(
    written: &Written,
    kept: &[Value],
    Phones { caller, callee, other, .. }: &Phones,
    spans: &Spans,
    folder: &Path,
) -> Result<[u64; 3], Failure> {
    let [second, third] = spans.begun;
    each_heard_the_other(written, [(caller, &LEFT), (callee, &RIGHT)], spans)?;
    let carried = expect_figures(written, &kept[0], &format!("frame.time_epoch < {second}"))?;
    expect_anew_after_hold(written, &kept[0])?;

    Heard::at(written, "the caller", media_of(caller))?.expect_voice(spans.in_laws, OF_PCMA.voice)?;
    Heard::at(written, "who speaks PCMA", media_of(other))?.expect_voice(spans.in_laws, LEFT.voice)?;
    let then = format!("frame.time_epoch > {second} && frame.time_epoch < {third}");
    let changed = expect_figures(written, &kept[1], &then)?;
    expect_changed(written, &kept[1])?;

    Heard::at(written, "the callee", media_of(callee))?.expect_voice(spans.in_seals, OF_SRTP.voice)?;
    expect_wave(&newest_wave(&folder.join(OF_SRTP.name))?, RIGHT.voice)?;
    let sealed = expect_figures(written, &kept[2], &format!("frame.time_epoch > {third}"))?;
    expect_sealed(&kept[2])?;
    Ok([carried, changed, sealed])
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// Which Linux this is.
fn linux() -> (u32, u32) {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release.split(['.', '-']).map_while(|part| part.trim().parse().ok());
    (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default())
}

/// Joins a network to ours by a device, which has an address of the house.
fn join(bank: &Bank) -> Result<Network, Failure> {
    let network = Network::beside(bank.device, bank.house, bank.far)?;
    network.run("ip", &format!("route add default via {}", bank.house))?;
    Ok(network)
}

fn configure(
    folder: &Path,
    caller: SocketAddr,
    [callee, other]: [SocketAddr; 2],
) -> Result<Setting, Failure> {
    let [left, right] = [LEFT, RIGHT].map(|bank| {
        let port = free_port(bank.house.into())?;
        let text = format!(
            "[interface.{}]\naddress = \"{}\"\nudp = {port}\nmedia_ports = \"{}-{}\"\nside = \"outside\"\n\
             kernel_path = \"auto\"\n\n",
            bank.device,
            bank.house,
            bank.ports.start,
            bank.ports.end - 1
        );
        Ok::<_, Failure>((SocketAddr::new(bank.house.into(), port), text))
    });
    let ((sip, left), (_, right)) = (left?, right?);
    let text = format!(
        "format = 1\n\n[system]\nname = \"interop\"\ncountry = \"US\"\n\
         media = {{ music = \"off\" }}\n\n\
         {left}{right}\
         [trunk.callers]\nkind = \"pbx\"\nservers = [{{ uri = \"sip:{caller}\" }}]\ninterface = \"left\"\n\
         media = {{ srtp = \"optional\", keys_in_clear = \"allowed\" }}\n\
         accept = {{ sources = [\"{}\"], did = \"any\" }}\nhealth = {{ options = \"off\" }}\n\n\
         [trunk.callees]\nservers = [{{ uri = \"sip:{callee}\" }}]\ninterface = \"right\"\n\
         accept = {{ sources = [\"{}\"], did = \"any\" }}\nhealth = {{ options = \"off\" }}\n\n\
         [trunk.others]\nservers = [{{ uri = \"sip:{other}\" }}]\ninterface = \"right\"\n\
         media = {{ codecs = [\"pcma\"], transcode = \"needed\" }}\nhealth = {{ options = \"off\" }}\n\n\
         [route.other]\norder = 5\nto = \"{OTHER}\"\nfrom = {{ trunk = \"callers\" }}\n\
         use = [{{ trunk = \"others\" }}]\n\n\
         [route.all]\norder = 10\nto = \"*\"\nfrom = {{ trunk = \"callers\" }}\n\
         use = [{{ trunk = \"callees\" }}]\n",
        caller.ip(),
        callee.ip()
    );
    fs::write(folder.join("conf/tandem.toml"), text).map_err(|error| io_failure("tandem.toml", &error))?;
    Ok(Setting { sip, udp: sip, media_ports: "20000-21999" })
}

/// Why the machine lets no program into its kernel, if it does not; that the product's own program is
/// refused is no such reason.
fn is_forbidden(folder: &Path) -> Result<Option<String>, Failure> {
    let log = fs::read_to_string(folder.join("node.log")).map_err(|error| io_failure("node.log", &error))?;
    let Some(line) = log.lines().find(|line| line.contains(CARRIES_NOTHING)) else {
        return match log.contains(CARRIES) {
            true => Ok(None),
            false => Err(Failure::new("the house says nothing of its path in the kernel", "read node.log")),
        };
    };
    match FORBIDDEN.iter().any(|reason| line.trim_end().ends_with(reason)) {
        true => Ok(Some(line.trim().to_owned())),
        false => Err(Failure::new(line.trim(), "read node.log")),
    }
}

fn phone(
    (network, bank): (&Network, &Bank),
    folder: &Path,
    name: &str,
    address: SocketAddr,
) -> Result<Handset, Failure> {
    let number = if name == "callee" { NUMBER } else { "+14255550100" };
    let account = format!("<sip:{number}@{address}>;regint=0;answermode=auto;audio_codecs=PCMU\n");
    let Bank { media, voice, .. } = *bank;
    let line =
        Line { name, account: &account, address, media, voice, shows: Shows::Nothing, authority: None };
    network.within(|| Handset::start(folder, &line))
}

fn odd_phone(network: &Network, folder: &Path, odd: &Odd, address: SocketAddr) -> Result<Handset, Failure> {
    let Odd { name, number, codecs, media, voice } = *odd;
    let account = format!("<sip:{number}@{address}>;regint=0;answermode=auto;audio_codecs={codecs}\n");
    let line = Line { name, account: &account, address, media, voice, shows: Shows::Sound, authority: None };
    network.within(|| Handset::start(folder, &line))
}

/// Sends to every port for media of the house, from elsewhere on the caller's network: how many packets. None
/// is answered.
fn intrude() -> Result<usize, Failure> {
    let failure = |error: std::io::Error| io_failure("a stranger", &error);
    let socket = UdpSocket::bind((STRANGER, 0)).map_err(failure)?;
    socket.set_read_timeout(Some(SILENT)).map_err(failure)?;
    let mut sent = 0;
    for number in 0..STRANGE {
        for port in LEFT.ports.step_by(2) {
            let head = [&[0x80, 0][..], &number.to_be_bytes(), &[0; 4], &[0x66; 4]].concat();
            let packet = [head, vec![0x42; 160]].concat();
            // A port that nobody has open says so, to who sends next.
            match socket.send_to(&packet, (LEFT.house, port)) {
                Ok(_) => sent += 1,
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
                Err(error) => return Err(failure(error)),
            }
        }
    }
    match socket.recv_from(&mut [0; 2048]) {
        Ok((_, from)) => Err(Failure::new(format!("a stranger hears from {from}"), "open calls.pcap")),
        Err(_) => Ok(sent),
    }
}

fn each_heard_the_other(
    written: &Written,
    [(caller, left), (callee, right)]: [(&Handset, &Bank); 2],
    spans: &Spans,
) -> Result<(), Failure> {
    let at_caller = Heard::at(written, "the caller", media_of(caller))?;
    let at_callee = Heard::at(written, "the callee", media_of(callee))?;
    for span in [spans.at_first, spans.resumed] {
        at_caller.expect_voice(span, right.voice)?;
        at_callee.expect_voice(span, left.voice)?;
    }
    at_caller.expect_silence(spans.held)?;
    at_callee.expect_silence(spans.held)
}

/// What the record says is what was on the wire while the call was: how much of it went by the kernel.
fn expect_figures(written: &Written, record: &Value, while_it_was: &str) -> Result<u64, Failure> {
    let mut carried = 0;
    for (side, bank) in [("caller", LEFT), ("callee", RIGHT)] {
        let came = format!("ip.src == {} && {while_it_was}", bank.far);
        let came = count(written, &bank, "udp.dstport", &came)?;
        let went = format!("ip.dst == {} && {while_it_was}", bank.far);
        let went = count(written, &bank, "udp.srcport", &went)?;
        for (name, on_wire) in [("packets_in", came), ("packets_out", went)] {
            if on_wire.abs_diff(figure(record, side, name)) > AWAY {
                let what = format!("{on_wire} packets on the wire are not {name} of the {side}");
                return Err(wrong(record, &what));
            }
        }
        let astray = format!("ip.addr == {} && frame.interface_name != \"{}\"", bank.house, bank.device);
        if let Some(first) = written.frames(&astray)?.first() {
            return Err(wrong(record, &format!("not by the device of its signalling: {first}")));
        }
        carried += figure(record, side, "carried");
    }
    Ok(carried)
}

fn figure(record: &Value, side: &str, name: &str) -> u64 {
    record["media"][side][name].as_u64().unwrap_or_default()
}

fn wrong(record: &Value, what: &str) -> Failure {
    Failure::new(format!("{what}: {}", record["media"]), "compare it with calls.pcap")
}

/// Most of it went by the kernel, before the hold and after it; a stranger was there, and was counted.
fn expect_anew_after_hold(written: &Written, record: &Value) -> Result<(), Failure> {
    let hold = "sip.Method == \"INVITE\" && sdp.media_attr == \"sendonly\"";
    let hold = written.fields(hold, &["frame.time_epoch"])?;
    let hold = hold.first().and_then(|line| line.first()).cloned().unwrap_or_default();
    for (side, bank) in [("caller", LEFT), ("callee", RIGHT)] {
        let before = format!("ip.src == {} && frame.time_epoch < {hold}", bank.far);
        let before = count(written, &bank, "udp.dstport", &before)?;
        if figure(record, side, "carried") <= before || hold.is_empty() {
            let what = format!("the {before} packets of the {side} before a hold are all it carried");
            return Err(wrong(record, &what));
        }
    }
    match figure(record, "caller", "strangers") {
        0 => Err(wrong(record, "nobody counted a stranger")),
        _ => Ok(()),
    }
}

/// One side was sealed and the other was not, and most of both went by the kernel.
fn expect_sealed(record: &Value) -> Result<(), Failure> {
    expect_most(record)?;
    let media = &record["media"];
    match (media["caller"]["srtp"].as_str(), media["callee"]["srtp"].as_str()) {
        (Some(_), None) => Ok(()),
        _ => Err(wrong(record, "not one side alone was sealed")),
    }
}

fn expect_most(record: &Value) -> Result<(), Failure> {
    let hardly = ["caller", "callee"].into_iter().find(|side| figure(record, side, "carried") < CARRIED_MIN);
    match hardly {
        Some(side) => Err(wrong(record, &format!("hardly any packet of the {side} was carried"))),
        None => Ok(()),
    }
}

/// The kernel has made one law of the other, both ways, and the record says what was made of what.
fn expect_changed(written: &Written, record: &Value) -> Result<(), Failure> {
    expect_most(record)?;
    let to_other =
        format!("udp.dstport in {{{OTHER_MEDIA}..{}}} && ip.src == {}", OTHER_MEDIA + 99, RIGHT.house);
    let packets = written.fields(&to_other, &["udp.dstport", "udp.payload"])?;
    let is_media = |line: &&Vec<String>| line[0].parse::<u16>().is_ok_and(|port| port % 2 == 0);
    let mut types = packets.iter().filter(is_media).map(|line| line[1].get(2..4)).peekable();
    if types.peek().is_none() || !types.all(|kind| matches!(kind, Some("08" | "88"))) {
        return Err(wrong(record, "who speaks PCMA was sent something else"));
    }
    let notes = record["attempts"][0]["notes"].to_string();
    match notes.contains("transcoded between PCMU and PCMA") {
        true => Ok(()),
        false => Err(Failure::new(format!("it was noted as {notes}"), "read its record")),
    }
}

/// How many packets of media there are between a bank and the house; reports have the odd ports.
fn count(written: &Written, bank: &Bank, port: &str, more: &str) -> Result<u64, Failure> {
    let Range { start, end } = bank.ports;
    let lines = written.fields(&format!("{port} >= {start} && {port} < {end} && {more}"), &[port])?;
    let ports = lines.iter().filter_map(|line| line.first()?.parse::<u16>().ok());
    Ok(ports.filter(|port| port % 2 == 0).count() as u64)
}
