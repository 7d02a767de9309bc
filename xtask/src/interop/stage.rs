//! The usual beginning of a scenario: a node in a fresh folder, between a caller and a callee to come.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::Binary;
use super::node::{self, Node, Setting};
use super::place::{self, Way, free_port};
use crate::step::Failure;

pub struct Stage {
    pub folder: PathBuf,
    pub caller: SocketAddr,
    pub callee: SocketAddr,
    pub setting: Setting,
    pub node: Node,
}

impl Stage {
    /// On return the node answers; nobody is at the addresses of caller and callee yet.
    pub fn set(binary: &Binary, way: Way) -> Result<Stage, Failure> {
        let folder = place::folder(way.name)?;
        let callee = SocketAddr::new(way.address, free_port(way.address)?);
        let caller = SocketAddr::new(way.address, free_port(way.address)?);
        let setting = node::configure(&folder, way, callee, None)?;
        let node = Node::start(binary, &folder, &setting)?;
        Ok(Stage { folder, caller, callee, setting, node })
    }
}
