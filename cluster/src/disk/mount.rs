//! Mounting a disk over a directory, from inside the sandbox: /dev/fuse and mount(2), no setuid helper.

use crate::sandbox::Missing;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{getegid, geteuid};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

/// The device behind every file system that a process serves.
const FUSE_DEVICE: &str = "/dev/fuse";

/// Opens the kernel's side of a file system that is not mounted yet. It is closed on exec, so no node has it, and
/// with the harness it goes: then every request fails at once.
pub fn open_device() -> Result<OwnedFd, Missing> {
    let device = File::options().read(true).write(true).open(FUSE_DEVICE);
    device.map(OwnedFd::from).map_err(|why| diagnose_device(&why))
}

/// Mounts over a directory. The kernel checks permissions, by what `stat` says; set-user-id programs and devices on
/// it do nothing.
pub fn mount_over(device: &OwnedFd, dir: &Path) -> Result<(), Missing> {
    let options = format!(
        "fd={},rootmode=40000,user_id={},group_id={},default_permissions,allow_other",
        device.as_raw_fd(),
        geteuid(),
        getegid()
    );
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(
        Some("disk"),
        dir,
        Some("fuse.disk"),
        flags,
        Some(options.as_str()),
    )
    .map_err(|why| diagnose_mount(why.into()))
}

/// Takes the mount away and ends the file system: no path leads to it any more, whoever waits for it is told that it
/// is gone, and so is whoever has a file of it open. The threads that serve it end.
pub fn unmount(dir: &Path) -> io::Result<()> {
    let flags = MntFlags::MNT_FORCE | MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW;
    Ok(umount2(dir, flags)?)
}

fn diagnose_device(why: &io::Error) -> Missing {
    let (reason, fix) = match why.kind() {
        io::ErrorKind::NotFound => (
            "/dev/fuse is missing",
            "`sudo modprobe fuse`; in a container, start it with `--device /dev/fuse`",
        ),
        // udev's own rule for the device is mode 0666; mounting needs a namespace of one's own.
        io::ErrorKind::PermissionDenied => (
            "this user may not open /dev/fuse",
            "`sudo chmod 0666 /dev/fuse` (the mode that udev gives it), or run as root; \
             in a container, start it with `--device /dev/fuse`",
        ),
        _ => (
            "/dev/fuse cannot be opened",
            "`sudo modprobe fuse`, or a kernel built with CONFIG_FUSE_FS",
        ),
    };
    Missing {
        reason: format!("{reason} ({why})"),
        fix: fix.to_owned(),
    }
}

fn diagnose_mount(why: io::Error) -> Missing {
    let (reason, fix) = match why.raw_os_error() {
        Some(nix::libc::EPERM | nix::libc::EACCES) => (
            "this machine does not let a user's own namespace mount FUSE",
            "run on Linux 4.18 or later, or outside of the container that forbids it",
        ),
        Some(nix::libc::ENODEV) => (
            "this kernel has no FUSE",
            "`sudo modprobe fuse`, or a kernel built with CONFIG_FUSE_FS",
        ),
        _ => ("FUSE cannot be mounted", "see the kernel's log"),
    };
    Missing {
        reason: format!("{reason} ({why})"),
        fix: fix.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_closed_device_is_named_with_its_remedy() {
        let missing = diagnose_device(&io::Error::from(io::ErrorKind::NotFound));
        assert!(missing.fix.contains("--device /dev/fuse"), "{missing}");
        let missing = diagnose_device(&io::Error::from(io::ErrorKind::PermissionDenied));
        assert!(missing.fix.contains("sudo chmod 0666 /dev/fuse"), "{missing}");
    }

    #[test]
    fn a_kernel_that_is_too_old_and_one_without_fuse_are_told_apart() {
        let missing = diagnose_mount(io::Error::from_raw_os_error(nix::libc::EPERM));
        assert!(missing.fix.contains("4.18"), "{missing}");
        let missing = diagnose_mount(io::Error::from_raw_os_error(nix::libc::ENODEV));
        assert!(missing.reason.contains("no FUSE"), "{missing}");
    }
}
