//! How nodes are connected: what was asked for, and what this machine can do.

use anyhow::{Result, anyhow};
use clap::ValueEnum;
use cluster::Backend;
use cluster::network::{MESSAGES_CANNOT, PROXY_CANNOT};
use cluster::probe::Capability;
use std::fmt;

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NetworkChoice {
    /// The switch if this machine allows it, else the proxy
    Auto,
    /// A network namespace for each node, every packet through the harness; all faults
    Switch,
    /// A TCP proxy for each link on loopback, without namespaces; fewer faults
    Proxy,
    /// The nodes' stdin and stdout; only for nodes that speak on these, and for them there is no other
    #[value(skip)]
    Messages,
}

impl NetworkChoice {
    /// The backend; the better one where nothing was decided yet.
    pub fn backend(self) -> Backend {
        match self {
            NetworkChoice::Auto | NetworkChoice::Switch => Backend::Switch,
            NetworkChoice::Proxy => Backend::Proxy,
            NetworkChoice::Messages => Backend::Messages,
        }
    }
}

impl From<Backend> for NetworkChoice {
    fn from(backend: Backend) -> NetworkChoice {
        match backend {
            Backend::Switch => NetworkChoice::Switch,
            Backend::Proxy => NetworkChoice::Proxy,
            Backend::Messages => NetworkChoice::Messages,
        }
    }
}

/// What it will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The backend.
    pub backend: Backend,
    /// Why it is not the better one, when nobody has asked for this one.
    pub because: Option<String>,
}

impl Decision {
    /// The switch, unless something is missing that it needs.
    pub fn of(capabilities: &[Capability]) -> Decision {
        let mut required = capabilities.iter().filter(|it| it.required);
        let because = required.find_map(|it| it.ok.as_ref().err().map(|missing| missing.reason.clone()));
        Decision {
            backend: if because.is_some() {
                Backend::Proxy
            } else {
                Backend::Switch
            },
            because,
        }
    }
}

impl fmt::Display for Decision {
    /// `network: proxy, because /dev/net/tun is missing (..); it can have no loss, ..`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "network: {}", self.backend)?;
        if let Some(because) = &self.because {
            write!(f, ", because {because}")?;
        }
        match self.backend {
            Backend::Switch => Ok(()),
            Backend::Proxy => write!(f, "; it can have {PROXY_CANNOT}"),
            Backend::Messages => write!(f, "; it can have {MESSAGES_CANNOT}"),
        }
    }
}

/// Decides, by trying where nothing was asked for. To be called before there is any thread.
///
/// # Errors
/// When it cannot be tried.
pub fn decide(choice: NetworkChoice) -> Result<Decision> {
    let backend = choice.backend();
    if choice != NetworkChoice::Auto {
        return Ok(Decision {
            backend,
            because: None,
        });
    }
    let capabilities = cluster::probe::required().map_err(|error| anyhow!(error))?;
    Ok(Decision::of(&capabilities))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_says_in_one_line_why_and_what_cannot_be_had() {
        let decision = Decision {
            backend: Backend::Proxy,
            because: Some("/dev/net/tun is missing".to_owned()),
        };
        let line = decision.to_string();
        assert!(
            line.starts_with("network: proxy, because /dev/net/tun is missing; it can have no loss"),
            "{line}"
        );
        assert!(!line.contains('\n'));
    }

    #[test]
    fn what_was_asked_for_is_not_tried() {
        for backend in [Backend::Switch, Backend::Proxy] {
            let decision = decide(backend.into()).unwrap();
            assert_eq!((decision.backend, decision.because), (backend, None));
        }
    }
}
