#![allow(clippy::unwrap_used)]
//! A call is handed on by HTTP, in the form that was named or is liked best.

mod house;

use house::{ADMIN, Echo, OPERATOR, TOKEN, ask, get, send, server, server_of};
use serde_json::json;

const LADDER: &str = "/api/v1/calls/c1/ladder";
const EXPORT: &str = "/api/v1/calls/c1/export";

#[test]
fn a_ladder_comes_in_the_form_that_was_named_or_is_liked_best() {
    let server = server();
    let said = |path: &str, accept: &str| {
        let accept = if accept.is_empty() { String::new() } else { format!("Accept: {accept}\r\n") };
        let (status, head, body) = send(&server, "GET", path, Some(OPERATOR), (&accept, ""));
        let kind = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or_default();
        (status, kind.to_owned(), body)
    };
    let html = "text/html; charset=utf-8";
    let named = |form: &str| said(&format!("{LADDER}?format={form}"), "image/svg+xml");

    assert_eq!(said(LADDER, ""), (200, "application/json".into(), r#"{"call":"c1"}"#.into()));
    assert_eq!(said(LADDER, "text/html,*/*;q=0.8"), (200, html.into(), "html of c1".into()));
    assert_eq!(said(LADDER, "image/svg+xml"), (200, "image/svg+xml".into(), "svg of c1".into()));
    assert_eq!(said(LADDER, "image/png").1, "application/json");
    assert_eq!(named("html"), (200, html.into(), "html of c1".into()));
    assert_eq!(named("text"), (200, "text/plain; charset=utf-8".into(), "text of c1".into()));
    assert_eq!(named("json").1, "application/json");
    for unknown in ["pcapng", "SVG", ""] {
        let (status, _, body) = named(unknown);
        assert!(status == 400 && body.contains("format: json or text or svg or html"), "{body}");
    }
    assert_eq!(said("/api/v1/calls/lost/ladder", "").0, 404);
}

#[test]
fn an_export_is_a_file_to_keep() {
    let server = server();
    let said = |form: &str| {
        let path = format!("{EXPORT}{form}");
        let (status, head, body) = ask(&server, "GET", &path, Some(OPERATOR));
        assert_eq!(status, 200, "{path}");
        let kept = head.lines().find_map(|line| line.strip_prefix("content-disposition: "));
        (kept.unwrap().to_owned(), body)
    };
    let file = |name: &str| format!("attachment; filename=\"{name}\"");

    assert_eq!(said(""), (file("call.pcapng"), "packets of c1".into()));
    assert_eq!(said("?format=hep"), (file("call.hep"), "hep of c1".into()));
    assert_eq!(said("?format=html"), (file("call.html"), "html of c1".into()));
    assert_eq!(said("?format=svg"), (file("call.svg"), "svg of c1".into()));
    assert_eq!(ask(&server, "GET", &format!("{EXPORT}?format=json"), Some(OPERATOR)).0, 400);
    assert_eq!(ask(&server, "GET", "/api/v1/calls/c1/capture.pcapng", Some(OPERATOR)).2, "packets of c1");
}

/// Messages say who speaks with whom about what: only operators read them, and the audit log knows who did.
#[test]
fn messages_are_for_operators_and_it_is_written_down_who_asked() {
    let house = Echo::default();
    let server = server_of(&house);

    for path in [LADDER, EXPORT] {
        assert_eq!(ask(&server, "GET", path, Some(TOKEN)).0, 403, "{path}");
        assert_eq!(ask(&server, "GET", path, None).0, 401, "{path}");
        assert_eq!(ask(&server, "GET", &format!("{path}?format=html"), Some(OPERATOR)).0, 200, "{path}");
    }

    let written = house.written.lock().unwrap().join("\n");
    for path in [LADDER, EXPORT] {
        for line in [
            format!("reader: GET {path} turned away 403"),
            format!("operator: GET {path}?format=html asked"),
            format!("operator: GET {path}?format=html answered 200"),
        ] {
            assert!(written.contains(&line), "{line:?} is not in\n{written}");
        }
    }
}

#[test]
fn a_browser_runs_and_fetches_nothing_of_what_it_is_given() {
    let server = server();

    for path in [format!("{LADDER}?format=html"), format!("{EXPORT}?format=svg")] {
        let (_, head, _) = ask(&server, "GET", &path, Some(ADMIN));
        let policy = head.lines().find_map(|line| line.strip_prefix("content-security-policy: ")).unwrap();
        assert!(policy.starts_with(&ladder::POLICY.to_ascii_lowercase()), "{policy}");
        assert!(policy.ends_with("; frame-ancestors 'none'; sandbox"), "{policy}");
        assert!(head.contains("x-content-type-options: nosniff\r\n"), "{head}");
        assert!(head.contains("cache-control: no-store\r\n"), "{head}");
    }
}

#[test]
fn the_document_says_which_forms_there_are() {
    let (_, document) = get(&server(), "/openapi.json");
    let of = |path: &str| document["paths"][format!("/api/v1/calls/{{id}}/{path}")]["get"].clone();
    let forms = |path: &str| {
        let format = of(path)["parameters"].as_array().unwrap()[1].clone();
        assert_eq!((&format["name"], &format["in"]), (&json!("format"), &json!("query")));
        format["schema"]["enum"].clone()
    };
    let kinds = |path: &str| {
        let content = of(path)["responses"]["200"]["content"].clone();
        content.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };

    assert_eq!(forms("ladder"), json!(["json", "text", "svg", "html"]));
    assert_eq!(kinds("ladder"), ["application/json", "image/svg+xml", "text/html", "text/plain"]);
    assert_eq!(forms("export"), json!(["pcapng", "hep", "svg", "html"]));
    assert_eq!(kinds("export"), ["application/octet-stream", "image/svg+xml", "text/html"]);
    assert_eq!(kinds("capture.pcapng"), ["application/octet-stream"]);
}
