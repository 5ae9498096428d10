//! The `[workload]` part of a descriptor: how the functions of a workload are carried out, each by a request over HTTP or
//! a command over RESP, or all of them by a program.
//!
//! Read next: `operation` for HTTP, `command` for RESP; `docs/client-programs.md` for what such a program is told and
//! has to answer.

use super::answer::{AnswerRules, Protocol};
use super::command::RespOperation;
use super::operation::{HeaderName, HeaderTemplate, HttpOperation, Method, RequestTemplate, UrlTemplate};
use super::placed::placed;
use super::steps::StepTemplates;
use super::template::{Template, Variable};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// How a workload is carried out.
#[derive(Debug, Clone, Default)]
pub struct WorkloadRecipe {
    /// The program that carries out all of it, if one does.
    pub client: Option<ClientCommand>,
    /// Its operations by function, where they are carried out without one.
    pub operations: BTreeMap<String, Operation>,
    /// Which nodes carry out what clients ask for.
    pub served_by: ServedBy,
}

/// Which nodes carry out what clients ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServedBy {
    /// Each of them.
    #[default]
    EveryNode,
    /// The primary; all others refuse.
    Primary,
}

/// How one function is carried out.
#[derive(Debug, Clone)]
pub enum Operation {
    /// By a request over HTTP.
    Http(HttpOperation),
    /// By a command over RESP.
    Resp(RespOperation),
}

/// A program that carries out operations: one process for each client.
#[derive(Debug, Clone)]
pub struct ClientCommand(Vec<ClientTemplate>);

impl ClientCommand {
    /// The program, then its arguments. `dir` is the descriptor's folder, `harness` the harness's own program file.
    pub fn argv(&self, dir: &str, harness: &str) -> Vec<String> {
        let fill = |template: &ClientTemplate| {
            template.0.fill(|variable| match variable {
                ClientVariable::Dir => dir.to_owned(),
                ClientVariable::Harness => harness.to_owned(),
            })
        };
        self.0.iter().map(fill).collect()
    }

    /// The command as the descriptor says it, with its variables in braces.
    pub fn words(&self) -> Vec<String> {
        self.0.iter().map(|template| template.0.to_string()).collect()
    }
}

placed!(ClientCommand from Vec<ClientTemplate>, "a list: the program, then its arguments");

impl TryFrom<Vec<ClientTemplate>> for ClientCommand {
    type Error = &'static str;

    fn try_from(words: Vec<ClientTemplate>) -> Result<Self, &'static str> {
        if words.is_empty() {
            return Err("it is empty; it is a list: the program, then its arguments");
        }
        Ok(Self(words))
    }
}

#[derive(Debug, Clone)]
struct ClientTemplate(Template<ClientVariable>);

placed!(ClientTemplate from String, "a string");

impl TryFrom<String> for ClientTemplate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Template::parse_word(&text).map(Self)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClientVariable {
    Dir,
    Harness,
}

impl Variable for ClientVariable {
    const ALL: &'static [(&'static str, Self)] = &[("dir", Self::Dir), ("harness", Self::Harness)];
}

impl JsonSchema for WorkloadRecipe {
    fn schema_name() -> Cow<'static, str> {
        "Workload".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "How a workload is carried out: by a client program, or by a request or command for each function.",
            "type": "object",
            "properties": {
                "client": generator.subschema_for::<ClientCommand>(),
                "served_by": generator.subschema_for::<ServedBy>(),
            },
            "additionalProperties": generator.subschema_for::<Operation>(),
        })
    }
}

impl<'de> Deserialize<'de> for WorkloadRecipe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RecipeVisitor)
    }
}

struct RecipeVisitor;

impl<'de> Visitor<'de> for RecipeVisitor {
    type Value = WorkloadRecipe;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table: `client`, the program that carries out the workload, or a table for each of its functions")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<WorkloadRecipe, A::Error> {
        let mut recipe = WorkloadRecipe::default();
        while let Some(name) = table.next_key::<String>()? {
            match name.as_str() {
                "client" => recipe.client = Some(table.next_value()?),
                "served_by" => recipe.served_by = table.next_value()?,
                _ => drop(recipe.operations.insert(name, table.next_value()?)),
            }
        }
        if recipe.client.is_some() && !recipe.operations.is_empty() {
            return Err(A::Error::custom(
                "it has a `client`, which carries out all functions, and functions of its own; it can have one of the two",
            ));
        }
        Ok(recipe)
    }
}

/// How a function is carried out: over HTTP (method, url, headers, body) or over RESP (port, command).
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Operation")]
struct RawOperation {
    /// Over HTTP: GET, POST, PUT, PATCH, DELETE or HEAD.
    method: Option<Method>,
    /// Over HTTP: what is asked. Variables: {node} {ip} {key} {value} {old} {new}, the last four also as {.._base64}.
    url: Option<UrlTemplate>,
    /// Over HTTP.
    #[serde(default)]
    headers: BTreeMap<HeaderName, HeaderTemplate>,
    /// Over HTTP. {key} and {value} are JSON in it.
    body: Option<RequestTemplate>,
    /// Over HTTP: how a read and a write of a transaction are asked for, in {steps}.
    steps: Option<StepTemplates>,
    /// Over RESP: where the command is sent.
    port: Option<u16>,
    /// Over RESP: its words, such as ["SET", "{key}", "{value}"].
    command: Option<Vec<RequestTemplate>>,
    /// What the answers mean.
    answers: AnswerRules,
}

placed!(Operation from RawOperation, "a table");

impl TryFrom<RawOperation> for Operation {
    type Error = String;

    fn try_from(raw: RawOperation) -> Result<Self, String> {
        let RawOperation {
            method,
            url,
            headers,
            body,
            steps,
            port,
            command,
            answers,
        } = raw;
        if let Some(command) = command {
            if method.is_some() || url.is_some() || !headers.is_empty() || body.is_some() || steps.is_some() {
                return Err(
                    "it has a `command`, which is RESP's, and parts of a request over HTTP".to_owned(),
                );
            }
            let port = port.ok_or("missing field `port`: where does a node listen for commands?")?;
            answers.check(Protocol::Resp)?;
            return RespOperation::new(port, command, answers).map(Operation::Resp);
        }
        if port.is_some() {
            return Err(
                "it has a `port`, which belongs to a `command` of RESP; over HTTP it is in the `url`"
                    .to_owned(),
            );
        }
        let method = method.ok_or("missing field `method`, or over RESP `command`")?;
        let url = url.ok_or("missing field `url`")?;
        answers.check(Protocol::Http)?;
        let operation = HttpOperation::new(method, url, headers, body, steps, answers)?;
        Ok(Operation::Http(operation))
    }
}
