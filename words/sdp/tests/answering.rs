//! Whether an answer fits its offer.
#![allow(clippy::unwrap_used)]

use sdp::{Direction, Mismatch, Session, answer_matches, media_targets};

const HEAD: &str = "v=0\no=- 1 1 IN IP4 192.0.2.10\ns=-\nc=IN IP4 192.0.2.10\nt=0 0\n";

#[test]
fn an_answer_within_the_offer_fits() {
    assert_eq!(fits("m=audio 4000 RTP/AVP 0 8 101\n", "m=audio 5000 RTP/AVP 8\n"), Ok(()));
}

#[test]
fn an_answer_may_add_formats_to_one_of_the_offer() {
    assert_eq!(fits("m=audio 4000 RTP/AVP 0\n", "m=audio 5000 RTP/AVP 0 18\n"), Ok(()));
}

#[test]
fn an_answer_may_number_a_codec_otherwise() {
    let offer = "m=audio 4000 RTP/AVP 96\na=rtpmap:96 opus/48000/2\n";
    let answer = "m=audio 5000 RTP/AVP 111\na=rtpmap:111 OPUS/48000/2\n";
    assert_eq!(fits(offer, answer), Ok(()));
}

#[test]
fn key_presses_alone_are_no_common_format() {
    let events = "a=rtpmap:101 telephone-event/8000\n";
    let answer =
        fits(&format!("m=audio 4 RTP/AVP 0 101\n{events}"), &format!("m=audio 5 RTP/AVP 8 101\n{events}"));
    assert_eq!(answer, Err(Mismatch::Formats { m_line: 0 }));
}

#[test]
fn media_lines_keep_number_and_order() {
    let (audio, video) = ("m=audio 4000 RTP/AVP 0\n", "m=video 4002 RTP/AVP 31\n");
    let both = format!("{audio}{video}");
    assert_eq!(fits(&both, audio), Err(Mismatch::Count { offered: 2, answered: 1 }));
    assert_eq!(fits(&both, &format!("{video}{audio}")), Err(Mismatch::Kind { m_line: 0 }));
}

#[test]
fn a_refused_line_may_not_be_opened_by_the_answer() {
    assert_eq!(fits("m=audio 0 RTP/AVP 0\n", "m=audio 9 RTP/AVP 0\n"), Err(Mismatch::Reopened { m_line: 0 }));
}

#[test]
fn any_offered_line_may_be_refused() {
    assert_eq!(fits("m=audio 4000 RTP/AVP 0\n", "m=audio 0 RTP/SAVP 9\n"), Ok(()));
}

#[test]
fn the_protocol_is_the_offers() {
    let answer = fits("m=audio 4000 RTP/AVP 0\n", "m=audio 9 RTP/SAVP 0\n");
    assert_eq!(answer, Err(Mismatch::Protocol { m_line: 0 }));
}

#[test]
fn directions_complement_each_other() {
    use Direction::*;
    let legal = [
        (SendRecv, vec![SendRecv, SendOnly, RecvOnly, Inactive]),
        (SendOnly, vec![RecvOnly, Inactive]),
        (RecvOnly, vec![SendOnly, Inactive]),
        (Inactive, vec![Inactive]),
    ];
    for (offered, answers) in legal {
        assert!(answers.contains(&offered.answer()));
        for answered in [SendRecv, SendOnly, RecvOnly, Inactive] {
            let line = |direction: Direction| format!("m=audio 4 RTP/AVP 0\na={}\n", direction.name());
            let fitting = fits(&line(offered), &line(answered)).is_ok();
            assert_eq!(fitting, answers.contains(&answered), "{offered:?} → {answered:?}");
        }
    }
}

#[test]
fn rtcp_is_the_next_port_unless_said_otherwise() {
    let rtcp = |lines: &str| {
        let text = format!("{HEAD}{lines}");
        media_targets(&Session::parse(text.as_bytes()).unwrap())[0].rtcp.map(|rtcp| rtcp.to_string())
    };
    assert_eq!(rtcp("m=audio 4000 RTP/AVP 0\n").as_deref(), Some("192.0.2.10:4001"));
    assert_eq!(rtcp("m=audio 4000 RTP/AVP 0\na=rtcp:53020\n").as_deref(), Some("192.0.2.10:53020"));
    assert_eq!(
        rtcp("m=audio 4000 RTP/AVP 0\na=rtcp:53020 IN IP4 192.0.2.9\n").as_deref(),
        Some("192.0.2.9:53020")
    );
    assert_eq!(rtcp("m=audio 65535 RTP/AVP 0\n"), None);
}

#[test]
fn a_description_beyond_the_limits_is_refused_with_its_line() {
    let wrong = |body: String| Session::parse(format!("{HEAD}{body}").as_bytes()).unwrap_err().to_string();
    assert_eq!(wrong("m=audio 4 RTP/AVP 0\n".repeat(17)), "line 22: more than 16 media lines");
    assert_eq!(
        wrong(format!("m=audio 4 RTP/AVP{}\n", " 0".repeat(65))),
        "line 6: m= has more than 64 formats"
    );
    assert_eq!(wrong(format!("a={}\n", "x".repeat(4095))), "line 6: longer than 4096 bytes");
    assert_eq!(wrong("a=x\n".repeat(1000)), "line 1001: more than 1000 lines");
    assert_eq!(wrong(format!("a={}\n", "x".repeat(4000)).repeat(9)), "line 0: longer than 32 KiB");
    assert_eq!(wrong("a=x\0\n".to_owned()), "line 6: a NUL or a CR within the line");
    assert_eq!(wrong("nonsense\n".to_owned()), "line 6: not of the form letter=value");
}

#[test]
fn a_packet_time_counts_only_where_it_is_plausible() {
    let ptime = |value: &str| {
        let text = format!("{HEAD}m=audio 4 RTP/AVP 0\na=ptime:{value}\n");
        Session::parse(text.as_bytes()).unwrap().media[0].ptime()
    };
    assert_eq!((ptime("20"), ptime("0"), ptime("9999"), ptime("x")), (Some(20), None, None, None));
}

fn fits(offer: &str, answer: &str) -> Result<(), Mismatch> {
    let (offer, answer) = (format!("{HEAD}{offer}"), format!("{HEAD}{answer}"));
    answer_matches(&Session::parse(offer.as_bytes()).unwrap(), &Session::parse(answer.as_bytes()).unwrap())
}
