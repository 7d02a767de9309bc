//! What sounds like a call for help, wherever in the house it may have been dialled.

use model::{Document, Site};

use crate::reference::house::House;
use crate::reference::uri::Wanted;

impl House<'_> {
    /// Whether digits are dialled for help at any site, also behind a code or an outside prefix.
    pub fn sounds_urgent(&self, request_uri: &str) -> bool {
        let digits = match Wanted::of(request_uri) {
            Some(Wanted::Somebody(digits, _)) => digits,
            Some(Wanted::Help(_)) => return true,
            None => return false,
        };
        let sites = self.documents.site.values().map(Some).chain([None]);
        let mut typed = vec![digits.clone()];
        typed.extend(sites.filter_map(|site| self.behind_code(site, &digits)));
        let prefixes = || self.documents.site.values().filter_map(|site| site.outside_prefix.as_ref());
        typed.iter().any(|digits| {
            let mut outside = prefixes().filter_map(|prefix| digits.strip_prefix(prefix.as_str()));
            self.asks_for_help(digits) || outside.any(|digits| self.asks_for_help(digits))
        })
    }

    fn behind_code(&self, site: Option<&Document<Site>>, digits: &str) -> Option<String> {
        let system = &self.documents.system;
        let hide = site.and_then(|site| site.privacy_code.as_ref()).or(system.privacy_code.as_ref());
        let show = site.and_then(|site| site.show_code.as_ref()).or(system.show_code.as_ref());
        let behind = |code: &str| digits.strip_prefix(code).filter(|rest| !rest.is_empty());
        hide.into_iter().chain(show).find_map(|code| behind(code)).map(str::to_owned)
    }

    fn asks_for_help(&self, digits: &str) -> bool {
        let sites = self.documents.site.values().map(Some).chain([None]);
        let is_dialled = || {
            let mut rules = self.documents.emergency.values();
            rules.any(|rule| rule.dial.iter().any(|number| number == digits))
        };
        sites.into_iter().any(|site| self.country_at(site).is_help(digits)) || is_dialled()
    }
}
