//! One history in this process: scanned, read, checked, each timed, and how much memory the process had at most.
//!
//! The scans go first and run in constant memory, so that the peak is that of reading and checking. They also bring the
//! file into the page cache, if it was not there: the disk is not measured.

use anyhow::{Context, Result};
use checker::online::Decrees;
use checker::{Model, Options, Verdict};
use nix::sys::resource::{Resource, UsageWho, getrusage, setrlimit};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Instant;

/// What was measured. Times are wall-clock time, in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Events that were read. Whoever follows a history reads no further than to a violation.
    pub events: usize,
    /// Bytes of the file.
    pub bytes: u64,
    /// Finding the ends of its lines, and nothing else.
    pub newlines_s: f64,
    /// Decoding its lines, and keeping nothing.
    pub decode_s: f64,
    /// Reading it: operations in memory. Nothing where it is decided meanwhile.
    pub read_s: f64,
    /// From there to the verdict, proof included.
    pub check_s: f64,
    /// Processor time of decoding.
    pub decode_processor_s: f64,
    /// Processor time of reading and checking, of all threads.
    pub processor_s: f64,
    /// The most memory that the process had at one time, in bytes.
    pub peak_bytes: u64,
    /// What the search counted of it, in bytes.
    pub search_peak_bytes: usize,
    /// The verdict.
    pub verdict: Verdict,
    /// The algorithm, by its name.
    pub algorithm: String,
    /// What a violation is, in a sentence.
    pub sentence: Option<String>,
}

/// How much address space the process may take, so that a check that does not keep to its limits ends itself and not the
/// machine's other programs.
const ADDRESS_SPACE_MAX: u64 = 6 << 30;

/// Measures how one file is read and checked, in a process that does nothing else: it limits the whole process.
///
/// # Errors
/// When it cannot be read or checked.
pub fn checked(path: &Path, model: Model, options: &Options) -> Result<Measured> {
    let scanned = scanned(path)?;
    let (read_s, read_processor_s, history) = timed(|| Ok(history::read_file(path)?))?;
    let (check_s, check_processor_s, analysis) =
        timed(|| Ok(checker::check_with(&history, model, options)?))?;
    Ok(Measured {
        events: history.events,
        read_s,
        check_s,
        processor_s: read_processor_s + check_processor_s,
        peak_bytes: peak_bytes()?,
        search_peak_bytes: analysis.stats.peak_bytes,
        verdict: analysis.verdict,
        algorithm: analysis.stats.algorithm,
        sentence: analysis.violations.first().map(|it| it.sentence.clone()),
        ..scanned
    })
}

/// Measures how decrees are decided while their file is read, in the same way. Only whether they are legal: for the proof of a
/// violation it is read again.
///
/// # Errors
/// When it cannot be read or checked.
pub fn streamed(path: &Path) -> Result<Measured> {
    let scanned = scanned(path)?;
    let mut decrees = Decrees::default();
    let (check_s, processor_s, names) = timed(|| {
        let names = history::follow_file(path, &mut decrees)?;
        decrees.understood()?;
        Ok(names)
    })?;
    let broken = decrees.broken();
    Ok(Measured {
        events: names.events,
        check_s,
        processor_s,
        peak_bytes: peak_bytes()?,
        verdict: match broken {
            None => Verdict::Valid,
            Some(_) => Verdict::Invalid,
        },
        algorithm: "decree, streamed".to_owned(),
        sentence: broken.map(|broken| {
            let decree = results::text::visible(&names.key_name(broken.key), 40);
            format!(
                "Decree {decree} is not linearizable any more at event {}.",
                broken.event
            )
        }),
        ..scanned
    })
}

/// What a mere scan takes, in constant memory; and nothing else yet.
fn scanned(path: &Path) -> Result<Measured> {
    setrlimit(Resource::RLIMIT_AS, ADDRESS_SPACE_MAX, ADDRESS_SPACE_MAX)
        .context("limit this process's memory")?;
    let (newlines_s, _, lines) = timed(|| newlines(path))?;
    let (decode_s, decode_processor_s, decoded) = timed(|| Ok(history::decode_file(path)?))?;
    anyhow::ensure!(
        lines == decoded.fast + decoded.general,
        "find as many lines twice: {lines}, and {} decoded",
        decoded.fast + decoded.general
    );
    Ok(Measured {
        events: 0,
        bytes: decoded.bytes,
        newlines_s,
        decode_s,
        read_s: 0.0,
        check_s: 0.0,
        decode_processor_s,
        processor_s: 0.0,
        peak_bytes: 0,
        search_peak_bytes: 0,
        verdict: Verdict::Unknown,
        algorithm: String::new(),
        sentence: None,
    })
}

/// Does something, and says for how long: wall-clock time, and processor time of all threads.
fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(f64, f64, T)> {
    let (began, processor) = (Instant::now(), processor_s()?);
    let made = work()?;
    Ok((began.elapsed().as_secs_f64(), processor_s()? - processor, made))
}

fn processor_s() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).context("read this process's processor time")?;
    let times = [usage.user_time(), usage.system_time()];
    Ok(times
        .map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6)
        .iter()
        .sum())
}

/// How many lines end in a file.
fn newlines(path: &Path) -> Result<u64> {
    let file = File::open(path).with_context(|| format!("read {}", path.display()))?;
    let mut file = BufReader::with_capacity(1 << 20, file);
    let mut lines = 0;
    loop {
        let bytes = file
            .fill_buf()
            .with_context(|| format!("read {}", path.display()))?;
        if bytes.is_empty() {
            return Ok(lines);
        }
        lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        let length = bytes.len();
        file.consume(length);
    }
}

/// The most memory that this program had. Not what `getrusage` says: its figure outlives an `exec`, so that it may be that
/// of the process that started this one.
fn peak_bytes() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("read /proc/self/status")?;
    kibibytes(&status)
        .map(|kibibytes| kibibytes * 1024)
        .context("find VmHWM in /proc/self/status")
}

fn kibibytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_found_in_what_the_kernel_says() {
        let status = "VmPeak:\t  900 kB\nVmHWM:\t    5120 kB\nVmRSS:\t 1 kB\n";
        assert_eq!(kibibytes(status), Some(5120));
        assert_eq!(kibibytes("VmPeak:\t 900 kB\n"), None);
    }
}
