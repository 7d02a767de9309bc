//! A side's media goes over to another of our interfaces: ports are taken there, and the relay goes over once
//! its peer has agreed. The other side keeps its ports.

use std::net::IpAddr;

use media::{Order, PortPair, Purpose, Side};
use policy::InterfaceId;
use sdp::{Codecs, Session};

use super::{Bridge, Dress, NoMedia, Port, number};
use crate::Room;
use crate::way::Ways;

/// Ports that nobody uses yet.
pub(super) struct Prepared {
    interface: InterfaceId,
    advertise: IpAddr,
    pairs: Vec<PortPair>,
    /// How the side was reached before its peer was told of them.
    ways: Option<Ways>,
}

impl Bridge {
    /// Takes ports for a side at another interface, as many as it has.
    pub(crate) fn prepare(
        &mut self,
        room: &mut Room<'_>,
        side: Side,
        interface: InterfaceId,
    ) -> Result<(), NoMedia> {
        self.stay(room, side);
        let place = room.places.media_at(interface).ok_or(NoMedia::Ports)?;
        let wanted = self.sides[side as usize].pairs.len();
        let now = room.now.instant;
        let leased: Vec<_> = (0..wanted).map_while(|_| place.lease(now, self.purpose)).collect();
        let pairs: Vec<_> = leased.iter().map(|(pair, _)| *pair).collect();
        if pairs.len() < wanted {
            pairs.into_iter().for_each(|pair| place.book.take_back(pair));
            return Err(NoMedia::Ports);
        }
        let prepared = Prepared { interface, advertise: place.advertise, pairs, ways: None };
        let outlooks = &mut self.sides[side as usize].outlooks;
        leased.into_iter().for_each(|(pair, outlook)| outlooks.note(pair, outlook));
        self.sides[side as usize].prepared = Some(Box::new(prepared));
        Ok(())
    }

    /// A side's media stays where it is: what was prepared is given back.
    pub(crate) fn stay(&mut self, room: &mut Room<'_>, side: Side) {
        let Some(prepared) = self.sides[side as usize].prepared.take() else { return };
        if let Some(ways) = prepared.ways {
            self.ways[side as usize] = ways;
        }
        if let Some(place) = room.places.media_at(prepared.interface) {
            prepared.pairs.into_iter().for_each(|pair| place.book.give_back(room.now.instant, pair));
        }
    }

    /// Writes what a side is told of what was prepared: nothing else of its description changes.
    pub(crate) fn offer_prepared(&mut self, room: &mut Room<'_>, side: Side) -> Result<(), NoMedia> {
        let told = self.sides[side as usize].told.clone();
        let session = Session::parse(&told).map_err(|error| NoMedia::Malformed(error.to_string()))?;
        let chance = room.stack.chance();
        let covers = self.keys[side as usize].offer(chance, &session).map_err(NoMedia::Unprotected)?;
        self.be_checked_anew(room, side);
        let chance = room.stack.chance();
        let ways = self.ways[side as usize].offer(chance, &covers);
        let open = self.chats[side.other() as usize].open();
        let chats = self.chats[side as usize].offer(chance, &open);
        let dress = Dress { covers, ways, formats: Vec::new(), chats };
        self.sides[side as usize].swap();
        let described = self.describe(side, &session, &Codecs::all(), (&dress, None));
        self.sides[side as usize].swap();
        described.map(drop)
    }

    /// A place that changes is checked by other words than the one before (RFC 8839, 4.4.1.1).
    pub(crate) fn be_checked_anew(&mut self, room: &mut Room<'_>, side: Side) {
        let Some(prepared) = &mut self.sides[side as usize].prepared else { return };
        let ways = &mut self.ways[side as usize];
        let at = (room.policy.ice(prepared.interface), room.policy.side_of(prepared.interface));
        prepared.ways.get_or_insert_with(|| ways.clone());
        ways.restart(at, room.stack.chance());
    }

    /// What was prepared for a side, if anything was, is where its media lies from now on.
    pub(crate) fn move_over(&mut self, room: &mut Room<'_>, side: Side) -> bool {
        let Some(mut prepared) = self.sides[side as usize].prepared.take() else { return false };
        let (session, port) = (self.session(), &mut self.sides[side as usize]);
        for (stream, ports) in prepared.pairs.iter().enumerate() {
            let stream = number(stream);
            room.orders.push(Order::Move { session, stream, side, ports: *ports });
        }
        std::mem::swap(&mut port.pairs, &mut prepared.pairs);
        port.outlooks.keep(&port.pairs);
        if let Some(place) = room.places.media_at(port.interface) {
            prepared.pairs.into_iter().for_each(|pair| place.book.give_back(room.now.instant, pair));
        }
        let interface = prepared.interface;
        port.stand_at(interface);
        self.ways[side as usize].go_over((room.policy.ice(interface), room.policy.side_of(interface)));
        port.advertise = prepared.advertise;
        let streams = port.pairs.len();
        (0..streams).for_each(|stream| self.see(room, side, stream));
        // Its peer is learned anew: what still comes from where it was tells nothing.
        let doors: Vec<_> =
            (0..self.sides[side as usize].aims.len()).map(|stream| self.door(side, stream)).collect();
        for (aim, door) in self.sides[side as usize].aims.iter_mut().zip(doors) {
            aim.door = door;
        }
        self.order_aims(room, side, |aim| aim);
        true
    }

    /// Where a side's media lies.
    pub(crate) fn lies_at(&self, side: Side) -> InterfaceId {
        self.sides[side as usize].interface
    }

    /// Whether a side's media lies elsewhere than it should.
    pub(crate) fn is_displaced(&self, side: Side) -> bool {
        let port = &self.sides[side as usize];
        port.interface != port.wanted
    }
}

impl Port {
    /// Its media is to lie there.
    pub(super) fn stand_at(&mut self, interface: InterfaceId) {
        (self.wanted, self.interface) = (interface, interface);
    }

    /// What is said of it is said of what was prepared, until it is swapped back.
    fn swap(&mut self) {
        if let Some(prepared) = &mut self.prepared {
            std::mem::swap(&mut self.pairs, &mut prepared.pairs);
            std::mem::swap(&mut self.advertise, &mut prepared.advertise);
        }
    }

    /// Takes a pair of ports; where there is none, those of the other interface, if all of its can be there.
    pub(super) fn lease(&mut self, room: &mut Room<'_>, purpose: Purpose) -> Result<(), NoMedia> {
        let now = room.now.instant;
        if self.pairs.is_empty() {
            self.interface = self.wanted;
        }
        let mut lease = |interface| {
            let place = room.places.media_at(interface)?;
            Some((place.advertise, place.lease(now, purpose)?))
        };
        let mut leased = lease(self.interface);
        if let (None, true, Some(otherwise)) = (&leased, self.pairs.is_empty(), self.otherwise) {
            self.interface = otherwise;
            leased = lease(otherwise);
        }
        let (advertise, (pair, outlook)) = leased.ok_or(NoMedia::Ports)?;
        self.advertise = advertise;
        self.pairs.reserve_exact(1);
        self.outlooks.note(pair, outlook);
        self.pairs.push(pair);
        Ok(())
    }
}
