//! Grandstream: `cfg` and the hardware address, as XML whose keys are numbers.

use model::{PhoneTransport, Srtp};
use policy::Phone;

use crate::asked::{File, XML, is_of};
use crate::escape::xml;

pub(crate) fn file(phone: &Phone, name: &str) -> Option<File> {
    let mac = name.strip_prefix("cfg")?.strip_suffix(".xml")?;
    is_of(phone, mac).then(|| File { kind: XML, text: settings(phone) })
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
    let server = format!("{}:{}", phone.server, phone.port);
    let password = phone.password.clear().unwrap_or_default();
    let rows = [
        // Whether the account is used, what it is called, and what it shows of the user.
        ("P271", "1"),
        ("P270", &*phone.display),
        ("P3", &*phone.display),
        // Where it registers, as whom, and what proves it.
        ("P47", &server),
        ("P35", &*phone.user),
        ("P36", &*phone.proves_as),
        ("P34", password),
        ("P130", transport),
        ("P183", srtp),
    ];
    let rows = rows.map(|(key, value)| format!("    <{key}>{}</{key}>\n", xml(value)));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gs_provision version=\"1\">\n  <mac>{}</mac>\n  \
         <config version=\"1\">\n{}  </config>\n</gs_provision>\n",
        phone.mac,
        rows.concat()
    )
}
