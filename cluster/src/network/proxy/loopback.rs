//! The addresses of a network of proxies: a block of 127.0.0.0/8 that no other run on this machine uses.
//!
//! ```text
//!   127.x.0.i     node i itself, where it listens
//!   127.x.j.i     node i as node j reaches it: a proxy of ours, the link from j to i
//!   127.x.254.i   node i as the client reaches it
//! ```
//!
//! A proxy dials node i from 127.x.i.j, so that i sees node j under the address at which it would dial j itself.

use super::super::{HostId, NetworkError};
use std::net::Ipv4Addr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// What stands for the client in its place of an address.
const CLIENT: u8 = 254;

/// How many nodes a network of proxies can have; each pair of them has two links, each with a socket for each port.
pub const NODES_MAX: usize = 99;

/// A block of addresses, ours until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct Block {
    second: u8,
    nodes: usize,
    /// A name in the kernel that only one can have, of the block's number. Never written to or read from.
    _claim: UnixDatagram,
}

impl Block {
    /// Claims a block. The seed says where the search for a free one begins.
    ///
    /// # Errors
    /// When there are too many nodes, or all blocks are in use.
    pub fn claim(nodes: usize, seed: u64) -> Result<Block, NetworkError> {
        if nodes > NODES_MAX {
            return Err(NetworkError::TooManyForProxies { nodes });
        }
        // 127.0.0.0/16 is where everything else lives; 255 is left out with it.
        let blocks = (0..254).map(|step| 1 + ((seed % 254 + step) % 254) as u8);
        let mut last = None;
        for second in blocks {
            let name = format!("harness network 127.{second}");
            let claimed =
                SocketAddr::from_abstract_name(name).and_then(|name| UnixDatagram::bind_addr(&name));
            match claimed {
                Ok(claim) => {
                    return Ok(Block {
                        second,
                        nodes,
                        _claim: claim,
                    });
                }
                Err(why) => last = Some(why),
            }
        }
        Err(NetworkError::Build {
            what: "find a block of loopback addresses that no other run uses",
            host: "127.0.0.0/8".to_owned(),
            source: last.expect("there are 254 blocks"),
        })
    }

    /// Where a node itself listens.
    pub fn own(&self, host: HostId) -> Ipv4Addr {
        Ipv4Addr::new(127, self.second, 0, self.number(host))
    }

    /// Where `viewer` reaches another host: what the proxy of this link listens on.
    pub fn seen(&self, viewer: HostId, host: HostId) -> Ipv4Addr {
        Ipv4Addr::new(127, self.second, self.number(viewer), self.number(host))
    }

    fn number(&self, host: HostId) -> u8 {
        if host == self.nodes {
            CLIENT
        } else {
            u8::try_from(host + 1).expect("there are at most NODES_MAX nodes")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn two_runs_never_have_the_same_block_and_a_block_comes_free_again() {
        let (one, two) = (Block::claim(3, 77).unwrap(), Block::claim(3, 77).unwrap());
        assert_ne!(one.second, two.second);
        let freed = one.second;
        drop(one);
        // Other tests may take it meanwhile; then theirs is another one.
        let again = Block::claim(3, u64::from(freed) - 1).unwrap();
        assert_ne!(again.second, two.second);
    }

    #[test]
    fn every_link_has_an_address_of_its_own() {
        let block = Block::claim(5, 1).unwrap();
        let own = (0..=5).map(|host| block.own(host));
        let seen = (0..=5).flat_map(|viewer| (0..=5).map(move |host| (viewer, host)));
        let seen = seen.map(|(viewer, host)| block.seen(viewer, host));
        let all: Vec<_> = own.chain(seen).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert!(all.iter().all(|ip| ip.octets()[..2] == [127, block.second]));
        assert_eq!(block.seen(5, 0).octets()[2..], [254, 1]);
    }

    #[test]
    fn more_nodes_than_fit_are_refused() {
        let refused = Block::claim(100, 1).unwrap_err().to_string();
        assert!(refused.contains("--network switch"), "{refused}");
    }
}
