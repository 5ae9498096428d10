//! `harness init --lang`: a descriptor, a client program in a language, and an example server that both work with as they
//! are, to be replaced one after another; or, for whoever says how his nodes are started, a descriptor of these. Where nodes
//! speak HTTP or RESP the harness asks them itself, and there is no client program.
//!
//! The files themselves are in `templates/lang/`.

use super::{wire, write_new};
use crate::cli::{InitOptions, Language, Wire};
use crate::workload;
use anyhow::{Context, Result, bail};
use cluster::System;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const DESCRIPTOR: &str = include_str!("../../../templates/lang/system.toml");
const SERVER: &str = include_str!("../../../templates/lang/server.py");

/// How clients ask the nodes.
#[derive(Clone, Copy)]
enum Client {
    /// A program.
    Program {
        /// Its file.
        file: &'static str,
        text: &'static str,
        /// How it is started, as a list in the descriptor.
        command: &'static str,
        /// How it is made from its file; none for what is run as it is.
        build: Option<&'static str>,
    },
    /// The harness itself, as the descriptor says.
    Harness(Wire),
}

fn client(language: Language) -> Client {
    let program = |file, text, command, build| Client::Program {
        file,
        text,
        command,
        build,
    };
    match language {
        Language::Python => program(
            "client.py",
            include_str!("../../../templates/lang/client.py"),
            r#"["python3", "{dir}/client.py"]"#,
            None,
        ),
        Language::Go => program(
            "client.go",
            include_str!("../../../templates/lang/client.go"),
            r#"["{dir}/client"]"#,
            Some("go build -o client client.go"),
        ),
        Language::Shell => program(
            "client.sh",
            include_str!("../../../templates/lang/client.sh"),
            r#"["bash", "{dir}/client.sh"]"#,
            None,
        ),
        Language::Rust => program(
            "client.rs",
            include_str!("../../../templates/lang/client.rs"),
            r#"["{dir}/client"]"#,
            Some("rustc --edition 2024 -O -o client client.rs"),
        ),
        // There is one for each client: they begin soon, and are small. Performance data would be in /tmp, and who has the same
        // process number in another namespace would complain of them on standard output.
        Language::Java => program(
            "Client.java",
            include_str!("../../../templates/lang/Client.java"),
            r#"["java", "-XX:-UsePerfData", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx32m", "-cp", "{dir}", "Client"]"#,
            Some("javac Client.java"),
        ),
        Language::Http => Client::Harness(Wire::Http),
        Language::Resp => Client::Harness(Wire::Resp),
    }
}

/// Where the descriptor is written, as it is typed.
pub fn descriptor_path(options: &InitOptions) -> PathBuf {
    Path::new(".").join(&options.directory).join("system.toml")
}

/// How the client program is made from its file; none for what is run as it is, or where there is none.
pub fn build(language: Language) -> Option<&'static str> {
    match client(language) {
        Client::Program { build, .. } => build,
        Client::Harness(_) => None,
    }
}

/// The client program, or what stands in its place in the descriptor.
///
/// # Errors
/// As those of the files.
pub fn printed(language: Language) -> Result<String> {
    match client(language) {
        Client::Program { text, .. } => Ok(text.to_owned()),
        Client::Harness(wire) => wire::example(wire),
    }
}

/// Writes the files, and tells what they are and how they are tried.
pub fn written(language: Language, options: &InitOptions) -> Result<String> {
    let directory = &options.directory;
    let client = client(language);
    let mut files = vec![("system.toml", descriptor(client, options)?)];
    if let Client::Program { file, text, .. } = client {
        files.push((file, text.to_owned()));
    }
    if options.start.is_none() && !matches!(client, Client::Harness(Wire::Resp)) {
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
    Ok(told(client, &files, options))
}

/// The descriptor: of the example, or of the system that is started as was said.
fn descriptor(client: Client, options: &InitOptions) -> Result<String> {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let is_redis = matches!(client, Client::Harness(Wire::Resp));
    let (name, about, command, ready) = match (&options.start, &options.ready) {
        (Some(start), Some(ready)) => {
            let words: Vec<&str> = start.split_whitespace().collect();
            (name_of(&options.directory), start.as_str(), words, ready.as_str())
        }
        _ if is_redis => (
            "example".to_owned(),
            "one redis-server, from the PATH",
            REDIS.split_whitespace().collect(),
            "resp://{ip}:6379",
        ),
        _ => (
            "example".to_owned(),
            "the example that harness init writes",
            vec!["python3", "{dir}/server.py", "{ip}", "{first}", "{data}"],
            "http://{ip}:8000/ready",
        ),
    };
    let command: Vec<String> = command.into_iter().map(quoted).collect();
    let port = port(ready);
    let ready = match ready.strip_prefix("resp://") {
        None => format!("url = {}", quoted(ready)),
        Some(_) => match port {
            Some(port) => format!("port = {port}\ncommand = [\"PING\"]\nreply = \"+PONG*\""),
            None => bail!("write a descriptor: --ready {ready} does not say the port: resp://{{ip}}:6379"),
        },
    };
    let text = DESCRIPTOR
        .replace("{workloads}", &workloads(client, options, port)?)
        .replace("{name}", &quoted(&name))
        .replace("{ports}", &format!("{:?}", Vec::from_iter(port)))
        .replace("{ready}", &ready)
        .replace("{description}", &quoted(about))
        .replace("{command}", &format!("[{}]", command.join(", ")));
    System::parse(&text, "the descriptor that would be written")?;
    Ok(text)
}

/// How one Redis is started that has written what it acknowledges.
const REDIS: &str = "redis-server --bind {ip} --port 6379 --protected-mode no --dir {data} --appendonly yes --appendfsync always";

/// What clients do, and by whom.
fn workloads(client: Client, options: &InitOptions, port: Option<u16>) -> Result<String> {
    let command = match client {
        Client::Program { command, .. } => command,
        Client::Harness(wire) => {
            return match (&options.clients_do, &options.start) {
                (Some(workload), _) => wire::workload(wire, workload, port.unwrap_or(80)),
                (None, Some(_)) => wire::workload(wire, "register", port.unwrap_or(80)),
                (None, None) => wire::example(wire),
            };
        }
    };
    let names = match &options.clients_do {
        Some(workload) => vec![workload.as_str()],
        None => vec!["register", "cas-register"],
    };
    let workload = |workload: &str| format!("[workload.{workload}]\nclient = {command}\n");
    let workloads: Vec<String> = names.into_iter().map(workload).collect();
    let by = "# It is carried out by a program: one process of it for each client.\n";
    Ok(format!("{by}{}", workloads.join("\n")))
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
fn told(client: Client, files: &[(&str, String)], options: &InitOptions) -> String {
    let directory = &options.directory;
    let descriptor = descriptor_path(options);
    let descriptor = descriptor.display();
    let is_example = options.start.is_none();
    let functions = || {
        let named = |kind: &&workload::Kind| Some(kind.name) == options.clients_do.as_deref();
        let kind = workload::ALL.iter().find(named);
        kind.map_or_else(|| "write, cas, read".to_owned(), |kind| kind.functions.join(", "))
    };
    let about = |file: &str| {
        match (file, is_example, client) {
        ("server.py", ..) => "an example of a system".to_owned(),
        ("system.toml", true, Client::Program { .. }) => {
            "how nodes are started and asked: put your own system in".to_owned()
        }
        ("system.toml", true, Client::Harness(_)) => {
            "how nodes are started, what they are asked and what they answer: put your own system in".to_owned()
        }
        ("system.toml", false, Client::Program { .. }) => "how nodes are started and asked".to_owned(),
        ("system.toml", false, Client::Harness(_)) => {
            "how nodes are started, and, made up, what they are asked and what they answer: say there what is true".to_owned()
        }
        (_, true, _) => {
            "what clients do: `harness docs client-programs` says what it is told and answers".to_owned()
        }
        (_, false, _) => format!(
            "an example for registers over HTTP: have it do {} with your system; `harness docs client-programs` says \
             what it is told and answers",
            functions()
        ),
    }
    };
    let line =
        |(file, _): &(&str, String)| format!("{}\n  {}\n", directory.join(file).display(), about(file));
    let written: String = files.iter().map(line).collect();
    let build = match client {
        Client::Program {
            build: Some(build), ..
        } => format!("  (cd {} && {build})\n", directory.display()),
        _ => String::new(),
    };
    let examine = format!("  harness doctor {descriptor}\n");
    match is_example {
        true => format!(
            "{written}\nTry it:\n{build}  harness test {descriptor} --node-count 1 --nemesis pause --time-limit 15\n\nThen put \
             your own in, and see whether it is plugged in rightly; it says what is wrong and shows it:\n{examine}"
        ),
        false => format!(
            "{written}\nThen see whether it is plugged in rightly; it says what is wrong and shows \
             it:\n{build}{examine}\nand test it:\n  harness test {descriptor}\n"
        ),
    }
}
