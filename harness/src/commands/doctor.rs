//! `harness doctor`: which faults this machine can inject, and why not the others.

use super::print;
use crate::exit;
use crate::network::Decision;
use cluster::Backend;
use cluster::probe::Capability;
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
    let all = capabilities.iter().all(|capability| capability.ok.is_ok());
    text += &networks(&capabilities);
    text += "– pause, packet, disk, clock: this version has no such faults\n";
    print(&text);
    if all {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::ERROR)
    }
}

/// What `--network auto` would take, and which faults it could have then.
fn networks(capabilities: &[Capability]) -> String {
    let missing = capabilities.iter().find_map(|it| it.ok.as_ref().err());
    let decision = Decision {
        backend: if missing.is_some() {
            Backend::Proxy
        } else {
            Backend::Switch
        },
        because: missing.map(|missing| missing.reason.clone()),
    };
    let proxies = cluster::probe::proxies();
    let mut text = match &proxies.ok {
        Ok(detail) => format!("✓ {}: {detail}\n", proxies.name),
        Err(why) => format!("✗ {}: {}\n  fix: {}\n", proxies.name, why.reason, why.fix),
    };
    let can_run = missing.is_none() || proxies.ok.is_ok();
    text += &format!("{} {decision}\n", if can_run { "✓" } else { "✗" });
    for (kind, what) in nemesis::package::KINDS {
        let packages = nemesis::parse(kind).expect("the name of a kind is a list of one");
        text += &match nemesis::feasible::check_packages(&packages, decision.backend) {
            _ if !can_run => format!("✗ {kind}: {what}\n"),
            Ok(()) => format!("✓ {kind}: {what}\n"),
            Err(infeasible) => format!("✗ {kind}: {infeasible}\n"),
        };
    }
    text
}
