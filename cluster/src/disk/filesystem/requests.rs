//! The kernel's requests, one by one: its words into ours, and our outcomes into its answers.

use super::attributes::{attributes, kind, nothing, time};
use super::{REQUEST_BYTES_MAX, Served};
use crate::disk::fault::Request;
use crate::disk::volume::{Attributes, Entry, Kind, Owner, Volume};
use fuser::{
    BsdFileFlags, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, InitFlags, KernelConfig,
    LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty,
    ReplyEntry, ReplyLseek, ReplyOpen, ReplyStatfs, ReplyWrite, TimeOrNow, WriteFlags,
};
use nix::errno::Errno;
use nix::fcntl::FallocateFlags;
use nix::libc;
use nix::sys::stat::FileStat;
use nix::unistd::Whence;
use std::cell::RefCell;
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// How long the kernel may remember names and attributes.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

thread_local! {
    /// One for each thread that serves, as large as the largest read so far.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Filesystem for Served {
    fn init(&mut self, _: &fuser::Request, config: &mut KernelConfig) -> io::Result<()> {
        let within = |most: u32| most.min(REQUEST_BYTES_MAX);
        config
            .set_max_write(REQUEST_BYTES_MAX)
            .map_err(|most| io::Error::other(format!("writes are at most {} bytes", within(most))))?;
        // What an older kernel does not have, it does not need.
        for wish in [
            InitFlags::FUSE_PARALLEL_DIROPS,
            InitFlags::FUSE_HANDLE_KILLPRIV_V2,
            InitFlags::FUSE_CACHE_SYMLINKS,
        ] {
            let _ = config.add_capabilities(wish);
        }
        Ok(())
    }

    fn lookup(&self, _: &fuser::Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.powered(|volume| volume.lookup(parent.0, name)) {
            // The kernel remembers also what is not there.
            Err(Errno::ENOENT) => reply.entry(&REMEMBERED, &nothing(), Generation(0)),
            entry => answer_entry(entry, reply),
        }
    }

    fn forget(&self, _: &fuser::Request, inode: INodeNo, lookups: u64) {
        // Without power there is nothing to remember.
        let _ = self.powered(|volume| {
            volume.forget(inode.0, lookups);
            Ok(())
        });
    }

    fn getattr(&self, _: &fuser::Request, inode: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        answer_attributes(self.powered(|volume| volume.stat(inode.0)), reply);
    }

    fn setattr(
        &self,
        _: &fuser::Request,
        inode: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        atime: Option<TimeOrNow>,
        mtime: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let change = Attributes {
            mode,
            uid,
            gid,
            size,
            atime: atime.map(time),
            mtime: mtime.map(time),
        };
        let set = |volume: &Volume| volume.set(inode.0, &change);
        let stat = if size.is_some() {
            self.asked(Request::Write, 0, |_, _| (), set)
        } else {
            self.powered(set)
        };
        answer_attributes(stat, reply);
    }

    fn readlink(&self, _: &fuser::Request, inode: INodeNo, reply: ReplyData) {
        match self.powered(|volume| volume.target(inode.0)) {
            Ok(target) => reply.data(target.as_encoded_bytes()),
            Err(why) => reply.error(number(why)),
        }
    }

    fn mknod(
        &self,
        request: &fuser::Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _umask: u32,
        device: u32,
        reply: ReplyEntry,
    ) {
        answer_entry(
            self.make(parent, name, Kind::Node(mode, device), owner(request)),
            reply,
        );
    }

    fn mkdir(
        &self,
        request: &fuser::Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _umask: u32,
        reply: ReplyEntry,
    ) {
        answer_entry(
            self.make(parent, name, Kind::Directory(mode), owner(request)),
            reply,
        );
    }

    fn symlink(
        &self,
        request: &fuser::Request,
        parent: INodeNo,
        name: &OsStr,
        target: &Path,
        reply: ReplyEntry,
    ) {
        answer_entry(
            self.make(parent, name, Kind::Symlink(target), owner(request)),
            reply,
        );
    }

    fn unlink(&self, _: &fuser::Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer(self.renames(|volume| volume.remove(parent.0, name, false)), reply);
    }

    fn rmdir(&self, _: &fuser::Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        answer(self.renames(|volume| volume.remove(parent.0, name, true)), reply);
    }

    fn rename(
        &self,
        _: &fuser::Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let flags = nix::fcntl::RenameFlags::from_bits_retain(flags.bits());
        let renamed = self.renames(|volume| volume.rename((parent.0, name), (new_parent.0, new_name), flags));
        answer(renamed, reply);
    }

    fn link(&self, _: &fuser::Request, inode: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let linked = self.renames(|volume| {
            self.faults.entry()?;
            volume.link(inode.0, parent.0, name)
        });
        answer_entry(linked, reply);
    }

    fn open(&self, _: &fuser::Request, inode: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.powered(|volume| volume.open(inode.0)) {
            Ok(()) => reply.opened(FileHandle(0), self.open_flags()),
            Err(why) => reply.error(number(why)),
        }
    }

    fn create(
        &self,
        request: &fuser::Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        match self.make(parent, name, Kind::File(mode), owner(request)) {
            Ok(entry) => {
                let attributes = attributes(&entry.stat);
                reply.created(
                    &REMEMBERED,
                    &attributes,
                    Generation(0),
                    FileHandle(0),
                    self.open_flags(),
                );
            }
            Err(why) => reply.error(number(why)),
        }
    }

    fn read(
        &self,
        _: &fuser::Request,
        inode: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        BUFFER.with_borrow_mut(|buffer| {
            let size = size.min(REQUEST_BYTES_MAX) as usize;
            if buffer.len() < size {
                buffer.resize(size, 0);
            }
            match self.read_into(inode.0, offset, &mut buffer[..size]) {
                Ok(count) => reply.data(&buffer[..count]),
                Err(why) => reply.error(number(why)),
            }
        });
    }

    fn write(
        &self,
        _: &fuser::Request,
        inode: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        flags: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let written = self.write_from(inode.0, offset, data).and_then(|written| {
            if flags.contains(WriteFlags::FUSE_WRITE_KILL_SUIDGID) {
                self.powered(|volume| volume.drop_privileges(inode.0))?;
            }
            Ok(written)
        });
        match written {
            Ok(written) => reply.written(u32::try_from(written).expect("not more than was asked for")),
            Err(why) => reply.error(number(why)),
        }
    }

    fn flush(&self, _: &fuser::Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        // Nothing is left to do when a file is closed; the kernel asks once and then no more.
        reply.error(fuser::Errno::ENOSYS);
    }

    fn release(
        &self,
        _: &fuser::Request,
        inode: INodeNo,
        _: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        let released = self.powered(|volume| {
            volume.release(inode.0);
            Ok(())
        });
        answer(released, reply);
    }

    fn fsync(&self, _: &fuser::Request, inode: INodeNo, _: FileHandle, data_only: bool, reply: ReplyEmpty) {
        answer(self.sync_file(inode.0, data_only), reply);
    }

    fn fsyncdir(&self, _: &fuser::Request, inode: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let synced = self.asked(Request::Sync, 0, |_, _| (), |volume| volume.sync_dir(inode.0));
        answer(synced, reply);
    }

    fn opendir(&self, _: &fuser::Request, inode: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.powered(|volume| volume.list(inode.0)) {
            Ok(listing) => {
                let handle = self.listings.open(listing);
                reply.opened(FileHandle(handle), FopenFlags::empty());
            }
            Err(why) => reply.error(number(why)),
        }
    }

    fn readdir(
        &self,
        _: &fuser::Request,
        inode: INodeNo,
        handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let listing = match (self.listings.of(handle.0), offset) {
            (Some(listing), 1..) => listing,
            // From the start, perhaps not for the first time: as it is now.
            _ => match self.powered(|volume| volume.list(inode.0)) {
                Ok(listing) => self.listings.renew(handle.0, listing),
                Err(why) => return reply.error(number(why)),
            },
        };
        let own = [".", ".."].map(|name| (inode, FileType::Directory, OsStr::new(name)));
        let entries = listing
            .iter()
            .map(|entry| (INodeNo(entry.id), kind(entry.mode), entry.name.as_os_str()));
        let rest = own
            .into_iter()
            .chain(entries)
            .zip(1..)
            .skip(usize::try_from(offset).unwrap_or(usize::MAX));
        for ((inode, kind, name), next) in rest {
            if reply.add(inode, next, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn releasedir(
        &self,
        _: &fuser::Request,
        _: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        reply: ReplyEmpty,
    ) {
        self.listings.close(handle.0);
        reply.ok();
    }

    fn statfs(&self, _: &fuser::Request, _: INodeNo, reply: ReplyStatfs) {
        match self.powered(Volume::statfs) {
            Ok(stat) => {
                let unit = stat.fragment_size().max(1);
                let quota = self.faults.quota().map_or(u64::MAX, |bytes| bytes / unit);
                reply.statfs(
                    stat.blocks(),
                    stat.blocks_free().min(quota),
                    stat.blocks_available().min(quota),
                    stat.files(),
                    stat.files_free(),
                    u32::try_from(stat.block_size()).unwrap_or(4096),
                    u32::try_from(stat.name_max()).unwrap_or(255),
                    u32::try_from(unit).unwrap_or(4096),
                );
            }
            Err(why) => reply.error(number(why)),
        }
    }

    fn fallocate(
        &self,
        _: &fuser::Request,
        inode: INodeNo,
        _: FileHandle,
        offset: u64,
        len: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        let mode = FallocateFlags::from_bits_retain(mode);
        let allocated = self.asked(
            Request::Write,
            0,
            |_, _| (),
            |volume| {
                if !mode.contains(FallocateFlags::FALLOC_FL_PUNCH_HOLE) {
                    let grows = offset
                        .saturating_add(len)
                        .saturating_sub(volume.size(inode.0)?.max(offset));
                    if self.faults.room(grows) < grows {
                        return Err(Errno::ENOSPC);
                    }
                }
                volume.allocate(inode.0, mode, offset, len)
            },
        );
        answer(allocated, reply);
    }

    fn lseek(
        &self,
        _: &fuser::Request,
        inode: INodeNo,
        _: FileHandle,
        offset: i64,
        whence: i32,
        reply: ReplyLseek,
    ) {
        let whence = match whence {
            libc::SEEK_DATA => Whence::SeekData,
            libc::SEEK_HOLE => Whence::SeekHole,
            _ => return reply.error(fuser::Errno::EINVAL),
        };
        match self.powered(|volume| volume.seek(inode.0, offset, whence)) {
            Ok(offset) => reply.offset(offset),
            Err(why) => reply.error(number(why)),
        }
    }
}

fn answer(result: Result<(), Errno>, reply: ReplyEmpty) {
    match result {
        Ok(()) => reply.ok(),
        Err(why) => reply.error(number(why)),
    }
}

fn answer_entry(result: Result<Entry, Errno>, reply: ReplyEntry) {
    match result {
        Ok(entry) => reply.entry(&REMEMBERED, &attributes(&entry.stat), Generation(0)),
        Err(why) => reply.error(number(why)),
    }
}

fn answer_attributes(result: Result<FileStat, Errno>, reply: ReplyAttr) {
    match result {
        Ok(stat) => reply.attr(&REMEMBERED, &attributes(&stat)),
        Err(why) => reply.error(number(why)),
    }
}

fn number(why: Errno) -> fuser::Errno {
    fuser::Errno::from_i32(why as i32)
}

fn owner(request: &fuser::Request) -> Owner {
    Owner {
        uid: request.uid(),
        gid: request.gid(),
    }
}
