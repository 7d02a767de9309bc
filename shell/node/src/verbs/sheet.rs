//! `tandem provider sheet`: what a provider needs from us, and what to ask them.

use std::path::Path;

use anyhow::Result;
use cli::{Exit, Paint, Palette};
use model::{Chats, Documents, Interface, Offered, Side, Template, Transport, Trunk, templates};
use serde_json::json;

use crate::verbs::{Form, effective};

pub fn run(name: &str, dir: &Path, form: Form, palette: Palette) -> Result<Exit> {
    let documents = match effective::documents(dir)? {
        Ok(documents) => documents,
        Err(exit) => return Ok(exit),
    };
    let Some(trunk) = effective::trunk(&documents, name) else { return Ok(Exit::Usage) };
    let ours = ours(&documents, name, trunk);
    let theirs = template_of(trunk).map_or_else(usual_questions, |template| questions(&template));
    if form == Form::Json {
        let ours: Vec<_> = ours.iter().map(|(what, value)| json!({ "what": what, "value": value })).collect();
        println!("{:#}", json!({ "trunk": name, "give": ours, "ask": theirs }));
        return Ok(Exit::Done);
    }
    let title = format!("Trunk {name} of {}", documents.system.value.name);
    println!("{}\n\nGive to the provider", palette.paint(Paint::Strong, title));
    ours.iter().for_each(|(what, value)| println!("  {what:22} {value}"));
    println!("\nAsk the provider");
    theirs.iter().for_each(|question| println!("  [ ] {question}"));
    println!("\nThen: tandem config check, tandem up, and a call to the telephone network by hand.");
    Ok(Exit::Done)
}

fn template_of(trunk: &Trunk) -> Option<Template> {
    let provider = trunk.provider.as_ref()?;
    templates()
        .into_iter()
        .find(|one| one.about.name == provider.value && Some(one.about.version) == trunk.version)
}

/// What is still to be asked of a provider: what its documents do not say.
pub fn questions(template: &Template) -> Vec<String> {
    let open = template.services.all().into_iter().filter(|(.., offered)| *offered == Offered::Unknown);
    let services = open.map(|(word, title, _)| format!("Is {title} offered ({word})?"));
    let unknown = template.about.unknown.iter().map(|unknown| format!("What holds for: {unknown}?"));
    let mut all: Vec<String> = services.chain(unknown).collect();
    all.extend(usual_questions());
    all
}

/// What every provider is asked: the deployment checklist.
fn usual_questions() -> Vec<String> {
    [
        "Address and full name of each of your gateways or SBCs?",
        "From which addresses do you call us?",
        "With TLS: which certificate authority signed yours, and do you want one from us?",
        "Which numbers are ours, and in which form do you send and expect them?",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn ours(documents: &Documents, name: &str, trunk: &Trunk) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    let wanted = trunk.interface.as_ref().map(|name| name.as_str());
    let interface = documents.interface.iter().find(|(name, interface)| match wanted {
        Some(wanted) => &***name == wanted,
        None => interface.side == Side::Outside,
    });
    if let Some((_, interface)) = interface {
        rows.extend(of_interface(interface, trunk));
    }
    if let Some(codecs) = &trunk.media.codecs {
        let words: Vec<&str> = codecs.iter().map(|codec| codec.word()).collect();
        rows.push(("Codecs", words.join(", ")));
    }
    rows.push(("Form of numbers", trunk.identity.format.word().to_owned()));
    if let Some(calls) = trunk.limits.calls {
        rows.push(("Calls at most", calls.to_string()));
    }
    if let Some(rate) = trunk.limits.calls_per_second {
        rows.push(("Calls in a second", rate.per_second().to_string()));
    }
    if let Some(auth) = &trunk.auth {
        rows.push(("Account", auth.user.clone()));
    }
    let numbers = documents.numbers.values().filter(|numbers| *numbers.trunk.value == *name);
    for numbers in numbers {
        if let Some(range) = &numbers.range {
            rows.push(("Numbers", format!("{} to {}", range.value[0], range.value[1])));
        }
        rows.extend(numbers.list.iter().flatten().map(|number| ("Number", number.to_string())));
    }
    rows
}

fn of_interface(interface: &Interface, trunk: &Trunk) -> Vec<(&'static str, String)> {
    let address = match &interface.advertise {
        Some(said) => said.to_string(),
        None => interface.address.to_string(),
    };
    let mut rows = vec![("Our address", address)];
    let ports = [("UDP", &interface.udp), ("TCP", &interface.tcp), ("TLS", &interface.tls)];
    let ports = ports.iter().filter_map(|(word, port)| Some(format!("{word} {}", port.as_ref()?.value)));
    rows.push(("Our signalling ports", ports.collect::<Vec<_>>().join(", ")));
    rows.push(("Our media ports", format!("UDP {}", interface.media_ports)));
    if let (Chats::Relayed, Some(port)) = (trunk.media.chats, &interface.msrp) {
        rows.push(("Our port for chats", format!("TCP {}", port.value)));
    }
    let by_tls = trunk.servers.iter().any(|server| server.uri.likely_transport() == Transport::Tls);
    let names: Vec<&str> = interface.tls_names.iter().map(|name| name.value.as_str()).collect();
    let certificate = match (by_tls, &interface.tls_certificate) {
        (true, Some(file)) => format!("in {file}"),
        (true, None) if !names.is_empty() => format!("got for {}", names.join(", ")),
        (true, None) => "TLS is used, and the interface has none yet".to_owned(),
        (false, _) => "none: the trunk does not use TLS".to_owned(),
    };
    rows.push(("Our certificate", certificate));
    rows
}
