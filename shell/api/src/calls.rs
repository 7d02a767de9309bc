//! Calls that somebody wants made: what is said of one, and what is answered.

use model::Role;
use serde_json::{Map, Value, json};
use switch::{Answering, MakeCall};

use crate::house::{CallWish, Refused};
use crate::question::{Asked, Body, Kind, Method, Parameter, Resource, Said};

/// The longest name or number.
const WORD_MAX: usize = 255;
/// By hand, or by itself.
const ANSWERS: [&str; 2] = ["by-hand", "auto"];
const DRY_RUN: &str = "dry_run";

pub const CALLS: &[Resource] = &[Resource {
    method: Method::Post,
    needs: Role::Operator,
    path: "/calls",
    name: "makeCall",
    summary: "Rings a user's own phones; the one that answers is connected as if it had dialled the number",
    parameters: &[Parameter {
        name: DRY_RUN,
        what: "Whether nothing rings: the answer says what would become of it",
        kind: Kind::YesOrNo,
    }],
    body: Body::Call,
    answer: |house, asked| {
        let made = house.make_call(&wish(asked)?)?;
        let place = made["call"].as_str().map(|id| format!("/api/v1/calls/{id}"));
        let status = if place.is_some() { 202 } else { 200 };
        let headers = place.into_iter().map(|place| ("location", place)).collect();
        Ok(Said { status, value: Some(made), headers, file: None })
    },
}];

/// What the body is, for OpenAPI.
pub fn shape() -> Value {
    let word =
        |what: &str| json!({ "type": "string", "minLength": 1, "maxLength": WORD_MAX, "description": what });
    json!({
        "type": "object",
        "required": ["from", "to"],
        "additionalProperties": false,
        "properties": {
            "from": word("The user who wants to call: a name, a number or an extension"),
            "to": word("Whom they want, as they would dial it"),
            "answer": {
                "type": "string", "enum": ANSWERS, "default": ANSWERS[0],
                "description": "Whether the phone is told to answer by itself",
            },
        },
    })
}

fn wish(asked: &Asked) -> Result<CallWish, Refused> {
    let wrong = |words: &str| Refused::Wrong(words.to_owned());
    let body = asked.body.as_ref().and_then(Value::as_object).ok_or_else(|| wrong("the body is missing"))?;
    if let Some(unknown) = body.keys().find(|key| !["from", "to", "answer"].contains(&key.as_str())) {
        return Err(Refused::Wrong(format!("{unknown}: a call has from, to and answer")));
    }
    let answering = match body.get("answer").map(Value::as_str) {
        None => Answering::ByHand,
        Some(Some(word)) if word == ANSWERS[0] => Answering::ByHand,
        Some(Some(word)) if word == ANSWERS[1] => Answering::ByItself,
        Some(_) => return Err(wrong("answer: by-hand or auto")),
    };
    Ok(CallWish {
        call: MakeCall { user: word(body, "from")?.into(), to: word(body, "to")?.into(), answering },
        is_dry_run: asked.word(DRY_RUN) == Some("true"),
        key: asked.key.clone(),
        who: asked.who.clone(),
    })
}

fn word<'b>(body: &'b Map<String, Value>, name: &str) -> Result<&'b str, Refused> {
    let word = body.get(name).and_then(Value::as_str);
    let fits = |word: &&str| (1..=WORD_MAX).contains(&word.chars().count());
    word.filter(fits).ok_or_else(|| Refused::Wrong(format!("{name}: a text of 1 to {WORD_MAX} letters")))
}
