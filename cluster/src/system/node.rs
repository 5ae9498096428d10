//! The `[node]` part of a descriptor: how a node is started and how it is known to be ready.

use super::operation::check_url;
use super::placed::placed;
use super::status::StatusSet;
use super::template::{Template, UnknownVariable, Variable};
use crate::disk::DirectorySync;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// How a node is started and known to be ready.
#[derive(Debug, Clone)]
pub struct NodeRecipe {
    command: Vec<CommandTemplate>,
    env: BTreeMap<String, CommandTemplate>,
    peers: Option<PeerList>,
    /// The TCP ports that a node listens on, for other nodes and for clients; only proxies need to know.
    pub ports: Vec<u16>,
    /// What its programs may rely on to make changes of directories durable.
    pub directory_sync: DirectorySync,
    /// How it is known to be ready.
    pub ready: Readiness,
}

/// How many ports a node can have.
const PORTS_MAX: usize = 16;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRecipe {
    command: Vec<CommandTemplate>,
    #[serde(default)]
    env: BTreeMap<String, CommandTemplate>,
    peers: Option<PeerList>,
    #[serde(default)]
    ports: Vec<u16>,
    #[serde(default = "as_usual")]
    directory_sync: DirectorySync,
    ready: Readiness,
}

/// What file systems in use do; only who says that he needs less is held to it.
fn as_usual() -> DirectorySync {
    DirectorySync::Journaled
}

placed!(NodeRecipe from RawRecipe, "a table");

impl TryFrom<RawRecipe> for NodeRecipe {
    type Error = String;

    fn try_from(raw: RawRecipe) -> Result<Self, String> {
        let RawRecipe {
            command,
            env,
            peers,
            ports,
            directory_sync,
            ready,
        } = raw;
        if command.is_empty() {
            return Err("command is empty; it is a list: the program, then its arguments".to_owned());
        }
        if let Some(name) = env
            .keys()
            .find(|name| name.is_empty() || name.contains(['=', '\0']))
        {
            return Err(format!(
                "env has a variable {name:?}; a name is not empty and has no = in it"
            ));
        }
        check_ports(&ports)?;
        let mut templates = command.iter().chain(env.values());
        let uses_peers =
            templates.any(|template| template.0.variables().any(|v| v == CommandVariable::Peers));
        if uses_peers && peers.is_none() {
            return Err("{peers} is used, but [node.peers] does not say what it is".to_owned());
        }
        Ok(NodeRecipe {
            command,
            env,
            peers,
            ports,
            directory_sync,
            ready,
        })
    }
}

fn check_ports(ports: &[u16]) -> Result<(), String> {
    let is_twice = |place: usize| ports[..place].contains(&ports[place]);
    if ports.contains(&0) {
        return Err("ports has a 0; a port is from 1 to 65535".to_owned());
    }
    if let Some(place) = (0..ports.len()).find(|place| is_twice(*place)) {
        return Err(format!("ports has {} twice", ports[place]));
    }
    if ports.len() > PORTS_MAX {
        return Err(format!(
            "ports has {} ports; {PORTS_MAX} are the most",
            ports.len()
        ));
    }
    Ok(())
}

/// What `{peers}` becomes: a text for every node, itself included, with something in between.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerList {
    each: AddressTemplate,
    #[serde(default = "comma")]
    separator: String,
}

fn comma() -> String {
    ",".to_owned()
}

/// How a node is known to be ready: it answers a GET with the right status.
#[derive(Debug, Clone)]
pub struct Readiness {
    url: AddressTemplate,
    /// A port at which a node that has been ready before accepts connections when it is up again: for systems that
    /// answer nothing until they have found a majority. Without it, the GET is asked every time.
    pub restart_port: Option<u16>,
    /// The statuses that mean ready.
    pub status: StatusSet,
    /// How long it may take from the start of the process; by default 10 s.
    pub timeout: Duration,
    /// The pause between two tries; by default 5 ms.
    pub interval: Duration,
    /// How long one try may take; by default 100 ms.
    pub try_timeout: Duration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReadiness {
    url: AddressTemplate,
    restart_port: Option<u16>,
    #[serde(default = "success")]
    status: StatusSet,
    #[serde(default = "timeout_ms")]
    timeout_ms: u64,
    #[serde(default = "interval_ms")]
    interval_ms: u64,
    #[serde(default = "try_timeout_ms")]
    try_timeout_ms: u64,
}

fn success() -> StatusSet {
    use serde::de::{IntoDeserializer, value::Error};
    let class: serde::de::value::StrDeserializer<'_, Error> = "2xx".into_deserializer();
    StatusSet::deserialize(class).expect("2xx is a class of statuses")
}

fn timeout_ms() -> u64 {
    10_000
}

fn interval_ms() -> u64 {
    5
}

fn try_timeout_ms() -> u64 {
    100
}

placed!(Readiness from RawReadiness, "a table");

impl TryFrom<RawReadiness> for Readiness {
    type Error = String;

    fn try_from(raw: RawReadiness) -> Result<Self, String> {
        let RawReadiness {
            url,
            restart_port,
            status,
            timeout_ms,
            interval_ms,
            try_timeout_ms,
        } = raw;
        check_url(&url.0).map_err(|reason| format!("url: {reason}"))?;
        let within = |name: &str, value: u64| match value {
            1..=3_600_000 => Ok(Duration::from_millis(value)),
            _ => Err(format!("{name} is {value}; it must be from 1 to 3600000")),
        };
        if restart_port == Some(0) {
            return Err("restart_port is 0; a port is from 1 to 65535".to_owned());
        }
        Ok(Readiness {
            url,
            restart_port,
            status,
            timeout: within("timeout_ms", timeout_ms)?,
            interval: within("interval_ms", interval_ms)?,
            try_timeout: within("try_timeout_ms", try_timeout_ms)?,
        })
    }
}

/// What a node's command is made for.
#[derive(Debug, Clone, Copy)]
pub struct NodeVariables<'a> {
    /// `{node}`: its name.
    pub node: &'a str,
    /// `{index}`: its number, from 1.
    pub index: usize,
    /// `{ip}`: its address.
    pub ip: Ipv4Addr,
    /// `{data}`: its data directory.
    pub data: &'a str,
    /// `{harness}`: the harness's own program file.
    pub harness: &'a str,
    /// For `{peers}`: every node's name and address, in their order.
    pub hosts: &'a [(String, Ipv4Addr)],
}

/// What is started: a program with arguments and environment variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// The program, then its arguments.
    pub argv: Vec<String>,
    /// Environment variables, beside those that every node gets.
    pub env: BTreeMap<String, String>,
}

impl NodeRecipe {
    /// The command as the descriptor says it, with its variables in braces.
    pub fn command_words(&self) -> Vec<String> {
        self.command
            .iter()
            .map(|template| template.0.to_string())
            .collect()
    }

    /// Starts nodes with this program instead; its arguments stay.
    ///
    /// # Errors
    /// When its name cannot be passed to the operating system.
    pub fn replace_program(&mut self, program: &str) -> Result<(), String> {
        if program.is_empty() || program.contains('\0') {
            return Err(format!("{program:?} is no program"));
        }
        self.command[0] = CommandTemplate(Template::literal(program));
        Ok(())
    }

    /// The command of one node.
    pub fn command_line(&self, variables: &NodeVariables<'_>) -> CommandLine {
        let fill = |template: &CommandTemplate| {
            template.0.fill(|variable| match variable {
                CommandVariable::Node => variables.node.to_owned(),
                CommandVariable::Index => variables.index.to_string(),
                CommandVariable::Ip => variables.ip.to_string(),
                CommandVariable::Data => variables.data.to_owned(),
                CommandVariable::Harness => variables.harness.to_owned(),
                CommandVariable::Peers => self
                    .peers
                    .as_ref()
                    .map_or(String::new(), |list| list.of(variables.hosts)),
            })
        };
        CommandLine {
            argv: self.command.iter().map(fill).collect(),
            env: self
                .env
                .iter()
                .map(|(name, value)| (name.clone(), fill(value)))
                .collect(),
        }
    }
}

impl PeerList {
    fn of(&self, hosts: &[(String, Ipv4Addr)]) -> String {
        let each = hosts
            .iter()
            .enumerate()
            .map(|(i, (node, ip))| fill_address(&self.each, node, i + 1, *ip));
        each.collect::<Vec<_>>().join(&self.separator)
    }
}

impl Readiness {
    /// The URL that is asked.
    pub fn url(&self, node: &str, index: usize, ip: Ipv4Addr) -> String {
        fill_address(&self.url, node, index, ip)
    }
}

fn fill_address(template: &AddressTemplate, node: &str, index: usize, ip: Ipv4Addr) -> String {
    template.0.fill(|variable| match variable {
        AddressVariable::Node => node.to_owned(),
        AddressVariable::Index => index.to_string(),
        AddressVariable::Ip => ip.to_string(),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CommandVariable {
    Node,
    Index,
    Ip,
    Data,
    Peers,
    Harness,
}

impl Variable for CommandVariable {
    const ALL: &'static [(&'static str, Self)] = &[
        ("node", Self::Node),
        ("index", Self::Index),
        ("ip", Self::Ip),
        ("data", Self::Data),
        ("peers", Self::Peers),
        ("harness", Self::Harness),
    ];
}

#[derive(Debug, Clone)]
struct CommandTemplate(Template<CommandVariable>);

placed!(CommandTemplate from String, "a string");

impl TryFrom<String> for CommandTemplate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.contains('\0') {
            return Err("a zero byte cannot be passed to a program".to_owned());
        }
        Template::parse(&text)
            .map(Self)
            .map_err(|unknown| unknown.to_string())
    }
}

#[derive(Debug, Clone, Copy)]
enum AddressVariable {
    Node,
    Index,
    Ip,
}

impl Variable for AddressVariable {
    const ALL: &'static [(&'static str, Self)] =
        &[("node", Self::Node), ("index", Self::Index), ("ip", Self::Ip)];
}

#[derive(Debug, Clone)]
struct AddressTemplate(Template<AddressVariable>);

placed!(AddressTemplate from String, "a string");

impl TryFrom<String> for AddressTemplate {
    type Error = UnknownVariable;

    fn try_from(text: String) -> Result<Self, UnknownVariable> {
        Template::parse(&text).map(Self)
    }
}
