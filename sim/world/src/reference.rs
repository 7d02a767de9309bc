//! A second opinion: what becomes of a call, straight from the documents, slow and obvious.
//!
//! It reads [`model::Documents`] and follows their documentation. It has no index and no compiled tables, and
//! shares no code with `policy`, from which it takes facts and names of codes alone. Where the two disagree,
//! one of them is wrong. It keeps no trail, and says nothing of who diverted a call or of headers that one
//! trunk hands on to another.

mod alerts;
mod called;
mod caller;
mod help;
mod house;
mod marks;
mod numbering;
mod pattern;
mod phones;
mod place;
mod reach;
mod rights;
mod routes;
mod services;
mod shown;
mod urgent;
mod uri;
mod ways;
mod who;

pub(crate) use house::House;
pub(crate) use numbering::Numbering;

use model::{Codec, Document, MediaPath, Site, SitePath, Trunk, User};
use policy::{Begins, Callee, Claim, Code, Decision, Direction, Facts, Next};
use serde_json::{Value, json};

use called::{Called, called};
use caller::{Caller, caller};
use place::{Speaker, speaker};
use reach::{Reach, Sent};
use rights::may_call;
use routes::{Goal, goal};
use shown::{Mask, Shown};
use uri::Wanted;
use ways::Hop;
use who::{Who, Wish};

/// What becomes of a call, as far as both opinions speak of it.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Refused(Code),
    Goes(Goes),
}

#[derive(Debug, PartialEq)]
pub(crate) struct Goes {
    direction: Direction,
    pub emergency: bool,
    calling: String,
    called: String,
    route: Option<String>,
    /// What is wanted of another call; nobody is tried then.
    service: Option<Value>,
    /// The mark that lets it pass full limits.
    priority: Option<String>,
    tries: Vec<Try>,
}

/// One attempt.
#[derive(Debug, PartialEq)]
struct Try {
    callee: Callee,
    begins: Begins,
    next: Next,
    instead: Option<usize>,
    /// How long a phone rings.
    rings_s: Option<u64>,
    /// Whoever answers sooner is a mailbox of a carrier.
    escape_ms: Option<u128>,
    route: Option<String>,
    target: String,
    request_uri: String,
    from: String,
    to: String,
    headers: Vec<(String, String)>,
    claims: Vec<(String, u32)>,
    codecs: Vec<String>,
    path: MediaPath,
    /// In millionths a minute.
    price: Option<u32>,
}

impl Answer {
    /// The product's opinion, as far as it is compared.
    pub fn of(decision: &Decision) -> Answer {
        let plan = match decision {
            Decision::No(refusal) => return Answer::Refused(refusal.code),
            Decision::Go(plan) => plan,
        };
        let service = plan.service.as_ref();
        let attempts = plan.attempts.iter().filter(|_| service.is_none());
        let tries = attempts.map(|attempt| Try {
            callee: attempt.callee.clone(),
            begins: attempt.begins,
            next: attempt.next.clone(),
            instead: attempt.instead,
            rings_s: matches!(attempt.callee, Callee::User(_)).then(|| attempt.ring_max.as_secs()),
            escape_ms: attempt.escape.map(|escape| escape.as_millis()),
            route: attempt.route.as_deref().map(str::to_owned),
            target: attempt.target.to_string(),
            request_uri: attempt.heading.request_uri.text(),
            from: attempt.heading.from.text(),
            to: attempt.heading.to.text(),
            headers: attempt
                .heading
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.clone()))
                .filter(is_spoken_of)
                .collect(),
            claims: attempt.claims.iter().map(claimed).collect(),
            codecs: attempt.media.codecs.iter().map(|codec| codec.to_string()).collect(),
            path: attempt.media.path,
            price: attempt.quote.as_ref().map(|quote| quote.price.0),
        });
        Answer::Goes(Goes {
            direction: plan.direction,
            emergency: plan.emergency,
            calling: plan.calling.to_string(),
            called: plan.called.to_string(),
            route: plan.route.as_deref().map(str::to_owned),
            service: service.map(|wanted| json!(wanted)),
            priority: plan.priority.as_deref().map(str::to_owned),
            tries: tries.collect(),
        })
    }
}

impl Goes {
    /// Somebody who calls nobody.
    fn asking(caller: &Caller<'_>, dialled: String, wanted: Value) -> Goes {
        Goes {
            direction: Direction::Internal,
            emergency: false,
            calling: caller.name.clone(),
            called: dialled,
            route: None,
            service: Some(wanted),
            priority: None,
            tries: Vec::new(),
        }
    }
}

impl House<'_> {
    /// What becomes of a call.
    pub fn answer(&self, facts: &Facts) -> Answer {
        self.decide(facts).map_or_else(Answer::Refused, Answer::Goes)
    }

    fn decide(&self, facts: &Facts) -> Result<Goes, Code> {
        let (caller, against) = caller(self, facts);
        let (wanted, wish) = self.without_code(&caller, Wanted::of(&facts.request_uri));
        if let Some(wanted) = &wanted
            && let Some(alarm) = help::alarm(self, &caller, wanted, facts)
        {
            return self.helps(&caller, &alarm, facts);
        }
        if let Some(code) = against {
            return Err(code);
        }
        let wanted = wanted.ok_or(Code::UNREADABLE)?;
        if facts.max_forwards == 0 {
            return Err(Code::TOO_MANY_HOPS);
        }
        let Wanted::Somebody(dialled, extension) = wanted else { return Err(Code::UNASSIGNED) };
        if let Some(wanted) = services::service(self, &caller, &dialled) {
            return wanted.map(|wanted| Goes::asking(&caller, dialled, wanted));
        }
        let called = called(self, &caller, &dialled, extension.as_deref())?;
        may_call(self, &caller, &called)?;
        let speaker = speaker(self, &caller, facts);
        let goal = goal(self, &caller, speaker.bound(self), &called, facts.at)?;
        let who = who::who(self, &caller, facts, wish)?;
        let (direction, route, tries) = match goal {
            Goal::User(route, user) => {
                let direction = caller.trunk().map_or(Direction::Internal, |_| Direction::Inbound);
                let tries = self.reaches((&caller, &speaker), who, &called, user, facts)?;
                let by_first = tries.first().and_then(|first| first.route.clone());
                (direction, by_first.or(route.map(|route| route.name.to_string())), tries)
            }
            Goal::Out(routes) => {
                let direction = caller.trunk().map_or(Direction::Outbound, |_| Direction::Transit);
                let tries = self.leaves(&Leaving::of(&caller, &speaker), &who, &called, &routes, facts)?;
                (direction, tries.first().and_then(|first| first.route.clone()), tries)
            }
        };
        let calling = caller.name.clone();
        let called = called.text;
        let priority = marks::counting(&caller, facts).into_iter().next();
        Ok(Goes { direction, emergency: false, calling, called, route, service: None, priority, tries })
    }

    /// Takes the code away that a person dialled first, to be hidden or shown.
    fn without_code(&self, caller: &Caller<'_>, wanted: Option<Wanted>) -> (Option<Wanted>, Option<Wish>) {
        let system = &self.documents.system;
        let (Some(Wanted::Somebody(digits, extension)), None) = (&wanted, caller.trunk()) else {
            return (wanted, None);
        };
        let hide = caller.site.and_then(|site| site.privacy_code.as_ref()).or(system.privacy_code.as_ref());
        let show = caller.site.and_then(|site| site.show_code.as_ref()).or(system.show_code.as_ref());
        for (code, wish) in [(hide, Wish::Hide), (show, Wish::Show)] {
            let rest = code.and_then(|code| digits.strip_prefix(code.as_str()));
            if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
                return (Some(Wanted::Somebody(rest.to_owned(), extension.clone())), Some(wish));
            }
        }
        (wanted, None)
    }

    fn helps(&self, caller: &Caller<'_>, alarm: &help::Alarm<'_>, facts: &Facts) -> Result<Goes, Code> {
        let who = who::in_need(self, caller, facts);
        let called = Called { text: alarm.number.clone(), owner: None, is_private: false };
        let hops = help::hops(self, caller, alarm, facts);
        let tries: Vec<Try> = hops
            .iter()
            .map(|hop| {
                let shown = shown::to_trunk(self, caller, &who, &called, hop, Mask::Help);
                let tried = self.tried(caller, hop, shown);
                let path = if tried.path == MediaPath::Direct { tried.path } else { MediaPath::Anchored };
                Try { path, ..tried }
            })
            .collect();
        if tries.is_empty() {
            return Err(Code::NO_SERVER);
        }
        Ok(Goes {
            direction: Direction::Outbound,
            emergency: true,
            calling: caller.name.clone(),
            called: called.text,
            route: alarm.rule.map(|rule| rule.name.to_string()),
            service: None,
            priority: None,
            tries,
        })
    }

    fn leaves(
        &self,
        Leaving { caller, sender, speaker }: &Leaving<'_, '_>,
        who: &Who,
        called: &Called<'_>,
        routes: &[&Document<model::Route>],
        facts: &Facts,
    ) -> Result<Vec<Try>, Code> {
        let mut tries = Vec::new();
        let mut first_refusal = None;
        for hop in ways::hops(self, sender, speaker, called, routes, facts)? {
            if let Some(code) = shown::refusal(self, who, &hop) {
                first_refusal.get_or_insert(code);
                continue;
            }
            let caller_id = hop.route.and_then(|route| route.caller_id.as_ref()).filter(|one| one.suppress);
            let mask = caller_id.map_or(Mask::None, |caller_id| Mask::Route(&caller_id.show));
            let shown = shown::to_trunk(self, caller, who, called, &hop, mask);
            let mut tried = self.tried(caller, &hop, shown);
            tried.headers.extend(marks::to_trunk(caller, facts, hop.trunk));
            if who.privacy.is_hidden || who.privacy.hides_media {
                tried.path = MediaPath::Anchored;
            }
            tries.push(tried);
        }
        match first_refusal {
            Some(code) if tries.is_empty() => Err(code),
            _ => Ok(tries),
        }
    }

    fn tried(&self, caller: &Caller<'_>, hop: &Hop<'_>, shown: Shown) -> Try {
        let trunk = hop.trunk;
        let codecs = codecs(trunk.media.codecs.as_deref(), caller.site);
        Try {
            callee: Callee::Trunk(trunk.name.clone()),
            begins: Begins::After,
            next: Next::Following,
            instead: None,
            rings_s: None,
            escape_ms: None,
            route: hop.route.map(|route| route.name.to_string()),
            target: hop.server.uri.to_string(),
            request_uri: shown.request_uri,
            from: shown.from,
            to: shown.to,
            headers: shown.headers.into_iter().filter(is_spoken_of).collect(),
            claims: claims(self, caller, Some(trunk), None, &codecs),
            codecs,
            path: match trunk.media.path {
                MediaPath::Auto => at_one_site(let_out(caller), site_of(trunk)),
                path => path,
            },
            price: hop.price,
        }
    }

    fn reaches<'d>(
        &self,
        (caller, speaker): (&Caller<'d>, &Speaker<'d>),
        who: Who,
        called: &Called<'d>,
        user: &'d Document<User>,
        facts: &Facts,
    ) -> Result<Vec<Try>, Code> {
        let mut reach = Reach { house: self, caller, speaker, facts, tries: Vec::new() };
        reach.user(called, user, &Sent { who, by: Vec::new() })?;
        Ok(reach.tries)
    }

    /// A device of a user.
    fn rings(
        &self,
        caller: &Caller<'_>,
        who: &Who,
        called: &Called<'_>,
        (user, contact): (&Document<User>, &str),
        facts: &Facts,
    ) -> Try {
        let site = user.site.as_ref().and_then(|name| self.documents.site.get(name.as_str()));
        let is_hidden = who.privacy.is_hidden || who.privacy.hides_media;
        let path = match caller.trunk().map(|trunk| trunk.media.path) {
            _ if is_hidden => MediaPath::Anchored,
            Some(MediaPath::Direct) => MediaPath::Direct,
            _ => {
                let own = site.filter(|site| site.media.path == SitePath::Auto).map(|site| &*site.name);
                at_one_site(let_out(caller), own)
            }
        };
        let offered = caller.trunk().and_then(|trunk| trunk.value.media.codecs.as_deref());
        let shown = shown::to_user(self, caller, who, called, contact);
        let alerts = alerts::to_user(self, caller, (who, called), user, facts);
        let codecs = codecs(offered, site);
        Try {
            callee: Callee::User(user.name.clone()),
            begins: Begins::After,
            next: Next::Following,
            instead: None,
            rings_s: None,
            escape_ms: None,
            route: None,
            target: contact.to_owned(),
            request_uri: shown.request_uri,
            from: shown.from,
            to: shown.to,
            headers: [shown.headers, alerts].concat(),
            claims: claims(self, caller, None, site, &codecs),
            codecs,
            path,
            price: None,
        }
    }
}

/// Who calls, and by whose rights and routes.
pub(crate) struct Leaving<'h, 'd> {
    caller: &'h Caller<'d>,
    sender: &'h Caller<'d>,
    speaker: &'h Speaker<'d>,
}

impl<'h, 'd> Leaving<'h, 'd> {
    /// A call that nobody sends on.
    fn of(caller: &'h Caller<'d>, speaker: &'h Speaker<'d>) -> Leaving<'h, 'd> {
        Leaving { caller, sender: caller, speaker }
    }
}

/// Whether both opinions speak of a header: not of who sent a call on.
fn is_spoken_of((name, _): &(String, String)) -> bool {
    !["Diversion", "History-Info"].iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// How much is taken, and of what.
fn claimed(claim: &Claim) -> (String, u32) {
    (claim.limit.name().to_owned(), claim.amount)
}

/// A call of the limits of both trunks, and of the sites that it leaves and enters; and bandwidth of the
/// links on the way there. A call inside a site leaves and enters none.
fn claims(
    house: &House<'_>,
    caller: &Caller<'_>,
    trunk: Option<&Document<Trunk>>,
    site: Option<&Document<Site>>,
    codecs: &[String],
) -> Vec<(String, u32)> {
    let stays = site.is_some_and(|site| caller.site.is_some_and(|left| left.name == site.name));
    let trunks = || [caller.trunk(), trunk].into_iter().flatten();
    let sites = || [caller.site, site].into_iter().flatten().filter(|_| !stays);
    let limited = trunks().filter(|trunk| trunk.limits.calls.is_some());
    let of_trunks = limited.map(|trunk| (format!("trunk {}", trunk.name), 1));
    let limited = sites().filter(|site| site.media.max_calls.is_some());
    let of_sites = limited.map(|site| (format!("site {}", site.name), 1));
    let crossed = trunks().map(|trunk| &trunk.value.link).chain(sites().map(|site| &site.value.link));
    let bounded = crossed
        .flatten()
        .filter(|name| house.documents.link.get(name.as_str()).is_some_and(|link| link.kbps.is_some()));
    let of_links = bounded.map(|name| (format!("link {}", name.value), dearest(codecs)));
    of_trunks.chain(of_sites).chain(of_links).collect()
}

/// What the dearest codec takes of a line: G.711 and G.722 are 64 kbps, Opus is taken for 32, G.729 is 8, L16
/// is 256; to each come 68 bytes fifty times a second, and 5 kbps of RTCP.
fn dearest(codecs: &[String]) -> u32 {
    let takes = |codec: &String| match codec.as_str() {
        "g729" => 41,
        "opus" => 65,
        "l16" => 289,
        _ => 97,
    };
    codecs.iter().map(takes).max().unwrap_or(0)
}

/// The site within which media of whoever calls may leave the house.
fn let_out<'d>(caller: &Caller<'d>) -> Option<&'d str> {
    match caller.trunk() {
        Some(trunk) => Some(trunk).filter(|trunk| trunk.media.path == MediaPath::Auto).and_then(site_of),
        None => caller.site.filter(|site| site.media.path == SitePath::Auto).map(|site| &*site.name),
    }
}

fn site_of(trunk: &Document<Trunk>) -> Option<&str> {
    trunk.value.site.as_ref().map(|site| site.as_str())
}

fn at_one_site(one: Option<&str>, other: Option<&str>) -> MediaPath {
    match one {
        Some(_) if one == other => MediaPath::Auto,
        _ => MediaPath::Anchored,
    }
}

/// What is offered, as far as a site carries it; if that is nothing, what is offered.
fn codecs(offered: Option<&[Codec]>, site: Option<&Document<Site>>) -> Vec<String> {
    let offered = offered.unwrap_or(&[Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma]);
    let carried = site.and_then(|site| site.media.codecs.as_ref());
    let both = offered.iter().filter(|codec| carried.is_none_or(|carried| carried.contains(codec)));
    let both: Vec<String> = both.map(|codec| codec.word().to_owned()).collect();
    if both.is_empty() { offered.iter().map(|codec| codec.word().to_owned()).collect() } else { both }
}
