//! What the nodes and the clients use up: processor time, and syncs. Read before and after.

use super::nodes::Nodes;
use super::system::LogCounters;
use anyhow::{Context, Result};
use nix::unistd::{SysconfVar, sysconf};
use std::time::Instant;

/// Counters at one moment.
pub struct Reading {
    when: Instant,
    logs: Vec<LogCounters>,
    nodes_s: f64,
    clients_s: f64,
    machine: Machine,
}

/// The whole machine's processor time since it was started, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Machine {
    busy_s: f64,
    all_s: f64,
}

/// What was used between two moments.
#[derive(Clone, Debug)]
pub struct Spent {
    /// Between them.
    pub wall_s: f64,
    /// What all nodes' logs did.
    pub log: LogCounters,
    /// Processor time of the nodes.
    pub nodes_s: f64,
    /// Processor time of the clients.
    pub clients_s: f64,
    /// Which part of the machine's processor time was used, by whomever.
    pub machine_busy: f64,
    /// How many processors' time there was.
    pub processors: f64,
}

impl Reading {
    /// Reads all counters.
    ///
    /// # Errors
    /// When a node or the kernel does not say them.
    pub async fn take(nodes: &Nodes) -> Result<Reading> {
        let logs = nodes.metrics().await?;
        let read = |text: &String| LogCounters::read(nodes.system, text);
        let tick_s = tick_s()?;
        let mut nodes_s = 0.0;
        for pid in nodes.pids() {
            nodes_s += process_ticks(&format!("/proc/{pid}/stat"))? * tick_s;
        }
        let stat = std::fs::read_to_string("/proc/stat").context("read /proc/stat")?;
        Ok(Reading {
            when: Instant::now(),
            logs: logs.iter().map(read).collect::<Result<_>>()?,
            nodes_s,
            clients_s: process_ticks("/proc/self/stat")? * tick_s,
            machine: machine(&stat, tick_s).context("understand /proc/stat")?,
        })
    }

    /// What was used since `earlier`.
    pub fn since(&self, earlier: &Reading) -> Spent {
        let wall_s = self.when.duration_since(earlier.when).as_secs_f64();
        let mut log = LogCounters::default();
        for (now, then) in self.logs.iter().zip(&earlier.logs) {
            log.syncs += now.syncs - then.syncs;
            log.seconds += now.seconds - then.seconds;
            if let (Some(now), Some(then)) = (now.bytes, then.bytes) {
                log.bytes = Some(log.bytes.unwrap_or(0.0) + now - then);
            }
        }
        let all_s = self.machine.all_s - earlier.machine.all_s;
        Spent {
            wall_s,
            log,
            nodes_s: self.nodes_s - earlier.nodes_s,
            clients_s: self.clients_s - earlier.clients_s,
            machine_busy: (self.machine.busy_s - earlier.machine.busy_s) / all_s.max(f64::MIN_POSITIVE),
            processors: all_s / wall_s,
        }
    }
}

impl Spent {
    /// How much was written with one sync, where that is counted.
    pub fn sync_bytes(&self) -> Option<usize> {
        let bytes = self.log.bytes? / self.log.syncs;
        bytes.is_normal().then_some(bytes.round() as usize)
    }
}

fn tick_s() -> Result<f64> {
    let ticks = sysconf(SysconfVar::CLK_TCK).context("ask for the kernel's clock tick")?;
    Ok(1.0 / ticks.unwrap_or(100) as f64)
}

/// User and system time of a process.
fn process_ticks(path: &str) -> Result<f64> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read {path}"))?;
    ticks(&text).with_context(|| format!("understand {path}"))
}

/// The 14th and the 15th field; the second, the program's name in brackets, may have anything in it.
fn ticks(stat: &str) -> Option<f64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
}

/// The first line: user, nice, system, idle, waiting for the disk, interrupts twice, stolen.
fn machine(stat: &str, tick_s: f64) -> Option<Machine> {
    let numbers = stat
        .lines()
        .next()?
        .strip_prefix("cpu ")?
        .split_whitespace()
        .take(8);
    let numbers: Vec<f64> = numbers.map(str::parse).collect::<Result<_, _>>().ok()?;
    let (all, idle) = (numbers.iter().sum::<f64>(), numbers.get(3)? + numbers.get(4)?);
    Some(Machine {
        busy_s: (all - idle) * tick_s,
        all_s: all * tick_s,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_may_be_named_anything() {
        let stat = "17 (a) b (c) S 1 17 17 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 5 0 100";
        assert_eq!(ticks(stat), Some(300.0));
        assert_eq!(ticks("17 (a) S 1"), None);
    }

    #[test]
    fn idle_and_waiting_is_not_busy() {
        let stat = "cpu  100 0 50 800 40 0 10 0 0 0\ncpu0 1 2 3";
        assert_eq!(
            machine(stat, 0.01),
            Some(Machine {
                busy_s: 1.6,
                all_s: 10.0
            })
        );
        assert_eq!(machine("intr 1", 0.01), None);
    }
}
