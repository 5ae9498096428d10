//! The dependency rule of the house: who may know whom, and nobody else.

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};

/// What each crate may depend on among ours, tests and benches included.
const ALLOWED: [(&str, &[&str]); 8] = [
    ("harness-client", &[]),
    ("history", &[]),
    ("checker", &["history"]),
    ("cluster", &[]),
    ("nemesis", &["cluster", "history"]),
    ("paxos", &[]),
    ("results", &["history", "checker"]),
    (
        "harness",
        &["history", "checker", "cluster", "nemesis", "paxos", "results"],
    ),
];

/// Crates that must stay plain libraries: no async, no network, no processes.
const PLAIN: [&str; 2] = ["history", "checker"];
const NOT_PLAIN: [&str; 4] = ["tokio", "reqwest", "nix", "axum"];

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .no_deps()
        .exec()
        .expect("cargo metadata works in a workspace");
    let packages = metadata.packages.iter();
    packages
        .map(|package| {
            let named = package
                .dependencies
                .iter()
                .filter(|it| it.kind != DependencyKind::Build);
            (
                package.name.to_string(),
                named.map(|it| it.name.clone()).collect(),
            )
        })
        .collect()
}

/// The edges among ours that `allowed` does not have.
fn forbidden(
    actual: &BTreeMap<String, BTreeSet<String>>,
    allowed: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<String> {
    let ours: BTreeSet<&String> = actual.keys().collect();
    let mut found = Vec::new();
    for (krate, dependencies) in actual {
        for dependency in dependencies.iter().filter(|it| ours.contains(it)) {
            if !allowed
                .get(krate)
                .is_some_and(|allowed| allowed.contains(dependency))
            {
                found.push(format!("{krate} -> {dependency}"));
            }
        }
    }
    found
}

fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    ALLOWED
        .iter()
        .map(|(name, to)| (name.to_string(), to.iter().map(ToString::to_string).collect()))
        .collect()
}

#[test]
fn no_crate_knows_more_than_it_may() {
    let actual = dependencies();
    assert_eq!(
        actual.len(),
        ALLOWED.len(),
        "a crate is missing from the rule: {:?}",
        actual.keys()
    );
    assert_eq!(forbidden(&actual, &allowed()), Vec::<String>::new());
}

#[test]
fn a_forbidden_edge_is_noticed() {
    let mut actual = dependencies();
    actual
        .get_mut("paxos")
        .expect("there is a paxos")
        .insert("cluster".to_owned());
    assert_eq!(forbidden(&actual, &allowed()), ["paxos -> cluster"]);
}

#[test]
fn history_and_checker_are_plain_libraries() {
    let actual = dependencies();
    for krate in PLAIN {
        for banned in NOT_PLAIN {
            assert!(!actual[krate].contains(banned), "{krate} depends on {banned}");
        }
    }
}
