//! Templates that ship, and trunks that use them.
#![allow(clippy::unwrap_used)]

use model::{Documents, Offered, Problem, SourceFile, TemplateKind, lacks, load, template_faults, templates};

const HEAD: &str = "format = 1\n[system]\nname = \"edge\"\ncountry = \"US\"\n";

fn house(trunk: &str) -> Result<Documents, Vec<Problem>> {
    load(&[SourceFile::new("edge.toml", format!("{HEAD}[trunk.far]\n{trunk}"))])
}

fn problem(trunk: &str) -> Problem {
    let mut problems = house(trunk).map(|_| ()).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

/// Every template that ships can be read, names its documents, and makes a trunk that loads with made-up
/// values.
#[test]
fn a26_every_template_that_ships_makes_a_trunk() {
    assert_eq!(template_faults(), Vec::<String>::new());
    for template in &templates() {
        let name = &template.about.name;
        let documents = house(&template.example()).unwrap_or_else(|all| panic!("{name}: {}", all[0]));
        assert!(!documents.trunk["far"].servers.is_empty(), "{name}");
        let text = toml_of(&documents);
        assert!(!text.contains('{') || !text.contains("\"{"), "{name}: something is not filled in: {text}");
        let is_of_nobody = name.starts_with("generic-");
        assert_eq!(template.about.documents.is_empty(), is_of_nobody, "{name}");
        assert!(!template.about.unknown.is_empty(), "{name}");
    }
}

fn toml_of(documents: &Documents) -> String {
    let trunk = serde_json::to_value(&documents.trunk["far"]).unwrap();
    let servers: Vec<String> =
        trunk["servers"].as_array().unwrap().iter().map(|server| server["uri"].to_string()).collect();
    servers.join(" ")
}

/// At least twelve providers ship, beside Teams, PBXs and gateways, each under one name and version.
#[test]
fn req_k06_templates_say_what_public_documents_say() {
    let templates = templates();
    let mut names: Vec<_> =
        templates.iter().map(|template| (&template.about.name, template.about.version)).collect();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
    let of = |kind| templates.iter().filter(move |template| template.about.kind == kind).count();
    assert!(of(TemplateKind::Provider) >= 12);
    assert!(of(TemplateKind::Pbx) >= 1 && of(TemplateKind::Gateway) >= 1 && of(TemplateKind::Teams) == 1);
    let twilio = templates.iter().find(|template| template.about.name == "twilio").unwrap();
    assert_eq!((twilio.services.tls, twilio.services.srtp), (Offered::Yes, Offered::Yes));
    assert_eq!(twilio.services.registration, Offered::No);
}

/// What the operator says wins; tables are merged key by key, lists are the operator's.
#[test]
fn a26_the_operator_wins_over_the_template() {
    let documents = house(
        "provider = \"twilio\"\nversion = 1\nvalues = { trunk = \"acme\" }\n\
         auth = { user = \"acme\", password = { env = \"P\" } }\n\
         media = { codecs = [\"pcma\"] }\nlimits = { calls = 20 }\n",
    )
    .unwrap();

    let trunk = &documents.trunk["far"];
    assert_eq!(trunk.servers[0].uri.to_string(), "sip:acme.pstn.twilio.com");
    assert_eq!(trunk.media.codecs.as_deref(), Some(&[model::Codec::Pcma][..]));
    assert_eq!((trunk.limits.calls, trunk.limits.calls_per_second.unwrap().per_second()), (Some(20), 1));
    assert_eq!(trunk.accept.sources.len(), 8);
}

/// An unknown provider, a missing and an unknown version are refused with what may be meant.
#[test]
fn a26_unknown_templates_are_refused_with_the_nearest() {
    let wrong = problem("provider = \"twillio\"\nversion = 1\n");
    assert_eq!((wrong.line, wrong.suggestion.as_deref()), (6, Some("did you mean \"twilio\"?")));
    let wrong = problem("provider = \"twilio\"\n");
    assert_eq!(wrong.suggestion.as_deref(), Some("add version = 1"));
    let wrong = problem("provider = \"twilio\"\nversion = 7\n");
    assert_eq!((wrong.line, wrong.suggestion.as_deref()), (7, Some("the newest is 1")));
}

/// What the template wants to know is asked in its own words; what it does not know is refused.
#[test]
fn a26_missing_values_quote_the_question() {
    let problems = house("provider = \"twilio\"\nversion = 1\n").map(|_| ()).unwrap_err();
    let said: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(problems.len(), 2, "{said:?}");
    assert!(said.iter().any(|text| text.contains("The first part of the termination URI")), "{said:?}");
    let wrong = problem(
        "provider = \"dus-net\"\nversion = 1\nvalues = { x = \"1\" }\nauth = { user = \"a\", \
         password = { env = \"P\" } }\n",
    );
    assert_eq!(wrong.code, model::Code::UNKNOWN_KEY);
    let wrong = problem(
        "provider = \"didww\"\nversion = 1\nvalues = { location = \"fra.en\" }\n\
         auth = { user = \"a\", password = { env = \"P\" } }\n",
    );
    assert_eq!(wrong.suggestion.as_deref(), Some("did you mean \"fra.eu\"?"));
}

/// A fault in a merged trunk is shown where it was written: in the operator's value, or in the template.
#[test]
fn a26_faults_point_at_whoever_wrote_them() {
    let wrong = problem("provider = \"generic-pbx\"\nversion = 1\nvalues = { server = \"not a host\" }\n");
    assert_eq!((wrong.file.as_str(), wrong.line, wrong.code), ("edge.toml", 8, model::Code::URI));
    let wrong =
        problem("provider = \"generic-pbx\"\nversion = 1\nvalues = { server = \"pbx\" }\nmedea = 1\n");
    assert_eq!((wrong.file.as_str(), wrong.line), ("edge.toml", 9));
    let documents = house(&templates().iter().find(|one| one.about.name == "bandwidth").unwrap().example());
    let documents = documents.unwrap();
    let trunk = &documents.trunk["far"];
    assert_eq!(documents.location_of(trunk, &trunk.servers[1]), "templates/bandwidth.toml:23");
}

/// Settings that need what the provider lacks are warnings that name the service; calls for help are warned
/// of even where the documents say nothing.
#[test]
fn req_c12_a_setting_without_its_service_is_a_warning() {
    let text = format!(
        "{HEAD}[trunk.far]\nprovider = \"exotel-tcp\"\nversion = 1\nvalues = {{ account = \"a\" }}\n\
         media = {{ srtp = \"required\" }}\n[emergency.us]\ndial = [\"911\"]\ntrunks = [\"far\"]\n"
    );
    let documents = load(&[SourceFile::new("edge.toml", text)]).unwrap();

    let warnings = lacks(&documents);

    let said: Vec<_> = warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("sealed media (srtp), which exotel-tcp does not offer"), "{said:?}");
    assert!(said[1].contains("(e911)") && said[1].contains("does not say"), "{said:?}");
    assert!(warnings.iter().all(|warning| warning.code == model::Code::SERVICE && warning.line == 6));
}
