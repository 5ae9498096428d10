//! From a history to a verdict, and to the files that tell it. A fresh run and `harness check` go the same
//! way: the history file is read, checked, and weighed; nothing else is asked.

use anyhow::{Context, Result, bail};
use checker::{Algorithm, Analysis, Limits, Model, ShrinkBudget, Verdict, Watch};
use history::{History, ReadOptions};
use results::coverage::Coverage;
use results::evidence::Strictness;
use results::{Redaction, Replays, Results, RunDir, RunInfo, Store};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

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

/// How it is judged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms<'a> {
    /// The sequential object; none for what the history's header says.
    pub model: Option<Model>,
    /// How long, and in how much memory, it may be searched.
    pub limits: Limits,
    /// How long counterexamples are made smaller.
    pub shrink: ShrinkBudget,
    /// Which algorithm decides.
    pub algorithm: Algorithm,
    /// How much evidence is asked for; none for what the run was asked for.
    pub strictness: Option<Strictness>,
    /// Who watches how far the check has come.
    pub watch: Option<&'a Watch>,
}

impl Terms<'static> {
    /// The terms that a run was asked for, with the command's own where the run does not say.
    pub fn of_run(directory: &RunDir) -> Terms<'static> {
        /// As `--checker-timeout`, `--checker-memory` and `--shrink-budget` are by default.
        const TIME: Duration = Duration::from_secs(300);
        const MEMORY_BYTES: usize = 2 << 30;
        const SHRINK: Duration = Duration::from_secs(30);
        let info = directory.info();
        let said = |name: &str| info.as_ref().and_then(|info| info.options.get(name));
        let time = said("checker_timeout_s").and_then(serde_json::Value::as_f64);
        let memory = said("checker_memory_bytes").and_then(serde_json::Value::as_u64);
        let time = time.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let memory = memory.and_then(|bytes| usize::try_from(bytes).ok());
        let shrink = said("shrink_budget_s").and_then(serde_json::Value::as_f64);
        let shrink = shrink.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let is_shrunk = said("no_shrink").and_then(serde_json::Value::as_bool) != Some(true);
        Terms {
            limits: Limits {
                time: Some(time.unwrap_or(TIME)),
                memory_bytes: Some(memory.unwrap_or(MEMORY_BYTES)),
            },
            shrink: match is_shrunk {
                true => ShrinkBudget::Time(shrink.unwrap_or(SHRINK)),
                false => ShrinkBudget::Nothing,
            },
            ..Terms::default()
        }
    }
}

/// Judges a stored run from its history file.
///
/// # Errors
/// When the history cannot be read or checked.
pub fn of_run(directory: &RunDir, terms: Terms) -> Result<Judgement> {
    let info = directory.info();
    let asked = info.as_ref().map(RunInfo::strictness);
    let file = directory.file("history.jsonl");
    let strictness = terms.strictness.or(asked);
    let terms = Terms { strictness, ..terms };
    let mut judgement = judge(read(&file, ReadOptions::default())?, info, terms)?;
    let code = judgement.results.reason.code.clone();
    judgement.results.replays = Replays::sum(&directory.replays(), &code);
    judgement.results.look_up_logs(
        &judgement.history,
        &judgement.analysis,
        &judgement.coverage,
        directory.path(),
    );
    judgement.directory = Some(directory.path().display().to_string());
    Ok(judgement)
}

/// Judges a history file that is no run of ours; `input` is what is known about its format.
///
/// # Errors
/// When it cannot be read or checked.
pub fn of_file(path: &Path, input: ReadOptions, terms: Terms) -> Result<Judgement> {
    judge(read(path, input)?, None, terms).map(beside_nothing)
}

/// Judges one object of a history file, as it is called there.
///
/// # Errors
/// When the file cannot be read or checked, or has no such object.
pub fn of_object(path: &Path, input: ReadOptions, key: &str, terms: Terms) -> Result<Judgement> {
    let mut history = read(path, input)?;
    if !history.keep_object(key) {
        let known = history.keys.len();
        let some: Vec<String> = (0..known.min(3) as u32)
            .map(|key| results::text::visible(&history.key_name(key), 40))
            .collect();
        bail!(
            "find `{}`: no operation of {} is on it; there are {}: {}{}",
            results::text::visible(key, 40),
            path.display(),
            results::text::counted(known, "object"),
            some.join(", "),
            if known > some.len() { " and so on" } else { "" }
        );
    }
    // What one object was told says nothing about how much was tested.
    let strictness = Some(Strictness::Off);
    judge(history, None, Terms { strictness, ..terms }).map(beside_nothing)
}

/// What is told and not kept has no files beside it.
fn beside_nothing(mut judgement: Judgement) -> Judgement {
    judgement.results.files.clear();
    judgement
}

fn read(path: &Path, input: ReadOptions) -> Result<History> {
    history::read_file_as(path, input).with_context(|| format!("read the history {}", path.display()))
}

fn judge(history: History, info: Option<RunInfo>, terms: Terms) -> Result<Judgement> {
    let model = match (terms.model, &history.header) {
        (Some(model), _) => model,
        (None, Some(header)) => Model::from_name(&header.model).with_context(|| {
            let known: Vec<&str> = Model::ALL.iter().map(|model| model.name()).collect();
            crate::suggest::unknown("model", &header.model, &known)
        })?,
        (None, None) => told_by_operations(&history)?,
    };
    let options = checker::Options {
        limits: terms.limits,
        shrink: terms.shrink,
        algorithm: terms.algorithm,
        ..checker::Options::default()
    };
    let unseen = Watch::default();
    let watch = terms.watch.unwrap_or(&unseen);
    let analysis = checker::check_watched(&history, model, &options, watch)?;
    let coverage = Coverage::of(&history);
    // Of what no run of ours wrote it is asked whether it is legal, and not what was tested.
    let usual = match history.header {
        Some(_) => Strictness::Strict,
        None => Strictness::Off,
    };
    let strictness = terms.strictness.unwrap_or(usual);
    let results = Results::weighed(info.as_ref(), &history, &analysis, &coverage, strictness);
    Ok(Judgement {
        results,
        info,
        directory: None,
        history,
        analysis,
        coverage,
    })
}

/// The object that a history without a header is about, when only one has its operations.
fn told_by_operations(history: &History) -> Result<Model> {
    let fitting = checker::fitting(history);
    let names: Vec<&str> = fitting.iter().map(|model| model.name()).collect();
    match fitting.as_slice() {
        [model] => Ok(*model),
        _ if history.operations.is_empty() => Ok(Model::Decree),
        [] => bail!(
            "check it: no known object has all of its operations ({}); see `harness check --help` for --model",
            results::text::visible(&history.functions.join(", "), 200)
        ),
        _ => bail!(
            "check it: say what it is about with --model, one of {}",
            names.join(", ")
        ),
    }
}

/// Writes `report.html` of a run without a verdict: what happened, and what there is of a history.
///
/// # Errors
/// When it cannot be written.
pub fn write_page_without_verdict(results: &Results, history: &History, directory: &RunDir) -> Result<()> {
    let coverage = Coverage::of(history);
    let page = results::report_html(results, history, None, &coverage, Some(directory.path()))?;
    Ok(directory.write("report.html", page.as_bytes())?)
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
        let redaction = self.info.as_ref().map(RunInfo::redaction).transpose();
        let redaction = redaction
            .unwrap_or_else(|_| Some(Redaction::everything()))
            .unwrap_or_default();
        let run = results::export::Run {
            history: &self.history,
            coverage: &self.coverage,
            analysis: Some(&self.analysis),
            directory,
            redaction: &redaction,
        };
        results::export::write_perfetto(&run, out)
    }

    /// The proof of the verdict: a legal order of every decree, or the operations that have none.
    fn write_proof(&self, directory: &RunDir) -> Result<()> {
        if self.analysis.verdict == Verdict::Unknown {
            // What could not be found within the limits is not looked for without them.
            return Ok(());
        }
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
        // What failed is no part of any verdict of ours.
        let options = checker::Options::default();
        let events = checker::counterexample_events(&self.history, self.analysis.model, &options, violation)
            .map_err(std::io::Error::other)?;
        for line in events {
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}
