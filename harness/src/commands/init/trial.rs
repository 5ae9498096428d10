//! What was written is examined at once, as `harness doctor` does it, where all that it needs is there already.

use super::super::{doctor, fail, print};
use super::lang;
use crate::cli::{Cli, Command, DoctorOptions, InitOptions, Language};
use crate::systems;
use anyhow::{Context, Result, bail};
use clap::Parser;
use results::text::{command, visible};
use std::path::Path;
use std::process::ExitCode;

/// Examines it. What cannot be started yet is no failure: it is said what is missing.
pub fn examine(language: Language, options: &InitOptions) -> ExitCode {
    let arguments = arguments(options);
    let again = visible(&command(&arguments), 400);
    match missing(language, options) {
        Ok(None) => {}
        Ok(Some(missing)) => {
            print(&format!("\nIt was not examined yet: {missing}.\n"));
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(&error),
    }
    print(&format!(
        "\nIs it plugged in rightly, as it is? harness {again}\n\n"
    ));
    doctor::doctor(&typed(&arguments))
}

/// What is typed to examine it. The example is one node; of one's own system there are as many as of any other.
fn arguments(options: &InitOptions) -> Vec<String> {
    let descriptor = lang::descriptor_path(options).display().to_string();
    let mut arguments = vec!["doctor".to_owned(), descriptor];
    if options.start.is_none() {
        arguments.extend(["--node-count", "1"].map(str::to_owned));
    }
    arguments
}

/// The options of `harness doctor`, as if they had been typed.
fn typed(arguments: &[String]) -> DoctorOptions {
    match Cli::try_parse_from([&["harness".to_owned()], arguments].concat()) {
        Ok(Cli {
            command: Command::Doctor(options),
            ..
        }) => options,
        _ => unreachable!("doctor takes a descriptor, whose name begins with a dot or a slash"),
    }
}

/// What is missing before it can be started; a client program that has to be built is built.
///
/// # Errors
/// When the client program cannot be built.
fn missing(language: Language, options: &InitOptions) -> Result<Option<String>> {
    let descriptor = lang::descriptor_path(options);
    let system = systems::find(&descriptor.display().to_string())?;
    let words = system.node.command_words();
    let program = words[0].replace("{dir}", &options.directory.display().to_string());
    // What has another variable in it is known when a node is started.
    if !program.contains('{') && !is_there(&program) {
        return Ok(Some(format!(
            "the program of the nodes, {}, is not there",
            visible(&program, 200)
        )));
    }
    let Some(build) = lang::build(language) else {
        return Ok(None);
    };
    let compiler = build.split(' ').next().unwrap_or_default();
    if !is_there(compiler) {
        return Ok(Some(format!(
            "{compiler}, which builds the client program, is not on the PATH"
        )));
    }
    let directory = options.directory.display();
    let built = std::process::Command::new("sh")
        .args(["-c", build])
        .current_dir(&options.directory)
        .status()
        .with_context(|| format!("build the client program in {directory}: {build}"))?;
    if !built.success() {
        bail!("build the client program in {directory}: {build} ended with {built}");
    }
    Ok(None)
}

/// Whether there is such a program: on the PATH, or where it says.
fn is_there(program: &str) -> bool {
    if program.contains('/') {
        return Path::new(program).is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
