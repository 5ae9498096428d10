//! What can be typed after `harness export` and `harness init`.

use super::values::parse_workload;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What `harness export` writes.
#[derive(Clone, Debug, Args)]
pub struct ExportOptions {
    /// In which format
    #[arg(value_enum)]
    pub format: ExportFormat,

    /// A run (latest, -1, a seed, a prefix of its id, a directory) or a history file
    #[arg(default_value = "latest", allow_hyphen_values = true, value_name = "RUN|FILE")]
    pub what: String,

    #[command(flatten)]
    pub input: super::InputOptions,

    /// Where to [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Where runs are kept
    #[arg(long, value_name = "DIR", default_value = "store")]
    pub store: PathBuf,
}

/// Formats of other tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A trace of the whole run for ui.perfetto.dev
    Perfetto,
    /// The history as Jepsen keeps it
    Edn,
    /// The operations as a table
    Csv,
    /// The drawing of the counterexample
    Svg,
}

/// What `harness init` writes.
#[derive(Clone, Debug, Args)]
pub struct InitOptions {
    /// The folder of the project
    #[arg(default_value = ".")]
    pub directory: PathBuf,

    /// Writes a descriptor, a client program in this language, and an example server that they work with; or, for http and
    /// resp, a descriptor that needs no client program. On a terminal what no flag says is asked
    #[arg(long, value_enum, value_name = "LANGUAGE", conflicts_with = "ci")]
    pub lang: Option<Language>,

    /// With --lang, how a node of your system is started: words with blanks between them, in which {ip}, {data}, {node} and
    /// {first} are the node's own [default: the example server, which is written too]
    #[arg(
        long,
        value_name = "COMMAND",
        requires_all = ["lang", "ready"],
        allow_hyphen_values = true
    )]
    pub start: Option<String>,

    /// With --start, what answers with 2xx when a node is ready: http://{ip}:8000/health; with --lang resp what answers a
    /// PING: resp://{ip}:6379
    #[arg(long, value_name = "URL", requires = "start")]
    pub ready: Option<String>,

    /// With --start, what clients do (see `harness list workloads`) [default: register, and cas-register where that is a
    /// program's or HTTP's]
    #[arg(long, value_name = "WORKLOAD", requires = "start", value_parser = parse_workload)]
    pub clients_do: Option<String>,

    /// Writes the files and leaves it at that. Else what was written is examined at once, as by `harness doctor`: the nodes are
    /// started, asked one of everything, and one is hurt
    #[arg(long)]
    pub no_check: bool,

    /// Writes a job for this CI server
    #[arg(long, value_enum, value_name = "SERVER")]
    pub ci: Option<CiServer>,

    /// What the job types after `harness`
    #[arg(
        long,
        value_name = "ARGUMENTS",
        default_value = "test --time-limit 60",
        allow_hyphen_values = true
    )]
    pub run: String,

    /// How the job gets the harness [default: builds it from the folder of the project]
    #[arg(
        long,
        value_name = "COMMAND",
        default_value = "cargo install --locked --path harness"
    )]
    pub install: String,

    /// Prints the job instead, to be put into a file that is there already; with --lang the client program, or what stands in
    /// its place in the descriptor
    #[arg(long)]
    pub print: bool,
}

/// Languages of client programs; or what a node speaks that needs none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Python 3, with nothing but its standard library: client.py
    Python,
    /// Go, with nothing but its standard library: client.go
    Go,
    /// Bash and curl: client.sh
    #[value(alias = "sh")]
    Shell,
    /// Rust, with nothing but its standard library: client.rs
    #[value(alias = "rs")]
    Rust,
    /// Java 17 or later, with nothing but its standard library: Client.java
    Java,
    /// No program: a node is asked over HTTP, as the descriptor says
    Http,
    /// No program: a node is asked in RESP, the protocol of Redis, as the descriptor says
    Resp,
}

/// What a node speaks that needs no client program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// HTTP.
    Http,
    /// RESP, the protocol of Redis.
    Resp,
}

/// CI servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CiServer {
    /// GitHub Actions: .github/workflows/harness.yml
    Github,
    /// GitLab: .gitlab-ci.yml
    Gitlab,
}
