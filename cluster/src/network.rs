//! The network between the nodes: each has a network namespace and an address of its own, and every packet
//! between any two of them passes through the harness.
//!
//! ```text
//!   namespace of n1          the harness             namespace of n2
//!   10.0.0.1 on a TUN  <-->  the switch thread  <-->  10.0.0.2 on a TUN
//!                                 |
//!                   "client": 10.0.0.254 on a TUN in the harness's own namespace
//! ```
//!
//! Links are *directed*: from n1 to n2 and from n2 to n1 are two links, each with its counters, and a rule cuts
//! any set of them. There is no firewall, no bridge and no cooperation from the system under test. Which links
//! to cut, and when, is not decided here.
//!
//! Read next: `switch` for the thread that moves packets, `rules` for what it consults, `packet` for what it
//! reads of a packet, `host` for namespaces and interfaces, `netlink` for a setting of theirs.

mod host;
mod netlink;
mod packet;
mod rules;
mod switch;

pub use rules::{LinkCounters, LinkDrops, RuleCounters, RuleId, Strays};

use crate::sandbox::{Missing, is_inside};
use host::Host;
use rules::Rules;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use switch::Switch;

/// A place in [`Network::hosts`]: the nodes in their order, then the client.
pub type HostId = usize;

/// The host that the harness's own clients are.
pub const CLIENT: &str = "client";

/// How many nodes a network can have: one address each in 10.0.0.0/24, beside the client's.
pub const NODES_MAX: usize = 250;

/// Why the network could not be built, or a rule not be installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// It would be built in the machine's own network namespace.
    #[error("build the network outside the sandbox; call sandbox::enter first thing in main")]
    OutsideSandbox,
    /// A node's name cannot be one.
    #[error("name a node {name:?}: {reason}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Too many nodes.
    #[error("build a network of {nodes} nodes; at most {NODES_MAX} fit into 10.0.0.0/24")]
    TooManyNodes {
        /// How many were asked for.
        nodes: usize,
    },
    /// The TUN device refused.
    #[error("build the network: {0}")]
    Tun(#[source] Missing),
    /// A step of building it failed.
    #[error("build the network: {what} of {host}: {source}")]
    Build {
        /// Which step.
        what: &'static str,
        /// For which host.
        host: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// A rule names a host that is not in this network.
    #[error("cut a link of {name:?}; the hosts are {known}")]
    UnknownHost {
        /// The name.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// A rule names a link from a host to itself.
    #[error("cut the link from {name} to itself; its packets do not leave it")]
    OwnLink {
        /// The host.
        name: String,
    },
}

/// A running network. Dropping it stops the switch; the namespaces go with their last process.
#[derive(Debug)]
pub struct Network {
    names: Arc<[String]>,
    namespaces: Vec<Arc<OwnedFd>>,
    rules: Rules,
    // Last, so that it stops after everything above could still be asked for.
    switch: Switch,
}

impl Network {
    /// Builds the hosts, one per node and the client, and starts the switch between them. Must be called inside
    /// the sandbox, since the client's interface is made in the caller's network namespace.
    ///
    /// # Errors
    /// When a name is not usable, or the machine refuses a step.
    pub fn start(nodes: &[String]) -> Result<Network, NetworkError> {
        if !is_inside() {
            return Err(NetworkError::OutsideSandbox);
        }
        check_names(nodes)?;
        let hosts = build_hosts(nodes)?;
        let names: Arc<[String]> = nodes.iter().cloned().chain([CLIENT.to_owned()]).collect();
        let rules = Rules::new(Arc::clone(&names));
        let (namespaces, devices): (Vec<_>, Vec<_>) = hosts
            .into_iter()
            .map(|host| (Arc::new(host.namespace), host.device))
            .unzip();
        let addresses = (0..names.len()).map(|host| address(host, nodes.len())).collect();
        let switch = Switch::start(devices, addresses, &rules).map_err(|source| NetworkError::Build {
            what: "start the switch",
            host: "all hosts".to_owned(),
            source,
        })?;
        Ok(Network {
            names,
            namespaces,
            rules,
            switch,
        })
    }

    /// The names of all hosts: the nodes in their order, then [`CLIENT`].
    pub fn hosts(&self) -> &[String] {
        &self.names
    }

    /// The place of a host, if there is one of this name.
    pub fn host(&self, name: &str) -> Option<HostId> {
        self.names.iter().position(|known| known == name)
    }

    /// The address of a host.
    ///
    /// # Panics
    /// When there is none of this name.
    pub fn ip(&self, name: &str) -> Ipv4Addr {
        address(self.known(name), self.names.len() - 1)
    }

    /// The network namespace of a host, for `setns`.
    ///
    /// # Panics
    /// When there is none of this name.
    pub fn namespace(&self, name: &str) -> BorrowedFd<'_> {
        self.namespaces[self.known(name)].as_fd()
    }

    /// The same, to be kept by a process that is being started.
    pub(crate) fn shared_namespace(&self, name: &str) -> Arc<OwnedFd> {
        Arc::clone(&self.namespaces[self.known(name)])
    }

    /// Cuts directed links: no packet on any of them arrives until the rule is healed. Rules stack: a packet is
    /// dropped when any of them names its link, and each that does counts it. A link that is named twice counts once.
    ///
    /// When this returns, the switch is using the rule. Blocks for as long as the switch needs to notice,
    /// which is well under a millisecond.
    ///
    /// # Errors
    /// When a link names an unknown host, or a host twice. Then nothing is cut.
    pub fn cut(&self, links: &[(String, String)]) -> Result<RuleId, NetworkError> {
        let pairs = links
            .iter()
            .map(|(from, to)| {
                let (from_host, to_host) = (self.find(from)?, self.find(to)?);
                if from_host == to_host {
                    return Err(NetworkError::OwnLink { name: from.clone() });
                }
                Ok((from_host, to_host))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let rule = self.rules.add(pairs);
        self.switch.use_rules_now();
        Ok(rule)
    }

    /// What a rule has dropped so far, link by link in the order in which they were cut.
    ///
    /// # Panics
    /// When the rule belongs to another network.
    pub fn rule(&self, rule: &RuleId) -> RuleCounters {
        self.rules.counters(rule)
    }

    /// Takes a rule away. When this returns, the switch no longer uses it, and the counters are final.
    ///
    /// # Panics
    /// When the rule belongs to another network.
    pub fn heal(&self, rule: RuleId) -> RuleCounters {
        let last = self.rules.remove(rule);
        self.switch.use_rules_now();
        last.counters()
    }

    /// What every directed link, the client's included, has carried since the start.
    pub fn links(&self) -> Vec<LinkCounters> {
        self.rules.links()
    }

    /// Packets that belong to no link, since the start.
    pub fn strays(&self) -> Strays {
        self.rules.strays()
    }

    fn find(&self, name: &str) -> Result<HostId, NetworkError> {
        self.host(name).ok_or_else(|| NetworkError::UnknownHost {
            name: name.to_owned(),
            known: self.names.join(", "),
        })
    }

    fn known(&self, name: &str) -> HostId {
        self.host(name)
            .unwrap_or_else(|| panic!("no host {name:?}; there are {}", self.names.join(", ")))
    }
}

/// 10.0.0.1 for the first node and so on; 10.0.0.254 for the client, who comes after the nodes.
fn address(host: HostId, nodes: usize) -> Ipv4Addr {
    let last = if host == nodes { 254 } else { host + 1 };
    Ipv4Addr::new(
        10,
        0,
        0,
        u8::try_from(last).expect("there are at most NODES_MAX nodes"),
    )
}

/// Builds all hosts side by side: the kernel takes some milliseconds for each namespace.
fn build_hosts(nodes: &[String]) -> Result<Vec<Host>, NetworkError> {
    std::thread::scope(|scope| {
        let builders: Vec<_> = nodes
            .iter()
            .enumerate()
            .map(|(i, node)| {
                scope.spawn(move || Host::in_a_namespace_of_its_own(node, address(i, nodes.len())))
            })
            .collect();
        let client = Host::here(CLIENT, address(nodes.len(), nodes.len()));
        let built = builders
            .into_iter()
            .map(|builder| builder.join().expect("building a host does not panic"));
        built.chain([client]).collect()
    })
}

/// Names become directories, words in commands and parts of lines, so they are kept plain.
fn check_names(nodes: &[String]) -> Result<(), NetworkError> {
    if nodes.len() > NODES_MAX {
        return Err(NetworkError::TooManyNodes { nodes: nodes.len() });
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    for (i, name) in nodes.iter().enumerate() {
        let reason = match name.as_str() {
            "" => "it is empty",
            CLIENT => "the harness's own clients are called that",
            long if long.len() > 63 => "it is longer than 63 bytes",
            odd if !odd.chars().all(plain) => "only letters, digits, - and _ are allowed",
            twice if nodes[..i].iter().any(|earlier| earlier == twice) => "another node is called that",
            _ => continue,
        };
        return Err(NetworkError::Name {
            name: name.clone(),
            reason,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_network_is_never_built_on_the_machine_itself() {
        let refused = Network::start(&names(&["n1"]));
        assert!(matches!(refused, Err(NetworkError::OutsideSandbox)));
    }

    #[test]
    fn names_that_could_be_a_path_or_another_host_are_refused() {
        for bad in [
            &["../n1"][..],
            &["n1", "n1"],
            &["client"],
            &[""],
            &["n 1"],
            &["n\u{1b}"],
            &["é"],
        ] {
            let refused = check_names(&names(bad)).unwrap_err().to_string();
            assert!(refused.starts_with("name a node "), "{refused}");
        }
        check_names(&names(&["n1", "n2", "db-1_a"])).unwrap();
        let many: Vec<String> = (0..=NODES_MAX).map(|i| format!("n{i}")).collect();
        assert!(matches!(
            check_names(&many),
            Err(NetworkError::TooManyNodes { nodes: 251 })
        ));
    }

    #[test]
    fn every_host_has_an_address_of_its_own() {
        let all: std::collections::BTreeSet<_> =
            (0..=NODES_MAX).map(|host| address(host, NODES_MAX)).collect();
        assert_eq!(all.len(), NODES_MAX + 1);
        assert_eq!(address(0, 5), Ipv4Addr::new(10, 0, 0, 1));
        assert_eq!(address(5, 5), Ipv4Addr::new(10, 0, 0, 254));
    }
}
