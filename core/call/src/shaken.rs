//! Keys of a leg by a handshake of DTLS (RFC 5763): what its peer says of itself, which part is ours, and
//! what we say.

use std::sync::Arc;

use media::{Certificate, Handshake, Role};
use sdp::{Feedback, Fingerprint, Media, Session, Setup};

/// What an offer comes to. Where the choice is ours we begin: our first message then waits for nobody's
/// answer. Who had a part keeps it.
pub(crate) fn of_offer(
    ours: &Arc<Certificate>,
    (theirs, media): (&Session<'_>, &Media<'_>),
    before: Option<&Handshake>,
) -> Result<Handshake, String> {
    let shown = shown(theirs, media)?;
    let kept = before.filter(|before| before.theirs == shown).map(|before| before.role);
    let role = match theirs.setup_of(media, Setup::Active) {
        Some(Setup::ActPass) => kept.unwrap_or(Role::Client),
        Some(Setup::Active) => Role::Server,
        Some(Setup::Passive) => Role::Client,
        None => return Err(format!("they offered {} with no part for us in the handshake", media.protocol)),
    };
    Ok(Handshake { role, theirs: shown, ours: Arc::clone(ours) })
}

/// What the answer to an offer of ours comes to, which left the choice to them.
pub(crate) fn of_answer(
    ours: &Arc<Certificate>,
    (theirs, media): (&Session<'_>, &Media<'_>),
) -> Result<Handshake, String> {
    if !media.is_shaken() {
        return Err(format!("they answered {} where keys by DTLS were offered", media.protocol));
    }
    let role = match theirs.setup_of(media, Setup::Passive) {
        Some(Setup::Active) => Role::Server,
        Some(Setup::Passive) => Role::Client,
        Some(Setup::ActPass) | None => {
            return Err(format!("they answered {} and leave open who begins", media.protocol));
        }
    };
    Ok(Handshake { role, theirs: shown(theirs, media)?, ours: Arc::clone(ours) })
}

/// Our line in an offer.
pub(crate) fn offered(ours: &Certificate, feedback: Feedback) -> sdp::Handshake {
    sdp::Handshake { fingerprint: Fingerprint(ours.fingerprint()), setup: Setup::ActPass, feedback }
}

/// Our line in an answer.
pub(crate) fn answered(agreed: &Handshake) -> sdp::Handshake {
    let setup = match agreed.role {
        Role::Client => Setup::Active,
        Role::Server => Setup::Passive,
    };
    sdp::Handshake { fingerprint: Fingerprint(agreed.ours.fingerprint()), setup, feedback: Feedback::None }
}

fn shown(theirs: &Session<'_>, media: &Media<'_>) -> Result<Vec<[u8; 32]>, String> {
    let mut shown: Vec<[u8; 32]> = theirs.fingerprints_of(media).iter().map(|print| print.0).collect();
    shown.sort_unstable();
    shown.dedup();
    if shown.is_empty() {
        return Err(format!("they said {} without a fingerprint by SHA-256", media.protocol));
    }
    Ok(shown)
}
