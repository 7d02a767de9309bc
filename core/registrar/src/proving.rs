//! Who has sent a request: a user who knows the password, or nobody.

use std::sync::Arc;
use std::time::Instant;

use policy::{Password, Policy, WallTime};
use sip_message::{Header, Message};
use sip_stack::auth::{self, Algorithm, Challenges, Claim, Guard, Secret};
use sip_stack::{Reply, Send, ServerId, Stack};

/// What a request proves of its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    By(Arc<str>),
    Nobody,
    /// The proof was right, and its nonce too old.
    Late,
}

/// Where requests of users come in that are no REGISTERs.
pub struct Door<'a> {
    pub now: Instant,
    pub wall: WallTime,
    pub policy: &'a Policy,
    pub stack: &'a mut Stack,
    pub guard: &'a mut Guard,
    pub sends: &'a mut Vec<Send>,
}

impl Door<'_> {
    /// Who has sent a request; nobody gets more than a challenge who has not proven it. Counts challenges and
    /// wrong proofs.
    pub fn admit(
        self,
        server: ServerId,
        message: &Message<'_>,
        (challenged, wrong): (&mut u64, &mut u64),
    ) -> Option<Arc<str>> {
        let proof = prove(self.policy, self.guard, self.wall, message, wrong);
        if let Proof::By(user) = proof {
            return Some(user);
        }
        *challenged += 1;
        let challenges = challenges(self.policy, self.guard, self.wall, &proof);
        let headers: Vec<(&str, &str)> =
            challenges.values().map(|value| ("WWW-Authenticate", value)).collect();
        let reply = Reply { headers: &headers, ..Reply::plain(401) };
        self.stack.respond_and_forget(server, &reply, self.sends);
        None
    }
}

/// Looks for a proof; counts those that were wrong.
pub(crate) fn prove(
    policy: &Policy,
    guard: &mut Guard,
    wall: WallTime,
    message: &Message<'_>,
    wrong: &mut u64,
) -> Proof {
    let uri = message.request_uri().unwrap_or_default();
    let Some(method) = message.method() else { return Proof::Nobody };
    let mut proof = Proof::Nobody;
    for value in message.lines_of(Header::Authorization) {
        let Some(claim) = Claim::read(value) else { continue };
        let Some(name) = claim.user() else { continue };
        let Some(algorithm) = claim.algorithm().filter(|one| admits(policy, *one)) else { continue };
        let Some((user, password)) = policy.who_registers(&name) else { continue };
        let Some(secret) = secret_of(password, algorithm) else { continue };
        let body = message.body();
        match guard.judge(wall_ms(wall), &claim, method.as_str(), uri, secret, body) {
            auth::Proof::Proven => return Proof::By(Arc::clone(user)),
            auth::Proof::Stale => proof = Proof::Late,
            auth::Proof::Wrong => *wrong += 1,
            auth::Proof::NotOurs => {}
        }
    }
    proof
}

/// What asks for a proof: nothing where the request brought a good one.
fn challenges(policy: &Policy, guard: &mut Guard, wall: WallTime, proof: &Proof) -> Challenges {
    match proof {
        Proof::By(_) => Challenges::default(),
        Proof::Nobody => guard.challenge(wall_ms(wall), algorithms(policy)),
        Proof::Late => guard.challenge_stale(wall_ms(wall), algorithms(policy)),
    }
}

/// What a proof by this algorithm is held against; nothing where the password is known by others alone.
pub fn secret_of(password: &Password, algorithm: Algorithm) -> Option<Secret<'_>> {
    let hashed = || password.hashed_by(algorithm.name()).map(|sum| Secret::Ha1(algorithm, sum));
    password.clear().map(Secret::Password).or_else(hashed)
}

/// Whether users may prove themselves by it.
pub fn admits(policy: &Policy, algorithm: Algorithm) -> bool {
    policy.digests().any(|name| name == algorithm.name())
}

/// What users may prove themselves by, the preferred first.
pub fn algorithms(policy: &Policy) -> impl Iterator<Item = Algorithm> {
    policy.digests().filter_map(Algorithm::named)
}

pub(crate) fn wall_ms(wall: WallTime) -> u64 {
    u64::try_from(wall.0).unwrap_or(0)
}
