//! What programs say of people: a calendar, a carrier of mobiles, a page of the organisation's own.

use std::time::Duration;

use model::Role;
use pidf::Activity;
use serde_json::{Map, Value, json};
use switch::{MOBILE, Notice, Says};

use crate::house::Refused;
use crate::question::{Body, Kind, Method, NAME, Parameter, Resource, is_name, said};

const NOTE_MAX: usize = 255;
const ACTIVITIES_MAX: usize = 8;
const SECONDS_MAX: u64 = 31 * 86_400;
/// So long a notice holds of which nothing is said: a carrier that says nothing more has forgotten.
const SECONDS_USUAL: u64 = 3_600;
const PROGRAM: &str = "program";
/// No control characters.
const LINE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";
const MEMBERS: [&str; 4] = [PROGRAM, "activities", "note", "seconds"];

pub const NOTICES: &[Resource] = &[
    Resource {
        method: Method::Put,
        needs: Role::Operator,
        path: "/notices/{id}",
        name: "notice",
        summary: "A program says what a user does, who is named by name, number, extension or mobile; it \
                  replaces what the same program said of them before",
        parameters: &[],
        body: Body::Notice,
        answer: |house, asked| {
            let body = asked.body.as_ref().ok_or_else(|| wrong("the body is missing".to_owned()))?;
            said(house.notice(&notice_of(&asked.id, body).map_err(wrong)?))
        },
    },
    Resource {
        method: Method::Delete,
        needs: Role::Operator,
        path: "/notices/{id}",
        name: "endNotice",
        summary: "A program has nothing to say of a user any more",
        parameters: &[Parameter { name: PROGRAM, what: "Which program", kind: Kind::NeededName }],
        body: Body::None,
        answer: |house, asked| {
            let notice = end_of(&asked.id, asked.word(PROGRAM)).map_err(wrong)?;
            said(house.notice(&notice))
        },
    },
];

/// What the body is, for OpenAPI.
pub fn shape() -> Value {
    let words: Vec<&str> = Activity::ALL.iter().map(|one| one.word()).collect();
    json!({
        "type": "object",
        "required": [PROGRAM],
        "additionalProperties": false,
        "properties": {
            PROGRAM: {
                "type": "string", "pattern": NAME,
                "description": format!(
                    "Who says it. What {MOBILE} says of on-the-phone is a call by mobile: lamps are lit, too"
                ),
            },
            "activities": {
                "type": "array", "maxItems": ACTIVITIES_MAX, "items": { "type": "string", "enum": words },
                "default": [], "description": "What the user does (RFC 4480 3.2)",
            },
            "note": {
                "type": "string", "minLength": 1, "maxLength": NOTE_MAX, "pattern": LINE,
                "description": "What watchers read beside it",
            },
            "seconds": {
                "type": "integer", "minimum": 1, "maximum": SECONDS_MAX, "default": SECONDS_USUAL,
                "description": "How long it holds, if nothing else is said",
            },
        },
    })
}

/// That a program has nothing to say of a user any more.
pub fn end_of(user: &str, named: Option<&str>) -> Result<Notice, String> {
    Ok(Notice { of: user.into(), program: program(named)?.into(), says: None })
}

/// What a program says of a user, by its words.
pub fn notice_of(user: &str, body: &Value) -> Result<Notice, String> {
    let body = body.as_object().ok_or_else(|| "a notice is an object { … }".to_owned())?;
    if let Some(unknown) = body.keys().find(|key| !MEMBERS.contains(&key.as_str())) {
        return Err(format!("{unknown}: a notice has {}", MEMBERS.join(", ")));
    }
    let program = program(body.get(PROGRAM).and_then(Value::as_str))?.into();
    let seconds = match body.get("seconds") {
        None => SECONDS_USUAL,
        Some(value) => whole(value)
            .filter(|seconds| (1..=SECONDS_MAX).contains(seconds))
            .ok_or_else(|| format!("seconds: a whole number from 1 to {SECONDS_MAX}"))?,
    };
    let (activities, note) = (activities(body)?, note(body)?);
    let says = Says { activities, note, lasts: Duration::from_secs(seconds) };
    Ok(Notice { of: user.into(), program, says: Some(says) })
}

fn program(word: Option<&str>) -> Result<&str, String> {
    let words = || format!("{PROGRAM}: 1 to 64 small letters, digits and hyphens");
    word.filter(|word| is_name(word)).ok_or_else(words)
}

/// 60.0 is whole, too: JSON Schema calls it an integer.
fn whole(value: &Value) -> Option<u64> {
    let is_whole = |figure: &f64| figure.fract() == 0.0 && (0.0..=SECONDS_MAX as f64).contains(figure);
    value.as_u64().or_else(|| value.as_f64().filter(is_whole).map(|figure| figure as u64))
}

fn activities(body: &Map<String, Value>) -> Result<Vec<Activity>, String> {
    let Some(value) = body.get("activities") else { return Ok(Vec::new()) };
    let words = value.as_array().filter(|all| all.len() <= ACTIVITIES_MAX);
    let words = words.ok_or_else(|| format!("activities: a list of {ACTIVITIES_MAX} at most"))?;
    let read = |word: &Value| {
        let known = word.as_str().and_then(Activity::named);
        known.ok_or_else(|| format!("activities: {word} is none; /openapi.json names them all"))
    };
    words.iter().map(read).collect()
}

fn note(body: &Map<String, Value>) -> Result<Option<Box<str>>, String> {
    let Some(value) = body.get("note") else { return Ok(None) };
    let fits =
        |note: &&str| (1..=NOTE_MAX).contains(&note.chars().count()) && !note.chars().any(char::is_control);
    let note = value.as_str().filter(fits);
    let note = note.ok_or_else(|| format!("note: a line of 1 to {NOTE_MAX} letters"))?;
    Ok(Some(note.into()))
}

fn wrong(words: String) -> Refused {
    Refused::Wrong(words)
}
