//! The switch's ends of the interfaces: packets come in and go out here, and are counted.

use super::HostId;
use super::capture::{Stray, Tap};
use super::counters::{Counters, Touch};
use super::packet;
use super::pipeline::Outlet;
use super::queue::Link;
use nix::errno::Errno;
use nix::unistd::{read, write};
use std::fs::File;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The interfaces of all hosts.
#[derive(Debug)]
pub struct Ports {
    devices: Vec<File>,
    addresses: Vec<Ipv4Addr>,
    /// The host of each address in 10.0.0.0/24, by its last byte.
    by_last_byte: [Option<HostId>; 256],
    counters: Arc<Counters>,
    /// Who writes down what passes.
    pub tap: Option<Tap>,
}

impl Ports {
    /// The host of each device and address is its place.
    pub fn new(devices: Vec<File>, addresses: Vec<Ipv4Addr>, counters: Arc<Counters>) -> Ports {
        let mut by_last_byte = [None; 256];
        for (host, address) in addresses.iter().enumerate() {
            let [.., last] = address.octets();
            by_last_byte[usize::from(last)] = Some(host);
        }
        Ports {
            devices,
            addresses,
            by_last_byte,
            counters,
            tap: None,
        }
    }

    /// The devices, to wait for.
    pub fn devices(&self) -> &[File] {
        &self.devices
    }

    /// Reads the next packet of a host; nothing when there is none at present.
    ///
    /// # Errors
    /// When the interface is gone: a node that is root in its own namespace can take it away.
    pub fn receive(&self, from: HostId, packet: &mut [u8]) -> nix::Result<Option<usize>> {
        loop {
            match read(&self.devices[from], packet) {
                Ok(bytes) => return Ok(Some(bytes)),
                Err(Errno::EAGAIN) => return Ok(None),
                Err(Errno::EINTR) => {}
                Err(why) => return Err(why),
            }
        }
    }

    /// The link that a packet of a host is on. One that is on none is counted, and nothing else becomes of it.
    pub fn link_of(&self, from: HostId, packet: &[u8]) -> Option<Link> {
        let counters = &self.counters;
        let Some((source, destination)) = packet::addresses(packet) else {
            counters.not_ipv4.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        if source != self.addresses[from] {
            // Not to be believed: it would be counted, and cut, on another host's link.
            counters.spoofed.fetch_add(1, Ordering::Relaxed);
            self.strayed(from, packet, Stray::Spoofed);
            return None;
        }
        let [.., last] = destination.octets();
        let to = self.by_last_byte[usize::from(last)]
            .filter(|to| self.addresses[*to] == destination && *to != from);
        let Some(to) = to else {
            counters.unroutable.fetch_add(1, Ordering::Relaxed);
            self.strayed(from, packet, Stray::Unroutable);
            return None;
        };
        Some(Link { from, to })
    }

    fn strayed(&self, from: HostId, packet: &[u8], why: Stray) {
        if let Some(tap) = &self.tap {
            tap.strayed(from, packet, why);
        }
    }
}

impl Outlet for Ports {
    fn deliver(&mut self, link: Link, bytes: &[u8], touches: &[Touch]) {
        // Before the receiver can answer: the answer comes later in the file as well.
        if let Some(tap) = &self.tap {
            tap.delivered(link, bytes, touches);
        }
        if write(&self.devices[link.to], bytes).is_ok() {
            self.counters.carried(link, bytes.len());
        } else {
            self.counters.undeliverable.fetch_add(1, Ordering::Relaxed);
            self.strayed(link.from, bytes, Stray::Undeliverable);
        }
    }

    fn lose(&mut self, link: Link, bytes: &[u8], touches: &[Touch]) {
        self.counters.dropped(link);
        if let Some(tap) = &self.tap {
            tap.lost(link, bytes, touches);
        }
    }
}
