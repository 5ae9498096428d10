//! The documents of whole histories: the verdict and its evidence, the final block, the page; and that hostile
//! texts stay texts everywhere.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod alone;
mod believe;
mod browser;
mod ci;
mod drawing;
mod evidence;
mod exports;
mod golden;
mod hostile;
mod large;
mod logs;
mod messages;
mod script;
mod sentences;
mod several;
mod undecided;
