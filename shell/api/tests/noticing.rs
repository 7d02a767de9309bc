#![allow(clippy::unwrap_used)]
//! What programs say of people by HTTP.

mod house;

use serde_json::{Value, json};

use house::{OPERATOR, TOKEN, ask, send, server};

#[test]
fn a_program_says_what_a_user_does_and_that_it_is_over() {
    let server = server();
    let path = "/api/v1/notices/hana";
    let body = json!({ "program": "calendar", "activities": ["meeting"], "note": "until 3", "seconds": 60 });

    let (status, _, said) = send(&server, "PUT", path, Some(OPERATOR), ("", &body.to_string()));
    let said: Value = serde_json::from_str(&said).unwrap();
    let says = said["says"].as_str().unwrap();
    assert_eq!((status, &said["user"], &said["program"]), (200, &json!("hana"), &json!("calendar")));
    assert!(["Meeting", "until 3", "60s"].iter().all(|word| says.contains(word)), "{says}");

    let ends = |query: &str| ask(&server, "DELETE", &format!("{path}{query}"), Some(OPERATOR));
    let (status, _, said) = ends("?program=calendar");
    assert_eq!(status, 200);
    assert!(said.contains("None"), "{said}");
    assert_eq!([ends(""), ends("?program=A")].map(|(status, ..)| status), [400, 400]);
}

#[test]
fn a_notice_that_makes_no_sense_is_refused_with_what_would() {
    let server = server();
    let says = |who: &str, body: &Value| {
        let path = format!("/api/v1/notices/{who}");
        send(&server, "PUT", &path, Some(OPERATOR), ("", &body.to_string()))
    };

    for (body, words) in [
        (json!({}), "program"),
        (json!({ "program": "Outlook" }), "program"),
        (json!({ "program": "a".repeat(65) }), "program"),
        (json!({ "program": "a", "activities": "meeting" }), "activities"),
        (json!({ "program": "a", "activities": ["skiing"] }), "skiing"),
        (json!({ "program": "a", "activities": vec!["meeting"; 9] }), "activities"),
        (json!({ "program": "a", "note": "" }), "note"),
        (json!({ "program": "a", "note": "a\nb" }), "note"),
        (json!({ "program": "a", "seconds": 0 }), "seconds"),
        (json!({ "program": "a", "seconds": 1.5 }), "seconds"),
        (json!({ "program": "a", "seconds": 2_678_401 }), "seconds"),
        (json!({ "program": "a", "until": "noon" }), "until"),
    ] {
        let (status, _, said) = says("hana", &body);
        assert_eq!(status, 400, "{body}");
        assert!(said.contains(words), "{body}: {said}");
    }
    assert_eq!(
        says("hana", &json!({ "program": "a", "seconds": 60.0 })).0,
        200,
        "JSON has one kind of numbers"
    );
    assert_eq!(says("nobody", &json!({ "program": "a" })).0, 404);
    let (status, ..) = send(&server, "PUT", "/api/v1/notices/hana", Some(TOKEN), ("", "{}"));
    assert_eq!(status, 403, "a reader says nothing");
}
