//! Files of sound that documents name.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use model::{Documents, Secrets, SourceFile};

const HOUSE: &str = r#"format = 1

[system]
name = "contoso-edge"
country = "US"
media = { music = "waiting.wav" }

[interface.wan]
address = "192.0.2.10"
udp = 5060
"#;

fn house(file: &[u8]) -> Documents {
    let mut documents = model::load(&[SourceFile::new("house.toml", HOUSE)]).unwrap();
    documents.sounds.insert("waiting.wav".into(), file.into());
    documents
}

fn wav(rate: u32, samples: usize) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    file.extend([rate, 2 * rate].map(u32::to_le_bytes).concat());
    file.extend(b"\x02\0\x10\0data");
    file.extend((2 * samples as u32).to_le_bytes());
    file.resize(file.len() + 2 * samples, 7);
    file
}

/// One that cannot be played is refused where it is named, with what would make it fit.
#[test]
fn h10_a_file_that_cannot_be_played_is_refused_with_place_code_and_cure() {
    for (file, why, cure) in [
        (b"ID3\x03 of another kind".to_vec(), "it is no WAV file", "sox \"waiting.wav\""),
        (wav(44_100, 44_100), "it has 44100 samples a second", "-b 16 -r 16000 -c 1 better.wav"),
        (wav(8_000, 10), "it is shorter than 20 ms", "a piece of 20 ms to ten minutes"),
        (wav(8_000, 8_000 * 601), "it is longer than 10 minutes", "a piece of 20 ms to ten minutes"),
    ] {
        let problems = policy::compile(&house(&file), &Secrets::new()).unwrap_err();

        let [problem] = problems.as_slice() else { panic!("{problems:?}") };
        let place = format!("{} {}:{}:{}", problem.code, problem.file, problem.line, problem.column);
        assert_eq!(place, "TD-C065 house.toml:6:19");
        assert!(problem.message.contains(why), "{}", problem.message);
        assert!(problem.suggestion.as_ref().unwrap().contains(cure), "{:?}", problem.suggestion);
    }
}

/// What tells contents apart changes with them, and with nothing else.
#[test]
fn h10_another_file_under_the_same_name_is_seen() {
    let policy = |file: &[u8]| policy::compile(&house(file), &Secrets::new()).unwrap();
    let [first, second] = [policy(&wav(8_000, 800)), policy(&wav(8_000, 801))];
    let documents = house(&wav(8_000, 800));
    let again = policy::compile_after(&first, &documents, &Secrets::new()).unwrap();

    assert_eq!(first.sound_prints(), again.sound_prints());
    assert_eq!(first.sound_prints(), policy::sound_prints(&documents));
    assert_ne!(first.sound_prints(), second.sound_prints());
}

fn announced(more: &str, file: &[u8]) -> Result<(), Vec<String>> {
    let house = HOUSE.replace("music = \"waiting.wav\"", "refusals = \"announce\"");
    let text = format!("{house}\n[site.berlin]\n[site.rome]\n{more}");
    let mut documents = model::load(&[SourceFile::new("house.toml", text.as_str())]).unwrap();
    documents.sounds.insert("nobody.wav".into(), file.into());
    let compiled = policy::compile(&documents, &Secrets::new());
    compiled.map(|_| ()).map_err(|problems| problems.iter().map(|problem| problem.to_string()).collect())
}

/// Of two announcements for one reason, nobody could say which is heard; longer ones hold calls up.
#[test]
fn h10_announcements_that_cannot_be_are_refused() {
    let one = "[announcement.one]\nfile = \"nobody.wav\"\non = [\"busy\", \"full\"]\n";
    let other =
        |more: &str| format!("{one}[announcement.two]\nfile = \"nobody.wav\"\non = [\"full\"]\n{more}");
    let short = wav(8_000, 8_000);

    let clash = announced(&other(""), &short).unwrap_err().concat();
    assert!(clash.contains("TD-C030") && clash.contains("\"full\" is announced by \"one\""), "{clash}");
    assert_eq!(announced(&other("sites = [\"berlin\"]"), &short), Ok(()));
    let long = announced(one, &wav(8_000, 8_000 * 61)).unwrap_err().concat();
    assert!(long.contains("TD-C065") && long.contains("longer than a minute"), "{long}");
    let unknown = announced(&other("sites = [\"paris\"]"), &short).unwrap_err().concat();
    assert!(unknown.contains("TD-C017"), "{unknown}");
}

/// So many are refused aloud at once, whatever revision holds; nobody, where nobody is to be.
#[test]
fn h10_so_many_are_refused_aloud_at_once_and_no_more() {
    let house = |refusals: &str| {
        let text = HOUSE.replace("music = \"waiting.wav\"", &format!("refusals = \"{refusals}\""));
        model::load(&[SourceFile::new("house.toml", text.as_str())]).unwrap()
    };
    let policy = policy::compile(&house("tone"), &Secrets::new()).unwrap();

    let mut held: Vec<_> = std::iter::from_fn(|| policy.refuses_aloud()).take(1_000).collect();
    let next = policy::compile_after(&policy, &house("announce"), &Secrets::new()).unwrap();

    assert_eq!(held.len(), 200);
    assert!(next.refuses_aloud().is_none());
    held.pop();
    assert!(next.refuses_aloud().is_some());
    let off = policy::compile(&house("off"), &Secrets::new()).unwrap();
    assert!(off.refuses_aloud().is_none());
}
