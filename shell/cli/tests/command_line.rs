#![allow(clippy::unwrap_used)]
//! What an operator may type.

use std::path::Path;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Command, CommandFactory};
use cli::{Cli, Exit, Paint, Palette, Verb, parse_from};

#[test]
fn the_tree_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_verb_shows_two_examples() {
    fn check(command: &mut Command) {
        for verb in command.get_subcommands_mut() {
            let help = verb.render_long_help().to_string();
            let examples = help.lines().filter(|line| line.starts_with("  tandem ")).count();
            assert!(examples >= 2, "{} shows {examples} examples", verb.get_name());
            check(verb);
        }
    }

    check(&mut Cli::command());
}

#[test]
fn an_unknown_verb_is_answered_with_the_nearest() {
    let error = parse_from(["tandem", "explian", "911"]).unwrap_err();

    assert_eq!(error.kind(), ErrorKind::InvalidSubcommand);
    assert!(error.to_string().contains("explain"));
    assert_eq!(error.exit_code(), i32::from(Exit::Usage.code()));
}

#[test]
fn up_reads_spans_as_the_configuration_writes_them() {
    let cli = parse_from(["tandem", "up", "edge", "--drain-max", "90s"]).unwrap();

    let Verb::Up(up) = cli.verb else { panic!("not up") };
    assert_eq!(up.dir, Path::new("edge"));
    assert_eq!(up.drain_max, Duration::from_secs(90));
    assert!(parse_from(["tandem", "up", "edge", "--drain-max", "90"]).is_err());
}

#[test]
fn explain_takes_a_number_with_plus_and_one_caller() {
    let cli = parse_from(["tandem", "explain", "+12065550142", "--from", "hana"]).unwrap();

    let Verb::Explain(explain) = cli.verb else { panic!("not explain") };
    assert_eq!(explain.number, "+12065550142");
    assert!(parse_from(["tandem", "explain", "911", "--from", "hana", "--via", "east"]).is_err());
}

#[test]
fn help_takes_a_code() {
    let cli = parse_from(["tandem", "help", "TD-R301"]).unwrap();

    assert!(matches!(cli.verb, Verb::Help { topic: Some(topic) } if topic == "TD-R301"));
}

#[test]
fn plain_text_has_no_escape() {
    assert_eq!(Palette::Plain.paint(Paint::Bad, "no").to_string(), "no");
    assert_eq!(Palette::Ansi.paint(Paint::Good, "ok").to_string(), "\x1b[32mok\x1b[0m");
}
