//! The objects that are known: what each does, how histories write it down, and how it is decided best.

pub(crate) mod append;
pub(crate) mod append_string;
pub(crate) mod counter;
pub(crate) mod decree;
pub(crate) mod elements;
pub(crate) mod multi_register;
pub(crate) mod register;
#[cfg(test)]
pub(crate) mod script;
pub(crate) mod set;
pub(crate) mod unique_ids;
