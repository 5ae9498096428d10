//! What the switch is compared with: the kernel's own bridge, with a veth pair to each of two namespaces, built in
//! the same sandbox by `ip` of iproute2.

use nix::sched::{CloneFlags, unshare};
use std::fs::File;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::process::Command;

/// Two hosts on a bridge: their network namespaces, and the addresses in them.
pub struct Bridge {
    pub hosts: [(File, Ipv4Addr); 2],
}

impl Bridge {
    /// Builds it in the caller's network namespace.
    ///
    /// # Errors
    /// What `ip` said: it is missing, or the kernel has no bridge or no veth.
    pub fn build() -> Result<Bridge, String> {
        ip(None, "link add name bridge type bridge")?;
        ip(None, "link set bridge up")?;
        let hosts = [1, 2].map(Bridge::host);
        let [one, two] = hosts;
        Ok(Bridge { hosts: [one?, two?] })
    }

    fn host(number: u8) -> Result<(File, Ipv4Addr), String> {
        let namespace = std::thread::spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            File::open("/proc/thread-self/ns/net").unwrap()
        });
        let namespace = namespace.join().unwrap();
        let address = Ipv4Addr::new(10, 1, 0, number);
        let path = format!("/proc/{}/fd/{}", std::process::id(), namespace.as_raw_fd());
        ip(
            None,
            &format!("link add name port{number} type veth peer name eth0 netns {path}"),
        )?;
        ip(None, &format!("link set port{number} master bridge up"))?;
        ip(Some(&namespace), &format!("address add {address}/24 dev eth0"))?;
        ip(Some(&namespace), "link set eth0 up")?;
        Ok((namespace, address))
    }
}

/// Runs `ip`, in a namespace or here.
fn ip(namespace: Option<&File>, arguments: &str) -> Result<(), String> {
    let run = || Command::new("ip").args(arguments.split(' ')).output();
    let output = match namespace {
        None => run(),
        Some(namespace) => super::within(namespace, run),
    };
    let output = output.map_err(|why| format!("run ip (of iproute2): {why}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("ip {arguments}: {said}"))
}
