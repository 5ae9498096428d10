//! `harness doctor`: which faults this machine can inject, how to get the others, and what limits a run.
//!
//! Read next: `system`, for `harness doctor SYSTEM`; `command`, for `--for`.

mod command;
mod machine;
mod system;

use super::print;
use crate::cli::DoctorOptions;
use crate::exit;
use crate::network::Decision;
use cluster::probe::Capability;
use std::process::ExitCode;

/// The probes that a kind of fault needs beside what every run needs, by their names.
const NEEDS: [(&str, &str); 2] = [("disk", DISKS), ("clock", CLOCKS)];
const DISKS: &str = "disks of one's own";
const CLOCKS: &str = "clock faults";

pub fn doctor(options: &DoctorOptions) -> ExitCode {
    if options.subject.is_some() || options.maelstrom.is_some() {
        return system::examine(options);
    }
    if let Some(typed) = &options.for_command {
        return command::examine(typed);
    }

    let probed = cluster::probe::capabilities().and_then(|mut capabilities| {
        capabilities.push(cluster::probe::clocks()?);
        capabilities.extend(machine::capabilities());
        Ok(capabilities)
    });
    let capabilities = match probed {
        Ok(capabilities) => capabilities,
        Err(error) => return super::fail(&error.into()),
    };
    print(&told(&capabilities, &cluster::probe::proxies()));
    match can_run(&capabilities) {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(exit::ERROR),
    }
}

fn can_run(capabilities: &[Capability]) -> bool {
    let mut required = capabilities.iter().filter(|capability| capability.required);
    required.all(|capability| capability.ok.is_ok())
}

fn told(capabilities: &[Capability], proxies: &Capability) -> String {
    let mut text = String::new();
    for capability in capabilities.iter().chain([proxies]) {
        text += &match &capability.ok {
            Ok(detail) => format!("✓ {}: {detail}\n", capability.name),
            Err(missing) => format!(
                "✗ {}: {}\n  fix: {}\n",
                capability.name, missing.reason, missing.fix
            ),
        };
    }
    let decision = Decision::of(capabilities);
    let is_possible = can_run(capabilities) || proxies.ok.is_ok();
    text += &format!("\n{} {decision}\n", if is_possible { '✓' } else { '✗' });
    text += "\nFaults that can be had here:\n";
    for (kind, what) in nemesis::package::KINDS {
        let packages = nemesis::parse(kind).expect("the name of a kind is a list of one");
        let infeasible = nemesis::feasible::check_packages(&packages, decision.backend);
        let needed = NEEDS.iter().find(|(of, _)| *of == kind).map(|(_, probe)| *probe);
        let has = |probe: &str| {
            let found = capabilities.iter().find(|capability| capability.name == probe);
            found.is_some_and(|capability| capability.ok.is_ok())
        };
        text += &match (infeasible, needed) {
            _ if !is_possible => format!("✗ {kind}: no run can be had, see above\n"),
            (Err(infeasible), _) => format!("✗ {kind}: {infeasible}\n"),
            (Ok(()), Some(probe)) if !has(probe) => format!("✗ {kind}: needs {probe}, see above\n"),
            (Ok(()), _) => format!("✓ {kind}: {what}\n"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use cluster::Missing;

    fn capability(name: &'static str, required: bool, is_there: bool) -> Capability {
        let missing = Missing {
            reason: "it is not there".to_owned(),
            fix: "get it".to_owned(),
        };
        let ok = is_there.then(|| "it is there".to_owned()).ok_or(missing);
        Capability { name, required, ok }
    }

    #[test]
    fn a_fault_that_cannot_be_had_is_said_with_what_it_needs() {
        let of = |disks, clocks| {
            [
                capability("namespaces", true, true),
                capability(DISKS, false, disks),
                capability(CLOCKS, false, clocks),
            ]
        };
        let proxies = |is_there| capability("network of proxies", false, is_there);
        let told = |capabilities: &[Capability]| super::told(capabilities, &proxies(true));
        assert!(!told(&of(true, true)).contains('✗'));
        assert!(told(&of(true, true)).contains("✓ network: switch\n"));
        let text = told(&of(false, true));
        assert!(text.contains("fix: get it\n"), "{text}");
        assert!(
            text.contains("✗ disk: needs disks of one's own, see above"),
            "{text}"
        );
        assert!(text.contains("✓ kill: ") && text.contains("✓ clock: "), "{text}");
        assert!(can_run(&of(false, false)), "the other faults can be had");
        let none = [capability("namespaces", true, false)];
        assert!(!can_run(&none));
        let text = super::told(&none, &proxies(false));
        assert!(text.contains("✗ kill: no run can be had"), "{text}");
        let text = told(&none);
        assert!(
            text.contains("✓ network: proxy, because it is not there; it can have no loss"),
            "{text}"
        );
        assert!(
            text.contains("✓ kill: ") && text.contains("✗ disk: disk cannot be had"),
            "{text}"
        );
    }

    #[test]
    fn what_faults_need_is_what_is_probed() {
        let kinds = nemesis::package::KINDS.map(|(kind, _)| kind);
        assert!(NEEDS.iter().all(|(kind, _)| kinds.contains(kind)));
    }
}
