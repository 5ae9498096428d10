//! The calls to the operating system for which there is no safe wrapper: every `unsafe` of this crate.
//!
//! Nothing here decides anything; each function is one call with its contract. Who calls them: [`crate::sandbox`]
//! (clone, signal dispositions), [`crate::warden`] (clone, descriptors), [`crate::network`] (TUN devices, interface addresses), [`crate::process`] (what a
//! child does between fork and exec).

use nix::errno::Errno;
use nix::libc;
use nix::sched::CloneFlags;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::unistd::Pid;
use std::fs::File;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;

/// Clones this process into new namespaces, as fork does: `None` in the child, the child's id in the parent.
///
/// The caller must be single-threaded (it checks), for the child gets only the calling thread, with every lock
/// that another thread held still held. The raw call leaves libc's memory of the thread id at the parent's
/// value; nothing here or in the standard library asks libc for it.
pub fn clone_process(namespaces: CloneFlags) -> Result<Option<Pid>, Errno> {
    let flags = libc::c_long::from(namespaces.bits() | libc::SIGCHLD);
    let none: libc::c_long = 0;
    // SAFETY: without CLONE_VM and with a null stack the child runs on its own copy of this stack, as after
    // fork; the remaining pointers are not used without their flags.
    let result = unsafe { libc::syscall(libc::SYS_clone, flags, none, none, none, none) };
    let pid = Errno::result(result)?;
    Ok((pid != 0).then(|| Pid::from_raw(i32::try_from(pid).expect("a process id fits in an i32"))))
}

/// Ends this process without running anything else of it: for a clone that must not return to its caller.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: _exit has no preconditions.
    unsafe { libc::_exit(code) }
}

/// Gives a signal its default meaning again, whatever was inherited.
pub fn reset_signal(which: Signal) -> Result<(), Errno> {
    // SAFETY: no handler function is installed.
    unsafe { signal(which, SigHandler::SigDfl) }.map(drop)
}

mod request {
    use nix::libc;
    nix::ioctl_write_ptr_bad!(tun_set_interface, libc::TUNSETIFF, libc::ifreq);
    nix::ioctl_write_ptr_bad!(set_address, libc::SIOCSIFADDR, libc::ifreq);
    nix::ioctl_write_ptr_bad!(set_netmask, libc::SIOCSIFNETMASK, libc::ifreq);
    nix::ioctl_write_ptr_bad!(set_flags, libc::SIOCSIFFLAGS, libc::ifreq);
}

/// Makes an open `/dev/net/tun` the other end of a new IP interface in the calling thread's network namespace.
pub fn create_tun(device: &File, name: &str) -> Result<(), Errno> {
    let mut interface = named(name);
    interface.ifr_ifru.ifru_flags =
        libc::c_short::try_from(libc::IFF_TUN | libc::IFF_NO_PI).expect("both flags are below 2^15");
    // SAFETY: the descriptor is open and the request points to a whole ifreq.
    unsafe { request::tun_set_interface(device.as_raw_fd(), &interface) }.map(drop)
}

/// A network interface of the calling thread's network namespace.
pub struct Interface {
    name: &'static str,
    socket: OwnedFd,
}

impl Interface {
    /// The interface of this name; that it exists is found out by the first request.
    pub fn open(name: &'static str) -> Result<Interface, Errno> {
        let socket = socket(
            AddressFamily::Inet,
            SockType::Datagram,
            SockFlag::SOCK_CLOEXEC,
            None,
        )?;
        Ok(Interface { name, socket })
    }

    /// Gives it an address and the netmask 255.255.255.0.
    pub fn set_address(&self, address: Ipv4Addr) -> Result<(), Errno> {
        let mut interface = named(self.name);
        interface.ifr_ifru.ifru_addr = socket_address(address);
        // SAFETY: the socket is open and the request points to a whole ifreq that holds an IPv4 address.
        unsafe { request::set_address(self.fd(), &interface) }?;
        interface.ifr_ifru.ifru_netmask = socket_address(Ipv4Addr::new(255, 255, 255, 0));
        // SAFETY: as above.
        unsafe { request::set_netmask(self.fd(), &interface) }.map(drop)
    }

    /// Switches it on.
    pub fn bring_up(&self) -> Result<(), Errno> {
        let mut interface = named(self.name);
        interface.ifr_ifru.ifru_flags =
            libc::c_short::try_from(libc::IFF_UP | libc::IFF_RUNNING).expect("both flags are below 2^15");
        // SAFETY: the socket is open and the request points to a whole ifreq.
        unsafe { request::set_flags(self.fd(), &interface) }.map(drop)
    }

    fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

fn named(name: &str) -> libc::ifreq {
    assert!(name.len() < libc::IFNAMSIZ, "interface names are short: {name}");
    // SAFETY: all-zero bytes are a valid ifreq: it holds integers, addresses of integers and a null pointer.
    let mut interface: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in interface.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    interface
}

fn socket_address(address: Ipv4Addr) -> libc::sockaddr {
    // SAFETY: all-zero bytes are a valid sockaddr: it holds integers only.
    let mut generic: libc::sockaddr = unsafe { std::mem::zeroed() };
    generic.sa_family = libc::AF_INET as libc::sa_family_t;
    // Two bytes of port, then the address in network order: the layout of sockaddr_in.
    for (to, from) in generic.sa_data[2..6].iter_mut().zip(address.octets()) {
        *to = from as libc::c_char;
    }
    generic
}

/// Makes the command start in a network namespace (or in ours), in a session and process group of its own, and without
/// any file descriptor but the three standard ones, whatever the harness itself was started with. With a parent, it is
/// killed when the thread that starts it ends; the parent is the process of that thread.
pub fn isolate(command: &mut Command, network_namespace: Option<Arc<OwnedFd>>, parent: Option<Pid>) {
    let prepare = move || {
        if let Some(namespace) = &network_namespace {
            nix::sched::setns(namespace, CloneFlags::CLONE_NEWNET)?;
        }
        nix::unistd::setsid()?;
        if let Some(parent) = parent {
            nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
            // It may have ended before that.
            if nix::unistd::getppid() != parent {
                return Err(Errno::EOWNERDEAD.into());
            }
        }
        // Marked, not closed: the standard library still needs its own pipe to report a failing exec.
        close_range(3, libc::CLOSE_RANGE_CLOEXEC);
        Ok(())
    };
    // SAFETY: between fork and exec the closure makes system calls only; it neither allocates nor locks.
    unsafe { command.pre_exec(prepare) };
}

/// Closes all file descriptors but the three standard ones and this, which becomes the fourth. For a process in which
/// nothing else of this program runs: whoever still has one of the others has it no more.
pub fn close_all_but(kept: OwnedFd) -> OwnedFd {
    let number = kept.into_raw_fd();
    if number != 3 {
        // SAFETY: it is open and nobody else's; whoever had the fourth is not there to miss it.
        unsafe { libc::dup2(number, 3) };
    }
    close_range(4, 0);
    // SAFETY: it is open, by dup2 or from before, and it is nobody else's.
    unsafe { OwnedFd::from_raw_fd(3) }
}

/// A kernel before 5.11 refuses it, and then only what the harness was started with is left open: everything that it
/// opens itself closes on exec anyhow.
fn close_range(first: libc::c_uint, flags: libc::c_uint) {
    // SAFETY: the call takes three integers.
    unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, flags) };
}
