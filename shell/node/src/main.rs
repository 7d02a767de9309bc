//! The binary: reads its directory, starts the threads, wires the queues, and carries the verbs out.
//!
//! It decides nothing about a call. Start at `edge`, which puts a running house together; `up` runs one for
//! an operator, `demo` one for a visitor; `verbs` are the commands that only look.

mod access;
mod addresses;
mod authority;
mod banner;
mod call_page;
mod certificate;
mod control;
mod demo;
mod desk;
mod directories;
mod directory;
mod drained_trunks;
mod edge;
mod handed_on;
mod inventory;
mod ladders;
mod landing;
mod listening;
mod made_calls;
mod operate;
mod pcapng;
mod phone_files;
mod recorder;
mod reporting;
mod revisions;
mod seen;
mod sight;
mod storage;
mod stored_tests;
mod supervisor;
mod unrecorded;
mod up;
mod verbs;
mod web;

use std::process::ExitCode;

use cli::{Cli, Config, Exit, Failover, Palette, Verb};
use verbs::Form;

fn main() -> ExitCode {
    let Cli { verb, color } = cli::parse();
    let palette = Palette::of_stdout(color);
    let form = |as_json| if as_json { Form::Json } else { Form::Text };
    let exit = match verb {
        Verb::Up(up) => up::run(&up),
        Verb::Demo(demo) => demo::run(&demo, palette),
        Verb::Config(Config::Check { dir, json }) => verbs::check::run(&dir, form(json), palette),
        Verb::Config(Config::Show { trunk, dir, json }) => {
            verbs::effective::run(&trunk, &dir, form(json), palette)
        }
        Verb::Config(Config::Schema) => verbs::schema(),
        Verb::Explain(explain) => verbs::explain::run(&explain, palette),
        Verb::Number(number) => verbs::number::run(&number, palette),
        Verb::Test(test) => verbs::test::run(&test, palette),
        Verb::Failover(Failover::Test { trunk, dir, json }) => {
            verbs::failover::run(&trunk, &dir, form(json), palette)
        }
        Verb::Drain(drain) => verbs::operate::drain(&drain),
        Verb::Resume(resume) => verbs::operate::resume(&resume),
        Verb::Status(status) => verbs::status::run(&status, palette),
        Verb::Top(top) => verbs::top::run(&top, palette),
        Verb::Trunk(trunk) => verbs::trunk::run(&trunk, palette),
        Verb::User(user) => verbs::user::run(&user, palette),
        Verb::Webhook(webhook) => verbs::webhook::run(&webhook),
        Verb::Directory(directory) => verbs::directory::run(&directory, palette),
        Verb::Certificate(certificate) => verbs::certificate::run(&certificate, palette),
        Verb::Call(call) => verbs::call::run(&call, palette),
        Verb::Provider(provider) => verbs::provider::run(&provider, palette),
        Verb::Plan(plan) => verbs::change::plan(&plan, palette),
        Verb::Apply(apply) => verbs::change::apply(&apply, palette),
        Verb::Confirm(confirm) => verbs::change::confirm(&confirm, palette),
        Verb::Rollback(rollback) => verbs::change::rollback(&rollback, palette),
        Verb::Revisions(revisions) => verbs::past::list(&revisions, palette),
        Verb::Diff(diff) => verbs::past::diff(&diff, palette),
        Verb::Cost(cost) => verbs::cost::run(&cost, palette),
        Verb::Capacity(capacity) => verbs::capacity::run(&capacity, palette),
        Verb::Report(report) => verbs::report::run(&report, palette),
        Verb::Rate(rate) => verbs::rate::run(&rate, palette),
        Verb::Store(store) => verbs::store::run(&store, palette),
        Verb::Cdr(cdr) => verbs::cdr::run(&cdr, palette),
        Verb::Token(token) => verbs::token::run(&token, palette),
        Verb::SignIn(sign_in) => verbs::sign_in::run(&sign_in),
        Verb::SignOut(sign_out) => verbs::sign_in::out(&sign_out),
        Verb::Audit(audit) => verbs::audit::run(&audit, palette),
        Verb::Completions(completions) => verbs::pages::completions(&completions),
        Verb::Manual { dir } => verbs::pages::manual(&dir),
        Verb::Help { topic } => verbs::help::run(topic.as_deref()),
        Verb::Version { json } => verbs::version(form(json)),
    };
    exit.unwrap_or_else(|error| {
        eprintln!("tandem: {error:#}");
        Exit::Unreachable
    })
    .into()
}
