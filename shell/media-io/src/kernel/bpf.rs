//! The system call `bpf(2)`, each use of it behind a safe name.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;

use libc::{c_int, c_long};

use super::assembler::Instruction;
use crate::socket::{checked, owned};

const MAP_CREATE: c_long = 0;
const MAP_UPDATE: c_long = 2;
const MAP_DELETE: c_long = 3;
const PROGRAM_LOAD: c_long = 5;
const LINK_CREATE: c_long = 28;

const HASH: u32 = 1;
const ARRAY: u32 = 2;
/// The values may be seen as memory of ours.
const MAPPABLE: u32 = 1 << 10;

const AT_TRAFFIC_CONTROL: u32 = 3;
const TRAFFIC_CONTROL_INGRESS: u32 = 46;

/// The verifier says its reason, and not each instruction that it walks.
const REASON: u32 = 4;
const LOG: usize = 1 << 16;
/// As much of it as tells the reason.
const LOG_END: usize = 600;
const LICENCE: &[u8] = b"Apache-2.0\0";

/// The beginning of `union bpf_attr` as each command reads it; the kernel takes the rest for zero.
#[repr(C)]
#[derive(Default)]
struct MapCreate {
    kind: u32,
    key_size: u32,
    value_size: u32,
    entries_max: u32,
    flags: u32,
    inner: u32,
    node: u32,
    name: [u8; 16],
}

#[repr(C)]
struct MapElement {
    map: u64,
    key: u64,
    value: u64,
    flags: u64,
}

#[repr(C)]
#[derive(Default)]
struct ProgramLoad {
    kind: u32,
    count: u32,
    instructions: u64,
    licence: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
    name: [u8; 16],
    device: u32,
    attach_type: u32,
}

#[repr(C)]
struct LinkCreate {
    program: u32,
    device: u32,
    attach_type: u32,
    flags: u32,
    /// Before or after which other program, and at which revision: nothing is said of it.
    beside: [u64; 2],
}

/// A table of fixed places, whose values the loops see as memory.
pub(crate) fn array(name: &str, value_size: usize, entries: u32) -> io::Result<OwnedFd> {
    map(MapCreate {
        kind: ARRAY,
        key_size: 4,
        value_size: value_size as u32,
        entries_max: entries,
        flags: MAPPABLE,
        name: name_of(name),
        ..MapCreate::default()
    })
}

/// A table that is looked up by a key of 8 bytes, and tells 4.
pub(crate) fn table(name: &str, entries: u32) -> io::Result<OwnedFd> {
    map(MapCreate {
        kind: HASH,
        key_size: 8,
        value_size: 4,
        entries_max: entries,
        name: name_of(name),
        ..MapCreate::default()
    })
}

/// A table of fixed places with a byte each, which programs read.
pub(crate) fn bytes(name: &str, values: &[u8]) -> io::Result<OwnedFd> {
    let table = map(MapCreate {
        kind: ARRAY,
        key_size: 4,
        value_size: 1,
        entries_max: values.len() as u32,
        name: name_of(name),
        ..MapCreate::default()
    })?;
    for (place, value) in (0_u32..).zip(values) {
        let (key, value) = (ptr::from_ref(&place) as u64, ptr::from_ref(value) as u64);
        let mut element = MapElement { map: table.as_raw_fd() as u64, key, value, flags: 0 };
        // SAFETY: the kernel reads 4 bytes of the key and one of the value, as the table was made.
        unsafe { call(MAP_UPDATE, &mut element) }?;
    }
    Ok(table)
}

/// Puts a row into a [`table`].
pub(crate) fn put(table: &OwnedFd, key: [u8; 8], value: u32) -> io::Result<()> {
    let (key, value) = (ptr::from_ref(&key) as u64, ptr::from_ref(&value) as u64);
    let mut element = MapElement { map: table.as_raw_fd() as u64, key, value, flags: 0 };
    // SAFETY: the kernel reads 8 bytes of the key and 4 of the value, as the table was made.
    unsafe { call(MAP_UPDATE, &mut element) }.map(drop)
}

/// Removes a row of a [`table`].
pub(crate) fn remove(table: &OwnedFd, key: [u8; 8]) -> io::Result<()> {
    let key = ptr::from_ref(&key) as u64;
    let mut element = MapElement { map: table.as_raw_fd() as u64, key, value: 0, flags: 0 };
    // SAFETY: the kernel reads 8 bytes of the key, as the table was made.
    unsafe { call(MAP_DELETE, &mut element) }.map(drop)
}

/// Has the kernel check a program and keep it. What the verifier objects to is in the error.
pub(crate) fn load(name: &str, program: &[Instruction]) -> io::Result<OwnedFd> {
    let mut attempt = ProgramLoad {
        kind: AT_TRAFFIC_CONTROL,
        count: program.len() as u32,
        instructions: program.as_ptr() as u64,
        licence: LICENCE.as_ptr() as u64,
        name: name_of(name),
        ..ProgramLoad::default()
    };
    // SAFETY: the program has so many instructions, and the licence ends in a zero.
    let refused = match unsafe { call(PROGRAM_LOAD, &mut attempt) } {
        Ok(program) => return owned(program),
        Err(refused) => refused,
    };
    let mut log = vec![0; LOG];
    (attempt.log_level, attempt.log_size, attempt.log) = (REASON, LOG as u32, log.as_mut_ptr() as u64);
    // SAFETY: the same, and the log has the room that is given with it.
    if let Ok(program) = unsafe { call(PROGRAM_LOAD, &mut attempt) } {
        return owned(program);
    }
    let text = String::from_utf8_lossy(&log);
    let text = text.trim_end_matches('\0').trim_end();
    let begin = text.char_indices().rev().nth(LOG_END).map_or(0, |(at, _)| at);
    // Who may not load any program is told nothing; what is wrong with this one is a fault of ours.
    match text.is_empty() {
        true => Err(refused),
        false => Err(io::Error::other(format!("{refused}: {}", &text[begin..]))),
    }
}

/// Lets a program see what arrives at a device, for as long as the link is held.
pub(crate) fn attach(program: &OwnedFd, device: u32) -> io::Result<OwnedFd> {
    let mut link = LinkCreate {
        program: program.as_raw_fd() as u32,
        device,
        attach_type: TRAFFIC_CONTROL_INGRESS,
        flags: 0,
        beside: [0; 2],
    };
    // SAFETY: no pointer is given.
    owned(unsafe { call(LINK_CREATE, &mut link) }?)
}

fn map(mut create: MapCreate) -> io::Result<OwnedFd> {
    // SAFETY: no pointer is given.
    owned(unsafe { call(MAP_CREATE, &mut create) }?)
}

fn name_of(name: &str) -> [u8; 16] {
    let mut field = [0; 16];
    let length = name.len().min(field.len() - 1);
    field[..length].copy_from_slice(&name.as_bytes()[..length]);
    field
}

/// SAFETY: pointers in what is given lead to what the command reads and writes there.
unsafe fn call<T>(command: c_long, given: &mut T) -> io::Result<c_int> {
    let (given, size) = (ptr::from_mut(given), mem::size_of::<T>());
    // SAFETY: `given` lives through the call, and has that size; the rest as the caller says.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, given, size) };
    checked(c_int::try_from(result).unwrap_or(-1))
}
