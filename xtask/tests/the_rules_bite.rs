//! Each rule of the house refuses a small tree that breaks it, and says how to mend it.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A tree of one clean crate below words/ or core/, with its pages.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str) -> Tree {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::remove_dir_all(&root).ok();
        let tree = Tree(root);
        for page in ["README.md", "CHANGELOG.md", "LICENSE", "docs/GLOSSARY.md", "docs/STYLE.md"] {
            tree.write(page, "page\n");
        }
        tree.write("docs/ARCHITECTURE.md", "words/sdp words/rtp core/media core/call\n");
        tree.with_crate("core/media", "media", "")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn with_crate(self, folder: &str, name: &str, dependencies: &str) -> Tree {
        let manifest =
            format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}\n");
        self.write(&format!("{folder}/Cargo.toml"), &manifest);
        self.write(&format!("{folder}/src/lib.rs"), "//! A crate.\n");
        self
    }

    /// The one crate's only file.
    fn saying(self, code: &str) -> Tree {
        self.write("core/media/src/lib.rs", code);
        self
    }

    fn with_file(self, path: &str, text: &str) -> Tree {
        self.write(path, text);
        self
    }

    fn tidy(&self) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        let output = command.args(["tidy", "--root"]).arg(&self.0).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    }

    #[track_caller]
    fn is_refused(&self, what: &str) {
        let (passed, said) = self.tidy();
        assert!(!passed && said.contains(what), "wanted a refusal with `{what}`, got:\n{said}");
        assert!(said.contains("cure: "), "a finding names its cure:\n{said}");
    }
}

#[test]
fn a_clean_tree_passes() {
    let (passed, said) = Tree::new("clean").tidy();

    assert!(passed, "{said}");
}

#[test]
fn a_long_line_is_refused() {
    Tree::new("line").saying(&format!("// {}\n", "x".repeat(110))).is_refused("113 characters, at most 110");
}

#[test]
fn a_long_function_is_refused() {
    let code = format!("pub fn long() {{\n{}}}\n", "    step();\n".repeat(70));

    Tree::new("function").saying(&code).is_refused("fn long has 72 lines, at most 70");
}

#[test]
fn a_long_file_is_refused_and_its_tests_are_not_counted() {
    let lines = "const A: u8 = 0;\n";
    let tests = format!("\n#[cfg(test)]\nmod tests {{\n{}}}\n", lines.repeat(900));

    Tree::new("file").saying(&lines.repeat(801)).is_refused("801 lines without tests");
    let (passed, said) = Tree::new("tests").saying(&format!("{}{tests}", lines.repeat(700))).tidy();
    assert!(passed, "{said}");
}

#[test]
fn a_bool_parameter_is_refused() {
    Tree::new("bool")
        .saying("pub fn ring(loud: bool) -> bool {\n    loud\n}\n")
        .is_refused("fn ring takes a bool");
}

#[test]
fn work_left_undone_is_refused() {
    let code = concat!("// TO", "DO: later\n");

    Tree::new("undone").saying(code).is_refused("on main");
}

#[test]
fn words_that_say_nothing_are_refused() {
    Tree::new("type").saying("pub struct CallManager;\n").is_refused("`Manager` is a word to avoid");
    Tree::new("fn").saying("pub fn get_call() {}\n").is_refused("`get_` is a word to avoid");
    Tree::new("utils")
        .saying("mod utils;\n")
        .with_file("core/media/src/utils.rs", "//! Things.\n")
        .is_refused("`utils` says nothing");
}

#[test]
fn core_reads_no_clock_opens_no_file_and_takes_no_lock() {
    for (name, code) in [
        ("clock", "pub fn a() -> std::time::Instant {\n    std::time::Instant::now()\n}\n"),
        ("disk", "pub fn a() {\n    std::fs::remove_file(\"x\").ok();\n}\n"),
        ("thread", "pub fn a() {\n    std::thread::yield_now();\n}\n"),
        ("lock", "pub struct A(std::sync::Mutex<u8>);\n"),
        ("async", "pub async fn a() {}\n"),
        ("socket", "pub struct A(std::net::UdpSocket);\n"),
        ("global", "static A: std::sync::OnceLock<u8> = std::sync::OnceLock::new();\n"),
    ] {
        Tree::new(&format!("pure-{name}")).saying(code).is_refused("touches nothing of the world");
    }
}

#[test]
fn a_comment_or_a_string_may_speak_of_clocks() {
    let code = "// Instant::now\npub const A: &str = \"Mutex\";\n";

    let (passed, said) = Tree::new("speak").saying(code).tidy();

    assert!(passed, "{said}");
}

#[test]
fn a_crate_that_brings_the_world_into_core_is_refused() {
    Tree::new("worldly")
        .with_crate("core/media", "media", "tokio = \"1\"")
        .is_refused("brings the world into core/");
}

#[test]
fn unsafe_outside_the_two_packet_loops_is_refused() {
    let code = "pub fn a() {\n    // SAFETY: none.\n    unsafe { b() }\n}\n";

    Tree::new("unsafe").saying(code).is_refused("unsafe outside shell/switch-io and shell/media-io");
}

#[test]
fn unsafe_without_its_reason_is_refused() {
    Tree::new("reason")
        .with_file("docs/ARCHITECTURE.md", "core/media shell/media-io\n")
        .with_crate("shell/media-io", "media-io", "")
        .with_file("shell/media-io/src/lib.rs", "pub fn a() {\n    unsafe { b() }\n}\n")
        .is_refused("unsafe without a reason");
}

#[test]
fn nobody_uses_a_floor_that_is_not_below() {
    Tree::new("floor")
        .with_crate("core/call", "call", "")
        .with_crate("core/media", "media", "call = \"*\"")
        .is_refused("media uses call, which is not below it");
}

#[test]
fn words_use_nothing_of_ours() {
    Tree::new("words")
        .with_crate("words/sdp", "sdp", "")
        .with_crate("words/rtp", "rtp", "sdp = \"*\"")
        .is_refused("rtp uses sdp");
}

#[test]
fn a_crate_without_a_floor_is_refused() {
    Tree::new("no-floor")
        .with_crate("core/newcomer", "newcomer", "")
        .is_refused("newcomer stands on no floor");
}

#[test]
fn a_circle_of_files_is_refused() {
    Tree::new("circle")
        .saying("mod one;\nmod two;\n")
        .with_file("core/media/src/one.rs", "use crate::two::Two;\npub struct One(Two);\n")
        .with_file("core/media/src/two.rs", "use crate::one::One;\npub struct Two(Box<One>);\n")
        .is_refused("a circle of files: one -> two -> one");
}

#[test]
fn a_circle_through_the_map_is_refused() {
    Tree::new("map-circle")
        .saying("mod one;\nmod two;\npub use one::One;\n")
        .with_file("core/media/src/one.rs", "use crate::two::Two;\npub struct One(Two);\n")
        .with_file("core/media/src/two.rs", "use crate::One;\npub struct Two(Box<One>);\n")
        .is_refused("a circle of files: one -> two -> one");
}

#[test]
fn a_file_of_verbs_is_no_circle() {
    let tree = Tree::new("verbs")
        .saying("mod call;\nmod hold;\n")
        .with_file("core/media/src/call.rs", "use crate::hold::Hold;\npub struct Call(Hold);\n")
        .with_file("core/media/src/hold.rs", "use crate::call::Call;\npub struct Hold;\nimpl Call {\n}\n");

    let (passed, said) = tree.tidy();

    assert!(passed, "{said}");
}

#[test]
fn a_dead_file_is_refused() {
    Tree::new("dead")
        .with_file("core/media/src/left.rs", "//! Left.\n")
        .is_refused("no `mod` line names this file");
}

#[test]
fn a_crate_that_is_not_on_the_map_is_refused() {
    Tree::new("map")
        .with_file("docs/ARCHITECTURE.md", "nothing\n")
        .is_refused("core/media is not on the map");
}

#[test]
fn a_code_without_help_is_refused() {
    Tree::new("code").saying("pub const A: &str = \"TD-R999\";\n").is_refused("TD-R999 has no help text");
}

#[test]
fn a_code_that_a_table_explains_passes() {
    let tree = Tree::new("explained")
        .with_file("docs/ARCHITECTURE.md", "core/media core/policy\n")
        .saying("pub const A: &str = \"TD-R301\";\n")
        .with_crate("core/policy", "policy", "")
        .with_file("core/policy/src/lib.rs", "mod refusal;\n")
        .with_file("core/policy/src/refusal.rs", "refusals! {\n    NO_ROUTE 301 404 \"no route\";\n}\n");

    let (passed, said) = tree.tidy();

    assert!(passed, "{said}");
}

/// The lint files of words/ and core/, at work: a crate below them that calls what they list does not pass.
#[test]
fn clippy_refuses_what_the_folder_forbids() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for folder in ["words", "core"] {
        let tree = Tree(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("clippy-{folder}")));
        fs::remove_dir_all(&tree.0).ok();
        let manifest = "[package]\nname = \"bad\"\nedition = \"2024\"\n\n\
                        [workspace]\n\n[lints.clippy]\nall = \"deny\"\n";
        tree.write(&format!("{folder}/bad/Cargo.toml"), manifest);
        tree.write(
            &format!("{folder}/bad/src/lib.rs"),
            "use std::time::Instant as I;\npub fn a() -> I {\n    I::now()\n}\n\
             pub fn b() {\n    std::fs::write(\"a\", \"b\").ok();\n}\n\
             pub fn c() {\n    std::thread::spawn(|| {});\n}\n\
             pub struct D(pub std::sync::Mutex<u8>, pub std::collections::HashMap<u8, u8>);\n",
        );
        tree.write(
            &format!("{folder}/clippy.toml"),
            &fs::read_to_string(house.join(folder).join("clippy.toml")).unwrap(),
        );

        let output = Command::new(env!("CARGO"))
            .args(["clippy", "--quiet", "--offline"])
            .current_dir(tree.0.join(folder).join("bad"))
            .env("CARGO_TARGET_DIR", tree.0.join("target"))
            .env_remove("CLIPPY_CONF_DIR")
            .output()
            .unwrap();

        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "clippy let {folder}/bad pass");
        for name in ["Instant::now", "std::fs::write", "std::thread::spawn", "std::sync::Mutex", "HashMap"] {
            assert!(said.contains(name), "{folder}: {name} passed:\n{said}");
        }
    }
}

#[test]
fn a_figure_that_nobody_measured_is_refused() {
    let tree = Tree::new("figure").with_file("docs/PERFORMANCE.md", "| CPU | 0.439 | 5,350 |\n");
    let table = "## Figures\n| | ours | theirs |\n|---|---|---|\n| 300 calls | 0.439 | 5,350 |\n";

    let tree = tree.with_file("README.md", table);
    assert!(tree.tidy().0, "{}", tree.tidy().1);
    tree.with_file("README.md", &table.replace("0.439", "0.44"))
        .is_refused("the figure 0.44 does not stand in docs/PERFORMANCE.md");
}

#[test]
fn a_link_that_leads_nowhere_is_refused() {
    Tree::new("link")
        .with_file(
            "docs/how-to/one.md",
            "[up](../STYLE.md#files) [away](https://example.com) [two](two.md)\n",
        )
        .is_refused("the link to two.md leads nowhere");
}
