//! The systems that can be tested by name: descriptors embedded in the binary, and files beside them.

mod kept;
pub mod scenarios;

use crate::suggest;
use anyhow::{Context, Result, anyhow, bail};
use cluster::{System, maelstrom};
pub use kept::{DESCRIPTOR, changed_since, keep};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Descriptors that the binary carries: name and text.
pub const BUILT_IN: [(&str, &str); 6] = [
    ("paxos", include_str!("../../systems/paxos.toml")),
    ("etcd", include_str!("../../systems/etcd.toml")),
    ("redis", include_str!("../../systems/redis.toml")),
    ("nats", include_str!("../../systems/nats.toml")),
    ("nats-synced", include_str!("../../systems/nats-synced.toml")),
    ("zookeeper", include_str!("../../systems/zookeeper.toml")),
];

/// The programs of those that have some, for clients and for who the primary is: name of the system, where each is in its
/// `{dir}`, and what is in it.
const PROGRAMS: [(&str, &[(&str, &str)]); 3] = [
    ("nats", OF_NATS),
    ("nats-synced", OF_NATS),
    ("zookeeper", OF_ZOOKEEPER),
];
const OF_NATS: &[(&str, &str)] = &[
    ("nats/client.py", include_str!("../../systems/nats/client.py")),
    (
        "nats/is_primary.py",
        include_str!("../../systems/nats/is_primary.py"),
    ),
];
const OF_ZOOKEEPER: &[(&str, &str)] = &[
    (
        "zookeeper/client.py",
        include_str!("../../systems/zookeeper/client.py"),
    ),
    (
        "zookeeper/is_primary.py",
        include_str!("../../systems/zookeeper/is_primary.py"),
    ),
];

/// The folder of a run that the files of its system are put into.
const FOLDER: &str = "system";

/// The system of a name or of a descriptor file.
pub fn find(name: &str) -> Result<System> {
    if let Some((name, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
        let mut system = System::parse(text, &format!("built-in {name}.toml"))?;
        let files = PROGRAMS.iter().find(|(known, _)| known == name);
        system.files = files.map_or(&[], |(_, files)| *files);
        return Ok(system);
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

/// The system that a program is which speaks Maelstrom's protocol, with these arguments. Every node runs in a folder of its
/// own: an argument that names a file from here is meant from here, as the program is.
///
/// # Errors
/// What is wrong with the program, or with the workload, which it cannot do without.
pub fn maelstrom(program: &Path, arguments: &[String], workload: Option<&str>) -> Result<System> {
    let known = || maelstrom::Workload::ALL.map(maelstrom::Workload::name).join(", ");
    let Some(workload) = workload else {
        bail!("--maelstrom needs --workload, one of {}", known());
    };
    let workload: maelstrom::Workload = workload
        .parse()
        .map_err(|why| anyhow!("--workload {}: {why}", results::text::visible(workload, 60)))?;
    let shown = results::text::visible(&program.display().to_string(), 200);
    let as_text = |path: &Path| match path.to_str() {
        Some(text) => Ok(text.to_owned()),
        None => bail!("--maelstrom {shown}: its path is not UTF-8"),
    };
    let found = found(program).with_context(|| format!("--maelstrom {shown}"))?;
    let mut command = vec![as_text(&found)?];
    for argument in arguments {
        let path = Path::new(argument);
        command.push(match path.is_file() {
            true => as_text(&std::path::absolute(path)?)?,
            false => argument.clone(),
        });
    }
    // The name of a folder, after the program, or after what the program is to run: `python3 node.py`.
    let named = arguments.iter().map(Path::new).find(|path| path.is_file());
    let stem = named.unwrap_or(program).file_stem().unwrap_or_default();
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || *c == '_';
    let name: String = stem.to_string_lossy().chars().filter(is_plain).take(60).collect();
    let name = if name.is_empty() { "maelstrom" } else { &name };
    Ok(System::maelstrom(name, &command, workload))
}

/// The file of a program: a path is meant from here, a plain name is looked for on the PATH.
fn found(program: &Path) -> Result<PathBuf> {
    if program.components().count() == 1 && !program.as_os_str().as_encoded_bytes().contains(&b'/') {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders = std::env::split_paths(&path).map(|folder| folder.join(program));
        return folders
            .find(|file| file.is_file())
            .with_context(|| match program.is_file() {
                true => format!(
                    "it is not on the PATH; write ./{0} for the one that is here",
                    program.display()
                ),
                false => "it is not on the PATH".to_owned(),
            });
    }
    let file = std::path::absolute(program)?;
    let is_executable = std::fs::metadata(&file)?.permissions().mode() & 0o111 != 0;
    if !file.is_file() {
        bail!("it is no file");
    }
    if !is_executable {
        bail!(
            "it may not be executed: chmod +x it, or name its interpreter: --maelstrom python3 -- {}",
            program.display()
        );
    }
    Ok(file)
}

/// Puts the files that a built-in system has into the folder of a run, which is its `{dir}` from then on. They stay there:
/// with them it is known what the clients of that run were.
///
/// # Errors
/// When they cannot be written.
pub fn unpack(system: &mut System, run: &Path) -> Result<()> {
    if system.files.is_empty() {
        return Ok(());
    }
    let dir = std::path::absolute(run.join(FOLDER))?;
    for (place, text) in system.files {
        let file = dir.join(place);
        let folder = file.parent().unwrap_or(&dir);
        std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        std::fs::write(&file, text).with_context(|| format!("write {}", file.display()))?;
    }
    let dir = dir.to_str();
    dir.context("the folder of the run is not UTF-8, which {dir} has to be")?
        .clone_into(&mut system.dir);
    Ok(())
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
    if let Some(missing) = system.needs.iter().find(|file| !Path::new(file).exists()) {
        bail!(
            "{} needs {missing}, which is not there; install it: {install}",
            system.name
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_built_in_descriptor_is_sound() {
        for (name, _) in BUILT_IN {
            let system = find(name).unwrap();
            assert_eq!(system.name, name);
            // A program in its folder is one that comes with it, and none comes with it in vain.
            let carried: BTreeSet<String> = system
                .files
                .iter()
                .map(|(place, _)| (*place).to_owned())
                .collect();
            assert_eq!(system.named_files(), carried, "{name}");
        }
    }
}
