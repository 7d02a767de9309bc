//! What is running, for the person who started it.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

use policy::Policy;
use sip_stack::Listener;

/// A few lines that say where the house can be reached, and what it knows.
pub fn banner(name: &str, policy: &Policy, listeners: &[Listener], data: &Path) -> String {
    let mut text = format!("tandem {} — {name}, revision {}\n", env!("CARGO_PKG_VERSION"), policy.revision());
    for interface in policy.interfaces() {
        let of_this = listeners.iter().filter(|listener| listener.interface == interface.id.0);
        let mut places: Vec<_> =
            of_this.map(|listener| format!("{} {}", listener.transport, listener.bind)).collect();
        places
            .extend(interface.msrp.map(|port| format!("msrp {}", SocketAddr::new(interface.address, port))));
        let (ports, name) = (interface.media_ports, &interface.name);
        let media = format!("media {}–{}", ports.first, ports.last);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  listening  {name:10}  {}, {media}", places.join(", "));
    }
    let trunks: Vec<_> = policy.trunks().map(|name| name.to_string()).collect();
    let _ = writeln!(text, "  trunks     {:10}  {}", trunks.len(), trunks.join(", "));
    let _ = writeln!(text, "  users      {:10}", policy.users().count());
    let _ = write!(text, "  records    {}", data.join("records").display());
    text
}
