//! Yealink: `y` and twelve digits for all phones of a model, then the hardware address for the one.

use model::{PhoneTransport, Srtp};
use policy::Phone;

use crate::asked::{File, TEXT, is_of};
use crate::escape::line;

/// It has to stand there as it is.
const HEAD: &str = "#!version:1.0.0.1\n";

pub(crate) fn file(phone: &Phone, name: &str) -> Option<File> {
    let stem = name.strip_suffix(".cfg")?;
    let of_model = stem.strip_prefix('y').filter(|digits| digits.len() == 12);
    if of_model.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_digit())) {
        return Some(File { kind: TEXT, text: HEAD.to_owned() });
    }
    is_of(phone, stem).then(|| File { kind: TEXT, text: settings(phone) })
}

fn settings(phone: &Phone) -> String {
    let transport = match phone.transport {
        PhoneTransport::Udp => "0",
        PhoneTransport::Tcp => "1",
        PhoneTransport::Tls => "2",
    };
    let srtp = match phone.srtp {
        Srtp::Off => "0",
        Srtp::Optional => "1",
        Srtp::Required => "2",
    };
    let port = phone.port.to_string();
    let password = phone.password.clear().unwrap_or_default();
    let rows = [
        ("enable", "1"),
        ("label", &*phone.display),
        ("display_name", &*phone.display),
        ("user_name", &*phone.user),
        ("auth_name", &*phone.proves_as),
        ("password", password),
        ("sip_server.1.address", &*phone.server),
        ("sip_server.1.port", &port),
        ("sip_server.1.transport_type", transport),
        ("srtp_encryption", srtp),
    ];
    let rows = rows.map(|(key, value)| format!("account.1.{key} = {}\n", line(value)));
    format!("{HEAD}{}", rows.concat())
}
