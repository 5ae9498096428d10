//! Is a system plugged in rightly? `harness doctor SYSTEM` starts it, asks one of everything, hurts one node, and shows for
//! whatever does not come out as it should what was sent and received.
//!
//! Nothing of this is a test of the system's promise: operations come one after another, and a violation that is seen here is
//! mostly a mistake in the descriptor. What has to come out is the checker's word, see `oracle`.
//!
//! Read next: `script` for what is asked, `operations` and `faults` for how that is looked at, `report` and `cause` for what is
//! told.

mod cause;
mod faults;
mod members;
mod operations;
mod oracle;
mod report;
mod script;
mod session;

pub use report::Report;

use crate::cli::DoctorOptions;
use crate::run;
use crate::systems;
use crate::workload::ALL;
use anyhow::{Context, Result, bail};
use cluster::{Backend, Cluster, ClusterSpec, StartError, Started, System, UnexpectedExit};
use futures_util::future::join_all;
use report::Evidence;
use session::{Offer, Session};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedReceiver;

/// How many of the last lines of a log are shown, and how much of its end is read for them.
const LOG_LINES: usize = 5;
const LOG_BYTES_MAX: u64 = 16 << 10;

/// What is to be examined, understood before anything is started.
pub struct Subject {
    /// The system.
    system: System,
    /// The nodes' names.
    nodes: Vec<String>,
    /// The workloads that can be asked for.
    offers: Vec<Offer>,
    /// What of the descriptor's workloads cannot, and why.
    unfit: Vec<String>,
    /// Variants, which are looked at when they are named.
    variants: Vec<String>,
    timeout: Duration,
}

impl Subject {
    /// The system that was named, and its workloads.
    ///
    /// # Errors
    /// When there is none, its descriptor is wrong, or the workload that was named is not there.
    pub fn of(typed: &str, options: &DoctorOptions) -> Result<Subject> {
        let system = run::found_system(typed, options.program.as_deref())?;
        systems::require_installed(&system)?;
        let offer = |name: &str| {
            let (name, kind, operations) = run::choose_workload(typed, Some(name), &system)?;
            let operations = Arc::new(operations);
            anyhow::Ok(Offer {
                name,
                kind,
                operations,
            })
        };
        let (mut offers, mut unfit, mut variants) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(name) = &options.workload {
            offers.push(offer(name)?);
        } else {
            let mut names: Vec<&String> = system.workloads.keys().collect();
            // In the order in which `test` would choose among them.
            names.sort_by_key(|name| ALL.iter().position(|kind| kind.name == name.as_str()));
            for name in names {
                match offer(name) {
                    Ok(offered) if name.contains('/') => variants.push(offered.name),
                    Ok(offered) => offers.push(offered),
                    Err(error) => unfit.push(format!("{error:#}")),
                }
            }
            if offers.is_empty() && unfit.is_empty() {
                bail!("{typed} has no [workload]; see `harness list workloads` for what there can be");
            }
        }
        let nodes = (1..=options.node_count)
            .map(|number| format!("n{number}"))
            .collect();
        Ok(Subject {
            system,
            nodes,
            offers,
            unfit,
            variants,
            timeout: options.client_timeout,
        })
    }

    /// The system's name.
    pub fn name(&self) -> &str {
        &self.system.name
    }

    /// Says what of it nodes that are connected in this way cannot have.
    ///
    /// # Errors
    /// What cannot be, and what can be instead.
    pub fn refuse_on(&self, backend: Backend) -> Result<()> {
        if backend == Backend::Proxy && self.system.node.ports.is_empty() {
            return Err(cluster::NetworkError::NoPorts.into());
        }
        Ok(())
    }
}

/// Nodes, and what is known of them.
struct World {
    cluster: Arc<Cluster>,
    exits: UnboundedReceiver<UnexpectedExit>,
    dir: PathBuf,
    epoch: Instant,
    /// How long the system may take to fail over, as its descriptor says.
    failover: Duration,
}

impl World {
    fn build(subject: &Subject, nodes: &[String], dir: PathBuf, backend: Backend) -> Result<World> {
        let epoch = Instant::now();
        std::fs::create_dir_all(&dir).with_context(|| format!("make {}", dir.display()))?;
        let cluster = Cluster::new(ClusterSpec {
            system: subject.system.clone(),
            nodes: nodes.to_vec(),
            dir: dir.clone(),
            disks: None,
            epoch,
            harness: std::env::current_exe().context("find the harness's own program file")?,
            seed: 0,
            extra_args: Vec::new(),
            clocks: false,
            network: backend,
        })?;
        Ok(World {
            exits: cluster.exits(),
            cluster: Arc::new(cluster),
            dir,
            epoch,
            failover: subject.system.failover.map_or(Duration::ZERO, |it| it.0),
        })
    }

    /// The last lines that a node wrote to stderr.
    fn stderr(&self, node: &str) -> Vec<String> {
        last_lines(&self.dir.join("nodes").join(node).join("stderr.log"))
    }

    /// Shows why a node did not start.
    fn evidence_of_start(&self, node: &str, error: &StartError) -> Evidence {
        let command = self.dir.join("nodes").join(node).join("command.txt");
        let command = std::fs::read_to_string(command).unwrap_or_default();
        let mut evidence = Evidence::default().text("command", &command);
        if let StartError::NotReady { asked, last_try, .. } = error {
            evidence = evidence.text("sent", asked).text("received", last_try);
        }
        let stderr = match error {
            StartError::Exited { stderr, .. } | StartError::NotReady { stderr, .. } => stderr.as_slice(),
            _ => &[],
        };
        evidence.log("stderr", stderr).causes(cause::of_start(error))
    }

    /// Tells which nodes have ended though nobody asked them to.
    fn tell_exits(&mut self, report: &mut Report) {
        while let Ok(exit) = self.exits.try_recv() {
            let line = format!("{} ended by itself: {}", exit.node, exit.status);
            report.broken(&line, &Evidence::default().log("stderr", &exit.stderr));
        }
    }
}

/// Examines a system, with everything that it leaves behind in `dir`.
///
/// # Errors
/// When the world for it cannot be had. What is wrong with the system is told, and is none.
pub async fn examine(subject: &Subject, report: &mut Report, dir: &Path, backend: Backend) -> Result<()> {
    for why in &subject.unfit {
        report.broken(why, &Evidence::default());
    }
    let count = subject.nodes.len();
    if count > 1 && !starts_alone(subject, report, &dir.join("alone"), backend).await? {
        return Ok(());
    }
    let mut world = World::build(subject, &subject.nodes, dir.join("together"), backend)?;
    if !are_ready(&world, report).await {
        return Ok(());
    }
    let mut sound = None;
    for (number, offer) in (0..).zip(&subject.offers) {
        report.heading(&offer.name);
        let mut session = Session::new(
            offer.clone(),
            number,
            &world.cluster,
            &world.dir,
            &subject.system.dir,
            world.epoch,
            subject.timeout,
        )?;
        let is_sound = operations::examine(&mut world, &mut session, report).await?;
        world.tell_exits(report);
        if is_sound && sound.is_none() {
            sound = Some(session);
        }
    }
    for variant in &subject.variants {
        report.note(&format!(
            "{variant} is a variant, and was not looked at: --workload {variant} does"
        ));
    }
    report.heading("when something breaks");
    match sound {
        Some(mut session) => {
            faults::examine(&mut world, &mut session, report).await?;
            if subject.system.node.member.is_some() && backend == Backend::Switch {
                members::examine(&mut world, report).await;
            }
        }
        None => report.note("not tried, for no workload came through"),
    }
    world.cluster.stop_all().await;
    Ok(())
}

/// Starts a single node. Whether it makes sense to start more.
async fn starts_alone(subject: &Subject, report: &mut Report, dir: &Path, backend: Backend) -> Result<bool> {
    let alone = &subject.nodes[..1];
    let node = &alone[0];
    let world = World::build(subject, alone, dir.to_owned(), backend)?;
    let started = world.cluster.start(node).await;
    let goes_on = match &started {
        // Some answer only when they have found others; then this shows that all of them are ready, or why not.
        Err(StartError::NotReady { after, .. }) => {
            let after = seconds(*after);
            report.note(&format!(
                "{node} alone is not ready after {after}; perhaps it needs the others"
            ));
            true
        }
        _ => {
            tell_start(&world, report, node, "alone is ready", &started);
            started.is_ok()
        }
    };
    world.cluster.stop_all().await;
    Ok(goes_on)
}

/// Starts all nodes at once. Whether all are ready.
async fn are_ready(world: &World, report: &mut Report) -> bool {
    let nodes = world.cluster.nodes();
    let starts = join_all(nodes.iter().map(|node| world.cluster.start(node))).await;
    for (node, start) in nodes.iter().zip(&starts) {
        tell_start(world, report, node, "is ready", start);
    }
    starts.iter().all(Result::is_ok)
}

/// Tells whether a node became ready, and else why not.
fn tell_start(
    world: &World,
    report: &mut Report,
    node: &str,
    is_ready: &str,
    start: &Result<Started, StartError>,
) {
    match start {
        Ok(started) => report.holds(&format!("{node} {is_ready} after {}", seconds(started.took))),
        Err(error) => {
            let why = error.to_string();
            let why = why.lines().next().unwrap_or_default().to_owned();
            let line = match error {
                StartError::NotReady { after, .. } => {
                    format!("{node} {is_ready}: expected within {}, was not", seconds(*after))
                }
                StartError::Exited { status, .. } => {
                    format!("{node} {is_ready}: expected to run, ended with {status}")
                }
                _ => format!("{node} {is_ready}: failed to {why}"),
            };
            // Five nodes with the same trouble show it once.
            let evidence = match report.is_first(format!("start {}", why.replace(node, "n?"))) {
                true => world.evidence_of_start(node, error),
                false => Evidence::default(),
            };
            report.broken(&line, &evidence);
        }
    }
}

/// A duration as people read it.
fn seconds(duration: Duration) -> String {
    match duration.as_millis() {
        millis @ 0..100 => format!("{millis} ms"),
        _ => format!("{:.1} s", duration.as_secs_f64()),
    }
}

/// The last lines that a program has written to its log, if there is one. Only its end is read.
fn last_lines(path: &Path) -> Vec<String> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LOG_BYTES_MAX)))?;
        let mut end = Vec::new();
        file.take(LOG_BYTES_MAX).read_to_end(&mut end)?;
        Ok(end)
    };
    // What cannot be read is not shown: it is a help, and nothing depends on it.
    let end = String::from_utf8_lossy(&read().unwrap_or_default()).into_owned();
    // What the harness itself notes there is nothing that the program said.
    let lines: Vec<&str> = end.lines().filter(|line| !line.contains(" [harness] ")).collect();
    let last = lines[lines.len().saturating_sub(LOG_LINES)..].iter();
    last.map(|line| (*line).to_owned()).collect()
}
