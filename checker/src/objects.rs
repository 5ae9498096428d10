//! The objects that are known: what each does, how histories write it down, and how it is decided best.

pub(crate) mod collection;
pub(crate) mod decree;
mod holding;
pub(crate) mod lock;
pub(crate) mod register;
pub(crate) mod semaphore;
