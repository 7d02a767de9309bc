//! Summaries of mailboxes, in and out again (RFC 3842).
#![allow(clippy::unwrap_used)]

use pidf::Summary;
use proptest::prelude::*;

#[test]
fn l7_a_summary_is_read_and_printed_as_rfc_3842_writes_it() {
    let text = "Messages-Waiting: yes\r\nMessage-Account: sip:alice@vmail.example.com\r\n\
                Voice-Message: 2/8 (0/2)\r\nFax-Message: 0/1\r\n";
    assert_eq!(Summary::read(text.as_bytes()).unwrap().to_string(), text);

    let loose = "\r\nmessages-waiting :  NO\nX-Other: 1/2\nVOICE-MESSAGE: 0 / 3\nVoice-Message: 9/9\n\n\
                 Subject: headers of single messages are not kept\n";
    let summary = Summary::read(loose.as_bytes()).unwrap();
    assert_eq!(summary.to_string(), "Messages-Waiting: no\r\nVoice-Message: 0/3\r\n");
}

#[test]
fn l7_what_is_no_summary_is_none() {
    for text in ["", "Voice-Message: 1/0", "Messages-Waiting: perhaps", "Messages-Waiting"] {
        assert_eq!(Summary::read(text.as_bytes()), None, "{text}");
    }
    assert_eq!(Summary::read(b"Messages-Waiting: yes\xff"), None);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_and_what_is_read_prints_as_itself(text in "[ -~\r\n]{0,200}") {
        let begins = format!("Messages-Waiting: yes\r\n{text}");
        if let Some(summary) = Summary::read(begins.as_bytes()) {
            prop_assert_eq!(Summary::read(summary.to_string().as_bytes()), Some(summary));
        }
    }
}
