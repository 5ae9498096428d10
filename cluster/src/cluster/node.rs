//! One node: its directory, its command, and where it is in its life.

use super::life::{Event, Phase};
use super::readiness::Probes;
use super::{ClusterError, ClusterSpec, NodeState};
use crate::clock::{Clock, Library};
use crate::disk::Disk;
use crate::log::Watches;
use crate::network::{Network, NetworkError};
use crate::process::{self, Home, Process};
use crate::system::{CommandLine, NodeRecipe, NodeVariables, PrimaryQuestion};
use crate::warden;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

/// A node of the cluster.
#[derive(Debug)]
pub struct Node {
    pub name: String,
    pub dir: PathBuf,
    /// Its number, from 1.
    pub index: usize,
    pub command: CommandLine,
    /// The programs that are started beside its own, by name.
    pub companions: Vec<(String, CommandLine)>,
    pub ready: Probes,
    /// How it is asked whether it is the primary, where the descriptor says so.
    pub primary: Option<PrimaryQuestion>,
    /// Held while its processes are stopped or let go on, and by whoever begins a new life: two of these at once
    /// would leave it in a state that nobody asked for.
    pub turn: tokio::sync::Mutex<()>,
    /// The disk under its data directory, if it has one of its own.
    pub disk: Option<Arc<Disk>>,
    /// What changes its clock, if anything does.
    pub clock: Option<Clock>,
    /// Who waits for a line of its log, over all of its lives.
    pub watches: Watches,
    /// What tells its processes from all others.
    pub home: Home,
    life: Arc<Mutex<Life>>,
}

/// Where a node is in its life, and the process that lives it.
#[derive(Debug)]
pub struct Life {
    pub phase: Phase,
    pub process: Option<Arc<Process>>,
    /// Since when it is paused.
    pub paused_at: Option<Instant>,
    /// Whether it has been ready, in this life or an earlier one.
    pub has_been_ready: bool,
    /// Which program beside it has ended, and how, when that is why it ends.
    pub ended_with: Option<String>,
    /// How often it has joined as a new member.
    pub joins: u32,
    /// Whether nobody is surprised when it ends by itself.
    pub may_end: bool,
    /// What it is started with since it has become a new member.
    pub joins_with: Option<CommandLine>,
}

impl Life {
    /// Whether it is still the life of this process.
    pub fn is_of(&self, process: &Arc<Process>) -> bool {
        self.process.as_ref().is_some_and(|own| Arc::ptr_eq(own, process))
    }

    /// Goes on by an event that needs a process.
    ///
    /// # Errors
    /// The state, when it does not allow that.
    pub fn step(&mut self, event: Event) -> Result<Arc<Process>, NodeState> {
        match (self.phase.after(event), &self.process) {
            (Some(after), Some(process)) => {
                self.phase = after;
                Ok(Arc::clone(process))
            }
            _ => Err(self.phase.state()),
        }
    }
}

impl Node {
    /// Makes its directories and its command.
    pub fn new(
        spec: &ClusterSpec,
        run_dir: &Path,
        network: &Network,
        index: usize,
        name: &str,
        library: Option<&Arc<Library>>,
    ) -> Result<Node, ClusterError> {
        let dir = run_dir.join("nodes").join(name);
        let data = dir.join("data");
        std::fs::create_dir_all(&data).map_err(ClusterError::directory(&data))?;
        // As this node sees them: with proxies, every node sees others elsewhere.
        let seen = |other: &String| (other.clone(), network.address(name, other));
        let hosts: Vec<_> = spec.nodes.iter().map(seen).collect();
        let disk = match &spec.disks {
            Some(disks) => {
                let disk = Disk::mount(&data, &dir.join("removed"), disks.of_node(index))?;
                Some(Arc::new(disk))
            }
            None => None,
        };
        let variables = NodeVariables {
            node: name,
            index,
            ip: network.address(name, name),
            data: text(&data)?,
            harness: text(&spec.harness)?,
            dir: &spec.system.dir,
            hosts: &hosts,
            joins: &BTreeMap::new(),
        };
        let recipe = &spec.system.node;
        furnish(recipe, &variables, &data)?;
        let mut command = recipe.command_line(&variables);
        command.argv.extend(spec.extra_args.iter().cloned());
        name_program(&mut command)?;
        let mut companions = recipe.companions(&variables);
        for (_, companion) in &mut companions {
            name_program(companion)?;
        }
        let clock = match library {
            None => None,
            Some(library) => {
                let clock = Clock::new(name, Arc::clone(library)).map_err(ClusterError::directory(&dir))?;
                let all = companions.iter_mut().map(|(_, companion)| companion);
                for command in all.chain([&mut command]) {
                    library.reaches(command).map_err(ClusterError::Clocks)?;
                    command.env.extend(clock.environment(command));
                }
                Some(clock)
            }
        };
        let typed = dir.join("command.txt");
        let mut commands = process::as_typed(&command, &dir);
        for (name, companion) in &companions {
            commands.push_str(&format!(
                "\n# {name}, beside it\n{}",
                process::as_typed(companion, &dir)
            ));
        }
        std::fs::write(&typed, commands).map_err(ClusterError::directory(&typed))?;
        let question = recipe.ready.question(name, index, network.ip(name));
        let primary = recipe.primary_question(&variables, network.ip(name));
        let restart_port = recipe.ready.restart_port;
        let restarted = restart_port.map(|port| SocketAddrV4::new(network.ip(name), port));
        let life = Arc::new(Mutex::new(Life {
            phase: Phase::Down,
            process: None,
            paused_at: None,
            has_been_ready: false,
            ended_with: None,
            joins: 0,
            may_end: false,
            joins_with: None,
        }));
        Ok(Node {
            name: name.to_owned(),
            dir,
            index,
            command,
            companions,
            ready: Probes { question, restarted },
            primary,
            turn: tokio::sync::Mutex::new(()),
            disk,
            clock,
            watches: Watches::default(),
            home: home(network, name)?,
            life,
        })
    }

    /// Makes it one that has never been started, and is started as a new member beside `others` from now on. To be called while
    /// it is down; takes as long as its data is large.
    ///
    /// # Errors
    /// When its data does not go, or what it has before its first start cannot be written.
    pub fn begin_anew(
        &self,
        spec: &ClusterSpec,
        network: &Network,
        members: &[String],
        joins: &BTreeMap<String, u32>,
    ) -> Result<(), ClusterError> {
        let data = self.dir.join("data");
        let hosts: Vec<_> = members
            .iter()
            .map(|other| (other.clone(), network.address(&self.name, other)))
            .collect();
        let variables = NodeVariables {
            node: &self.name,
            index: self.index,
            ip: network.address(&self.name, &self.name),
            data: text(&data)?,
            harness: text(&spec.harness)?,
            dir: &spec.system.dir,
            hosts: &hosts,
            joins,
        };
        clear(&data).map_err(ClusterError::directory(&data))?;
        furnish(&spec.system.node, &variables, &data)?;
        let mut command = spec.system.node.joining_command_line(&variables);
        command.argv.extend(spec.extra_args.iter().cloned());
        name_program(&mut command)?;
        if let Some(clock) = &self.clock {
            command.env.extend(clock.environment(&command));
        }
        let mut life = self.lock();
        life.joins_with = Some(command);
        // It is asked as one that starts for the first time: it may listen before it knows whether the others take it.
        life.has_been_ready = false;
        Ok(())
    }

    /// Its life, for a moment.
    pub fn lock(&self) -> MutexGuard<'_, Life> {
        lock(&self.life)
    }

    /// Its life, to look at when nobody has the node any more.
    pub fn shared_life(&self) -> Arc<Mutex<Life>> {
        Arc::clone(&self.life)
    }
}

/// The node runs in a directory of its own; a program that was named from here is meant from here.
fn name_program(command: &mut CommandLine) -> Result<(), ClusterError> {
    if command.argv[0].contains('/') {
        let program = PathBuf::from(&command.argv[0]);
        let program = std::path::absolute(&program).map_err(ClusterError::directory(&program))?;
        command.argv[0] = text(&program)?.to_owned();
    }
    Ok(())
}

/// Writes what a node has before its first start.
fn furnish(recipe: &NodeRecipe, variables: &NodeVariables<'_>, data: &Path) -> Result<(), ClusterError> {
    for (path, content) in recipe.files(variables) {
        write_durably(&path, &content, data).map_err(ClusterError::directory(&path))?;
    }
    Ok(())
}

/// Takes away everything in a folder, so that a power failure does not bring it back.
fn clear(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => std::fs::remove_dir_all(entry.path())?,
            false => std::fs::remove_file(entry.path())?,
        }
    }
    File::open(folder)?.sync_all()
}

/// Writes a file below `data`, with the folders that it is in, so that it survives a power failure before anybody else
/// has synced anything.
fn write_durably(path: &Path, content: &str, data: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(data);
    std::fs::create_dir_all(folder)?;
    let mut file = File::create_new(path)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    for folder in folder.ancestors().take_while(|it| it.starts_with(data)) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// What tells the processes of a node from all others.
fn home(network: &Network, node: &str) -> Result<Home, NetworkError> {
    match (network.shared_namespace(node), warden::posted()) {
        (Some(namespace), _) => Ok(Home::Namespace(namespace)),
        (None, Some(warden)) => Ok(Home::Mark(warden.mark(node).into())),
        (None, None) => Err(NetworkError::NoWarden),
    }
}

/// Nobody does anything that can fail while holding it.
pub fn lock(life: &Mutex<Life>) -> MutexGuard<'_, Life> {
    life.lock().expect("nobody panics while holding this lock")
}

fn text(path: &Path) -> Result<&str, ClusterError> {
    path.to_str().ok_or_else(|| ClusterError::NotText {
        path: path.to_owned(),
    })
}
