//! `tandem provider`: what ships about providers, and whether it is sound.

use anyhow::Result;
use cli::{Exit, Paint, Palette, Provider};
use model::{Offered, SourceFile, Template, nearest, template_faults, templates};
use serde_json::{Value, json};

use crate::verbs::{Form, sheet};

pub fn run(verb: &Provider, palette: Palette) -> Result<Exit> {
    let form = |json: &bool| if *json { Form::Json } else { Form::Text };
    match verb {
        Provider::List { json } => list(form(json), palette),
        Provider::Show { name, version, json } => Ok(show(name, *version, form(json), palette)),
        Provider::Check { json } => Ok(check(form(json), palette)),
        Provider::Sheet { trunk, dir, json } => sheet::run(trunk, dir, form(json), palette),
    }
}

fn list(form: Form, palette: Palette) -> Result<Exit> {
    if form == Form::Json {
        let all: Vec<model::About> = templates().into_iter().map(|template| template.about).collect();
        println!("{:#}", json!({ "providers": all }));
        return Ok(Exit::Done);
    }
    for template in &templates() {
        let about = &template.about;
        let what = format!("{} {}", about.kind.word(), about.version);
        println!(
            "{} {what:12} {}",
            palette.paint(Paint::Strong, format!("{:22}", about.name)),
            about.display
        );
    }
    Ok(Exit::Done)
}

fn show(name: &str, version: Option<u32>, form: Form, palette: Palette) -> Exit {
    let fits = |template: &&Template| {
        template.about.name == name && version.is_none_or(|version| template.about.version == version)
    };
    let templates = templates();
    let Some(template) = templates.iter().filter(fits).max_by_key(|one| one.about.version) else {
        let near = nearest(name, templates.iter().map(|template| template.about.name.as_str()));
        let near = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        eprintln!("tandem: there is no such template of \"{name}\"{near}");
        return Exit::Usage;
    };
    match form {
        Form::Json => println!("{:#}", in_json(template)),
        Form::Text => print(template, palette),
    }
    Exit::Done
}

fn in_json(template: &Template) -> Value {
    let questions = sheet::questions(template);
    json!({ "provider": template, "ask_the_provider": questions, "text": template.text() })
}

fn print(template: &Template, palette: Palette) {
    let about = &template.about;
    let title = format!("{} (template \"{}\", version {})", about.display, about.name, about.version);
    println!("{}", palette.paint(Paint::Strong, title));
    if !about.countries.is_empty() {
        println!("offered in {}", about.countries.join(", "));
    }
    let heading = |text: &str| println!("\n{}", palette.paint(Paint::Strong, text.to_owned()));
    heading("Services");
    for (word, title, offered) in template.services.all() {
        let paint = match offered {
            Offered::Yes => Paint::Good,
            Offered::No => Paint::Bad,
            Offered::Unknown => Paint::Note,
        };
        println!("  {word:16} {}  {title}", palette.paint(paint, format!("{:8}", offered.word())));
    }
    heading("Not documented");
    about.unknown.iter().for_each(|unknown| println!("  {unknown}"));
    heading("You will be asked");
    for (name, ask) in &template.ask {
        let otherwise = ask.otherwise.as_ref().map(|word| format!(" [{word}]")).unwrap_or_default();
        println!("  {name:12} {}{otherwise}", ask.say);
        if !ask.choices.is_empty() {
            println!("  {:12} {}", "", ask.choices.join(", "));
        }
    }
    heading("Ask the provider");
    sheet::questions(template).iter().for_each(|question| println!("  [ ] {question}"));
    heading("Notes");
    about.notes.iter().for_each(|note| println!("  {note}"));
    heading("A trunk with made-up values");
    println!("  [trunk.{}]", about.name);
    template.example().lines().for_each(|line| println!("  {line}"));
    heading("Documents");
    about.documents.iter().for_each(|document| println!("  {document}"));
    println!("  read on {}", about.read);
}

/// What keeps templates from making a trunk.
fn faults() -> Vec<String> {
    let mut faults = template_faults();
    for template in &templates() {
        let head = "format = 1\n[system]\nname = \"check\"\ncountry = \"US\"\n";
        let text = format!("{head}[trunk.check]\n{}", template.example());
        if let Err(problems) = model::load(&[SourceFile::new(template.about.name.as_str(), text)]) {
            faults.extend(problems.iter().map(|problem| problem.to_string()));
        }
    }
    faults
}

fn check(form: Form, palette: Palette) -> Exit {
    let faults = faults();
    match form {
        Form::Json => println!("{:#}", json!({ "templates": templates().len(), "faults": faults })),
        Form::Text => {
            faults.iter().for_each(|fault| println!("{fault}\n"));
            let mark = match faults.is_empty() {
                true => palette.paint(Paint::Good, "✔".to_owned()),
                false => palette.paint(Paint::Bad, "✘".to_owned()),
            };
            println!("{mark} {} templates, {} faults", templates().len(), faults.len());
        }
    }
    if faults.is_empty() { Exit::Done } else { Exit::Bad }
}
