//! The `[node]` part of a descriptor: how a node is started.
//!
//! Read next: `household` for what it has beside its program, `readiness` for how it is known to be ready, `primary` for how
//! it is known to be the primary.

use super::household::{self, CompanionRecipe, FileRecipe};
use super::member::MemberRecipe;
use super::placed::placed;
use super::primary::{PrimaryQuestion, PrimaryRecipe};
use super::readiness::Readiness;
use super::template::{Template, UnknownVariable, Variable};
use crate::disk::DirectorySync;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;

/// How a node is started and known to be ready.
#[derive(Debug, Clone)]
pub struct NodeRecipe {
    command: Vec<CommandTemplate>,
    env: BTreeMap<String, CommandTemplate>,
    peers: Option<PeerList>,
    companions: Vec<CompanionRecipe>,
    files: Vec<FileRecipe>,
    /// The TCP ports that a node listens on, for other nodes and for clients; only proxies need to know.
    pub ports: Vec<u16>,
    /// What its programs may rely on to make changes of directories durable.
    pub directory_sync: DirectorySync,
    /// How it is known to be ready.
    pub ready: Readiness,
    /// How it is asked whether it is the primary, where the descriptor says so.
    pub primary: Option<PrimaryRecipe>,
    /// How nodes are taken out of the membership and in again, where the descriptor says so.
    pub member: Option<MemberRecipe>,
}

/// How many ports a node can have.
const PORTS_MAX: usize = 16;

/// How a node is started.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Node")]
struct RawRecipe {
    /// The program, then its arguments. Variables: {node} {index} {ip} {data} {dir} {first} {peers} {harness} {joins}.
    command: Vec<CommandTemplate>,
    /// Environment variables of the program.
    #[serde(default)]
    env: BTreeMap<String, CommandTemplate>,
    /// What {peers} becomes.
    peers: Option<PeerList>,
    /// The TCP ports that a node listens on; needed for --network proxy only.
    #[serde(default)]
    ports: Vec<u16>,
    /// What makes durable that a file is there: any sync, as on ext4 and XFS, or only that of its directory.
    #[serde(default = "as_usual")]
    directory_sync: DirectorySync,
    /// How a node is known to be ready.
    ready: Readiness,
    /// How a node is asked whether it is the primary: for faults that hit the primary.
    primary: Option<PrimaryRecipe>,
    /// How a node is taken out of the membership and in again, by asking another one: for the fault `member`.
    member: Option<MemberRecipe>,
    /// Programs that are started beside the node's own and killed with it.
    #[serde(default)]
    also: Vec<CompanionRecipe>,
    /// Files that a node has before its first start.
    #[serde(default)]
    file: Vec<FileRecipe>,
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
            primary,
            member,
            also,
            file,
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
        household::check(&also, &file)?;
        let of_companions = also
            .iter()
            .flat_map(|it| it.command.iter().chain(it.env.values()));
        let of_files = file.iter().map(|it| &it.text);
        let of_primary = primary.iter().flat_map(PrimaryRecipe::commands);
        let of_new_members = member.iter().flat_map(MemberRecipe::joins_with);
        let mut templates = command
            .iter()
            .chain(env.values())
            .chain(of_companions)
            .chain(of_files)
            .chain(of_primary)
            .chain(of_new_members);
        let uses_peers =
            templates.any(|template| template.0.variables().any(|v| v == CommandVariable::Peers));
        if uses_peers && peers.is_none() {
            return Err("{peers} is used, but [node.peers] does not say what it is".to_owned());
        }
        Ok(NodeRecipe {
            command,
            env,
            peers,
            companions: also,
            files: file,
            ports,
            directory_sync,
            ready,
            primary,
            member,
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
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeerList {
    /// The text for one node. Variables: {node} {index} {ip} {joins}.
    each: PeerTemplate,
    /// What stands between two; a comma when nothing is said.
    #[serde(default = "comma")]
    separator: String,
}

fn comma() -> String {
    ",".to_owned()
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
    /// `{dir}`: the folder of the descriptor.
    pub dir: &'a str,
    /// For `{peers}` and `{first}`: every node's name and address, in their order.
    pub hosts: &'a [(String, Ipv4Addr)],
    /// `{joins}`: how often each has joined as a new member; those that are not in it never have.
    pub joins: &'a BTreeMap<String, u32>,
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
    /// The recipe of a node that speaks Maelstrom's protocol: its command as it is, and no address.
    pub(super) fn speaking(command: &[String]) -> NodeRecipe {
        NodeRecipe {
            command: command
                .iter()
                .map(|word| CommandTemplate(Template::literal(word)))
                .collect(),
            env: BTreeMap::new(),
            peers: None,
            ports: Vec::new(),
            directory_sync: as_usual(),
            companions: Vec::new(),
            files: Vec::new(),
            ready: Readiness::by_init(),
            primary: None,
            member: None,
        }
    }

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
        self.filled(&self.command, &self.env, variables)
    }

    /// The command of one node that comes back as a new member among `hosts`, which are those that are members.
    pub fn joining_command_line(&self, variables: &NodeVariables<'_>) -> CommandLine {
        let mut command = self.command_line(variables);
        let joins_with = self.member.iter().flat_map(MemberRecipe::joins_with);
        command
            .argv
            .extend(joins_with.map(|word| self.fill(word, variables)));
        command
    }

    /// The programs that one node has beside its own: what each is called, and its command.
    pub fn companions(&self, variables: &NodeVariables<'_>) -> Vec<(String, CommandLine)> {
        let filled = |it: &CompanionRecipe| self.filled(&it.command, &it.env, variables);
        self.companions
            .iter()
            .map(|it| (it.name.clone(), filled(it)))
            .collect()
    }

    /// What one node is asked when it is asked whether it is the primary; `ip` is where a client reaches it. None when the
    /// descriptor does not say how.
    pub fn primary_question(&self, variables: &NodeVariables<'_>, ip: Ipv4Addr) -> Option<PrimaryQuestion> {
        let variables = NodeVariables { ip, ..*variables };
        let fill = |template: &CommandTemplate| self.fill(template, &variables);
        let primary = self.primary.as_ref()?;
        Some(primary.question(variables.node, variables.index, ip, fill))
    }

    /// The files that one node has before its first start, and what is in them.
    pub fn files(&self, variables: &NodeVariables<'_>) -> Vec<(PathBuf, String)> {
        let its = self.files.iter().filter(|it| it.nodes.has(variables.index));
        its.map(|it| {
            let path = self.fill(&it.path, variables);
            (PathBuf::from(path), self.fill(&it.text, variables))
        })
        .collect()
    }

    fn filled(
        &self,
        command: &[CommandTemplate],
        env: &BTreeMap<String, CommandTemplate>,
        variables: &NodeVariables<'_>,
    ) -> CommandLine {
        let fill = |template: &CommandTemplate| self.fill(template, variables);
        CommandLine {
            argv: command.iter().map(fill).collect(),
            env: env
                .iter()
                .map(|(name, value)| (name.clone(), fill(value)))
                .collect(),
        }
    }

    fn fill(&self, template: &CommandTemplate, variables: &NodeVariables<'_>) -> String {
        template.0.fill(|variable| match variable {
            CommandVariable::Node => variables.node.to_owned(),
            CommandVariable::Index => variables.index.to_string(),
            CommandVariable::Ip => variables.ip.to_string(),
            CommandVariable::Data => variables.data.to_owned(),
            CommandVariable::Dir => variables.dir.to_owned(),
            CommandVariable::Harness => variables.harness.to_owned(),
            CommandVariable::First => variables.hosts[0].1.to_string(),
            CommandVariable::Peers => self
                .peers
                .as_ref()
                .map_or(String::new(), |list| list.of(variables.hosts, variables.joins)),
            CommandVariable::Joins => joins_of(variables.joins, variables.node).to_string(),
        })
    }
}

impl PeerList {
    fn of(&self, hosts: &[(String, Ipv4Addr)], joins: &BTreeMap<String, u32>) -> String {
        let each = (1usize..).zip(hosts).map(|(index, (node, ip))| {
            self.each.0.fill(|variable| match variable {
                PeerVariable::Node => node.clone(),
                PeerVariable::Index => index.to_string(),
                PeerVariable::Ip => ip.to_string(),
                PeerVariable::Joins => joins_of(joins, node).to_string(),
            })
        });
        each.collect::<Vec<String>>().join(&self.separator)
    }
}

fn joins_of(joins: &BTreeMap<String, u32>, node: &str) -> u32 {
    joins.get(node).copied().unwrap_or(0)
}

pub(super) fn fill_address(template: &AddressTemplate, node: &str, index: usize, ip: Ipv4Addr) -> String {
    template.0.fill(|variable| match variable {
        AddressVariable::Node => node.to_owned(),
        AddressVariable::Index => index.to_string(),
        AddressVariable::Ip => ip.to_string(),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommandVariable {
    Node,
    Index,
    Ip,
    Data,
    Dir,
    First,
    Peers,
    Harness,
    Joins,
}

impl Variable for CommandVariable {
    const ALL: &'static [(&'static str, Self)] = &[
        ("node", Self::Node),
        ("index", Self::Index),
        ("ip", Self::Ip),
        ("data", Self::Data),
        ("dir", Self::Dir),
        ("first", Self::First),
        ("peers", Self::Peers),
        ("harness", Self::Harness),
        ("joins", Self::Joins),
    ];
}

#[derive(Debug, Clone)]
pub(super) struct CommandTemplate(pub Template<CommandVariable>);

placed!(CommandTemplate from String, "a string");

impl TryFrom<String> for CommandTemplate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Template::parse_word(&text).map(Self)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AddressVariable {
    Node,
    Index,
    Ip,
}

impl Variable for AddressVariable {
    const ALL: &'static [(&'static str, Self)] =
        &[("node", Self::Node), ("index", Self::Index), ("ip", Self::Ip)];
}

#[derive(Debug, Clone)]
pub(super) struct AddressTemplate(pub Template<AddressVariable>);

placed!(AddressTemplate from String, "a string");

impl TryFrom<String> for AddressTemplate {
    type Error = UnknownVariable;

    fn try_from(text: String) -> Result<Self, UnknownVariable> {
        Template::parse(&text).map(Self)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PeerVariable {
    Node,
    Index,
    Ip,
    Joins,
}

impl Variable for PeerVariable {
    const ALL: &'static [(&'static str, Self)] = &[
        ("node", Self::Node),
        ("index", Self::Index),
        ("ip", Self::Ip),
        ("joins", Self::Joins),
    ];
}

#[derive(Debug, Clone)]
struct PeerTemplate(Template<PeerVariable>);

placed!(PeerTemplate from String, "a string");

impl TryFrom<String> for PeerTemplate {
    type Error = UnknownVariable;

    fn try_from(text: String) -> Result<Self, UnknownVariable> {
        Template::parse(&text).map(Self)
    }
}
