//! What a node prints: one file per stream, each line stamped with the time of its arrival on the run's clock.
//!
//! `31.418042 text`: seconds since the run's zero. Bytes are kept as they are, valid UTF-8 or not; only a line's
//! length and a file's size are bounded. A thread per stream reads, so that the stamps do not depend on how
//! busy the runtime is; it stamps what came in one read with one time. Several starts of a node go into the same
//! file, with lines of the harness's own in between. Somebody may wait for a line: see [`LogWatch`].

mod watch;

pub(crate) use watch::Watches;
pub use watch::{LogMatch, LogStream, LogWatch};

use crate::untrusted::printable;
use std::fs::File;
use std::io::{self, PipeReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The part of a line beyond this many bytes is dropped, and the line says so.
pub const LINE_BYTES_MAX: usize = 16 * 1024;

/// A file is not written beyond this size by one start of a node, and says so.
pub const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Marks lines that the harness wrote.
const OWN_MARK: &str = "[harness]";

/// How much is looked at to find the last lines, and how long each may be.
const TAIL_BYTES: u64 = 16 * 1024;
const TAIL_LINE_CHARS: usize = 300;

/// Opens a log to write at its end.
///
/// # Errors
/// The file system's own.
pub fn open(path: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(path)
}

/// Adds a line of the harness's own. One write, so that it does not end up inside a line of the node's.
pub fn note(mut file: &File, at: Duration, text: &str) -> io::Result<()> {
    file.write_all(format!("{} {OWN_MARK} {text}\n", Stamp(at)).as_bytes())
}

/// Copies a stream into a log on a thread of its own until everybody who could write to it is gone. The
/// receiver hears when all of it is in the file. `see` is called with every line as soon as it is whole, before
/// it is in the file, with the time at which its end came. Of a line, `line_bytes_max` are kept and seen.
///
/// # Errors
/// When there is no thread to be had.
pub fn follow(
    stream: PipeReader,
    file: File,
    epoch: Instant,
    name: &str,
    line_bytes_max: usize,
    mut see: impl FnMut(&[u8], Duration) + Send + 'static,
) -> io::Result<oneshot::Receiver<()>> {
    let (tell, done) = oneshot::channel();
    let name = name.to_owned();
    std::thread::Builder::new()
        .name(format!("log {name}"))
        .spawn(move || {
            if let Err(why) = copy(stream, file, epoch, line_bytes_max, &mut see) {
                tracing::warn!("the log {name} is incomplete: {why}");
            }
            // Whoever asked may have stopped waiting.
            let _ = tell.send(());
        })?;
    Ok(done)
}

fn copy(
    mut stream: PipeReader,
    mut file: File,
    epoch: Instant,
    line_bytes_max: usize,
    see: &mut impl FnMut(&[u8], Duration),
) -> io::Result<()> {
    let mut chunk = vec![0; 64 * 1024];
    let mut out = Vec::with_capacity(2 * chunk.len());
    let mut stamper = LineStamper::up_to(line_bytes_max);
    let mut room = FILE_BYTES_MAX;
    let mut result = Ok(());
    loop {
        let bytes = match stream.read(&mut chunk) {
            Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
            Err(why) => return Err(why),
            Ok(bytes) => bytes,
        };
        let at = epoch.elapsed();
        let mut seen = |line: &[u8]| see(line, at);
        match bytes {
            0 => stamper.finish(&mut out, &mut seen),
            _ => stamper.push(&chunk[..bytes], at, &mut out, &mut seen),
        }
        // A full log or disk must not stop the node: what it prints is read to the end in any case.
        if room > 0 && result.is_ok() {
            result = file.write_all(&out);
            room = room.saturating_sub(out.len() as u64);
            if room == 0 && result.is_ok() {
                result = note(
                    &file,
                    epoch.elapsed(),
                    "this log is full; nothing more is written",
                );
            }
        }
        out.clear();
        if bytes == 0 {
            return result;
        }
    }
}

/// Splits a stream into lines and puts the time of arrival before each.
#[derive(Debug)]
struct LineStamper {
    line_bytes_max: usize,
    in_line: bool,
    line_bytes: usize,
    cut_bytes: usize,
    /// A line whose end has not come yet, with its stamp.
    pending: Vec<u8>,
    /// Where its text begins in there.
    text_from: usize,
}

impl LineStamper {
    /// One that keeps so many bytes of a line.
    fn up_to(line_bytes_max: usize) -> LineStamper {
        LineStamper {
            line_bytes_max,
            in_line: false,
            line_bytes: 0,
            cut_bytes: 0,
            pending: Vec::new(),
            text_from: 0,
        }
    }

    /// Takes what arrived at this time, and gives out the lines that are whole; `seen` gets each without its stamp.
    fn push(&mut self, chunk: &[u8], at: Duration, out: &mut Vec<u8>, seen: &mut impl FnMut(&[u8])) {
        let stamp = Stamp(at).to_string();
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            if !self.in_line {
                self.in_line = true;
                self.pending.extend_from_slice(stamp.as_bytes());
                self.pending.push(b' ');
                self.text_from = self.pending.len();
            }
            let (text, ends) = match piece.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (piece, false),
            };
            let kept = text.len().min(self.line_bytes_max - self.line_bytes);
            self.pending.extend_from_slice(&text[..kept]);
            self.line_bytes += kept;
            self.cut_bytes += text.len() - kept;
            if ends {
                self.finish(out, seen);
            }
        }
    }

    /// Gives out the line that was begun, if there is one.
    fn finish(&mut self, out: &mut Vec<u8>, seen: &mut impl FnMut(&[u8])) {
        if !self.in_line {
            return;
        }
        seen(&self.pending[self.text_from..]);
        out.append(&mut self.pending);
        if self.cut_bytes > 0 {
            out.extend_from_slice(format!(" {OWN_MARK} {} more bytes cut", self.cut_bytes).as_bytes());
        }
        out.push(b'\n');
        (self.in_line, self.line_bytes, self.cut_bytes) = (false, 0, 0);
    }
}

/// Seconds with six digits behind the point.
struct Stamp(Duration);

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:06}", self.0.as_secs(), self.0.subsec_micros())
    }
}

/// The last lines that a node wrote to a log after the given place in the file: without stamps, without the
/// harness's own, fit for a terminal.
pub fn last_lines(path: &Path, after: u64, count: usize) -> Vec<String> {
    let Ok(bytes) = read_tail(path, after) else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&bytes);
    let of_node = text.lines().filter_map(|line| Some(line.split_once(' ')?.1));
    let of_node = of_node.filter(|line| !line.starts_with(OWN_MARK) && !line.trim().is_empty());
    let mut last: Vec<_> = of_node
        .rev()
        .take(count)
        .map(|line| printable(line, TAIL_LINE_CHARS))
        .collect();
    last.reverse();
    last
}

/// The end of a file, from the beginning of a line.
fn read_tail(path: &Path, after: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let start = file.metadata()?.len().saturating_sub(TAIL_BYTES).max(after);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    if start > after {
        let first_whole = bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(bytes.len(), |end| end + 1);
        bytes.drain(..first_whole);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(chunks: &[(u64, &[u8])]) -> String {
        let (mut stamper, mut out) = (LineStamper::up_to(LINE_BYTES_MAX), Vec::new());
        for (at_ms, chunk) in chunks {
            stamper.push(chunk, Duration::from_millis(*at_ms), &mut out, &mut |_| ());
        }
        stamper.finish(&mut out, &mut |_| ());
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn a_line_has_the_time_at_which_it_began_to_arrive() {
        let lines = stamped(&[(1_500, b"one\ntw"), (2_000, b"o\n"), (31_418, b"\nend")]);
        assert_eq!(lines, "1.500000 one\n1.500000 two\n31.418000 \n31.418000 end\n");
    }

    #[test]
    fn bytes_are_kept_as_they_are() {
        let (mut stamper, mut out) = (LineStamper::up_to(LINE_BYTES_MAX), Vec::new());
        stamper.push(b"\xff\x1b[2J\r\n", Duration::ZERO, &mut out, &mut |_| ());
        assert_eq!(out, b"0.000000 \xff\x1b[2J\r\n");
    }

    #[test]
    fn an_endless_line_is_cut_and_says_so() {
        let half = vec![b'x'; LINE_BYTES_MAX];
        let lines = stamped(&[(0, &half), (1, &half), (2, b"y\nnext\n")]);
        let (first, second) = lines.split_once('\n').unwrap();
        assert!(first.ends_with(&format!("x [harness] {} more bytes cut", LINE_BYTES_MAX + 1)));
        assert!(first.len() < LINE_BYTES_MAX + 100);
        assert_eq!(second, "0.002000 next\n");
    }

    #[test]
    fn a_line_is_seen_once_it_is_whole_without_its_stamp() {
        let (mut stamper, mut out, mut seen) = (LineStamper::up_to(LINE_BYTES_MAX), Vec::new(), Vec::new());
        let mut see = |line: &[u8]| seen.push(String::from_utf8_lossy(line).into_owned());
        stamper.push(b"one\ntw", Duration::ZERO, &mut out, &mut see);
        stamper.push(b"o\n\nen", Duration::ZERO, &mut out, &mut see);
        stamper.finish(&mut out, &mut see);
        stamper.finish(&mut out, &mut see);
        assert_eq!(seen, ["one", "two", "", "en"]);
    }

    #[test]
    fn the_last_lines_are_the_nodes_own_since_its_start() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stderr.log");
        std::fs::write(&path, "0.1 of an earlier start\n").unwrap();
        let after = std::fs::metadata(&path).unwrap().len();
        let file = open(&path).unwrap();
        note(&file, Duration::from_micros(31_655_000), "started, pid 12").unwrap();
        (&file)
            .write_all(b"31.7 first\n31.8 \x1b[31msecond\n31.9 third\n")
            .unwrap();
        assert_eq!(last_lines(&path, after, 2), ["\\u{1b}[31msecond", "third"]);
        assert_eq!(last_lines(&path, after, 9).len(), 3);
        assert!(
            std::fs::read_to_string(&path)
                .unwrap()
                .contains("\n31.655000 [harness] started, pid 12\n")
        );
        assert!(last_lines(&dir.path().join("none"), 0, 3).is_empty());
    }
}
