//! `cargo gate`: the read-only gate of every commit. Format, lints, documentation, tests, in that order,
//! and nothing is changed. Ends with the first step that says no.

use std::process::{Command, ExitCode};

const STEPS: [(&str, &[&str]); 4] = [
    ("format", &["fmt", "--all", "--check"]),
    (
        "lints",
        &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
    ),
    ("documentation", &["doc", "--workspace", "--no-deps"]),
    ("tests", &["test", "--workspace"]),
];

fn main() -> ExitCode {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    for (name, arguments) in STEPS {
        eprintln!("gate: {name}: cargo {}", arguments.join(" "));
        let status = Command::new(&cargo)
            .args(arguments)
            .env("RUSTDOCFLAGS", "-D warnings")
            .status();
        match status {
            Ok(status) if status.success() => {}
            Ok(status) => {
                eprintln!("gate: {name} said no ({status})");
                return ExitCode::FAILURE;
            }
            Err(error) => {
                eprintln!("gate: cannot run cargo: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    eprintln!("gate: open");
    ExitCode::SUCCESS
}
