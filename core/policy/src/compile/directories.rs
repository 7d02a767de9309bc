//! Directories: whether what is asked of them can be asked.

use ldap::Filter;
use model::{Code, Fault};

use crate::compile::Compiler;
use crate::directories::PeopleSource;

impl Compiler<'_> {
    pub(super) fn directories(&mut self) -> Vec<PeopleSource> {
        let documents = self.documents;
        let mut sources = Vec::with_capacity(documents.directory.len());
        for directory in documents.directory.values() {
            let password = match &directory.password {
                Some(place) => match self.secret(directory, place) {
                    // RFC 4513 5.1.2: a name without a password proves nothing, and most answer it kindly.
                    Some(password) if password.reveal().trim().is_empty() => {
                        let fault = Fault::new(Code::NO_SECRET_VALUE, format!("{} is empty", place.value));
                        self.problems.push(documents.problem_at(directory, place, fault));
                        continue;
                    }
                    Some(password) => Some(password),
                    None => continue,
                },
                None => None,
            };
            self.resolve_some(directory, directory.site.as_ref(), &documents.site, "site");
            self.resolve_some(directory, directory.rights.as_ref(), &documents.rights, "rights");
            let filter = match (Filter::read(directory.filter()), &directory.filter) {
                (Ok(filter), _) => filter,
                (Err(fault), Some(written)) => {
                    let fault = Fault::new(Code::DIRECTORY, format!("this is no filter: {fault}"));
                    let fault = fault.suggest("such as \"(&(objectClass=person)(telephoneNumber=*))\"");
                    self.problems.push(documents.problem_at(directory, written, fault));
                    continue;
                }
                (Err(_), None) => unreachable!("the filter of the house is one"),
            };
            sources.push(PeopleSource {
                name: directory.name.clone(),
                directory: directory.value.clone(),
                filter,
                password,
                realm: documents.system.realm().into(),
            });
        }
        sources
    }
}
