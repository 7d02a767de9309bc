//! Buffers that the system fills as packets come, and that packets leave from as they lie.

use std::cell::UnsafeCell;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::ptr;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::Submitter;
use io_uring::types::BufRingEntry;
use libc::socklen_t;
use media::Packet;

use crate::name::{NAME_LENGTH, Name};
use crate::socket::ROOM;

/// By this number the requests name the buffers: there is but one group.
pub(crate) const GROUP: u16 = 0;

/// One packet: what the system says of it, whom it is from or goes to, and its bytes.
#[repr(C, align(64))]
struct Buffer {
    head: Head,
    name: Name,
    packet: [u8; ROOM],
}

/// The `io_uring_recvmsg_out` of the system.
#[repr(C)]
struct Head {
    name_length: u32,
    control_length: u32,
    packet_length: u32,
    flags: u32,
}

/// The bytes of a buffer that the system may fill; a packet that has no room is marked as cut.
const LENGTH: usize = mem::offset_of!(Buffer, packet) + ROOM;
const _: () = assert!(mem::offset_of!(Buffer, packet) == mem::size_of::<Head>() + NAME_LENGTH as usize);

/// The system takes the list of free buffers by the page.
#[repr(C, align(4096))]
struct Page([u8; 4096]);

/// All buffers: each is either with the system, in its list of free ones, or [`Held`] by us.
pub(crate) struct Buffers {
    memory: Box<[UnsafeCell<Buffer>]>,
    free: Box<[UnsafeCell<Page>]>,
    /// How many were ever given to the system, round; it sees them when they are published.
    given: u16,
    held: usize,
}

/// A buffer that is ours, until it is given back.
#[must_use]
#[derive(Debug)]
pub(crate) struct Held(u16);

/// A packet as it is sent: where it lies, and where its address does.
pub(crate) struct Parcel {
    pub packet: *const u8,
    pub length: u32,
    pub name: *const libc::sockaddr,
    pub name_length: socklen_t,
}

impl Buffers {
    /// So many buffers, a power of two, all of them free.
    pub fn new(count: u16) -> Buffers {
        assert!(count.is_power_of_two(), "the system's list goes round by a power of two");
        let pages = (usize::from(count) * mem::size_of::<BufRingEntry>()).div_ceil(mem::size_of::<Page>());
        // SAFETY: numbers, for which all zero is a value.
        let (memory, free) = unsafe {
            let memory = Box::<[UnsafeCell<Buffer>]>::new_zeroed_slice(count.into()).assume_init();
            (memory, Box::<[UnsafeCell<Page>]>::new_zeroed_slice(pages).assume_init())
        };
        let mut buffers = Buffers { memory, free, given: 0, held: count.into() };
        for number in 0..count {
            buffers.give_back(Held(number));
        }
        buffers.publish();
        buffers
    }

    /// Tells the system of the buffers. They must live as long as its ring.
    pub fn register(&self, submitter: &Submitter<'_>) -> io::Result<()> {
        let list = self.free.as_ptr() as u64;
        // SAFETY: the list has that many entries, each leads to a buffer of the length it gives, and both
        // outlive the ring, as the caller promises.
        unsafe { submitter.register_buf_ring_with_flags(list, self.memory.len() as u16, GROUP, 0) }
    }

    /// How many are with us.
    pub fn held(&self) -> usize {
        self.held
    }

    pub fn count(&self) -> usize {
        self.memory.len()
    }

    /// Takes the buffer that the system has just filled.
    pub fn take(&mut self, number: u16) -> Held {
        self.held += 1;
        Held(number)
    }

    /// The packet in a buffer, and its sender; none where it was too long.
    pub fn packet(&mut self, held: &Held) -> Option<(SocketAddr, Packet<'_>)> {
        // SAFETY: who holds a buffer is alone with it, and `&mut self` says that nobody reads it here.
        let buffer = unsafe { &mut *self.memory[usize::from(held.0)].get() };
        if buffer.head.flags & libc::MSG_TRUNC as u32 != 0 {
            return None;
        }
        Some((buffer.name.read()?, Packet::new(&mut buffer.packet, buffer.head.packet_length as usize)))
    }

    /// Addresses the packet in a buffer. The parcel's pointers hold until the buffer is given back.
    pub fn address(&mut self, held: &Held, length: usize, to: SocketAddr) -> Parcel {
        // SAFETY: who holds a buffer is alone with it, and `&mut self` says that nobody reads it here.
        let buffer = unsafe { &mut *self.memory[usize::from(held.0)].get() };
        let name_length = buffer.name.write(to);
        Parcel {
            packet: buffer.packet.as_ptr(),
            length: length.min(ROOM) as u32,
            name: ptr::from_ref(&buffer.name).cast(),
            name_length,
        }
    }

    /// Gives a buffer back to the system, when it is next published.
    pub fn give_back(&mut self, held: Held) {
        let slot = usize::from(self.given) & (self.memory.len() - 1);
        let address = self.memory[usize::from(held.0)].get() as u64;
        // SAFETY: the slot is within the list. The system does not read it before it is published, for no
        // more buffers are given than there are slots.
        let entry = unsafe { &mut *self.entries().add(slot) };
        entry.set_addr(address);
        entry.set_len(LENGTH as u32);
        entry.set_bid(held.0);
        self.given = self.given.wrapping_add(1);
        self.held -= 1;
    }

    /// Lets the system see what was given back.
    pub fn publish(&mut self) {
        // SAFETY: the first entry holds the list's end in a corner that no buffer's entry uses; it is
        // aligned, lives as long as the list, and the system only reads it.
        let end = unsafe { &*BufRingEntry::tail(self.entries()).cast::<AtomicU16>() };
        end.store(self.given, Ordering::Release);
    }

    fn entries(&self) -> *mut BufRingEntry {
        self.free.as_ptr().cast_mut().cast()
    }
}

impl Held {
    /// Leaves it to a request that sends it.
    pub fn into_number(self) -> u16 {
        self.0
    }

    /// The buffer of a packet that has left.
    pub fn returned(number: u16) -> Held {
        Held(number)
    }
}
