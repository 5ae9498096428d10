//! `harness init --lang`: a descriptor, a client program in a language, and an example server that both work with as they
//! are, to be replaced one after another.
//!
//! The files themselves are in `templates/lang/`.

use super::write_new;
use crate::cli::Language;
use anyhow::{Context, Result, bail};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const DESCRIPTOR: &str = include_str!("../../../templates/lang/system.toml");
const SERVER: &str = include_str!("../../../templates/lang/server.py");

/// The client program.
pub fn program(language: Language) -> &'static str {
    match language {
        Language::Python => include_str!("../../../templates/lang/client.py"),
        Language::Go => include_str!("../../../templates/lang/client.go"),
        Language::Shell => include_str!("../../../templates/lang/client.sh"),
    }
}

/// Writes the three files, and tells what they are and how they are tried.
pub fn written(language: Language, directory: &Path) -> Result<String> {
    let (name, command, build) = match language {
        Language::Python => ("client.py", r#"["python3", "{dir}/client.py"]"#, None),
        Language::Go => (
            "client.go",
            r#"["{dir}/client"]"#,
            Some("go build -o client client.go"),
        ),
        Language::Shell => ("client.sh", r#"["bash", "{dir}/client.sh"]"#, None),
    };
    let files = [
        ("system.toml", DESCRIPTOR.replace("{client}", command)),
        (name, program(language).to_owned()),
        ("server.py", SERVER.to_owned()),
    ];
    // All of them or none.
    if let Some((there, _)) = files.iter().find(|(name, _)| directory.join(name).exists()) {
        bail!(
            "write {}: it is there already; name another folder, or print the client program with --print",
            directory.join(there).display()
        );
    }
    let way_out = "somebody wrote it a moment ago";
    for (name, text) in &files {
        let path = directory.join(name);
        let file = write_new(&path, text, way_out)?;
        if text.starts_with("#!") {
            let mode = std::fs::Permissions::from_mode(0o755);
            file.set_permissions(mode)
                .with_context(|| format!("make {} executable", path.display()))?;
        }
    }
    let shown = |name: &str| directory.join(name).display().to_string();
    let mut told = format!(
        "{}\n  how nodes are started and asked: put your own system in\n{}\n  what clients do: docs/client-programs.md says what it is told and answers\n{}\n  an example of a system\n\nTry it:\n",
        shown("system.toml"),
        shown(name),
        shown("server.py"),
    );
    if let Some(build) = build {
        told.push_str(&format!("  (cd {} && {build})\n", directory.display()));
    }
    let descriptor = Path::new(".").join(directory).join("system.toml");
    let descriptor = descriptor.display();
    told.push_str(&format!(
        "  harness test {descriptor} --node-count 1 --nemesis pause --time-limit 15\n\n\
         Then put your own in, and see whether it is plugged in rightly; it says what is wrong and shows it:\n  \
         harness doctor {descriptor}\n"
    ));
    Ok(told)
}
