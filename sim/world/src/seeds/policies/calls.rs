//! Random calls: from users, trunks and strangers, to numbers that exist, near misses, codes and names.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use actors::Chance;
use model::{Documents, Source};
use policy::{
    AddressFact, DeviceFact, Facts, Idle, InterfaceId, ServerFact, ServerId, Standing, Standings, TeamTurn,
    Transport, Turns, WallTime, Whereabouts,
};

use crate::seeds::policies::houses::{NUMBERS, TRUNKS, USERS};

/// A call of somebody, to somebody, at some time.
pub(crate) fn call(chance: &mut Chance, documents: &Documents) -> Facts {
    let request_uri = wanted(chance, documents);
    let source = SocketAddr::from(([10, 20, 0, 31], 5062));
    let at = WallTime(1_760_000_000_000 + i64::try_from(chance.below(63_000_000_000)).unwrap_or(0));
    let from = "sip:nobody@contoso.example".to_owned();
    let mut facts = Facts {
        standings: standings(chance, documents),
        turns: turns(chance, documents),
        max_forwards: if chance.happens(20) { 0 } else { 70 },
        ..Facts::new(source, InterfaceId(0), from, request_uri, at)
    };
    match chance.below(20) {
        0..12 => by_user(chance, documents, &mut facts),
        12..19 => {
            by_trunk(chance, documents, &mut facts);
            to_us(chance, documents, &mut facts);
        }
        _ => by_stranger(chance, &mut facts),
    }
    for user in documents.user.keys() {
        if chance.happens(300) {
            facts.calls.push((user.clone(), *chance.one_of(&[1, 2])));
        }
    }
    privacy(chance, &mut facts);
    registered(chance, documents, &mut facts);
    pages(chance, &mut facts);
    let marks = ["wps.0", "ets.3, wps.1", "Q735.4", "esnet.2,dsn.flash", "wps.5", "esnet", "ets.00, ets.1"];
    while chance.happens(200) {
        facts.resource_priority.push((*chance.one_of(&marks)).to_owned());
    }
    if chance.happens(60) {
        transferred(chance, documents, &mut facts);
    }
    facts
}

fn standings(chance: &mut Chance, documents: &Documents) -> Standings {
    let servers: usize = documents.trunk.values().map(|trunk| trunk.servers.len()).sum();
    let mut table = BTreeMap::new();
    for id in 0..u16::try_from(servers).unwrap_or(0) {
        if !chance.happens(200) {
            continue;
        }
        let mut addresses = Vec::new();
        for _ in 0..chance.below(3) {
            let standing = match chance.below(6) {
                0 => Standing::Up,
                1 => Standing::Unknown,
                2 => Standing::Probing,
                3 => Standing::Returning { share: 50 },
                4 => Standing::Resting { until: WallTime(1_800_000_000_000) },
                _ => Standing::Down { since: WallTime(1_700_000_000_000), cause: "silence".into() },
            };
            addresses.push(AddressFact { address: "udp 203.0.113.1:5060".into(), standing });
        }
        table.insert(ServerId(id), ServerFact { addresses, stale_since: None });
    }
    Standings::new(table)
}

/// Who has rung last, and who has been idle since when.
fn turns(chance: &mut Chance, documents: &Documents) -> Turns {
    let mut turns = Turns::default();
    let users: Vec<Arc<str>> = documents.user.keys().cloned().collect();
    for user in users.iter().filter(|_| chance.happens(500)).collect::<Vec<_>>() {
        let member = chance.one_of(&users).clone();
        turns.rings(&TeamTurn { team: user.clone(), member });
        let at = WallTime(1_750_000_000_000 + chance.one_of(&[0_i64, 60_000, 120_000]));
        turns.is(chance.one_of(&users), if chance.happens(300) { Idle::Not } else { Idle::Since(at) });
    }
    turns
}

fn by_user(chance: &mut Chance, documents: &Documents, facts: &mut Facts) {
    let known: Vec<&str> = documents.user.keys().map(|name| &**name).collect();
    let able: Vec<&str> =
        documents.user.values().filter(|user| can_call(user)).map(|user| &*user.name).collect();
    let name = match (able.as_slice(), known.as_slice()) {
        (_, []) => *chance.one_of(&USERS),
        ([_, ..], _) if chance.happens(900) => *chance.one_of(&able),
        _ => *chance.one_of(&known),
    };
    let user = documents.user.get(name);
    let number = user.and_then(|user| user.number.as_ref()).map(|number| number.value.to_string());
    let says = match chance.below(16) {
        0..2 => number.unwrap_or_else(|| name.to_owned()),
        2 => (*chance.one_of(&NUMBERS)).to_owned(),
        3 => "anonymous".to_owned(),
        _ => name.to_owned(),
    };
    facts.from_uri = format!("sip:{says}@contoso.example");
    let has_password = user.is_some_and(|user| user.password.is_some());
    if has_password && chance.happens(970) {
        facts.authenticated = Some(name.to_owned());
    }
    let at = USERS.iter().position(|one| *one == name).unwrap_or(0);
    let host = u8::try_from(30 + at).unwrap_or(30);
    let net = u8::try_from(20 + chance.below(4)).unwrap_or(20);
    let is_at_device = chance.happens(if has_password { 600 } else { 970 });
    facts.source = SocketAddr::from(([10, if is_at_device { 20 } else { net }, 0, host], 5062));
    if chance.happens(50) {
        facts.source = SocketAddr::from(([192, 0, 2, 99], 5060));
        facts.interface = InterfaceId(1);
    }
    if chance.happens(200) {
        let number = *chance.one_of(&["+14255550199", "+12065550111", "+442079460123", "2065550111"]);
        facts.preferred = vec![format!("<sip:{number}@contoso.example>")];
    }
    if chance.happens(50) {
        facts.asserted = vec!["<sip:+12065550000@contoso.example>".into()];
    }
}

/// Whether somebody who says so is believed to be this user, where they usually are.
fn can_call(user: &model::User) -> bool {
    user.password.is_some()
        || user.devices.iter().any(|device| device.contact.value.host.starts_with("10.20."))
}

/// Most calls of a trunk are for numbers that somebody here has.
fn to_us(chance: &mut Chance, documents: &Documents, facts: &mut Facts) {
    let numbers: Vec<String> =
        documents.user.values().filter_map(|user| Some(user.number.as_ref()?.value.to_string())).collect();
    if !numbers.is_empty() && chance.happens(600) {
        facts.request_uri = format!("sip:{}@contoso.example", chance.one_of(&numbers));
    }
}

fn by_trunk(chance: &mut Chance, documents: &Documents, facts: &mut Facts) {
    let known: Vec<&str> = documents.trunk.keys().map(|name| &**name).collect();
    let calls_us = |trunk: &&model::Document<model::Trunk>| {
        trunk.direction != model::TrunkDirection::Out && !trunk.accept.sources.is_empty()
    };
    let able: Vec<&str> = documents.trunk.values().filter(calls_us).map(|trunk| &*trunk.name).collect();
    let name = match (able.as_slice(), known.as_slice()) {
        (_, []) => *chance.one_of(&TRUNKS),
        ([_, ..], _) if chance.happens(850) => *chance.one_of(&able),
        _ => *chance.one_of(&known),
    };
    facts.interface = InterfaceId(1);
    facts.source = SocketAddr::from(([198, 51, 100, 1], 5062));
    let first = documents.trunk.get(name).and_then(|trunk| trunk.accept.sources.first());
    match first.map(|source| source.value) {
        Some(Source::Socket(socket)) => facts.source = socket,
        Some(Source::Network(network)) => facts.source = SocketAddr::new(network.address, 5060),
        None => facts.resolved = vec![name.into()],
    }
    let number = |chance: &mut Chance| {
        let number = *chance.one_of(&NUMBERS);
        match chance.below(6) {
            0 => number[1..].to_owned(),
            1 => format!("00{}", &number[1..]),
            2 => "anonymous".to_owned(),
            3 => format!("+1425555010{}", chance.below(10)),
            _ => number.to_owned(),
        }
    };
    facts.from_uri = format!("sip:{}@provider.example", number(chance));
    facts.from_display = chance.happens(400).then(|| "Dr. \"No\" \\ Kim".to_owned());
    if chance.happens(400) {
        facts.asserted = vec![format!("<sip:{}@provider.example>", number(chance))];
    }
    if chance.happens(100) {
        facts.asserted.push(format!("<tel:{}>", number(chance)));
    }
    if chance.happens(200) {
        let privacy = *chance.one_of(&["full", "off", "uri"]);
        let number = number(chance);
        facts.remote_party = vec![format!("<sip:{number}@x.example>;party=calling;privacy={privacy}")];
    }
    if chance.happens(100) {
        facts.preferred = vec![format!("<sip:{}@provider.example>", number(chance))];
    }
}

fn by_stranger(chance: &mut Chance, facts: &mut Facts) {
    facts.source =
        SocketAddr::from((*chance.one_of(&[[192, 0, 2, 77], [10, 20, 0, 99], [10, 99, 0, 9]]), 5060));
    facts.interface = InterfaceId(u16::from(chance.happens(500)));
    let from =
        ["sip:mallory@evil.example", "sip:anonymous@anonymous.invalid", "sip:hana@contoso.example", "sip:x"];
    facts.from_uri = (*chance.one_of(&from)).to_owned();
}

/// Somebody else will speak with whoever is called.
fn transferred(chance: &mut Chance, documents: &Documents, facts: &mut Facts) {
    let known: Vec<Arc<str>> = documents.trunk.keys().cloned().collect();
    facts.stays = Some(match chance.below(2) {
        0 if !known.is_empty() => Whereabouts::Trunk(chance.one_of(&known).clone()),
        _ => {
            let net = u8::try_from(20 + chance.below(4)).unwrap_or(20);
            Whereabouts::Address(IpAddr::from([10, net, 0, 31]))
        }
    });
}

/// Phones that registered, and which of them the caller wants.
fn registered(chance: &mut Chance, documents: &Documents, facts: &mut Facts) {
    let features = [
        "audio",
        "audio;video",
        "video=\"FALSE\";class=\"personal\"",
        "class=\"business\";methods=\"INVITE,REFER\"",
        "language=\"en,de\";priority=\"#>=20\"",
        "language=\"!de\";priority=\"#=5\"",
    ];
    for user in documents.user.keys() {
        let count = if chance.happens(400) { 1 + chance.below(3) } else { 0 };
        let phone = |at: u64| {
            let net = u8::try_from(20 + chance.below(4)).unwrap_or(20);
            let host = u8::try_from(30 + chance.below(6)).unwrap_or(30);
            let source = SocketAddr::from(([10, net, 0, host], 5062));
            let features = chance.happens(700).then(|| (*chance.one_of(&features)).into());
            DeviceFact {
                device: format!("{at}").into(),
                contact: format!("sip:{user}@{source}").into(),
                priority: *chance.one_of(&[1000, 1000, 500]),
                source,
                transport: Transport::Udp,
                interface: InterfaceId(0),
                registered: WallTime(0),
                agent: None,
                features,
            }
        };
        facts.devices.set(user, (0..count).map(phone).collect());
    }
    let wants = [
        "*;video;require",
        "*;audio;video;explicit",
        "*;class=\"business\"",
        "*;methods=\"REFER,NOTIFY\";require;Explicit",
        "*;language=\"!de\"",
        "*;priority=\"#1:10\";require",
        "*",
    ];
    while chance.happens(150) {
        facts.accept_contact.push((*chance.one_of(&wants)).to_owned());
    }
    while chance.happens(150) {
        let unwanted = ["*;video", "*;class=\"personal\";video=\"FALSE\"", "*;language=\"fr,en\"", "*"];
        facts.reject_contact.push((*chance.one_of(&unwanted)).to_owned());
    }
}

/// Asks phones to answer by themselves, or to ring in some way.
fn pages(chance: &mut Chance, facts: &mut Facts) {
    let lines = [
        ("Answer-Mode", "Auto"),
        ("priv-answer-mode", "Auto;require"),
        ("Call-Info", "<sip:contoso.example>;Answer-After=0"),
        ("Call-Info", "<http://contoso.example/hana.png>;purpose=icon"),
        ("Alert-Info", "<http://contoso.example>;info=alert-autoanswer"),
        ("Alert-Info", "<urn:alert:source:external>"),
        ("ALERT-INFO", "Ring\tRing-Answer"),
    ];
    while chance.happens(200) {
        let (name, value) = *chance.one_of(&lines);
        facts.handed_on.push((name.to_owned(), value.to_owned()));
    }
}

fn privacy(chance: &mut Chance, facts: &mut Facts) {
    if chance.happens(200) {
        let words = [
            "id",
            "none",
            "user;header",
            "session",
            "id;critical",
            "id;critical;martian",
            "header;history",
            "Id",
        ];
        facts.privacy = Some((*chance.one_of(&words)).to_owned());
    }
}

/// A request URI.
fn wanted(chance: &mut Chance, documents: &Documents) -> String {
    const CODES: [&str; 16] = [
        "911",
        "112",
        "110",
        "999",
        "9911",
        "0112",
        "8911",
        "411",
        "118",
        "611",
        "5555",
        "*82",
        "*67911",
        "211",
        "0",
        "999999999999999999",
    ];
    const ODD: [&str; 12] = [
        "urn:service:sos",
        "urn:service:SOS.police",
        "urn:service:sos.martian",
        "sip:contoso.example",
        "tel:911;phone-context=+1",
        "tel:5550142;phone-context=+1206",
        "tel:0142;phone-context=contoso.example",
        "tel:+44(0)2079460123",
        "sip:%2B12065550142@x.example;user=phone",
        "sip:2065550142;phone-context=+1@x.example;user=phone",
        "mailto:hana@contoso.example",
        "sip:1-800-FLOWERS@x.example",
    ];
    let owned: Vec<String> = documents
        .user
        .values()
        .flat_map(|user| {
            let number = user.number.as_ref().map(|number| number.value.to_string());
            let extension = user.extension.as_ref().map(|extension| extension.value.clone());
            [Some(user.name.to_string()), number, extension]
        })
        .flatten()
        .collect();
    if chance.happens(60) {
        return service(chance, &owned);
    }
    let text = match chance.below(32) {
        0 => return (*chance.one_of(&ODD)).to_owned(),
        1..4 => (*chance.one_of(&CODES)).to_owned(),
        9..20 if !owned.is_empty() => chance.one_of(&owned).clone(),
        6 => format!("+14255550{}", 100 + chance.below(60)),
        7 => (0..=chance.below(14)).map(|_| char::from(b'0' + chance.below(10) as u8)).collect(),
        8 => (*chance.one_of(&["7", "8", "*4"])).to_owned() + &format!("{}", 1000 + chance.below(9000)),
        _ => (*chance.one_of(&NUMBERS)).to_owned(),
    };
    let text = dialled(chance, text);
    match chance.below(40) {
        0 => format!("tel:{text}"),
        1 => format!("sip:{text};ext=010{}@contoso.example", chance.below(4)),
        2 => format!("sip:{text};phone-context=+1@contoso.example;user=phone"),
        _ => format!("sip:{text}@contoso.example"),
    }
}

/// A code or a number that wants something of another call, or nearly.
fn service(chance: &mut Chance, owned: &[String]) -> String {
    let services = ["*8", "**", "*57", "*68", "*69", "##", "701", "707", "713", "*6", "#61", "*8nobody"];
    let text = *chance.one_of(&services);
    let is_more = text.len() == 2 && chance.happens(600) && !owned.is_empty();
    let behind = if is_more { chance.one_of(owned).clone() } else { String::new() };
    format!("sip:{text}{behind}@contoso.example").replace('#', "%23")
}

/// The same number as somebody would dial it, or nearly.
fn dialled(chance: &mut Chance, text: String) -> String {
    let Some(digits) = text.strip_prefix('+') else {
        return match chance.below(30) {
            0 => format!("9{text}"),
            3 => format!("8{}{text}", chance.below(3)),
            1 => format!("*67{text}"),
            2 => format!("*31{text}"),
            _ => text,
        };
    };
    let last = digits.len() - 1;
    match chance.below(100) {
        0 => format!("011{digits}"),
        1 => format!("00{digits}"),
        2 => format!("9011{digits}"),
        3 => digits.to_owned(),
        4 => digits[1..].to_owned(),
        5 => format!("0{}", &digits[2..]),
        6 => format!("9{}", &digits[1..]),
        7 => format!("*67{}", &digits[1..]),
        8 => format!("*82+{digits}"),
        9 => digits[4..].to_owned(),
        10 => format!("+{}", &digits[..last]),
        11 => format!("+{digits}7"),
        12 => format!("+{}-({}).{}", &digits[..2], &digits[2..5], &digits[5..]),
        13 => format!("0021{}", &digits[2..]),
        _ => text,
    }
}
