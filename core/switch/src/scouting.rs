//! Servers outside are asked about media ports before calls need these.

use std::sync::Arc;

use call::Now;
use media::{Found, Host, OutpostAccount, Outposts, PortPair};
use model::OutpostAddress;
use policy::{InterfaceId, Policy};
use sip_stack::Stack;

use crate::seam::{AskId, Outbox, Question};
use crate::switch::Switch;

impl Switch {
    /// Asks whatever is to be asked by now.
    pub(crate) fn scout(&mut self, now: Now, out: &mut Outbox) {
        for place in self.places.media() {
            let interface = place.interface;
            while let Some(scout) = place.scout(now.instant, || secret(&mut self.stack)) {
                self.last_ask += 1;
                out.asks.push((AskId(self.last_ask), Question::Scout(interface, Box::new(scout))));
            }
        }
    }

    /// Whoever the policy names is asked from now on.
    pub(crate) fn scout_by_policy(&mut self, now: Now) {
        for place in self.places.media() {
            let posts = outposts(&self.policy, place.interface);
            place.scouts.ask_others(now.instant, posts, &mut place.book);
        }
    }

    pub(crate) fn scouted(&mut self, now: Now, interface: InterfaceId, ports: PortPair, found: Found) {
        if let Some(place) = self.places.media_at(interface) {
            place.scouted(now.instant, ports, found);
        }
    }
}

fn secret(stack: &mut Stack) -> [u8; 16] {
    let mut secret = [0; 16];
    stack.chance().fill(&mut secret);
    secret
}

/// Who is asked of an interface.
pub(crate) fn outposts(policy: &Policy, interface: InterfaceId) -> Arc<Outposts> {
    let host = |server: &OutpostAddress| Host { name: Arc::clone(&server.host), port: server.port };
    let known = policy.interfaces().iter().find(|one| one.id == interface).map(|one| &one.outposts);
    let turn = known.and_then(|known| known.turn.as_ref()).map(|turn| OutpostAccount {
        host: host(&turn.server),
        username: Arc::clone(&turn.user),
        password: turn.password.reveal().as_str().into(),
    });
    let stun = known.and_then(|known| known.stun.as_ref()).map(host);
    Arc::new(Outposts { stun, turn })
}
