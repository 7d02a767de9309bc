//! The package for Debian: the program, its unit, its pages; made by cargo-deb as shell/node/Cargo.toml says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::interop::{self, Load};
use crate::programs;
use crate::step::{Failure, cargo, read, root, run};

/// Where the parts lie that are made for it.
const PARTS: &str = "target/package";

/// Makes the package that is given to people, and says where it is.
pub fn make() -> Result<(), Failure> {
    let package = built(Load::Long, "1")?;
    println!("{}", package.display());
    Ok(())
}

/// Makes one of this revision, out of the build that a load takes.
pub fn built(load: Load, revision: &str) -> Result<PathBuf, Failure> {
    programs::install_tool("cargo-deb")?;
    let binary = interop::build(load)?;
    let parts = root().join(PARTS);
    furnish(&binary, &parts)?;
    let package = parts.join(format!("tandem-{revision}.deb"));
    let mut command = cargo();
    command.args(["deb", "--quiet", "--package", "tandem", "--no-build", "--deb-revision", revision]);
    command.args(["--profile", if load == Load::Long { "release" } else { "dev" }]);
    command.arg("--output").arg(&package);
    run(&mut command, "needs dpkg-dev; read what cargo-deb says")?;
    Ok(package)
}

/// Pages and completions, as the program itself prints them.
fn furnish(binary: &Path, parts: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{PARTS}: {error}"), "is the disk full?");
    let manual = parts.join("man");
    if manual.exists() {
        fs::remove_dir_all(&manual).map_err(failed)?;
    }
    let cure = "run it by hand";
    read(Command::new(binary).arg("manual").arg(&manual), cure)?;
    for (shell, file) in [("bash", "tandem.bash"), ("zsh", "_tandem"), ("fish", "tandem.fish")] {
        let script = read(Command::new(binary).args(["completions", shell]), cure)?;
        fs::write(parts.join(file), script).map_err(failed)?;
    }
    Ok(())
}
