//! Certificates that an authority gives: which the documents wish for, and who is told what becomes of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use api::{CertificateFigures, Feed, Happened};
use certificates::{Asking, Keeper, Key, Standing, Turn};
use model::{Acme, CertificateKey, Documents, Spot};
use serde_json::json;
use tracing::{error, info};

use crate::control::Board;
use crate::desk::Order;
use crate::revisions::{Job, Told, now_ms};

/// Finds out what was given before; what is missing has a stand-in on return.
pub fn open(documents: &Documents, base: &Path, data: &Path) -> Result<Arc<Keeper>> {
    let asking = documents.system.acme.as_ref().map(|acme| asking(acme, base));
    let names =
        |names: &[Spot<String>]| -> Vec<String> { names.iter().map(|name| name.value.clone()).collect() };
    let interfaces = documents.interface.values();
    let sealed = interfaces.filter(|interface| interface.tls.is_some() || interface.wss.is_some());
    let wanted = sealed.map(|interface| names(&interface.tls_names));
    let wanted = wanted.chain(documents.system.http.iter().map(|http| names(&http.tls_names)));
    let wanted: Vec<Vec<String>> = wanted.filter(|names| !names.is_empty()).collect();
    Ok(Arc::new(Keeper::open(asking, data, &wanted).context("[system.acme]")?))
}

fn asking(acme: &Acme, base: &Path) -> Asking {
    Asking {
        directory: acme.authority.url().to_owned(),
        roots: acme.tls_verify.as_ref().map(|path| base.join(path)),
        contact: acme.contact.iter().map(|contact| format!("mailto:{}", contact.value)).collect(),
        listen: acme.listen.as_ref().map(|listen| listen.value.0),
        key: match acme.key {
            CertificateKey::P256 => Key::P256,
            CertificateKey::P384 => Key::P384,
            CertificateKey::Rsa2048 => Key::Rsa2048,
        },
    }
}

/// Has certificates renewed from now on; what is given is shown at once, what fails is an alarm.
pub fn follow(keeper: &Arc<Keeper>, order: Order, board: &Arc<Board>, feed: &Arc<Feed>) {
    let (shown, feed, all) = (Arc::clone(board), Arc::clone(feed), Arc::downgrade(keeper));
    // What failed before this process began has to be looked at still.
    alarm(board, keeper);
    let told = move |turn: Turn<'_>| {
        tell(&feed, &turn);
        if let Some(keeper) = all.upgrade() {
            alarm(&shown, &keeper);
        }
        if let Turn::Given(_) = turn {
            // After any job the owner looks at the files of certificates.
            let look: Job = Box::new(|_, _| -> Told { Box::new(|| {}) });
            // False where the house stops.
            let _ = order(look);
        }
    };
    if let Err(fault) = keeper.follow(told) {
        error!("certificates are not renewed: {fault}");
    }
}

fn alarm(board: &Board, keeper: &Keeper) {
    let now = now_ms();
    board.alarm("certificates", keeper.standings().iter().filter_map(|one| one.alarm(now)).collect());
}

fn tell(feed: &Feed, turn: &Turn<'_>) {
    let (what, standing) = match turn {
        Turn::Given(standing) => ("given", standing),
        Turn::Failed(standing) => ("failed", standing),
    };
    let Standing { names, authority, until_ms, failures, next_ms, why, .. } = standing;
    let names = names.join(" ");
    match (turn, why) {
        (Turn::Given(_), _) => info!(names, authority, "the authority has given a certificate"),
        (Turn::Failed(_), why) => {
            let why = why.as_deref().unwrap_or_default();
            error!(names, authority, failures, "no certificate was given; the one in use stays: {why}");
        }
    }
    let json = json!({
        "event": "certificate", "what": what, "names": standing.names, "until_ms": until_ms,
        "failures": failures, "next_ms": next_ms, "why": why, "at": now_ms(),
    });
    feed.tell([Happened { kind: "certificate", json: &json.to_string() }]);
}

/// The certificates of the house, as figures show them: those that are got, and those in files of others.
pub fn figures(keeper: &Keeper, files: &[PathBuf]) -> Vec<CertificateFigures> {
    let given = keeper.standings().into_iter().map(|standing| CertificateFigures {
        name: standing.names.into_iter().next().unwrap_or_default(),
        until_ms: standing.until_ms,
        failures: Some(standing.failures),
    });
    let of_others = files.iter().map(|path| CertificateFigures {
        name: path.display().to_string(),
        until_ms: certificates::look(path).map(|shown| shown.until_ms),
        failures: None,
    });
    given.chain(of_others).collect()
}
