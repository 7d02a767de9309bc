//! The socket in the data folder: made for its owner alone, found by a path that is never too long.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

const NAME: &str = "control.sock";
/// Connections that wait to be taken.
const WAITING: i32 = 16;

/// A socket address holds a hundred characters; a path through an open folder is always short.
fn short(data: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{NAME}", data.as_raw_fd()))
}

/// Where the socket of a data folder is.
pub fn path(data: &Path) -> PathBuf {
    data.join(NAME)
}

/// Listens in a data folder that this process has claimed: a socket that lies there is a dead one's.
pub fn listen(data: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path(data)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let folder = File::open(data)?;
    let socket =
        rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    // Before it has a name: there is no moment when others could open it.
    rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(short(&folder))?)?;
    fs::set_permissions(path(data), fs::Permissions::from_mode(0o600))?;
    rustix::net::listen(&socket, WAITING)?;
    Ok(UnixListener::from(socket))
}

/// Connects to the house that runs on a data folder.
pub fn connect(data: &Path) -> io::Result<UnixStream> {
    let folder = File::open(data)?;
    UnixStream::connect(short(&folder))
}
