//! `harness init --ci`: a job for a CI server that runs the test and keeps the run, whatever became of it.
//!
//! The jobs themselves are in `templates/`. What is there already is never overwritten.

use super::{fail, print};
use crate::cli::{CiServer, InitOptions};
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

pub fn init(options: &InitOptions) -> ExitCode {
    let job = job(options);
    if options.print {
        print(&job);
        return ExitCode::SUCCESS;
    }
    match written(options, &job) {
        Ok(told) => {
            print(&told);
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

fn job(options: &InitOptions) -> String {
    let (template, run) = match options.ci {
        CiServer::Github => (
            include_str!("../../templates/ci-github.yml"),
            format!("harness {}", options.run),
        ),
        CiServer::Gitlab => (
            include_str!("../../templates/ci-gitlab.yml"),
            format!("harness {} --junit harness-junit.xml", options.run),
        ),
    };
    template
        .replace("{install}", &scalar(&options.install))
        .replace("{run}", &scalar(&run))
}

/// A text as a scalar of YAML: in double quotes, which JSON's are.
fn scalar(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn written(options: &InitOptions, job: &str) -> Result<String> {
    let place = match options.ci {
        CiServer::Github => ".github/workflows/harness.yml",
        CiServer::Gitlab => ".gitlab-ci.yml",
    };
    if !options.directory.is_dir() {
        bail!(
            "write the job: there is no folder {}",
            options.directory.display()
        );
    }
    let path = options.directory.join(place);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    }
    let mut file = match File::create_new(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(
            "write {}: it is there already; --print shows the job, to be put into it",
            path.display()
        ),
        Err(error) => return Err(error).with_context(|| format!("write {}", path.display())),
    };
    file.write_all(job.as_bytes())
        .with_context(|| format!("write {}", path.display()))?;
    Ok(format!(
        "{}\n\nIt installs the harness with: {}\nand then types:              harness {}\n",
        path.display(),
        options.install,
        options.run
    ))
}
