//! Numbers of many countries: dialled there, understood, written in each form, and read back.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use house::*;
use policy::{Facts, Policy, Trail};
use proptest::prelude::*;

const TABLE: &str = include_str!("golden/numbers.tsv");

/// The forms in the order of the table's columns.
const FORMS: [&str; 5] = ["e164", "00", "national", "ten-digit", "dialled"];

/// A house in a country, with a trunk for each form.
fn house_in(country: &str) -> Policy {
    let mut text = format!("format = 1\n[system]\nname = \"x\"\ncountry = \"{country}\"\n");
    for (index, form) in FORMS.iter().enumerate() {
        text += &format!(
            "[trunk.t{index}]\ntransit = \"allowed\"\nservers = [{{ uri = \"sip:t{index}\" }}]\n\
             identity = {{ format = \"{form}\" }}\n\
             accept = {{ sources = [\"198.51.100.{index}\"], did = \"any\" }}\n\
             [route.r{index}]\norder = {index}\nto = \"*\"\nfrom = {{ user = \"u{index}\" }}\n\
             use = [{{ trunk = \"t{index}\" }}]\n[user.u{index}]\nallow = [\"internal\", \"national\", \
             \"mobile\", \"toll-free\", \"shared-cost\", \"premium\", \"satellite\", \"international\"]\n\
             [route.back{index}]\norder = 1{index}\nto = \"*\"\nfrom = {{ trunk = \"t{index}\" }}\n\
             use = [{{ trunk = \"out\" }}]\n"
        );
    }
    house_of(&(text + "[trunk.out]\nservers = [{ uri = \"sip:out\" }]\n"))
}

fn user_dials(form: usize, dialled: &str) -> Facts {
    Facts { authenticated: Some(format!("u{form}")), ..call("10.0.0.1:1", LAN, &format!("u{form}"), dialled) }
}

fn trunk_sends(form: usize, dialled: &str) -> Facts {
    call(&format!("198.51.100.{form}:5060"), LAN, "+12065550142", dialled)
}

/// The user part of the request URI that a trunk gets.
fn sent(policy: &Policy, form: usize, dialled: &str) -> String {
    let plan = planned(policy, &user_dials(form, dialled));
    plan.attempts[0]
        .heading
        .request_uri
        .text()
        .trim_start_matches("sip:")
        .split('@')
        .next()
        .unwrap()
        .to_owned()
}

fn class_of(policy: &Policy, dialled: &str) -> String {
    let mut trail = Trail::new();
    policy::plan(policy, &user_dials(0, dialled), &mut trail);
    let step = trail.steps.iter().find(|step| step.name == "class");
    step.map(|step| step.verdict.to_string()).unwrap_or_default()
}

/// Over 300 numbers of 50 countries are understood as people there dial them, written in every form, and
/// what a trunk was sent is the same number when the same trunk sends it.
#[test]
fn a8_numbers_of_fifty_countries_go_out_in_every_form_and_come_back() {
    let (mut wrong, mut rows, mut countries) = (Vec::new(), 0, Vec::new());
    let mut policy = house_in("US");

    for row in TABLE.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
        let (country, dialled, number, class) = (row[0], row[1], row[2], row[3]);
        if !countries.contains(&country) {
            countries.push(country);
            policy = house_in(country);
        }
        let mut expect = |what: String, found: &str, wanted: &str| {
            if found != wanted {
                wrong.push(format!("{country} {dialled} {what}: {found}, not {wanted}"));
            }
        };
        expect("means".into(), &planned(&policy, &user_dials(0, dialled)).called, number);
        expect("is".into(), &class_of(&policy, dialled), class);
        for (form, wanted) in row[4..].iter().enumerate() {
            expect(format!("as {}", FORMS[form]), &sent(&policy, form, dialled), wanted);
            let back = planned(&policy, &trunk_sends(form, wanted));
            expect(format!("back from {}", FORMS[form]), &back.called, number);
        }
        rows += 1;
    }

    assert!(wrong.is_empty(), "{} of {rows}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(rows >= 300 && countries.len() >= 45, "{rows} rows, {} countries", countries.len());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// Whatever number of the world is written for a trunk: read back from that trunk, it is the same.
    #[test]
    fn a8_a_number_written_and_read_by_one_trunk_stays_itself(
        home in prop::sample::select(vec!["US", "DE", "IT", "KR", "SG", "HU", "RU", "BR", "FR", "HK"]),
        form in 0..FORMS.len(),
        row in prop::sample::select(TABLE.lines().skip(1).collect::<Vec<_>>()),
        last in 0..10_u8,
    ) {
        let policy = house_in(home);
        let known = row.split('\t').nth(2).unwrap();
        let number = format!("{}{last}", &known[..known.len() - 1]);

        let written = sent(&policy, form, &number);

        prop_assert_eq!(&*planned(&policy, &trunk_sends(form, &written)).called, &*number, "{}", written);
    }
}
