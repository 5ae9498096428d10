//! What some faults need of this machine, beside what every run needs: tried before anything is started, in the way in
//! which `harness doctor` tries it, so that nothing is left of a run that could not be had.
//!
//! What every run needs is found out by doing; see `crate::network`.

use super::plan::Plan;
use anyhow::{Context, Result, anyhow};
use cluster::probe::{self, Capability};
use cluster::system::{CommandLine, NodeVariables};
use cluster::{SandboxError, clock};
use std::net::Ipv4Addr;

/// Sees to it that the disks and clocks of a plan can be had. To be called before there is any thread.
///
/// # Errors
/// What is missing, and how to get it; for clocks, also which program of the system they cannot be changed for.
pub fn require(plan: &Plan) -> Result<()> {
    if plan.disks().is_some() {
        has(probe::disks()).context("start a test in which disks go wrong")?;
    }
    if plan.clocks() {
        let what = "start a test in which clocks go wrong";
        has(probe::clocks()).context(what)?;
        for command in programs(plan)? {
            clock::reach(&command).map_err(|why| anyhow!(why)).context(what)?;
        }
    }
    Ok(())
}

fn has(probed: Result<Capability, SandboxError>) -> Result<()> {
    match probed.map_err(|why| anyhow!(why))?.ok {
        Ok(_) => Ok(()),
        Err(missing) => Err(anyhow!(missing)),
    }
}

/// What the first node is started with, but for those that look elsewhere for their program.
fn programs(plan: &Plan) -> Result<Vec<Vec<String>>> {
    let all = commands_of_first_node(plan)?.into_iter();
    Ok(all
        .filter(|command| !command.env.contains_key("PATH"))
        .map(|command| command.argv)
        .collect())
}

/// What the first node is started with: its own command, and then those beside it. Addresses and data are made up, for they
/// do not matter to which programs these are.
///
/// # Errors
/// When the harness's own file cannot be found.
pub fn commands_of_first_node(plan: &Plan) -> Result<Vec<CommandLine>> {
    let harness = std::env::current_exe().context("find the harness's own program file")?;
    let hosts: Vec<_> = plan
        .nodes
        .iter()
        .map(|node| (node.clone(), Ipv4Addr::LOCALHOST))
        .collect();
    let variables = NodeVariables {
        node: &plan.nodes[0],
        index: 1,
        ip: Ipv4Addr::LOCALHOST,
        data: "/",
        harness: harness.to_str().context("the harness's own path is not UTF-8")?,
        dir: &plan.system.dir,
        hosts: &hosts,
        joins: &std::collections::BTreeMap::new(),
    };
    let recipe = &plan.system.node;
    let own = recipe.command_line(&variables);
    let beside = recipe
        .companions(&variables)
        .into_iter()
        .map(|(_, command)| command);
    Ok(std::iter::once(own).chain(beside).collect())
}
