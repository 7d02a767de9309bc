//! The files that desk phones ask for, as they are given; `golden` has each whole.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs;
use std::path::Path;

use model::{SecretRef, Secrets, SourceFile};
use policy::Policy;

const SECRET: &str = "a secret that is long enough for a test of phones";

/// A user with one phone of each make, called what nobody should be called.
fn house(media: &str) -> Policy {
    let text = format!(
        r#"format = 1
[system]
name = "edge"
country = "US"
[system.media]
srtp = "{media}"
[system.provisioning]
secret = {{ env = "PHONES" }}
interface = "lan"
server = "sip.contoso.example"
[interface.lan]
address = "192.0.2.10"
udp = 5060
tls = 5061
tls_certificate = "c"
tls_key = "k"
side = "inside"
[user.hana]
name = "Hana \"<&'>\" 한나\naccount.1.password = x"
phones = [
  {{ mac = "80:5E:C0:12:34:56", make = "yealink" }},
  {{ mac = "0004.f212.3456", make = "poly" }},
  {{ mac = "000413-123456", make = "snom" }},
  {{ mac = "000b82123456", make = "grandstream" }},
]
[user.minsu]
phones = [{{ mac = "80:5e:c0:00:00:01", make = "yealink" }}]
"#
    );
    let mut secrets = Secrets::new();
    secrets.insert(SecretRef::Env("PHONES".into()), SECRET.to_owned());
    let documents = model::load(&[SourceFile::new("house.toml", text)]);
    let documents = documents.unwrap_or_else(|problems| panic!("{}", problems[0]));
    policy::compile(&documents, &secrets).unwrap_or_else(|problems| panic!("{}", problems[0]))
}

/// What the phone of this hardware address is given by a name.
fn given(policy: &Policy, mac: &str, name: &str) -> Option<String> {
    let phone = policy.phones().all().find(|phone| phone.mac.to_string() == mac).unwrap();
    deskphones::file(phone, name).map(|file| file.text)
}

#[test]
fn each_make_is_given_what_its_phones_read() {
    let (policy, required) = (house("optional"), house("required"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for (mac, name, kept) in [
        ("805ec0123456", "805ec0123456.cfg", "yealink.cfg"),
        ("0004f2123456", "0004f2123456.cfg", "poly-master.cfg"),
        ("0004f2123456", "0004f2123456-tandem.cfg", "poly.cfg"),
        ("000413123456", "snomD735-000413123456.htm", "snom.xml"),
        ("000b82123456", "cfg000b82123456.xml", "grandstream.xml"),
    ] {
        let text = given(&policy, mac, name).unwrap();
        let kept = folder.join(kept);
        if std::env::var_os("TANDEM_WRITE_GOLDEN").is_some() {
            fs::write(&kept, &text).unwrap();
        }
        assert_eq!(text, fs::read_to_string(&kept).unwrap(), "{}", kept.display());
        let sealed = given(&required, mac, name).unwrap();
        assert!(name == "0004f2123456.cfg" || sealed != text, "{name} says nothing of SRTP");
    }
}

#[test]
fn a_phone_is_known_by_every_spelling_of_its_hardware_address() {
    let policy = house("off");
    let is_given = |mac: &str, name: &str| given(&policy, mac, name).is_some();

    for name in ["805ec0123456.cfg", "805EC0123456.CFG", "80:5e:c0:12:34:56.cfg", "80-5e-c0-12-34-56.cfg"] {
        assert!(is_given("805ec0123456", name), "{name}");
    }
    for name in ["0004F2123456.cfg", "000000000000.cfg", "0004F2123456-tandem.cfg"] {
        assert!(is_given("0004f2123456", name), "{name}");
    }
    for name in
        ["snom370-000413123456.htm", "snomD785-00-04-13-12-34-56.xml", "settings.xml", "000413123456.xml"]
    {
        assert!(is_given("000413123456", name), "{name}");
    }
    for name in ["cfg000b82123456.xml", "cfg000B82123456.xml"] {
        assert!(is_given("000b82123456", name), "{name}");
    }
}

#[test]
fn nothing_is_given_to_another_phone_or_by_another_makers_name() {
    let policy = house("off");
    for name in [
        "805ec0000001.cfg",
        "805ec012345.cfg",
        "805ec0123456.xml",
        "805ec0123456",
        "000000000000.cfg",
        "cfg805ec0123456.xml",
        "settings.xml",
        "snom370-805ec0123456.htm",
        "805ec0123456-tandem.cfg",
        "../805ec0123456.cfg",
        "x/805ec0123456.cfg",
        ".cfg",
        "",
        "y.cfg",
        "y00000000002a.cfg",
    ] {
        assert_eq!(given(&policy, "805ec0123456", name), None, "{name}");
    }
    assert_eq!(given(&policy, "000b82123456", "cfg.xml"), None);
    assert_eq!(given(&policy, "0004f2123456", "0004f2123456-phone.cfg"), None);
    assert_eq!(given(&policy, "000413123456", "snom-x-000413123456.htm"), None);
}

#[test]
fn what_all_phones_of_a_model_are_given_names_nobody() {
    let text = given(&house("off"), "805ec0123456", "y000000000066.cfg").unwrap();

    assert_eq!(text, "#!version:1.0.0.1\n");
}

#[test]
fn nobody_ends_a_value_or_begins_a_key_by_what_he_is_called() {
    let policy = house("off");

    let yealink = given(&policy, "805ec0123456", "805ec0123456.cfg").unwrap();
    let keys: Vec<&str> =
        yealink.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key).collect();
    assert_eq!(keys.len(), 10);
    assert_eq!(keys.iter().filter(|key| **key == "account.1.password").count(), 1);
    for (mac, name) in [
        ("0004f2123456", "0004f2123456-tandem.cfg"),
        ("000413123456", "settings.xml"),
        ("000b82123456", "cfg000b82123456.xml"),
    ] {
        let text = given(&policy, mac, name).unwrap();
        assert!(text.contains("Hana &quot;&lt;&amp;&apos;&gt;&quot; 한나account.1.password = x"), "{text}");
        assert!(text.lines().all(|line| !line.starts_with("account")), "{text}");
    }
}
