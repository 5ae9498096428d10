//! What a run keeps of the system that it tested, so that it can be understood, and had again, when the originals have
//! changed: the descriptor as it was read, and the small files in its folder that it names, such as a client program.
//!
//! The run itself uses the originals. What a kept program loads besides itself is not known, and not kept.

use super::FOLDER;
use anyhow::{Context, Result};
use cluster::System;
use nix::fcntl::OFlag;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path};

/// Where the copy of the descriptor is in a run's folder. The files that it names are beside it, where `{dir}` leads to.
pub const DESCRIPTOR: &str = "system/descriptor.toml";
/// How large a file can be, and how many there can be. What is larger is no script, but a program that was built.
const FILE_BYTES_MAX: u64 = 1 << 20;
const FILES_MAX: usize = 32;

/// Copies the descriptor, and what it names, into the folder of a run. What is too large is left out, which the log says.
///
/// # Errors
/// When the copies cannot be written.
pub fn keep(system: &System, run: &Path) -> Result<()> {
    if system.text.is_empty() {
        return Ok(());
    }
    let folder = run.join(FOLDER);
    std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    let copy = run.join(DESCRIPTOR);
    std::fs::write(&copy, &system.text).with_context(|| format!("write {}", copy.display()))?;
    for name in system.named_files().iter().take(FILES_MAX) {
        let (original, copy) = (Path::new(&system.dir).join(name), folder.join(name));
        // What does not lie below the descriptor's folder has no place beside the copy.
        let is_below = Path::new(name)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        match read(&original) {
            // It is there already: it came with the descriptor, or is the descriptor.
            _ if copy.exists() => {}
            Ok(Some((bytes, mode))) if is_below => {
                write(&copy, &bytes, mode).with_context(|| format!("write {}", copy.display()))?;
            }
            Ok(_) => tracing::warn!(
                "{} is not kept with the run: only files below the descriptor's folder of at most {FILE_BYTES_MAX} bytes are",
                original.display()
            ),
            // Whether it is needed, its user finds out.
            Err(error) => tracing::warn!("{} is not kept with the run: {error}", original.display()),
        }
    }
    Ok(())
}

/// What of a system is not any more what a run has kept of it, the descriptor first; nothing where the run has kept nothing.
/// What cannot be read now has changed, too.
pub fn changed_since(run: &Path, system: &System) -> Vec<String> {
    let Ok(descriptor) = std::fs::read_to_string(run.join(DESCRIPTOR)) else {
        return Vec::new();
    };
    let is_other = descriptor != system.text;
    let mut changed = Vec::from_iter(is_other.then(|| "the descriptor".to_owned()));
    for name in system.named_files() {
        // What was not kept cannot be compared.
        let Ok(then) = std::fs::read(run.join(FOLDER).join(&name)) else {
            continue;
        };
        let now = match system.files.iter().find(|(place, _)| *place == name) {
            Some((_, text)) => Some(text.as_bytes().to_vec()),
            None => read(&Path::new(&system.dir).join(&name))
                .ok()
                .flatten()
                .map(|(bytes, _)| bytes),
        };
        if now.is_none_or(|now| now != then) {
            changed.push(name);
        }
    }
    changed
}

/// What is in a file, and its mode; `None` when it is too large, or no file.
fn read(original: &Path) -> std::io::Result<Option<(Vec<u8>, u32)>> {
    // Nobody who has put a pipe there is waited for.
    let nonblocking = OFlag::O_NONBLOCK.bits();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(nonblocking)
        .open(original)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    let fits = bytes.len() as u64 <= FILE_BYTES_MAX;
    Ok(fits.then(|| (bytes, metadata.permissions().mode())))
}

fn write(copy: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let folder = copy.parent().ok_or(ErrorKind::NotFound)?;
    std::fs::create_dir_all(folder)?;
    let mut file = OpenOptions::new().write(true).create_new(true).open(copy)?;
    file.write_all(bytes)?;
    // A script that could be executed still can.
    file.set_permissions(std::fs::Permissions::from_mode(0o644 | (mode & 0o111)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_files_below_the_folder_are_kept_and_nothing_else() {
        let (home, run) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let dir = home.path().join("my");
        std::fs::create_dir_all(dir.join("bin")).unwrap();
        std::fs::write(dir.join("bin/client"), "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(dir.join("bin/client"), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::write(dir.join("huge"), vec![0; FILE_BYTES_MAX as usize + 1]).unwrap();
        std::fs::write(home.path().join("outside"), "x").unwrap();
        let text = r#"
name = "mydb"
description = "x"
[node]
command = ["{dir}/huge", "{dir}/../outside", "{dir}/nowhere", "{dir}/bin"]
[node.ready]
port = 1
send = "a"
contains = "b"
[workload.register]
client = ["{dir}/bin/client", "{dir}/descriptor.toml"]
"#;
        let mut system = System::parse(text, "mydb.toml").unwrap();
        dir.to_str().unwrap().clone_into(&mut system.dir);
        std::fs::write(dir.join("descriptor.toml"), "another").unwrap();
        keep(&system, run.path()).unwrap();
        assert_eq!(
            std::fs::read_to_string(run.path().join(DESCRIPTOR)).unwrap(),
            text
        );
        let kept = |name: &str| run.path().join(FOLDER).join(name);
        let mode = std::fs::metadata(kept("bin/client"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o755);
        assert!(!kept("huge").exists() && !kept("nowhere").exists());
        assert!(!run.path().join("outside").exists());
    }

    #[test]
    fn what_has_changed_since_a_run_is_named_and_nothing_else() {
        let (home, run) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let text = "name = \"mydb\"\ndescription = \"x\"\n[node]\ncommand = [\"{dir}/db\", \"{dir}/conf\"]\n\
                    [node.ready]\nport = 1\nsend = \"a\"\ncontains = \"b\"\n[workload.register]\nclient = [\"x\"]\n";
        std::fs::write(home.path().join("db"), vec![0; FILE_BYTES_MAX as usize + 1]).unwrap();
        std::fs::write(home.path().join("conf"), "a").unwrap();
        let system = |text: &str| {
            let mut system = System::parse(text, "mydb.toml").unwrap();
            home.path().to_str().unwrap().clone_into(&mut system.dir);
            system
        };
        assert!(
            changed_since(run.path(), &system(text)).is_empty(),
            "nothing was kept"
        );
        keep(&system(text), run.path()).unwrap();
        std::fs::write(home.path().join("db"), "too large to be kept").unwrap();
        assert!(changed_since(run.path(), &system(text)).is_empty());
        std::fs::write(home.path().join("conf"), "b").unwrap();
        assert_eq!(changed_since(run.path(), &system(text)), ["conf"]);
        std::fs::remove_file(home.path().join("conf")).unwrap();
        let other = text.replace("\"x\"\n[node]", "\"y\"\n[node]");
        assert_eq!(
            changed_since(run.path(), &system(&other)),
            ["the descriptor", "conf"]
        );
    }
}
