//! What can be said about a history file of others that its bytes do not say.

use clap::{Args, ValueEnum};

/// How a history file is to be read.
#[derive(Clone, Copy, Debug, Args)]
pub struct InputOptions {
    /// The format of the file
    #[arg(long, value_enum, default_value = "auto", value_name = "FORMAT")]
    pub input_format: InputFormat,

    /// Whether the values of a Jepsen history are [key value]
    #[arg(long, value_enum, default_value = "auto", value_name = "HOW")]
    pub independent: IndependentKeys,
}

/// Formats of history files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InputFormat {
    /// Told by its first bytes
    Auto,
    /// An event a line in JSON, with our header or without
    Jsonl,
    /// Jepsen's and Maelstrom's history.edn, Knossos' and Porcupine's test data
    Edn,
    /// Jepsen's history.txt, and logs of Jepsen
    JepsenLog,
}

/// Whether values are `[key value]`, as jepsen.independent makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IndependentKeys {
    /// When the first operation looks like it
    Auto,
    /// They are
    Yes,
    /// They are not, even if they look like it
    No,
}

impl InputOptions {
    /// As the reader wants it.
    pub fn read_options(self) -> history::ReadOptions {
        history::ReadOptions {
            format: match self.input_format {
                InputFormat::Auto => None,
                InputFormat::Jsonl => Some(history::Format::JsonLines),
                InputFormat::Edn => Some(history::Format::Edn),
                InputFormat::JepsenLog => Some(history::Format::JepsenLog),
            },
            independent: match self.independent {
                IndependentKeys::Auto => history::Independent::Auto,
                IndependentKeys::Yes => history::Independent::Yes,
                IndependentKeys::No => history::Independent::No,
            },
        }
    }
}
