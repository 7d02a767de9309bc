//! Where one side of a call's media stands: the interface at which it lies, who may speak there, its
//! keys, and how it is reached.

use std::sync::Arc;

use media::Senders;
use policy::{Dtmf, InterfaceId, LegRules, MediaSenders};
use sip_message::{Header, Message};
use sip_stack::{Dialog, Flow};

use crate::Room;
use crate::chats::Chats;
use crate::keys::{Carrier, FarEnd, Keys};
use crate::way::Ways;

pub(crate) struct Stand {
    pub interface: InterfaceId,
    /// Where it may stand if no port is left there.
    pub otherwise: Option<InterfaceId>,
    pub senders: Senders,
    pub keys: Keys,
    pub ways: Ways,
    pub dtmf: Dtmf,
    pub chats: Chats,
}

/// Whether who signals over a flow is the far end itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    Straight,
    /// Through proxies of others: where they are says nothing of where its media comes from.
    Through,
}

impl Reached {
    pub fn by(dialog: &Dialog) -> Reached {
        if dialog.is_routed() { Reached::Through } else { Reached::Straight }
    }

    pub fn asked_by(message: &Message<'_>) -> Reached {
        match message.values(Header::RecordRoute).next() {
            Some(_) => Reached::Through,
            None => Reached::Straight,
        }
    }
}

impl Stand {
    pub fn of(room: &Room<'_>, flow: Flow, reached: Reached, rules: &LegRules) -> Stand {
        let senders = match (rules.senders, reached) {
            (MediaSenders::Signalled, _) => Senders::Signalled,
            (MediaSenders::Near, Reached::Straight) => Senders::Near(Some(flow.remote.ip())),
            (MediaSenders::Near, Reached::Through) => Senders::Near(None),
            (MediaSenders::Anywhere, _) => Senders::Anywhere,
        };
        let certificate = room.places.certificate().map(Arc::clone);
        let keys = Keys::new(rules.srtp, Carrier::of(flow), FarEnd::of(flow), certificate);
        let signalled_at = room.places.interface_of(flow.listener);
        let interface = rules.home.interface(signalled_at);
        let otherwise = rules.home.otherwise(signalled_at);
        let at = (room.policy.ice(interface), room.policy.side_of(interface));
        let ways = Ways::new(at, rules.ice);
        let chats = Chats::new(rules, room.places.chats_at(interface));
        Stand { interface, otherwise, senders, keys, ways, dtmf: rules.dtmf, chats }
    }
}
