//! One record of the log, and a log file read back.
//!
//! ```text
//! length: u32   checksum of the length: u32   checksum of the payload: u32   payload: JSON
//! ```
//!
//! in little endian. The length has a checksum of its own, so that a damaged one is not taken for a record that
//! was cut off.

use super::StorageError;
use crate::instance::Durable;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// No record is longer: a decree's name, a value, two ballots.
const PAYLOAD_BYTES_MAX: usize = 256 * 1024;
const HEADER_BYTES: usize = 12;

/// One thing to remember.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record<'a> {
    /// What this node has to remember of one decree; the latest counts.
    Decree {
        /// The decree.
        #[serde(borrow)]
        name: std::borrow::Cow<'a, str>,
        /// What of it.
        state: std::borrow::Cow<'a, Durable>,
    },
    /// The node has been started this many times. The first record of every log file.
    Start(u64),
}

impl Record<'_> {
    /// Appends the record, as bytes.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        let start = bytes.len();
        bytes.extend_from_slice(&[0; HEADER_BYTES]);
        serde_json::to_writer(&mut *bytes, self).expect("a record is plain data, and memory takes it");
        let payload = &bytes[start + HEADER_BYTES..];
        let length = u32::try_from(payload.len())
            .expect("a record is short")
            .to_le_bytes();
        let checksum = crc32fast::hash(payload).to_le_bytes();
        bytes[start..start + 4].copy_from_slice(&length);
        bytes[start + 4..start + 8].copy_from_slice(&crc32fast::hash(&length).to_le_bytes());
        bytes[start + 8..start + 12].copy_from_slice(&checksum);
    }
}

/// Reads a log file from its start, record by record, and returns where the last whole record ends.
///
/// A last record that was cut off is dropped when `may_be_torn`: its sync had not returned, so nobody was told of
/// it. Nothing else is forgiven.
///
/// # Errors
/// [`StorageError::Corrupt`], with the offset.
pub fn read(
    bytes: &[u8],
    path: &Path,
    may_be_torn: bool,
    mut each: impl FnMut(Record<'_>),
) -> Result<usize, StorageError> {
    let mut offset = 0;
    while offset < bytes.len() {
        match next(&bytes[offset..]) {
            Ok((record, length)) => {
                each(record);
                offset += length;
            }
            Err(Flaw::Torn(_)) if may_be_torn => break,
            Err(Flaw::Torn(problem) | Flaw::Corrupt(problem)) => {
                return Err(StorageError::Corrupt {
                    path: path.to_owned(),
                    offset,
                    problem,
                });
            }
        }
    }
    Ok(offset)
}

/// What is wrong with the bytes where a record should be.
enum Flaw {
    /// A write that did not reach the disk in full leaves this at the end of a file.
    Torn(&'static str),
    /// No write leaves this.
    Corrupt(&'static str),
}

/// The record at the start of `rest`, and how many bytes it takes.
fn next(rest: &[u8]) -> Result<(Record<'_>, usize), Flaw> {
    let Some((header, body)) = rest.split_first_chunk::<HEADER_BYTES>() else {
        return Err(Flaw::Torn("a record ends in its header"));
    };
    let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    if crc32fast::hash(&header[..4]) != word(4) {
        // A file that grew without its contents reaching the disk ends in zeroes.
        return Err(match rest.iter().all(|byte| *byte == 0) {
            true => Flaw::Torn("there are only zeroes"),
            false => Flaw::Corrupt("the length of a record does not fit its checksum"),
        });
    }
    let length = word(0) as usize;
    if length > PAYLOAD_BYTES_MAX {
        return Err(Flaw::Corrupt("a record is longer than any that is written"));
    }
    let Some(payload) = body.get(..length) else {
        return Err(Flaw::Torn("a record is cut off"));
    };
    if crc32fast::hash(payload) != word(8) {
        // The very last record may have been torn in the middle; one with others after it was whole once.
        return Err(match body.len() == length {
            true => Flaw::Torn("the last record does not fit its checksum"),
            false => Flaw::Corrupt("a record does not fit its checksum"),
        });
    }
    match serde_json::from_slice(payload) {
        Ok(record) => Ok((record, HEADER_BYTES + length)),
        Err(_) => Err(Flaw::Corrupt("a record is not understood")),
    }
}
