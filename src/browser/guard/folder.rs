//! Private folders of what runs under guard: named so that they can be told, locked while their owner lives, and
//! deleted with it.
//!
//! A folder stays behind only where its guard was killed too. Then nobody holds its lock any more, and the next
//! guard that starts deletes it. Nothing is ever deleted that does not bear such a name, that somebody holds, or
//! whose maker is still there.

use std::ffi::OsString;
use std::fs::{DirBuilder, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the names begin with. The maker's process id and eight digits follow.
const NAME: &str = "rehearsal-";

/// The longest name: a process id of Linux has at most seven digits (`proc(5)`, `pid_max`).
const LONGEST_NAME: usize = "rehearsal-4194304-01234567".len();

/// The longest path that Chromium puts below its folder for temporary files: the socket by which it knows its profile
/// to be in use (measured 2026-11-27, Chromium 156.0.8078.108).
const CHROMIUM_SOCKET: &str = "/tmp/.org.chromium.Chromium.XXXXXX/SingletonSocket";

/// How long the path of a socket may be (`unix(7)`: 108 bytes, and the last is zero).
const SOCKET_PATH: usize = 107;

/// Folders for temporary files with short paths, for where the one that is set has a long one, as on macOS.
const SHORT: [&str; 2] = ["/tmp", "/var/tmp"];

/// A path for a private folder, at which nothing is: in the system's folder for temporary files or, where sockets in
/// it would have paths that are too long, in one with a short path.
pub(crate) fn private_folder() -> PathBuf {
    let digits = RandomState::new().build_hasher().finish();
    let name = format!("{NAME}{}-{:08x}", std::process::id(), digits & 0xffff_ffff);
    base(std::env::temp_dir()).join(name)
}

/// The folder itself, or a short one where it is too long and there is a short one that can be written to.
fn base(folder: PathBuf) -> PathBuf {
    let longest = SOCKET_PATH - CHROMIUM_SOCKET.len() - LONGEST_NAME - "/".len();
    if folder.as_os_str().len() <= longest {
        return folder;
    }
    let can_be_used = |short: &&&str| tempfile::Builder::new().prefix(NAME).tempdir_in(short).is_ok();
    SHORT.iter().find(can_be_used).map_or(folder, PathBuf::from)
}

/// A private folder, locked, and deleted when dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: Lock,
}

/// Held as long as the folder is somebody's. The system gives it back when a process ends, however it does.
#[derive(Debug)]
struct Lock {
    _folder: Option<File>,
}

impl Folder {
    /// Makes a folder of this process's own.
    ///
    /// # Errors
    /// Those of the system.
    pub fn new() -> io::Result<Self> {
        let folder = Self::create(&private_folder())?;
        let own = folder.path.clone();
        // Nobody waits for it, and it may end with this process.
        std::thread::spawn(move || sweep(&own));
        Ok(folder)
    }

    /// Makes it, for this user alone. Something that is already there is an error: it is not ours.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        const ATTEMPTS: usize = 3;
        for _ in 1..ATTEMPTS {
            create_private(path)?;
            let lock = Lock::wait_for(path);
            // Before it was locked somebody could take it for one that was left behind.
            if path.is_dir() {
                return Ok(Self { path: path.to_owned(), _lock: lock });
            }
        }
        create_private(path)?;
        Ok(Self { path: path.to_owned(), _lock: Lock::wait_for(path) })
    }

    /// Makes the folders that a program's variables point into.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn furnish(&self) -> io::Result<()> {
        ["home", "tmp"].iter().try_for_each(|name| create_private(&self.path.join(name)))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The variables that keep a program inside the folder.
    pub(super) fn environment(&self) -> Vec<(&'static str, OsString)> {
        let home = self.path.join("home");
        let mut variables: Vec<(&'static str, OsString)> = vec![
            ("XDG_CONFIG_HOME", home.join(".config").into()),
            ("XDG_CACHE_HOME", home.join(".cache").into()),
            ("XDG_DATA_HOME", home.join(".local/share").into()),
            ("XDG_STATE_HOME", home.join(".local/state").into()),
            ("TMPDIR", self.path.join("tmp").into()),
        ];
        // A visible window needs the key to the user's display, which by default is found by HOME.
        let old_home = std::env::var_os("HOME").map(PathBuf::from);
        if let (Some(old_home), None) = (old_home, std::env::var_os("XAUTHORITY")) {
            variables.push(("XAUTHORITY", old_home.join(".Xauthority").into()));
        }
        variables.push(("HOME", home.into()));
        variables
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Every process that could write to it has ended, so one attempt is enough; the others are
        // for file systems that delete late.
        for _ in 0..5 {
            match std::fs::remove_dir_all(&self.path) {
                Ok(()) => return,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return,
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

fn create_private(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

impl Lock {
    /// Waits until nobody else holds it. Where folders cannot be locked there is no lock, and nobody finds one to
    /// be free either.
    fn wait_for(path: &Path) -> Self {
        let folder = File::open(path).ok();
        #[cfg(unix)]
        let folder =
            folder.filter(|file| rustix::fs::flock(file, rustix::fs::FlockOperation::LockExclusive).is_ok());
        Self { _folder: folder }
    }

    /// Takes it where nobody holds it.
    #[cfg(unix)]
    fn take(path: &Path) -> Option<Self> {
        let folder = File::open(path).ok()?;
        rustix::fs::flock(&folder, rustix::fs::FlockOperation::NonBlockingLockExclusive).ok()?;
        Some(Self { _folder: Some(folder) })
    }
}

/// Deletes the folders that killed guards left beside this one.
#[cfg(unix)]
pub(super) fn sweep(beside: &Path) {
    let Some(parent) = beside.parent() else { return };
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(maker) = name.to_str().and_then(maker) else { continue };
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && entry.path() != beside && !is_there(maker) {
            let Some(_lock) = Lock::take(&entry.path()) else { continue };
            // Of another user it is not ours to delete, and the system says so.
            _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(not(unix))]
pub(super) fn sweep(_: &Path) {}

/// The process that made the folder of this name; `None` where the name is not one of ours.
#[cfg(unix)]
fn maker(name: &str) -> Option<i32> {
    let (process, digits) = name.strip_prefix(NAME)?.split_once('-')?;
    let is_ours = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    process.parse().ok().filter(|process| is_ours && *process > 0)
}

/// Whether a process is there, whosever it is.
#[cfg(unix)]
fn is_there(process: i32) -> bool {
    let pid = rustix::process::Pid::from_raw(process);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// The process id of something that has ended and was waited for.
    fn ended() -> u32 {
        let mut child = std::process::Command::new("true").spawn().expect("`true` can be started");
        child.wait().expect("our child can be waited for");
        child.id()
    }

    #[test]
    fn private_folders_differ_and_leave_room_for_a_socket() {
        let (one, two) = (private_folder(), private_folder());
        assert_ne!(one, two);
        let name = one.file_name().and_then(|name| name.to_str()).expect("a name");
        assert_eq!(maker(name), i32::try_from(std::process::id()).ok());
        assert!(name.len() <= LONGEST_NAME);
        assert!(one.as_os_str().len() + CHROMIUM_SOCKET.len() <= SOCKET_PATH, "{}", one.display());
    }

    #[test]
    fn a_long_folder_for_temporary_files_is_not_used() {
        let long = PathBuf::from(format!("/{}", "long/".repeat(20)));
        assert_eq!(base(long), Path::new("/tmp"));
        assert_eq!(base("/home/somebody/tmp".into()), Path::new("/home/somebody/tmp"));
    }

    #[test]
    fn what_the_dead_left_is_swept_and_nothing_else() {
        let beside = tempfile::tempdir().expect("a temporary folder");
        let make = |name: String| {
            let path = beside.path().join(name);
            std::fs::create_dir_all(path.join("tmp")).expect("a folder");
            path
        };
        let (gone, here) = (ended(), std::process::id());
        let left = make(format!("rehearsal-{gone}-0123abcd"));
        let held = beside.path().join(format!("rehearsal-{gone}-89abcdef"));
        let held = Folder::create(&held).expect("a folder");
        let others = [
            make(format!("rehearsal-{here}-0123abcd")),
            make("rehearsal-notes".to_owned()),
            make(format!("rehearsal-{gone}-notes")),
            make(format!("other-{gone}-0123abcd")),
        ];
        let own =
            Folder::create(&beside.path().join(format!("rehearsal-{here}-00000000"))).expect("a folder");
        sweep(own.path());
        assert!(!left.exists(), "nobody holds it, and its maker is gone");
        assert!(held.path().exists(), "its guard lives");
        assert!(own.path().exists());
        assert!(others.iter().all(|path| path.exists()), "{others:?}");
    }
}
