//! Recorders outside.

use std::sync::Arc;

use model::{Code, Document, Fault, KeptAt, Keys, Side};

use crate::call_plan::{Otherwise, SrtpRules};
use crate::compile::Compiler;
use crate::policy::{Interface, interface_for};
use crate::recorder::{RECORDER_GROUPS_MAX, Recorder, RecorderServer};

impl Compiler<'_> {
    /// Recorders in the order in which they are asked; none, where all is kept in files.
    pub(super) fn recorders(&mut self, interfaces: &[Interface]) -> Vec<Recorder> {
        let documents = self.documents;
        let recorders = documents.recorder.values();
        let recorders: Vec<Recorder> = recorders.map(|one| self.recorder(one, interfaces)).collect();
        self.count_groups();
        match &documents.system.recording.to {
            Some(to) if to.value != KeptAt::Files && recorders.is_empty() => {
                let message = "recordings are to be kept at a recorder, and there is none".to_owned();
                let fault =
                    Fault::new(Code::RECORDER, message).suggest("add [recorder.…] with servers = […]");
                self.problems.push(documents.problem_at(&documents.system, to, fault));
                recorders
            }
            Some(to) if to.value == KeptAt::Files => Vec::new(),
            _ => recorders,
        }
    }

    /// Each group has a call at a time, and costs as much as a leg of its own.
    fn count_groups(&mut self) {
        let documents = self.documents;
        let mut known: Vec<&str> = Vec::new();
        for recorder in documents.recorder.values() {
            let group = recorder.group.as_ref().map_or("", |group| &group.value);
            if known.contains(&group) {
                continue;
            }
            known.push(group);
            if known.len() != RECORDER_GROUPS_MAX + 1 {
                continue;
            }
            let message = format!("recorder \"{}\" is of one group too many for one call", recorder.name);
            let cure = format!("have {RECORDER_GROUPS_MAX} groups at most");
            let fault = Fault::new(Code::RECORDER, message).suggest(cure);
            self.problems.push(match &recorder.group {
                Some(group) => documents.problem_at(recorder, group, fault),
                None => documents.problem(recorder, fault),
            });
        }
    }

    fn recorder(&mut self, document: &Document<model::Recorder>, interfaces: &[Interface]) -> Recorder {
        let documents = self.documents;
        if document.servers.is_empty() {
            let fault = Fault::new(Code::RECORDER, format!("recorder \"{}\" is nowhere", document.name));
            let fault = fault.suggest("servers = [\"sip:recorder.example.com;transport=tcp\"]");
            self.problems.push(documents.problem(document, fault));
        }
        let named = document.interface.as_ref().and_then(|name| {
            let known = self.resolve(document, name, &documents.interface, "interface")?;
            interfaces.iter().find(|interface| interface.name == known)
        });
        let servers = document.servers.iter().map(|uri| {
            let found = named.or_else(|| interface_for(interfaces, Side::Inside, uri.likely_transport()));
            RecorderServer {
                key: format!("recorder {}/{}", document.name, uri.value).into(),
                target: Arc::from(&*uri.value.to_string()),
                names_transport: uri.transport.is_some(),
                interface: found.map(|interface| interface.id),
                health: document.health.clone(),
            }
        });
        let srtp = SrtpRules {
            mode: document.srtp,
            keys: Keys::Sdes,
            keys_in_clear: document.keys_in_clear,
            otherwise: Otherwise::Refused,
        };
        let group = document.group.as_ref().map_or("", |group| &group.value).into();
        Recorder { name: document.name.clone(), group, servers: servers.collect(), srtp }
    }
}
