//! Requests that change the house, carried out by its owner.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use cli::Exit;
use serde::Serialize;
use serde_json::json;
use store::Cause;

use super::author::name_of;
use super::owner::{No, Owner, Wish};
use crate::control::{Apply, Asked, Request, Response};
use crate::edge::Edge;

/// Carries a request out and answers it. A defect costs this request, not the house.
pub fn answer(owner: &mut Owner, edge: &Edge, asked: Asked) {
    let Asked { request, user, answer } = asked;
    let done = catch_unwind(AssertUnwindSafe(|| carry_out(owner, edge, request, user)));
    let response = done.unwrap_or_else(|_| {
        Response::refused(Exit::Unreachable, "a defect: see the log; the revision in force goes on")
    });
    // Whoever asked has gone; what was done is in the log and in the revisions.
    let _ = answer.send(response);
}

fn carry_out(owner: &mut Owner, edge: &Edge, request: Request, user: u32) -> Response {
    match request {
        Request::Plan { directory } => response(owner.plan(directory.as_deref())),
        Request::Apply(Apply { directory, why, confirm_s, seen, for_whom }) => {
            let wish = Wish {
                author: author(user, for_whom),
                why,
                cause: Cause::Apply,
                confirm_within: confirm_s.map(Duration::from_secs),
            };
            response(owner.apply(edge, directory.as_deref(), seen, wish))
        }
        Request::Confirm { for_whom } => {
            response(owner.confirm(&author(user, for_whom)).map(|number| json!({ "revision": number })))
        }
        Request::Rollback { to, why, for_whom } => {
            response(owner.roll_back(edge, to, author(user, for_whom), why))
        }
        Request::Token(_)
        | Request::Directories {}
        | Request::Directory { .. }
        | Request::Status {}
        | Request::Phones {}
        | Request::Calls { .. }
        | Request::Test { .. }
        | Request::MakeCall { .. }
        | Request::Notice { .. }
        | Request::HangUp { .. }
        | Request::Capture { .. }
        | Request::Drain { .. }
        | Request::Resume { .. }
        | Request::DrainTrunk { .. }
        | Request::ResumeTrunk { .. }
        | Request::Messages { .. }
        | Request::Certificates {}
        | Request::Certificate { .. }
        | Request::Find(_)
        | Request::Report(_) => Response::refused(Exit::Usage, "this is not asked of the owner"),
    }
}

fn response<T: Serialize>(result: Result<T, No>) -> Response {
    match result {
        Ok(done) => Response::answer(&done),
        Err(No { exit, words }) => Response::refused(exit, words),
    }
}

fn author(user: u32, for_whom: Option<String>) -> String {
    let name = name_of(user);
    match for_whom {
        Some(person) if person != name => format!("{person} as {name}"),
        _ => name,
    }
}
