//! `tandem certificate`: how certificates stand that an authority gives, and having one asked for now.

use anyhow::Result;
use cli::{Certificate, CertificateRenew, Exit, Paint, Palette};
use serde_json::Value;

use crate::control::Request;
use crate::revisions::now_ms;
use crate::verbs::{ask, when};

const DAY_MS: i64 = 24 * 3_600 * 1_000;

pub fn run(verb: &Certificate, palette: Palette) -> Result<Exit> {
    match verb {
        Certificate::List { house, json } => {
            let answer = match ask(&house.data(), &Request::Certificates {})? {
                Ok(answer) => answer,
                Err(exit) => return Ok(exit),
            };
            let all = answer["certificates"].as_array().cloned().unwrap_or_default();
            if *json {
                println!("{:#}", Value::from(all));
                return Ok(Exit::Done);
            }
            if all.is_empty() {
                println!("no certificate is got from an authority: there are no tls_names");
            }
            all.iter().for_each(|one| show(one, palette));
            Ok(Exit::Done)
        }
        Certificate::Renew(renew) => self::renew(renew, palette),
    }
}

fn renew(renew: &CertificateRenew, palette: Palette) -> Result<Exit> {
    let (name, for_whom) = (renew.name.to_ascii_lowercase(), std::env::var("SUDO_USER").ok());
    let answer = match ask(&renew.house.data(), &Request::Certificate { name, for_whom })? {
        Ok(answer) => answer,
        Err(exit) => return Ok(exit),
    };
    match renew.json {
        true => println!("{answer:#}"),
        false => show(&answer, palette),
    }
    Ok(if answer["failures"] == 0 { Exit::Done } else { Exit::Bad })
}

fn show(one: &Value, palette: Palette) {
    let text = |key: &str| one[key].as_str().unwrap_or_default();
    let names: Vec<&str> = one["names"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let now = now_ms();
    let until = one["until_ms"].as_i64();
    let days = until.map_or(0, |until| (until - now).max(0) / DAY_MS);
    let (paint, state) = match text("state") {
        "current" => (Paint::Good, format!("{days} days left")),
        "stand_in" => (Paint::Note, "a stand-in that nobody believes: none was given yet".to_owned()),
        _ => (Paint::Bad, "it holds no more".to_owned()),
    };
    println!("{}  {}", names.join(" "), palette.paint(paint, &*state));
    println!("  from {}, in {}", text("authority"), text("file"));
    let at = |key: &str, none: &str| one[key].as_i64().map_or_else(|| none.to_owned(), when);
    let next = one["next_ms"].as_i64().filter(|next| *next > now).map_or_else(|| "now".to_owned(), when);
    println!("  holds until {}, tried last {}, next {next}", at("until_ms", "?"), at("tried_ms", "never"));
    if let Some(why) = one["why"].as_str() {
        let failures = &one["failures"];
        println!("  {} not given ({failures} in a row): {why}", palette.paint(Paint::Bad, "✘"));
    }
}
