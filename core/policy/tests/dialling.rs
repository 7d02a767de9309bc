//! Short ways to dial, rules in their order, and the numbers that trunks gave to us.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use house::*;
use policy::{Callee, Code, Decision, Direction, Facts, Policy, Trail};

fn with(text: &str, changes: &[(&str, &str)]) -> Policy {
    house_of(&changes.iter().fold(text.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replacen(old, new, 1)
    }))
}

fn reaches(policy: &Policy, facts: &Facts) -> String {
    match &planned(policy, facts).attempts[0].callee {
        Callee::User(name) | Callee::Trunk(name) => name.to_string(),
    }
}

fn said(policy: &Policy, facts: &Facts) -> String {
    let mut trail = Trail::new();
    policy::plan(policy, facts, &mut trail);
    trail.to_string()
}

const BRANCH: &str = "\n[site.tacoma]\nextension_prefix = \"82\"\nsubnets = [\"10.30.0.0/16\"]\n\
    [user.ann]\nsite = \"tacoma\"\nextension = \"0100\"\ndevices = [{ contact = \"sip:ann@10.30.0.5\" }]\n";

/// Locals dial as they are used to: digits are asked of the user's plan, the site's, then everybody's.
#[test]
fn req_f20_the_plan_of_the_user_comes_before_that_of_the_site_and_of_everybody() {
    let plans = "\n[dialplan.own]\nrules = [{ match = \"55\", becomes = \"+12065550001\" }]\n\
        [dialplan.place]\nrules = [{ match = \"55\", becomes = \"+12065550002\" }, \
        { match = \"66\", becomes = \"+12065550003\" }]\n\
        [dialplan.all]\nrules = [{ match = \"55\", becomes = \"+12065550004\" }, \
        { match = \"77\", becomes = \"+12065550005\" }]\n";
    let text = CONTOSO.to_owned() + plans;
    let house = with(
        &text,
        &[
            ("[user.hana]", "[user.hana]\ndialplan = \"own\""),
            ("[site.redmond]", "[site.redmond]\ndialplan = \"place\""),
        ],
    );
    let called = |facts: &Facts| planned(&house, facts).called.to_string();

    assert_eq!(called(&hana_dials("55")), "+12065550001");
    assert_eq!(called(&lobby_dials("55")), "+12065550002");
    assert_eq!(called(&hana_dials("66")), "+12065550003");
    assert_eq!(called(&hana_dials("77")), "+12065550005");
    assert!(said(&house, &hana_dials("55")).contains("rule own: 55 becomes +12065550001"));
}

/// The plan of a trunk turns what arrives there into numbers, and no plan of people does.
#[test]
fn req_f20_the_plan_of_a_trunk_governs_calls_that_arrive_on_it() {
    let plans = "\n[dialplan.short]\nrules = [{ match = \"01XX\", becomes = \"+142555501…\" }]\n\
        [dialplan.people]\nrules = [{ match = \"44XX\", becomes = \"+142555501…\" }]\n";
    let text = CONTOSO.to_owned() + plans;
    let house = with(&text, &[("[trunk.northwind]", "[trunk.northwind]\ndialplan = \"short\"")]);

    assert_eq!(&*planned(&house, &northwind_sends("0100")).called, "+14255550100");
    assert_eq!(refused(&house, &northwind_sends("4400")).code, Code::NOT_A_NUMBER);
}

/// What a rule makes of digits may be an extension, or digits that the country understands.
#[test]
fn req_f20_a_rule_may_lead_to_an_extension_or_to_digits_of_the_country() {
    let plan = "\n[dialplan.keys]\nrules = [{ match = \"*1\", becomes = \"0101\" }, \
        { match = \"*2…\", becomes = \"01144…\" }]\n";
    let house = house_of(&(CONTOSO.to_owned() + plan));

    assert_eq!(reaches(&house, &hana_dials("*1")), "lobby");
    assert_eq!(&*planned(&house, &hana_dials("*22079460958")).called, "+442079460958");
}

/// One extension at two sites: each rings at home, and from elsewhere behind the prefix of its site.
#[test]
fn req_f20_an_extension_of_two_sites_rings_at_home_and_behind_its_prefix_elsewhere() {
    let text = CONTOSO.to_owned() + BRANCH;
    let house = with(&text, &[("[site.redmond]", "[site.redmond]\nextension_prefix = \"81\"")]);
    let ann = |dialled: &str| call("10.30.0.5:5060", LAN, "ann", dialled);

    assert_eq!(reaches(&house, &lobby_dials("0100")), "hana");
    assert_eq!(reaches(&house, &ann("0100")), "ann");
    assert_eq!(reaches(&house, &lobby_dials("820100")), "ann");
    assert_eq!(reaches(&house, &ann("810100")), "hana");
    assert_eq!(reaches(&house, &ann("0101")), "lobby");
    assert_eq!(refused(&house, &northwind_sends("0100")).code, Code::NOT_A_NUMBER);
}

/// The operator's digit calls the operator of the site, else of the house.
#[test]
fn req_f20_one_digit_calls_the_operator() {
    let text = CONTOSO.to_owned() + BRANCH.replace("0100", "0200").as_str();
    let house = with(
        &text,
        &[
            ("area_code = \"425\"\ntime", "area_code = \"425\"\noperator = { user = \"lobby\" }\ntime"),
            ("[site.tacoma]", "[site.tacoma]\noperator = { dial = \"9\", user = \"hana\" }"),
        ],
    );

    assert_eq!(reaches(&house, &hana_dials("0")), "lobby");
    assert_eq!(reaches(&house, &call("10.30.0.5:5060", LAN, "ann", "9")), "hana");
}

/// Where digits are an extension and a number too, the colleague rings and the trail says how to get outside.
#[test]
fn req_f20_an_extension_that_looks_like_a_number_outside_is_decided_and_explained() {
    let house = with(CONTOSO, &[("extension = \"0101\"", "extension = \"5559142\"")]);

    assert_eq!(reaches(&house, &hana_dials("5559142")), "lobby");
    assert!(said(&house, &hana_dials("5559142")).contains("+14255559142 outside is reached by 95559142"));
    assert_eq!(&*planned(&house, &hana_dials("95559142")).called, "+14255559142");
}

/// Letters, separators, contexts and local `tel:` numbers say the same as digits do.
#[test]
fn o1_letters_separators_and_contexts_are_understood() {
    let house = house();
    let rows = [
        ("1-800-FLOWERS", "+18003569377"),
        ("tel:+1-(206)-555.0142", "+12065550142"),
        ("tel:555-0142;phone-context=+1-206", "+12065550142"),
        ("tel:2065550142;phone-context=contoso.example", "+12065550142"),
        ("sip:5550142;phone-context=+1206@contoso.example;user=phone", "+12065550142"),
        ("sip:+12065550142;ext=7@contoso.example", "+12065550142"),
        ("tel:+44-20-7946-0958;ext=12", "+442079460958"),
    ];

    for (dialled, number) in rows {
        assert_eq!(&*planned(&house, &hana_dials(dialled)).called, number, "{dialled}");
    }
    assert_eq!(refused(&house, &hana_dials("nobody-here")).code, Code::UNASSIGNED);
}

/// Short codes of a country never become numbers of the world, and go out as they are.
#[test]
fn a8_short_codes_stay_as_they_are() {
    let codes = "\n[route.codes]\norder = 5\nto = \"*\"\nfrom = { user = \"hana\" }\n\
        use = [{ trunk = \"fabrikam\" }]\n";
    let german = CONTOSO.replace("country = \"US\"\narea", "country = \"DE\"\narea");
    let german = german.replace("[emergency.us]\ncountry = \"US\"", "[emergency.us]\ncountry = \"DE\"");
    let german = german.split("[test.").next().unwrap().to_owned() + codes;
    let house = with(&german, &[("area_code = \"425\"\noutside", "outside")]);

    for code in ["116117", "115", "9116117"] {
        let plan = planned(&house, &hana_dials(code));
        assert_eq!(&*plan.called, code.trim_start_matches('9'));
        assert_eq!(
            plan.attempts[0].heading.request_uri.text(),
            format!("sip:{}@203.0.113.20:5060", plan.called)
        );
    }
    let house = house_of(&(CONTOSO.to_owned() + codes));
    assert_eq!(
        planned(&house, &hana_dials("411")).attempts[0].heading.request_uri.text(),
        "sip:411@203.0.113.20:5060"
    );
}

/// Each header of a trunk may have a form of its own, and `user=phone` where it is wanted.
#[test]
fn a8_each_header_has_its_own_form() {
    let identity = "identity = { format = \"e164\", user_phone = true, formats = { request = \"ten-digit\", \
        to = \"dialled\", from = \"national\", asserted = \"+e164\" } }";
    let house = with(CONTOSO, &[("identity = { caller_id = \"from\", format = \"00\" }", identity)]);
    let plan = planned(&house, &hana_dials("011442079460958"));
    let first = &plan.attempts[0];

    assert_eq!(first.heading.request_uri.text(), "sip:011442079460958@203.0.113.20:5060;user=phone");
    assert_eq!(first.heading.to.text(), "<sip:011442079460958@203.0.113.20;user=phone>");
    assert!(
        first.heading.from.text().contains("<sip:4255550100@203.0.113.20"),
        "{}",
        first.heading.from.text()
    );
    let asserted = first.heading.headers.iter().find(|(name, _)| &**name == "P-Asserted-Identity").unwrap();
    assert!(asserted.1.contains("sip:+14255550100@203.0.113.20;user=phone"), "{}", asserted.1);
}

/// A call from outside finds its user by full number, by number with extension, and by bare digits.
#[test]
fn req_c02_a_user_is_reached_by_number_by_number_with_extension_and_by_bare_digits() {
    let house = house();

    for dialled in ["+14255550100", "14255550100", "4255550100", "sip:+14255550123;ext=0100@us", "0100"] {
        let plan = planned(&house, &northwind_sends(dialled));
        assert_eq!(plan.attempts[0].callee, Callee::User("hana".into()), "{dialled}");
        assert_eq!(plan.direction, Direction::Inbound);
    }
    assert_eq!(refused(&house, &northwind_sends("hana")).status, 404);
}

/// Numbers that nobody owns are refused as their block says, or ring somebody.
#[test]
fn req_f48_numbers_without_owner_are_treated_as_their_block_says() {
    let block = "range = [\"+14255550100\", \"+14255550199\"]";
    let gone = with(CONTOSO, &[(block, &format!("{block}\nunowned = {{ refuse = 604 }}"))]);
    let rings = with(CONTOSO, &[(block, &format!("{block}\nunowned = {{ user = \"lobby\" }}"))]);

    assert_eq!(refused(&house(), &northwind_sends("+14255550123")).status, 404);
    assert_eq!(refused(&gone, &northwind_sends("+14255550123")).status, 604);
    assert_eq!(reaches(&rings, &northwind_sends("+14255550123")), "lobby");
    assert_eq!(reaches(&rings, &northwind_sends("+14255550100")), "hana");
}

/// A number of ours that nobody owns is not sent to the trunk that gave it to us, to come back.
#[test]
fn req_c01_a_number_of_ours_does_not_go_out_to_come_back() {
    let refusal = refused(&house(), &hana_dials("+14255550123"));

    assert_eq!((refusal.code, refusal.status), (Code::UNASSIGNED, 404));
    assert!(refusal.words.contains("redmond-block"), "{}", refusal.words);
}

/// A private number rings its user, who is shown by the public one all the same.
#[test]
fn req_c02_a_private_number_rings_its_user_and_is_never_shown() {
    let private = "number = \"+14255550100\"\nprivate_number = \"+14255550177\"";
    let house = with(CONTOSO, &[("number = \"+14255550100\"", private)]);

    assert_eq!(reaches(&house, &northwind_sends("+14255550177")), "hana");
    let plan = planned(&house, &hana_dials("2065550142"));
    let text = format!("{plan:?}");
    assert!(text.contains("+14255550100") && !text.contains("5550177"), "{text}");
}

/// A hundred thousand numbers and users are compiled and found without looking through them.
#[test]
fn req_c02_a_hundred_thousand_numbers_are_found() {
    let mut text = CONTOSO.to_owned();
    for index in 0..2000 {
        text += &format!(
            "[numbers.b{index}]\ntrunk = \"northwind\"\n\
             range = [\"+1212{index:04}000\", \"+1212{index:04}999\"]\nunowned = {{ user = \"lobby\" }}\n"
        );
    }
    let house = house_of(&text);

    for index in [0, 999, 1999] {
        assert_eq!(reaches(&house, &northwind_sends(&format!("+1212{index:04}500"))), "lobby");
    }
    assert_eq!(refused(&house, &northwind_sends("+12122000500")).code, Code::UNASSIGNED);
}

/// Newer plans beside the configuration take the place of those in the program.
#[test]
fn o5_numbering_plans_are_renewed_apart_from_the_program() {
    let plans =
        "# of the regulator\n= US\nshort 211 999\n= ZZ\ncode 999\ninternational 00\nnational 0\nfixed 5/7\n";
    let files = |plans: &str| {
        let text = CONTOSO.to_owned()
            + "\n[site.lab]\ncountry = \"ZZ\"\n[route.codes]\norder = 5\nto = \"*\"\n\
               use = [{ trunk = \"fabrikam\" }]\nfrom = { user = \"hana\" }\n";
        [model::SourceFile::new("contoso.toml", text), model::SourceFile::new("new.plans", plans)]
    };
    let compiled = |plans: &str| policy::compile(&model::load(&files(plans)).unwrap(), &secrets());

    let house = compiled(plans).unwrap();
    assert_eq!(&*planned(&house, &hana_dials("999")).called, "999");
    assert_eq!(&*planned(&house, &hana_dials("0119995123456")).called, "+9995123456");
    let problems = compiled(&plans.replace("fixed 5/7", "fixed 5/seven")).unwrap_err();
    let place = format!("{} {}:{}", problems[0].code, problems[0].file, problems[0].line);
    assert_eq!(place, "TD-C041 new.plans:8");
}

/// Every country's number for help is known there, with and without the prefix for outside.
#[test]
fn m1_every_country_calls_help_by_its_own_numbers() {
    let rows = [
        ("US", "911"),
        ("DE", "112"),
        ("DE", "110"),
        ("GB", "999"),
        ("GB", "112"),
        ("JP", "119"),
        ("JP", "110"),
        ("KR", "119"),
        ("KR", "112"),
        ("AU", "000"),
        ("NZ", "111"),
        ("CN", "120"),
        ("CN", "110"),
        ("FR", "15"),
        ("IN", "112"),
        ("BR", "190"),
        ("IL", "101"),
        ("SG", "995"),
        ("TH", "191"),
        ("ZA", "10111"),
        ("MX", "911"),
    ];
    for (country, digits) in rows {
        let text = CONTOSO.replace("[site.redmond]", &format!("[site.redmond]\ncountry = \"{country}\""));
        let text = text.split("[test.").next().unwrap().to_owned();
        let house = house_of(
            &text.replace("[emergency.us]\ncountry = \"US\"\n", "[emergency.us]\ncountry = \"ZZ\"\n"),
        );
        for dialled in [digits.to_owned(), format!("9{digits}"), format!("tel:{digits}")] {
            let plan = planned(&house, &lobby_dials(&dialled));
            assert!(plan.emergency, "{dialled} in {country}");
            assert_eq!(&*plan.called, digits, "{dialled} in {country}");
        }
    }
}

/// `urn:service:sos` and its kin ask for the service that the country has under that name.
#[test]
fn m1_a_urn_asks_for_one_service_by_the_number_of_the_country() {
    let house = |country: &str| {
        let text = CONTOSO.replace("[site.redmond]", &format!("[site.redmond]\ncountry = \"{country}\""));
        house_of(text.split("[test.").next().unwrap())
    };
    let rows = [
        ("US", "urn:service:sos", "911"),
        ("US", "urn:service:sos.police", "911"),
        ("KR", "urn:service:sos.police", "112"),
        ("KR", "URN:service:sos.FIRE", "119"),
        ("JP", "urn:service:sos.marine", "118"),
        ("CH", "urn:service:sos.ambulance", "144"),
        ("DE", "urn:service:sos.police", "110"),
        ("DE", "urn:service:sos.gas", "112"),
    ];

    for (country, urn, number) in rows {
        let plan = planned(&house(country), &lobby_dials(urn));
        assert!(plan.emergency && &*plan.called == number, "{urn} in {country} is {}", plan.called);
    }
}

/// No rule, no operator and no extension of another site takes a call for help away.
#[test]
fn m1_nothing_that_is_configured_shadows_a_call_for_help() {
    let plan = "\n[dialplan.all]\nrules = [{ match = \"911\", becomes = \"+12065550142\" }, \
        { match = \"9…\", becomes = \"+1206555…\" }]\n";
    let text = CONTOSO.to_owned() + plan + &BRANCH.replace("\"82\"", "\"91\"").replace("\"0100\"", "\"1\"");
    let house = with(&text, &[("[user.hana]", "[user.hana]\ndialplan = \"all\"")]);

    for dialled in ["911", "9911", "tel:911", "tel:911;phone-context=+1", "9-1-1"] {
        let plan = planned(&house, &hana_dials(dialled));
        assert!(plan.emergency && &*plan.called == "911", "{dialled}");
    }
    let decision = policy::plan(&house, &northwind_sends("911"), &mut Trail::new());
    assert!(matches!(decision, Decision::No(_)), "a trunk calls no help through us");
}

/// One question says whose a number is and how every trunk would write it in every header.
#[test]
fn pain_15_how_each_trunk_would_send_a_number_is_shown() {
    let identity =
        "identity = { caller_id = \"from\", format = \"00\", formats = { asserted = \"national\" } }";
    let house = with(CONTOSO, &[("identity = { caller_id = \"from\", format = \"00\" }", identity)]);

    let hana = policy::about_number(&house, "0100").unwrap();
    assert_eq!((&*hana.number, hana.owner.as_deref()), ("+14255550100", Some("hana")));
    assert_eq!((hana.country.as_deref(), hana.kind), (Some("US"), Some("fixed")));
    assert_eq!(hana.block.as_ref().map(|block| &*block.name), Some("redmond-block"));
    let on = |name: &str| hana.trunks.iter().find(|trunk| &*trunk.trunk == name).unwrap();
    assert_eq!((&*on("fabrikam").request, &*on("fabrikam").asserted), ("0014255550100", "4255550100"));
    assert_eq!((&*on("fabrikam").diversion, &*on("northwind").request), ("0014255550100", "+14255550100"));

    let abroad = policy::about_number(&house, "011 44 7400 123456").unwrap();
    assert_eq!((&*abroad.number, abroad.kind, abroad.owner), ("+447400123456", Some("mobile"), None));
    assert_eq!(policy::about_number(&house, "911").unwrap().kind, Some("emergency"));
    assert!(policy::about_number(&house, "12").is_none());
    assert_eq!(policy::numbers(&house).len(), 3);
}
