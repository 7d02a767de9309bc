//! The command line: the tree of verbs, its help, its colours and its exit codes.
//!
//! It says what was asked for and how answers look. It does nothing itself: `node` carries the verbs out.
//! Start at `verbs`.

mod access;
mod capacity;
mod certificate;
mod change;
mod cost;
mod directory;
mod drawn;
mod exit;
mod find;
mod house;
mod number;
mod pages;
mod paint;
mod provider;
mod rate;
mod report;
mod running;
mod sign_in;
mod span;
mod store;
mod top;
mod verbs;

pub use access::{Audit, AuditList, AuditVerify, Token, TokenCreate};
pub use capacity::{Capacity, Traffic};
pub use certificate::{Certificate, CertificateRenew};
pub use change::{Apply, Confirm, Diff, Plan, Revisions, Rollback};
pub use cost::Cost;
pub use directory::{Directory, DirectorySync};
pub use drawn::{Drawing, Export, ExportTo, Exporting, Ladder};
pub use exit::Exit;
pub use find::Find;
pub use house::House;
pub use number::Number;
pub use pages::{Completions, manual};
pub use paint::{Paint, Palette};
pub use provider::Provider;
pub use rate::{RateDiff, RateImport, RateList, RatePrice, RateVerb};
pub use report::{Report, ReportBy, ReportKind};
pub use running::{Call, Capture, Drain, Make, OneTrunk, Resume, Status, Trunk, User, UserNotice, Webhook};
pub use sign_in::{SignIn, SignOut};
pub use span::span;
pub use store::{Cdr, CdrExport, CdrVerify, Copies, Store};
pub use top::{CallOrder, Top};
pub use verbs::{Cli, ColorChoice, Config, Demo, Explain, Failover, Test, Up, Verb, parse, parse_from, tree};
