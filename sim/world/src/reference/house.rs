//! The documents, and what is looked up in them again and again.

use model::{Document, Documents, Site, User};

use crate::reference::numbering::{Country, Numbering, Place};

pub(crate) struct House<'d> {
    pub documents: &'d Documents,
    pub numbering: &'d Numbering,
}

impl<'d> House<'d> {
    /// The user with this name or number; or with this extension, if nobody else has it.
    pub fn owner_of(&self, text: &str) -> Option<&'d Document<User>> {
        let mut numbered = self.documents.user.values().filter(|user| {
            let mut numbers = user.number.iter().chain(&user.private_number);
            &*user.name == text || numbers.any(|number| number.as_str() == text)
        });
        numbered.next().or_else(|| {
            let mut extended = self.extended(text);
            extended.next().filter(|_| extended.next().is_none())
        })
    }

    /// All who have an extension.
    pub fn extended(&self, extension: &str) -> impl Iterator<Item = &'d Document<User>> {
        let users = self.documents.user.values();
        users.filter(move |user| user.extension.as_ref().is_some_and(|own| own.as_str() == extension))
    }

    /// The country whose habits hold at a site, or of the house.
    pub fn country_at(&self, site: Option<&Document<Site>>) -> &'d Country {
        let own = site.and_then(|site| site.country.as_ref());
        self.numbering.country(own.unwrap_or(&self.documents.system.country))
    }

    /// Where somebody at a site dials.
    pub fn place_at(&self, site: Option<&Document<Site>>) -> Place<'d> {
        let own = site.and_then(|site| site.area_code.as_ref());
        let area = own.or(self.documents.system.area_code.as_ref());
        Place { country: self.country_at(site), area: area.map(|area| area.value.clone()) }
    }
}
