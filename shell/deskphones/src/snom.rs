//! Snom: `snom`, the model and the hardware address, or `settings.xml` behind an address of the phone's own.

use model::{PhoneTransport, Srtp};
use policy::Phone;

use crate::asked::{File, XML, is_of};
use crate::escape::xml;

pub(crate) fn file(phone: &Phone, name: &str) -> Option<File> {
    let stem = name.strip_suffix(".htm").or_else(|| name.strip_suffix(".xml"))?;
    let is_own =
        stem == "settings" || is_of(phone, stem) || names_model(stem).is_some_and(|mac| is_of(phone, mac));
    is_own.then(|| File { kind: XML, text: settings(phone) })
}

/// What stands behind the model.
fn names_model(stem: &str) -> Option<&str> {
    let (model, mac) = stem.split_once('-')?;
    let model = model.strip_prefix("snom")?;
    model.bytes().all(|byte| byte.is_ascii_alphanumeric()).then_some(mac)
}

fn settings(phone: &Phone) -> String {
    let transport = match phone.transport {
        PhoneTransport::Udp => "udp",
        PhoneTransport::Tcp => "tcp",
        PhoneTransport::Tls => "tls",
    };
    let (srtp, savp) = match phone.srtp {
        Srtp::Off => ("off", "off"),
        Srtp::Optional => ("on", "optional"),
        Srtp::Required => ("on", "mandatory"),
    };
    let (server, port) = (&phone.server, phone.port);
    let (host, outbound) = (server.to_string(), format!("{server}:{port};transport={transport}"));
    let password = phone.password.clear().unwrap_or_default();
    let rows = [
        ("user_active", "on"),
        ("user_realname", &*phone.display),
        ("user_idle_text", &*phone.display),
        ("user_name", &*phone.user),
        ("user_pname", &*phone.proves_as),
        ("user_pass", password),
        ("user_host", &host),
        ("user_outbound", &outbound),
        ("user_srtp", srtp),
        ("user_savp", savp),
    ];
    let rows = rows.map(|(key, value)| format!("    <{key} idx=\"1\" perm=\"R\">{}</{key}>\n", xml(value)));
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<settings>\n  <phone-settings>\n{}  </phone-settings>\n\
         </settings>\n",
        rows.concat()
    )
}
