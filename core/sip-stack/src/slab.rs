//! Numbered places, used again and again; a nonce tells one tenant from the next.

/// A growing row of places.
#[derive(Debug)]
pub struct Slab<T> {
    places: Vec<Option<Tenant<T>>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Tenant<T> {
    nonce: u32,
    value: T,
}

/// A slot has to fit into a token.
const SLOTS_MAX: usize = 1 << 24;

impl<T> Slab<T> {
    pub fn new() -> Slab<T> {
        Slab { places: Vec::new(), free: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// The place that the next `insert` takes.
    pub fn next_slot(&self) -> u32 {
        self.free.last().copied().unwrap_or(self.places.len() as u32)
    }

    pub fn insert(&mut self, nonce: u32, value: T) -> u32 {
        let tenant = Some(Tenant { nonce, value });
        if let Some(slot) = self.free.pop() {
            self.places[slot as usize] = tenant;
            return slot;
        }
        assert!(self.places.len() < SLOTS_MAX, "a table holds at most 2^24 transactions");
        self.places.push(tenant);
        (self.places.len() - 1) as u32
    }

    pub fn get(&self, slot: u32, nonce: u32) -> Option<&T> {
        self.places
            .get(slot as usize)?
            .as_ref()
            .filter(|tenant| tenant.nonce == nonce)
            .map(|tenant| &tenant.value)
    }

    pub fn get_mut(&mut self, slot: u32, nonce: u32) -> Option<&mut T> {
        let tenant = self.places.get_mut(slot as usize)?.as_mut()?;
        (tenant.nonce == nonce).then_some(&mut tenant.value)
    }

    pub fn remove(&mut self, slot: u32, nonce: u32) -> Option<T> {
        self.get(slot, nonce)?;
        let tenant = self.places[slot as usize].take()?;
        self.free.push(slot);
        Some(tenant.value)
    }

    /// Slot, nonce and value of every tenant, in the order of the slots.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32, &T)> {
        let places = self.places.iter().enumerate();
        places.filter_map(|(slot, place)| place.as_ref().map(|t| (slot as u32, t.nonce, &t.value)))
    }

    /// Every tenant, in the order of the slots.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.places.iter_mut().flatten().map(|tenant| &mut tenant.value)
    }
}
