//! `tandem token`: who may ask for what by HTTP.

use anyhow::Result;
use cli::{Exit, Palette, Token, TokenCreate};
use serde_json::Value;

use crate::control::{self, Request};
use crate::verbs::{ask, when};

pub fn run(token: &Token, _: Palette) -> Result<Exit> {
    let (house, json, request) = match token {
        Token::List(verb) => (&verb.house, verb.json, control::Token::List {}),
        Token::Create(TokenCreate { name, role, days, house, json }) => {
            (house, *json, control::Token::Create { name: name.clone(), role: *role, days: *days })
        }
        Token::Revoke(verb) => (&verb.house, verb.json, control::Token::Revoke { name: verb.name.clone() }),
    };
    let answer = match ask(&house.data(), &Request::Token(request))? {
        Ok(answer) => answer,
        Err(exit) => return Ok(exit),
    };
    match token {
        _ if json => println!("{answer:#}"),
        Token::List(_) => tell(&answer),
        Token::Create(_) => {
            eprintln!("{}; it is not told again:", about(&answer));
            println!("{}", answer["token"].as_str().unwrap_or_default());
        }
        Token::Revoke(verb) => println!("{} is revoked", verb.name),
    }
    Ok(Exit::Done)
}

fn tell(answer: &Value) {
    let all = answer["tokens"].as_array().map_or(&[][..], Vec::as_slice);
    if all.is_empty() {
        println!("no token; tandem token create NAME makes one");
    }
    all.iter().for_each(|token| println!("{}", about(token)));
}

fn about(token: &Value) -> String {
    let word = |key: &str| token[key].as_str().unwrap_or_default();
    let until = token["until_ms"].as_i64().map(|until| format!(", until {}", when(until)));
    let made = when(token["made_ms"].as_i64().unwrap_or_default());
    format!("{}  {}, made {made}{}", word("name"), word("role"), until.unwrap_or_default())
}
