//! `harness export`: a stored run, or a history file, in the format of another tool.
//!
//! The table and EDN are the history and nothing else; the trace and the drawing need its check.

use super::fail;
use crate::cli::{ExportFormat, ExportOptions};
use crate::run::judgement::{self, Judgement, Terms};
use anyhow::{Context, Result, bail};
use history::{History, ReadOptions};
use results::export::{write_csv, write_edn};
use results::{RunDir, Store};
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub fn export(options: &ExportOptions) -> ExitCode {
    match exported(options) {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that went away (`| head`) has what it wanted.
        Err(error) if options.output.is_none() && is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn exported(options: &ExportOptions) -> Result<()> {
    let source = Source::find(options)?;
    // What cannot be read or drawn is said before a file is touched.
    let document = Document::make(options.format, &source)?;
    let Some(path) = &options.output else {
        return document.write(&mut io::stdout().lock());
    };
    let file = File::create(path).with_context(|| format!("write --output {}", path.display()))?;
    let written = document.write(&mut BufWriter::new(file));
    written.with_context(|| format!("write --output {}", path.display()))
}

/// What is exported.
enum Source {
    Run(RunDir),
    File(PathBuf, ReadOptions),
}

impl Source {
    fn find(options: &ExportOptions) -> Result<Source> {
        if let Some(file) = super::history_file(Path::new(&options.what)) {
            return Ok(Source::File(file, options.input.read_options()));
        }
        Ok(Source::Run(Store::at(&options.store).find(&options.what)?))
    }

    fn history(&self) -> Result<History> {
        let (path, input) = match self {
            Source::Run(run) => (run.file("history.jsonl"), ReadOptions::default()),
            Source::File(path, input) => (path.clone(), *input),
        };
        history::read_file_as(&path, input).with_context(|| format!("read the history {}", path.display()))
    }

    fn judged(&self) -> Result<Judgement> {
        match self {
            Source::Run(run) => judgement::of_run(run, Terms::of_run(run)),
            Source::File(path, input) => judgement::of_file(path, *input, Terms::default()),
        }
    }

    fn directory(&self) -> Option<&Path> {
        match self {
            Source::Run(run) => Some(run.path()),
            Source::File(..) => None,
        }
    }
}

/// What is written.
enum Document<'a> {
    Trace(Box<Judgement>, Option<&'a Path>),
    Edn(History),
    Table(History),
    Drawing(String),
}

impl Document<'_> {
    fn make(format: ExportFormat, source: &Source) -> Result<Document<'_>> {
        Ok(match format {
            ExportFormat::Perfetto => Document::Trace(Box::new(source.judged()?), source.directory()),
            ExportFormat::Edn => Document::Edn(source.history()?),
            ExportFormat::Csv => Document::Table(source.history()?),
            ExportFormat::Svg => {
                let judged = source.judged()?;
                let Some(drawing) = judged.counterexample_svg() else {
                    bail!(
                        "draw the counterexample: there is none, the verdict is {}",
                        judged.results.verdict.word().to_lowercase()
                    );
                };
                Document::Drawing(drawing)
            }
        })
    }

    fn write(&self, out: &mut impl Write) -> Result<()> {
        match self {
            Document::Trace(judged, directory) => judged.write_perfetto(*directory, out)?,
            Document::Edn(history) => write_edn(history, out)?,
            Document::Table(history) => write_csv(history, &mut *out)?,
            Document::Drawing(drawing) => out.write_all(drawing.as_bytes())?,
        }
        Ok(out.flush()?)
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let of_table = cause.downcast_ref::<csv::Error>().and_then(|it| match it.kind() {
            csv::ErrorKind::Io(error) => Some(error.kind()),
            _ => None,
        });
        let plain = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        of_table.or(plain) == Some(ErrorKind::BrokenPipe)
    })
}
