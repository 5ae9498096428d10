//! The same random system calls on a disk and on a plain directory: every answer, errors included, and what is there
//! in the end must be the same.
//!
//! The calls are made by a process of its own ([`main`]), for the one that serves a disk must not use it. What is
//! known to be different is left out here, and listed: extended attributes (ENOTSUP), O_TMPFILE (ENOTSUP), inode
//! numbers, devices, unaligned O_DIRECT (works), the modes of fallocate that move bytes (EOPNOTSUPP), and times,
//! which no two runs share. Where preallocated blocks hold data depends on what the kernel happens to have read of
//! them, so that seeking data and preallocating are done in different runs.

use nix::errno::Errno;
use nix::fcntl::{
    AtFlags, FallocateFlags, Flock, FlockArg, OFlag, RenameFlags, fallocate, open, openat, readlink,
    renameat2,
};
use nix::sys::stat::{Mode, SFlag, UtimensatFlags, fchmod, fstat, lstat, mkdirat, mknod, utimensat};
use nix::sys::statvfs::statvfs;
use nix::sys::time::TimeSpec;
use nix::unistd::{
    Whence, fdatasync, fsync, ftruncate, linkat, lseek, mkdir, symlinkat, syncfs, truncate, unlink,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How deep below what nobody else uses the directory must be: a symbolic link leads out of it, and what it leads to is
/// written to.
pub const DEPTH: usize = 6;

/// `directory seed steps`: prints a line for each call, then what is there.
pub fn main(arguments: &[&str]) -> ExitCode {
    let [dir, seed, steps] = arguments else {
        panic!("which directory, seed, and how many steps?")
    };
    std::env::set_current_dir(dir).unwrap();
    let seed = seed.parse().unwrap();
    let mut user = User {
        preallocates: seed % 2 == 1,
        random: ChaCha8Rng::seed_from_u64(seed),
        open: BTreeMap::new(),
    };
    std::fs::create_dir_all("d/e").unwrap();
    for step in 0..steps.parse().unwrap() {
        println!("{step} {}", user.step());
    }
    drop(user);
    print!("{}", tree(Path::new(".")));
    ExitCode::SUCCESS
}

struct User {
    preallocates: bool,
    random: ChaCha8Rng,
    open: BTreeMap<usize, File>,
}

fn told<T: Debug>(call: &str, result: Result<T, Errno>) -> String {
    format!("{call} = {result:?}")
}

fn io<T>(result: std::io::Result<T>) -> Result<T, Errno> {
    result.map_err(|why| Errno::from_raw(why.raw_os_error().unwrap_or(0)))
}

impl User {
    fn path(&mut self) -> PathBuf {
        let names = [
            "a", "b", "c", "d/a", "d/b", "d/e/a", "d", "d/e", "s", "d/s", "d/up",
        ];
        names[self.random.random_range(0..names.len())].into()
    }

    fn file(&mut self) -> Option<(usize, &mut File)> {
        let number = self.random.random_range(0..6);
        self.open.get_mut(&number).map(|file| (number, file))
    }

    fn step(&mut self) -> String {
        let choice = self.random.random_range(0..34);
        let (path, other) = (self.path(), self.path());
        let (p, o) = (path.display().to_string(), other.display().to_string());
        let offset = self.random.random_range(0..40_000_u64);
        let len = self.random.random_range(1..9_000_usize);
        let signed = |value: u64| i64::try_from(value).unwrap();
        match choice {
            0..6 => self.open_file(&path),
            6 => told(
                &format!("mkdir {p}"),
                mkdir(&path, Mode::from_bits_truncate(0o775)),
            ),
            7 => told(&format!("unlink {p}"), unlink(&path)),
            8 => told(&format!("rmdir {p}"), io(std::fs::remove_dir(&path))),
            9 | 10 => {
                let flags = [
                    RenameFlags::empty(),
                    RenameFlags::empty(),
                    RenameFlags::RENAME_NOREPLACE,
                    RenameFlags::RENAME_EXCHANGE,
                    RenameFlags::RENAME_EXCHANGE | RenameFlags::RENAME_NOREPLACE,
                ][self.random.random_range(0..5)];
                let done = renameat2(nix::fcntl::AT_FDCWD, &path, nix::fcntl::AT_FDCWD, &other, flags);
                told(&format!("rename {p} {o} {flags:?}"), done)
            }
            11 => {
                let done = linkat(
                    nix::fcntl::AT_FDCWD,
                    &path,
                    nix::fcntl::AT_FDCWD,
                    &other,
                    AtFlags::empty(),
                );
                told(&format!("link {p} {o}"), done)
            }
            12 => {
                let target = ["a", "../../outside", "/nonexistent/outside", "e", "nowhere", "."]
                    [self.random.random_range(0..6)];
                told(
                    &format!("symlink {target} {p}"),
                    symlinkat(target, nix::fcntl::AT_FDCWD, &path),
                )
            }
            13 => told(&format!("readlink {p}"), readlink(&path)),
            14 => told(&format!("truncate {p} {offset}"), truncate(&path, signed(offset))),
            15 => {
                let mode =
                    Mode::from_bits_truncate([0o644, 0o600, 0o400, 0o755][self.random.random_range(0..4)]);
                let done = open(&path, OFlag::O_RDONLY | OFlag::O_NONBLOCK, Mode::empty())
                    .and_then(|file| fchmod(file, mode));
                told(&format!("chmod {p} {mode:?}"), done)
            }
            16 => {
                let time = TimeSpec::new(signed(offset), 123_456_789);
                let done = utimensat(
                    nix::fcntl::AT_FDCWD,
                    &path,
                    &time,
                    &time,
                    UtimensatFlags::NoFollowSymlink,
                )
                .and_then(|()| lstat(&path))
                .map(|stat| (stat.st_mtime, stat.st_mtime_nsec));
                told(&format!("utimens {p}"), done)
            }
            17 => told(
                &format!("mkfifo {p}"),
                mknod(&path, SFlag::S_IFIFO, Mode::from_bits_truncate(0o600), 0),
            ),
            18 => told(
                &format!("stat {p}"),
                lstat(&path).map(|stat| (stat.st_mode, stat.st_nlink, stat.st_uid, stat.st_gid)),
            ),
            19 => told(&format!("list {p}"), list(&path)),
            20 => {
                let dir = open(&path, OFlag::O_RDONLY | OFlag::O_DIRECTORY, Mode::empty());
                let done = dir.and_then(|dir| {
                    let inside = mkdirat(&dir, "x", Mode::from_bits_truncate(0o700));
                    let out = openat(&dir, "../../../outside", OFlag::O_RDONLY, Mode::empty()).map(drop);
                    fsync(&dir).map(|()| (inside, out))
                });
                told(&format!("sync directory {p}"), done)
            }
            21 => told(
                &format!("statfs {p}"),
                statvfs(&path).map(|stat| (stat.block_size(), stat.name_max(), stat.blocks())),
            ),
            // Both ends of a pipe would wait for somebody else.
            22 if [&path, &other]
                .iter()
                .any(|path| path.exists() && !path.is_file()) =>
            {
                "nothing to copy".to_owned()
            }
            22 => told(&format!("copy {p} {o}"), io(std::fs::copy(&path, &other))),
            _ => self.on_file(choice, offset, len),
        }
    }

    fn open_file(&mut self, path: &Path) -> String {
        let access =
            [OFlag::O_RDONLY, OFlag::O_WRONLY, OFlag::O_RDWR, OFlag::O_RDWR][self.random.random_range(0..4)];
        let extras = [
            OFlag::O_CREAT,
            OFlag::O_CREAT,
            OFlag::O_EXCL | OFlag::O_CREAT,
            OFlag::O_TRUNC,
            OFlag::O_APPEND,
            OFlag::O_DSYNC,
            OFlag::O_SYNC,
            OFlag::O_NOFOLLOW,
            OFlag::O_DIRECTORY,
            OFlag::O_NOATIME,
        ];
        let mut flags = access | OFlag::O_NONBLOCK;
        for _ in 0..self.random.random_range(0..3) {
            flags |= extras[self.random.random_range(0..extras.len())];
        }
        let number = self.random.random_range(0..6);
        let call = format!("open {number} {} {flags:?}", path.display());
        match open(path, flags, Mode::from_bits_truncate(0o666)) {
            Ok(file)
                if fstat(&file)
                    .is_ok_and(|stat| stat.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFREG.bits()) =>
            {
                self.open.insert(number, file.into());
                format!("{call} = Ok")
            }
            other => told(&call, other.map(drop)),
        }
    }

    fn on_file(&mut self, choice: u32, offset: u64, len: usize) -> String {
        let (byte, mode) = (self.random.random::<u8>(), self.random.random_range(0..5));
        let preallocates = self.preallocates;
        let Some((number, file)) = self.file() else {
            return "nothing open".to_owned();
        };
        let signed = |value: u64| i64::try_from(value).unwrap();
        let size = |file: &File| fstat(file).map(|stat| (stat.st_size, stat.st_nlink));
        match choice {
            23 | 24 => told(
                &format!("pwrite {number} {offset} {len}"),
                io(file.write_at(&vec![byte; len], offset)),
            ),
            25 => {
                let written = io(file.write(&vec![byte; len]));
                told(
                    &format!("write {number} {len}"),
                    written.and_then(|count| Ok((count, size(file)?))),
                )
            }
            26 => {
                let mut bytes = vec![0; len];
                let count = io(file.read_at(&mut bytes, offset));
                told(
                    &format!("pread {number} {offset} {len}"),
                    count.map(|count| (count, hash(&bytes[..count]))),
                )
            }
            27 => {
                let mut bytes = vec![0; len];
                let count = io(file.read(&mut bytes));
                told(
                    &format!("read {number} {len}"),
                    count.map(|count| (count, hash(&bytes[..count]))),
                )
            }
            28 => told(
                &format!("ftruncate {number} {offset}"),
                ftruncate(&*file, signed(offset)).and_then(|()| size(file)),
            ),
            29 => {
                let done = match mode {
                    0 => fsync(&*file),
                    1 => fdatasync(&*file),
                    2 => io(file.sync_all()),
                    _ => syncfs(&*file),
                };
                told(&format!("sync {number} {mode}"), done)
            }
            30 => {
                let keep = FallocateFlags::FALLOC_FL_KEEP_SIZE;
                let modes = [
                    FallocateFlags::empty(),
                    keep,
                    keep | FallocateFlags::FALLOC_FL_PUNCH_HOLE,
                    FallocateFlags::FALLOC_FL_ZERO_RANGE,
                    keep | FallocateFlags::FALLOC_FL_ZERO_RANGE,
                ];
                let mode = if preallocates { mode } else { 2 };
                let done = fallocate(&*file, modes[mode], signed(offset), len as i64);
                told(
                    &format!("fallocate {number} {:?} {offset} {len}", modes[mode]),
                    done.and_then(|()| size(file)),
                )
            }
            31 if !preallocates => {
                let whence = if mode < 3 {
                    Whence::SeekData
                } else {
                    Whence::SeekHole
                };
                // Where holes are is known once the data is on its blocks.
                let found = fsync(&*file).and_then(|()| lseek(&*file, signed(offset), whence));
                told(&format!("lseek {number} {offset} {mode}"), found)
            }
            32 => {
                let arg = if mode < 3 {
                    FlockArg::LockExclusiveNonblock
                } else {
                    FlockArg::LockSharedNonblock
                };
                let locked =
                    io(file.try_clone()).map(|file| Flock::lock(file, arg).map(drop).map_err(|(_, why)| why));
                told(&format!("flock {number}"), locked)
            }
            _ => {
                self.open.remove(&number);
                format!("close {number}")
            }
        }
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

fn list(path: &Path) -> Result<Vec<String>, Errno> {
    let mut names = Vec::new();
    for entry in io(std::fs::read_dir(path))? {
        let entry = io(entry)?;
        names.push(format!(
            "{:?} {:?}",
            entry.file_name(),
            entry.file_type().unwrap()
        ));
    }
    names.sort();
    Ok(names)
}

/// Everything below a directory, a line each, sorted.
pub fn tree(dir: &Path) -> String {
    let mut lines = Vec::new();
    let mut pending = vec![dir.to_owned()];
    while let Some(at) = pending.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            let stat = std::fs::symlink_metadata(&path).unwrap();
            let content = if stat.is_file() {
                hash(&std::fs::read(&path).unwrap())
            } else if stat.is_symlink() {
                hash(std::fs::read_link(&path).unwrap().as_os_str().as_encoded_bytes())
            } else {
                0
            };
            let size = if stat.is_dir() { 0 } else { stat.len() };
            let mode = stat.permissions().mode();
            let name = path.strip_prefix(dir).unwrap().display().to_string();
            lines.push(format!(
                "{name} {mode:o} {} {size} {} {} {content:x}\n",
                stat.nlink(),
                stat.uid(),
                stat.gid()
            ));
            if stat.is_dir() {
                pending.push(path);
            }
        }
    }
    lines.sort();
    lines.concat()
}
