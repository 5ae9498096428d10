//! The faults of a run: drawn from its seed, or those of a file, or those of a scenario of its system.

use crate::cli::TestOptions;
use crate::suggest;
use crate::systems::scenarios;
use anyhow::{Context, Result, anyhow, bail};
use cluster::System;
use nemesis::{Package, Request, Schedule};
use results::RunDir;
use std::path::Path;

/// The largest schedule that is read: a hundred thousand faults.
const BYTES_MAX: u64 = 64 << 20;

/// The faults that the options ask for.
///
/// # Errors
/// What of them cannot be.
pub fn of(options: &TestOptions, system: &System, nodes: &[String], seed: u64) -> Result<Schedule> {
    let schedule = match &options.schedule {
        Some(named) => {
            let text = text(named, system).with_context(|| format!("--schedule {}", named.display()))?;
            Schedule::from_json(&text, nodes, options.time_limit)
                .with_context(|| format!("--schedule {}", named.display()))?
        }
        None => Schedule::generate(&Request {
            packages: &options.nemesis.packages,
            nodes,
            interval: options.nemesis_interval,
            time_limit: options.time_limit,
            seed,
        })?,
    };
    require_primary(&schedule, nodes, options, system)?;
    require_member(&schedule, options, system)?;
    Ok(schedule)
}

/// Of `--nemesis all`, what can be had of this system: how members come and go only its descriptor can say.
pub fn without_members(options: &TestOptions, system: &System) -> Vec<Package> {
    let mut packages = options.nemesis.packages.clone();
    if options.nemesis.text.trim() == "all" && system.node.member.is_none() {
        packages.retain(|package| !matches!(package, Package::Member(_)));
    }
    packages
}

/// What is in a file, or in the scenario of this name. A file comes first; what could not be the name of a scenario is one.
fn text(named: &Path, system: &System) -> Result<String> {
    if let Some(name) = name_of_scenario(named) {
        let known: Vec<_> = scenarios::of(&system.name).collect();
        let names: Vec<&str> = known.iter().map(|scenario| scenario.name).collect();
        return match known.iter().find(|scenario| scenario.name == name) {
            Some(scenario) => Ok(scenario.text.to_owned()),
            None if known.is_empty() => Err(anyhow!(
                "there is no such file, and {} has no scenarios",
                system.name
            )),
            None => Err(anyhow!(
                "there is no such file; {}",
                suggest::unknown("scenario", name, &names)
            )),
        };
    }
    let length = std::fs::metadata(named)?.len();
    if length > BYTES_MAX {
        bail!("{length} bytes; {BYTES_MAX} are the most");
    }
    Ok(std::fs::read_to_string(named)?)
}

/// What could only be the name of a scenario.
fn name_of_scenario(named: &Path) -> Option<&str> {
    named
        .to_str()
        .filter(|name| !named.exists() && !name.contains(['/', '.']))
}

/// The scenario whose faults a run has, for whoever reads about it: that of this name, or that of the run whose
/// `schedule.json` it is, as in a replay.
pub fn scenario(options: &TestOptions, system: &System) -> Option<results::Scenario> {
    let named = options.schedule.as_deref()?;
    let Some(name) = name_of_scenario(named) else {
        return of_run(named);
    };
    let scenario = scenarios::of(&system.name).find(|scenario| scenario.name == name)?;
    Some(results::Scenario {
        name: scenario.name.to_owned(),
        about: scenario.about(),
    })
}

/// The scenario of the run that has written down these faults.
fn of_run(schedule: &Path) -> Option<results::Scenario> {
    let is_of_run = schedule.file_name() == Some("schedule.json".as_ref());
    let folder = schedule.parent().filter(|_| is_of_run)?;
    RunDir::at(folder).info()?.scenario
}

/// Sees to it that it is said how members are taken out and in, if a fault is about that.
///
/// # Errors
/// Which fault, and what the descriptor does not say.
fn require_member(schedule: &Schedule, options: &TestOptions, system: &System) -> Result<()> {
    if system.node.member.is_some() {
        return Ok(());
    }
    let is_asked = |package: &Package| matches!(package, Package::Member(_));
    let of_schedule = schedule.faults.iter().find(|planned| planned.changes_members());
    let asked_for = match (&options.schedule, of_schedule) {
        (Some(_), Some(planned)) => format!("fault {} of the schedule", planned.id),
        (None, _) if options.nemesis.packages.iter().any(is_asked) => "member".to_owned(),
        _ => return Ok(()),
    };
    bail!(
        "{asked_for} changes who is a member, and it is not said how a node of {} is taken out and in: there is no [node.member] \
         in its descriptor; write one (`harness docs plugging-in-a-system`), or name other faults",
        system.name
    )
}

/// Sees to it that a node can be asked whether it is the primary, if a fault is about that.
///
/// # Errors
/// Which fault, and what the descriptor does not say.
fn require_primary(
    schedule: &Schedule,
    nodes: &[String],
    options: &TestOptions,
    system: &System,
) -> Result<()> {
    let of_primary = |package: &&Package| package.names_primary();
    let asked_for = match (&options.schedule, schedule.first_of_primary(nodes)) {
        (Some(_), Some(planned)) => format!("fault {} of the schedule", planned.id),
        // Also where the run is too short for it to be drawn.
        (None, _) => match options.nemesis.packages.iter().find(of_primary) {
            Some(package) => format!("{}:primary", package.kind()),
            None => return Ok(()),
        },
        (Some(_), None) => return Ok(()),
    };
    match &system.node.primary {
        Some(_) => Ok(()),
        None => bail!(
            "{asked_for} hits the primary, and it is not said how a node of {} is asked whether it is that: there is no \
             [node.primary] in its descriptor; write one, or name other targets (`harness list nemeses`)",
            system.name
        ),
    }
}
