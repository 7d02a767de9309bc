//! At which interfaces the media of a trunk lies.

use std::sync::Arc;

use model::{Code, Document, Fault, MediaPath, Side, Spot};

use crate::compile::Compiler;
use crate::home::{InsideHome, MediaHome};
use crate::policy::{Interface, Server};

impl Compiler<'_> {
    /// Where the media of a trunk with these servers lies.
    pub(super) fn media_home(
        &mut self,
        trunk: &Document<model::Trunk>,
        interfaces: &[Interface],
        servers: &[Server],
    ) -> MediaHome {
        let media = &trunk.media;
        let apart = media.interface.as_ref().and_then(|name| self.interface_named(trunk, name, interfaces));
        let usual = apart.map(|interface| interface.id);
        let signalled = servers.iter().find_map(|server| server.interface);
        let outside = usual.or(signalled).and_then(|id| interfaces.iter().find(|one| one.id == id));
        let inside = media.inside_interface.as_ref().and_then(|name| {
            let inside = self.interface_named(trunk, name, interfaces)?;
            self.check_inside(trunk, name, (inside, outside));
            let name = |one: &Interface| one.name.clone();
            Some(Arc::new(InsideHome {
                interface: inside.id,
                names: [outside.map(name).unwrap_or_default(), name(inside)],
                ours: trunk.identity.domain.as_deref().map(Arc::from),
            }))
        });
        self.check_wishes(trunk);
        let party =
            media.assume.as_ref().filter(|_| inside.is_some()).map_or(Side::Outside, |side| side.value);
        MediaHome { usual, inside, party }
    }

    fn interface_named<'i>(
        &mut self,
        trunk: &Document<model::Trunk>,
        name: &Spot<String>,
        interfaces: &'i [Interface],
    ) -> Option<&'i Interface> {
        let known = self.resolve(trunk, name, &self.documents.interface, "interface")?;
        interfaces.iter().find(|interface| interface.name == known)
    }

    /// Who is inside has to be reached elsewhere than everybody else, and where our own people are.
    fn check_inside(
        &mut self,
        trunk: &Document<model::Trunk>,
        name: &Spot<String>,
        (inside, outside): (&Interface, Option<&Interface>),
    ) {
        let fault = if outside.is_some_and(|outside| outside.id == inside.id) {
            let message = format!(
                "media of who is inside would lie at interface \"{}\", as all media of the trunk does",
                inside.name
            );
            Fault::new(Code::MEDIA_PATH, message).suggest("name an interface that faces our own network")
        } else if inside.side != Side::Inside {
            let message =
                format!("interface \"{}\" faces the world, and nobody inside is there", inside.name);
            Fault::new(Code::MEDIA_PATH, message).suggest("name an interface with side = \"inside\"")
        } else {
            return;
        };
        self.problems.push(self.documents.problem_at(trunk, name, fault));
    }

    /// What is said of interfaces of media has to be of some use.
    fn check_wishes(&mut self, trunk: &Document<model::Trunk>) {
        let media = &trunk.media;
        if let (Some(assume), None) = (&media.assume, &media.inside_interface) {
            let fault = Fault::new(Code::MEDIA_PATH, "nobody is taken to be inside without inside_interface");
            let fault = fault.suggest("add inside_interface = the interface for who is inside");
            self.problems.push(self.documents.problem_at(trunk, assume, fault));
        }
        let named = media.interface.as_ref().or(media.inside_interface.as_ref());
        if let Some(name) = named.filter(|_| media.path == MediaPath::Direct) {
            let fault = Fault::new(Code::MEDIA_PATH, "media that goes direct lies at no interface of ours");
            self.problems.push(self.documents.problem_at(trunk, name, fault));
        }
    }
}
