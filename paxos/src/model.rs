//! The pure core, explored exhaustively: every order in which messages can arrive, with any of them lost, repeated
//! or late, timers that go off at any time, and nodes that crash at any time and keep what was durable.
//!
//! What is explored is [`crate::instance`] itself, the code that runs in production. The network is a set of
//! everything that was ever sent: whatever is in it may arrive at any later time, any number of times, or never.
//!
//! [`world`] is the model, [`promises`] is what must hold in every state of it, [`scenario`] says how much is
//! explored, [`found`] shows that each planted bug breaks something, with the shortest way to it.

mod found;
mod promises;
mod scenario;
mod world;
