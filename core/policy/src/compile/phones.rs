//! Desk phones that fetch their settings.

use std::net::IpAddr;
use std::sync::Arc;

use model::{Code, Document, Fault, PhoneTransport, Problem, Provisioning, Secret, Srtp};

use crate::compile::Compiler;
use crate::password::Password;
use crate::phones::{Phone, Phones, door, password, proves_as};

/// What is shorter could be tried out.
const SECRET_MIN: usize = 32;

/// What is the same for all of them.
struct House {
    secret: Secret<String>,
    server: Arc<str>,
    port: u16,
    transport: PhoneTransport,
    srtp: Srtp,
}

impl Compiler<'_> {
    pub(super) fn phones(&mut self) -> Phones {
        let mut phones = Phones::default();
        let Some(written) = &self.documents.system.provisioning else { return phones };
        phones.url = written.url.as_ref().map(|url| url.trim_end_matches('/').into());
        let Some(house) = self.house_of_phones(written) else { return phones };
        for user in self.documents.user.values() {
            for one in &user.phones {
                let mac = one.mac.value;
                phones.add(Phone {
                    mac,
                    make: one.make,
                    user: Arc::clone(&user.name),
                    display: user.value.name.as_deref().unwrap_or(&user.name).into(),
                    proves_as: proves_as(&user.name, mac),
                    password: Password::Clear(password(&house.secret, (&user.name, mac), one.edition)),
                    door: door(&house.secret, mac, one.edition),
                    server: Arc::clone(&house.server),
                    port: house.port,
                    transport: house.transport,
                    srtp: house.srtp,
                });
            }
        }
        phones
    }

    fn house_of_phones(&mut self, written: &Provisioning) -> Option<House> {
        let documents = self.documents;
        let system = &documents.system;
        let secret = self.secret(system, &written.secret);
        if secret.as_ref().is_some_and(|secret| secret.reveal().len() < SECRET_MIN) {
            let fault = Fault::new(
                Code::NO_SECRET_VALUE,
                format!("{} has fewer than {SECRET_MIN} characters", written.secret.value),
            );
            let fault = fault.suggest("make one: head -c 32 /dev/urandom | base64");
            self.problems.push(documents.problem_at(system, &written.secret, fault));
        }
        let name = self.resolve(system, &written.interface, &documents.interface, "interface")?;
        let interface = documents.interface.get(&name)?;
        let (transport, port) = match way(interface, written) {
            Ok(way) => way,
            Err(problem) => {
                self.problems.push(self.told(written, problem));
                return None;
            }
        };
        let said = written.server.as_deref().or(interface.advertise.as_deref());
        let address = interface.address.0;
        let server = said.map_or_else(|| shown(address), str::to_owned);
        if said.is_none() && address.is_unspecified() {
            let fault = Fault::new(Code::MISSING_KEY, "phones are not told where the house is");
            let fault = fault.suggest("server = \"sip.example.com\"");
            self.problems.push(documents.problem_at(system, &written.interface, fault));
        }
        // Keys of media that everybody reads seal nothing.
        let srtp = match system.media.srtp {
            Srtp::Optional if transport != PhoneTransport::Tls => Srtp::Off,
            srtp => srtp,
        };
        Some(House { secret: secret?, server: server.into(), port, transport, srtp })
    }

    fn told(&self, written: &Provisioning, fault: Fault) -> Problem {
        let system = &self.documents.system;
        match &written.transport {
            Some(transport) => self.documents.problem_at(system, transport, fault),
            None => self.documents.problem_at(system, &written.interface, fault),
        }
    }
}

/// How they register, and where: as is said, or by the best sealed way that there is.
fn way(
    interface: &Document<model::Interface>,
    written: &Provisioning,
) -> Result<(PhoneTransport, u16), Fault> {
    let all = [
        (PhoneTransport::Tls, &interface.tls),
        (PhoneTransport::Tcp, &interface.tcp),
        (PhoneTransport::Udp, &interface.udp),
    ];
    let wanted = written.transport.as_ref().map(|transport| transport.value);
    let mut open = all.into_iter().filter_map(|(transport, port)| Some((transport, port.as_ref()?.value)));
    let found = open.find(|(transport, _)| wanted.is_none_or(|wanted| wanted == *transport));
    found.ok_or_else(|| {
        let words = format!("interface \"{}\" takes no phone in that way", interface.name);
        Fault::new(Code::INTERFACE, words).suggest("add udp = 5060, tcp = 5060 or tls = 5061 to it")
    })
}

fn shown(address: IpAddr) -> String {
    match address {
        IpAddr::V4(four) => four.to_string(),
        IpAddr::V6(six) => format!("[{six}]"),
    }
}
