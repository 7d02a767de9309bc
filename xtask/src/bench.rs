//! Speed: parsing counted and timed beside another parser, in one run.

use std::process::Command;

use crate::step::{Failure, cargo, has, root, run};

/// Runs the parse bench; prints what callgrind counts where valgrind is at hand.
pub fn run_all() -> Result<(), Failure> {
    let folder = root().join("bench/parse");
    let cure = "see bench/parse; it is a workspace of its own";
    run(cargo().current_dir(&folder).args(["run", "--quiet", "--release"]), cure)?;
    if has("valgrind") {
        let mut command = Command::new("bash");
        command.current_dir(&folder).arg("callgrind.sh");
        if folder.join("callgrind.sh").is_file() {
            run(&mut command, cure)?;
        }
    }
    println!("\nWhole calls and packets are measured by the load kit: docs/PERFORMANCE.md says how.");
    Ok(())
}
