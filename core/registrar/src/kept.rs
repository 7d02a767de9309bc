//! What outlives the process: a user's bindings, as they are written down and read again.

use std::sync::Arc;
use std::time::Instant;

use policy::WallTime;
use serde::{Deserialize, Serialize};
use sip_stack::{ConnectionId, KeptFlow, Listener};

use crate::bell::Bell;
use crate::binding::{Binding, Naming, Reach};

/// All bindings of a user: what was written of the user before no longer holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub user: Arc<str>,
    pub bindings: Vec<KeptBinding>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptBinding {
    pub contact: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_number: Option<u32>,
    pub priority: u16,
    pub call_id: Arc<str>,
    pub cseq: u32,
    pub registered: WallTime,
    pub until: WallTime,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<Box<str>>,
    pub source: KeptFlow,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Box<str>>,
    pub reach: KeptReach,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub naming: Option<Box<Naming>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bell: Option<Box<Bell>>,
}

/// How it was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeptReach {
    /// As a datagram, or by a connection of ours.
    At(KeptFlow),
    ByPath,
    Lost,
}

impl Kept {
    pub(crate) fn of(
        user: &Arc<str>,
        bindings: &[Binding],
        now: (Instant, WallTime),
        listeners: &[Listener],
    ) -> Kept {
        let bindings = bindings.iter().map(|binding| KeptBinding::of(binding, now, listeners));
        Kept { user: Arc::clone(user), bindings: bindings.collect() }
    }
}

impl KeptBinding {
    fn of(binding: &Binding, now: (Instant, WallTime), listeners: &[Listener]) -> KeptBinding {
        KeptBinding {
            contact: binding.contact.clone(),
            instance: binding.instance.clone(),
            flow_number: binding.flow_number,
            priority: binding.priority,
            call_id: binding.call_id.clone(),
            cseq: binding.cseq,
            registered: binding.registered,
            until: WallTime::at(binding.until, now),
            path: binding.path.clone(),
            source: KeptFlow::of(binding.source, listeners),
            agent: binding.agent.clone(),
            features: binding.features.clone(),
            reach: match binding.reach {
                Reach::ByPath => KeptReach::ByPath,
                Reach::On { flow, otherwise } => {
                    let lasting = Some(flow).filter(|flow| flow.connection == ConnectionId::NONE);
                    let lasting = lasting.or(otherwise);
                    lasting.map_or(KeptReach::Lost, |flow| KeptReach::At(KeptFlow::of(flow, listeners)))
                }
                Reach::Lost => KeptReach::Lost,
            },
            naming: binding.naming.clone(),
            bell: binding.bell.clone(),
        }
    }

    /// What is left of it; nothing where its time is over.
    pub(crate) fn restore(&self, now: (Instant, WallTime), listeners: &[Listener]) -> Option<Binding> {
        let until = self.until.moment(now)?;
        let reach = match &self.reach {
            KeptReach::ByPath => Reach::ByPath,
            KeptReach::At(flow) => {
                let flow = flow.restore(listeners);
                flow.map_or(Reach::Lost, |flow| Reach::On { flow, otherwise: None })
            }
            KeptReach::Lost => Reach::Lost,
        };
        Some(Binding {
            contact: self.contact.clone(),
            instance: self.instance.clone(),
            flow_number: self.flow_number,
            priority: self.priority,
            call_id: self.call_id.clone(),
            cseq: self.cseq,
            registered: self.registered,
            until,
            path: self.path.clone(),
            source: self.source.restore(listeners)?,
            agent: self.agent.clone(),
            features: self.features.clone(),
            reach,
            naming: self.naming.clone(),
            bell: self.bell.clone(),
        })
    }
}
