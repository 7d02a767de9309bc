//! The browser phone: a page with which a user signs in, sees colleagues, calls, is called and writes.
//!
//! Here are its files, as browsers get them, and what browsers may do with them; nothing is built. It speaks
//! SIP by WebSocket with the listener that it came from, like any phone: the house knows it as nothing else.
//! Not here: who gives it (`switch-io`), and whether it is given at all (`[interface.NAME] phone`).
//!
//! Start at `page/main.js`; `line.js` is the line, `call.js` one call.

use websocket::{Page, Pages};

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const PICTURE: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";

/// What browsers let the page do: what came from here, and nothing else. `'self'` is its own WebSocket, too.
const HEADERS: &str = "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'\r\n\
    X-Content-Type-Options: nosniff\r\n\
    X-Frame-Options: DENY\r\n\
    Referrer-Policy: no-referrer\r\n\
    Cross-Origin-Opener-Policy: same-origin\r\n\
    Cross-Origin-Resource-Policy: same-origin\r\n\
    Permissions-Policy: microphone=(self), camera=(), geolocation=()\r\n";

macro_rules! page {
    ($path:literal, $kind:expr, $file:literal) => {
        Page { path: $path, kind: $kind, body: include_bytes!(concat!("../page/", $file)) }
    };
}

const PAGES: &[Page] = &[
    page!("/", HTML, "index.html"),
    page!("/phone.css", STYLE, "phone.css"),
    page!("/phone.svg", PICTURE, "phone.svg"),
    page!("/main.js", SCRIPT, "main.js"),
    page!("/line.js", SCRIPT, "line.js"),
    page!("/call.js", SCRIPT, "call.js"),
    page!("/calls.js", SCRIPT, "calls.js"),
    page!("/lamps.js", SCRIPT, "lamps.js"),
    page!("/letters.js", SCRIPT, "letters.js"),
    page!("/sounds.js", SCRIPT, "sounds.js"),
    page!("/words.js", SCRIPT, "words.js"),
    page!("/jssip.js", SCRIPT, "jssip.js"),
    page!("/jssip.licences.txt", TEXT, "jssip.licences.txt"),
];

/// The phone, to be given to who asks for it.
pub fn pages() -> Pages {
    Pages::new(PAGES, HEADERS)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use sha2::{Digest, Sha256};

    use super::*;

    fn text(path: &str) -> &'static str {
        let page = PAGES.iter().find(|page| page.path == path).unwrap();
        std::str::from_utf8(page.body).unwrap()
    }

    /// What stands between two marks, wherever they stand.
    fn between<'t>(text: &'t str, before: &str, after: &str) -> Vec<&'t str> {
        text.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
    }

    fn own_scripts() -> impl Iterator<Item = &'static Page> {
        PAGES.iter().filter(|page| page.kind == SCRIPT && page.path != "/jssip.js")
    }

    #[test]
    fn every_file_of_the_folder_is_given_and_every_name_in_them_leads_to_one() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("page");
        let files: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| if name == "index.html" { "/".to_owned() } else { format!("/{name}") })
            .collect();
        let given: BTreeSet<String> = PAGES.iter().map(|page| page.path.to_owned()).collect();
        assert_eq!(files, given);

        let html = text("/");
        let named = between(html, "href=\"", "\"").into_iter().chain(between(html, "src=\"", "\""));
        let imported = own_scripts().flat_map(|page| between(text(page.path), "from './", "'"));
        for name in named.filter(|name| !name.starts_with('#')).chain(imported) {
            assert!(given.contains(&format!("/{name}")), "{name}");
        }
    }

    #[test]
    fn the_page_has_nothing_that_its_policy_forbids() {
        let html = text("/");
        assert_eq!(html.matches("<script").count(), 1);
        assert!(html.contains("<script type=\"module\" src=\"main.js\"></script>"));
        for forbidden in ["style=\"", "<style", " onclick", " onload", "javascript:", "http://", "https://"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        for page in own_scripts() {
            let script = text(page.path);
            for forbidden in
                ["eval(", "new Function", "innerHTML", "insertAdjacentHTML", "https://", "fetch("]
            {
                assert!(!script.contains(forbidden), "{}: {forbidden}", page.path);
            }
        }
        assert!(!text("/phone.css").contains("url("));
    }

    #[test]
    fn what_the_scripts_look_for_is_on_the_page() {
        let html = text("/");
        for page in own_scripts() {
            let script = text(page.path);
            let ids =
                between(script, "getElementById('", "'").into_iter().chain(between(script, " at('", "'"));
            for id in ids {
                assert!(html.contains(&format!("id=\"{id}\"")), "{}: #{id}", page.path);
            }
        }
    }

    #[test]
    fn every_field_has_a_label() {
        let html = text("/");
        for field in between(html, "<input", ">").into_iter().filter(|field| field.contains("id=\"")) {
            let id = between(field, "id=\"", "\"")[0];
            assert!(html.contains(&format!("<label for=\"{id}\"")), "{id}");
        }
    }

    #[test]
    fn the_library_is_the_one_that_its_decision_names() {
        let sum: String =
            Sha256::digest(text("/jssip.js").as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let decision = include_str!("../../../docs/decisions/the-phone-is-a-page.md");

        assert!(decision.contains(&sum), "{sum}");
        assert!(text("/jssip.licences.txt").contains("José Luis Millán"));
    }

    #[test]
    fn a_browser_may_take_nothing_from_elsewhere() {
        assert!(HEADERS.contains("default-src 'none'") && HEADERS.contains("frame-ancestors 'none'"));
        assert!(!HEADERS.contains("unsafe") && !HEADERS.contains('*') && !HEADERS.contains("http"));
        assert!(HEADERS.split_inclusive("\r\n").all(|line| line.ends_with("\r\n") && line.contains(": ")));
    }
}
