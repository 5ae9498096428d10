//! From a history to a verdict, and to the files that tell it. A fresh run and `harness check` go the same
//! way: the history file is read, checked, and weighed; nothing else is asked.

use anyhow::{Context, Result};
use checker::{Analysis, Model};
use history::{History, ReadOptions};
use results::coverage::Coverage;
use results::{Results, RunDir, RunInfo, Store};
use std::io::{BufWriter, Write};
use std::path::Path;

/// A verdict and what it rests on.
pub struct Judgement {
    /// The document.
    pub results: Results,
    /// The run it is about, when it is a stored one.
    pub info: Option<RunInfo>,
    /// Its folder.
    pub directory: Option<String>,
    history: History,
    analysis: Analysis,
    coverage: Coverage,
}

/// Judges a stored run from its history file.
///
/// # Errors
/// When the history cannot be read or checked.
pub fn of_run(directory: &RunDir) -> Result<Judgement> {
    let mut judgement = of_file(
        &directory.file("history.jsonl"),
        ReadOptions::default(),
        directory.info(),
        None,
    )?;
    judgement.directory = Some(directory.path().display().to_string());
    Ok(judgement)
}

/// Judges a history file; `model` overrides what its header says, and `input` is what is known about its format.
///
/// # Errors
/// When it cannot be read or checked.
pub fn of_file(
    path: &Path,
    input: ReadOptions,
    info: Option<RunInfo>,
    model: Option<Model>,
) -> Result<Judgement> {
    let history =
        history::read_file_as(path, input).with_context(|| format!("read the history {}", path.display()))?;
    let model = match (model, &history.header) {
        (Some(model), _) => model,
        (None, Some(header)) => Model::from_name(&header.model)
            .with_context(|| crate::suggest::unknown("model", &header.model, &["decree"]))?,
        (None, None) => Model::Decree,
    };
    let analysis = checker::check(&history, model)?;
    let coverage = Coverage::of(&history);
    let results = Results::new(info.as_ref(), &history, &analysis, &coverage);
    Ok(Judgement {
        results,
        info,
        directory: None,
        history,
        analysis,
        coverage,
    })
}

impl Judgement {
    /// Writes results, proofs and report into the run's folder, and points `latest` to it.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn keep(&self, store: &Store, directory: &RunDir) -> Result<()> {
        self.write_proof(directory)?;
        directory.write_json("results.json", &self.results)?;
        crate::ci::keep(&self.results, directory)?;
        if let Some(drawing) = self.counterexample_svg() {
            directory.write("counterexample.svg", drawing.as_bytes())?;
        }
        self.write_report(directory)?;
        if let Some(info) = &self.info {
            store.finish(directory, info, &self.results)?;
        }
        Ok(())
    }

    /// Writes `report.html`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_report(&self, directory: &RunDir) -> Result<()> {
        let page = results::report_html(
            &self.results,
            &self.history,
            Some(&self.analysis),
            &self.coverage,
            Some(directory.path()),
        )?;
        Ok(directory.write("report.html", page.as_bytes())?)
    }

    /// The drawing of the first violation, standing alone.
    pub fn counterexample_svg(&self) -> Option<String> {
        results::counterexample_svg(&self.results, &self.history, &self.analysis, &self.coverage)
    }

    /// Writes all of it as a trace; logs are those in `directory`.
    ///
    /// # Errors
    /// When `out` takes no more.
    pub fn write_perfetto(&self, directory: Option<&Path>, out: &mut impl Write) -> std::io::Result<()> {
        let run = results::export::Run {
            history: &self.history,
            coverage: &self.coverage,
            analysis: Some(&self.analysis),
            directory,
        };
        results::export::write_perfetto(&run, out)
    }

    /// The proof of the verdict: a legal order of every decree, or the operations that have none.
    fn write_proof(&self, directory: &RunDir) -> Result<()> {
        let name = if self.analysis.violations.is_empty() {
            "witness.jsonl"
        } else {
            "counterexample.jsonl"
        };
        let path = directory.file(name);
        let file = std::fs::File::create(&path).with_context(|| format!("write {}", path.display()))?;
        let mut out = BufWriter::new(file);
        match self.analysis.violations.is_empty() {
            true => self.write_witness(&mut out),
            false => self.write_counterexample(&mut out),
        }
        .and_then(|()| out.flush())
        .with_context(|| format!("write {}", path.display()))
    }

    fn write_witness(&self, out: &mut impl Write) -> std::io::Result<()> {
        for (key, order) in
            checker::witnesses(&self.history, self.analysis.model).map_err(std::io::Error::other)?
        {
            let events: Vec<u32> = order
                .iter()
                .map(|number| self.history.operations[*number as usize].invoke)
                .collect();
            writeln!(
                out,
                r#"{{"key":{},"order":{events:?}}}"#,
                self.history.key_name(key)
            )?;
        }
        Ok(())
    }

    /// The core of the first violation and every proposal that may explain it, as a history of its own.
    fn write_counterexample(&self, out: &mut impl Write) -> std::io::Result<()> {
        let violation = &self.analysis.violations[0];
        let events = checker::counterexample_events(&self.history, self.analysis.model, violation)
            .map_err(std::io::Error::other)?;
        for line in events {
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}
