//! What phones that register are held to.

use std::time;

use crate::documents::Documents;
use crate::duration::Duration;
use crate::fault::Fault;
use crate::problem::{Code, Problem};
use crate::registrar::HOUR;
use crate::spot::Spot;

const DAY: time::Duration = time::Duration::from_secs(86_400);

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    if let Some(digest) = documents.system.digest.as_ref().filter(|digest| digest.is_empty()) {
        let fault = Fault::new(Code::OUT_OF_RANGE, "digest names none: nobody could prove anything");
        let fault = fault.suggest("digest = [\"sha-256\", \"md5\"], or leave it away");
        problems.push(documents.problem_at(&documents.system, digest, fault));
    }
    if let Some(window) = documents.system.callback_window.as_ref().filter(|window| window.0 > DAY) {
        let fault = Fault::new(Code::OUT_OF_RANGE, "callback_window is 24h at most");
        let fault = fault.suggest("30m suits most countries, and 0s is none");
        problems.push(documents.problem_at(&documents.system, window, fault));
    }
    let Some(registrar) = &documents.system.registrar else { return };
    let mut wrong = |fault: Fault, at: &Spot<Duration>| {
        problems.push(documents.problem_at(&documents.system, at, fault));
    };
    let range = |message: String| Fault::new(Code::OUT_OF_RANGE, message);
    let figure = |span: time::Duration| Duration(span).to_string();
    if let Some(least) = &registrar.least
        && !(time::Duration::from_secs(1)..=HOUR).contains(&least.0)
    {
        // RFC 3261 10.3: only what is below an hour may be refused as too brief.
        wrong(range("least is between 1s and 1h".into()).suggest("60s suits phones behind a NAT"), least);
    }
    if let Some(most) = &registrar.most
        && !(registrar.least()..=DAY).contains(&most.0)
    {
        let least = figure(registrar.least());
        wrong(
            range(format!("most is between least ({least}) and 24h")).suggest("1h suits most houses"),
            most,
        );
    }
    if let Some(usual) = &registrar.usual
        && !(registrar.least()..=registrar.most()).contains(&usual.0)
    {
        let (least, most) = (figure(registrar.least()), figure(registrar.most()));
        let fault = range(format!("usual is between least ({least}) and most ({most})"));
        wrong(fault.suggest("leave it away: it is most then"), usual);
    }
    if let Some(devices) = registrar.devices.as_ref().filter(|devices| !(1..=100).contains(&devices.value)) {
        let fault = range("devices is between 1 and 100".into()).suggest("10 is plenty for most people");
        problems.push(documents.problem_at(&documents.system, devices, fault));
    }
}
