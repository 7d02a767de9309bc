//! How far two parties are who are about to become those of one call.

use std::time::Instant;

use media::Side;
use sip_stack::ClientId;

/// How far it has come.
pub(crate) struct Joining {
    pub course: Course,
    pub stage: Stage,
    /// What the side that is asked was told before.
    pub before: Vec<u8>,
    pub asked: Option<ClientId>,
    pub again_at: Option<Instant>,
    pub tries: u8,
    pub proofs: u8,
}

/// What becomes of their media.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    /// It passes through us; the two have not spoken before.
    Join,
    /// It leaves us.
    Out,
    /// It comes back.
    Back,
    /// It was about to leave, and stays.
    Return,
    /// It is a fax's, and becomes G.711.
    Fax,
    /// It lies at another interface of ours.
    Home,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// This side is offered what the newcomer can hear.
    Asking(Side),
    /// This side is told that nobody is there for now.
    Holding(Side),
    /// The newcomer is offered what was answered.
    Telling(Side),
}

impl Course {
    /// Whether it is about the way of media between the sides, and both are told of it.
    pub(crate) fn is_of_release(self) -> bool {
        matches!(self, Course::Out | Course::Back | Course::Return)
    }
}

impl Stage {
    /// Who is asked.
    pub(crate) fn side(self) -> Side {
        let (Stage::Asking(side) | Stage::Holding(side) | Stage::Telling(side)) = self;
        side
    }
}

impl Joining {
    pub(crate) fn at(stage: Stage) -> Joining {
        Joining::on(Course::Join, stage, Vec::new())
    }

    pub(crate) fn on(course: Course, stage: Stage, before: Vec<u8>) -> Joining {
        Joining { course, stage, before, asked: None, again_at: None, tries: 0, proofs: 0 }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.again_at
    }
}
