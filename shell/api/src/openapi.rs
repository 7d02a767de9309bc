//! The OpenAPI document, made of the rows that the router is made of.

use serde_json::{Map, Value, json};

use crate::forms::Form;
use crate::question::{Body, KEY, KEY_MAX, Kind, Method, NAME, Parameter, Resource};
use crate::resources::{BASE, EVENTS, all};
use crate::{calls, notices};

/// What the names of shapes of whole documents begin with.
const DOCUMENT: &str = "document-";

pub fn document(version: &str) -> Value {
    let mut paths = Map::new();
    for one in all() {
        let path = paths.entry(format!("{BASE}{}", one.path)).or_insert_with(|| json!({}));
        path[one.method.word()] = operation(one);
    }
    paths.insert(EVENTS.to_owned(), json!({ "get": events() }));
    let mut schemas = schemas();
    schemas.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Tandem", "version": version },
        "paths": paths,
        "security": [{ "token": [] }],
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas,
        },
    })
}

fn operation(resource: &Resource) -> Value {
    let of_path = resource
        .path
        .contains("{id}")
        .then(|| json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }));
    let parameters: Vec<Value> =
        of_path.into_iter().chain(resource.parameters.iter().map(parameter)).collect();
    let mut all = json!({
        "operationId": resource.name,
        "summary": resource.summary,
        "description": format!("The token has to be good for: {}.", resource.needs),
        "parameters": parameters,
        "responses": responses(resource),
    });
    let schema = match resource.body {
        Body::None => return all,
        Body::Document(kind) => json!({ "$ref": format!("#/components/schemas/{DOCUMENT}{kind}") }),
        Body::Call => calls::shape(),
        Body::Notice => notices::shape(),
    };
    let content = json!({ "application/json": { "schema": schema } });
    all["requestBody"] = json!({ "required": true, "content": content });
    if let (Body::Call, Some(parameters)) = (resource.body, all["parameters"].as_array_mut()) {
        parameters.push(key());
    }
    all
}

/// Under which something is done once.
fn key() -> Value {
    let schema = json!({ "type": "string", "minLength": 1, "maxLength": KEY_MAX, "pattern": "^[!-~]+$" });
    let what = "Asked again under the same key within ten minutes, it is not done again";
    json!({ "name": KEY, "in": "header", "description": what, "required": false, "schema": schema })
}

/// What happens: an answer without an end.
fn events() -> Value {
    let last = json!({
        "name": "Last-Event-ID", "in": "header", "required": false, "schema": { "type": "string" },
        "description": "The id of the last event that is known already",
    });
    let problem = json!({ "$ref": "#/components/schemas/Problem" });
    let content = json!({ "application/problem+json": { "schema": problem } });
    let refused = |what: &str| json!({ "description": what, "content": content });
    json!({
        "operationId": "events",
        "summary": "What happens, as server-sent events; the answer does not end",
        "parameters": [last],
        "responses": {
            "200": {
                "description": "Events as they happen",
                "content": { "text/event-stream": { "schema": { "type": "string" } } },
            },
            "401": refused("The token is missing, or is none of ours"),
            "503": refused("As many listen already as may"),
        },
    })
}

fn responses(resource: &Resource) -> Value {
    let refused = |what: &str| {
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        json!({ "description": what, "content": { "application/problem+json": { "schema": schema } } })
    };
    let done = |what: &str| {
        let content = json!({ "application/json": { "schema": { "type": "object" } } });
        json!({ "description": what, "content": content })
    };
    let mut all = json!({
        "200": if resource.forms().is_empty() { done("It is answered") } else { file(resource.forms()) },
        "400": refused("The question makes no sense"),
        "401": refused("The token is missing, or is none of ours"),
        "403": refused("The token is not good for this, or the rules do not allow it"),
        "404": refused("There is no such thing"),
        "409": refused("It is there already, or somebody is in the middle of a change"),
        "503": refused("The house cannot do it now"),
    });
    if resource.body == Body::Call {
        all["202"] = done("Its phones ring; Location says where it is found");
        all["413"] = refused("The body is too long");
    }
    if resource.is_of_one_document() {
        all["412"] = refused("The document is not in the state that was named");
    }
    match resource.method {
        Method::Get if resource.is_of_one_document() => {
            all["304"] = json!({ "description": "It is as the asker knows it" });
        }
        Method::Put => {
            all["201"] = done("It is there now");
            all["413"] = refused("The body is too long");
            all["422"] = refused("With it the configuration would not hold");
        }
        Method::Get => {}
        Method::Post | Method::Delete => {
            all["422"] = match resource.body {
                Body::Call => refused("Such a call may not be made"),
                _ => refused("With it the configuration would not hold"),
            };
        }
    }
    all
}

/// By their kinds: two forms may be of one.
fn file(forms: &[Form]) -> Value {
    let shape = |form: &Form| match form {
        Form::Json => json!({ "type": "object" }),
        Form::Text | Form::Svg | Form::Html => json!({ "type": "string" }),
        Form::Pcapng | Form::Hep => json!({ "type": "string", "format": "binary" }),
    };
    let kinds = forms.iter().map(|form| (form.bare_kind().to_owned(), json!({ "schema": shape(form) })));
    json!({ "description": "The file", "content": kinds.collect::<Map<_, _>>() })
}

fn parameter(one: &Parameter) -> Value {
    let schema = match one.kind {
        Kind::Text | Kind::NeededText => json!({ "type": "string" }),
        Kind::NeededName => json!({ "type": "string", "pattern": NAME }),
        Kind::YesOrNo => json!({ "type": "boolean" }),
        Kind::Word(known) | Kind::NeededWord(known) => json!({ "type": "string", "enum": known }),
        Kind::Form(forms) => {
            let words: Vec<&str> = forms.iter().map(|form| form.word()).collect();
            json!({ "type": "string", "enum": words })
        }
        Kind::Ordinal => json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX }),
        Kind::Limit(most) => json!({ "type": "integer", "minimum": 1, "maximum": most }),
        Kind::Moment => json!({ "type": "string", "format": "date-time" }),
        Kind::Count { most, usual } => {
            json!({ "type": "integer", "minimum": 1, "maximum": most, "default": usual })
        }
    };
    let (what, is_needed) = (one.what, one.is_needed());
    json!({ "name": one.name, "in": "query", "description": what, "required": is_needed, "schema": schema })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "code": { "type": "string", "description": "tandem help CODE says more" },
            "detail": { "type": "string" },
        },
    })
}

/// Shapes of documents, by their kinds, and what they are made of; as editors know them.
fn schemas() -> Map<String, Value> {
    let mut root = model::schema();
    let mut all: Map<String, Value> = match root["$defs"].take() {
        Value::Object(defined) => defined,
        _ => Map::new(),
    };
    for kind in model::kinds() {
        let of_kind = &root["properties"][kind];
        let shape = [&of_kind["additionalProperties"], &of_kind["anyOf"][0]];
        let shape = shape.into_iter().find(|shape| shape.is_object()).cloned().unwrap_or_default();
        all.insert(format!("{DOCUMENT}{kind}"), shape);
    }
    all.values_mut().for_each(moved);
    all.values_mut().for_each(forgiving);
    all
}

/// A key with null is a key that is not there.
fn forgiving(schema: &mut Value) {
    let needed = schema["required"].as_array().cloned().unwrap_or_default();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (_, shape) in properties.iter_mut().filter(|(name, _)| !needed.iter().any(|one| one == *name)) {
            *shape = json!({ "anyOf": [shape.take(), { "type": "null" }] });
        }
    }
    match schema {
        Value::Object(object) => object.values_mut().for_each(forgiving),
        Value::Array(list) => list.iter_mut().for_each(forgiving),
        _ => {}
    }
}

/// References lead to where the shapes stand here.
fn moved(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(place)) = object.get_mut("$ref") {
                *place = place.replace("#/$defs/", "#/components/schemas/");
            }
            object.values_mut().for_each(moved);
        }
        Value::Array(list) => list.iter_mut().for_each(moved),
        _ => {}
    }
}
