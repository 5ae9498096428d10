//! Tells the program which commit it is built from, where that is known: `HARNESS_COMMIT`, as whoever builds it says in the
//! environment, or else, for a release, what git says of this checkout.
//!
//! Other builds do not ask git, so that a commit does not make them anew. Without git, and outside of a checkout, nothing is
//! known, and nothing is missing for the build.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What changes a build, so that it is no longer that of its commit alone.
const SOURCES: [&str; 11] = [
    "Cargo.lock",
    "Cargo.toml",
    "checker",
    "client",
    "cluster",
    "harness",
    "history",
    "nemesis",
    "paxos",
    "results",
    "systems",
];

fn main() {
    println!("cargo::rerun-if-env-changed=HARNESS_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("HARNESS_COMMIT").is_some() {
        // The compiler sees it as it is.
        return;
    }
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if let Some(commit) = is_release.then(commit).flatten() {
        println!("cargo::rustc-env=HARNESS_COMMIT={commit}");
    }
}

/// The commit of the checkout that this folder is in, and what it depends on.
fn commit() -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()?
        .canonicalize()
        .ok()?;
    // A copy of the sources may lie in a checkout of something else.
    let top = git(&root, &["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != root {
        return None;
    }
    let described = git(
        &root,
        &["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
    )?;
    // Every commit and checkout adds a line there.
    let log = git(&root, &["rev-parse", "--git-path", "logs/HEAD"])?;
    let watched = SOURCES
        .map(|name| root.join(name))
        .into_iter()
        .chain([root.join(log)]);
    // Cargo would take a file that is not there for one that has changed.
    for path in watched.filter(|path: &PathBuf| path.exists()) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    Some(described)
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.trim().to_owned();
    (output.status.success() && !line.is_empty() && !line.contains('\n')).then_some(line)
}
