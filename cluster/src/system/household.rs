//! What a node has beside its own program: files that are there before its first start, and programs that live and die
//! with it.

use super::node::{CommandTemplate, CommandVariable};
use super::placed::placed;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// How many other programs, and how many files, a node can have.
const EACH_MAX: usize = 16;

/// A program that is started beside the node's own and killed with it; when it ends, so does the node.
#[derive(Debug, Clone)]
pub struct CompanionRecipe {
    /// What its logs are called.
    pub name: String,
    pub(super) command: Vec<CommandTemplate>,
    pub(super) env: BTreeMap<String, CommandTemplate>,
}

/// A program that is started beside the node's own and killed with it; when it ends, so does the node.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Companion")]
struct RawCompanion {
    /// What its logs are called: of a-z, 0-9 and -.
    name: String,
    /// The program, then its arguments, with the variables of the node's own command.
    command: Vec<CommandTemplate>,
    /// Its environment variables.
    #[serde(default)]
    env: BTreeMap<String, CommandTemplate>,
}

placed!(CompanionRecipe from RawCompanion, "a table");

impl TryFrom<RawCompanion> for CompanionRecipe {
    type Error = String;

    fn try_from(raw: RawCompanion) -> Result<Self, String> {
        let RawCompanion { name, command, env } = raw;
        let is_part = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if name.is_empty() || name.len() > 32 || !name.bytes().all(is_part) {
            return Err(format!(
                "name is {name:?}; its logs are called by it, so it is of a-z, 0-9 and -, and at most 32 characters long"
            ));
        }
        if command.is_empty() {
            return Err("command is empty; it is a list: the program, then its arguments".to_owned());
        }
        Ok(CompanionRecipe { name, command, env })
    }
}

/// A file that a node has before its first start. What the node does to it afterwards stays.
#[derive(Debug, Clone)]
pub struct FileRecipe {
    pub(super) path: CommandTemplate,
    pub(super) text: CommandTemplate,
    /// Which nodes have it.
    pub(super) nodes: WhichNodes,
}

/// Which nodes something is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum WhichNodes {
    /// Every node.
    #[default]
    All,
    /// The first.
    First,
    /// Every node but the first.
    Others,
}

impl WhichNodes {
    /// Whether it is for the node with this number, from 1.
    pub fn has(self, index: usize) -> bool {
        match self {
            WhichNodes::All => true,
            WhichNodes::First => index == 1,
            WhichNodes::Others => index != 1,
        }
    }
}

/// A file that a node has before its first start.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "File")]
struct RawFile {
    /// Where it is, below {data}/.
    path: CommandTemplate,
    /// What is in it, with the variables of the node's command.
    text: CommandTemplate,
    /// Which nodes have it; all when nothing is said.
    #[serde(default)]
    nodes: WhichNodes,
}

placed!(FileRecipe from RawFile, "a table");

impl TryFrom<RawFile> for FileRecipe {
    type Error = String;

    fn try_from(raw: RawFile) -> Result<Self, String> {
        let RawFile { path, text, nodes } = raw;
        let written = path.0.to_string();
        let below = written.strip_prefix("{data}/").unwrap_or_default();
        let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
        let is_of_names = path
            .0
            .variables()
            .skip(1)
            .all(|variable| matches!(variable, CommandVariable::Node | CommandVariable::Index));
        if below.is_empty() || !below.split('/').all(is_plain) || !is_of_names {
            return Err(format!(
                "path is {written:?}; it is below {{data}}/, such as {{data}}/node.conf, with no variables but {{node}} and {{index}}"
            ));
        }
        Ok(FileRecipe { path, text, nodes })
    }
}

/// Whether there may be so many of them.
pub(super) fn check(companions: &[CompanionRecipe], files: &[FileRecipe]) -> Result<(), String> {
    for (what, count) in [("also", companions.len()), ("file", files.len())] {
        if count > EACH_MAX {
            return Err(format!(
                "there are {count} [[node.{what}]]; {EACH_MAX} are the most"
            ));
        }
    }
    for (place, companion) in companions.iter().enumerate() {
        if companions[..place].iter().any(|it| it.name == companion.name) {
            return Err(format!("two [[node.also]] are called {:?}", companion.name));
        }
    }
    Ok(())
}
