//! Orbits, each number with the one place that it has.

use std::sync::Arc;
use std::time::Duration;

use crate::compile::Compiler;
use crate::forward::Target;
use crate::limit::Unit;
use crate::orbit::Orbit;

const RING_BACK: Duration = Duration::from_secs(60);
const RING_BACKS: u8 = 3;

impl Compiler<'_> {
    pub(super) fn orbits(&mut self) -> Vec<Arc<Orbit>> {
        let documents = self.documents;
        let mut orbits = Vec::new();
        for document in documents.orbit.values() {
            let target = |compiler: &mut Self, target: &model::Target| match (&target.user, &target.number) {
                (Some(name), _) => {
                    compiler.resolve(document, name, &documents.user, "user").map(Target::User)
                }
                (None, number) => number.as_ref().map(|number| Target::Number(number.value.clone())),
            };
            let place = |number: String| {
                let limit = self.limit(format!("orbit {number}"), Unit::Calls, 1);
                (Arc::from(number), limit)
            };
            let places = document.all().unwrap_or_default().into_iter().map(place).collect();
            let back_to = document.ring_back_to.as_ref().and_then(|to| target(self, to));
            let fallback = document.fallback.as_ref().and_then(|to| target(self, to));
            orbits.push(Arc::new(Orbit {
                name: document.name.clone(),
                places,
                code: document.code.as_ref().map(|code| code.as_str().into()),
                ring_back: document.ring_back.as_ref().map_or(RING_BACK, |wait| wait.value.0),
                ring_backs: document.ring_backs.as_ref().map_or(RING_BACKS, |often| often.value),
                back_to,
                fallback,
                at: self.location(document),
            }));
        }
        orbits
    }
}
