//! Workloads of systems that need no client program: what a node is asked over HTTP, or in RESP, the protocol of Redis, and
//! what its answers mean. A beginning, to be changed to what the system says.

use crate::cli::Wire;
use crate::workload::{self, Kind};
use anyhow::{Result, bail};
use std::fmt::Write;

/// What the example server is asked.
const EXAMPLE: &str = include_str!("../../../templates/lang/http.toml");

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

/// Functions of a workload as commands of Redis: the command, what is said when it was carried out, and whether it only looks.
type Commands = &'static [(&'static str, &'static str, &'static str, bool)];

/// The workloads that Redis has commands for.
const RESP: [(&str, Commands); 5] = [
    (
        "register",
        &[
            (
                "write",
                r#""SET", "{key}", "{value}""#,
                r#"reply = "+OK", outcome = "ok""#,
                false,
            ),
            (
                "read",
                r#""GET", "{key}""#,
                r#"reply = ["$*", "_"], outcome = "ok", value = """#,
                true,
            ),
        ],
    ),
    (
        "set",
        &[
            (
                "add",
                r#""SADD", "{key}", "{value}""#,
                r#"reply = ":*", outcome = "ok""#,
                false,
            ),
            (
                "read",
                r#""SMEMBERS", "{key}""#,
                r#"reply = "*", outcome = "ok", value = """#,
                true,
            ),
        ],
    ),
    (
        "append",
        &[
            (
                "append",
                r#""RPUSH", "{key}", "{value}""#,
                r#"reply = ":*", outcome = "ok""#,
                false,
            ),
            (
                "read",
                r#""LRANGE", "{key}", "0", "-1""#,
                r#"reply = "*", outcome = "ok", value = """#,
                true,
            ),
        ],
    ),
    (
        "queue",
        &[
            (
                "enqueue",
                r#""LPUSH", "{key}", "{value}""#,
                r#"reply = ":*", outcome = "ok""#,
                false,
            ),
            (
                "dequeue",
                r#""RPOP", "{key}""#,
                r#"reply = ["$*", "_"], outcome = "ok", value = """#,
                false,
            ),
        ],
    ),
    (
        "counter",
        &[
            (
                "add",
                r#""INCRBY", "{key}", "{value}""#,
                r#"reply = ":*", outcome = "ok""#,
                false,
            ),
            // Adding nothing tells the sum, also of what is not there yet.
            (
                "read",
                r#""INCRBY", "{key}", "0""#,
                r#"reply = ":*", outcome = "ok", value = """#,
                true,
            ),
        ],
    ),
];

fn resp(name: &str, port: u16) -> Result<String> {
    let Some((_, commands)) = RESP.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = RESP.iter().map(|(known, _)| *known).collect();
        bail!(
            "write a descriptor: which commands are a {name} in RESP is known of {} only; name one of these and change it, or \
             let a client program do it (--lang python)",
            known.join(", ")
        );
    };
    let mut text = "# The commands are those of Redis. What fits no rule has an unknown outcome; \"fail\" is for answers that say for\n\
                    # certain that nothing was done.\n"
        .to_owned();
    for (function, command, done, only_looks) in *commands {
        let failed = match only_looks {
            true => r#""-*""#,
            false => r#"["-READONLY *", "-LOADING *", "-MASTERDOWN *"]"#,
        };
        // Writing to memory cannot fail.
        let _ = write!(
            text,
            "\n[workload.{name}.{function}]\nport = {port}\ncommand = [{command}]\nanswers = [\n  {{ {done} }},\n  {{ reply = \
             {failed}, outcome = \"fail\" }},\n]\n"
        );
    }
    Ok(text)
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
