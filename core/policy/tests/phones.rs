//! Desk phones that fetch their settings: where each asks, and by what it registers.

use model::{SecretRef, Secrets, SourceFile};
use policy::{Phone, Policy};

const HOUSE: &str = r#"format = 1
[system]
name = "edge"
country = "US"
[system.provisioning]
secret = { env = "PHONES" }
interface = "lan"
[interface.lan]
address = "192.0.2.10"
udp = 5060
tcp = 5062
side = "inside"
[user.hana]
phones = [{ mac = "80:5e:c0:12:34:56", make = "yealink" }, { mac = "0004f2123456", make = "poly" }]
[user.hana-two]
password = { env = "HANA" }
"#;
const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn compiled(text: &str, secret: &str) -> Result<Policy, Vec<model::Problem>> {
    let mut secrets = Secrets::new();
    secrets.insert(SecretRef::Env("PHONES".into()), secret.to_owned());
    secrets.insert(SecretRef::Env("HANA".into()), "hers".to_owned());
    policy::compile(&model::load(&[SourceFile::new("house.toml", text)])?, &secrets)
}

fn house(text: &str) -> Policy {
    compiled(text, SECRET).unwrap_or_else(|problems| panic!("{}", problems[0]))
}

fn said(text: &str, secret: &str) -> String {
    compiled(text, secret).expect_err("something is wrong").iter().map(ToString::to_string).collect()
}

fn phone<'p>(policy: &'p Policy, mac: &str) -> &'p Phone {
    policy.phones().all().find(|phone| phone.mac.to_string() == mac).expect("it is there")
}

fn secrets_of(phone: &Phone) -> (String, String) {
    (phone.door.reveal().clone(), phone.password.clear().expect("it is made").to_owned())
}

#[test]
fn d9_a_phone_registers_its_user_by_a_name_and_a_password_of_its_own() {
    let policy = house(HOUSE);
    let yealink = phone(&policy, "805ec0123456");

    let (user, password) = policy.who_registers("hana.805ec0123456").expect("it may");

    assert_eq!((&**user, password.clear()), ("hana", yealink.password.clear()));
    assert!(policy.who_registers("hana").is_none(), "she has no password herself");
    let may_register = |user: &str| policy.credentials_of(user).is_some();
    assert!(may_register("hana") && may_register("hana-two"));
    assert!(!may_register("han") && !may_register("nobody") && !may_register("hana.805ec0123456"));
    assert_eq!(policy.phones().of("hana").count(), 2);
    assert_eq!(policy.phones().of("hana-two").count(), 0);
}

#[test]
fn the_secrets_of_a_phone_are_the_same_after_each_start_and_no_other_phones() {
    let (first, second) = (house(HOUSE), house(HOUSE));
    let (yealink, poly) = (phone(&first, "805ec0123456"), phone(&first, "0004f2123456"));

    assert_eq!(secrets_of(yealink), secrets_of(phone(&second, "805ec0123456")));
    let all = [secrets_of(yealink), secrets_of(poly)];
    let mut all: Vec<String> = all.into_iter().flat_map(|(door, password)| [door, password]).collect();
    assert!(all.iter().all(|one| one.len() == 32 && one.bytes().all(|byte| byte.is_ascii_alphanumeric())));
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 4);
}

#[test]
fn another_edition_makes_another_address_and_another_password_and_another_user_another_password_alone() {
    let before = secrets_of(phone(&house(HOUSE), "805ec0123456"));

    let renewed = house(&HOUSE.replace("\"yealink\" }", "\"yealink\", edition = 1 }"));
    let (door, password) = secrets_of(phone(&renewed, "805ec0123456"));
    assert!(door != before.0 && password != before.1);
    assert!(renewed.phones().behind(&before.0).is_none(), "who has read the address is given nothing more");
    assert!(renewed.phones().behind(&door).is_some());

    let moved = house(&HOUSE.replace("[user.hana]", "[user.jo]"));
    let (door, password) = secrets_of(phone(&moved, "805ec0123456"));
    assert!(door == before.0 && password != before.1);

    let other =
        compiled(HOUSE, &SECRET.replace('0', "x")).unwrap_or_else(|problems| panic!("{}", problems[0]));
    let (door, password) = secrets_of(phone(&other, "805ec0123456"));
    assert!(door != before.0 && password != before.1);
}

#[test]
fn phones_register_where_the_interface_listens_and_by_tls_if_it_can() {
    let at = |text: &str| {
        let policy = house(text);
        let phone = phone(&policy, "805ec0123456");
        format!("{} {} {:?}", phone.server, phone.port, phone.transport)
    };

    assert_eq!(at(HOUSE), "192.0.2.10 5062 Tcp");
    assert_eq!(
        at(&HOUSE.replace("interface = \"lan\"", "interface = \"lan\"\ntransport = \"udp\"")),
        "192.0.2.10 5060 Udp"
    );
    let named = HOUSE.replace("interface = \"lan\"", "interface = \"lan\"\nserver = \"sip.example\"");
    let sealed = named.replace("tcp = 5062", "tls = 5061\ntls_certificate = \"c\"\ntls_key = \"k\"");
    assert_eq!(at(&sealed), "sip.example 5061 Tls");
}

#[test]
fn what_cannot_be_is_refused_with_what_to_write() {
    for (text, secret, says) in [
        (HOUSE.to_owned(), "short", "TD-C019"),
        (HOUSE.replace("interface = \"lan\"", "interface = \"lam\""), SECRET, "did you mean \"lan\""),
        (HOUSE.replace("0004f2123456", "80-5E-C0-12-34-56"), SECRET, "TD-C020"),
        (HOUSE.replace("\"poly\"", "\"polly\""), SECRET, "did you mean \"poly\"?"),
        (HOUSE.replace("0004f2123456", "0004f212345"), SECRET, "TD-C014"),
        (
            HOUSE.replace("[system.provisioning]\nsecret = { env = \"PHONES\" }\ninterface = \"lan\"\n", ""),
            SECRET,
            "TD-C005",
        ),
        (
            HOUSE.replace("interface = \"lan\"", "interface = \"lan\"\ntransport = \"tls\""),
            SECRET,
            "takes no phone in that way",
        ),
        (HOUSE.replace("interface = \"lan\"", "interface = \"lan\"\nurl = \"phones\""), SECRET, "TD-C013"),
        (HOUSE.replace("interface = \"lan\"", "interface = \"lan\"\nserver = \"a b\""), SECRET, "TD-C014"),
        (
            HOUSE.replace("{ env = \"PHONES\" }", "{ plain = \"hunter22hunter22hunter22hunter22\" }"),
            SECRET,
            "TD-C018",
        ),
    ] {
        let said = said(&text, secret);
        assert!(said.contains(says), "{says} is not in\n{said}");
        assert!(!said.contains("hunter22"), "{said}");
    }
}
