//! Who changes the house: names of the operating system.

use std::fs;

/// The name of a user id; the id itself where nobody has it.
pub fn name_of(user: u32) -> String {
    let people = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let id = user.to_string();
    let line = people.lines().find(|line| line.split(':').nth(2) == Some(id.as_str()));
    let name = line.and_then(|line| line.split(':').next());
    name.map_or_else(|| format!("uid {id}"), str::to_owned)
}

/// Who started this process.
pub fn own_name() -> String {
    name_of(rustix::process::getuid().as_raw())
}
