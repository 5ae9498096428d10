//! Workloads of systems that need no client program: what a node is asked over HTTP, or in RESP, the protocol of Redis, and
//! what its answers mean. A beginning, to be changed to what the system says.

use crate::cli::Wire;
use crate::workload::{self, Kind};
use anyhow::{Result, bail};

/// What the example server is asked.
const EXAMPLE: &str = include_str!("../../../templates/lang/http.toml");
/// What Redis is asked, for every workload that it has commands for: a paragraph for each function.
const COMMANDS: &str = include_str!("../../../templates/lang/resp.toml");

/// The workloads of the example: of the server that is written beside it, or of Redis.
///
/// # Errors
/// None of those that are known.
pub fn example(wire: Wire) -> Result<String> {
    match wire {
        Wire::Http => Ok(EXAMPLE.to_owned()),
        Wire::Resp => resp("register", 6379),
    }
}

/// One workload of a system that listens at a port.
///
/// # Errors
/// When no command of Redis is known for it.
pub fn workload(wire: Wire, name: &str, port: u16) -> Result<String> {
    match wire {
        Wire::Http => Ok(http(name, port)),
        Wire::Resp => resp(name, port),
    }
}

/// Every function as a request of its own. Nobody but the system's owner knows what they are really.
fn http(name: &str, port: u16) -> String {
    let mut text = "# The addresses and bodies are made up: say what your system is really asked. `value` is where the result\n\
                    # stands in its answer, as a JSON pointer; what fits no rule has an unknown outcome.\n"
        .to_owned();
    for kind in workload::ALL.iter().filter(|kind| kind.name == name) {
        for function in kind.functions {
            text += &request(kind, function, port);
        }
    }
    text
}

fn request(kind: &Kind, function: &str, port: u16) -> String {
    let body = match function {
        "read" | "dequeue" | "generate" => "",
        "cas" => "body = '{\"old\": {old}, \"new\": {new}}'\n",
        _ => "body = '{\"value\": {value}}'\n",
    };
    let value = match kind.telling.contains(&function) {
        true => ", value = \"/value\"",
        false => "",
    };
    // What only looks can say of any error that it had no effect.
    let failed = match function {
        "read" => "[\"4xx\", \"5xx\"]",
        _ => "\"4xx\"",
    };
    let method = if function == "read" { "GET" } else { "POST" };
    let name = kind.name;
    format!(
        "\n[workload.{name}.{function}]\nmethod = \"{method}\"\nurl = \"http://{{ip}}:{port}/{name}/{{key}}/{function}\"\n{body}\
         answers = [\n  {{ status = 200, outcome = \"ok\"{value} }},\n  {{ status = {failed}, outcome = \"fail\" }},\n]\n"
    )
}

/// What the file has of a workload, asked at a port.
fn resp(name: &str, port: u16) -> Result<String> {
    let mut paragraphs = COMMANDS.split("\n\n");
    let about = paragraphs.next().unwrap_or_default();
    let of: Vec<(&str, &str)> = paragraphs
        .filter_map(|text| {
            Some((
                text.split_once("[workload.")?.1.split_once('.')?.0,
                text.trim_end(),
            ))
        })
        .collect();
    let own: Vec<&str> = of
        .iter()
        .filter(|(of, _)| *of == name)
        .map(|(_, text)| *text)
        .collect();
    if own.is_empty() {
        let mut known: Vec<&str> = of.iter().map(|(of, _)| *of).collect();
        known.dedup();
        bail!(
            "write a descriptor: which commands are a {name} in RESP is known of {} only; name one of these and change it, or \
             let a client program do it (--lang python)",
            known.join(", ")
        );
    }
    let text = format!("{about}\n\n{}\n", own.join("\n\n"));
    Ok(text.replace("port = 6379", &format!("port = {port}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_redis_has_no_commands_for_is_refused_with_what_it_has() {
        let why = workload(Wire::Resp, "fenced-lock", 6379).unwrap_err().to_string();
        assert!(
            why.contains("register, set, append, queue, counter") && why.contains("--lang python"),
            "{why}"
        );
    }
}
