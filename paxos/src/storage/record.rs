//! One record of the log.
//!
//! ```text
//! length: u32   payload: JSON
//! ```
//!
//! in little endian. Whether it is what was written, the checksum of its `batch.rs` says.

use crate::instance::Durable;
use serde::{Deserialize, Serialize};

/// No record is longer: a decree's name, a value, two ballots.
const PAYLOAD_BYTES_MAX: usize = 256 * 1024;
const HEADER_BYTES: usize = 4;

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
        let length = u32::try_from(bytes.len() - start - HEADER_BYTES).expect("a record is short");
        bytes[start..start + HEADER_BYTES].copy_from_slice(&length.to_le_bytes());
    }
}

/// What is wrong with the records of a batch, and where, from its beginning.
#[derive(Debug)]
pub struct Flaw {
    /// Where the record begins.
    pub offset: usize,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// The records of a batch that is whole.
///
/// # Errors
/// When something else than records is in it.
pub fn read_all(batch: &[u8], mut each: impl FnMut(Record<'_>)) -> Result<(), Flaw> {
    let mut offset = 0;
    while offset < batch.len() {
        let (record, length) = next(&batch[offset..]).map_err(|problem| Flaw { offset, problem })?;
        each(record);
        offset += length;
    }
    Ok(())
}

/// The record at the start of `rest`, and how many bytes it takes.
fn next(rest: &[u8]) -> Result<(Record<'_>, usize), &'static str> {
    let cut_off = "a record is cut off";
    let (header, body) = rest.split_first_chunk::<HEADER_BYTES>().ok_or(cut_off)?;
    let length = u32::from_le_bytes(*header) as usize;
    if length > PAYLOAD_BYTES_MAX {
        return Err("a record is longer than any that is written");
    }
    let payload = body.get(..length).ok_or(cut_off)?;
    let record = serde_json::from_slice(payload).map_err(|_| "a record is not understood")?;
    Ok((record, HEADER_BYTES + length))
}
