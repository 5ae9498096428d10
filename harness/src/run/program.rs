//! The program that is tested, so that it can be told from every other version of it: its file, the SHA-256 of that, and what
//! it says its version is.
//!
//! What is not found out is not known, and no reason not to test it: nodes say themselves why they do not start.

use super::machine;
use super::plan::Plan;
use cluster::system::CommandLine;
use results::ProgramFile;
use results::text::visible;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::task::JoinHandle;

/// How long a program may take to say its version.
const VERSION_MAX: Duration = Duration::from_secs(5);
/// How much of what it says is looked at.
const WORDS_BYTES_MAX: u64 = 64 << 10;
/// How much of its version is kept.
const VERSION_CHARS_MAX: usize = 120;
/// How much of a file is read at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// Looks at the program of the nodes, on a thread of its own: that of a large program takes longer than it takes to start it.
pub fn look_up(plan: &Plan) -> JoinHandle<Option<ProgramFile>> {
    let command = machine::commands_of_first_node(plan).ok();
    let command = command.and_then(|all| all.into_iter().next());
    let version_args = plan.system.version_args.clone();
    tokio::spawn(async move { of(command?, &version_args).await })
}

async fn of(command: CommandLine, version_args: &[String]) -> Option<ProgramFile> {
    let path = found(&command)?;
    let file = File::open(&path).ok()?;
    let digest = tokio::task::spawn_blocking(|| digest(file));
    let version = match version_args {
        [] => None,
        arguments => version(&path, arguments, &command).await,
    };
    let (bytes, sha256) = digest.await.ok()?.ok()?;
    Some(ProgramFile {
        path: path.display().to_string(),
        bytes,
        sha256,
        version,
    })
}

/// The file of a command's program. One that is looked for from a folder of its own is not found.
fn found(command: &CommandLine) -> Option<PathBuf> {
    let program = Path::new(command.argv.first()?);
    let file = if program.is_absolute() {
        program.to_owned()
    } else if program.components().count() == 1 {
        let folders = command
            .env
            .get("PATH")
            .map(Into::into)
            .or_else(|| std::env::var_os("PATH"))?;
        let all = std::env::split_paths(&folders).map(|folder| folder.join(program));
        all.into_iter().find(|file| file.is_file())?
    } else {
        return None;
    };
    file.canonicalize().ok().filter(|file| file.is_file())
}

/// How large a file is, and its SHA-256.
fn digest(mut file: File) -> std::io::Result<(u64, String)> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let (mut digest, mut bytes) = (Sha256::new(), 0);
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        digest.update(&chunk[..read]);
        bytes += read as u64;
    }
    let hexadecimal = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok((bytes, hexadecimal))
}

/// The first line that a program says when it is asked for its version.
async fn version(program: &Path, arguments: &[String], command: &CommandLine) -> Option<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .envs(&command.env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let mut said = Vec::new();
    let out = child.stdout.take()?;
    let ended = async {
        out.take(WORDS_BYTES_MAX).read_to_end(&mut said).await.ok()?;
        child.wait().await.ok()
    };
    let status = tokio::time::timeout(VERSION_MAX, ended).await.ok()??;
    let text = String::from_utf8_lossy(&said);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    status.success().then(|| visible(line, VERSION_CHARS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn command(program: &str, path: &str) -> CommandLine {
        CommandLine {
            argv: vec![program.to_owned()],
            env: BTreeMap::from([("PATH".to_owned(), path.to_owned())]),
        }
    }

    #[test]
    fn a_program_is_found_where_nodes_find_it_and_told_by_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
        std::fs::create_dir_all(&first).unwrap();
        std::fs::create_dir_all(second.join("db")).unwrap();
        std::fs::write(first.join("db"), "abc").unwrap();
        std::os::unix::fs::symlink(first.join("db"), second.join("linked")).unwrap();
        let path = format!("{}:{}", second.display(), first.display());
        let file = found(&command("db", &path)).unwrap();
        assert_eq!(
            file,
            first.join("db").canonicalize().unwrap(),
            "a folder is no program"
        );
        assert_eq!(found(&command("linked", &path)), Some(file.clone()));
        assert_eq!(found(&command("first/db", &path)), None);
        assert_eq!(found(&command("nowhere", &path)), None);
        // The example of FIPS 180-2.
        let (bytes, sha256) = digest(File::open(&file).unwrap()).unwrap();
        assert_eq!(bytes, 3);
        assert_eq!(
            sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[tokio::test]
    async fn a_version_is_a_harmless_line_of_a_program_that_ends_well() {
        let said = async |script: &str| {
            let arguments = ["-c", script].map(str::to_owned);
            version(Path::new("/bin/sh"), &arguments, &command("sh", "/bin:/usr/bin")).await
        };
        assert_eq!(
            said(r"printf '\n mydb \033[31m3.1 \nmore'").await.as_deref(),
            Some("mydb \\u{1b}[31m3.1")
        );
        assert_eq!(said("echo usage: mydb; exit 2").await, None);
        assert_eq!(said("true").await, None);
        let long = said("yes x | head -n 60 | tr -d '\\n'; yes y | head -c 300 | tr -d '\\n'")
            .await
            .unwrap();
        assert_eq!(long.chars().count(), VERSION_CHARS_MAX + 1, "{long}");
    }
}
