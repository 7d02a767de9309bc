//! Where records go to be searched, and who reads them along on their way.

use crate::documents::Documents;
use crate::fault::Fault;
use crate::problem::{Code, Problem};
use crate::storage::{Storage, StorageHost};

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    let system = &documents.system;
    let Some(storage) = &system.storage else { return };
    let Some(engine) = storage.engine.as_ref().filter(|_| storage.is_postgresql()) else {
        if let Some(host) = storage.hosts.first() {
            let fault =
                Fault::new(Code::CONTRADICTION, "a server is named, and records are searched in a file");
            let fault = fault.suggest("add engine = \"postgresql\"");
            problems.push(documents.problem_at(system, host, fault));
        }
        return;
    };
    if storage.hosts.is_empty() {
        let fault = Fault::new(Code::MISSING_KEY, "there is no server to search records in");
        let fault = fault.suggest("add hosts = [\"db.example.com\"]");
        problems.push(documents.problem_at(system, engine, fault));
    }
    let open = storage.hosts.iter().find(|host| is_open(storage, host));
    if let Some(host) = open {
        let message = format!("records would cross to {} in the clear", host.value);
        let cure = "add tls_verify = \"…\", a file of what signs the server's certificate, such as \
                    /etc/ssl/certs/ca-certificates.crt";
        problems.push(documents.problem_at(
            system,
            host,
            Fault::new(Code::RECORDS_UNSEALED, message).suggest(cure),
        ));
    }
    if let Some(schema) = storage.schema.as_ref().filter(|schema| !is_plain(schema)) {
        let message = format!("\"{}\" is no name of a schema that needs no quotes", schema.value);
        let fault = Fault::new(Code::NAME, message).suggest("small letters, digits and _");
        problems.push(documents.problem_at(system, schema, fault));
    }
}

fn is_open(storage: &Storage, host: &StorageHost) -> bool {
    !host.is_here() && storage.tls_verify.is_none()
}

/// No quote can end it, and no server cuts it.
fn is_plain(schema: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    let rest = schema.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit());
    schema.bytes().next().is_some_and(is_letter) && rest && schema.len() <= 63 && !schema.starts_with("pg_")
}
