//! The world of one run: nodes on their network, clients, the recorder; and what is done with it, phase by
//! phase.

use super::at_the_end;
use super::desk::Desk;
use super::fail_fast;
use super::load::{self, Pacer};
use super::plan::Plan;
use crate::cli::TestOptions;
use crate::client::{Client, ClientSpec};
use crate::events::Events;
use crate::interrupt::Interrupt;
use crate::progress::{Progress, ProgressOptions};
use crate::recorder::Recorder;
use anyhow::{Context, Result, anyhow};
use cluster::network::Capture;
use cluster::system::{Operations, ServedBy};
use cluster::{Cluster, ClusterSpec, NodeState};
use futures_util::future::try_join_all;
use history::{EventType, Header, Note, Phase, StopReason};
use nemesis::{Journal, Schedule};
use results::RunDir;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

/// How long what is done before the main phase may take. What was not reached then is not done.
const BEFOREHAND_MAX: Duration = Duration::from_secs(20);
/// How long the reads at the end may take. What they did not reach is said.
const FINAL_READS_MAX: Duration = Duration::from_secs(20);
/// How long nodes have, when all faults are over, to tell each other what is to be everywhere in the end.
const SETTLE: Duration = Duration::from_secs(5);
/// The pause between two attempts to reach a node that is recovering.
const RECOVERY_PAUSE: Duration = Duration::from_millis(20);

/// Everything that is alive during a run.
pub struct World {
    cluster: Arc<Cluster>,
    recorder: Arc<Recorder>,
    clients: Vec<Client>,
    history: PathBuf,
    /// Turns true when the load and the faults are to end early: Ctrl-C, a history that cannot be kept, or,
    /// with `--fail-fast`, a violation.
    stop: watch::Sender<bool>,
    /// A violation was seen while the run went on, and nothing more is asked of the system.
    violation_seen: Arc<AtomicBool>,
    watchers: Vec<JoinHandle<()>>,
    progress: Progress,
    /// Whether somebody at the terminal has paused the load.
    paused: watch::Sender<bool>,
    /// Turns true when the faults are to end: with everything else, or because somebody wants it.
    mend: watch::Sender<bool>,
    events: Events,
    operations: u64,
    /// Every packet, when they are captured.
    capture: Option<Capture>,
}

impl World {
    /// Builds the network, starts the nodes and waits until each is ready.
    ///
    /// # Errors
    /// When any of it cannot be had; a node that does not start says why in its own words.
    pub async fn set_up(
        options: &TestOptions,
        plan: &Plan,
        header: &Header,
        directory: &Path,
        interrupt: Interrupt,
        events: &Events,
    ) -> Result<World> {
        let epoch = events.epoch();
        let (tell_notes, notes) = mpsc::unbounded_channel();
        let history = directory.join("history.jsonl");
        let recorder =
            Recorder::create(&history, header, epoch, tell_notes).context("write history.jsonl")?;
        let recorder = Arc::new(recorder);
        recorder.phase(Phase::SetUp);
        let faults = match &options.schedule {
            Some(file) => results::text::visible(&file.display().to_string(), 60),
            None => options.nemesis.text.clone(),
        };
        let title = format!("{} · {} · {faults}", plan.system.name, header.workload);
        let display = ProgressOptions {
            kind: options.progress,
            is_verbose: options.verbose > 0,
            series: options.one_of.clone(),
        };
        let mut progress = Progress::new(display, &title, plan.seed);
        crate::log::speak_through(progress.voice());
        let cluster = Arc::new(Cluster::new(ClusterSpec {
            system: plan.system.clone(),
            nodes: plan.nodes.clone(),
            dir: directory.to_owned(),
            disks: plan.disks(),
            epoch,
            harness: std::env::current_exe().context("find the harness's own program file")?,
            seed: plan.seed,
            extra_args: plan.extra_args.clone(),
            clocks: plan.clocks(),
            network: options.network.backend(),
        })?);
        let [stop, mend, paused] = std::array::from_fn(|_| watch::Sender::new(false));
        let mut watchers = vec![
            watch_exits(&cluster, &recorder),
            pass_on(recorder.broken(), stop.clone()),
            pass_on_interrupt(interrupt.clone(), Arc::clone(&recorder), stop.clone()),
            pass_on(stop.subscribe(), mend.clone()),
        ];
        let notes = events.follow(&recorder, &cluster, notes);
        progress.follow(&recorder, &cluster, paused.subscribe(), notes);
        if let Some(keys) = progress.keys() {
            let desk = Desk {
                voice: progress.voice(),
                paused: paused.clone(),
                mend: mend.clone(),
                interrupt,
                logs: directory.join("nodes"),
                nodes: plan.nodes.clone(),
            };
            watchers.push(tokio::spawn(desk.obey(keys)));
        }
        let capture = match options.capture {
            true => {
                // Packets have the time of day; this is where the run's clock began on it.
                let zero = SystemTime::now() - recorder.epoch().elapsed();
                let zero = zero.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                let about = serde_json::json!({"zero_unix_ns": zero.as_nanos() as u64});
                RunDir::at(directory).write_json("capture.json", &about)?;
                Some(cluster.network().capture(&directory.join("capture.pcapng"))?)
            }
            false => None,
        };
        let clients = make_clients(options, plan, &cluster, &recorder, &directory.join("clients"))?;
        let mut world = World {
            cluster,
            recorder,
            clients,
            history,
            stop,
            violation_seen: Arc::default(),
            watchers,
            progress,
            paused,
            mend,
            events: events.clone(),
            operations: 0,
            capture,
        };
        nemesis::executor::start_all(&world.cluster, &plan.nodes)
            .await
            .map_err(|why| anyhow!(why))?;
        try_join_all(world.clients.iter_mut().map(Client::open)).await?;
        Ok(world)
    }

    /// What the workload wants to be there before the main phase. Whatever fails is not tried again: the history says so.
    pub async fn write_beforehand(&mut self, plan: &Plan) {
        let operations = Arc::new(plan.workload.beforehand());
        let clients = std::mem::take(&mut self.clients);
        let (count, deadline) = (clients.len(), Instant::now() + BEFOREHAND_MAX);
        let mut tasks = JoinSet::new();
        for (place, mut client) in clients.into_iter().enumerate() {
            let (operations, stop) = (Arc::clone(&operations), self.stop.subscribe());
            tasks.spawn(async move {
                for operation in operations.iter().skip(place).step_by(count) {
                    if *stop.borrow() || Instant::now() > deadline {
                        break;
                    }
                    client.perform(operation).await;
                }
                (place, client)
            });
        }
        let mut back = tasks.join_all().await;
        back.sort_by_key(|(place, _)| *place);
        self.clients = back.into_iter().map(|(_, client)| client).collect();
    }

    /// The main phase: clients work while faults come and go. The schedule that comes back says whom faults of the primary
    /// have hit.
    pub async fn work_under_faults(&mut self, options: &TestOptions, plan: &Plan) -> Schedule {
        self.enter(Phase::Run, Some(options.time_limit));
        let start = tokio::time::Instant::now();
        let faults = {
            let (schedule, cluster) = (plan.schedule.clone(), Arc::clone(&self.cluster));
            let journal: Arc<dyn Journal> = Arc::clone(&self.recorder) as Arc<dyn Journal>;
            let mend = self.mend.subscribe();
            tokio::spawn(async move { nemesis::execute(&schedule, cluster, journal, start, mend).await })
        };
        let watcher = options.fail_fast.then(|| {
            let (file, seen) = (self.history.clone(), Arc::clone(&self.violation_seen));
            tokio::spawn(fail_fast::stop_at_the_first_violation(
                file,
                plan.kind.model,
                Arc::clone(&self.recorder),
                seen,
                self.stop.clone(),
                self.progress.voice(),
                self.events.clone(),
            ))
        });
        let end = start + options.time_limit;
        let pacer = Pacer::new(plan.seed, options.rate, Arc::clone(&plan.workload), end);
        let pacer = Arc::new(pacer.limited_to(options.op_limit));
        let idle = self.clients.split_off(plan.workers.min(self.clients.len()));
        let workers = std::mem::take(&mut self.clients);
        self.clients = load::work(
            workers,
            &plan.workload,
            Arc::clone(&pacer),
            self.stop.subscribe(),
            self.paused.subscribe(),
        )
        .await;
        self.clients.extend(idle);
        self.operations = pacer.handed_out();
        watcher.inspect(JoinHandle::abort);
        self.enter(Phase::Heal, None);
        self.stop.send_replace(true);
        faults.await.unwrap_or_else(|error| {
            tracing::error!("the nemesis broke: {error}");
            plan.schedule.clone()
        })
    }

    /// Starts what is still down, whoever took it down; after a violation was seen, nobody needs it but who wants the nodes to
    /// go on.
    pub async fn heal(&mut self, options: &TestOptions) {
        if !options.leave_db_running && self.violation_seen.load(Ordering::Acquire) {
            return;
        }
        for node in self.cluster.nodes() {
            if self.cluster.state(node) == NodeState::Paused
                && let Err(why) = self.cluster.resume(node).await
            {
                tracing::warn!("after the last fault: {why}");
            }
        }
        let down = |node: &&String| self.cluster.state(node) != NodeState::Up;
        let nodes: Vec<String> = self.cluster.nodes().iter().filter(down).cloned().collect();
        if let Err(why) = nemesis::executor::start_all(&self.cluster, &nodes).await {
            tracing::warn!("after the last fault: {why}");
        }
    }

    /// Waits until every node has answered an operation, or the primary, where it alone serves, or the time for it is over.
    pub async fn recover(&mut self, options: &TestOptions, plan: &Plan) {
        if self.violation_seen.load(Ordering::Acquire) {
            return;
        }
        self.enter(Phase::Recover, None);
        // What was mended last may have been the leader.
        let failover = plan.system.failover.map_or(Duration::ZERO, |it| it.0);
        let deadline = Instant::now() + failover + options.recovery_time;
        let (one_is_enough, is_served) = (
            plan.served_by() == ServedBy::Primary,
            Arc::<AtomicBool>::default(),
        );
        let mut tasks = JoinSet::new();
        for (place, mut client) in std::mem::take(&mut self.clients).into_iter().enumerate() {
            let probe = plan.workload.probe(self.operations, place as u64);
            let (broken, is_served) = (self.recorder.broken(), Arc::clone(&is_served));
            let first_of_its_node = place < plan.nodes.len();
            tasks.spawn(async move {
                while first_of_its_node && Instant::now() < deadline && !*broken.borrow() {
                    if client.perform(&probe).await == EventType::Ok {
                        is_served.store(true, Ordering::Release);
                        break;
                    }
                    if one_is_enough && is_served.load(Ordering::Acquire) {
                        break;
                    }
                    tokio::time::sleep(RECOVERY_PAUSE).await;
                }
                (place, client)
            });
        }
        let mut back = tasks.join_all().await;
        back.sort_by_key(|(place, _)| *place);
        self.clients = back.into_iter().map(|(_, client)| client).collect();
    }

    /// Reads every object through every node, or whatever else is asked of it at the end. Each is read once before any is
    /// read twice, so that the time limit, if it strikes, strikes the repetitions first.
    pub async fn read_everything_once_more(&mut self, plan: &Plan, mut interrupt: Interrupt) {
        if self.violation_seen.load(Ordering::Acquire) {
            return;
        }
        if plan.kind.model.is_eventual() {
            // What comes to be everywhere needs a while for that; faults are over.
            let settle = tokio::time::sleep(SETTLE);
            tokio::select! {
                () = settle => {}
                () = interrupt.wait() => {}
            }
        }
        self.enter(Phase::Final, None);
        let deadline = tokio::time::Instant::now() + FINAL_READS_MAX;
        let (nodes, keys) = (plan.nodes.len(), plan.workload.keys(self.operations));
        let mut tasks = JoinSet::new();
        let clients = std::mem::take(&mut self.clients);
        let mut per_node = vec![0; nodes];
        clients
            .iter()
            .for_each(|client| per_node[place_of(plan, client)] += 1);
        for (place, mut client) in clients.into_iter().enumerate() {
            let node = place_of(plan, &client);
            // The clients of one node share its reads; in pass p, node i reads the objects k with k+i = p.
            let (share, among) = (place / nodes, per_node[node]);
            let (workload, keys, broken) = (Arc::clone(&plan.workload), keys.clone(), self.recorder.broken());
            tasks.spawn(async move {
                let mine = (0..nodes).flat_map(|pass| {
                    let of_pass = keys
                        .clone()
                        .filter(move |key| (*key as usize + node) % nodes == pass);
                    of_pass
                        .enumerate()
                        .filter(move |(n, _)| n % among == share)
                        .map(|(_, key)| key)
                });
                for key in mine {
                    if *broken.borrow() {
                        break;
                    }
                    at_the_end::ask(&mut client, &workload.at_the_end(key)).await;
                }
            });
        }
        let total = keys.count() * nodes;
        tokio::select! {
            () = async { while tasks.join_next().await.is_some() {} } => {}
            () = tokio::time::sleep_until(deadline) => {
                tracing::warn!("not all of the {total} reads at the end were done in {FINAL_READS_MAX:?}");
            }
            () = interrupt.wait() => {}
        }
    }

    /// Stops the nodes and makes the history durable. The display stays, for what comes after.
    ///
    /// # Errors
    /// When the history could not be written in full.
    pub async fn tear_down(self) -> Result<Progress> {
        self.enter(Phase::TearDown, None);
        self.watchers.iter().for_each(JoinHandle::abort);
        self.cluster.stop_all().await;
        self.finish().map(|(progress, _)| progress)
    }

    /// Makes the history durable, and lets the nodes go on.
    ///
    /// # Errors
    /// When the history could not be written in full.
    pub async fn leave(self) -> Result<(Progress, Option<Arc<Cluster>>)> {
        self.watchers.iter().for_each(JoinHandle::abort);
        let (progress, cluster) = self.finish()?;
        Ok((progress, Some(cluster)))
    }

    fn finish(mut self) -> Result<(Progress, Arc<Cluster>)> {
        if let Some(capture) = self.capture.take() {
            match self.cluster.network().stop_capture(capture) {
                Ok(done) if done.left_out > 0 => {
                    tracing::warn!("{} packets were too many to be captured", done.left_out);
                }
                Ok(_) => {}
                // What was written is there; the run itself is not less true.
                Err(error) => tracing::warn!("{error}"),
            }
        }
        self.recorder
            .finish()
            .context("write history.jsonl; what was written until then is kept")?;
        Ok((self.progress, self.cluster))
    }

    fn enter(&self, phase: Phase, lasts: Option<Duration>) {
        self.recorder.phase(phase);
        self.progress.phase(phase.name(), lasts);
    }
}

fn place_of(plan: &Plan, client: &Client) -> usize {
    plan.nodes
        .iter()
        .position(|node| node == client.node())
        .expect("every client is bound to a node of the plan")
}

fn make_clients(
    options: &TestOptions,
    plan: &Plan,
    cluster: &Cluster,
    recorder: &Arc<Recorder>,
    dir: &Path,
) -> Result<Vec<Client>> {
    if let Operations::Program(_) = &*plan.operations {
        std::fs::create_dir_all(dir).with_context(|| format!("make {}", dir.display()))?;
    }
    let spec = ClientSpec {
        operations: Arc::clone(&plan.operations),
        recorder: Arc::clone(recorder),
        clients: plan.clients as u64,
        timeout: options.client_timeout,
        dir: dir.to_owned(),
        descriptor_dir: plan.system.dir.clone(),
        workload: plan.workload_name.clone(),
        keeps_exchanges: false,
    };
    let client = |number: usize| {
        let node = &plan.nodes[number % plan.nodes.len()];
        // The client c0 is whoever tells nodes their names.
        let asking = cluster.network().asking(number as u64 + 1);
        Client::new(number as u64, node, &cluster.ip(node).to_string(), asking, &spec)
    };
    (0..plan.clients).map(client).collect()
}

/// Writes down every node that ended though nobody had asked it to.
fn watch_exits(cluster: &Arc<Cluster>, recorder: &Arc<Recorder>) -> JoinHandle<()> {
    let mut exits = cluster.exits();
    let recorder = Arc::clone(recorder);
    tokio::spawn(async move {
        while let Some(exit) = exits.recv().await {
            recorder.note(Note::Exit {
                node: exit.node,
                status: exit.status,
            });
        }
    })
}

fn pass_on(mut broken: watch::Receiver<bool>, stop: watch::Sender<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        if broken.wait_for(|broken| *broken).await.is_ok() {
            stop.send_replace(true);
        }
    })
}

fn pass_on_interrupt(
    mut interrupt: Interrupt,
    recorder: Arc<Recorder>,
    stop: watch::Sender<bool>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        interrupt.wait().await;
        recorder.note(Note::Stop(StopReason::Interrupt));
        stop.send_replace(true);
    })
}
