//! What is kept of somebody who has signed in at the command line, for himself alone.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Who has signed in where, and what he has.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub issuer: String,
    pub client: String,
    pub audience: String,
    pub scopes: Vec<String>,
    pub roots: Option<PathBuf>,
    /// What the person is called.
    pub name: String,
    pub token: String,
    /// When the token ends, in seconds since 1970.
    pub until_s: i64,
    pub refresh_token: Option<String>,
}

impl Session {
    /// What is kept in a file; nothing where there is none.
    pub fn read(file: &Path) -> io::Result<Option<Session>> {
        match fs::read(file) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(fault) if fault.kind() == ErrorKind::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Keeps it, for nobody else to read, whoever's the folder was before.
    pub fn write(&self, file: &Path) -> io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let unfinished = file.with_extension("unfinished");
        match fs::remove_file(&unfinished) {
            Err(fault) if fault.kind() != ErrorKind::NotFound => return Err(fault),
            Ok(()) | Err(_) => {}
        }
        let mut kept = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        kept.write_all(&serde_json::to_vec_pretty(self)?)?;
        kept.sync_all()?;
        fs::rename(unfinished, file)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_kept_is_for_nobody_else_to_read() {
        let folder = std::env::temp_dir().join(format!("tandem-session-{}", std::process::id()));
        let file = folder.join("tandem/session.json");
        let session = Session {
            issuer: "https://login.example.com".to_owned(),
            client: "tandem-cli".to_owned(),
            audience: "tandem".to_owned(),
            scopes: vec!["openid".to_owned()],
            roots: None,
            name: "hana".to_owned(),
            token: "a.b.c".to_owned(),
            until_s: 1_800_000_000,
            refresh_token: Some("r".to_owned()),
        };
        assert!(Session::read(&file).unwrap().is_none());

        session.write(&file).unwrap();
        // Also where something is left of a try that ended too soon, for everybody to read.
        fs::write(file.with_extension("unfinished"), "{").unwrap();
        session.write(&file).unwrap();

        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        assert!(Session::read(&file).unwrap() == Some(session));
        fs::remove_dir_all(folder).unwrap();
    }
}
