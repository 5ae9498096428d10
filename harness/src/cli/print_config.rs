//! `--print-config`: what holds for a command, and where each value comes from, as a file that could be used.

use super::layers::{self, Layered, Origin};
use clap::{ArgAction, Command};

/// The options of a command as TOML, with the origin of each as a comment.
pub fn shown(base: &Command, layered: &Layered) -> Option<String> {
    let (name, sub) = layered.matches.subcommand()?;
    let command = base.find_subcommand(name)?;
    let mut text = format!(
        "# harness {name}: what holds, and where each value comes from.\n# The flag comes before the environment variable, that before the file, that before the default.\n[{name}]\n"
    );
    let arguments: Vec<_> = layers::layered(base, command).collect();
    let width = arguments
        .iter()
        .map(|arg| layers::key(arg).len())
        .max()
        .unwrap_or(0);
    for arg in arguments {
        let id = arg.get_id().as_str();
        let raw: Vec<String> = sub
            .get_raw(id)
            .into_iter()
            .flatten()
            .map(|value| value.to_string_lossy().into_owned())
            .collect();
        let key = layers::key(arg);
        let origin = layered.origins.get(id).unwrap_or(&Origin::Default);
        let value = match (arg.get_action(), raw.as_slice()) {
            (ArgAction::SetTrue, _) => Some(sub.get_flag(id).to_string()),
            (ArgAction::Count, _) => Some(sub.get_count(id).to_string()),
            (_, []) => None,
            (ArgAction::Append, many) => Some(format!(
                "[{}]",
                many.iter().map(|it| quoted(it)).collect::<Vec<_>>().join(", ")
            )),
            (_, many) => Some(literal(&many.join(","))),
        };
        text += &match value {
            // Only what somebody has said is said again by a file that is made of this.
            Some(value) if *origin == Origin::Default => format!("# {key:width$} = {value:24} # {origin}\n"),
            Some(value) => format!("{:w$} = {value:24} # {origin}\n", key, w = width + 2),
            None => format!("# {key:width$} is not set\n"),
        };
    }
    Some(text)
}

/// A number as it is, anything else in quotes.
fn literal(value: &str) -> String {
    let is_number = !value.is_empty() && value.len() < 18 && value.bytes().all(|it| it.is_ascii_digit());
    let has_zero = value.len() > 1 && value.starts_with('0');
    if is_number && !has_zero {
        value.to_owned()
    } else {
        quoted(value)
    }
}

fn quoted(value: &str) -> String {
    toml::Value::String(value.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_toml() {
        assert_eq!(literal("5000"), "5000");
        assert_eq!(literal("007"), "\"007\"");
        assert_eq!(literal("8n"), "\"8n\"");
        for hostile in ["a\"b", "a\nb\u{1b}", "x # y", ""] {
            let text = format!("k = {}", literal(hostile));
            let table: toml::Table = text.parse().unwrap();
            assert_eq!(table["k"].as_str(), Some(hostile));
        }
    }
}
