//! Two baresips and a carrier: calls are held and taken up again by either side, digits arrive, sound comes
//! before the answer, and a session is refreshed. What each end hears is told by the tone that reached it; a
//! baresip that holds sends nothing, and whoever is held hears the music of the house. Who dials what is no
//! number hears an announcement before the refusal.
//!
//! Proves: A12, A15, A17, A22, C8, F-12, H10.

use std::time::Duration;

use super::handset::Handset;
use super::hearing::{Heard, Span};
use super::office::{Answers, Left, Office, User, WITHIN, expect_one, media_of};
use super::place::Transport;
use serde_json::Value;

use super::{Binary, Load, audio, records};
use crate::step::Failure;

const WHILE: Duration = Duration::from_millis(1500);
/// Music begins a second after nothing came.
const HELD: Duration = Duration::from_millis(2500);
/// Half waves of so many samples, which nobody's voice has.
const MUSIC: u32 = 20;
const ANNOUNCED: u32 = 40;
const SYSTEM: &str = "media = { music = \"music.wav\", refusals = \"announce\" }\n";
const ANNOUNCEMENTS: &str = "[announcement.no-number]\nfile = \"no-number.wav\"\non = [\"unassigned\"]\n";
const OUTSIDE: &str = "+12065550142";
const DIGITS: &str = "159#0*";
const USERS: [User; 3] =
    [User { name: "hana", more: "" }, User { name: "minsu", more: "" }, User { name: "lobby", more: "" }];

/// When the call was as its name says.
struct Spans {
    at_first: Span,
    held_by_caller: Span,
    resumed: Span,
    held_by_callee: Span,
    at_last: Span,
    early: Span,
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let music = audio::music(MUSIC);
    let announcement = audio::wave(ANNOUNCED, 3);
    let files: [(&str, &[u8]); 3] = [
        ("music.wav", &music),
        ("no-number.wav", &announcement),
        ("announcements.toml", ANNOUNCEMENTS.as_bytes()),
    ];
    let mut office = Office::open_beside(binary, "hold", &USERS, ("", SYSTEM), &files)?;
    audio::write_tone(&office.folder)?;
    let mut hana = office.phone(("hana", "hana"), Transport::Udp, Answers::AtOnce)?;
    let mut minsu = office.phone(("minsu", "minsu"), Transport::Tcp, Answers::AtOnce)?;
    let mut lobby = office.phone(("lobby", "lobby"), Transport::Udp, Answers::AtOnce)?;
    // Refreshed half of the shortest interval later, when all the rest is done.
    let refreshed = office.calls("uac-refreshed", "+14255550102", &[])?;
    lobby.talks()?;

    hana.tell("dial", &office.uri("0101"))?;
    hana.talks()?;
    minsu.talks()?;
    let at_first = Span::pass(WHILE);
    hana.tell("hold", "")?;
    let held_by_caller = Span::pass(HELD);
    hana.tell("resume", "")?;
    let resumed = Span::pass(WHILE);
    for digit in DIGITS.chars() {
        hana.tell("sndcode", &digit.to_string())?;
        let heard = minsu.hears("CALL_DTMF_START")?;
        if heard["param"] != digit.to_string() {
            let what = format!("minsu's phone heard {} for {digit}", heard["param"]);
            return Err(Failure::new(what, "read minsu/log"));
        }
        minsu.hears("CALL_DTMF_END")?;
    }
    minsu.tell("hold", "")?;
    let held_by_callee = Span::pass(HELD);
    minsu.tell("resume", "")?;
    let at_last = Span::pass(WHILE);
    hana.tell("hangup", "")?;
    minsu.is_left()?;

    let early = office.called("uas-early", office.carrier, &[])?;
    hana.tell("dial", &office.uri(OUTSIDE))?;
    hana.hears("CALL_PROGRESS")?;
    let early_span = Span::pass(Duration::from_secs(1));
    hana.talks()?;
    hana.tell("hangup", "")?;
    let announced = is_refused_aloud(&mut hana, &office)?;
    expect_one("early media", early.finish(WITHIN)?)?;
    expect_one("the refreshed call", refreshed.finish(Duration::from_secs(70))?)?;
    lobby.is_left()?;

    let spans = Spans { at_first, held_by_caller, resumed, held_by_callee, at_last, early: early_span };
    let left = office.close()?;
    records::expect_exactly(&left.records, 4)?;
    expect_announced(&left.records)?;
    let at_hana = Heard::at(&left.written, "hana", media_of(&hana))?;
    let at_minsu = Heard::at(&left.written, "minsu", media_of(&minsu))?;
    at_hana.expect_voice(announced, ANNOUNCED)?;
    each_heard_the_other(&spans, (&at_hana, hana.voice), (&at_minsu, minsu.voice))?;
    expect_directions(&left)?;
    let digits = at_minsu.digits();
    if digits != DIGITS {
        let what = format!("the events of {digits:?} reached minsu, not of {DIGITS:?}");
        return Err(Failure::new(what, "open calls.pcap in Wireshark"));
    }
    Ok(format!("held twice and resumed, {} digits, sound before the answer, a refresh", DIGITS.len()))
}

/// What was dialled is no number: the phone hears so, and is told so then.
fn is_refused_aloud(phone: &mut Handset, office: &Office) -> Result<Span, Failure> {
    phone.tell("dial", &office.uri("0199"))?;
    phone.hears("CALL_PROGRESS")?;
    let announced = Span::pass(Duration::from_secs(1));
    phone.is_left()?;
    Ok(announced)
}

fn expect_announced(records: &[Value]) -> Result<(), Failure> {
    let is_announced = |record: &Value| record["announced"]["what"] == "announcement no-number";
    match records.iter().any(is_announced) {
        true => Ok(()),
        false => Err(Failure::new("no record says what was announced", "read the records")),
    }
}

/// Who holds hears nothing, who is held hears music, and everybody is heard at all other times.
fn each_heard_the_other(spans: &Spans, hana: (&Heard, u32), minsu: (&Heard, u32)) -> Result<(), Failure> {
    for span in [spans.at_first, spans.resumed, spans.at_last] {
        hana.0.expect_voice(span, minsu.1)?;
        minsu.0.expect_voice(span, hana.1)?;
    }
    hana.0.expect_silence(spans.held_by_caller)?;
    minsu.0.expect_voice(spans.held_by_caller, MUSIC)?;
    minsu.0.expect_silence(spans.held_by_callee)?;
    hana.0.expect_voice(spans.held_by_callee, MUSIC)?;
    hana.0.expect_voice(spans.early, audio::HALF_WAVE)
}

/// The four descriptions that hold or resume, as the phones said them and as they were told.
fn expect_directions(left: &Left) -> Result<(), Failure> {
    let told = left.written.fields(
        "sip.Method == \"INVITE\" && sdp.media_attr == \"sendonly\"",
        &["udp.srcport", "tcp.srcport"],
    )?;
    // Each hold on its way to the house and on its way from it.
    if told.len() == 4 {
        return Ok(());
    }
    let what = format!("{} re-INVITEs said sendonly, not two to the house and two from it", told.len());
    Err(Failure::new(what, "open calls.pcap in Wireshark"))
}
