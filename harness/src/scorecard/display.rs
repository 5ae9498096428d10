//! What is seen of a scorecard while it is made: a bar on a terminal, a line for each run elsewhere; always on
//! standard error.

use super::Job;
use super::document::RunRow;
use super::table::{kind_in_words, time_in_words};
use crate::cli::ProgressKind;
use indicatif::{ProgressBar, ProgressStyle};
use results::Outcome;
use results::text::visible;
use std::cell::Cell;
use std::io::IsTerminal;
use std::time::Duration;

/// The display.
pub struct Display {
    bar: Option<ProgressBar>,
    lines: bool,
    total: usize,
    done: Cell<usize>,
}

impl Display {
    /// A display of the kind asked for.
    pub fn new(kind: ProgressKind, total: usize) -> Display {
        let terminal = std::io::stderr().is_terminal();
        let wants_bar = kind == ProgressKind::Bar || (kind == ProgressKind::Auto && terminal);
        let bar = wants_bar.then(|| {
            let style = ProgressStyle::with_template("  {pos}/{len} runs {bar:30} {elapsed}  {wide_msg}")
                .expect("the template is fixed and sound");
            let bar = ProgressBar::new(total as u64).with_style(style.progress_chars("━╸─"));
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        Display {
            lines: !wants_bar && kind != ProgressKind::None,
            bar,
            total,
            done: Cell::new(0),
        }
    }

    /// Says something of the whole.
    pub fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(format!("  {text}")),
            None if self.lines => eprintln!("{text}"),
            None => {}
        }
    }

    /// A run begins.
    pub fn begins(&self, job: &Job) {
        if let Some(bar) = &self.bar {
            bar.set_message(job.title());
        }
    }

    /// A run has ended.
    pub fn ended(&self, job: &Job, row: &RunRow) {
        self.done.set(self.done.get() + 1);
        let line = line(job, row);
        if let Some(bar) = &self.bar {
            bar.inc(1);
            // What somebody has to look at stays on the screen; the rest is in the tables.
            if row.verdict == Outcome::Error || (job.bug.is_none() && row.verdict != Outcome::Valid) {
                bar.println(format!("  {line}"));
            }
        }
        if self.lines {
            eprintln!("[{}/{}] {line}", self.done.get(), self.total);
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn line(job: &Job, row: &RunRow) -> String {
    let what = match (row.time_s.filter(|_| row.found), row.verdict) {
        (Some(time_s), _) if job.bug.is_some() => {
            format!(
                "found after {}: {}",
                time_in_words(time_s),
                kind_in_words(row.kind.as_deref().unwrap_or_default())
            )
        }
        (_, Outcome::Valid) if job.bug.is_none() => "clean".to_owned(),
        (_, Outcome::Valid) => "not found".to_owned(),
        (_, verdict) => format!("{}: {}", verdict.word(), visible(&row.sentence, 120)),
    };
    format!("{} · {what}", job.title())
}
