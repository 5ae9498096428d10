//! What can be typed after every command.

use clap::{Args, ValueEnum};
use std::ffi::OsString;

/// What holds for every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct GlobalOptions {
    /// The file with flags that hold when they are not typed [default: harness.toml, if it is there]; '' for none
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<OsString>,

    /// Shows what holds for this command and where each value comes from, and does nothing else
    #[arg(long, global = true)]
    pub print_config: bool,

    /// Whether what is printed has colours; NO_COLOR and CLICOLOR_FORCE count too
    #[arg(long, value_enum, default_value = "auto", value_name = "WHEN", global = true)]
    pub color: ColorWhen,

    /// Says nothing but the result and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// Says more: each fault, warnings; -vv everything
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,

    /// What somebody should know about how this was typed.
    #[arg(skip)]
    pub remarks: Vec<String>,
}

/// When there are colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl GlobalOptions {
    /// Makes the colours so.
    pub fn apply_color(&self) {
        match self.color {
            ColorWhen::Auto => {}
            ColorWhen::Always => anstream::ColorChoice::Always.write_global(),
            ColorWhen::Never => anstream::ColorChoice::Never.write_global(),
        }
    }
}
