//! Where an option's value comes from: the flag, else the environment variable, else the file, else the default.
//!
//! Everything here is read off the definition of the command line: a flag `--time-limit` is the variable
//! `HARNESS_TIME_LIMIT` and the key `time-limit`. What is said in a weaker place than something that it contradicts
//! (`nemesis` in the file, `--schedule` on the command line) does not count. Hidden commands and flags, which only
//! the harness itself types, have no other place.
//!
//! Read next: `config_file` for the file's form, `print_config` for how it is shown.

use super::config_file::{ConfigFile, Entry};
use crate::suggest;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;

/// The file that is read when it is there.
pub const DEFAULT_FILE: &str = "harness.toml";
/// What the names of environment variables begin with.
const PREFIX: &str = "HARNESS_";
/// Flags that choose or show the layers, and are none themselves.
const NOT_LAYERED: [&str; 4] = ["config", "print_config", "help", "version"];

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was typed.
    CommandLine,
    /// From this environment variable.
    Environment(String),
    /// From a file: `harness.toml:3`.
    File(String),
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::CommandLine => f.write_str("command line"),
            Origin::Environment(variable) => f.write_str(variable),
            Origin::File(place) => f.write_str(place),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// The origin of every option of a command, by its name in `options.json`: `time_limit`.
pub type Origins = BTreeMap<String, Origin>;

/// A command line with everything that the other places add.
pub struct Layered {
    /// The values.
    pub matches: ArgMatches,
    /// Where they come from.
    pub origins: Origins,
    /// What somebody should know and nobody has to: a variable that looks mistyped.
    pub remarks: Vec<String>,
}

/// Understands `typed` (with the program's name first), the environment and the file.
///
/// # Errors
/// What clap says of the command line, and the same of the other places with the variable, or the file and its line.
pub fn understand(base: &Command, typed: &[OsString]) -> Result<Layered, clap::Error> {
    let plain = base.clone().try_get_matches_from(typed)?;
    let Some((name, sub)) = plain.subcommand() else {
        return Ok(Layered {
            matches: plain,
            origins: Origins::new(),
            remarks: Vec::new(),
        });
    };
    let command = base.find_subcommand(name).expect("clap found it");
    if command.is_hide_set() {
        return Ok(Layered {
            matches: plain,
            origins: Origins::new(),
            remarks: Vec::new(),
        });
    }
    let refuse = |message: String| base.clone().error(ErrorKind::ValueValidation, message);
    let file = file(sub).map_err(refuse)?;
    check_file(base, &file).map_err(refuse)?;
    let arguments: Vec<&Arg> = layered(base, command).collect();
    let is_typed = |arg: &Arg| sub.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    let against = |a: &Arg, b: &Arg| {
        let conflicts = if a.is_global_set() {
            Vec::new()
        } else {
            command.get_arg_conflicts_with(a)
        };
        conflicts.iter().any(|it| it.get_id() == b.get_id())
    };
    let contradicted = |arg: &Arg, stronger: &dyn Fn(&Arg) -> bool| {
        arguments
            .iter()
            .any(|other| stronger(other) && (against(arg, other) || against(other, arg)))
    };
    let in_environment = |arg: &Arg| !is_typed(arg) && std::env::var_os(variable(arg)).is_some();
    let mut effective = base.clone();
    let mut origins = Origins::new();
    let mut switched_off = Vec::new();
    for arg in &arguments {
        let id = arg.get_id().to_string();
        let entry = entry(&file, name, arg);
        let origin = if is_typed(arg) {
            Origin::CommandLine
        } else if in_environment(arg) && !contradicted(arg, &is_typed) {
            let variable = variable(arg);
            let value = std::env::var(&variable).map_err(|_| refuse(format!("{variable}: is no text")))?;
            check(base, name, arg, std::slice::from_ref(&value))
                .map_err(|why| refuse(format!("{variable}: {why}")))?;
            effective = with(effective, name, arg, vec![value]);
            Origin::Environment(variable)
        } else if let Some(entry) = entry
            && !contradicted(arg, &|other| is_typed(other) || in_environment(other))
        {
            effective = with(effective, name, arg, entry.values.clone());
            if is_switch(arg) && entry.values == ["false"] {
                switched_off.push(arg.get_id().clone());
            }
            Origin::File(format!("{}:{}", file.name, entry.line))
        } else {
            Origin::Default
        };
        origins.insert(id, origin);
    }
    // What is left to contradict each other was said in one place.
    for (arg, other) in arguments
        .iter()
        .flat_map(|arg| arguments.iter().map(move |other| (arg, other)))
    {
        let is_said = |arg: &Arg| {
            let origin = &origins[arg.get_id().as_str()];
            !matches!(origin, Origin::Default | Origin::CommandLine) && !switched_off.contains(arg.get_id())
        };
        if is_said(arg) && is_said(other) && against(arg, other) {
            let place = |arg: &Arg| format!("{} ({})", key(arg), origins[arg.get_id().as_str()]);
            return Err(refuse(format!(
                "{} cannot be used with {}",
                place(arg),
                place(other)
            )));
        }
    }
    let matches = effective.try_get_matches_from(typed)?;
    Ok(Layered {
        matches,
        origins,
        remarks: remarks(base),
    })
}

/// The flags of a command that have other places, its own and those of every command.
pub fn layered<'a>(base: &'a Command, command: &'a Command) -> impl Iterator<Item = &'a Arg> {
    let own = command.get_arguments();
    own.chain(base.get_arguments()).filter(|arg| {
        let is_flag = arg.get_long().is_some() || arg.get_id() == "system";
        is_flag && !arg.is_hide_set() && !NOT_LAYERED.contains(&arg.get_id().as_str())
    })
}

/// The key of a flag in the file.
pub fn key(arg: &Arg) -> String {
    arg.get_long()
        .map_or_else(|| arg.get_id().to_string(), str::to_owned)
}

/// The environment variable of a flag.
pub fn variable(arg: &Arg) -> String {
    format!("{PREFIX}{}", key(arg).to_uppercase().replace('-', "_"))
}

/// The file that was asked for, or the one that lies here; an empty name is none.
fn file(sub: &ArgMatches) -> Result<ConfigFile, String> {
    let asked = sub.get_one::<OsString>("config").cloned();
    let asked = asked.or_else(|| std::env::var_os("HARNESS_CONFIG"));
    match asked {
        Some(path) if path.is_empty() => Ok(ConfigFile::default()),
        Some(path) => ConfigFile::read(Path::new(&path)),
        None if Path::new(DEFAULT_FILE).is_file() => ConfigFile::read(Path::new(DEFAULT_FILE)),
        None => Ok(ConfigFile::default()),
    }
}

/// What the file says of a flag: in the command's table, else at the top.
fn entry<'a>(file: &'a ConfigFile, command: &str, arg: &Arg) -> Option<&'a Entry> {
    let of = |table: Option<&str>| {
        file.entries
            .iter()
            .find(|it| it.key == key(arg) && it.table.as_deref() == table)
    };
    of(Some(command)).or_else(|| of(None))
}

/// Says what in the file no command understands, for all commands, so that it is not found out months later.
fn check_file(base: &Command, file: &ConfigFile) -> Result<(), String> {
    let commands: Vec<&Command> = base.get_subcommands().filter(|it| !it.is_hide_set()).collect();
    let refuse = |line: usize, why: String| format!("{}:{line}: {why}", file.name);
    for entry in &file.entries {
        let table = entry.table.as_deref();
        let meant: Vec<&&Command> = commands
            .iter()
            .filter(|it| table.is_none_or(|table| it.get_name() == table))
            .collect();
        if let (Some(table), []) = (table, meant.as_slice()) {
            let names: Vec<&str> = commands.iter().map(|it| it.get_name()).collect();
            return Err(refuse(entry.line, suggest::unknown("command", table, &names)));
        }
        let mut known: Vec<String> = Vec::new();
        let mut is_known = false;
        for command in meant {
            for arg in layered(base, command) {
                if key(arg) == entry.key {
                    is_known = true;
                    check(base, command.get_name(), arg, &entry.values)
                        .map_err(|why| refuse(entry.line, format!("{}: {why}", entry.key)))?;
                }
                known.push(key(arg));
            }
        }
        if !is_known {
            known.sort();
            known.dedup();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let place = table.map_or(String::new(), |table| format!(" of [{table}]"));
            return Err(refuse(
                entry.line,
                suggest::unknown(&format!("key{place}"), &entry.key, &known),
            ));
        }
    }
    Ok(())
}

fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

/// Whether a flag can have these values, in clap's own words.
fn check(base: &Command, command: &str, arg: &Arg, values: &[String]) -> Result<(), String> {
    let mut typed = vec!["harness".to_owned(), command.to_owned()];
    match (arg.get_long(), arg.get_action()) {
        (Some(_), ArgAction::SetTrue) => match values {
            [one] if one == "true" || one == "false" => return Ok(()),
            _ => return Err("write true or false".to_owned()),
        },
        (Some(_), ArgAction::Count) => match values {
            [one] if one.parse::<u8>().is_ok() => return Ok(()),
            _ => return Err("write a number".to_owned()),
        },
        (Some(_), ArgAction::Set) if values.len() != 1 && arg.get_value_delimiter().is_none() => {
            return Err("write one value".to_owned());
        }
        (Some(long), _) => typed.extend(values.iter().map(|value| format!("--{long}={value}"))),
        (None, _) => typed.extend(values.iter().cloned()),
    }
    let Err(error) = base.clone().try_get_matches_from(&typed) else {
        return Ok(());
    };
    match error.kind() {
        // What else the command needs, or has, is not this value's affair.
        ErrorKind::MissingRequiredArgument | ErrorKind::ArgumentConflict => Ok(()),
        _ => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            Err(first.strip_prefix("error: ").unwrap_or(first).to_owned())
        }
    }
}

/// The command line with other defaults.
fn with(base: Command, command: &str, arg: &Arg, values: Vec<String>) -> Command {
    let id = arg.get_id().clone();
    // A list that was typed with commas, as it would be on the command line.
    let values: Vec<String> = match arg.get_value_delimiter() {
        Some(delimiter) => values
            .iter()
            .flat_map(|it| it.split(delimiter))
            .map(str::to_owned)
            .collect(),
        None => values,
    };
    let change = |arg: Arg| {
        let arg = if is_switch(&arg) {
            arg
        } else {
            arg.hide_default_value(false)
        };
        arg.default_values(values)
    };
    match arg.is_global_set() {
        true => base.mut_arg(id, change),
        false => base.mut_subcommand(command, |it| it.mut_arg(id, change)),
    }
}

/// Variables that look like ours and are not. Others may use the prefix too, so only near ones are named.
fn remarks(base: &Command) -> Vec<String> {
    let mut known: Vec<String> = vec![format!("{PREFIX}CONFIG")];
    for command in base.get_subcommands().filter(|it| !it.is_hide_set()) {
        known.extend(layered(base, command).map(variable));
    }
    let set = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let unknown = set.filter(|name| name.starts_with(PREFIX) && !known.contains(name));
    let remark = |name: String| {
        let nearest = suggest::slip_of(&name[PREFIX.len()..], known.iter().map(|it| &it[PREFIX.len()..]))?;
        Some(format!(
            "the environment variable {name} means nothing here; did you mean {PREFIX}{nearest}?"
        ))
    };
    unknown.filter_map(remark).collect()
}

/// The variables that would have a say in a command line; for children that are told everything.
pub fn variables_set() -> Vec<OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    names
        .filter(|name| name.to_string_lossy().starts_with(PREFIX))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;
    use std::fs;

    struct Place(tempfile::TempDir);

    impl Place {
        fn new(text: &str) -> Place {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("h.toml"), text).unwrap();
            Place(folder)
        }

        fn understand(&self, typed: &[&str]) -> Result<Layered, String> {
            let mut words: Vec<OsString> = vec!["harness".into()];
            words.extend(typed.iter().map(OsString::from));
            words.extend(["--config".into(), self.0.path().join("h.toml").into()]);
            super::understand(&Cli::command(), &words).map_err(|error| error.to_string())
        }
    }

    fn raw(layered: &Layered, id: &str) -> String {
        let (_, sub) = layered.matches.subcommand().unwrap();
        let values = sub.get_raw(id).into_iter().flatten();
        values
            .map(|it| it.to_string_lossy().into_owned())
            .collect::<Vec<_>>()
            .join(",")
    }

    #[test]
    fn the_flag_comes_before_the_file_and_the_table_before_the_top() {
        let place = Place::new(
            "rate = 10\nstore = \"a\"\n[test]\nrate = 20\nfail-fast = true\nnodes = [\"x\", \"y\"]\n",
        );
        let test = place.understand(&["test"]).unwrap();
        assert_eq!(raw(&test, "rate"), "20");
        assert_eq!(raw(&test, "store"), "a");
        assert_eq!(raw(&test, "nodes"), "x,y");
        assert!(test.matches.subcommand().unwrap().1.get_flag("fail_fast"));
        assert!(test.origins["rate"].to_string().ends_with("h.toml:4"));
        assert_eq!(test.origins["seed"], Origin::Default);
        let typed = place
            .understand(&["test", "--rate", "30", "--nodes", "z"])
            .unwrap();
        assert_eq!(
            (raw(&typed, "rate"), raw(&typed, "nodes")),
            ("30".into(), "z".into())
        );
        assert_eq!(typed.origins["rate"], Origin::CommandLine);
        let scorecard = place.understand(&["scorecard"]).unwrap();
        assert_eq!(raw(&scorecard, "rate"), "10");
    }

    #[test]
    fn what_contradicts_something_typed_does_not_count() {
        let place = Place::new("[test]\nnemesis = \"kill\"\nnode-count = 3\n");
        let typed = place
            .understand(&["test", "--schedule", "s.json", "--nodes", "a,b"])
            .unwrap();
        assert_eq!(typed.origins["nemesis"], Origin::Default);
        assert_eq!(typed.origins["node_count"], Origin::Default);
        let both = Place::new("[test]\nnemesis = \"kill\"\nschedule = \"s.json\"\n");
        let error = both.understand(&["test"]).err().unwrap();
        assert!(
            error.contains("h.toml:2") && error.contains("h.toml:3"),
            "{error}"
        );
    }

    #[test]
    fn what_nobody_understands_is_refused_with_its_line_and_a_suggestion() {
        let refused = |text: &str| Place::new(text).understand(&["list"]).err().unwrap();
        let error = refused("# all\nstoer = \"a\"\n");
        assert!(
            error.contains("h.toml:2: unknown key `stoer`: did you mean `store`?"),
            "{error}"
        );
        let error = refused("[test]\ntime_limit = 5\n");
        assert!(
            error.contains("h.toml:2: unknown key of [test] `time_limit`: did you mean `time-limit`?"),
            "{error}"
        );
        let error = refused("[tset]\nrate = 5\n");
        assert!(
            error.contains("unknown command `tset`: did you mean `test`?"),
            "{error}"
        );
        let error = refused("[test]\n\nnemesis = \"partiton\"\n");
        assert!(
            error.contains("h.toml:3: nemesis: ") && error.contains("did you mean `partition`?"),
            "{error}"
        );
        let error = refused("[test]\nfail-fast = \"perhaps\"\n");
        assert!(error.contains("write true or false"), "{error}");
        let error = refused("[test]\nrate = [1, 2]\n");
        assert!(error.contains("write one value"), "{error}");
        let error = refused("[paxos-node]\nid = \"n1\"\n");
        assert!(error.contains("unknown command"), "{error}");
    }

    #[test]
    fn hidden_commands_have_no_other_place() {
        let place = Place::new("nonsense = 1\n");
        let words = ["harness", "tied", "--die-with", "1", "--", "true"].map(OsString::from);
        assert!(super::understand(&Cli::command(), &words).is_ok());
        assert!(place.understand(&["list"]).is_err());
    }
}
