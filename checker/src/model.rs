//! The objects that histories are checked against, by name.

use serde::{Deserialize, Serialize};

/// The sequential objects that can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Single-decree register: the first `propose` fixes the value, everything after answers with it.
    Decree,
    /// A register that is read, written, and compared and set.
    CasRegister,
    /// Several registers that are read and written together, in transactions.
    MultiRegister,
    /// A string that is got, put and appended to.
    #[serde(rename = "append-string-kv")]
    AppendString,
    /// A list that is appended to, and read as a whole.
    Append,
    /// A set of elements, one by one or as a whole.
    Set,
    /// A number that is added to.
    Counter,
    /// Ids, of which no two are the same.
    UniqueIds,
}

impl Model {
    /// All of them.
    pub const ALL: [Model; 8] = [
        Model::Decree,
        Model::CasRegister,
        Model::MultiRegister,
        Model::AppendString,
        Model::Append,
        Model::Set,
        Model::Counter,
        Model::UniqueIds,
    ];

    /// The name, as in `--model` and in files.
    pub fn name(self) -> &'static str {
        self.names()[0]
    }

    /// The name, and other names for the same.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Model::Decree => &["decree", "consensus"],
            Model::CasRegister => &["cas-register", "register", "kv"],
            Model::MultiRegister => &["multi-register"],
            Model::AppendString => &["append-string-kv", "append-string"],
            Model::Append => &["append", "list-append"],
            Model::Set => &["set"],
            Model::Counter => &["counter"],
            Model::UniqueIds => &["unique-ids"],
        }
    }

    /// What it is, in a line.
    pub fn about(self) -> &'static str {
        match self {
            Model::Decree => "the first propose fixes the value, and everything after it answers with that",
            Model::CasRegister => "read, write, and cas [old, new]; one for each key; null at first",
            Model::MultiRegister => {
                "txn [[\"read\", register, null], [\"write\", register, value], ...] on several at once"
            }
            Model::AppendString => "get, put and append on a string; one for each key; empty at first",
            Model::Append => "append, and read the whole list; one for each key; empty at first",
            Model::Set => "add, remove, contains, and read the whole set; one for each key; empty at first",
            Model::Counter => "add, inc, dec, and read; one for each key; 0 at first",
            Model::UniqueIds => "generate answers with an id that it never gave before",
        }
    }

    /// The object of a name.
    pub fn from_name(name: &str) -> Option<Model> {
        Model::ALL.into_iter().find(|model| model.names().contains(&name))
    }
}

/// Does something with the theory of a model, whichever it is.
macro_rules! with_theory {
    ($model:expr, $history:expr, $options:expr, $theory:ident => $body:expr) => {{
        use crate::theory::of;
        match $model {
            Model::Decree => {
                let $theory = of::<crate::objects::decree::Decree>($history, $model, $options)?;
                $body
            }
            Model::CasRegister => {
                let $theory = of::<crate::objects::register::Register>($history, $model, $options)?;
                $body
            }
            Model::MultiRegister => {
                let $theory =
                    of::<crate::objects::multi_register::MultiRegister>($history, $model, $options)?;
                $body
            }
            Model::AppendString => {
                let $theory = of::<crate::objects::append_string::AppendString>($history, $model, $options)?;
                $body
            }
            Model::Append => {
                let $theory = of::<crate::objects::append::Append>($history, $model, $options)?;
                $body
            }
            Model::Set => {
                let $theory = of::<crate::objects::set::Set>($history, $model, $options)?;
                $body
            }
            Model::Counter => {
                let $theory = of::<crate::objects::counter::Counter>($history, $model, $options)?;
                $body
            }
            Model::UniqueIds => {
                let $theory = of::<crate::objects::unique_ids::UniqueIds>($history, $model, $options)?;
                $body
            }
        }
    }};
}
pub(crate) use with_theory;
