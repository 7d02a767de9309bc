//! baresip, as a phone: its configuration, one call, its end.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::place::{free_port, io_failure};
use crate::step::Failure;

const MODULES: [&str; 2] = ["/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules"];
const HERTZ: u32 = 8000;
/// The samples of half a wave, where nobody asks whom they hear.
const VOICE: u32 = 9;

/// A phone that calls once.
pub struct Phone<'a> {
    /// The account's line, as baresip's `accounts` takes it.
    pub account: &'a str,
    /// Whose certificates it believes, if it calls by TLS.
    pub authority: Option<&'a Path>,
    pub address: SocketAddr,
    pub seconds: u32,
}

/// What a phone shows beside its calls.
#[derive(Clone, Copy)]
pub enum Shows<'a> {
    Nothing,
    /// Somebody's presence, by URI.
    Presence(&'a str),
    /// What waits in the mailbox of its user.
    Mailbox,
    /// What it hears, in waves, by whatever codec.
    Sound,
}

/// What else is said of one that is told what to do.
pub struct Steered<'a> {
    /// Where it is told.
    pub control: SocketAddr,
    /// The first of its hundred ports for media.
    pub media: u16,
    /// The samples of half a wave of its tone: others know by it whom they hear.
    pub voice: u32,
    pub shows: Shows<'a>,
}

impl Phone<'_> {
    /// Calls, speaks a tone, hangs up; returns what it said of the call.
    pub fn call(&self, folder: &Path, uri: &str) -> Result<String, Failure> {
        let home = folder.join("baresip");
        fs::create_dir_all(&home).map_err(|error| io_failure("baresip", &error))?;
        self.furnish(&home)?;
        let log = home.join("log");
        let file = File::create(&log).map_err(|error| io_failure("log", &error))?;
        let copy = file.try_clone().map_err(|error| io_failure("log", &error))?;
        let mut command = Command::new("baresip");
        command.args(["-4", "-t", &self.seconds.to_string(), "-f"]).arg(&home);
        command.args(["-e", &format!("/dial {uri}")]).stdin(Stdio::null()).stdout(file).stderr(copy);
        let status = command.status().map_err(|error| io_failure("baresip", &error))?;
        let said = fs::read(&log).map_err(|error| io_failure("log", &error))?;
        let said = String::from_utf8_lossy(&said).into_owned();
        if status.success() { Ok(said) } else { Err(Failure::new(said, "read baresip's log")) }
    }

    /// Writes what it reads when it starts.
    fn furnish(&self, home: &Path) -> Result<(), Failure> {
        let media = free_port(self.address.ip())?.clamp(10_000, 50_000);
        self.write(home, VOICE, &self.configuration(home, media)?)
    }

    /// The same for one that is told what to do.
    pub fn furnish_steered(&self, home: &Path, steered: &Steered<'_>) -> Result<(), Failure> {
        let mut configuration = self.configuration(home, steered.media)?;
        let control = steered.control;
        configuration.push_str(&format!("ctrl_tcp_listen {control}\nmodule_app ctrl_tcp.so\n"));
        configuration.push_str(&match steered.shows {
            Shows::Nothing => String::new(),
            Shows::Presence(_) => "module_app contact.so\nmodule_app presence.so\n".to_owned(),
            Shows::Mailbox => "module_app mwi.so\n".to_owned(),
            // Its wave has 8,000 samples a second, whatever the codec wants.
            Shows::Sound => format!(
                "ausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\n\
                 module g722.so\nmodule opus.so\nmodule l16.so\nmodule sndfile.so\nsnd_path {}\n",
                home.display()
            ),
        });
        self.write(home, steered.voice, &configuration)?;
        let Shows::Presence(watched) = steered.shows else { return Ok(()) };
        let contact = format!("\"watched\" <{watched}>;presence=p2p\n");
        fs::write(home.join("contacts"), contact).map_err(|error| io_failure("contacts", &error))
    }

    fn write(&self, home: &Path, voice: u32, configuration: &str) -> Result<(), Failure> {
        let write = |name: &str, bytes: &[u8]| {
            fs::write(home.join(name), bytes).map_err(|error| io_failure(name, &error))
        };
        write("tone.wav", &tone(self.seconds + 2, voice))?;
        write("accounts", self.account.as_bytes())?;
        write("contacts", b"")?;
        // A device of its own, for accounts that keep a flow open (RFC 5626).
        write("uuid", format!("00000000-0000-1000-8000-{:012x}", self.address.port()).as_bytes())?;
        write("config", configuration.as_bytes())
    }

    fn configuration(&self, home: &Path, media: u16) -> Result<String, Failure> {
        let modules = MODULES.into_iter().find(|folder| Path::new(folder).is_dir()).ok_or_else(|| {
            Failure::new("baresip's modules are not where Debian puts them", "apt-get install baresip-core")
        })?;
        let authority = self.authority.map_or_else(String::new, |authority| {
            format!("sip_cafile {}\nsip_verify_server yes\n", authority.display())
        });
        Ok(format!(
            "module_path {modules}\nsip_listen {}\n{authority}\
             audio_source aufile,{}\naudio_player aufile,{}\nrtp_ports {media}-{}\n\
             module_tmp uuid.so\nmodule g711.so\nmodule srtp.so\nmodule aufile.so\n\
             module_app account.so\nmodule_app menu.so\n",
            self.address,
            home.join("tone.wav").display(),
            home.join("heard.wav").display(),
            media + 99,
        ))
    }
}

/// A phone that stays: it registers and answers, or calls once.
pub struct Waiting {
    child: Child,
    log: PathBuf,
}

impl Waiting {
    /// Starts it with the line of its account, and where it listens.
    pub fn start(
        folder: &Path,
        name: &str,
        (account, address): (&str, SocketAddr),
        seconds: u32,
        dials: Option<&str>,
    ) -> Result<Waiting, Failure> {
        let home = folder.join(name);
        fs::create_dir_all(&home).map_err(|error| io_failure(name, &error))?;
        let phone = Phone { account, authority: None, address, seconds };
        phone.furnish(&home)?;
        let log = home.join("log");
        let file = File::create(&log).map_err(|error| io_failure("log", &error))?;
        let copy = file.try_clone().map_err(|error| io_failure("log", &error))?;
        let mut command = Command::new("baresip");
        command.args(["-4", "-t", &seconds.to_string(), "-f"]).arg(&home);
        if let Some(uri) = dials {
            command.args(["-e", &format!("/dial {uri}")]);
        }
        command.stdin(Stdio::null()).stdout(file).stderr(copy);
        let child = command.spawn().map_err(|error| io_failure("baresip", &error))?;
        Ok(Waiting { child, log })
    }

    /// Waits for its end; returns what it said.
    pub fn finish(mut self) -> Result<String, Failure> {
        self.child.wait().map_err(|error| io_failure("baresip", &error))?;
        let said = fs::read(&self.log).map_err(|error| io_failure("log", &error))?;
        Ok(String::from_utf8_lossy(&said).into_owned())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

/// A tone that is no silence, as a WAV file: 16 bits, one channel.
pub fn tone(seconds: u32, voice: u32) -> Vec<u8> {
    let data = seconds * HERTZ * 2;
    let mut wav = Vec::with_capacity(44 + data as usize);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + data).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    wav.extend_from_slice(&16_u32.to_le_bytes());
    wav.extend_from_slice(&[1, 0, 1, 0]);
    wav.extend_from_slice(&HERTZ.to_le_bytes());
    wav.extend_from_slice(&(HERTZ * 2).to_le_bytes());
    wav.extend_from_slice(&[2, 0, 16, 0]);
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&data.to_le_bytes());
    for at in 0..seconds * HERTZ {
        let sample: i16 = if (at / voice).is_multiple_of(2) { 6000 } else { -6000 };
        wav.extend_from_slice(&sample.to_le_bytes());
    }
    wav
}
