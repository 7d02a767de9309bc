//! TLS sessions that live while certificates are renewed: what they take, and how many are lost.

#[path = "../../lamps/src/house.rs"]
mod house;
mod phones;

use std::fs;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use house::House;
use phones::{Phone, believing};

const PORT: u16 = 5199;
/// A renewed certificate is in use so long after the signal at most.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (Some(binary), Some(folder)) = (words.first(), words.get(1)) else {
        eprintln!("usage: sessions-bench TANDEM FOLDER [SESSIONS ROUNDS]");
        return ExitCode::from(2);
    };
    let number = |at: usize, usual: usize| words.get(at).and_then(|word| word.parse().ok()).unwrap_or(usual);
    match measure(&PathBuf::from(binary), &PathBuf::from(folder), number(2, 10_000), number(3, 1_000)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(lost) => {
            eprintln!("{lost} sessions were lost");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(binary: &Path, folder: &Path, sessions: usize, rounds: usize) -> Result<usize> {
    fs::create_dir_all(folder)?;
    renew(folder)?;
    // What the flight recorder keeps is all there before certificates are renewed.
    let house = House::start(binary, folder, &documents(), &["--shards", "2", "--flight-mb", "2"], &[])?;
    let (empty, began, before) = (resident(&house), Instant::now(), house.cpu());

    let config = believing(&folder.join("certificate.pem"))?;
    let mut phones: Vec<Phone> =
        (0..sessions).map(|number| Phone::connect(number, PORT, &config)).collect::<Result<_>>()?;
    let answered = phones.iter_mut().filter_map(|phone| phone.asks().ok()).count();
    let full = resident(&house);
    println!(
        "{answered} of {sessions} sessions answered after {:.1?}; CPU of the house {:.2?} each",
        began.elapsed(),
        (house.cpu() - before) / sessions as u32
    );
    println!(
        "resident {empty} kB, then {full} kB: {:.1} kB a session",
        (full - empty) as f64 / sessions as f64
    );

    let began = Instant::now();
    for round in 1..=rounds {
        renew(folder)?;
        reload(&house)?;
        let config = believing(&folder.join("certificate.pem"))?;
        let until = Instant::now() + PATIENCE;
        while Phone::connect(sessions, PORT, &config).is_err() {
            if Instant::now() > until {
                return Err(Error::other(format!("round {round}: the renewed certificate is not shown")));
            }
        }
        if round == 100 || round % 250 == 0 {
            println!("{round} renewals after {:.1?}: resident {} kB", began.elapsed(), resident(&house));
        }
    }
    let alive = phones.iter_mut().filter_map(|phone| phone.asks().ok()).count();
    println!("{alive} of {sessions} sessions are answered after {rounds} renewals");
    Ok(sessions - alive)
}

fn documents() -> String {
    format!(
        "format = 1\n[system]\nname = \"sessions\"\ncountry = \"US\"\nlog = \"error\"\n\
         [interface.only]\naddress = \"127.0.0.1\"\ntls = {PORT}\n\
         tls_certificate = \"certificate.pem\"\ntls_key = \"key.pem\"\n"
    )
}

/// Writes another certificate and its key, each whole or not at all.
fn renew(folder: &Path) -> Result<()> {
    let made = rcgen::generate_simple_self_signed(["house.test".to_owned()]).map_err(Error::other)?;
    for (file, text) in [("key.pem", made.signing_key.serialize_pem()), ("certificate.pem", made.cert.pem())]
    {
        fs::write(folder.join("new.pem"), text)?;
        fs::rename(folder.join("new.pem"), folder.join(file))?;
    }
    Ok(())
}

fn reload(house: &House) -> Result<()> {
    let id = i32::try_from(house.id()).ok().and_then(Pid::from_raw);
    kill_process(id.ok_or_else(|| Error::other("the house has no process"))?, Signal::HUP)?;
    Ok(())
}

fn resident(house: &House) -> u64 {
    house.resident().split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0)
}
