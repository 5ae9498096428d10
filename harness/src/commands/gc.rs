//! `harness gc`: old runs go, after a question.

use super::{fail, print, refuse};
use crate::cli::GcOptions;
use anyhow::{Result, anyhow};
use results::Store;
use results::store::{DeletionPlan, Retention};
use results::text::{counted, visible};
use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

/// How many runs are listed.
const LISTED_MAX: usize = 20;

pub fn gc(options: &GcOptions) -> ExitCode {
    if options.keep.is_none() && options.older_than.is_none() {
        return refuse(
            "say what may go: --keep N keeps the newest N runs, --older-than 30d the younger ones",
        );
    }
    match carry_out(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn carry_out(options: &GcOptions) -> Result<()> {
    let since = match options.older_than {
        Some(age) => {
            let moment = jiff::Timestamp::now().checked_sub(age)?;
            Some(moment.strftime("%Y%m%dT%H%M%SZ").to_string())
        }
        None => None,
    };
    let keep = options.keep.map(|keep| keep as usize);
    let store = Store::at(&options.store);
    let plan = store.plan_deletion(&Retention { keep, since });
    print(&told(&plan, &options.store.display().to_string()));
    if plan.delete.is_empty() || options.dry_run {
        return Ok(());
    }
    if !options.yes && !is_agreed()? {
        print("Nothing was deleted.\n");
        return Ok(());
    }
    let gone = store.delete(&plan)?;
    print(&format!("{} deleted.\n", counted(gone, "run")));
    Ok(())
}

/// Asks on the terminal. Where there is nobody to ask, the answer is an error and not a yes.
fn is_agreed() -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(anyhow!(
            "ask whether to delete them: there is no terminal; --yes does not ask, --dry-run only says"
        ));
    }
    eprint!("Delete them? [y/N] ");
    // The question is either seen or not; the answer counts.
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn told(plan: &DeletionPlan, store: &str) -> String {
    let mut text = String::new();
    for (row, bytes) in plan.delete.iter().take(LISTED_MAX) {
        let verdict = row.verdict.map_or("-", results::Outcome::word);
        text += &format!(
            "  {}  {verdict:7}  {:>8}  {}\n",
            row.id,
            size(*bytes),
            visible(&row.sentence, 60)
        );
    }
    if plan.delete.len() > LISTED_MAX {
        text += &format!("  and {} more\n", plan.delete.len() - LISTED_MAX);
    }
    let bytes: u64 = plan.delete.iter().map(|(_, bytes)| bytes).sum();
    text += &match plan.delete.len() {
        0 => format!("There is nothing to delete in {}.", visible(store, 200)),
        runs => format!("{}, {}.", counted(runs, "run"), size(bytes)),
    };
    if plan.kept_invalid > 0 {
        text += &format!(" {} with a violation stay.", plan.kept_invalid);
    }
    if plan.kept_in_progress > 0 {
        text += &format!(" {} in progress stay.", plan.kept_in_progress);
    }
    text + "\n"
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
