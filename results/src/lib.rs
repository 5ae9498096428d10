//! What people read: the verdict with its evidence, `results.json`, `report.html`, the final block on the
//! terminal, and the store that keeps them.
//!
//! Everything here is derived from a history and its analysis, so a stored run can be drawn on any machine,
//! and drawn again. Nothing that came from the system under test is believed or interpreted: [`text`] makes it
//! harmless on the way to a terminal, and the templates escape it on the way into HTML.
//!
//! For programs there are also [`junit`], [`mod@markdown`] and [`mod@annotation`] for CI servers, and [`export`] for other tools.
//!
//! Read next: [`coverage`] for what a run exercised, [`evidence`] for when *valid* is earned, [`document`] for
//! `results.json`, [`report`] for the page.

pub mod annotation;
pub mod block;
pub mod browse;
pub mod coverage;
pub mod document;
pub mod evidence;
pub mod export;
pub mod junit;
pub mod markdown;
pub mod redaction;
pub mod replays;
pub mod report;
pub mod run_info;
pub mod store;
pub mod text;

pub use annotation::annotation;
pub use block::{BlockOptions, final_block};
pub use document::{Outcome, Results, schema};
pub use junit::{junit_xml, junit_xml_of};
pub use markdown::{markdown, markdown_of};
pub use redaction::Redaction;
pub use replays::{Replay, Replays};
pub use report::{counterexample_svg, report_html};
pub use run_info::{Environment, ProgramFile, RunInfo, Scenario};
pub use store::{RunDir, RunFilter, RunRow, Store, StoreError};
