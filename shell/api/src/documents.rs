//! What can be asked of documents: the same of every kind, so that a kind is one word here.

use model::Role;

use crate::house::{Change, Changed, Refused, Shown};
use crate::question::{
    Asked, Body, Kind, LISTED_MAX, Method, Parameter, RECORDS_USUAL, Resource, Said, said,
};

/// The longest time that a change may wait for its confirmation, in seconds.
pub const CONFIRM_MAX: u16 = 43_200;

pub const WHY: Parameter =
    Parameter { name: "why", what: "The reason, for whoever reads the revisions later", kind: Kind::Text };
pub const CONFIRM: Parameter = Parameter {
    name: "confirm_s",
    what: "It is taken back unless it is confirmed within so many seconds",
    kind: Kind::Limit(CONFIRM_MAX),
};
const CHANGE: &[Parameter] = &[
    Parameter {
        name: "dry_run",
        what: "Whether nothing is changed: the answer says what would become of it",
        kind: Kind::YesOrNo,
    },
    WHY,
    CONFIRM,
];
const LIST: &[Parameter] = &[
    Parameter { name: "after", what: "The name of the last one that is known already", kind: Kind::Text },
    Parameter {
        name: "limit",
        what: "How many at most",
        kind: Kind::Count { most: LISTED_MAX, usual: RECORDS_USUAL },
    },
];

macro_rules! documents {
    ($($kind:literal)*) => {
        pub const DOCUMENTS: &[[Resource; 4]] = &[$([
            Resource {
                method: Method::Get,
                needs: Role::Reader,
                path: concat!("/config/", $kind),
                name: concat!($kind, "List"),
                summary: concat!("The documents [", $kind, ".*] in force, in order of their names"),
                parameters: LIST,
                body: Body::None,
                answer: |house, asked| {
                    let most = usize::from(asked.count("limit", RECORDS_USUAL));
                    said(house.documents($kind, asked.word("after"), most))
                },
            },
            Resource {
                method: Method::Get,
                needs: Role::Reader,
                path: concat!("/config/", $kind, "/{id}"),
                name: concat!($kind, "Read"),
                summary: concat!("One [", $kind, ".*] in force, as it is written; secrets are not shown"),
                parameters: &[],
                body: Body::None,
                answer: |house, asked| read(house.document($kind, &asked.id)?, asked),
            },
            Resource {
                method: Method::Put,
                needs: Role::Operator,
                path: concat!("/config/", $kind, "/{id}"),
                name: concat!($kind, "Put"),
                summary: concat!("Writes one [", $kind, ".*], and applies it"),
                parameters: CHANGE,
                body: Body::Document($kind),
                answer: |house, asked| Ok(changed(house.change(change($kind, asked)?)?)),
            },
            Resource {
                method: Method::Delete,
                needs: Role::Operator,
                path: concat!("/config/", $kind, "/{id}"),
                name: concat!($kind, "Delete"),
                summary: concat!("Takes one [", $kind, ".*] out, and applies that"),
                parameters: CHANGE,
                body: Body::None,
                answer: |house, asked| Ok(changed(house.change(change($kind, asked)?)?)),
            },
        ]),*];
    };
}

documents! {
    "interface" "link" "site" "trunk" "user" "numbers" "rights" "route" "deck" "offer" "orbit" "announcement"
    "conference" "console" "schedule" "dialplan" "emergency" "test" "capture" "trace"
    "webhook" "push" "directory" "recorder" "observer"
}

/// The one document that has no name of its own.
pub const SYSTEM: &[Resource] = &[
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/config/system",
        name: "systemRead",
        summary: "What holds for the whole house, as it is written",
        parameters: &[],
        body: Body::None,
        answer: |house, asked| read(house.document("system", "system")?, asked),
    },
    Resource {
        method: Method::Put,
        needs: Role::Operator,
        path: "/config/system",
        name: "systemPut",
        summary: "Writes [system], and applies it",
        parameters: CHANGE,
        body: Body::Document("system"),
        answer: |house, asked| Ok(changed(house.change(change("system", asked)?)?)),
    },
];

fn read(shown: Shown, asked: &Asked) -> Result<Said, Refused> {
    let Shown { value, tag, revision, defined_at } = shown;
    // Looking is a condition on what the asker has not seen yet.
    let (status, value) = match asked.condition.allows(Some(&tag)) {
        true => (200, Some(value)),
        false if asked.condition.is.is_some() => return Err(Refused::NotThat),
        false => (304, None),
    };
    let headers =
        vec![("etag", tag), ("tandem-revision", revision.to_string()), ("tandem-defined-at", defined_at)];
    Ok(Said { status, value, file: None, headers })
}

fn change(kind: &'static str, asked: &Asked) -> Result<Change, Refused> {
    Ok(Change {
        kind,
        name: if kind == "system" { kind.to_owned() } else { asked.id.clone() },
        becomes: asked.body.clone(),
        condition: asked.condition.clone(),
        is_dry_run: asked.word("dry_run") == Some("true"),
        wish: asked.wish(),
    })
}

fn changed(changed: Changed) -> Said {
    let Changed { outcome, revision, tag, is_new } = changed;
    let mut headers = vec![("tandem-revision", revision.to_string())];
    headers.extend(tag.map(|tag| ("etag", tag)));
    let status = if is_new.is_some() { 201 } else { 200 };
    headers.extend(is_new.map(|place| ("location", place)));
    Said { status, value: Some(outcome), file: None, headers }
}
