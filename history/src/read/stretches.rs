//! A long file in stretches, each read by a thread of its own.
//!
//! Whoever begins in the middle does not know what the processes are doing there: for each it is noted whether its first
//! event begins an operation or ends one, and that is compared with what the stretch before left
//! ([`Builder::append`]). Whatever does not fit is left to the reader that reads from the beginning, which knows the words for it.

use super::build::Builder;
use super::lines::Decoder;
use super::pieces::Pieces;
use super::{ReadError, pieces};
use crate::History;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::thread;

/// A stretch is not shorter than this: it is read in a millisecond.
const STRETCH_BYTES_MIN: u64 = 2 << 20;
/// More threads than this have nothing to do but to wait for memory.
const THREADS_MAX: u64 = 8;

/// Reads a history in JSON Lines that has so many bytes. Nothing where it is too short, or has to be read from its beginning.
///
/// # Errors
/// When the file cannot be read.
pub fn read(path: &Path, size: u64) -> Result<Option<History>, ReadError> {
    let processors = thread::available_parallelism().map_or(1, |processors| processors.get() as u64);
    read_in(
        path,
        size,
        (size / STRETCH_BYTES_MIN).min(processors).min(THREADS_MAX),
    )
}

/// Reads it in so many stretches.
///
/// # Errors
/// When the file cannot be read.
pub fn read_in(path: &Path, size: u64, count: u64) -> Result<Option<History>, ReadError> {
    if count < 2 {
        return Ok(None);
    }
    let stretches = stretches(path, size, count).map_err(|source| pieces::error(path, source))?;
    let read = thread::scope(|scope| {
        let threads = stretches
            .into_iter()
            .map(|stretch| scope.spawn(move || read_stretch(path, stretch, size)));
        let threads: Vec<_> = threads.collect();
        let joined = threads.into_iter().map(|thread| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        joined.collect::<Result<Option<Vec<Builder>>, ReadError>>()
    })?;
    Ok(read.and_then(joined))
}

/// One history of those of all stretches.
fn joined(stretches: Vec<Builder>) -> Option<History> {
    let mut stretches = stretches.into_iter();
    let mut whole = stretches.next()?;
    for next in stretches {
        whole.append(next)?;
    }
    Some(whole.finish())
}

/// Where each stretch begins and ends: at ends of lines. The last has no end, for the file may be growing.
fn stretches(path: &Path, size: u64, count: u64) -> std::io::Result<Vec<Range<u64>>> {
    let mut file = BufReader::new(File::open(path)?);
    let mut starts = vec![0];
    for place in 1..count {
        let middle = size / count * place;
        file.seek(SeekFrom::Start(middle))?;
        let start = middle + file.skip_until(b'\n')? as u64;
        starts.extend((start < size && starts.last() < Some(&start)).then_some(start));
    }
    let ends = starts.iter().skip(1).copied().chain([u64::MAX]);
    Ok(starts
        .iter()
        .copied()
        .zip(ends)
        .map(|(start, end)| start..end)
        .collect())
}

/// Reads one stretch; nothing when there is something wrong in it.
fn read_stretch(path: &Path, stretch: Range<u64>, size: u64) -> Result<Option<Builder>, ReadError> {
    let bytes = stretch.end.min(size) - stretch.start;
    // The first one takes the others in.
    let (mut decoder, mut builder) = match stretch.start {
        0 => (Decoder::new(), Builder::new(size as usize)),
        _ => (Decoder::further_on(), Builder::further_on(bytes as usize)),
    };
    let mut pieces = Pieces::within(path, stretch)?;
    loop {
        let Ok(taken) = decoder.take(pieces.bytes(), &mut builder) else {
            return Ok(None);
        };
        if pieces.is_last() {
            let torn = decoder.finish(&pieces.bytes()[taken..], &mut builder);
            return Ok(torn.ok().map(|torn| {
                builder.end(decoder.end(torn));
                builder
            }));
        }
        pieces.next(taken)?;
    }
}
