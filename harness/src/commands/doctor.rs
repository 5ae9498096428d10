//! `harness doctor`: which faults this machine can inject, and how to get the others.

use super::print;
use crate::exit;
use cluster::probe::Capability;
use std::process::ExitCode;

/// The probes that a kind of fault needs beside what every run needs, by their names.
const NEEDS: [(&str, &str); 2] = [("disk", DISKS), ("clock", CLOCKS)];
const DISKS: &str = "disks of one's own";
const CLOCKS: &str = "clock faults";

pub fn doctor() -> ExitCode {
    let probed = cluster::probe::capabilities().and_then(|mut capabilities| {
        capabilities.push(cluster::probe::clocks()?);
        Ok(capabilities)
    });
    let capabilities = match probed {
        Ok(capabilities) => capabilities,
        Err(error) => return super::fail(&error.into()),
    };
    print(&told(&capabilities));
    match can_run(&capabilities) {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(exit::ERROR),
    }
}

fn can_run(capabilities: &[Capability]) -> bool {
    let mut required = capabilities.iter().filter(|capability| capability.required);
    required.all(|capability| capability.ok.is_ok())
}

fn told(capabilities: &[Capability]) -> String {
    let mut text = String::new();
    for capability in capabilities {
        text += &match &capability.ok {
            Ok(detail) => format!("✓ {}: {detail}\n", capability.name),
            Err(missing) => format!(
                "✗ {}: {}\n  fix: {}\n",
                capability.name, missing.reason, missing.fix
            ),
        };
    }
    text += "\nFaults that can be had here:\n";
    for (kind, what) in nemesis::package::KINDS {
        let needed = NEEDS.iter().find(|(of, _)| *of == kind).map(|(_, probe)| *probe);
        let has = |probe: &str| {
            let found = capabilities.iter().find(|capability| capability.name == probe);
            found.is_some_and(|capability| capability.ok.is_ok())
        };
        text += &match (can_run(capabilities), needed) {
            (false, _) => format!("✗ {kind}: no run can be had, see above\n"),
            (true, Some(probe)) if !has(probe) => format!("✗ {kind}: needs {probe}, see above\n"),
            (true, _) => format!("✓ {kind}: {what}\n"),
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
        assert!(!told(&of(true, true)).contains('✗'));
        let text = told(&of(false, true));
        assert!(text.contains("fix: get it\n"), "{text}");
        assert!(
            text.contains("✗ disk: needs disks of one's own, see above"),
            "{text}"
        );
        assert!(text.contains("✓ kill: ") && text.contains("✓ clock: "), "{text}");
        assert!(can_run(&of(false, false)), "the other faults can be had");
        let none = [capability("namespaces", true, false)];
        assert!(!can_run(&none) && told(&none).contains("✗ kill: no run can be had"));
    }

    #[test]
    fn what_faults_need_is_what_is_probed() {
        let kinds = nemesis::package::KINDS.map(|(kind, _)| kind);
        assert!(NEEDS.iter().all(|(kind, _)| kinds.contains(kind)));
    }
}
