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
    /// A set of which everybody sees all elements in the end.
    EventualSet,
    /// A number of which everybody sees all additions in the end.
    EventualCounter,
    /// First in, first out.
    Queue,
    /// The smallest comes out first.
    PriorityQueue,
    /// Last in, first out.
    Stack,
    /// A lock of which nobody says who holds it.
    Mutex,
    /// A lock that its owner releases.
    OwnedMutex,
    /// A lock that its owner can acquire again.
    ReentrantMutex,
    /// A lock that gives out tokens, which grow.
    FencedLock,
    /// So many permits, to be taken and given back.
    Semaphore,
}

impl Model {
    /// All of them.
    pub const ALL: [Model; 18] = [
        Model::Decree,
        Model::CasRegister,
        Model::MultiRegister,
        Model::AppendString,
        Model::Append,
        Model::Set,
        Model::Counter,
        Model::UniqueIds,
        Model::EventualSet,
        Model::EventualCounter,
        Model::Queue,
        Model::PriorityQueue,
        Model::Stack,
        Model::Mutex,
        Model::OwnedMutex,
        Model::ReentrantMutex,
        Model::FencedLock,
        Model::Semaphore,
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
            Model::EventualSet => &["eventual-set", "g-set", "broadcast"],
            Model::EventualCounter => &["eventual-counter", "g-counter", "pn-counter"],
            Model::Queue => &["queue", "fifo-queue"],
            Model::PriorityQueue => &["priority-queue"],
            Model::Stack => &["stack"],
            Model::Mutex => &["mutex"],
            Model::OwnedMutex => &["owned-mutex", "lock"],
            Model::ReentrantMutex => &["reentrant-mutex", "reentrant-lock"],
            Model::FencedLock => &["fenced-lock", "fenced-mutex"],
            Model::Semaphore => &["semaphore"],
        }
    }

    /// What one of its objects is called in a sentence: "1 decree", "3 decrees".
    pub fn noun(self) -> &'static str {
        match self {
            Model::Decree => "decree",
            Model::CasRegister => "register",
            Model::MultiRegister => "store",
            Model::AppendString => "string",
            Model::Append => "list",
            Model::Set | Model::EventualSet => "set",
            Model::Counter | Model::EventualCounter => "counter",
            Model::UniqueIds => "generator",
            Model::Queue => "queue",
            Model::PriorityQueue => "priority queue",
            Model::Stack => "stack",
            Model::Mutex | Model::OwnedMutex | Model::ReentrantMutex | Model::FencedLock => "lock",
            Model::Semaphore => "semaphore",
        }
    }

    /// What it means that an operation was answered with null.
    pub fn nothing(self) -> &'static str {
        match self {
            Model::Decree => "undecided",
            Model::Queue | Model::PriorityQueue | Model::Stack => "empty",
            Model::Mutex
            | Model::OwnedMutex
            | Model::ReentrantMutex
            | Model::FencedLock
            | Model::Semaphore => "ok",
            _ => "null",
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
            Model::EventualSet => {
                "add, and read the whole set, of which only the final reads count; one for each key; empty at first"
            }
            Model::EventualCounter => {
                "add, and read, of which only the final reads count; one for each key; 0 at first"
            }
            Model::Queue => "enqueue, and dequeue the oldest, or null when there is none; empty at first",
            Model::PriorityQueue => {
                "insert an integer, and delete-min, or null when there is none; empty at first"
            }
            Model::Stack => "push, and pop the newest, or null when there is none; empty at first",
            Model::Mutex => "acquire and release, whoever does it; free at first",
            Model::OwnedMutex => "acquire, and release by the same process, or owner; free at first",
            Model::ReentrantMutex => "an owned mutex that its owner can acquire again, and releases as often",
            Model::FencedLock => "an owned mutex; acquire answers with a token that is greater each time",
            Model::Semaphore => "acquire and release permits; an operation `permits` says how many there are",
        }
    }

    /// Whether it promises nothing but what everybody sees in the end; see [`crate::eventual`].
    pub fn is_eventual(self) -> bool {
        matches!(self, Model::EventualSet | Model::EventualCounter)
    }

    /// What an object of which there is no violation is.
    pub fn praise(self) -> &'static str {
        if self.is_eventual() {
            "seen in the end"
        } else {
            "linearizable"
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
            Model::Set | Model::EventualSet => {
                let $theory = of::<crate::objects::set::Set>($history, $model, $options)?;
                $body
            }
            Model::Counter | Model::EventualCounter => {
                let $theory = of::<crate::objects::counter::Counter>($history, $model, $options)?;
                $body
            }
            Model::UniqueIds => {
                let $theory = of::<crate::objects::unique_ids::UniqueIds>($history, $model, $options)?;
                $body
            }
            Model::Queue => {
                use crate::objects::collection::{Collection, fifo::Fifo};
                let $theory = of::<Collection<Fifo>>($history, $model, $options)?;
                $body
            }
            Model::PriorityQueue => {
                use crate::objects::collection::{Collection, ranked::Ranked};
                let $theory = of::<Collection<Ranked>>($history, $model, $options)?;
                $body
            }
            Model::Stack => {
                use crate::objects::collection::{Collection, lifo::Lifo};
                let $theory = of::<Collection<Lifo>>($history, $model, $options)?;
                $body
            }
            Model::Mutex => {
                let $theory = of::<crate::objects::semaphore::Semaphore<true>>($history, $model, $options)?;
                $body
            }
            Model::OwnedMutex => {
                let $theory = of::<crate::objects::lock::Lock<false, false>>($history, $model, $options)?;
                $body
            }
            Model::ReentrantMutex => {
                let $theory = of::<crate::objects::lock::Lock<true, false>>($history, $model, $options)?;
                $body
            }
            Model::FencedLock => {
                let $theory = of::<crate::objects::lock::Lock<false, true>>($history, $model, $options)?;
                $body
            }
            Model::Semaphore => {
                let $theory = of::<crate::objects::semaphore::Semaphore<false>>($history, $model, $options)?;
                $body
            }
        }
    }};
}
pub(crate) use with_theory;
