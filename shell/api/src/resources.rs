//! Everything that can be asked, one row each.

use model::{Captured, Role};

use crate::calls::CALLS;
use crate::documents::{CONFIRM, DOCUMENTS, SYSTEM, WHY};
use crate::forms::{DRAWN, EXPORTED, Form};
use crate::house::{Counted, Sought};
use crate::notices::NOTICES;
use crate::question::{
    Body, FORMAT, Kind, LISTED_MAX, Meant, Method, Parameter, RECORDS_USUAL, Resource, filed, said,
};

/// Where all but figures and health is found.
pub const BASE: &str = "/api/v1";
/// What happens, as long as somebody listens: an answer that has no end, and no row.
pub const EVENTS: &str = "/api/v1/events";

const CALLS_USUAL: u16 = 100;
const ROLES: [&str; 3] = ["reader", "operator", "admin"];
const CAPTURED: [&str; 2] = ["headers", "sound"];
const DAYS_MAX: u16 = 3_650;

const SOUGHT: &[Parameter] = &[
    Parameter {
        name: "number",
        what: "Whoever called or was called: a number with its plus, its last six digits or more, or an \
               extension",
        kind: Kind::Text,
    },
    Parameter { name: "user", what: "A user who called or was called", kind: Kind::Text },
    Parameter { name: "trunk", what: "A trunk that it came from, or was tried on", kind: Kind::Text },
    Parameter {
        name: "cause",
        what: "How it ended: a code such as TD-E001, a status such as 486, or an outcome such as busy",
        kind: Kind::Text,
    },
    Parameter { name: "since", what: "It began then or later", kind: Kind::Moment },
    Parameter { name: "until", what: "It began before then", kind: Kind::Moment },
    Parameter { name: "after", what: "The `next` of the list before this one", kind: Kind::Text },
    Parameter {
        name: "limit",
        what: "How many at most",
        kind: Kind::Count { most: LISTED_MAX, usual: RECORDS_USUAL },
    },
];

const COUNTED: &[Parameter] = &[
    Parameter {
        name: "by",
        what: "How long a point is; as short as fits, where it is missing: 25 hours, 31 days, 12 weeks or 12 \
               months at most",
        kind: Kind::Word(&["hour", "day", "week", "month"]),
    },
    Parameter {
        name: "from",
        what: "Calls that began then or later; a day or a time without an offset is of the zone of the house",
        kind: Kind::Text,
    },
    Parameter { name: "until", what: "Calls that began before then; until now", kind: Kind::Text },
    Parameter { name: "last", what: "In place of `from`: 24h, 7d, 4w or 3mo back", kind: Kind::Text },
    Parameter { name: "site", what: "Calls of users of this site", kind: Kind::Text },
    Parameter {
        name: "trunk",
        what: "Calls that came from this trunk, or were tried on it",
        kind: Kind::Text,
    },
    Parameter { name: "user", what: "Calls by this user, or that rang there", kind: Kind::Text },
];

const RESOURCES: &[Resource] = &[
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/status",
        name: "status",
        summary: "What runs, and how it stands",
        parameters: &[],
        body: Body::None,
        answer: |house, _| said(house.status()),
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/trunks",
        name: "trunks",
        summary: "Every trunk: its calls, its limit, its registration, its far ends",
        parameters: &[],
        body: Body::None,
        answer: |house, _| said(house.trunks(None)),
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/trunks/{id}",
        name: "trunk",
        summary: "One trunk",
        parameters: &[],
        body: Body::None,
        answer: |house, asked| said(house.trunks(Some(&asked.id))),
    },
    Resource {
        method: Method::Post,
        needs: Role::Operator,
        path: "/trunks/{id}/drain",
        name: "drainTrunk",
        summary: "Lets a trunk take no new calls, in or out, over a restart too; those in progress go on",
        parameters: &[],
        body: Body::None,
        answer: |house, asked| said(house.drain_trunk(&asked.id)),
    },
    Resource {
        method: Method::Post,
        needs: Role::Operator,
        path: "/trunks/{id}/resume",
        name: "resumeTrunk",
        summary: "Lets a trunk take calls again",
        parameters: &[],
        body: Body::None,
        answer: |house, asked| said(house.resume_trunk(&asked.id)),
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/calls",
        name: "calls",
        summary: "The calls in progress",
        parameters: &[Parameter {
            name: "limit",
            what: "How many each shard lists",
            kind: Kind::Count { most: LISTED_MAX, usual: CALLS_USUAL },
        }],
        body: Body::None,
        answer: |house, asked| said(house.calls(asked.count("limit", CALLS_USUAL))),
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/calls/{id}",
        name: "call",
        summary: "A call in progress, or the record of one that ended, by its id, a Call-ID or a Session-ID",
        parameters: &[],
        body: Body::None,
        answer: |house, asked| said(house.call(&asked.id)),
    },
    Resource {
        method: Method::Delete,
        needs: Role::Operator,
        path: "/calls/{id}",
        name: "hangUp",
        summary: "Ends a call in progress; a call for help is ended by its parties alone",
        parameters: &[],
        body: Body::None,
        answer: |house, asked| said(house.hang_up(&asked.id)),
    },
    Resource {
        method: Method::Post,
        needs: Role::Operator,
        path: "/calls/{id}/capture",
        name: "captureCall",
        summary: "Keeps the packets of a call in progress from now on, as far as its rules allow",
        parameters: &[
            Parameter {
                name: "media",
                what: "How much of its media; headers where it is missing",
                kind: Kind::Word(&CAPTURED),
            },
            Parameter { name: "seconds", what: "For how long", kind: Kind::Limit(u16::MAX) },
        ],
        body: Body::None,
        answer: |house, asked| {
            let is_sound = asked.word("media") == Some(Captured::Sound.word());
            let media = if is_sound { Captured::Sound } else { Captured::Headers };
            said(house.capture(&asked.id, media, asked.figure("seconds")))
        },
    },
    Resource {
        method: Method::Get,
        needs: Role::Operator,
        path: "/calls/{id}/capture.pcapng",
        name: "callPackets",
        summary: "A call as a capture file: its messages, and its packets where they were kept",
        parameters: &[],
        body: Body::None,
        answer: |house, asked| filed(house.messages(&asked.id, Form::Pcapng), Form::Pcapng, Meant::ToKeep),
    },
    Resource {
        method: Method::Get,
        needs: Role::Operator,
        path: "/calls/{id}/ladder",
        name: "callLadder",
        summary: "The messages of a call, drawn between those who exchanged them; as a page with each whole",
        parameters: &[Parameter {
            name: FORMAT,
            what: "How it is drawn; as Accept likes it best where it is missing",
            kind: Kind::Form(DRAWN),
        }],
        body: Body::None,
        answer: |house, asked| {
            let form = asked.form(DRAWN);
            filed(house.messages(&asked.id, form), form, Meant::ToLookAt)
        },
    },
    Resource {
        method: Method::Get,
        needs: Role::Operator,
        path: "/calls/{id}/export",
        name: "exportCall",
        summary: "A call as a file for somebody else: a capture, packets of HEP, a picture, or a page",
        parameters: &[Parameter { name: FORMAT, what: "Which file", kind: Kind::Form(EXPORTED) }],
        body: Body::None,
        answer: |house, asked| {
            let form = asked.form(EXPORTED);
            filed(house.messages(&asked.id, form), form, Meant::ToKeep)
        },
    },
    Resource {
        method: Method::Post,
        needs: Role::Operator,
        path: "/drain",
        name: "drain",
        summary: "Takes no new calls but those for help, until it resumes or starts anew; others go on",
        parameters: &[],
        body: Body::None,
        answer: |house, _| said(house.drain()),
    },
    Resource {
        method: Method::Post,
        needs: Role::Operator,
        path: "/resume",
        name: "resume",
        summary: "Takes calls again",
        parameters: &[],
        body: Body::None,
        answer: |house, _| said(house.resume()),
    },
    Resource {
        method: Method::Post,
        needs: Role::Reader,
        path: "/test",
        name: "runTests",
        summary: "Runs the stored call tests against the revision in force; nothing is sent",
        parameters: &[Parameter { name: "name", what: "Only the test of this name", kind: Kind::Text }],
        body: Body::None,
        answer: |house, asked| said(house.run_tests(asked.word("name"))),
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/phones",
        name: "phones",
        summary: "The phones that are registered, who watches whom, and messages that wait",
        parameters: &[],
        body: Body::None,
        answer: |house, _| said(house.phones()),
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/cdrs",
        name: "cdrs",
        summary: "Records of calls that ended, the oldest first",
        parameters: &[
            Parameter {
                name: "after",
                what: "The id of the last record that is known already",
                kind: Kind::Text,
            },
            Parameter {
                name: "limit",
                what: "How many at most",
                kind: Kind::Count { most: LISTED_MAX, usual: RECORDS_USUAL },
            },
        ],
        body: Body::None,
        answer: |house, asked| {
            said(house.records(asked.word("after"), usize::from(asked.count("limit", RECORDS_USUAL))))
        },
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/records",
        name: "findRecords",
        summary: "Calls that ended and callers who were turned away, by what is known; the newest first",
        parameters: SOUGHT,
        body: Body::None,
        answer: |house, asked| {
            said(house.find(&Sought {
                number: asked.word("number"),
                user: asked.word("user"),
                trunk: asked.word("trunk"),
                cause: asked.word("cause"),
                since: asked.word("since"),
                until: asked.word("until"),
                after: asked.word("after"),
                most: usize::from(asked.count("limit", RECORDS_USUAL)),
            }))
        },
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/reports/{id}",
        name: "report",
        summary: "What records come to: usage, failures, meetings, teams, trunks; or the phones there are",
        parameters: COUNTED,
        body: Body::None,
        answer: |house, asked| {
            said(house.report(
                &asked.id,
                &Counted {
                    by: asked.word("by"),
                    from: asked.word("from"),
                    until: asked.word("until"),
                    last: asked.word("last"),
                    site: asked.word("site"),
                    trunk: asked.word("trunk"),
                    user: asked.word("user"),
                },
            ))
        },
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/revisions",
        name: "revisions",
        summary: "What was applied, by whom and why",
        parameters: &[],
        body: Body::None,
        answer: |house, _| said(house.revisions()),
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/explain",
        name: "explain",
        summary: "What would become of a call, and why; nothing is sent",
        parameters: &[
            Parameter { name: "number", what: "What is dialled", kind: Kind::NeededText },
            Parameter { name: "from", what: "The user who calls", kind: Kind::Text },
            Parameter { name: "via", what: "The trunk that the call comes from", kind: Kind::Text },
            Parameter { name: "at", what: "When, such as 2026-11-20T10:00:00Z", kind: Kind::Moment },
        ],
        body: Body::None,
        answer: |house, asked| {
            let number = asked.word("number").unwrap_or_default();
            said(house.explain(number, asked.word("from"), asked.word("via"), asked.word("at")))
        },
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/revisions/{id}",
        name: "revision",
        summary: "One revision: who, when, why, what changed, and what the stored tests said",
        parameters: &[],
        body: Body::None,
        answer: |house, asked| said(house.revision(&asked.id)),
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/plan",
        name: "plan",
        summary: "What an apply of the configuration directory would do; nothing is changed",
        parameters: &[],
        body: Body::None,
        answer: |house, _| said(house.plan()),
    },
    Resource {
        method: Method::Post,
        needs: Role::Operator,
        path: "/apply",
        name: "apply",
        summary: "Plans, tests, and puts in force what stands in the configuration directory",
        parameters: &[
            Parameter { name: "base", what: "Only if this revision still runs", kind: Kind::Ordinal },
            Parameter { name: "digest", what: "Only if the plan had this digest", kind: Kind::Text },
            WHY,
            CONFIRM,
        ],
        body: Body::None,
        answer: |house, asked| {
            let seen = (asked.figure("base"), asked.word("digest").map(str::to_owned));
            said(house.apply(seen, asked.wish()))
        },
    },
    Resource {
        method: Method::Post,
        needs: Role::Operator,
        path: "/confirm",
        name: "confirm",
        summary: "The revision in force stays",
        parameters: &[],
        body: Body::None,
        answer: |house, asked| said(house.confirm(asked.wish())),
    },
    Resource {
        method: Method::Post,
        needs: Role::Operator,
        path: "/rollback",
        name: "rollback",
        summary: "Puts an older revision in force again, as a new one",
        parameters: &[
            Parameter { name: "to", what: "Which; the one before where it is missing", kind: Kind::Ordinal },
            WHY,
        ],
        body: Body::None,
        answer: |house, asked| said(house.roll_back(asked.figure("to"), asked.wish())),
    },
    Resource {
        method: Method::Get,
        needs: Role::Admin,
        path: "/tokens",
        name: "tokens",
        summary: "Who holds a token, and what it is good for; none says its secret",
        parameters: &[],
        body: Body::None,
        answer: |house, _| said(house.tokens()),
    },
    Resource {
        method: Method::Post,
        needs: Role::Admin,
        path: "/tokens",
        name: "createToken",
        summary: "Makes a token, and tells it this once",
        parameters: &[
            Parameter { name: "name", what: "Who will hold it", kind: Kind::NeededName },
            Parameter { name: "role", what: "What it is good for", kind: Kind::NeededWord(&ROLES) },
            Parameter { name: "days", what: "After how many it ends", kind: Kind::Limit(DAYS_MAX) },
        ],
        body: Body::None,
        answer: |house, asked| {
            let role = asked.figure("role").unwrap_or(Role::Reader);
            said(house.create_token(asked.word("name").unwrap_or_default(), role, asked.figure("days")))
        },
    },
    Resource {
        method: Method::Delete,
        needs: Role::Admin,
        path: "/tokens/{id}",
        name: "revokeToken",
        summary: "Whoever holds it is nobody from now on",
        parameters: &[],
        body: Body::None,
        answer: |house, asked| said(house.revoke_token(&asked.id)),
    },
    Resource {
        method: Method::Get,
        needs: Role::Admin,
        path: "/audit",
        name: "audit",
        summary: "Who did what, when, from where, and what became of it; the oldest first",
        parameters: &[
            Parameter {
                name: "after",
                what: "The number of the last entry that is known already",
                kind: Kind::Ordinal,
            },
            Parameter {
                name: "limit",
                what: "How many at most",
                kind: Kind::Count { most: LISTED_MAX, usual: RECORDS_USUAL },
            },
        ],
        body: Body::None,
        answer: |house, asked| {
            let after = asked.figure("after").unwrap_or(0);
            said(house.deeds(after, usize::from(asked.count("limit", RECORDS_USUAL))))
        },
    },
];

/// Every row.
pub fn all() -> impl Iterator<Item = &'static Resource> {
    RESOURCES.iter().chain(CALLS).chain(NOTICES).chain(SYSTEM).chain(DOCUMENTS.iter().flatten())
}
