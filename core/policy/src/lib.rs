//! Facts in, plan out: everything the house decides about a call is decided here.
//!
//! It opens no sockets, knows no clock and asks nobody; what it may know stands in [`Facts`], what it decided
//! in a [`CallPlan`] or a [`Refusal`], and why in a [`Trail`]. It carries nothing out: that is `call`.
//!
//! Start at [`plan()`], then `steps`, one file for each line that `explain` prints. [`compile()`] makes a
//! [`Policy`] out of documents.

mod account;
mod after;
mod aloud;
mod call_plan;
mod devices;
mod facts;
mod heading;
mod help;
pub mod history;
mod home;
mod ids;
mod inside;
mod lines;
mod music;
mod plan;
mod redirection;
mod sent_on;
mod standing;
mod steps;

mod causes;
mod conference;
mod limit;
mod orbit;
mod outpost;
mod pace;
mod password;
mod phones;
mod refusal;
mod responses;
mod says;
mod trail;
mod turns;
mod watched;

mod compile;
mod dids;
mod directories;
mod directory;
mod exports;
mod finder;
mod forward;
mod habits;
mod policy;
mod recorder;

mod deck;
mod prefixes;
mod rights;
mod route_index;
mod schedule;

mod address;
mod connected;
mod features;
mod handed_on;
mod networks;
mod numbering;

mod about;
mod explain;
mod losses;
mod protection;

pub use about::{AboutNumber, Block, NumberLine, OnTrunk, about_number, numbers};
pub use account::{Account, Registrar};
pub use after::{Begins, Exit, Next, Rang, Unreached};
pub use aloud::{Aloud, Said};
pub use call_plan::{
    AttemptPlan, CallPlan, Callee, Credentials, Direction, Large, LegRules, MediaPlan, Otherwise, PartyName,
    Service, SrtpRules,
};
pub use causes::{Cause, Causes};
pub use compile::{compile, compile_after, decks, sound_prints};
pub use conference::Conference;
pub use connected::{Connected, Introduction, Line, Part, Saying};
pub use deck::{
    BadLine, Deck, Found, LIST_HEAD, Price, PriceChange, PriceChanges, Quote, Rate, Tariff, Terms, day_of,
    lines_of,
};
pub use devices::{DeviceFact, Devices};
pub use directories::PeopleSource;
pub use explain::{
    Caller, Explanation, Inquiry, NoSuchCaller, TestResult, explain, explain_made, explain_test,
    routes_not_taken, run_tests,
};
pub use exports::{Capture, Exports, Observer, Push, Trace, Webhook};
pub use facts::{
    Answering, Facts, Gruu, InterfaceId, Registration, Returned, ServerId, Transport, WallTime, Whereabouts,
};
pub use features::is_feature;
pub use handed_on::{CALL, Dress};
pub use heading::{Heading, SentAddress, SentUri};
pub use help::Help;
pub use home::{InsideHome, Location, MediaHome, WhyThere};
pub use inside::Inside;
pub use limit::{Claim, Limit, On, Permit, Unit, Whose};
pub use losses::{Loss, Sample, losses};
pub use model::{
    Captured, CarriedMethod, CarriedMethods, Chats, Dtmf, EarlyMedia, Fax, HeaderPlace, Ice, IceOffers, Keys,
    KeysInClear, MediaPath, MediaSenders, PacketRules, Recorded, RecordingFormat, Redirect, RegisterStyle,
    Reliable, SessionIds, SessionTimer, Silence, Srtp, Transfer, WithoutRecorder,
};
pub use music::Music;
pub use orbit::{Orbit, Parking};
pub use outpost::{Outposts, TurnAccount};
pub use pace::{LineFull, Pace, Turn};
pub use password::{Hashed, Password};
pub use phones::{Phone, Phones};
pub use plan::{Decision, plan, plan_live, redirected_live};
pub use policy::{Interface, Policy, RegistrarRules, Server, StoredTest, Waking};
pub use protection::{Protection, Seal, protections};
pub use recorder::{RECORDER_GROUPS_MAX, Recorder, RecorderServer};
pub use redirection::{Beside, Redirected, Redirection};
pub use refusal::{Code, REFUSALS, Refusal, Row};
pub use responses::Responses;
pub use says::Says;
pub use sent_on::{Sender, SentOn};
pub use standing::{AddressFact, ServerFact, Standing, Standings};
pub use steps::{
    at_orbit, facts_of_made, introduced, learned, may_pick_up, may_speak, refused_aloud, ring_back,
    sounds_urgent, taker,
};
pub use trail::{Considered, Outcome, Step, Trail};
pub use turns::{Idle, TeamTurn, Turns};
pub use watched::Admission;
