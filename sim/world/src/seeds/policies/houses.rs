//! Random houses: documents of every kind, each in a file of its own, so that one can be left out.

use actors::Chance;
use model::SourceFile;

/// One document, or a price list, with the name of its file.
#[derive(Clone)]
pub(crate) struct Written {
    pub file: String,
    pub text: String,
}

/// Numbers that exist somewhere, of all kinds.
pub(crate) const NUMBERS: [&str; 24] = [
    "+12065550142",
    "+14255550177",
    "+14035550123",
    "+18005550199",
    "+19005550123",
    "+15005550123",
    "+82255501234",
    "+821012345678",
    "+4930555012345",
    "+4915112345678",
    "+498001234567",
    "+442079460123",
    "+447700900123",
    "+449012345678",
    "+33145670123",
    "+33612345678",
    "+390612345678",
    "+61291234567",
    "+5511987654321",
    "+81312345678",
    "+883510012345",
    "+881612345678",
    "+80012345678",
    "+12425550123",
];

const SYSTEM: &str = "system.toml";
const COUNTRIES: [&str; 8] = ["US", "US", "US", "DE", "KR", "GB", "IT", "BR"];
const SITES: [&str; 3] = ["redmond", "seoul", "berlin"];
const LINKS: [&str; 2] = ["wide", "narrow"];
pub(crate) const USERS: [&str; 6] = ["hana", "minsu", "lobby", "jo", "ana", "kai"];
pub(crate) const TRUNKS: [&str; 4] = ["east", "west", "pbx", "north"];
const USAGES: [&str; 4] = ["cheap", "good", "abroad", "night"];
const ZONES: [&str; 4] = ["America/Los_Angeles", "Asia/Seoul", "Europe/Berlin", "Australia/Lord_Howe"];
const FORMATS: [&str; 6] = ["+e164", "e164", "00", "national", "ten-digit", "dialled"];
const PRIORITIES: [&str; 4] = ["esnet", "wps", "ets", "q735"];
const CLASSES: [&str; 8] =
    ["internal", "national", "mobile", "toll-free", "shared-cost", "international", "premium", "satellite"];

/// Chance, with words for what documents need of it.
pub(crate) struct Dice<'c>(pub &'c mut Chance);

impl Dice<'_> {
    fn pick(&mut self, from: &[&str]) -> String {
        (*self.0.one_of(from)).to_owned()
    }

    fn some<T: AsRef<str>>(&mut self, from: &[T], per_mille: u32) -> Vec<String> {
        from.iter().filter(|_| self.0.happens(per_mille)).map(|word| word.as_ref().to_owned()).collect()
    }

    /// A line for a key, now and then.
    fn maybe(&mut self, per_mille: u32, line: impl FnOnce(&mut Self) -> String) -> String {
        if self.0.happens(per_mille) { format!("{}\n", line(self)) } else { String::new() }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }
}

fn quoted(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    format!("[{}]", words.join(", "))
}

/// All documents of a house. Some contradict each other: whoever compiles them leaves those out.
pub(crate) fn documents(chance: &mut Chance) -> Vec<Written> {
    let mut dice = Dice(chance);
    let mut all = vec![Written { file: SYSTEM.into(), text: system(&mut dice) }];
    let sites = dice.some(&SITES, 700);
    let users = dice.some(&USERS, 750);
    let trunks =
        TRUNKS.iter().take(1 + dice.below(4) as usize).map(|name| (*name).to_owned()).collect::<Vec<_>>();
    for name in LINKS {
        all.push(written("link", name, link(&mut dice)));
    }
    for (at, name) in sites.iter().enumerate() {
        all.push(written("site", name, site(&mut dice, at, &users)));
    }
    for (at, name) in trunks.iter().enumerate() {
        all.push(written("trunk", name, trunk(&mut dice, at, &sites)));
    }
    for name in &users {
        let others: Vec<String> = users.iter().filter(|other| *other != name).cloned().collect();
        let targets = if dice.0.happens(950) { &others } else { &users };
        let text = user(&mut dice, name, &sites) + &reached(&mut dice, targets);
        all.push(written("user", name, text));
    }
    for name in ["staff", "guests"] {
        all.push(written("rights", name, rights(&mut dice)));
    }
    for name in ["office", "party"] {
        all.push(written("schedule", name, schedule(&mut dice)));
    }
    let few = dice.below(6) as usize;
    let routes = if dice.0.happens(150) { 26 + few } else { 3 + few };
    for at in 0..routes {
        all.push(written("route", &format!("r{at}"), route(&mut dice, &sites, &trunks, &users)));
    }
    // What somebody holds has to lead somewhere.
    for (at, usage) in USAGES.iter().enumerate() {
        let text = format!("order = 90{at}\nto = \"+…\"\nusages = [\"{usage}\"]\n");
        all.push(written("route", usage, text + &format!("use = [{{ trunk = \"{}\" }}]\n", trunks[0])));
    }
    if dice.0.happens(700) {
        let text = format!("order = 950\nto = \"+…\"\nuse = [{{ trunk = \"{}\" }}]\n", trunks[0]);
        all.push(written("route", "otherwise", text));
    }
    for (at, trunk) in trunks.iter().enumerate() {
        let base = format!("+142555501{at}");
        let mut text = format!("range = [\"{base}0\", \"{base}9\"]\ntrunk = \"{trunk}\"\n");
        if !users.is_empty() {
            text += &dice.maybe(300, |dice| format!("unowned = {{ user = \"{}\" }}", dice.0.one_of(&users)));
        }
        text += &dice.maybe(200, |_| "list = [\"+14035550123\"]".to_owned());
        all.push(written("numbers", &format!("of-{trunk}"), text));
    }
    for name in ["short", "world"] {
        all.push(written("dialplan", name, dial_plan(&mut dice, &sites)));
    }
    if dice.0.happens(600) {
        all.push(written("emergency", "first", emergency(&mut dice, &sites, &trunks)));
    }
    for name in ["front", "back"] {
        all.push(written("orbit", name, orbit(&mut dice, &users)));
    }
    for name in ["deck-a", "deck-b"] {
        let text = format!("file = \"{name}.csv\"\ncurrency = \"USD\"\n");
        let from = dice.maybe(300, |_| "from = \"2026-03-01\"".to_owned());
        all.push(written("deck", name, text + &from));
        all.push(Written { file: format!("{name}.csv"), text: price_list(&mut dice) });
    }
    all
}

fn written(kind: &str, name: &str, text: String) -> Written {
    Written { file: format!("{kind}-{name}.toml"), text: format!("[{kind}.{name}]\n{text}") }
}

fn system(dice: &mut Dice<'_>) -> String {
    let mut text = String::from("format = 1\n\n[system]\nname = \"edge\"\n");
    let country = dice.pick(&COUNTRIES);
    text += &format!("country = \"{country}\"\n");
    text += &dice.maybe(500, |dice| {
        let code = dice.pick(&["425", "030", "30", "02", "20", "0421"]);
        format!("area_code = \"{code}\"")
    });
    text += &dice.maybe(700, |dice| format!("time_zone = \"{}\"", dice.pick(&ZONES)));
    text += &dice.maybe(500, |_| "realm = \"contoso.example\"".to_owned());
    // Where *82 shows who calls, *8 cannot pick up.
    let (hides, another) = (dice.0.happens(400), dice.0.happens(400));
    text += if hides { "privacy_code = \"*67\"\nshow_code = \"*82\"\n" } else { "" };
    text += if hides || another { "pickup_code = \"**\"\n" } else { "" };
    text += &dice.maybe(500, |_| "malicious_code = \"*57\"".to_owned());
    text += &dice.maybe(300, |_| "rights = \"staff\"".to_owned());
    text += &dice.maybe(500, alerts);
    text += "\n[interface.lan]\naddress = \"10.20.0.1\"\nudp = 5060\ntcp = 5060\nside = \"inside\"\n";
    text += "\n[interface.wan]\naddress = \"192.0.2.10\"\nudp = 5060\ntcp = 5060\nside = \"outside\"\n";
    text
}

fn alerts(dice: &mut Dice<'_>) -> String {
    let texts =
        ["<http://127.0.0.1>;info=alert-internal", "<http://127.0.0.1/Bellcore-dr2>", "<urn:alert:x>"];
    let mut kind = |name: &str| format!("{name} = {}", quoted(&dice.some(&texts, 500)));
    format!("alerts = {{ {}, {}, {} }}", kind("inside"), kind("outside"), kind("private"))
}

fn site(dice: &mut Dice<'_>, at: usize, users: &[String]) -> String {
    let mut text = format!("subnets = [\"10.2{at}.0.0/16\"]\n");
    text += &dice.maybe(500, |dice| format!("country = \"{}\"", dice.pick(&COUNTRIES)));
    text += &dice.maybe(400, |dice| format!("area_code = \"{}\"", dice.pick(&["206", "02", "30", "0221"])));
    text += &dice.maybe(500, |dice| format!("outside_prefix = \"{}\"", dice.pick(&["9", "0", "8"])));
    text += &dice.maybe(200, |_| "privacy_code = \"*31\"".to_owned());
    text += &dice.maybe(400, |_| format!("extension_prefix = \"8{at}\""));
    let known = if users.is_empty() || dice.0.happens(50) { &USERS.map(str::to_owned) } else { users };
    text += &dice.maybe(200, |dice| format!("operator = {{ user = \"{}\" }}", dice.0.one_of(known)));
    text += &dice.maybe(200, |_| "dialplan = \"world\"".to_owned());
    text += &dice.maybe(300, |dice| format!("rights = \"{}\"", dice.pick(&["staff", "guests"])));
    text += &dice.maybe(400, |dice| {
        let codecs = quoted(&dice.some(&["opus", "g722", "pcmu", "pcma", "g729"], 500));
        let path = dice.pick(&["anchored", "auto"]);
        format!("media = {{ path = \"{path}\", max_calls = 10, codecs = {codecs} }}")
    });
    text += &dice.maybe(300, |dice| format!("link = \"{}\"", dice.pick(&LINKS)));
    text += &dice.maybe(250, |dice| {
        let usages = quoted(&dice.some(&USAGES, 400));
        format!("toll_bypass = \"refused\"\nusages = {usages}")
    });
    if !users.is_empty() {
        text += &dice.maybe(300, |dice| format!("mailbox = \"{}\"", dice.0.one_of(users)));
    }
    text
}

fn link(dice: &mut Dice<'_>) -> String {
    let kind = dice.maybe(300, |dice| format!("kind = \"{}\"", dice.pick(&["mpls", "vpn", "private"])));
    kind + &dice.maybe(700, |dice| format!("kbps = {}", 100 + dice.below(20) * 97))
}

/// Where a trunk stands, and whether it serves nobody elsewhere.
fn place(dice: &mut Dice<'_>, sites: &[String]) -> String {
    if sites.is_empty() {
        return String::new();
    }
    dice.maybe(400, |dice| {
        let refused = dice.maybe(500, |_| "toll_bypass = \"refused\"".to_owned());
        format!("site = \"{}\"\n{}", dice.0.one_of(sites), refused.trim())
    })
}

fn trunk(dice: &mut Dice<'_>, at: usize, sites: &[String]) -> String {
    let mut servers = Vec::new();
    for nth in 0..1 + dice.below(3) {
        let host = match dice.below(4) {
            0 => format!("sbc{nth}.t{at}.example"),
            1 => format!("[2001:db8::{at}:{nth}]"),
            _ => format!("203.0.113.{}{nth}", at + 1),
        };
        let port = dice.pick(&["", ":5070"]);
        let transport = dice.pick(&["", "", ";transport=tcp"]);
        let (priority, weight) = (dice.pick(&["10", "10", "20"]), dice.pick(&["100", "60", "0"]));
        servers.push(format!(
            "{{ uri = \"sip:{host}{port}{transport}\", priority = {priority}, weight = {weight} }}"
        ));
    }
    let mut text = format!("servers = [{}]\n", servers.join(", "));
    text += &dice.maybe(250, |dice| format!("direction = \"{}\"", dice.pick(&["in", "out"])));
    text += &dice.maybe(400, |dice| format!("kind = \"{}\"", dice.pick(&["pbx", "gateway"])));
    text += &dice.maybe(300, |dice| format!("usages = {}", quoted(&dice.some(&USAGES, 400))));
    text += &dice.maybe(200, |_| "dialplan = \"world\"".to_owned());
    text += &dice.maybe(400, |_| "transit = \"allowed\"".to_owned());
    text += &dice.maybe(750, |dice| format!("cost = {{ deck = \"{}\" }}", dice.pick(&["deck-a", "deck-b"])));
    text += &dice.maybe(800, |dice| {
        let source = dice.pick(&[&format!("198.51.100.{at}"), "198.51.100.0/28", "198.51.100.1:5062"]);
        let did = dice.pick(&["any", "assigned-only"]);
        format!("accept = {{ sources = [\"{source}\"], did = \"{did}\" }}")
    });
    text +=
        &dice.maybe(300, |_| "auth = { user = \"acct-55501\", password = { env = \"TRUNK\" } }".to_owned());
    text += &dice.maybe(300, |dice| {
        let codecs = quoted(&dice.some(&["opus", "g722", "pcmu", "pcma", "g729"], 600));
        format!("media = {{ path = \"{}\", codecs = {codecs} }}", dice.pick(&["direct", "anchored", "auto"]))
    });
    text += &dice.maybe(500, |_| "limits = { calls = 5 }".to_owned());
    text += &dice.maybe(300, |dice| {
        let called = dice.pick(&["+44…", "0NXX…", "+1 NXX NXX XXXX", "00…"]);
        let becomes = dice.pick(&["0144…", "+1…", "99"]);
        let rule = |mask: &str, becomes: &str| format!("[{{ match = \"{mask}\", becomes = \"{becomes}\" }}]");
        format!(
            "translate = {{ called = {}, calling = {} }}",
            rule(&called, &becomes),
            rule("+1425…", "1425…")
        )
    });
    text += &dice.maybe(300, |dice| {
        let rules = [
            "{ set = \"X-Account\", value = \"4471/{caller}/{called}\" }",
            "{ add = \"X-Seen\", value = \"{trunk} {site} {call}\" }",
            "{ remove = \"P-Asserted-Identity\" }",
            "{ remove = \"P-Asserted-Identity\", direction = \"in\" }",
            "{ remove = \"Remote-Party-ID\", direction = \"in\" }",
            "{ set = \"X-Account\", value = \"{trunk}\", on = [\"bye\", \"answers\"] }",
            "{ add = \"X-Every\", value = \"{called}\", on = [\"requests\"] }",
            "{ set = \"X-Two\", value = \"{caller}\", on = [\"update\", \"invite\"] }",
        ];
        format!("headers = [{}]", dice.some(&rules, 400).join(", "))
    });
    text += &dice.maybe(300, |dice| format!("link = \"{}\"", dice.pick(&LINKS)));
    text += &marking(dice);
    text += &place(dice, sites);
    text + &identity(dice)
}

/// As what calls may be marked.
fn marking(dice: &mut Dice<'_>) -> String {
    dice.maybe(400, |dice| format!("resource_priority = {}", quoted(&dice.some(&PRIORITIES, 500))))
}

fn identity(dice: &mut Dice<'_>) -> String {
    let mut lines = vec![
        dice.maybe(300, |_| "from = \"account\"".to_owned()),
        dice.maybe(300, |dice| format!("account = \"{}\"", dice.pick(&["contoso-4471", "+14255550100"]))),
        dice.maybe(400, |_| "domain = \"provider.example\"".to_owned()),
        dice.maybe(500, |dice| {
            let words = ["p-asserted-identity", "p-preferred-identity", "remote-party-id", "from", "none"];
            format!("caller_id = \"{}\"", dice.pick(&words))
        }),
        dice.maybe(600, |dice| format!("format = \"{}\"", dice.pick(&FORMATS))),
        dice.maybe(300, |dice| format!("country = \"{}\"", dice.pick(&COUNTRIES))),
        dice.maybe(300, |_| "user_phone = true".to_owned()),
        dice.maybe(400, |_| "default = \"+14255550199\"".to_owned()),
        dice.maybe(600, |dice| format!("trust = \"{}\"", dice.pick(&["in", "out", "both", "none"]))),
        dice.maybe(300, |dice| {
            let owns = ["+1 425 555 01XX", "+14255550100..+14255550105", "+82 …"];
            format!("owns = {}", quoted(&dice.some(&owns, 500)))
        }),
        dice.maybe(200, |_| "also = [\"+18005550199\"]".to_owned()),
        dice.maybe(150, |_| "screen = \"refuse\"".to_owned()),
        dice.maybe(300, |dice| {
            let (request, from) = (dice.pick(&FORMATS), dice.pick(&FORMATS));
            let (to, asserted) = (dice.pick(&FORMATS), dice.pick(&FORMATS));
            let (first, second) = (format!("request = \"{request}\""), format!("from = \"{from}\""));
            let (third, fourth) = (format!("to = \"{to}\""), format!("asserted = \"{asserted}\""));
            format!("formats = {{ {first}, {second}, {third}, {fourth} }}")
        }),
    ];
    lines.retain(|line| !line.is_empty());
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    format!("identity = {{ {} }}\n", lines.join(", "))
}

fn user(dice: &mut Dice<'_>, name: &str, sites: &[String]) -> String {
    let at = USERS.iter().position(|one| *one == name).unwrap_or(0);
    let mut text = String::new();
    text += &dice.maybe(500, |_| format!("name = \"{} \\\"X\\\" Kim\"", name.to_uppercase()));
    if !sites.is_empty() && dice.0.happens(700) {
        let site = dice.0.one_of(sites).clone();
        text += &format!("site = \"{site}\"\n");
    }
    text += &dice.maybe(700, |dice| {
        let number = dice.pick(&[&format!("+1425555010{at}"), &format!("+8225550000{at}")]);
        format!("number = \"{number}\"")
    });
    text += &dice.maybe(700, |dice| {
        let own = if dice.0.happens(950) { at } else { at % 4 };
        format!("extension = \"010{own}\"")
    });
    text += &dice.maybe(500, |dice| format!("pickup_group = \"{}\"", dice.pick(&["sales", "sales", "help"])));
    text += &dice.maybe(500, |_| "mark_malicious = \"allowed\"".to_owned());
    text += &marking(dice);
    text += &dice.maybe(500, |_| "paging = \"allowed\"".to_owned());
    text += &dice.maybe(200, |_| format!("private_number = \"+1425555019{at}\""));
    text += &dice.maybe(100, |_| "dialplan = \"short\"".to_owned());
    text += &dice.maybe(500, |_| "password = { env = \"USER\" }".to_owned());
    let device = format!("{{ contact = \"sip:{name}@10.20.0.3{at}:5062\" }}");
    let other = format!("{{ contact = \"sip:{name}@phone{at}.example;transport=tcp\" }}");
    text += &dice
        .maybe(300, |dice| format!("ring = \"{}\"", dice.pick(&["in-turn", "round-robin", "longest-idle"])));
    text += &dice.maybe(900, |dice| format!("devices = [{}]", dice.some(&[&device, &other], 800).join(", ")));
    text += &dice.maybe(150, |_| "privacy = \"always\"".to_owned());
    text += &dice.maybe(250, |_| "may_show = [\"+14255550199\", \"+1 206 555 XXXX\"]".to_owned());
    match dice.below(5) {
        0..3 => text += &format!("allow = {}\n", quoted(&dice.some(&CLASSES, 850))),
        3 => text += &format!("rights = \"{}\"\n", dice.pick(&["staff", "guests"])),
        _ => {}
    }
    text
}

/// How a user is reached, and who instead.
fn reached(dice: &mut Dice<'_>, users: &[String]) -> String {
    let mut text = dice.maybe(60, |_| "do_not_disturb = true".to_owned());
    text += &dice.maybe(300, |dice| format!("max_calls = {}", 1 + dice.below(2)));
    text += &dice.maybe(300, |dice| format!("voicemail_escape = \"{}\"", dice.pick(&["1500ms", "8s"])));
    text += &dice.maybe(100, |_| "anonymous_calls = \"refused\"".to_owned());
    text += &dice.maybe(250, |dice| {
        let targets: Vec<String> = (0..=dice.below(3)).map(|_| target(dice, users)).collect();
        format!("also = [{}]", targets.join(", "))
    });
    let mut keys = Vec::new();
    for (key, per_mille) in [("always", 120), ("busy", 300), ("no_answer", 300), ("unreachable", 200)] {
        if dice.0.happens(per_mille) {
            keys.push(format!("{key} = {}", target(dice, users)));
        }
    }
    if dice.0.happens(20) {
        keys.retain(|key| !key.starts_with("always"));
        keys.push("always = { refuse = 603 }".to_owned());
    }
    if dice.0.happens(200) {
        keys.push("after = \"25s\"".to_owned());
    }
    if !keys.is_empty() {
        text += &format!("forward = {{ {} }}\n", keys.join(", "));
    }
    text
}

fn target(dice: &mut Dice<'_>, users: &[String]) -> String {
    match dice.below(3) {
        0 | 1 if !users.is_empty() => format!("{{ user = \"{}\" }}", dice.0.one_of(users)),
        1 => format!("{{ number = \"{}\" }}", dice.pick(&["+14255550101", "+14255550192", "+82255501234"])),
        _ => format!("{{ number = \"{}\" }}", dice.pick(&["+12065550142", "+14403555017", "+390669812345"])),
    }
}

fn rights(dice: &mut Dice<'_>) -> String {
    let scopes = [
        "internal",
        "national",
        "mobile",
        "international",
        "premium",
        "shared-cost",
        "KR",
        "DE",
        "US",
        "+8835",
        "+4420",
    ];
    let mut text = String::from("\n");
    text += &dice.maybe(850, |dice| format!("allow = {}", quoted(&dice.some(&scopes, 750))));
    text += &dice.maybe(300, |dice| format!("deny = {}", quoted(&dice.some(&scopes, 150))));
    text + &dice.maybe(600, |dice| format!("usages = {}", quoted(&dice.some(&USAGES, 500))))
}

fn schedule(dice: &mut Dice<'_>) -> String {
    let mut text = String::from("\n");
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    text += &dice.maybe(600, |dice| format!("days = {}", quoted(&dice.some(&days, 600))));
    let hours = ["08:00-18:00", "20:00-06:00", "00:00-24:00", "12:30-12:30", "05:59-06:00"];
    text += &dice.maybe(700, |dice| format!("hours = {}", quoted(&dice.some(&hours, 400))));
    text += &dice.maybe(200, |dice| {
        format!("dates = {}", quoted(&dice.some(&["2026-12-25", "01-01", "02-29", "03-29"], 600)))
    });
    text += &dice.maybe(300, |_| "except = [\"2026-12-25\", \"11-20\"]".to_owned());
    text + &dice.maybe(500, |dice| format!("time_zone = \"{}\"", dice.pick(&ZONES)))
}

fn pattern(dice: &mut Dice<'_>, users: &[String]) -> String {
    let patterns = [
        "*",
        "+…",
        "+1 NXX NXX XXXX",
        "+1425…",
        "+14255550100..+14255550109",
        "+82 …",
        "+49ZX…",
        "+14255550101",
        "+44…",
        "911",
        "4NN",
        "N11",
    ];
    match users.is_empty() || dice.0.happens(850) {
        true => dice.pick(&patterns),
        false => dice.0.one_of(users).clone(),
    }
}

fn route(dice: &mut Dice<'_>, sites: &[String], trunks: &[String], users: &[String]) -> String {
    let mut text = format!("order = {}\nto = \"{}\"\n", dice.below(40) * 10, pattern(dice, users));
    text += &dice.maybe(250, |dice| format!("except = [\"{}\"]", pattern(dice, users)));
    text += &dice.maybe(300, |dice| {
        let mut from = dice.maybe(600, |dice| format!("trunk = \"{}\"", dice.0.one_of(trunks)));
        if from.is_empty() && !users.is_empty() {
            from = dice.maybe(500, |dice| format!("user = \"{}\"", dice.0.one_of(users)));
        }
        if from.is_empty() && !sites.is_empty() {
            from = format!("site = \"{}\"", dice.0.one_of(sites));
        }
        format!("from = {{ {} }}", from.trim())
    });
    text += &dice.maybe(250, |dice| format!("sites = {}", quoted(&dice.some(sites, 500))));
    text += &dice.maybe(200, |dice| format!("usages = {}", quoted(&dice.some(&USAGES, 400))));
    text += &dice.maybe(300, |dice| format!("when = \"{}\"", dice.pick(&["office", "party"])));
    text += &dice.maybe(200, |_| "caller_id = { suppress = true, show = \"+14255550150\" }".to_owned());
    if dice.0.happens(250) {
        let user = match users.is_empty() || dice.0.happens(500) {
            true => "by-number".to_owned(),
            false => dice.0.one_of(users).clone(),
        };
        return text + &format!("send = {{ user = \"{user}\" }}\n");
    }
    let mut used = dice.some(trunks, 600);
    used.retain(|trunk| !text.contains(&format!("trunk = \"{trunk}\"")));
    let rows = used.iter().map(|trunk| {
        let share = dice.pick(&["100", "70", "30", "0"]);
        format!("{{ trunk = \"{trunk}\", share = {share} }}")
    });
    let rows: Vec<String> = rows.collect();
    text += &format!("use = [{}]\n", rows.join(", "));
    text += &dice.maybe(400, |dice| format!("backup = {}", quoted(&dice.some(trunks, 400))));
    let choices = ["order", "share", "share", "cheapest", "cheapest-healthy"];
    text + &dice.maybe(600, |dice| format!("choose = \"{}\"", dice.pick(&choices)))
}

fn dial_plan(dice: &mut Dice<'_>, sites: &[String]) -> String {
    let rules = [
        "{ match = \"7XXXX\", becomes = \"+4930555…\" }",
        "{ match = \"*NN\", becomes = \"+14255550199\" }",
        "{ match = \"0…\", becomes = \"+49…\" }",
        "{ match = \"8ZXX\", becomes = \"010…\" }",
        "{ match = \"01…\", becomes = \"0100\" }",
        "{ match = \"011…\", becomes = \"+…\" }",
    ];
    let mut text = format!("rules = [{}]\n", dice.some(&rules, 350).join(", "));
    if !sites.is_empty() && dice.0.happens(500) {
        text += &format!("sites = [\"{}\"]\n", dice.0.one_of(sites));
    }
    text
}

fn emergency(dice: &mut Dice<'_>, sites: &[String], trunks: &[String]) -> String {
    let numbers = ["911", "9911", "112", "110", "999", "5555"];
    let mut text = format!("dial = {}\n", quoted(&dice.some(&numbers, 500)));
    text += &format!("trunks = [\"{}\"]\n", dice.0.one_of(trunks));
    text += &dice.maybe(400, |dice| format!("country = \"{}\"", dice.pick(&COUNTRIES)));
    if !sites.is_empty() && dice.0.happens(300) {
        text += &format!("sites = [\"{}\"]\n", dice.0.one_of(sites));
    }
    text
}

fn orbit(dice: &mut Dice<'_>, users: &[String]) -> String {
    let ranges = [r#"["701", "709"]"#, r#"["705", "712"]"#, r#"["*5", "*9"]"#, r##"["#60", "#62"]"##];
    let mut text = format!("numbers = {}\n", dice.pick(&ranges));
    text += &dice.maybe(500, |dice| format!("code = \"{}\"", dice.pick(&["*68", "*69", "##"])));
    text += &dice.maybe(200, |dice| format!("ring_back_to = {}", target(dice, users)));
    text + &dice.maybe(200, |dice| format!("fallback = {}", target(dice, users)))
}

fn price_list(dice: &mut Dice<'_>) -> String {
    let mut text = String::from("prefix,price,from,name\n");
    for prefix in ["1", "1206", "12065", "82", "8210", "49", "44", "4420", "1"] {
        let from = dice.pick(&["", "", "2026-11-01", "2027-01-01", "2026-01-01"]);
        if dice.0.happens(700) {
            text += &format!("{prefix},0.0{},{from},somewhere\n", 1 + dice.below(9));
        }
    }
    text
}

/// Leaves out a document that something is wrong in; of the system, the rights that it names.
pub(crate) fn mend(all: &mut Vec<Written>, wrong: &str) {
    if wrong == SYSTEM {
        all[0].text = all[0].text.replace("rights = \"staff\"\n", "");
    }
    all.retain(|one| one.file != wrong || wrong == SYSTEM);
}

/// The files as the product reads them.
pub(crate) fn files(all: &[Written]) -> Vec<SourceFile> {
    let documents = all.iter().filter(|one| one.file.ends_with(".toml"));
    documents.map(|one| SourceFile::new(one.file.as_str(), one.text.as_str())).collect()
}
