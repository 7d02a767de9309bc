//! Who comes with a token of an identity provider (OpenID Connect): its keys are fetched by a thread of
//! their own and kept, signatures are proved, claims become roles.
//!
//! Whoever is judged never waits here: where a key is missing, it is said that keys are being fetched. What
//! is known goes on being used while the provider is away. However many strangers make up names of keys, the
//! provider is asked no more often than [`BETWEEN`] says.
//!
//! People at a command line sign in elsewhere by `device.rs`, and `session.rs` keeps what they get.
//!
//! Not here: what a token has to say (`jwt`), what a role may (`api`), local tokens (`store`).
//!
//! Start with `visitors.rs`.

mod asking;
mod keeper;
mod settings;
mod signature;
mod visitors;

mod device;
mod session;

pub use asking::{Asker, Fault};
pub use device::{Desk, fitting};
pub use keeper::{BETWEEN, Standing};
pub use session::Session;
pub use settings::Settings;
pub use visitors::{SignIn, Unknown, Visitor};
