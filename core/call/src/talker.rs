//! What one far end of a call is called (RFC 7989), and how it wants to hear of it.

use media::Side;
use policy::{LegRules, SessionIds};
use sip_message::{Header, Message, Remote, SessionId, Uuid};
use sip_stack::{Chance, ServerId};

use crate::Room;

/// The name of one far end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Talker {
    pub uuid: Uuid,
    /// What one hears that is older than RFC 7989: the same as it says, alone.
    alone: Option<Uuid>,
}

/// A new name that a request has brought, and that is not accepted yet.
#[derive(Clone, Copy)]
pub(crate) struct Claim {
    pub side: Side,
    pub server: ServerId,
    pub before: Talker,
    pub claimed: Talker,
}

impl Talker {
    /// Whoever sends a request that begins a leg; it has a name in any case.
    pub(crate) fn of_request(room: &mut Room<'_>, rules: &LegRules, message: &Message<'_>) -> Talker {
        let said = (rules.session_ids == SessionIds::Pass).then(|| Talker::of(message, None)).flatten();
        said.unwrap_or_default().named(room.stack.chance())
    }

    /// What a message says of its sender, who was told `before`; nothing, if it says nothing.
    pub(crate) fn of(message: &Message<'_>, before: Option<SessionId>) -> Option<Talker> {
        let said = SessionId::parse(message.line(Header::SessionId)?)?;
        if said.local.is_nil() {
            return None;
        }
        // Who answers with the name that it was asked with only repeats it (RFC 7329).
        let is_echo = before.is_some_and(|before| before.local == said.local);
        Some(match said.remote {
            Remote::Unsaid if is_echo => Talker { uuid: Uuid::NIL, alone: Some(said.local) },
            Remote::Unsaid => Talker { uuid: said.local, alone: Some(said.local) },
            Remote::Is(_) if is_echo => return None,
            Remote::Is(_) => Talker { uuid: said.local, alone: None },
        })
    }

    /// The same under this name.
    pub(crate) fn known_as(self, uuid: Uuid) -> Talker {
        Talker { uuid, ..self }
    }

    /// The same with a name in any case.
    pub(crate) fn named(self, chance: &mut Chance) -> Talker {
        if !self.uuid.is_nil() {
            return self;
        }
        let mut lot = [0; 16];
        chance.fill(&mut lot);
        Talker { uuid: Uuid::of_lot(lot), ..self }
    }

    /// What it is told, if the one that it speaks with has this name.
    pub(crate) fn hears_of(self, other: Uuid) -> SessionId {
        match self.alone {
            Some(own) => SessionId { local: own, remote: Remote::Unsaid },
            None => SessionId { local: other, remote: Remote::Is(self.uuid) },
        }
    }
}
