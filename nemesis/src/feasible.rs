//! Which faults a network's backend cannot have: said by name, with what can be had instead, before anything starts.

use crate::executor::effect;
use crate::{Package, PacketForm, Schedule};
use cluster::Backend;
use history::Fault;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A fault that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault} cannot be had with --network {backend}: {reason}; {instead}")]
pub struct Infeasible {
    /// Its name, as in `packet:loss`.
    pub fault: String,
    /// How nodes would be connected.
    pub backend: Backend,
    /// Why it is not to be had.
    pub reason: String,
    /// What to do about it.
    pub instead: String,
}

/// Whether everything that a `--nemesis` list may bring can be had.
///
/// # Errors
/// The first that cannot be, and the list without all of those.
pub fn check_packages(packages: &[Package], backend: Backend) -> Result<(), Infeasible> {
    let Some((fault, reason)) = packages.iter().find_map(|it| refused(it, backend)) else {
        return Ok(());
    };
    let rest: Vec<String> = possible(packages, backend)
        .iter()
        .map(Package::to_string)
        .collect();
    let instead = if rest.is_empty() {
        format!("choose other faults{}", or_switch(backend))
    } else {
        format!("write --nemesis {}{}", rest.join(","), or_switch(backend))
    };
    Err(Infeasible {
        fault,
        backend,
        reason,
        instead,
    })
}

/// What can be had of a `--nemesis` list.
pub fn possible(packages: &[Package], backend: Backend) -> Vec<Package> {
    packages
        .iter()
        .filter_map(|package| without_refused(package, backend))
        .collect()
}

/// Whether every fault of a schedule can be had.
///
/// # Errors
/// The first that cannot be.
pub fn check_schedule(schedule: &Schedule, backend: Backend) -> Result<(), Infeasible> {
    for planned in &schedule.faults {
        let packets = || match &planned.fault {
            Fault::Packet { effect, .. } => backend.can(&effect::of(*effect)).err(),
            _ => None,
        };
        let refused = match planned {
            _ if planned.needs_disks() => disks(backend),
            _ if planned.needs_clocks() => clocks(backend),
            _ if planned.changes_members() => members(backend),
            _ => packets().map(|why| why.to_string()),
        };
        if let Some(reason) = refused {
            return Err(Infeasible {
                fault: format!("fault {} of the schedule ({})", planned.id, planned.fault.kind()),
                backend,
                reason,
                instead: format!("take it out{}", or_switch(backend)),
            });
        }
    }
    Ok(())
}

/// What else there is, for nodes that can be connected in another way. Those that speak by messages cannot.
fn or_switch(backend: Backend) -> &'static str {
    match backend {
        Backend::Switch | Backend::Proxy => ", or take --network switch",
        Backend::Messages => "",
    }
}

fn disks(backend: Backend) -> Option<String> {
    let reason = "a disk that can fail is mounted in the sandbox, and there is none";
    (backend != Backend::Switch).then(|| reason.to_owned())
}

fn clocks(backend: Backend) -> Option<String> {
    let reason = "clocks need a /dev/shm of their own, which only the sandbox has";
    (backend != Backend::Switch).then(|| reason.to_owned())
}

fn members(backend: Backend) -> Option<String> {
    let reason = match backend {
        Backend::Switch => return None,
        Backend::Proxy => {
            "a new member is known to all others by one address, and with proxies each reaches it at another"
        }
        Backend::Messages => "who the members are, nodes are told once, before anything else",
    };
    Some(reason.to_owned())
}

/// The first of a package that cannot be had, and why.
fn refused(package: &Package, backend: Backend) -> Option<(String, String)> {
    let whole = |why| (package.kind().to_owned(), why);
    match package {
        Package::Partition(_) | Package::Kill(_) | Package::Terminate(_) | Package::Pause(_) => None,
        Package::Member(_) => members(backend).map(whole),
        Package::Packet(forms) => forms.iter().find_map(|form| {
            let why = packet(*form, backend)?;
            Some((format!("packet:{}", form.name()), why))
        }),
        Package::Disk(_) => disks(backend).map(whole),
        Package::Clock(_) => clocks(backend).map(whole),
    }
}

fn packet(form: PacketForm, backend: Backend) -> Option<String> {
    // Which effect a form has does not depend on the dice.
    let drawn = form.draw(&["n1".to_owned()], &mut ChaCha8Rng::seed_from_u64(0));
    let Fault::Packet { effect, .. } = drawn else {
        unreachable!("a form of packet faults draws one")
    };
    backend.can(&effect::of(effect)).err().map(|why| why.to_string())
}

/// What is left of a package.
fn without_refused(package: &Package, backend: Backend) -> Option<Package> {
    let Package::Packet(forms) = package else {
        return refused(package, backend).is_none().then(|| package.clone());
    };
    let left = forms.iter().filter(|form| packet(**form, backend).is_none());
    let left: Vec<PacketForm> = left.copied().collect();
    (!left.is_empty()).then_some(Package::Packet(left))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn told(list: &str, backend: Backend) -> String {
        let checked = check_packages(&parse(list).unwrap(), backend);
        checked.map_or_else(|why| why.to_string(), |()| "all of it".to_owned())
    }

    #[test]
    fn the_switch_can_have_everything() {
        for list in ["all", "none", "packet:corrupt-past-checksum"] {
            assert_eq!(told(list, Backend::Switch), "all of it");
        }
    }

    #[test]
    fn a_proxy_says_what_it_cannot_and_what_is_left() {
        for list in [
            "none",
            "partition,kill,pause",
            "packet:delay+rate+stutter+hold+reset+corrupt-past-checksum",
        ] {
            assert_eq!(told(list, Backend::Proxy), "all of it");
        }
        assert_eq!(
            told("packet", Backend::Proxy),
            "packet:loss cannot be had with --network proxy: a proxy forwards streams, and TCP makes up for losses \
             before a program sees them; write --nemesis packet:delay+rate+stutter+hold+reset, or take --network switch"
        );
        let all = told("all", Backend::Proxy);
        assert!(
            all.ends_with(
                "write --nemesis partition,kill,pause,packet:delay+rate+stutter+hold+reset,terminate, or take --network switch"
            ),
            "{all}"
        );
        let disk = told("disk", Backend::Proxy);
        assert!(
            disk.starts_with("disk cannot be had")
                && disk.ends_with("choose other faults, or take --network switch"),
            "{disk}"
        );
        let some = told("partition:halves+bridge,kill:n2,clock:jump", Backend::Proxy);
        assert!(
            some.contains("--nemesis partition:halves+bridge,kill:n2,"),
            "{some}"
        );
    }

    #[test]
    fn messages_say_what_they_cannot_and_what_is_left() {
        for list in [
            "partition,kill,pause",
            "packet:delay+loss+reorder+rate+stutter+hold",
        ] {
            assert_eq!(told(list, Backend::Messages), "all of it");
        }
        let packets = told("packet", Backend::Messages);
        assert!(
            packets.starts_with("packet:duplicate cannot be had with --network messages: Maelstrom delivers")
                && packets.ends_with("; write --nemesis packet:delay+loss+reorder+rate+stutter+hold"),
            "{packets}"
        );
        for kind in ["disk", "clock", "packet:corrupt", "packet:reset"] {
            let refused = told(kind, Backend::Messages);
            assert!(refused.ends_with("; choose other faults"), "{refused}");
        }
    }

    #[test]
    fn a_fault_of_a_schedule_is_refused_by_its_number() {
        let schedule = |fault: &str| {
            let text = format!(
                r#"{{"schema": "harness.schedule/v1", "seed": 1, "faults": [{{"end_ms": 9, "fault": {fault}}}]}}"#
            );
            Schedule::from_json(
                &text,
                &["n1".to_owned(), "n2".to_owned()],
                std::time::Duration::from_secs(1),
            )
            .unwrap()
        };
        let loss = r#"{"kind": "packet", "links": [["n1", "n2"]], "effect": {"does": "loss", "percent": 5, "burst": 1}}"#;
        let told = check_schedule(&schedule(loss), Backend::Proxy)
            .unwrap_err()
            .to_string();
        assert!(
            told.starts_with("fault 1 of the schedule (packet) cannot be had"),
            "{told}"
        );
        assert_eq!(check_schedule(&schedule(loss), Backend::Switch), Ok(()));
        let hold = r#"{"kind": "packet", "links": [["n1", "n2"]], "effect": {"does": "hold"}}"#;
        assert_eq!(check_schedule(&schedule(hold), Backend::Proxy), Ok(()));
        let power = r#"{"kind": "kill", "nodes": ["n1"], "power": true}"#;
        assert!(check_schedule(&schedule(power), Backend::Proxy).is_err());
        let mut waits = schedule(hold);
        let node = "n1".to_owned();
        waits.faults[0].when = Some(crate::Trigger::DirectoryChange {
            node,
            then_requests: 0,
            held: false,
        });
        assert!(
            check_schedule(&waits, Backend::Proxy).is_err(),
            "there is no disk to be watched"
        );
        assert_eq!(check_schedule(&waits, Backend::Switch), Ok(()));
    }
}
