//! Instructions without jumps, written as values of 64 bits that follow from each other; which of the
//! machine's few registers holds which, and for how long, is worked out here.

use super::assembler::{Do, Page, Register, STACK, Size};

/// One value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value(usize);

/// Where a value stands in memory: behind a register that the caller keeps.
pub(crate) type Place = (Register, i16);

#[derive(Clone, Copy, Debug)]
enum Step {
    Number(u64),
    Load(Place),
    Both(Do, Value, Value),
    Shift(Do, Value, i32),
    /// Makes no value.
    Store(Place, Value),
}

/// A sheet of steps, each of which makes the value of its number.
#[derive(Debug, Default)]
pub(crate) struct Straight(Vec<Step>);

impl Straight {
    pub fn number(&mut self, number: u64) -> Value {
        self.push(Step::Number(number))
    }

    /// What stands there when it is used, and not when this is said.
    pub fn load(&mut self, place: Place) -> Value {
        self.push(Step::Load(place))
    }

    pub fn store(&mut self, place: Place, value: Value) {
        self.push(Step::Store(place, value));
    }

    pub fn xor(&mut self, one: Value, other: Value) -> Value {
        self.push(Step::Both(Do::ExclusiveOr, one, other))
    }

    pub fn and(&mut self, one: Value, other: Value) -> Value {
        self.push(Step::Both(Do::And, one, other))
    }

    pub fn or(&mut self, one: Value, other: Value) -> Value {
        self.push(Step::Both(Do::Or, one, other))
    }

    pub fn shift_left(&mut self, value: Value, bits: i32) -> Value {
        self.push(Step::Shift(Do::ShiftLeft, value, bits))
    }

    pub fn shift_right(&mut self, value: Value, bits: i32) -> Value {
        self.push(Step::Shift(Do::ShiftRight, value, bits))
    }

    /// The bits that leave on the right come back on the left.
    pub fn rotate(&mut self, value: Value, bits: u32) -> Value {
        let bits = (bits % 64) as i32;
        if bits == 0 {
            return value;
        }
        let (right, left) = (self.shift_right(value, bits), self.shift_left(value, 64 - bits));
        self.or(right, left)
    }

    fn push(&mut self, step: Step) -> Value {
        self.0.push(step);
        Value(self.0.len() - 1)
    }

    /// Writes it down, with these registers for values, and the stack from there downwards for those that
    /// find no room in them.
    pub fn write(&self, page: &mut Page, registers: &[Register], stack: i16) {
        let mut room = Room::new(self, registers, stack);
        for (at, step) in self.0.iter().enumerate() {
            room.step(page, at, *step);
        }
    }

    /// What it comes to with these values, where no memory is asked.
    pub fn evaluate(&self, known: &[(Value, u64)], wanted: Value) -> u64 {
        let mut values: Vec<u64> = Vec::with_capacity(self.0.len());
        for (at, step) in self.0.iter().take(wanted.0 + 1).enumerate() {
            let told = known.iter().find(|(value, _)| value.0 == at).map(|(_, number)| *number);
            let value = |of: &Value| values[of.0];
            let made = told.unwrap_or_else(|| match step {
                Step::Number(number) => *number,
                Step::Both(Do::ExclusiveOr, one, other) => value(one) ^ value(other),
                Step::Both(Do::And, one, other) => value(one) & value(other),
                Step::Both(Do::Or, one, other) => value(one) | value(other),
                Step::Shift(Do::ShiftLeft, of, bits) => value(of) << bits,
                Step::Shift(Do::ShiftRight, of, bits) => value(of) >> bits,
                step => unreachable!("{step:?} asks memory"),
            });
            values.push(made);
        }
        values[wanted.0]
    }
}

impl Step {
    fn uses(&self) -> impl Iterator<Item = Value> {
        let values = match *self {
            Step::Number(_) | Step::Load(_) => [None, None],
            Step::Both(_, one, other) => [Some(one), Some(other)],
            Step::Shift(_, value, _) | Step::Store(_, value) => [Some(value), None],
        };
        values.into_iter().flatten()
    }
}

/// Where each value is while the sheet is written down.
struct Room<'a> {
    steps: &'a [Step],
    registers: &'a [Register],
    /// Of each value the steps that use it, the next one last.
    uses: Vec<Vec<usize>>,
    /// What each register holds.
    holds: Vec<Option<Value>>,
    /// Where on the stack a value stands.
    slots: Vec<Option<i16>>,
    free: Vec<i16>,
    stack: i16,
}

impl<'a> Room<'a> {
    fn new(sheet: &'a Straight, registers: &'a [Register], stack: i16) -> Room<'a> {
        let steps = &sheet.0;
        let mut uses = vec![Vec::new(); steps.len()];
        for (at, step) in steps.iter().enumerate().rev() {
            step.uses().for_each(|Value(used)| uses[used].push(at));
        }
        let (holds, slots) = (vec![None; registers.len()], vec![None; steps.len()]);
        Room { steps, registers, uses, holds, slots, free: Vec::new(), stack }
    }

    fn step(&mut self, page: &mut Page, at: usize, step: Step) {
        match step {
            // These are fetched when they are used.
            Step::Number(_) | Step::Load(_) => {}
            Step::Store(place, value) => {
                let from = self.fetch(page, value, None);
                self.used(at, value);
                page.store(Size::Double, place, self.registers[from]);
            }
            Step::Shift(what, value, bits) => {
                let from = self.fetch(page, value, None);
                self.used(at, value);
                let to = self.take_over(page, from, None);
                page.compute(what, self.registers[to], bits);
                self.holds[to] = Some(Value(at));
            }
            Step::Both(what, one, other) => {
                let first = self.fetch(page, one, None);
                let second = self.fetch(page, other, Some(first));
                self.used(at, one);
                if other != one {
                    self.used(at, other);
                }
                let is_over = |room: &Room<'_>, at: usize| room.holds[at].is_none();
                let (to, with) = match (is_over(self, first), is_over(self, second)) {
                    (false, true) => (second, first),
                    _ => (self.take_over(page, first, Some(second)), second),
                };
                page.compute(what, self.registers[to], self.registers[with]);
                self.holds[to] = Some(Value(at));
            }
        }
    }

    /// The register with a value, into which it is brought if it is in none.
    fn fetch(&mut self, page: &mut Page, value: Value, keep: Option<usize>) -> usize {
        if let Some(at) = self.holds.iter().position(|held| *held == Some(value)) {
            return at;
        }
        let at = self.empty(page, [keep, None]);
        let to = self.registers[at];
        match (self.slots[value.0], self.steps[value.0]) {
            (Some(slot), _) => page.load(Size::Double, to, (STACK, slot)),
            (None, Step::Number(number)) => page.load_number(to, number),
            (None, Step::Load(place)) => page.load(Size::Double, to, place),
            (None, step) => unreachable!("{step:?} is held until it is used last"),
        }
        self.holds[at] = Some(value);
        at
    }

    /// A register with what is in that one, and may be written to: that one, if nobody needs it any more.
    fn take_over(&mut self, page: &mut Page, from: usize, keep: Option<usize>) -> usize {
        if self.holds[from].is_none() {
            return from;
        }
        let to = self.empty(page, [Some(from), keep]);
        page.set(self.registers[to], self.registers[from]);
        to
    }

    /// A register that holds nothing: the one whose value is used last goes to the stack for it.
    fn empty(&mut self, page: &mut Page, keep: [Option<usize>; 2]) -> usize {
        let may = |at: &usize| !keep.contains(&Some(*at));
        let all = || (0..self.registers.len()).filter(may);
        if let Some(at) = all().find(|at| self.holds[*at].is_none()) {
            return at;
        }
        let next = |at: &usize| self.holds[*at].and_then(|held| self.uses[held.0].last().copied());
        let at = all().max_by_key(next).expect("three registers at least");
        let Value(leaves) = self.holds[at].take().expect("all of them hold something");
        let is_made = !matches!(self.steps[leaves], Step::Number(_) | Step::Load(_));
        if is_made && self.slots[leaves].is_none() {
            let slot = self.free.pop().unwrap_or_else(|| {
                self.stack -= 8;
                self.stack
            });
            self.slots[leaves] = Some(slot);
            page.store(Size::Double, (STACK, slot), self.registers[at]);
        }
        at
    }

    /// A step has used a value; nothing is kept of one that nobody needs any more.
    fn used(&mut self, at: usize, value: Value) {
        self.uses[value.0].retain(|use_at| *use_at != at);
        if self.uses[value.0].is_empty() {
            self.holds.iter_mut().filter(|held| **held == Some(value)).for_each(|held| *held = None);
            self.free.extend(self.slots[value.0].take());
        }
    }
}
