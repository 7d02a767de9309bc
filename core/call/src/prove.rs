//! Requests of ours inside of a call, and what a far end wants proven about them.

use media::Side;
use sip_message::Message;
use sip_stack::{ClientId, auth};

use crate::call::Call;
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
        if said.proofs >= PROOFS_MAX {
            return None;
        }
        let (name, challenge) = auth::pick(challenged)?;
        let account = self.end(to).credentials.clone()?;
        let uri = self.dialog(to)?.next_uri().to_owned();
        let account = auth::Credentials { user: &account.user, password: account.password.reveal() };
        let (method, chance) = (said.method.as_str(), room.stack.chance());
        let value = auth::answer(challenge, account, method, &uri, said.content(), chance, 1)?;
        said.proofs += 1;
        self.say_inside(room, (to, part), said, Some((name, &value)))
    }
}
