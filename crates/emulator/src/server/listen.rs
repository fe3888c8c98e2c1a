//! Where a server listens.

use std::fmt;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rustix::event::{PollFd, PollFlags};

use super::connection::Socket;

/// Where to listen. Written `unix:PATH` or `tcp:ADDRESS:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A Unix socket of this name, which only the user may connect to.
    Unix(PathBuf),
    /// A TCP port; with port 0 the system chooses one.
    Tcp(SocketAddr),
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
        }
    }
}

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, ListenError> {
        let unknown = || ListenError::Unknown { text: text.to_owned() };
        match text.split_once(':') {
            Some(("unix", path)) if !path.is_empty() => Ok(Self::Unix(path.into())),
            Some(("tcp", address)) => address.parse().map(Self::Tcp).map_err(|_| unknown()),
            _ => Err(unknown()),
        }
    }
}

/// Why a server can't listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The text names no place to listen.
    #[error("{text}: neither unix:PATH nor tcp:ADDRESS:PORT")]
    Unknown {
        /// The text.
        text: String,
    },
    /// A server listens there that is alive.
    #[error("{listen}: something listens there already")]
    InUse {
        /// The place.
        listen: Listen,
    },
    /// Something of that name isn't a socket, and stays.
    #[error("{}: there is a file of that name", path.display())]
    NotASocket {
        /// The name.
        path: PathBuf,
    },
    /// The directory isn't the user's alone.
    #[error("{}: not a directory that only you may use", path.display())]
    NotPrivate {
        /// The directory.
        path: PathBuf,
    },
    /// The system refused.
    #[error("{listen}: {source}")]
    Bind {
        /// The place.
        listen: Listen,
        /// Why.
        source: io::Error,
    },
}

/// The directory where programs look for running emulators: `$XDG_RUNTIME_DIR/keyfob`, or one of the user's own in the
/// temporary directory where there is none.
#[must_use]
pub fn runtime_directory() -> PathBuf {
    match std::env::var_os("XDG_RUNTIME_DIR") {
        Some(directory) if Path::new(&directory).is_absolute() => Path::new(&directory).join("keyfob"),
        _ => std::env::temp_dir().join(format!("keyfob-{}", user())),
    }
}

/// The socket of the emulator `name` in [`runtime_directory`], which is made if there is none.
///
/// # Errors
/// [`ListenError::NotPrivate`] if the directory is anybody else's or open to others.
pub fn socket_path(name: &str) -> Result<PathBuf, ListenError> {
    let directory = runtime_directory();
    make_private(&directory)?;
    Ok(directory.join(format!("{name}.sock")))
}

fn make_private(directory: &Path) -> Result<(), ListenError> {
    // It may be there already; whose it is counts.
    let _made = DirBuilder::new().mode(0o700).create(directory);
    match fs::symlink_metadata(directory) {
        Ok(found) if found.is_dir() && found.uid() == user() && found.mode() & 0o077 == 0 => Ok(()),
        _ => Err(ListenError::NotPrivate { path: directory.to_owned() }),
    }
}

fn user() -> u32 {
    rustix::process::getuid().as_raw()
}

/// A socket that listens; its file goes when it is dropped.
#[derive(Debug)]
pub(super) struct Listener {
    address: Listen,
    socket: ListeningSocket,
}

#[derive(Debug)]
enum ListeningSocket {
    Unix { listener: UnixListener, file: Identity },
    Tcp(TcpListener),
}

/// What tells a file from another one that took its name.
type Identity = (u64, u64);

impl Listener {
    pub(super) fn bind(listen: &Listen) -> Result<Self, ListenError> {
        let bound = match listen {
            Listen::Unix(path) => {
                remove_stale(path)?;
                bind_unix(path)
            }
            Listen::Tcp(address) => bind_tcp(*address),
        };
        bound.map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => ListenError::InUse { listen: listen.clone() },
            _ => ListenError::Bind { listen: listen.clone(), source },
        })
    }

    pub(super) const fn address(&self) -> &Listen {
        &self.address
    }

    pub(super) fn poll_fd(&self) -> PollFd<'_> {
        match &self.socket {
            ListeningSocket::Unix { listener, .. } => PollFd::new(listener, PollFlags::IN),
            ListeningSocket::Tcp(listener) => PollFd::new(listener, PollFlags::IN),
        }
    }

    /// Accepts a connection if one waits.
    pub(super) fn accept(&self) -> io::Result<Socket> {
        match &self.socket {
            ListeningSocket::Unix { listener, .. } => {
                let (socket, _) = listener.accept()?;
                socket.set_nonblocking(false)?;
                Ok(Socket::Unix(socket))
            }
            ListeningSocket::Tcp(listener) => {
                let (socket, _) = listener.accept()?;
                socket.set_nonblocking(false)?;
                socket.set_nodelay(true)?;
                Ok(Socket::Tcp(socket))
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let (Listen::Unix(path), ListeningSocket::Unix { file, .. }) = (&self.address, &self.socket)
            && identity(path).is_ok_and(|found| found == *file)
        {
            // A file that can't be removed is replaced by the next server.
            let _removed = fs::remove_file(path);
        }
    }
}

fn bind_unix(path: &Path) -> io::Result<Listener> {
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    let socket = ListeningSocket::Unix { listener, file: identity(path)? };
    Ok(Listener { address: Listen::Unix(path.to_owned()), socket })
}

fn bind_tcp(address: SocketAddr) -> io::Result<Listener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(Listener { address: Listen::Tcp(listener.local_addr()?), socket: ListeningSocket::Tcp(listener) })
}

/// Removes the socket of a server that isn't there any more.
fn remove_stale(path: &Path) -> Result<(), ListenError> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => Err(ListenError::NotASocket { path: path.to_owned() }),
        Ok(_) => match UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                // If another one was faster, binding says so.
                let _removed = fs::remove_file(path);
                Ok(())
            }
            _ => Err(ListenError::InUse { listen: Listen::Unix(path.to_owned()) }),
        },
        Err(_) => Ok(()),
    }
}

fn identity(path: &Path) -> io::Result<Identity> {
    fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_directory_is_the_users_alone() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("keyfob");
        for _ in 0..2 {
            make_private(&directory).unwrap();
            assert_eq!(fs::metadata(&directory).unwrap().mode() & 0o777, 0o700);
        }
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&directory, &link).unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for wrong in [&link, &file, &folder.path().join("no/such")] {
            assert!(matches!(make_private(wrong), Err(ListenError::NotPrivate { .. })), "{}", wrong.display());
        }
        fs::set_permissions(&directory, Permissions::from_mode(0o750)).unwrap();
        assert!(matches!(make_private(&directory), Err(ListenError::NotPrivate { .. })));
    }
}
