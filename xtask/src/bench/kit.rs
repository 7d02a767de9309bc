//! The load kit, which lies beside the checkout in `../shared/bench`. It is copied to target/bench, together
//! with our adapters, and built there.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::interop::{self, Load};
use crate::programs;
use crate::step::{Failure, root, run};

/// The peers, and what the generators are built with. A peer that is missing would be left out in silence.
const PACKAGES: &[(&str, &str)] = &[
    ("cc", "build-essential"),
    ("make", "build-essential"),
    ("/usr/include/openssl/ssl.h", "libssl-dev"),
    ("/usr/include/opus/opus.h", "libopus-dev"),
    ("kamailio", "kamailio"),
    ("rtpengine", "rtpengine-daemon"),
];

/// The kit, ready to run, and the product in a release build.
pub struct Kit {
    pub folder: PathBuf,
    pub binary: PathBuf,
}

impl Kit {
    pub fn lay_out() -> Result<Kit, Failure> {
        programs::provide(PACKAGES)?;
        let theirs = root().join("../shared/bench");
        let folder = root().join("target/bench");
        if !theirs.is_dir() {
            return Err(Failure::new(
                format!("no load kit at {}", theirs.display()),
                "put it beside the checkout",
            ));
        }
        fs::create_dir_all(&folder).map_err(|error| {
            Failure::new(format!("{}: {error}", folder.display()), "is target/ writable?")
        })?;
        let mut copy = Command::new("cp");
        copy.args(["-r", "--no-preserve=mode"]).arg(theirs.join(".")).arg(&folder);
        run(&mut copy, "is there room on the disk?")?;
        let mut copy = Command::new("cp");
        copy.arg("-r").args([root().join("bench/suts"), root().join("bench/conf")]).arg(&folder);
        run(&mut copy, "is there room on the disk?")?;
        let mut make = Command::new("make");
        make.current_dir(&folder).args(["build/sipload", "build/rtpload"]);
        run(&mut make, "has ../shared/bench changed?")?;
        Ok(Kit { folder, binary: interop::build(Load::Long)? })
    }

    pub fn command(&self, script: &str) -> Command {
        let mut command = Command::new("python3");
        command.current_dir(&self.folder).arg(script).env("TANDEM", &self.binary);
        command
    }
}
