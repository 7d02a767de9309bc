//! Figures as they are shown: sums, and the ratios that they make.

use serde::{Serialize, Serializer};

use crate::delays::Delays;
use crate::registering::Registering;
use crate::session::{Outcome, Requests};
use crate::trunk::Performance;

#[derive(Serialize)]
struct Shown {
    session_requests: Counts,
    #[serde(skip_serializing_if = "Option::is_none")]
    ser: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seer: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    isa: Option<f64>,
    sessions_completed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scr: Option<f64>,
    srd_ms: Srd,
    sdd_ms: Sdd,
    #[serde(skip_serializing_if = "Option::is_none")]
    registrations: Option<Registrations>,
}

#[derive(Serialize)]
struct Counts {
    all: u64,
    established: u64,
    declined: u64,
    redirected: u64,
    ineffective: u64,
    other: u64,
}

#[derive(Serialize)]
struct Srd {
    established: Mean,
    failed: Mean,
}

#[derive(Serialize)]
struct Sdd {
    answered: Mean,
    timed_out: Mean,
}

#[derive(Serialize)]
struct Registrations {
    all: u64,
    ineffective: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ira: Option<f64>,
    rrd_ms: Mean,
}

#[derive(Serialize)]
struct Mean {
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean: Option<u64>,
}

impl Serialize for Performance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Performance { requests, completed, leaves_answered, leaves_timed_out, registering } = self;
        Shown {
            session_requests: counts(requests),
            ser: shown(requests.establishment()),
            seer: shown(requests.effectiveness()),
            isa: shown(requests.ineffectiveness()),
            sessions_completed: *completed,
            scr: shown(self.completion()),
            srd_ms: Srd {
                established: mean(&requests.delays_established),
                failed: mean(&requests.delays_failed),
            },
            sdd_ms: Sdd { answered: mean(leaves_answered), timed_out: mean(leaves_timed_out) },
            registrations: (registering.requests > 0).then(|| registrations(registering)),
        }
        .serialize(serializer)
    }
}

fn counts(requests: &Requests) -> Counts {
    Counts {
        all: requests.all(),
        established: requests.of(Outcome::Established),
        declined: requests.of(Outcome::Declined),
        redirected: requests.of(Outcome::Redirected),
        ineffective: requests.of(Outcome::Ineffective),
        other: requests.of(Outcome::Other),
    }
}

fn registrations(registering: &Registering) -> Registrations {
    Registrations {
        all: registering.requests,
        ineffective: registering.ineffective,
        ira: shown(registering.ineffective_percent()),
        rrd_ms: mean(&registering.delays),
    }
}

fn mean(delays: &Delays) -> Mean {
    Mean { count: delays.count, mean: delays.mean_ms() }
}

/// To a tenth of a percent.
fn shown(percent: Option<f64>) -> Option<f64> {
    percent.map(|percent| (percent * 10.0).round() / 10.0)
}
