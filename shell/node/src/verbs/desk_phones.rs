//! `tandem user phones`: where each desk phone asks for its settings.

use std::path::Path;

use anyhow::Result;
use cli::Exit;
use policy::Phone;
use serde_json::{Value, json};

use crate::verbs::{Form, effective};

/// Where nobody said where the house is found.
const SOMEWHERE: &str = "https://HOUSE:PORT";

pub fn run(name: Option<&str>, dir: &Path, form: Form) -> Result<Exit> {
    let policy = match effective::loaded(dir)? {
        Ok(loaded) => loaded.policy,
        Err(exit) => return Ok(exit),
    };
    let (phones, base) = (policy.phones(), policy.phones().url().unwrap_or(SOMEWHERE));
    let all: Vec<Value> = phones
        .all()
        .filter(|phone| name.is_none_or(|name| *phone.user == *name))
        .map(|phone| shown(phone, base))
        .collect();
    if form == Form::Json {
        println!("{:#}", json!({ "phones": all }));
        return Ok(Exit::Done);
    }
    for phone in &all {
        let text = |key: &str| phone[key].as_str().unwrap_or_default().to_owned();
        println!("{}  {}  {}\n  {}", text("user"), text("make"), text("mac"), text("url"));
    }
    if all.is_empty() {
        println!("nobody has a desk phone that fetches its settings; [user.NAME] phones says who has");
    } else {
        println!(
            "\nEach phone asks at its own address: it goes into the phone, or into options 66 and 160 of DHCP"
        );
        println!("for this phone alone. Whoever knows it is given the phone's password.");
    }
    Ok(Exit::Done)
}

fn shown(phone: &Phone, base: &str) -> Value {
    json!({
        "user": phone.user, "make": phone.make.word(), "mac": phone.mac.to_string(),
        "url": format!("{base}/phones/{}/", phone.door.reveal()),
    })
}
