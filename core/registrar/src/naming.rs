//! Which devices have GRUUs, and until when (RFC 5627 5.1, 5.3).

use policy::Gruu;
use sip_message::{Header, Message, Uri};
use sip_stack::{Chance, Dialog};

use crate::binding::{Binding, Naming};
use crate::reading::{Contact, No};
use crate::seal::{Lot, Sealed, says_gruu};
use crate::table::{Table, Way};

/// A device that names itself at greater length has no GRUU.
const INSTANCE_MAX: usize = 128;
const ADDRESS_MAX: usize = 256;

/// Phones that read no more of what stands in quotes than what is before the first semicolon, and then say in
/// their calls to be at the torn address: nothing that is sent there arrives. They have GRUUs like others and
/// are not told them.
const TEAR_QUOTES: [&str; 1] = ["baresip"];

/// Whether whoever registers wants GRUUs.
pub(crate) fn is_wanted(message: &Message<'_>) -> bool {
    [Header::Supported, Header::Require].into_iter().any(|header| message.has_token(header, "gruu"))
}

/// Whether whoever registers is told them.
pub(crate) fn is_told(message: &Message<'_>) -> bool {
    let agent = message.line(Header::UserAgent).unwrap_or_default();
    let tears = TEAR_QUOTES
        .iter()
        .any(|name| agent.get(..name.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(name)));
    is_wanted(message) && !tears
}

/// A device that registers the address that leads to it would be looked for in a circle.
pub(crate) fn leads_back(
    contacts: &[Contact<'_>],
    table: &Table,
    user: &str,
    message: &Message<'_>,
) -> Result<(), No> {
    let is_own = |contact: &Contact<'_>| {
        let is_address = || message.to().parsed_uri().is_ok_and(|own| own.matches(&contact.uri));
        is_address() || table.gruu(&contact.text).is_some_and(|gruu| *gruu.user == *user)
    };
    let mut named = contacts.iter().filter(|one| one.instance.is_some() && !one.lasts.is_zero());
    match named.any(is_own) {
        true => Err(No::NotThere("a Contact is the address that it registers: it would lead in a circle")),
        false => Ok(()),
    }
}

/// Gives devices what their GRUUs are made of, and makes those void that a device has left behind: whoever
/// registers anew is not who registered before.
pub(crate) fn name(
    bindings: &mut [Binding],
    known: &[&Binding],
    contacts: &[Contact<'_>],
    message: &Message<'_>,
    mut draw: impl FnMut() -> u64,
) {
    let is_wanted = is_wanted(message);
    for contact in contacts.iter().filter(|one| !one.lasts.is_zero()) {
        let Some(instance) = contact.instance.filter(|instance| instance.len() <= INSTANCE_MAX) else {
            continue;
        };
        let of_device = |one: &&&Binding| one.instance.as_deref() == Some(instance);
        let before = known.iter().filter(of_device).find_map(|one| one.naming.as_deref());
        if before.is_none() && !is_wanted {
            continue;
        }
        let is_same_flow =
            |one: &&&Binding| contact.flow_number.is_none() || one.flow_number == contact.flow_number;
        let last = known.iter().filter(of_device).filter(is_same_flow).max_by_key(|one| one.until);
        let is_void = last.is_some_and(|last| *last.call_id != *message.call_id());
        let series = before.filter(|_| !is_void).map_or_else(&mut draw, |before| before.series);
        let Some(address) = address_of(message).or(before.map(|before| &*before.address)) else { continue };
        for binding in bindings.iter_mut().filter(|one| one.instance.as_deref() == Some(instance)) {
            binding.naming = Some(Box::new(Naming { address: address.into(), series }));
        }
    }
}

/// The address that is registered, as far as it names a user at a host.
fn address_of<'m>(message: &Message<'m>) -> Option<&'m str> {
    let uri = message.to().uri;
    let address = &uri[..uri.find([';', '?']).unwrap_or(uri.len())];
    let is_whole = Uri::parse(address).is_ok_and(|uri| uri.is_sip() && uri.user().is_some());
    Some(address).filter(|address| is_whole && address.len() <= ADDRESS_MAX)
}

impl Table {
    /// The device that a URI names, where it is a GRUU that we gave and that holds.
    pub fn gruu(&self, uri: &str) -> Option<Gruu> {
        if !says_gruu(uri) {
            return None;
        }
        match self.seal().read(uri)? {
            Sealed::Public { user, instance } => {
                Some(Gruu { user: user.into(), device: instance.into(), is_temporary: false })
            }
            Sealed::Temporary { series } => {
                let (user, device) = self.in_series(series)?;
                Some(Gruu { user: user.clone(), device: device.clone(), is_temporary: true })
            }
        }
    }

    /// A phone that says to be at a GRUU of ours is at the contact that it registered: what is sent to the
    /// address itself would come to us (RFC 5627 6.1).
    pub fn settle(&self, dialog: &mut Dialog) {
        let Some(gruu) = self.gruu(dialog.target()) else { return };
        let contact = match self.ways(&gruu.user, &gruu.device).into_iter().next() {
            Some(Way::On { contact, .. }) => Some(contact),
            Some(Way::By { .. }) | None => self.contact_of(&gruu.user, &gruu.device),
        };
        if let Some(contact) = contact {
            dialog.retarget_to(&contact);
        }
    }

    fn contact_of(&self, user: &str, device: &str) -> Option<Box<str>> {
        let of_device = self.of(user)?.iter().filter(|one| one.device() == device);
        of_device.max_by_key(|one| one.until).map(|one| (*one.contact).into())
    }

    /// The GRUUs of a binding's device, as parameters of its Contact; the temporary one is new.
    pub(crate) fn names_of(&self, user: &str, binding: &Binding, lot: &Lot) -> String {
        let (Some(naming), Some(instance)) = (&binding.naming, &binding.instance) else {
            return String::new();
        };
        let public = self.seal().public(&naming.address, user, instance);
        let temporary = self.seal().temporary(&naming.address, naming.series, lot);
        format!(";pub-gruu=\"{public}\";temp-gruu=\"{temporary}\"")
    }

    /// The public GRUU of a binding's device.
    pub fn public_gruu(&self, user: &str, binding: &Binding) -> Option<String> {
        let (naming, instance) = (binding.naming.as_ref()?, binding.instance.as_ref()?);
        Some(self.seal().public(&naming.address, user, instance))
    }

    /// A series that no device has.
    pub(crate) fn draw(&self, chance: &mut Chance) -> u64 {
        loop {
            let series = chance.u64();
            if self.in_series(series).is_none() {
                return series;
            }
        }
    }
}
