//! Requests of ours inside of a call, and what a far end wants proven about them.

use media::Side;
use policy::Credentials;
use sip_message::Message;
use sip_stack::{ClientId, Dialog, Owner, auth};

use crate::call::Call;
use crate::lines::lent_lines;
use crate::said::Said;
use crate::{Room, part};

/// A challenge is answered once, and once more where only the nonce was stale.
const PROOFS_MAX: u32 = 2;

impl Call {
    /// Says something to one side, inside of its dialog.
    pub(crate) fn say_inside(
        &mut self,
        room: &mut Room<'_>,
        (to, part): (Side, u16),
        said: &Said,
        proof: Option<(&str, &str)>,
    ) -> Option<ClientId> {
        let owner = part::owner(self.key, part);
        let mut headers: Vec<(&str, &str)> =
            said.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        headers.extend(proof);
        let lines = self.request_lines(to, said.method, &headers);
        let headers = lent_lines(&lines);
        let next = self.dialog(to)?.next_request(said.method);
        let mut request = next.as_request();
        request.contact = said.contact.as_deref();
        request.max_forwards = said.hops;
        request.headers = &headers;
        request.body = said.body.as_ref().map(|(kind, content)| (&**kind, &**content));
        Some(room.stack.request(room.now.instant, &request, owner, room.sends))
    }

    /// Says it again with a proof, where the trunk of that side has an account and the challenge can be met.
    pub(crate) fn prove_inside(
        &mut self,
        room: &mut Room<'_>,
        (to, part): (Side, u16),
        said: &mut Said,
        challenged: &Message<'_>,
    ) -> Option<ClientId> {
        let account = self.end(to).credentials.clone();
        let uri = self.dialog(to)?.next_uri().to_owned();
        let (name, value) = proof(room, account.as_deref(), &uri, said, challenged)?;
        self.say_inside(room, (to, part), said, Some((name, &value)))
    }
}

/// Says something inside of a dialog.
pub(crate) fn say(
    room: &mut Room<'_>,
    dialog: &mut Dialog,
    said: &Said,
    proof: Option<(&str, &str)>,
    owner: Owner,
) -> ClientId {
    let mut headers: Vec<(&str, &str)> =
        said.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    headers.extend(proof);
    let next = dialog.next_request(said.method);
    let mut request = next.as_request();
    request.contact = said.contact.as_deref();
    request.max_forwards = said.hops;
    request.headers = &headers;
    request.body = said.body.as_ref().map(|(kind, content)| (&**kind, &**content));
    room.stack.request(room.now.instant, &request, owner, room.sends)
}

/// The header that meets a challenge; nothing where it was met often enough, or can't be met.
pub(crate) fn proof(
    room: &mut Room<'_>,
    account: Option<&Credentials>,
    uri: &str,
    said: &mut Said,
    challenged: &Message<'_>,
) -> Option<(&'static str, String)> {
    if said.proofs >= PROOFS_MAX {
        return None;
    }
    let (name, challenge) = auth::pick(challenged)?;
    let account = account?;
    let account = auth::Credentials { user: &account.user, password: account.password.reveal() };
    let (method, chance) = (said.method.as_str(), room.stack.chance());
    let value = auth::answer(challenge, account, method, uri, said.content(), chance, 1)?;
    said.proofs += 1;
    Some((name, value))
}
