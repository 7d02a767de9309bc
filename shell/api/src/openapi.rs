//! The OpenAPI document, made of the rows that the router is made of.

use serde_json::{Map, Value, json};

use crate::resources::{BASE, Kind, Parameter, RESOURCES, Resource};

pub fn document(version: &str) -> Value {
    let mut paths = Map::new();
    for one in RESOURCES {
        let path = paths.entry(format!("{BASE}{}", one.path)).or_insert_with(|| json!({}));
        path[one.method.word()] = operation(one);
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Tandem", "version": version },
        "paths": paths,
        "security": [{ "token": [] }],
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": { "Problem": problem() },
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
    let refused = |what: &str| {
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        json!({ "description": what, "content": { "application/problem+json": { "schema": schema } } })
    };
    json!({
        "operationId": resource.name,
        "summary": resource.summary,
        "description": format!("The token has to be good for: {}.", resource.needs),
        "parameters": parameters,
        "responses": {
            "200": {
                "description": "It is answered",
                "content": { "application/json": { "schema": { "type": "object" } } },
            },
            "400": refused("The question makes no sense"),
            "401": refused("The token is missing, or is none of ours"),
            "403": refused("The token is not good for this"),
            "404": refused("There is no such thing"),
            "409": refused("It is there already, or there is no room for more"),
            "503": refused("The house cannot say it now"),
        },
    })
}

fn parameter(one: &Parameter) -> Value {
    let schema = match one.kind {
        Kind::Text | Kind::NeededText => json!({ "type": "string" }),
        Kind::NeededWord(known) => json!({ "type": "string", "enum": known }),
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
