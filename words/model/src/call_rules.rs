//! How the legs of a trunk's calls behave.

use std::fmt;
use std::time;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Duration;
use crate::fault::Fault;
use crate::problem::Code;

/// `call = { … }` of a trunk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallRules {
    /// Whether ringing and early sound are acknowledged (RFC 3262).
    #[serde(default)]
    pub reliable: Reliable,
    /// Whether sound from before the answer is let through.
    #[serde(default)]
    pub early_media: EarlyMedia,
    /// How long a call may go on without a sign of life of the far end (RFC 4028).
    #[serde(default)]
    pub session_timer: SessionTimer,
    /// How long a call may go on after its answer; as long as its parties like where it is missing.
    pub longest: Option<Duration>,
    /// How long a call may go on in which neither side sends any media; "5m" where it is missing.
    pub silence: Option<Silence>,
    /// The same while it is on hold, when nobody has to send any; "off" where it is missing.
    pub silence_on_hold: Option<Silence>,
    /// What becomes of transfers in calls over this trunk.
    #[serde(default)]
    pub transfer: Transfer,
    /// What becomes of redirections (3xx) in calls over this trunk.
    #[serde(default)]
    pub redirect: Redirect,
    /// Requests inside of a call that are taken across, whatever they say.
    #[serde(default)]
    pub methods: CarriedMethods,
    /// Whether the far end is told by what name the other end of a call is found in both houses' records
    /// (Session-ID, RFC 7989), and is listened to.
    #[serde(default)]
    pub session_id: SessionIds,
}

/// Provisional answers that are acknowledged: 100rel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reliable {
    /// Never offered; who insists is served all the same.
    Off,
    /// Offered, and used with whoever offers it.
    #[default]
    Supported,
    /// Demanded of the far end, except for emergency calls.
    Required,
}

/// Sound from before the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EarlyMedia {
    /// Whatever comes is heard.
    #[default]
    Pass,
    /// What the far end authorises by P-Early-Media (RFC 5009) is heard.
    Gated,
    /// Nothing is heard, the caller's phone rings by itself.
    None,
}

/// How long a leg may be silent in its signalling before it counts as gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionTimer {
    Off,
    Every(time::Duration),
}

/// What RFC 4028 advises.
const HALF_AN_HOUR: time::Duration = time::Duration::from_secs(1800);

impl SessionTimer {
    /// No interval may be shorter (RFC 4028, 5).
    pub const SHORTEST: time::Duration = time::Duration::from_secs(90);
    const LONGEST: time::Duration = time::Duration::from_secs(86_400);
}

impl Default for SessionTimer {
    fn default() -> SessionTimer {
        SessionTimer::Every(HALF_AN_HOUR)
    }
}

crate::text::text_value!(
    SessionTimer,
    "SessionTimer",
    "\"off\" or an interval such as \"30m\", from 90s to 24h",
    "^(off|[0-9]+(s|m|h|d))$"
);

impl fmt::Display for SessionTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SessionTimer::Off => f.write_str("off"),
            SessionTimer::Every(interval) => Duration(*interval).fmt(f),
        }
    }
}

impl std::str::FromStr for SessionTimer {
    type Err = Fault;

    fn from_str(text: &str) -> Result<SessionTimer, Fault> {
        if text == "off" {
            return Ok(SessionTimer::Off);
        }
        let Duration(interval) = text.parse()?;
        if (SessionTimer::SHORTEST..=SessionTimer::LONGEST).contains(&interval) {
            return Ok(SessionTimer::Every(interval));
        }
        let fault = Fault::new(Code::OUT_OF_RANGE, format!("\"{text}\" is no interval of a session timer"));
        Err(fault.suggest("90s to 24h, or \"off\""))
    }
}

/// How long a call may be without media. The greater is the more patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Silence {
    After(time::Duration),
    Off,
}

impl Silence {
    const SHORTEST: time::Duration = time::Duration::from_secs(10);
    const LONGEST: time::Duration = time::Duration::from_secs(86_400);

    /// How long that is, if it ends.
    pub fn length(self) -> Option<time::Duration> {
        match self {
            Silence::After(length) => Some(length),
            Silence::Off => None,
        }
    }
}

crate::text::text_value!(
    Silence,
    "Silence",
    "\"off\" or a length such as \"5m\", from 10s to 24h",
    "^(off|[0-9]+(s|m|h|d))$"
);

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Silence::Off => f.write_str("off"),
            Silence::After(length) => Duration(*length).fmt(f),
        }
    }
}

impl std::str::FromStr for Silence {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Silence, Fault> {
        if text == "off" {
            return Ok(Silence::Off);
        }
        let Duration(length) = text.parse()?;
        if (Silence::SHORTEST..=Silence::LONGEST).contains(&length) {
            return Ok(Silence::After(length));
        }
        let fault = Fault::new(Code::OUT_OF_RANGE, format!("\"{text}\" is too short or too long a silence"));
        Err(fault.suggest("10s to 24h, or \"off\""))
    }
}

/// Who may transfer a call that goes over a trunk, and who carries it out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transfer {
    /// The house carries out what its users ask for; what the far end asks for is refused.
    #[default]
    Refuse,
    /// The house also carries out what the far end asks for, as a call from this trunk.
    Inside,
    /// What users ask for is sent on to the far end, which carries it out.
    Pass,
    /// What the far end asks for becomes a call back to it: to the very URI that it names, and with its
    /// Referred-By as it came.
    Return,
}

/// Who may send a call elsewhere by a 3xx, and who carries it out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Redirect {
    /// The house follows its users' phones; where the far end redirects to, nobody is sent.
    #[default]
    Refuse,
    /// The house also follows the far end, by the rights of whoever called it.
    Inside,
    /// Where a call that came by this trunk is redirected, the far end is told, and goes there itself.
    Pass,
}

/// The names of a call's two ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SessionIds {
    /// Told, and made for whoever has none.
    #[default]
    Pass,
    /// Neither told nor listened to.
    Off,
}

/// Requests without offer or answer that are taken from one leg to the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CarriedMethods(pub Vec<CarriedMethod>);

impl Default for CarriedMethods {
    fn default() -> CarriedMethods {
        CarriedMethods(vec![CarriedMethod::Info])
    }
}

impl CarriedMethods {
    pub fn contains(&self, method: CarriedMethod) -> bool {
        self.0.contains(&method)
    }
}

/// One method that may be carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum CarriedMethod {
    Info,
    Message,
}
