//! Random policies: a naive reading of the documents agrees with what the house decides.

use world::seeds;

/// What the compiled policy decides about random calls is what the documents say, and explaining it again
/// from the facts that a record keeps gives the very same trail and plan.
#[test]
fn the_house_decides_as_its_documents_say_and_explains_the_same() {
    let compared = seeds::compare(1, 60);

    let all: String = compared.failures.iter().map(|failure| format!("{failure}\n")).collect();
    assert!(compared.failures.is_empty(), "{all}");
    let refused: u64 = compared.refused.values().sum();
    assert!(compared.calls >= 1_400 && compared.emergencies >= 10, "{compared:?}");
    assert!(3 * (compared.calls - refused) >= compared.calls, "most are refused: {compared:?}");
    assert!(compared.refused.len() >= 20, "{compared:?}");
}
