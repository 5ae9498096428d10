//! `harness init --ci`: a job for a CI server that runs the test and keeps the run, whatever became of it.
//!
//! The jobs themselves are in `templates/`.

use super::write_new;
use crate::cli::{CiServer, InitOptions};
use anyhow::{Context, Result};
use std::fs;

/// The job, as text.
pub fn job(server: CiServer, options: &InitOptions) -> String {
    let (template, run) = match server {
        CiServer::Github => (
            include_str!("../../../templates/ci-github.yml"),
            format!("harness {}", options.run),
        ),
        CiServer::Gitlab => (
            include_str!("../../../templates/ci-gitlab.yml"),
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

/// Writes the job, and tells where it is and what it does.
pub fn written(server: CiServer, options: &InitOptions) -> Result<String> {
    let place = match server {
        CiServer::Github => ".github/workflows/harness.yml",
        CiServer::Gitlab => ".gitlab-ci.yml",
    };
    let path = options.directory.join(place);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    }
    write_new(
        &path,
        &job(server, options),
        "--print shows the job, to be put into it",
    )?;
    Ok(format!(
        "{}\n\nIt installs the harness with: {}\nand then types:              harness {}\n",
        path.display(),
        options.install,
        options.run
    ))
}
