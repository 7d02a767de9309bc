//! The numbers that trunks gave to us, found by search and not by looking through them.

use std::sync::Arc;

use model::Number;

/// One `[numbers.*]`.
#[derive(Debug)]
pub(crate) struct DidBlock {
    pub name: Arc<str>,
    pub trunk: Arc<str>,
    pub unowned: Unowned,
    pub at: Arc<str>,
}

/// What becomes of calls to numbers that nobody owns and no route takes.
#[derive(Debug)]
pub(crate) enum Unowned {
    Refuse(u16),
    /// The user that is called instead.
    Call(Arc<str>),
}

/// Numbers of one length, and the block they belong to.
#[derive(Clone, Debug)]
struct Span {
    first: Number,
    last: Number,
    block: usize,
}

/// All blocks; no number is in two.
#[derive(Debug, Default)]
pub(crate) struct Dids {
    blocks: Vec<DidBlock>,
    /// In order of length, then of numbers.
    spans: Vec<Span>,
}

/// A number that is in two blocks.
pub(crate) struct Overlap {
    pub number: Number,
    pub earlier: usize,
    pub later: usize,
}

impl Dids {
    /// Blocks with their numbers, and the overlaps between blocks.
    pub fn new(blocks: Vec<(DidBlock, Vec<(Number, Number)>)>) -> (Dids, Vec<Overlap>) {
        let mut dids = Dids::default();
        for (index, (block, spans)) in blocks.into_iter().enumerate() {
            dids.blocks.push(block);
            let spans = spans.into_iter().map(|(first, last)| Span { first, last, block: index });
            dids.spans.extend(spans);
        }
        dids.spans.sort_by(|one, other| key(one.first.as_str()).cmp(&key(other.first.as_str())));
        let mut overlaps: Vec<Overlap> = Vec::new();
        let mut kept: Vec<Span> = Vec::with_capacity(dids.spans.len());
        for span in dids.spans.drain(..) {
            match kept.last_mut().filter(|last| key(last.last.as_str()) >= key(span.first.as_str())) {
                None => kept.push(span),
                Some(last) => {
                    if last.block != span.block {
                        let (earlier, later) = (last.block.min(span.block), last.block.max(span.block));
                        overlaps.push(Overlap { number: span.first.clone(), earlier, later });
                    }
                    if last.last < span.last {
                        last.last = span.last;
                    }
                }
            }
        }
        dids.spans = kept;
        (dids, overlaps)
    }

    /// The block of a number, with its plus.
    pub fn of(&self, number: &str) -> Option<&DidBlock> {
        let after = self.spans.partition_point(|span| key(span.first.as_str()) <= key(number));
        let span = &self.spans[after.checked_sub(1)?];
        (key(number) <= key(span.last.as_str())).then(|| &self.blocks[span.block])
    }

    /// Every block, with the first and last of each of its spans.
    pub fn spans(&self) -> impl Iterator<Item = (&DidBlock, &Number, &Number)> {
        self.spans.iter().map(|span| (&self.blocks[span.block], &span.first, &span.last))
    }
}

fn key(number: &str) -> (usize, &str) {
    (number.len(), number)
}
