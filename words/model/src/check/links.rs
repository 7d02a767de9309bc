//! Lines that calls cross: nothing goes through the Internet in the clear unless somebody said why. And
//! offers, which are counted in the unit they name.

use crate::documents::{Document, Documents};
use crate::fault::Fault;
use crate::media::Srtp;
use crate::offer::{Offer, OfferUnit};
use crate::problem::{Code, Problem};
use crate::trunk::Trunk;
use crate::uri::Transport;

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    problems.extend(documents.trunk.values().filter_map(|trunk| of_trunk(documents, trunk)));
    problems.extend(documents.offer.values().filter_map(|offer| of_offer(documents, offer)));
}

fn of_trunk(documents: &Documents, trunk: &Document<Trunk>) -> Option<Problem> {
    let named = trunk.link.as_ref().and_then(|name| Some((name, documents.link.get(name.as_str())?)));
    let is_open = named.is_some_and(|(_, link)| link.kind.is_some_and(|kind| kind.is_open()));
    let lack = trunk.lacks_protection().filter(|_| is_open);
    match (lack, &trunk.unprotected, named) {
        (Some(lack), None, Some((name, _))) => {
            let message = format!("trunk \"{}\" crosses the Internet, and {lack}", trunk.name);
            let fault = Fault::new(Code::UNPROTECTED, message);
            let fault = fault.suggest(
                "transport=tls on every server and media.srtp = \"required\"; a link of kind \"vpn\"; or \
                 unprotected = \"who agreed, when and why\"",
            );
            Some(documents.problem_at(trunk, name, fault))
        }
        (Some(_), Some(why), _) if why.trim().is_empty() => {
            let fault = Fault::new(Code::UNPROTECTED, "why it may be is not said");
            Some(documents.problem_at(
                trunk,
                why,
                fault.suggest("unprotected = \"who agreed, when and why\""),
            ))
        }
        (None, Some(why), _) => {
            let message = format!("trunk \"{}\" is not unprotected on the Internet", trunk.name);
            let fault = Fault::new(Code::UNPROTECTED, message).suggest("leave unprotected out");
            Some(documents.problem_at(trunk, why, fault))
        }
        _ => None,
    }
}

impl Trunk {
    /// What of its calls others on the way could read.
    pub fn lacks_protection(&self) -> Option<&'static str> {
        let by_tls = self.servers.iter().all(|server| server.uri.likely_transport() == Transport::Tls);
        match (by_tls, self.media.srtp) {
            (true, Srtp::Required) => None,
            (false, Srtp::Required) => Some("its signalling is not sealed by TLS"),
            (true, _) => Some("its media need not be sealed by SRTP"),
            (false, _) => Some("neither TLS nor SRTP is sure to seal it"),
        }
    }
}

fn of_offer(documents: &Documents, offer: &Document<Offer>) -> Option<Problem> {
    let (lacks, excess) = match offer.by {
        OfferUnit::Line => (offer.channels.is_none().then_some("channels = 23"), offer.step_kbps.is_some()),
        OfferUnit::Channel => (None, offer.channels.is_some() || offer.step_kbps.is_some()),
        OfferUnit::Bandwidth => {
            (offer.step_kbps.is_none().then_some("step_kbps = 1000"), offer.channels.is_some())
        }
    };
    let fault = match (lacks, excess) {
        (Some(key), _) => {
            Fault::new(Code::OFFER, "how much of it is paid for is not said").suggest(format!("add {key}"))
        }
        (None, true) => {
            let fault = Fault::new(Code::OFFER, "channels belong to a line, and step_kbps to bandwidth");
            fault.suggest("keep the one that by = … names")
        }
        (None, false) => return None,
    };
    Some(documents.problem(offer, fault))
}
