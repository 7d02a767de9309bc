//! How large the crowd is, where it sits, and the documents of a house that serves it.

use std::fmt::Write;
use std::net::SocketAddr;

/// The password of every console.
pub const PASSWORD: &str = "a password of the story";

/// Its size and its addresses.
#[derive(Clone, Debug)]
pub struct CrowdPlan {
    pub house: SocketAddr,
    pub provider: SocketAddr,
    pub phones: SocketAddr,
    pub consoles: SocketAddr,
    /// Users who are called and watched.
    pub users: usize,
    /// Consoles, and how many users each of them watches.
    pub desks: usize,
    pub keys: usize,
    pub calls_per_second: u32,
}

impl CrowdPlan {
    /// A configuration: users, consoles, and the provider.
    pub fn documents(&self) -> String {
        let mut text = format!(
            "format = 1\n[system]\nname = \"crowd.example\"\ncountry = \"US\"\narea_code = \"425\"\n\
             realm = \"crowd.example\"\n[interface.lan]\naddress = \"{}\"\nudp = {}\nside = \"inside\"\n\
             media_ports = \"20000-29999\"\n[trunk.far]\nservers = [{{ uri = \"sip:{}\" }}]\n\
             accept = {{ sources = [\"{}\"] }}\nhealth = {{ options = \"off\" }}\n\
             media = {{ path = \"direct\" }}\n",
            self.house.ip(),
            self.house.port(),
            self.provider,
            self.provider.ip()
        );
        // Writing to a string cannot fail.
        for user in 0..self.users {
            let _ = write!(
                text,
                "[user.u{user}]\nnumber = \"{}\"\ndevices = [{{ contact = \"sip:u{user}@{}\" }}]\n",
                number(user),
                self.phones
            );
        }
        for desk in 0..self.desks {
            let _ = write!(text, "[user.desk{desk}]\npassword = {{ env = \"CROWD_PASSWORD\" }}\n");
        }
        text
    }

    pub fn subscriptions(&self) -> usize {
        self.desks * self.keys
    }

    /// Whom a key of a console watches: all users in turn, so that each has as many watchers.
    pub(crate) fn watched(&self, desk: usize, key: usize) -> usize {
        (desk * self.keys + key) % self.users
    }
}

pub(crate) fn number(user: usize) -> String {
    format!("+1425{:07}", 2_000_000 + user)
}
