//! How large a storm is, where everybody sits, and the documents of a house that it comes over.

use std::fmt::Write;
use std::net::SocketAddr;

/// Its size and its addresses.
#[derive(Clone, Debug)]
pub struct StormPlan {
    pub house: SocketAddr,
    pub phones: SocketAddr,
    pub callers: SocketAddr,
    pub callees: SocketAddr,
    pub users: usize,
    pub calls_per_second: u32,
}

impl StormPlan {
    /// A configuration: users whose phones register, a PBX that calls, and who takes its calls.
    pub fn documents(&self) -> String {
        let mut text = format!(
            "format = 1\n[system]\nname = \"storm.example\"\ncountry = \"US\"\narea_code = \"425\"\n\
             realm = \"storm.example\"\n[interface.lan]\naddress = \"{}\"\nudp = {}\nside = \"inside\"\n\
             media_ports = \"20000-29999\"\n\
             [trunk.pbx]\nkind = \"pbx\"\nservers = [{{ uri = \"sip:{callers}\" }}]\ndirection = \"in\"\n\
             accept = {{ sources = [\"{}\"], did = \"any\" }}\nhealth = {{ options = \"off\" }}\n\
             media = {{ path = \"direct\" }}\n\
             [trunk.far]\nservers = [{{ uri = \"sip:{callees}\" }}]\ndirection = \"out\"\n\
             health = {{ options = \"off\" }}\nmedia = {{ path = \"direct\" }}\n\
             [route.all]\norder = 10\nto = \"*\"\nfrom = {{ trunk = \"pbx\" }}\n\
             use = [{{ trunk = \"far\" }}]\n\
             [emergency.us]\ncountry = \"US\"\ndial = [\"911\"]\ntrunks = [\"far\"]\n",
            self.house.ip(),
            self.house.port(),
            self.callers.ip(),
            callers = self.callers,
            callees = self.callees,
        );
        for user in 0..self.users {
            // Writing to a string cannot fail.
            let _ = write!(text, "[user.u{user}]\npassword = {{ env = \"STORM_PASSWORD\" }}\n");
        }
        text
    }
}
