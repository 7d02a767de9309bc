//! Poly: a master file that names the files to read, by the hardware address or by twelve zeros, and the file
//! that it names.

use model::{PhoneTransport, Srtp};
use policy::Phone;

use crate::asked::{File, XML, is_of};
use crate::escape::xml;

/// For whoever has no master file of its own.
const OF_ALL: &str = "000000000000.cfg";
/// Ends the name of the file with the settings.
const SETTINGS: &str = "-tandem.cfg";

pub(crate) fn file(phone: &Phone, name: &str) -> Option<File> {
    if let Some(stem) = name.strip_suffix(SETTINGS) {
        return is_of(phone, stem).then(|| File { kind: XML, text: settings(phone) });
    }
    let is_master = name == OF_ALL || name.strip_suffix(".cfg").is_some_and(|stem| is_of(phone, stem));
    is_master.then(|| File { kind: XML, text: master(phone) })
}

/// No software is named, so that none is fetched, and nothing is sent back.
fn master(phone: &Phone) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
         <APPLICATION APP_FILE_PATH=\"\" CONFIG_FILES=\"{}{SETTINGS}\" MISC_FILES=\"\" \
         LOG_FILE_DIRECTORY=\"\" OVERRIDES_DIRECTORY=\"\" CONTACTS_DIRECTORY=\"\" LICENSE_DIRECTORY=\"\"/>\n",
        phone.mac
    )
}

fn settings(phone: &Phone) -> String {
    let transport = match phone.transport {
        PhoneTransport::Udp => "UDPOnly",
        PhoneTransport::Tcp => "TCPOnly",
        PhoneTransport::Tls => "TLS",
    };
    let (offered, required) = match phone.srtp {
        Srtp::Off => ("0", "0"),
        Srtp::Optional => ("1", "0"),
        Srtp::Required => ("1", "1"),
    };
    let port = phone.port.to_string();
    let password = phone.password.clear().unwrap_or_default();
    let rows = [
        ("reg.1.address", &*phone.user),
        ("reg.1.label", &*phone.display),
        ("reg.1.displayName", &*phone.display),
        ("reg.1.auth.userId", &*phone.proves_as),
        ("reg.1.auth.password", password),
        ("reg.1.server.1.address", &*phone.server),
        ("reg.1.server.1.port", &port),
        ("reg.1.server.1.transport", transport),
        ("sec.srtp.offer", offered),
        ("sec.srtp.require", required),
    ];
    let rows = rows.map(|(key, value)| format!("    {key}=\"{}\"\n", xml(value)));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<PHONE_CONFIG>\n  <ALL\n{}  />\n\
         </PHONE_CONFIG>\n",
        rows.concat()
    )
}
