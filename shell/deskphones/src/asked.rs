//! Which file a name is of, for a phone of this make.

use model::{Mac, Make};
use policy::Phone;

use crate::{grandstream, poly, snom, yealink};

/// What a phone is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its content type.
    pub kind: &'static str,
    pub text: String,
}

pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
pub(crate) const XML: &str = "application/xml; charset=utf-8";

/// The file that goes by this name for this phone; nothing where it is another maker's, another phone's, or
/// one that the house does not write.
pub fn file(phone: &Phone, name: &str) -> Option<File> {
    let name = name.to_ascii_lowercase();
    match phone.make {
        Make::Yealink => yealink::file(phone, &name),
        Make::Poly => poly::file(phone, &name),
        Make::Snom => snom::file(phone, &name),
        Make::Grandstream => grandstream::file(phone, &name),
    }
}

/// Whether a part of a name is the phone's hardware address, however it is spelled.
pub(crate) fn is_of(phone: &Phone, part: &str) -> bool {
    part.parse::<Mac>().is_ok_and(|mac| mac == phone.mac)
}
