//! Numbers and addresses as they stand in messages, written without the formatter: every message has a few.

use std::fmt::Write;
use std::net::IpAddr;

const MOST: usize = 20;

/// A number in decimal digits.
#[derive(Clone, Copy, Debug)]
pub struct Digits {
    room: [u8; MOST],
    at: usize,
}

impl Digits {
    pub fn of(number: u64) -> Digits {
        let mut digits = Digits { room: [b'0'; MOST], at: MOST };
        let mut left = number;
        loop {
            digits.at -= 1;
            digits.room[digits.at] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                return digits;
            }
        }
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(self.bytes()).expect("digits are ASCII")
    }

    pub fn bytes(&self) -> &[u8] {
        &self.room[self.at..]
    }

    /// Appends them, one by one: there are few.
    pub fn push_to(&self, out: &mut String) {
        self.bytes().iter().for_each(|digit| out.push(char::from(*digit)));
    }
}

/// Appends an address as it stands in a parameter: IPv6 without brackets.
pub fn push_address(out: &mut String, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            for (place, octet) in address.octets().into_iter().enumerate() {
                if place > 0 {
                    out.push('.');
                }
                Digits::of(octet.into()).push_to(out);
            }
        }
        IpAddr::V6(address) => write!(out, "{address}").expect("a String takes everything"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_formatter_writes_them() {
        for number in [0, 1, 9, 10, 99, 100, 65_535, u64::from(u32::MAX), u64::MAX] {
            assert_eq!(Digits::of(number).text(), number.to_string());
        }
    }

    #[test]
    fn addresses_are_written_as_the_formatter_writes_them() {
        for text in ["0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "2001:db8::1"] {
            let mut written = String::new();
            push_address(&mut written, text.parse().expect("an address"));

            assert_eq!(written, text);
        }
    }
}
