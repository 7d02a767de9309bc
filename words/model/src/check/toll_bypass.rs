//! Toll bypass is refused by place: trunks have to stand somewhere, and somebody has to be there.

use crate::documents::{Document, Documents};
use crate::fault::Fault;
use crate::problem::{Code, Problem};
use crate::site::{Site, TollBypass};
use crate::spot::Spot;
use crate::trunk::{Trunk, TrunkKind};

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    problems.extend(documents.site.values().filter_map(|site| of_site(documents, site)));
    problems.extend(documents.trunk.values().filter_map(|trunk| of_trunk(documents, trunk)));
}

fn of_site(documents: &Documents, site: &Document<Site>) -> Option<Problem> {
    match (site.toll_bypass, site.usages.first()) {
        (TollBypass::Refused, _) if site.subnets.is_empty() => {
            Some(documents.problem(site, nobody_at(&site.name)))
        }
        (TollBypass::Allowed, Some(usage)) => {
            let message = format!("usages of site \"{}\" do nothing: it allows toll bypass", site.name);
            let fault = Fault::new(Code::TOLL_BYPASS, message).suggest("add toll_bypass = \"refused\"");
            Some(documents.problem_at(site, usage, fault))
        }
        _ => None,
    }
}

fn of_trunk(documents: &Documents, trunk: &Document<Trunk>) -> Option<Problem> {
    if trunk.toll_bypass == TollBypass::Allowed {
        return None;
    }
    if trunk.kind == TrunkKind::Pbx {
        let message = format!("trunk \"{}\" leads to a PBX, not into the telephone network", trunk.name);
        let fault = Fault::new(Code::TOLL_BYPASS, message);
        let fault = fault.suggest("leave toll_bypass out; its site says where the people of the PBX are");
        return Some(documents.problem(trunk, fault));
    }
    let Some(name) = &trunk.site else {
        let message = format!("trunk \"{}\" serves only its site, and has none", trunk.name);
        let fault = Fault::new(Code::TOLL_BYPASS, message).suggest("add site = \"…\"");
        return Some(documents.problem(trunk, fault));
    };
    let is_empty = |name: &Spot<String>| documents.site.get(name.as_str())?.subnets.is_empty().then_some(());
    is_empty(name).map(|()| documents.problem_at(trunk, name, nobody_at(name)))
}

fn nobody_at(site: &str) -> Fault {
    let message = format!("nobody can be at site \"{site}\": it has no subnets");
    Fault::new(Code::TOLL_BYPASS, message).suggest("add subnets = [\"…\"] to the site")
}
