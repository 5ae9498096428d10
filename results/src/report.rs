//! `report.html`: one file that opens with a double click, offline, without JavaScript, in five years.
//!
//! Everything on the page is made here, as HTML and SVG, but for one picture: the operations of the whole run, which are
//! in the page as data ([`operations`]) and drawn by its scripts. The browser itself is told to refuse any request. Texts of the system under test are made
//! visible by [`crate::text`] and escaped by the templates and by [`svg`]; they are never markup.
//!
//! Read next: `page` for what the page says, [`timeline`] for the counterexample's drawing, [`whole_run`] for
//! the picture of the run, [`operations`] for the data under it, `standalone` for the drawing as a file of its own,
//! [`logs`] for the nodes' own words.

mod axis;
mod circle;
mod course;
mod drawn;
pub mod logs;
mod messages;
pub mod operations;
mod page;
mod piece;
mod standalone;
pub mod svg;
pub mod timeline;
pub mod whole_run;

pub use standalone::counterexample_svg;

use crate::coverage::Coverage;
use crate::document::Results;
use checker::Analysis;
use history::History;
use std::path::Path;

/// The page of a run. Node logs are read from `directory`, if there is one.
///
/// # Errors
/// When a template cannot be filled in, which is a defect.
pub fn report_html(
    results: &Results,
    history: &History,
    analysis: Option<&Analysis>,
    coverage: &Coverage,
    directory: Option<&Path>,
) -> Result<String, askama::Error> {
    page::render(results, history, analysis, coverage, directory)
}
