//! A whole test, as a recipe. This is the file to read first.
//!
//! The plan is drawn from the seed and written down; the world is built; clients work while faults come and
//! go; everything is mended, recovers and is read once more; the nodes are stopped. Then the verdict is given
//! from the history file alone, exactly as `harness check` gives it later.

mod at_the_end;
mod desk;
mod fail_fast;
pub mod judgement;
mod left;
mod load;
mod load_average;
mod machine;
mod plan;
mod program;
mod schedule;
mod world;

use crate::cli::TestOptions;
use crate::events::{Event, Events};
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use anyhow::{Context, Result};
use checker::Limits;
use judgement::{Judgement, Terms};
pub use left::{Doors, Left};
use load_average::LoadWatch;
use plan::Plan;
pub use plan::{choose_workload, command_line, draw_seed, found_system};
use results::{Outcome, RunDir, RunInfo, Store};
use std::sync::Arc;
use std::time::Duration;
use world::World;

/// Says what is wrong with the options, before anything is started.
///
/// # Errors
/// What is wrong.
pub fn refuse(options: &TestOptions) -> Result<()> {
    Plan::draw(options).map(drop)
}

/// The options with those faults of `--nemesis all` that the system can have.
///
/// # Errors
/// When there is no such system.
pub fn fitted(options: &TestOptions) -> Result<TestOptions> {
    let mut fitted = options.clone();
    fitted.nemesis.packages = plan::possible_packages(options)?;
    Ok(fitted)
}

/// Says what of the options this way of connecting nodes cannot have.
///
/// # Errors
/// What cannot be, and what can be instead.
pub fn refuse_on(options: &TestOptions, backend: cluster::Backend) -> Result<()> {
    Plan::draw(options)?.refuse_on(options, backend)
}

/// Says what of the options this machine cannot have. To be called before there is any thread.
///
/// # Errors
/// What is missing, and how to get it.
pub fn refuse_here(options: &TestOptions) -> Result<()> {
    machine::require(&Plan::draw(options)?)
}

/// What a run comes to.
pub struct Finished {
    /// Its verdict.
    pub judgement: Judgement,
    /// Its nodes, where they are to go on running.
    pub left: Option<Left>,
}

/// The doors to nodes that are left running; nothing where they are not. To be called outside the sandbox.
///
/// # Errors
/// When the options cannot be, or this machine has no ports free.
pub fn doors(options: &TestOptions) -> Result<Option<Doors>> {
    if !options.leave_db_running || options.network.backend() != cluster::Backend::Switch {
        return Ok(None);
    }
    let plan = Plan::draw(options)?;
    Doors::make(&plan.nodes, &plan.system.node.ports)
        .map(Some)
        .context("listen on this machine, for --leave-db-running")
}

/// Tests a system once and judges what happened.
///
/// # Errors
/// When the run could not be had, or its record not kept. `Broken` says whether there is a directory with
/// what there is.
pub async fn run(options: &TestOptions, interrupt: Interrupt, events: &Events) -> Result<Finished, Broken> {
    let mut plan = Plan::draw(options)?;
    let store = Store::at(&options.store);
    let program = program::look_up(&plan);
    let (mut info, directory) = begin(options, &plan, &store).await?;
    // Until this function returns, everybody sees that the run is in progress.
    let _hold = directory.hold().map_err(anyhow::Error::from)?;
    crate::systems::unpack(&mut plan.system, directory.path())?;
    crate::log::keep_in(&directory).context("write harness.log")?;
    crate::systems::keep(&plan.system, directory.path())?;
    let load = LoadWatch::begin();
    events.now(Event::RunStarted {
        run: Box::new(info.clone()),
        directory: directory.path().display().to_string(),
    });
    let carried_out = carry_out(options, &plan, &info, &directory, interrupt, events).await;
    events.settle().await;
    info.environment.load_max = load.end();
    info.program_file = program.await.ok().flatten();
    let broken = |error| Broken {
        error,
        kept: Some((info.clone(), directory.clone())),
    };
    let (mut progress, cluster) = carried_out.map_err(broken)?;
    let noted = directory
        .write_json("options.json", &info)
        .context("write options.json");
    noted.map_err(broken)?;
    progress.phase("check", None);
    events.now(Event::CheckProgress { done: 0, of: None });
    let watch = progress.check();
    let terms = Terms {
        limits: Limits {
            time: Some(options.checker_timeout),
            memory_bytes: Some(options.checker_memory),
        },
        shrink: options.shrink.budget(),
        watch: Some(&watch),
        ..Terms::default()
    };
    // The display goes on meanwhile, on another thread.
    let judged = tokio::task::block_in_place(|| {
        let judgement = events.while_checked(&watch, || judgement::of_run(&directory, terms))?;
        events.checked(&judgement.results);
        progress.phase("report", None);
        judgement.keep(&store, &directory)?;
        Ok(judgement)
    });
    progress.end().await;
    let judgement = judged.map_err(broken)?;
    // The disks of a run in which nothing went wrong tell nobody anything, and may be large.
    let are_disks_kept = judgement.results.verdict != Outcome::Valid || options.keep_data;
    let left = cluster.map(|cluster| Left {
        cluster,
        system: plan.system,
        directory: directory.clone(),
        are_disks_kept,
    });
    if left.is_none() && !are_disks_kept {
        directory.clear_disks(&info.nodes);
    }
    Ok(Finished { judgement, left })
}

/// How often a run waits for an id of its own.
const BEGINNINGS_MAX: u32 = 10;

/// Makes the folder of the run. An id has the second and the seed in it: when a run of this seed began in this very second,
/// as quick replays do, this one waits for the next.
async fn begin(options: &TestOptions, plan: &Plan, store: &Store) -> Result<(RunInfo, RunDir)> {
    let mut tries = 0;
    loop {
        let info = plan.run_info(options, jiff::Timestamp::now());
        let folder = options.name.as_deref().unwrap_or(&info.system);
        match store.create_run_named(folder, &info) {
            Ok(directory) => return Ok((info, directory)),
            Err(error) if error.is_taken() && tries < BEGINNINGS_MAX => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn carry_out(
    options: &TestOptions,
    plan: &Plan,
    info: &results::RunInfo,
    directory: &RunDir,
    interrupt: Interrupt,
    events: &Events,
) -> Result<(Progress, Option<Arc<cluster::Cluster>>)> {
    directory
        .write_json("schedule.json", &plan.schedule)
        .context("write schedule.json")?;
    let header = plan.header(options, info);
    let mut world = World::set_up(
        options,
        plan,
        &header,
        directory.path(),
        interrupt.clone(),
        events,
    )
    .await?;
    world.write_beforehand(plan).await;
    let carried_out = world.work_under_faults(options, plan).await;
    directory
        .write_json("schedule.json", &carried_out)
        .context("write schedule.json")?;
    world.heal(options).await;
    world.recover(options, plan).await;
    world.read_everything_once_more(plan, interrupt.clone()).await;
    match options.leave_db_running && !interrupt.is_asked() {
        true => world.leave().await,
        false => Ok((world.tear_down().await?, None)),
    }
}

/// A run without a verdict.
#[derive(Debug)]
pub struct Broken {
    /// What went wrong.
    pub error: anyhow::Error,
    /// The run's directory, when it had one already.
    pub kept: Option<(results::RunInfo, RunDir)>,
}

impl From<anyhow::Error> for Broken {
    fn from(error: anyhow::Error) -> Broken {
        Broken { error, kept: None }
    }
}
