//! Packets that cross in the kernel, between namespaces: beside the kit's bare forwarders, our own loop on
//! the same devices, and rtpengine on the loopback; then those of PCMU that become PCMA, at as many sessions
//! as rtpengine has time for, and by ourselves at as many as before.

use std::process::Command;

use super::kit::Kit;
use crate::programs;
use crate::step::{Failure, cargo, root, run};

/// What the kit's forwarders in the kernel are made with.
const TOOLS: &[(&str, &str)] =
    &[("clang", "clang"), ("/usr/include/bpf/bpf.h", "libbpf-dev"), ("ethtool", "ethtool")];

pub fn kernel(kit: &Kit) -> Result<(), Failure> {
    programs::provide(TOOLS)?;
    let mut copy = Command::new("cp");
    copy.arg(root().join("bench/kernel.py")).arg(&kit.folder);
    run(&mut copy, "is there room on the disk?")?;
    let mut allow = Command::new("chmod");
    allow.arg("+x").arg(kit.folder.join("netns.sh"));
    run(&mut allow, "is target/ writable?")?;
    let mut make = Command::new("make");
    make.current_dir(&kit.folder).arg("build/kfwd");
    run(&mut make, "mend what the compiler names")?;
    let mut build = cargo();
    build.args(["build", "--release", "--package", "media-io", "--example", "forward"]);
    run(&mut build, "mend what the compiler names")?;

    let all = ["kfwd-xdp", "tandem-kernel", "kfwd-tc", "tandem-loop", "rtpengine"];
    measure(kit, &all, ["rtp", "500"])?;
    measure(kit, &["tandem-kernel-laws", "rtpengine"], ["pcmu-pcma", "200"])?;
    measure(kit, &["tandem-kernel-laws"], ["pcmu-pcma", "500"])
}

fn measure(kit: &Kit, who: &[&str], [variant, sessions]: [&str; 2]) -> Result<(), Failure> {
    let mut command = kit.command("kernel.py");
    command.env("FORWARD", root().join("target/release/examples/forward"));
    command.args(who).args(["--variants", variant, "--sessions", sessions]);
    run(&mut command, "root, ethtool, iproute2 and rtpengine-daemon; is rtpengine's port 2223 free?")
}
