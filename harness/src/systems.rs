//! The systems that can be tested by name: descriptors embedded in the binary, and files beside them.

use crate::suggest;
use anyhow::{Context, Result, bail};
use cluster::System;
use std::path::Path;

/// Descriptors that the binary carries: name and text.
pub const BUILT_IN: [(&str, &str); 3] = [
    ("paxos", include_str!("../../systems/paxos.toml")),
    ("etcd", include_str!("../../systems/etcd.toml")),
    ("redis", include_str!("../../systems/redis.toml")),
];

/// The system of a name or of a descriptor file.
pub fn find(name: &str) -> Result<System> {
    if let Some((name, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
        return Ok(System::parse(text, &format!("built-in {name}.toml"))?);
    }
    let path = Path::new(name);
    if path.extension().is_some_and(|extension| extension == "toml") || name.contains('/') {
        let text = std::fs::read_to_string(path).with_context(|| format!("read the descriptor {name}"))?;
        let mut system = System::parse(&text, name)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let folder =
            std::path::absolute(folder.join(".")).with_context(|| format!("find the folder of {name}"))?;
        system.dir = folder
            .to_str()
            .with_context(|| format!("the folder of {name} is not UTF-8, which {{dir}} has to be"))?
            .trim_end_matches('/')
            .to_owned();
        return Ok(system);
    }
    let known: Vec<&str> = BUILT_IN.iter().map(|(known, _)| *known).collect();
    bail!(
        "{}, or a descriptor file such as ./{name}.toml",
        suggest::unknown("system", name, &known)
    );
}

/// Sees to it that the program of a system is on this machine, where its descriptor says how it comes there.
///
/// # Errors
/// Which program is missing, and how it is installed.
pub fn require_installed(system: &System) -> Result<()> {
    let words = system.node.command_words();
    let (program, Some(install)) = (&words[0], &system.install) else {
        return Ok(());
    };
    // What has a variable or a folder in it is no word for the search path.
    let is_searched = !program.contains(['{', '/']);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if is_searched && !is_there {
        bail!(
            "{} needs the program `{program}`, which is not on the PATH; install it: {install}",
            system.name
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_descriptor_is_sound() {
        for (name, _) in BUILT_IN {
            assert_eq!(find(name).unwrap().name, name);
        }
    }
}
