//! Which runs are kept: of each bug the one that found it soonest, and every run that somebody has to look
//! at. All others are deleted as the scorecard goes, so that the disk does not fill.

use super::document::{Quickest, RunRow, Scorecard};
use results::Outcome;
use std::path::{Path, PathBuf};

/// The folder of each kept run, by the bug that it found.
#[derive(Debug, Default)]
pub struct Keeper {
    quickest: std::collections::BTreeMap<String, (usize, PathBuf)>,
}

impl Keeper {
    /// Takes the run that ended last into the document, and deletes what is no longer needed. `folder` is all
    /// that the run has on the disk.
    pub fn take(&mut self, scorecard: &mut Scorecard, mut run: RunRow, folder: &Path) {
        let mut delete = Vec::new();
        match (&run.bug, run.verdict) {
            (Some(bug), _) if run.found => match self.is_quicker(scorecard, bug, &run) {
                true => {
                    let place = (scorecard.runs.len(), folder.to_owned());
                    delete.extend(self.quickest.insert(bug.clone(), place));
                    note_quickest(scorecard, bug, &run);
                }
                false => delete.push((scorecard.runs.len(), folder.to_owned())),
            },
            (Some(_), Outcome::Valid | Outcome::Unknown) | (None, Outcome::Valid) => {
                delete.push((scorecard.runs.len(), folder.to_owned()));
            }
            (_, Outcome::Error) | (None, _) | (Some(_), Outcome::Invalid) => {
                run.directory.get_or_insert_with(|| folder.display().to_string());
            }
        }
        scorecard.runs.push(run);
        for (number, folder) in delete {
            remove(&folder);
            scorecard.runs[number].directory = None;
        }
        scorecard.count();
    }

    fn is_quicker(&self, scorecard: &Scorecard, bug: &str, run: &RunRow) -> bool {
        let time = |run: &RunRow| run.time_s.unwrap_or(f64::INFINITY);
        self.quickest
            .get(bug)
            .is_none_or(|(number, _)| time(run) < time(&scorecard.runs[*number]))
    }
}

fn note_quickest(scorecard: &mut Scorecard, bug: &str, run: &RunRow) {
    let row = scorecard.bugs.iter_mut().find(|row| row.name == bug);
    if let (Some(row), Some(time_s), Some(directory)) = (row, run.time_s, &run.directory) {
        row.quickest = Some(Quickest {
            schedule: run.schedule.clone(),
            seed: run.seed,
            time_s,
            directory: directory.clone(),
        });
    }
}

/// Deletes a run's folder, and the one above it when nothing else is there. What cannot be deleted stays.
pub fn remove(folder: &Path) {
    let gone = std::fs::remove_dir_all(folder);
    if gone.is_ok()
        && let Some(parent) = folder.parent()
    {
        // It fails when there are other runs.
        let _ = std::fs::remove_dir(parent);
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::tests::{empty, run};
    use super::*;

    fn take(keeper: &mut Keeper, scorecard: &mut Scorecard, mut row: RunRow, folder: &Path) -> PathBuf {
        let folder = folder
            .join(row.bug.as_deref().unwrap_or("correct"))
            .join(row.seed.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        row.directory = Some(folder.display().to_string());
        keeper.take(scorecard, row, &folder);
        folder
    }

    #[test]
    fn the_quickest_run_of_a_bug_is_kept_and_its_slower_ones_are_not() {
        let (mut keeper, mut scorecard) = (Keeper::default(), empty(&["a"]));
        let place = tempfile::tempdir().unwrap();
        let mut folders = Vec::new();
        for (seed, time_s) in [(1, 3.0), (2, 1.0), (3, 2.0)] {
            folders.push(take(
                &mut keeper,
                &mut scorecard,
                run(Some("a"), seed, Some(time_s)),
                place.path(),
            ));
        }
        assert_eq!(
            folders.iter().map(|it| it.exists()).collect::<Vec<_>>(),
            [false, true, false]
        );
        let kept: Vec<bool> = scorecard.runs.iter().map(|run| run.directory.is_some()).collect();
        assert_eq!(kept, [false, true, false]);
        assert_eq!(
            scorecard.bugs[0].quickest.as_ref().map(|it| (it.seed, it.time_s)),
            Some((2, 1.0))
        );
    }

    #[test]
    fn a_run_of_the_correct_system_is_kept_unless_it_is_clean() {
        let (mut keeper, mut scorecard) = (Keeper::default(), empty(&["a"]));
        let place = tempfile::tempdir().unwrap();
        let clean = take(&mut keeper, &mut scorecard, run(None, 1, None), place.path());
        let bad = take(&mut keeper, &mut scorecard, run(None, 2, Some(4.0)), place.path());
        let mut broken = run(Some("a"), 3, None);
        broken.verdict = Outcome::Error;
        let error = take(&mut keeper, &mut scorecard, broken, place.path());
        let missed = take(&mut keeper, &mut scorecard, run(Some("a"), 4, None), place.path());
        assert_eq!(
            [&clean, &bad, &error, &missed].map(|it| it.exists()),
            [false, true, true, false]
        );
    }
}
