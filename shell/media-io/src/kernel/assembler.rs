//! A page of instructions for the kernel's own machine (RFC 9669), written with names and labels.

use std::collections::BTreeMap;

/// A register. The first five are arguments of calls and lost in them, the next four stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Register(u8);

pub(crate) const R0: Register = Register(0);
pub(crate) const R1: Register = Register(1);
pub(crate) const R2: Register = Register(2);
pub(crate) const R3: Register = Register(3);
pub(crate) const R4: Register = Register(4);
pub(crate) const R5: Register = Register(5);
pub(crate) const R6: Register = Register(6);
pub(crate) const R7: Register = Register(7);
pub(crate) const R8: Register = Register(8);
pub(crate) const R9: Register = Register(9);
/// Where the stack ends; it grows downwards, 512 bytes.
pub(crate) const STACK: Register = Register(10);

/// What an instruction takes beside its register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    Register(Register),
    Number(i32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Byte = 0x10,
    Half = 0x08,
    Word = 0x00,
    Double = 0x18,
}

/// Arithmetic on 64 bits, without signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Do {
    Add = 0x00,
    Subtract = 0x10,
    Multiply = 0x20,
    Divide = 0x30,
    Or = 0x40,
    And = 0x50,
    ShiftLeft = 0x60,
    ShiftRight = 0x70,
    Remainder = 0x90,
    ExclusiveOr = 0xa0,
    /// Bits that are shifted in are the sign's.
    ShiftRightSigned = 0xc0,
}

/// When a jump is taken: the register, compared with the operand, is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum If {
    Equal = 0x10,
    Above = 0x20,
    AtLeast = 0x30,
    HasBits = 0x40,
    Differs = 0x50,
    Below = 0xa0,
    AtMost = 0xb0,
    AtLeastSigned = 0x70,
}

/// What the kernel does for a program; the numbers are those of `enum bpf_func_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    MapLookUp = 1,
    Nanoseconds = 5,
    StoreBytes = 9,
    ReplaceChecksum = 11,
    LoadBytes = 26,
    SumDifference = 28,
    ChangeTail = 38,
    PullData = 39,
    RedirectToNeighbour = 152,
}

/// One instruction, as the kernel reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Instruction {
    code: u8,
    /// The source in the upper four bits, the destination in the lower.
    registers: u8,
    offset: i16,
    number: i32,
}

/// The program as far as it is written.
#[derive(Debug, Default)]
pub(crate) struct Page {
    instructions: Vec<Instruction>,
    labels: BTreeMap<&'static str, usize>,
    jumps: Vec<(usize, &'static str)>,
    calls: Vec<(usize, &'static str)>,
}

const LOAD_DOUBLE_NUMBER: u8 = 0x18;
const LOAD: u8 = 0x61;
const STORE_NUMBER: u8 = 0x62;
const STORE: u8 = 0x63;
const ATOMIC: u8 = 0xc0;
const EXCHANGE: i32 = 0xe1;
const ARITHMETIC: u8 = 0x07;
const MOVE: u8 = 0xb7;
const TO_BIG_ENDIAN: u8 = 0xdc;
/// Which of them: on 64 bits or on 32.
const OF_DOUBLE: u8 = 0x07;
const OF_WORD: u8 = 0x04;
const JUMP: u8 = 0x05;
const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;
const OF_REGISTER: u8 = 0x08;
/// In the place of the source: the number is a descriptor of a map.
const IS_MAP: u8 = 1;
/// The same: the number leads to a part of the page.
const IS_PART: u8 = 1;

impl Page {
    pub fn new() -> Page {
        Page::default()
    }

    /// The next instruction has this name.
    pub fn label(&mut self, name: &'static str) {
        let before = self.labels.insert(name, self.instructions.len());
        assert!(before.is_none(), "{name} is said once");
    }

    pub fn set(&mut self, to: Register, from: impl Into<Operand>) {
        self.with_operand(MOVE, to, 0, from.into());
    }

    pub fn compute(&mut self, what: Do, to: Register, with: impl Into<Operand>) {
        self.with_operand(ARITHMETIC | what as u8, to, 0, with.into());
    }

    /// The same with the lower 32 bits; the upper become zero.
    pub fn set_word(&mut self, to: Register, from: impl Into<Operand>) {
        self.with_operand(MOVE & !OF_DOUBLE | OF_WORD, to, 0, from.into());
    }

    pub fn compute_word(&mut self, what: Do, to: Register, with: impl Into<Operand>) {
        self.with_operand(ARITHMETIC & !OF_DOUBLE | OF_WORD | what as u8, to, 0, with.into());
    }

    pub fn load(&mut self, size: Size, to: Register, (base, offset): (Register, i16)) {
        self.push(LOAD | size as u8, to, base, offset, 0);
    }

    pub fn store(&mut self, size: Size, (base, offset): (Register, i16), what: impl Into<Operand>) {
        match what.into() {
            Operand::Register(from) => self.push(STORE | size as u8, base, from, offset, 0),
            Operand::Number(number) => self.push(STORE_NUMBER | size as u8, base, R0, offset, number),
        }
    }

    /// Exchanges a register with a word in memory, so that nobody comes between.
    pub fn exchange(&mut self, (base, offset): (Register, i16), with: Register) {
        self.push(STORE & 0x07 | ATOMIC, base, with, offset, EXCHANGE);
    }

    /// Turns 16 or 32 bits between the order of the network and the machine's; the rest becomes zero.
    pub fn network_order(&mut self, to: Register, bits: i32) {
        self.push(TO_BIG_ENDIAN, to, R0, 0, bits);
    }

    /// All 64 bits of a number.
    pub fn load_number(&mut self, to: Register, number: u64) {
        self.push(LOAD_DOUBLE_NUMBER, to, R0, 0, number as i32);
        self.push(0, R0, R0, 0, (number >> 32) as i32);
    }

    pub fn load_map(&mut self, to: Register, descriptor: i32) {
        self.push(LOAD_DOUBLE_NUMBER, to, Register(IS_MAP), 0, descriptor);
        self.push(0, R0, R0, 0, 0);
    }

    pub fn jump(&mut self, to: &'static str) {
        self.jumps.push((self.instructions.len(), to));
        self.push(JUMP, R0, R0, 0, 0);
    }

    pub fn jump_if(&mut self, what: Register, is: If, than: impl Into<Operand>, to: &'static str) {
        self.jumps.push((self.instructions.len(), to));
        self.with_operand(JUMP | is as u8, what, 0, than.into());
    }

    pub fn call(&mut self, service: Service) {
        self.push(CALL, R0, R0, 0, service as i32);
    }

    /// Calls a part of the page, which ends with an exit: it has the arguments, leaves its answer in the
    /// first register, and has a stack and lasting registers of its own.
    pub fn call_part(&mut self, name: &'static str) {
        self.calls.push((self.instructions.len(), name));
        self.push(CALL, R0, Register(IS_PART), 0, 0);
    }

    pub fn exit(&mut self) {
        self.push(EXIT, R0, R0, 0, 0);
    }

    /// The whole program, its jumps and calls led to their labels.
    pub fn finish(mut self) -> Vec<Instruction> {
        let labels = self.labels;
        let away = |(at, name): (usize, &'static str)| {
            let to: usize = *labels.get(name).expect("every label that is named is said");
            to as i64 - at as i64 - 1
        };
        for jump in self.jumps {
            self.instructions[jump.0].offset =
                i16::try_from(away(jump)).expect("a page is no longer than a jump");
        }
        for call in self.calls {
            self.instructions[call.0].number =
                i32::try_from(away(call)).expect("a page is no longer than a call");
        }
        self.instructions
    }

    fn with_operand(&mut self, code: u8, to: Register, offset: i16, operand: Operand) {
        match operand {
            Operand::Register(from) => self.push(code | OF_REGISTER, to, from, offset, 0),
            Operand::Number(number) => self.push(code, to, R0, offset, number),
        }
    }

    fn push(&mut self, code: u8, to: Register, from: Register, offset: i16, number: i32) {
        let registers = from.0 << 4 | to.0;
        self.instructions.push(Instruction { code, registers, offset, number });
    }
}

impl From<Register> for Operand {
    fn from(register: Register) -> Operand {
        Operand::Register(register)
    }
}

impl From<i32> for Operand {
    fn from(number: i32) -> Operand {
        Operand::Number(number)
    }
}

impl From<u16> for Operand {
    fn from(number: u16) -> Operand {
        Operand::Number(number.into())
    }
}
