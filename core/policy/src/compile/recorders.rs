//! Recorders outside.

use std::sync::Arc;

use model::{Code, Document, Fault, KeptAt, Keys, Side};

use crate::call_plan::{Otherwise, SrtpRules};
use crate::compile::Compiler;
use crate::policy::{Interface, interface_for};
use crate::recorder::{Recorder, RecorderServer};

impl Compiler<'_> {
    /// Recorders in the order in which they are asked; none, where all is kept in files.
    pub(super) fn recorders(&mut self, interfaces: &[Interface]) -> Vec<Recorder> {
        let documents = self.documents;
        let recorders = documents.recorder.values();
        let recorders: Vec<Recorder> = recorders.map(|one| self.recorder(one, interfaces)).collect();
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
        Recorder { name: document.name.clone(), servers: servers.collect(), srtp }
    }
}
