//! The objects that are known: what each does, how histories write it down, and how it is decided best.

pub(crate) mod append;
pub(crate) mod append_string;
pub(crate) mod collection;
pub(crate) mod counter;
pub(crate) mod decree;
pub(crate) mod elements;
mod holding;
pub(crate) mod lock;
pub(crate) mod multi_register;
pub(crate) mod register;
#[cfg(test)]
pub(crate) mod script;
pub(crate) mod semaphore;
pub(crate) mod set;
pub(crate) mod unique_ids;
