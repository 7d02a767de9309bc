//! Which addresses are neighbours: what one of them says of itself, another may send.

use std::net::IpAddr;

/// Whether two addresses are of one network, as far as a stranger can tell: 24 bits of IPv4, 64 of IPv6; and
/// whatever is not of the Internet is of one organisation.
pub(crate) fn are_near(one: IpAddr, other: IpAddr) -> bool {
    match (one.to_canonical(), other.to_canonical()) {
        (one, other) if is_inside(one) && is_inside(other) => true,
        (IpAddr::V4(one), IpAddr::V4(other)) => one.octets()[..3] == other.octets()[..3],
        (IpAddr::V6(one), IpAddr::V6(other)) => one.segments()[..4] == other.segments()[..4],
        _ => false,
    }
}

/// Whether an address means something inside of a network only: so it is of no use for finding who bears it.
pub fn is_inside(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let is_shared = first == 100 && second & 0xc0 == 64;
            is_shared || address.is_private() || address.is_loopback() || address.is_link_local()
        }
        IpAddr::V6(address) => {
            address.is_unique_local() || address.is_loopback() || address.is_unicast_link_local()
        }
    }
}
