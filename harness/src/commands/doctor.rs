//! `harness doctor`: which faults this machine can inject, and why not the others.

use super::print;
use crate::exit;
use std::process::ExitCode;

pub fn doctor() -> ExitCode {
    let capabilities = match cluster::probe::capabilities() {
        Ok(capabilities) => capabilities,
        Err(error) => return super::fail(&error.into()),
    };
    let mut text = String::new();
    for capability in &capabilities {
        text += &match &capability.ok {
            Ok(detail) => format!("✓ {}: {detail}\n", capability.name),
            Err(missing) => format!(
                "✗ {}: {}\n  fix: {}\n",
                capability.name, missing.reason, missing.fix
            ),
        };
    }
    let all = capabilities
        .iter()
        .all(|capability| capability.ok.is_ok() || !capability.required);
    let sign = if all { "✓" } else { "✗" };
    for (kind, what) in nemesis::package::KINDS {
        text += &format!("{sign} {kind}: {what}\n");
    }
    text += "– pause, packet, disk, clock: this version has no such faults\n";
    print(&text);
    if all {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::ERROR)
    }
}
