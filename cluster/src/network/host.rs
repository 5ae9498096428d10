//! One host: a network namespace with one TUN interface in it, whose other end the harness holds.
//!
//! A TUN interface carries whole IP packets, so there are no Ethernet addresses, no ARP and nothing else that
//! would have to be kept alive across a partition.

use super::{NetworkError, netlink};
use crate::kernel::{self, Interface};
use crate::sandbox::{TUN_DEVICE, diagnose_tun, settle_loopback};
use nix::fcntl::OFlag;
use nix::sched::{CloneFlags, unshare};
use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;

/// The name of the interface in each namespace.
const INTERFACE: &str = "tun0";

/// Packets that the kernel keeps while the switch is busy. TCP does not notice a full queue until packets are
/// lost, so it is longer than the default of 500: a loss that nobody asked for would be a fault of ours.
const QUEUE_PACKETS: u32 = 8192;

/// A host that is ready to send and receive.
pub struct Host {
    /// Its network namespace.
    pub namespace: OwnedFd,
    /// Our end of its interface, non-blocking: what it sends is read here, what it shall receive is written.
    pub device: File,
}

impl Host {
    /// Makes a namespace for the host. Must run on a thread that ends afterwards, since it stays in there.
    pub fn in_a_namespace_of_its_own(name: &str, address: Ipv4Addr) -> Result<Host, NetworkError> {
        let failed = |what| move |why: nix::errno::Errno| build_error(what, name, why.into());
        unshare(CloneFlags::CLONE_NEWNET).map_err(failed("make the network namespace"))?;
        settle_loopback().map_err(failed("switch on the loopback interface"))?;
        Host::here(name, address)
    }

    /// Makes the host's interface in the calling thread's network namespace.
    pub fn here(name: &str, address: Ipv4Addr) -> Result<Host, NetworkError> {
        without_ipv6();
        let failed = |what| move |why: nix::errno::Errno| build_error(what, name, why.into());
        let device = File::options()
            .read(true)
            .write(true)
            .custom_flags(OFlag::O_NONBLOCK.bits())
            .open(TUN_DEVICE)
            .map_err(|why| NetworkError::Tun(diagnose_tun(&why)))?;
        kernel::create_tun(&device, INTERFACE).map_err(failed("make the interface"))?;
        let interface = Interface::open(INTERFACE).map_err(failed("configure the interface"))?;
        netlink::set_queue_length(INTERFACE, QUEUE_PACKETS).map_err(failed("set the queue length"))?;
        interface
            .set_address(address)
            .map_err(failed("set the address"))?;
        interface.bring_up().map_err(failed("switch on the interface"))?;
        let namespace = File::open("/proc/thread-self/ns/net")
            .map_err(|why| build_error("keep the network namespace", name, why))?;
        Ok(Host {
            namespace: namespace.into(),
            device,
        })
    }
}

fn build_error(what: &'static str, host: &str, source: io::Error) -> NetworkError {
    NetworkError::Build {
        what,
        host: host.to_owned(),
        source,
    }
}

/// Keeps the interface from looking for IPv6 neighbours that do not exist. Where /proc/sys is read-only, as in
/// containers, it looks, and the switch counts what it finds as strays.
fn without_ipv6() {
    for scope in ["all", "default"] {
        let switch = format!("/proc/sys/net/ipv6/conf/{scope}/disable_ipv6");
        if let Err(why) = std::fs::write(&switch, "1") {
            tracing::debug!("IPv6 stays on: {switch}: {why}");
        }
    }
}
