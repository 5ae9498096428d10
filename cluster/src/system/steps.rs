//! How the reads and writes of a transaction are asked for: each by a text of its own, one after another. Not what they
//! are told: that is in `answer`.

use super::operation::RequestVariables;
use super::placed::placed;
use super::template::{Template, UnknownVariable, Variable};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// What `{steps}` becomes: for each step of a transaction `[["read", register, null], ["write", register, value]]` the text
/// for its kind, with something in between.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Steps")]
pub(super) struct StepTemplates {
    read: StepTemplate,
    write: StepTemplate,
    #[serde(default = "comma")]
    separator: String,
}

fn comma() -> String {
    ",".to_owned()
}

#[derive(Debug, Clone)]
struct StepTemplate(Template<StepVariable>);

placed!(StepTemplate from String, "a string");

impl TryFrom<String> for StepTemplate {
    type Error = UnknownVariable;

    fn try_from(text: String) -> Result<Self, UnknownVariable> {
        Template::parse(&text).map(Self)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StepVariable {
    Key,
    Register,
    Value,
}

impl Variable for StepVariable {
    const ALL: &'static [(&'static str, Self)] = &[
        ("key", Self::Key),
        ("register", Self::Register),
        ("value", Self::Value),
    ];
}

impl StepTemplates {
    /// The steps of the transaction that is the argument; nothing where it is none.
    pub fn of(&self, variables: &RequestVariables<'_>) -> String {
        let steps = variables.value.as_array().map_or(&[][..], Vec::as_slice);
        let texts: Vec<String> = steps.iter().map(|step| self.step(variables.key, step)).collect();
        texts.join(&self.separator)
    }

    fn step(&self, key: &str, step: &Value) -> String {
        let register = step[1].as_str().unwrap_or_default();
        let template = match step[0] == "read" {
            true => &self.read,
            false => &self.write,
        };
        let json = |variable| match variable {
            StepVariable::Key => Value::from(key).to_string(),
            StepVariable::Register => step[1].to_string(),
            StepVariable::Value => step[2].to_string(),
        };
        let plain = |variable| match variable {
            StepVariable::Key => key.to_owned(),
            StepVariable::Register => register.to_owned(),
            StepVariable::Value => step[2].to_string(),
        };
        template.0.fill_as(&json, &plain, &|base64| base64)
    }
}
