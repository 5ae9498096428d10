//! `harness init --lang`: a descriptor, a client program in a language, and an example server that both work with as they
//! are, to be replaced one after another; or, for whoever says how his nodes are started, a descriptor of these.
//!
//! The files themselves are in `templates/lang/`.

use super::write_new;
use crate::cli::{InitOptions, Language};
use crate::workload;
use anyhow::{Context, Result, bail};
use cluster::System;
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
        Language::Rust => include_str!("../../../templates/lang/client.rs"),
        Language::Java => include_str!("../../../templates/lang/Client.java"),
    }
}

/// Writes the files, and tells what they are and how they are tried.
pub fn written(language: Language, options: &InitOptions) -> Result<String> {
    let directory = &options.directory;
    let (name, client, build) = match language {
        Language::Python => ("client.py", r#"["python3", "{dir}/client.py"]"#, None),
        Language::Go => (
            "client.go",
            r#"["{dir}/client"]"#,
            Some("go build -o client client.go"),
        ),
        Language::Shell => ("client.sh", r#"["bash", "{dir}/client.sh"]"#, None),
        Language::Rust => (
            "client.rs",
            r#"["{dir}/client"]"#,
            Some("rustc --edition 2024 -O -o client client.rs"),
        ),
        // There is one for each client: they begin soon, and are small.
        Language::Java => (
            "Client.java",
            r#"["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx32m", "-cp", "{dir}", "Client"]"#,
            Some("javac Client.java"),
        ),
    };
    let mut files = vec![
        ("system.toml", descriptor(client, options)?),
        (name, program(language).to_owned()),
    ];
    if options.start.is_none() {
        files.push(("server.py", SERVER.to_owned()));
    }
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
    Ok(told(name, build, options))
}

/// The descriptor: of the example server, or of the system that is started as was said.
fn descriptor(client: &str, options: &InitOptions) -> Result<String> {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let (name, about, command, ready) = match (&options.start, &options.ready) {
        (Some(start), Some(ready)) => {
            let words: Vec<&str> = start.split_whitespace().collect();
            (name_of(&options.directory), start.as_str(), words, ready.as_str())
        }
        _ => (
            "example".to_owned(),
            "the example that harness init writes",
            vec!["python3", "{dir}/server.py", "{ip}", "{first}", "{data}"],
            "http://{ip}:8000/ready",
        ),
    };
    let command: Vec<String> = command.into_iter().map(quoted).collect();
    let workloads = match &options.clients_do {
        Some(workload) => vec![workload.as_str()],
        None => vec!["register", "cas-register"],
    };
    let workload = |workload: &str| format!("[workload.{workload}]\nclient = {client}\n");
    let workloads: Vec<String> = workloads.into_iter().map(workload).collect();
    let text = DESCRIPTOR
        .replace("{workloads}", &workloads.join("\n"))
        .replace("{name}", &quoted(&name))
        .replace("{ports}", &format!("{:?}", Vec::from_iter(port(ready))))
        .replace("{ready}", &quoted(ready))
        .replace("{description}", &quoted(about))
        .replace("{command}", &format!("[{}]", command.join(", ")));
    System::parse(&text, "the descriptor that would be written")?;
    Ok(text)
}

/// The port of a URL, where it says one.
fn port(url: &str) -> Option<u16> {
    let host = url.split_once("://")?.1.split('/').next()?;
    host.rsplit_once(':')?.1.parse().ok()
}

/// A name for the system: that of its folder, as far as it can be one.
fn name_of(directory: &Path) -> String {
    let absolute = std::path::absolute(directory).unwrap_or_default();
    let folder = absolute.file_name().unwrap_or_default().to_string_lossy();
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || *c == '_';
    let name: String = folder.chars().filter(is_plain).take(60).collect();
    match name.is_empty() {
        true => "mydb".to_owned(),
        false => name,
    }
}

/// What was written, and what to type next.
fn told(client: &str, build: Option<&str>, options: &InitOptions) -> String {
    let directory = &options.directory;
    let shown = |name: &str| directory.join(name).display().to_string();
    let descriptor = Path::new(".").join(directory).join("system.toml");
    let descriptor = descriptor.display();
    let build = build.map(|build| format!("  (cd {} && {build})\n", directory.display()));
    let build = build.unwrap_or_default();
    let examine = format!("  harness doctor {descriptor}\n");
    if options.start.is_none() {
        return format!(
            "{}\n  how nodes are started and asked: put your own system in\n{}\n  what clients do: docs/client-programs.md \
             says what it is told and answers\n{}\n  an example of a system\n\nTry it:\n{build}  harness test {descriptor} \
             --node-count 1 --nemesis pause --time-limit 15\n\nThen put your own in, and see whether it is plugged in rightly; \
             it says what is wrong and shows it:\n{examine}",
            shown("system.toml"),
            shown(client),
            shown("server.py"),
        );
    }
    let kind = workload::ALL
        .iter()
        .find(|kind| Some(kind.name) == options.clients_do.as_deref());
    let functions = kind.map_or_else(|| "write, cas, read".to_owned(), |kind| kind.functions.join(", "));
    format!(
        "{}\n  how nodes are started and asked\n{}\n  an example for registers over HTTP: have it do {functions} with your \
         system; docs/client-programs.md says what it is told and answers\n\nThen see whether it is plugged in rightly; it \
         says what is wrong and shows it:\n{build}{examine}\nand test it:\n  harness test {descriptor}\n",
        shown("system.toml"),
        shown(client),
    )
}
