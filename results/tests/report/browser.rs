//! The page in a real browser: Chromium, without a window, driven over its DevTools protocol.
//!
//! Read next: [`chrome`] for how it is driven; [`quiet`] for what the page must not do; [`data`], [`search`] and [`keys`]
//! for what it shows and how it is used; [`access`] for whom it is for; [`speed`] and [`pictures`] for what is measured.

mod access;
mod chrome;
mod data;
mod keys;
mod pictures;
mod quiet;
mod runs;
mod search;
mod several;
mod speed;

pub use chrome::chrome;
pub use pictures::passing;
