//! One run: what is known of it, and its files.

use super::Badge;
use super::runs::{Listed, encoded};
use crate::document::Outcome;
use crate::text::{count, visible};
use askama::Template;

/// A file of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFile {
    /// Its path, seen from the run's folder, with `/` between the parts.
    pub path: String,
    /// How large it is.
    pub bytes: u64,
}

#[derive(Template)]
#[template(path = "run.html")]
struct Page {
    title: String,
    badge: Badge,
    sentence: String,
    report: bool,
    value: String,
    again: String,
    facts: Vec<(&'static str, String)>,
    files: Vec<(String, String, String)>,
    left_out: usize,
}

/// The page of a run that is not in progress. `argv` is what to type for the same again; of its files, `left_out`
/// are not among those given.
///
/// # Errors
/// When the template cannot be filled in, which is a defect.
pub fn page(
    listed: &Listed,
    argv: &[String],
    files: &[RunFile],
    left_out: usize,
) -> Result<String, askama::Error> {
    let row = &listed.row;
    let facts = vec![
        ("System", visible(&row.system, 60)),
        (
            "Faults",
            match row.nemesis.as_slice() {
                [] => "none".to_owned(),
                kinds => visible(&kinds.join(", "), 200),
            },
        ),
        (
            "Seed",
            row.seed
                .map_or_else(|| "not known".to_owned(), |seed| seed.to_string()),
        ),
        ("Started", visible(&row.started_at, 40)),
        ("Operations", count(row.operations)),
        ("Main phase", format!("{:.1} s", row.duration_s)),
        ("Folder", visible(&row.path.display().to_string(), 300)),
    ];
    let file = |file: &RunFile| {
        let address: Vec<String> = file.path.split('/').map(encoded).collect();
        (address.join("/"), visible(&file.path, 200), size(file.bytes))
    };
    let again = match argv {
        [] => String::new(),
        argv => visible(&format!("harness {}", crate::text::command(argv)), 4000),
    };
    Page {
        title: visible(&format!("{}/{}", row.name, row.id), 200),
        badge: Badge::of(row.verdict, listed.is_in_progress),
        sentence: visible(&row.sentence, 400),
        report: row.verdict.is_some_and(|it| it != Outcome::Error)
            || files.iter().any(|file| file.path == "report.html"),
        value: format!("{}/{}", row.name, row.id),
        again,
        facts,
        files: files.iter().map(file).collect(),
        left_out,
    }
    .render()
}

/// A size, readable.
fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{} bytes", count(bytes)),
        10_000..1_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
