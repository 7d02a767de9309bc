//! Several people who are watched by one subscription (RFC 4662): of whom the watcher is owed news.

use std::collections::BTreeMap;
use std::sync::Arc;

use pidf::{Extent, List, Resource, Told};
use policy::{Admission, Policy};
use sip_stack::Transport;

use crate::document::{Naming, Package};
use crate::face::Face;
use crate::limits::{LIST_BY_DATAGRAM, LIST_BY_STREAM};

/// The people of a subscription.
#[derive(Debug)]
pub(crate) struct Console {
    members: Vec<Member>,
    /// Whether the watcher has been told who is on it.
    is_known: bool,
}

#[derive(Debug)]
struct Member {
    user: Arc<str>,
    /// Of the next document about them.
    version: u32,
    is_owed: bool,
    /// What the watcher may see of them.
    admission: Admission,
}

/// What a NOTIFY brings.
pub(crate) struct Bundle {
    pub content_type: String,
    pub body: String,
}

/// Who watches, and by which subscription.
pub(crate) struct Asking<'a> {
    pub watcher: &'a str,
    pub package: Package,
    pub entity: &'a str,
    pub version: u32,
    /// What no document has in it.
    pub boundary: &'a str,
    pub transport: Transport,
}

impl Console {
    pub fn of(users: &[Arc<str>]) -> Console {
        let member = |user: &Arc<str>| Member {
            user: Arc::clone(user),
            version: 0,
            is_owed: true,
            admission: Admission::Block,
        };
        Console { members: users.iter().map(member).collect(), is_known: false }
    }

    /// Counts on from what another life of the process may have told.
    pub fn counting_from(mut self, version: u32) -> Console {
        self.members.iter_mut().for_each(|member| member.version = version);
        self
    }

    pub fn users(&self) -> impl Iterator<Item = &Arc<str>> {
        self.members.iter().map(|member| &member.user)
    }

    pub fn is_of(&self, users: &[Arc<str>]) -> bool {
        self.users().eq(users)
    }

    pub fn admission_to(&self, user: &str) -> Admission {
        let member = self.members.iter().find(|member| *member.user == *user);
        member.map_or(Admission::Block, |member| member.admission)
    }

    /// Finds out what the watcher may see of each; whether of anybody it is something else than before.
    pub fn judge(&mut self, policy: &Policy, watcher: &str) -> bool {
        let mut is_other = false;
        for member in &mut self.members {
            let admission = policy.admission(&member.user, watcher);
            if admission != member.admission {
                (member.admission, member.is_owed, is_other) = (admission, true, true);
            }
        }
        is_other
    }

    /// Somebody looks otherwise from now on.
    pub fn changed(&mut self, user: &str) {
        self.members.iter_mut().filter(|member| *member.user == *user).for_each(|one| one.is_owed = true);
    }

    /// Nobody knows what the watcher knows: it is told everything.
    pub fn begin_anew(&mut self) {
        self.is_known = false;
        self.members.iter_mut().for_each(|member| member.is_owed = true);
    }

    pub fn is_owed(&self) -> bool {
        self.members.iter().any(|member| member.is_owed)
    }

    /// As much as fits of what is owed. The first names everybody; who is left waits for the next.
    pub fn tell(
        &mut self,
        policy: &Policy,
        asking: &Asking<'_>,
        faces: &BTreeMap<Arc<str>, Arc<Face>>,
    ) -> Bundle {
        let mut room = if asking.transport == Transport::Udp { LIST_BY_DATAGRAM } else { LIST_BY_STREAM };
        let extent = if self.is_known { Extent::Some } else { Extent::Everybody };
        self.is_known = true;
        let mut resources = Vec::new();
        for (number, member) in self.members.iter_mut().enumerate() {
            let told = match faces.get(&member.user) {
                Some(face) if member.is_owed && room > 0 => member.tell(policy, asking, face),
                _ => Told::Nothing,
            };
            if told == Told::Nothing && extent == Extent::Some {
                continue;
            }
            let uri = format!("sip:{}@{}", member.user, policy.realm());
            let name = (extent == Extent::Everybody).then(|| policy.display_of(&member.user));
            let name = name.flatten().map(str::to_owned);
            if let Told::Document { body, .. } = &told {
                room = room.saturating_sub(body.len());
            }
            resources.push(Resource { uri, name, number, told });
        }
        let (uri, version, boundary) = (asking.entity, asking.version, asking.boundary);
        let list = List { uri, version, extent, resources, boundary, domain: policy.realm() };
        Bundle { content_type: list.content_type(), body: list.to_string() }
    }
}

impl Member {
    fn tell(&mut self, policy: &Policy, asking: &Asking<'_>, face: &Face) -> Told {
        self.is_owed = false;
        let absent = Face::absent();
        let face = match self.admission {
            Admission::Block => return Told::Rejected,
            Admission::Confirm => return Told::Pending,
            Admission::PoliteBlock => &absent,
            Admission::Allow => face,
        };
        let person = format!("sip:{}@{}", self.user, policy.realm());
        let naming = Naming::between(policy, asking.watcher, &self.user);
        let body = asking.package.document(face, policy, (&person, &person), self.version, naming);
        self.version = self.version.wrapping_add(1);
        Told::Document { content_type: asking.package.content_type(), body }
    }
}
