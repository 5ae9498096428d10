//! Everything that is fixed before a run starts: the seed and what follows from it.

use super::schedule;
use crate::cli::{Origin, TestOptions};
use crate::systems;
use crate::workload::{self, Workload};
use anyhow::{Context, Result, bail};
use cluster::system::{Operations, ServedBy};
use cluster::{Backend, DiskSpec, System};
use history::Header;
use jiff::Timestamp;
use nemesis::{Package, PlannedFault, Schedule};
use results::{Environment, RunInfo};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The plan of a run: what will be done, by whom, when. A function of the options and the seed.
pub struct Plan {
    /// The seed, given or drawn.
    pub seed: u64,
    /// The system under test.
    pub system: System,
    /// How its operations are asked for.
    pub operations: Arc<Operations>,
    /// The nodes' names.
    pub nodes: Vec<String>,
    /// How many clients work in the main phase.
    pub workers: usize,
    /// How many clients there are in all: at least one for each node, for the reads at the end.
    pub clients: usize,
    /// The workload's name, as the descriptor has it.
    pub workload_name: String,
    /// What it is.
    pub kind: &'static workload::Kind,
    /// The operations.
    pub workload: Arc<dyn Workload>,
    /// The faults.
    pub schedule: Schedule,
    /// Arguments added to each node's command: a planted bug.
    pub extra_args: Vec<String>,
}

impl Plan {
    /// Draws the plan.
    ///
    /// # Errors
    /// When the system, its descriptor or the faults asked for cannot be.
    pub fn draw(options: &TestOptions) -> Result<Plan> {
        let system = match &options.maelstrom {
            Some(program) => systems::maelstrom(program, &options.node_args, options.workload.as_deref())?,
            None => found_system(&options.system, options.program.as_deref())?,
        };
        systems::require_installed(&system)?;
        let seed = options.seed_number().unwrap_or_else(draw_seed);
        let nodes = options.node_names().map_err(anyhow::Error::msg)?;
        let (workload_name, kind, operations) =
            choose_workload(&options.system, options.workload.as_deref(), &system)?;
        let schedule = schedule::of(options, &system, &nodes, seed)?;
        let workers = options.concurrency.clients(nodes.len());
        let offers = |f: &str| operations.has(f);
        Ok(Plan {
            seed,
            workers,
            clients: workers.max(nodes.len()),
            workload: kind.make(seed, options.ops_per_key, options.key_count, &offers),
            operations: Arc::new(operations),
            workload_name,
            kind,
            schedule,
            extra_args: planted_bug(options)?,
            nodes,
            system,
        })
    }

    /// Says what of it nodes that are connected in this way cannot have.
    ///
    /// # Errors
    /// What cannot be, and what can be instead.
    pub fn refuse_on(&self, options: &TestOptions, backend: Backend) -> Result<()> {
        if options.leave_db_running && backend == Backend::Messages {
            bail!(
                "--leave-db-running cannot be had with --maelstrom: such nodes have no address, they are asked on stdin by the \
                 harness alone"
            );
        }
        if options.schedule.is_none() {
            nemesis::feasible::check_packages(&options.nemesis.packages, backend)?;
        }
        nemesis::feasible::check_schedule(&self.schedule, backend)?;
        let is_reserved = |name: &&String| cluster::maelstrom::is_reserved(name);
        if let Some(name) = self
            .nodes
            .iter()
            .find(is_reserved)
            .filter(|_| backend == Backend::Messages)
        {
            bail!(
                "a node cannot be called {name}: clients (c1) and services (lin-kv) of Maelstrom are called like that"
            );
        }
        if backend == Backend::Proxy && self.system.node.ports.is_empty() {
            return Err(cluster::NetworkError::NoPorts.into());
        }
        Ok(())
    }

    /// The kinds of fault that are asked for.
    pub fn kinds(&self, options: &TestOptions) -> Vec<String> {
        let kinds: Vec<&str> = match &options.schedule {
            Some(_) => self.schedule.kinds(),
            None => options.nemesis.packages.iter().map(Package::kind).collect(),
        };
        kinds.into_iter().map(str::to_owned).collect()
    }

    /// The disks of the nodes, if any fault needs them.
    pub fn disks(&self) -> Option<DiskSpec> {
        let needs = self.schedule.faults.iter().any(PlannedFault::needs_disks);
        needs.then_some(DiskSpec {
            seed: self.seed,
            // Syncs take the time that they take: what a power failure can meet half done lasts as long.
            sync_backing: true,
            directories: self.system.node.directory_sync,
        })
    }

    /// Whether the nodes' clocks have to be such that they can be changed.
    pub fn clocks(&self) -> bool {
        self.schedule.faults.iter().any(PlannedFault::needs_clocks)
    }

    /// What is known of the run before it starts.
    pub fn run_info(&self, options: &TestOptions, started: Timestamp) -> RunInfo {
        let template = self.system.node.command_words().into_iter();
        RunInfo {
            id: format!("{}-{}", started.strftime("%Y%m%dT%H%M%SZ"), self.seed),
            system: self.system.name.clone(),
            workload: self.workload_name.clone(),
            nemesis: self.kinds(options),
            scenario: schedule::scenario(options, &self.system),
            seed: self.seed,
            replay_of: options.replay_of.clone(),
            argv: command_line_for(options, &self.nodes, self.seed),
            options: option_table(options, &self.nodes, self.seed),
            started_at: started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            nodes: self.nodes.clone(),
            clients: self.clients as u64,
            descriptor: (!self.system.text.is_empty()).then(|| crate::systems::DESCRIPTOR.to_owned()),
            command: template.chain(self.extra_args.iter().cloned()).collect(),
            node_args: self
                .extra_args
                .iter()
                .chain(&options.node_args)
                .cloned()
                .collect(),
            program: options.program.clone(),
            // It is looked at while the run goes on.
            program_file: None,
            environment: environment(options.network.backend()),
        }
    }

    /// Which nodes carry out what the clients of this workload ask for.
    pub fn served_by(&self) -> ServedBy {
        let recipe = self.system.workloads.get(&self.workload_name);
        recipe.map_or(ServedBy::EveryNode, |it| it.served_by)
    }

    /// The history's first line.
    pub fn header(&self, options: &TestOptions, info: &RunInfo) -> Header {
        Header {
            schema: history::SCHEMA.to_owned(),
            run: info.id.clone(),
            system: info.system.clone(),
            workload: info.workload.clone(),
            model: self.kind.model.name().to_owned(),
            seed: info.seed,
            nodes: info.nodes.clone(),
            clients: info.clients,
            nemesis: info.nemesis.clone(),
            client_timeout_ns: options.client_timeout.as_nanos() as u64,
            failover_ns: self.system.failover.map(|it| it.0.as_nanos() as u64),
            served_by_primary: self.served_by() == ServedBy::Primary,
            started_at: info.started_at.clone(),
        }
    }
}

/// The faults that are asked for, without those of `all` that the system cannot have.
///
/// # Errors
/// When there is no such system or program.
pub fn possible_packages(options: &TestOptions) -> Result<Vec<Package>> {
    match options.maelstrom {
        // It has no descriptor that could say anything.
        Some(_) => Ok(options.nemesis.packages.clone()),
        None => {
            let system = found_system(&options.system, options.program.as_deref())?;
            Ok(schedule::without_members(options, &system))
        }
    }
}

/// The system of a name or of a descriptor file, with another program in the place of its own where one is given.
///
/// # Errors
/// When there is no such system or program.
pub fn found_system(name: &str, program: Option<&str>) -> Result<System> {
    let mut system = systems::find(name)?;
    if let Some(program) = program {
        let program = found_program(program)?;
        system
            .node
            .replace_program(&program)
            .map_err(anyhow::Error::msg)?;
    }
    Ok(system)
}

/// The file of a program that nodes can start wherever they are; what has no folder in its name is on the PATH.
fn found_program(program: &str) -> Result<String> {
    if !program.contains('/') {
        return Ok(program.to_owned());
    }
    let path = std::fs::canonicalize(program).with_context(|| format!("--program {program}"))?;
    if !path.is_file() {
        bail!("--program {program}: it is not a file");
    }
    Ok(path.display().to_string())
}

/// A seed for a run to which nobody has given one.
pub fn draw_seed() -> u64 {
    // Seeds are typed and read aloud: seven digits are enough.
    rand::random_range(1_000_000..10_000_000)
}

/// The workload that is asked for, or the system's first, and how the system carries it out. `typed` is what the system is
/// called in errors.
///
/// # Errors
/// When the system does not have it, or not all of it.
pub fn choose_workload(
    typed: &str,
    asked: Option<&str>,
    system: &System,
) -> Result<(String, &'static workload::Kind, Operations)> {
    if let Some(workload) = system.maelstrom {
        let kind = workload::maelstrom::kind(workload);
        return Ok((kind.name.to_owned(), kind, Operations::Maelstrom(workload)));
    }
    let known: Vec<&str> = system.workloads.keys().map(String::as_str).collect();
    let name = match asked {
        Some(name) => name,
        // Known kinds in their order, so that what is first does not depend on the alphabet.
        None => {
            let first = workload::ALL.iter().find(|kind| known.contains(&kind.name));
            first.map(|kind| kind.name).with_context(|| {
                format!(
                    "{} has no [workload] that is known; see `harness list workloads`",
                    typed
                )
            })?
        }
    };
    let of_system = || match known.as_slice() {
        [] => format!("{} has no workloads", typed),
        known => format!("{} has {}", typed, known.join(", ")),
    };
    let kind = workload::Kind::of(name).with_context(|| {
        let all: Vec<&str> = workload::ALL.iter().map(|kind| kind.name).collect();
        format!(
            "{}; {}",
            crate::suggest::unknown("workload", name, &all),
            of_system()
        )
    })?;
    let operations = system
        .operations(name)
        .with_context(|| format!("{}: [workload.{name}]", typed))?
        .with_context(|| format!("[workload.{name}] is missing: {}", of_system()))?;
    for f in kind.functions {
        if !operations.has(f) {
            bail!(
                "{}: [workload.{name}.{f}] is missing: how is a {f} asked for?",
                typed
            );
        }
    }
    for f in kind.telling {
        if operations.has(f) && !operations.tells(f) {
            bail!(
                "{}: [workload.{name}.{f}]: an answer with outcome \"ok\" says no value, and a {f} is about what it is told; \
                 say value = \"/pointer\", or empty = true where there is nothing",
                typed
            );
        }
    }
    Ok((name.to_owned(), kind, operations))
}

/// The machine and the harness.
fn environment(network: Backend) -> Environment {
    let uname = nix::sys::utsname::uname();
    let words = uname
        .as_ref()
        .map(|it| [it.sysname(), it.release(), it.machine()].map(|word| word.to_string_lossy().into_owned()));
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total_kib = memory
        .split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse::<u64>().ok());
    Environment {
        harness: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("HARNESS_COMMIT").map(str::to_owned),
        os: words.map_or_else(|_| "unknown".to_owned(), |words| words.join(" ")),
        cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        memory_bytes: total_kib.unwrap_or(0) * 1024,
        network: network.name().to_owned(),
        load_max: None,
    }
}

/// The options as somebody would type them to get this run again: what differs from the defaults.
pub fn command_line(options: &TestOptions, seed: u64) -> Vec<String> {
    let nodes = options.node_names().unwrap_or_default();
    command_line_for(options, &nodes, seed)
}

/// The same where the nodes' names are known. What was said on the command line, in the environment or in a file is
/// there even when it is the default: the next time the file may say something else.
fn command_line_for(options: &TestOptions, nodes: &[String], seed: u64) -> Vec<String> {
    let mut argv = vec!["test".to_owned()];
    let was_said = |name: &str| {
        let origin = options.origins.get(&name.replace('-', "_"));
        origin.is_some_and(|origin| *origin != Origin::Default)
    };
    if options.system != "paxos" || was_said("system") {
        argv.push(options.system.clone());
    }
    let mut flag = |name: &str, value: String, default: &str| {
        if value != default || (was_said(name) && !value.is_empty()) {
            argv.extend([format!("--{name}"), value]);
        }
    };
    let concurrency = match options.concurrency {
        crate::cli::Concurrency::Clients(count) => count.to_string(),
        crate::cli::Concurrency::PerNode(count) => format!("{count}n"),
    };
    let schedule = options.schedule.as_ref();
    match schedule {
        Some(file) => flag("schedule", file.display().to_string(), ""),
        None => flag("nemesis", options.nemesis.text.clone(), ""),
    }
    let program = options.maelstrom.as_ref();
    flag(
        "maelstrom",
        program.map_or_else(String::new, |it| it.display().to_string()),
        "",
    );
    flag("workload", options.workload.clone().unwrap_or_default(), "");
    flag("program", options.program.clone().unwrap_or_default(), "");
    if program.is_none() {
        flag("network", options.network.backend().name().to_owned(), "switch");
    }
    let numbered: Vec<String> = (1..=nodes.len()).map(|i| format!("n{i}")).collect();
    match nodes == numbered {
        true => flag("node-count", nodes.len().to_string(), "5"),
        false => flag("nodes", nodes.join(","), ""),
    }
    flag("concurrency", concurrency, "12n");
    flag("rate", options.rate.to_string(), "5000");
    flag("time-limit", duration(options.time_limit), "60s");
    let op_limit = options
        .op_limit
        .map_or_else(String::new, |limit| limit.to_string());
    flag("op-limit", op_limit, "");
    flag("ops-per-key", options.ops_per_key.to_string(), "12");
    flag("key-count", options.key_count.to_string(), "8");
    flag("client-timeout", duration(options.client_timeout), "1s");
    flag("nemesis-interval", options.nemesis_interval.to_string(), "0.5s");
    flag("recovery-time", duration(options.recovery_time), "10s");
    flag("checker-timeout", duration(options.checker_timeout), "300s");
    let memory = options.checker_memory.to_string();
    flag("checker-memory", memory, &(2usize << 30).to_string());
    if !options.shrink.no_shrink {
        flag("shrink-budget", duration(options.shrink.shrink_budget), "30s");
    }
    flag(
        "evidence",
        options.evidence.strictness().name().to_owned(),
        "strict",
    );
    flag("name", options.name.clone().unwrap_or_default(), "");
    flag("bug", options.bug.clone().unwrap_or_default(), "");
    flag("redact", options.page.redact.clone().unwrap_or_default(), "");
    let most = options.page.report_max_ops;
    flag(
        "report-max-ops",
        most.map_or_else(String::new, |most| most.to_string()),
        "",
    );
    flag("seed", seed.to_string(), "");
    if options.fail_fast {
        argv.push("--fail-fast".to_owned());
    }
    if options.shrink.no_shrink {
        argv.push("--no-shrink".to_owned());
    }
    if options.capture {
        argv.push("--capture".to_owned());
    }
    if !options.node_args.is_empty() {
        argv.push("--".to_owned());
        argv.extend(options.node_args.iter().cloned());
    }
    argv
}

/// Every option with its value, defaults included, and where those come from that somebody has given: `options.json`.
fn option_table(
    options: &TestOptions,
    nodes: &[String],
    seed: u64,
) -> serde_json::Map<String, serde_json::Value> {
    let said = options
        .origins
        .iter()
        .filter(|(_, origin)| **origin != Origin::Default);
    let origins: BTreeMap<&String, String> = said.map(|(name, origin)| (name, origin.to_string())).collect();
    let table = serde_json::json!({
        "system": options.system,
        "maelstrom": options.maelstrom,
        "node_args": options.node_args,
        "workload": options.workload,
        "program": options.program,
        "node_count": nodes.len(),
        "nodes": nodes,
        "network": options.network.backend().name(),
        "concurrency": options.concurrency.clients(nodes.len()),
        "rate": options.rate,
        "time_limit_s": options.time_limit.as_secs_f64(),
        "op_limit": options.op_limit,
        "ops_per_key": options.ops_per_key,
        "key_count": options.key_count,
        "client_timeout_s": options.client_timeout.as_secs_f64(),
        "nemesis": options.schedule.is_none().then_some(&options.nemesis.text),
        "schedule": options.schedule,
        "nemesis_interval": options.nemesis_interval.to_string(),
        "nemesis_interval_s": options.nemesis_interval.mean().as_secs_f64(),
        "recovery_time_s": options.recovery_time.as_secs_f64(),
        "fail_fast": options.fail_fast,
        "capture": options.capture,
        "leave_db_running": options.leave_db_running,
        "keep_data": options.keep_data,
        "redact": options.page.redact,
        "report_max_ops": options.page.report_max_ops,
        "checker_timeout_s": options.checker_timeout.as_secs_f64(),
        "checker_memory_bytes": options.checker_memory,
        "no_shrink": options.shrink.no_shrink,
        "shrink_budget_s": options.shrink.shrink_budget.as_secs_f64(),
        "evidence": options.evidence.strictness().name(),
        "name": options.name,
        "seed": seed,
        "bug": options.bug,
        "origins": origins,
    });
    match table {
        serde_json::Value::Object(table) => table,
        _ => unreachable!("the literal above is an object"),
    }
}

fn duration(duration: Duration) -> String {
    match duration.subsec_nanos() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}s", duration.as_secs_f64()),
    }
}

/// The node's arguments for a bug to be planted.
///
/// # Errors
/// When there is no such bug, or another system is tested.
pub fn planted_bug(options: &TestOptions) -> Result<Vec<String>> {
    let Some(bug) = &options.bug else {
        return Ok(Vec::new());
    };
    if options.system != "paxos" {
        bail!(
            "--bug plants a bug in the built-in Paxos; {} is another system",
            options.system
        );
    }
    let known: Vec<&str> = paxos::Bug::ALL.iter().map(|bug| bug.name()).collect();
    if !known.contains(&bug.as_str()) {
        bail!("{}", crate::suggest::unknown("bug", bug, &known));
    }
    Ok(vec!["--bug".to_owned(), bug.clone()])
}
