//! linphone: told on its standard input what to do, heard of by what it says, and what it heard by the file
//! that it writes it to.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::super::baresip;
use super::super::page::Page;
use super::super::place::{Transport, io_failure};
use crate::step::Failure;

const SECONDS: u32 = 60;
const ASKED_MAX: usize = 40;

pub struct Linphone {
    said: Page,
    home: PathBuf,
    calls: usize,
}

impl Linphone {
    /// One that has registered and answers by itself; its tone has so many samples in half a wave.
    pub fn start(
        folder: &Path,
        (user, password): (&str, &str),
        (transport, house, port): (Transport, SocketAddr, u16),
        (voice, authority): (u32, &Path),
    ) -> Result<Linphone, Failure> {
        let name = format!("linphone-{}", transport.word());
        let home = folder.join(&name);
        // Where these are missing it opens no port.
        for part in [".local/share/linphone", ".config/linphone"] {
            fs::create_dir_all(home.join(part)).map_err(|error| io_failure(part, &error))?;
        }
        let write = |name: &str, bytes: &[u8]| {
            fs::write(home.join(name), bytes).map_err(|error| io_failure(name, &error))
        };
        write("tone.wav", &baresip::tone(SECONDS, voice))?;
        write("linphonerc", configuration((user, password), (transport, house, port), authority).as_bytes())?;
        // Line by line, so that what it says can be read while it runs.
        let mut command = Command::new("stdbuf");
        command.args(["-oL", "linphonec", "-a", "-d", "3", "-l", "linphone.trace", "-c", "linphonerc"]);
        command.current_dir(&home).env("HOME", &home).env_remove("XDG_DATA_HOME").env_remove("DISPLAY");
        let said = Page::start(folder, &format!("{name}-said"), &mut command)?;
        let mut linphone = Linphone { said, home, calls: 0 };
        linphone.said.does("soundcard use files")?;
        linphone.said.does(&format!("play {}", linphone.home.join("tone.wav").display()))?;
        linphone.registers()?;
        Ok(linphone)
    }

    fn registers(&mut self) -> Result<(), Failure> {
        for _ in 0..ASKED_MAX {
            self.said.does("status register")?;
            thread::sleep(Duration::from_millis(250));
            if self.said.expect_untold("registered, identity").is_err() {
                return Ok(());
            }
        }
        Err(Failure::new("linphone does not register", "read linphone/linphone.trace"))
    }

    /// Where what it hears of the next call is written.
    pub fn listens(&mut self) -> Result<PathBuf, Failure> {
        self.calls += 1;
        let path = self.home.join(format!("heard-{}.wav", self.calls));
        self.said.does(&format!("record {}", path.display()))?;
        Ok(path)
    }

    pub fn calls(&mut self, uri: &str) -> Result<(), Failure> {
        self.said.does(&format!("call {uri}"))
    }

    pub fn talks(&mut self) -> Result<(), Failure> {
        self.said.tells("Media streams established").map(|_| ())
    }

    pub fn hangs_up(&mut self) -> Result<(), Failure> {
        self.said.does("terminate")
    }
}

fn configuration(
    (user, password): (&str, &str),
    (transport, house, port): (Transport, SocketAddr, u16),
    authority: &Path,
) -> String {
    let (word, authority) = (transport.word(), authority.display());
    format!(
        "[sip]\nsip_port={port}\nsip_tcp_port=-1\nsip_tls_port=-1\ndefault_proxy=0\nuse_ipv6=0\n\
         ipv6_migration_done=1\nregister_only_when_network_is_up=0\nguess_hostname=1\n\
         media_encryption=none\nroot_ca={authority}\nverify_server_certs=1\nverify_server_cn=0\n\n\
         [proxy_0]\nreg_proxy=<sip:{house};transport={word}>\nreg_identity=sip:{user}@{house}\n\
         reg_expires=60\nreg_sendregister=1\npublish=0\n\n\
         [auth_info_0]\nusername={user}\npasswd={password}\nrealm=interop\n\n\
         [rtp]\naudio_rtp_port={}\n\n[net]\nfirewall_policy=none\n\n[sound]\nechocancellation=0\n",
        port + 100
    )
}
