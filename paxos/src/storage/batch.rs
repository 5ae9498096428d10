//! A batch: the records that were written with one call and synced at once, in a frame; and a log file read back.
//!
//! ```text
//! length: u32   number: u64   checksum of the records: u32   checksum of these 16 bytes: u32   the records
//! ```
//!
//! in little endian; the number counts the batches of a file from 0.
//!
//! A batch is written when the one before it is durable. So after a power failure all batches are whole but perhaps
//! the last one, and of that any part may be missing, its beginning included: a disk writes in the order that it
//! likes. Nobody was told of anything in it. What is not whole and has a whole batch after it was damaged later.

use super::StorageError;
use super::record::{self, Record};
use std::path::Path;

const HEADER_BYTES: usize = 20;

/// What comes before `records` in the file.
pub fn header(number: u64, records: &[u8]) -> [u8; HEADER_BYTES] {
    let length = u32::try_from(records.len()).expect("a batch is shorter than 4 GiB");
    let mut header = [0; HEADER_BYTES];
    header[..4].copy_from_slice(&length.to_le_bytes());
    header[4..12].copy_from_slice(&number.to_le_bytes());
    header[12..16].copy_from_slice(&crc32fast::hash(records).to_le_bytes());
    let checksum = crc32fast::hash(&header[..16]);
    header[16..].copy_from_slice(&checksum.to_le_bytes());
    header
}

/// Reads a log file from its start, record by record, and returns where the last whole batch ends.
///
/// What follows that is a batch that was being written when the power failed, when `may_be_torn`.
///
/// # Errors
/// [`StorageError::Corrupt`], with the offset.
pub fn read(
    bytes: &[u8],
    path: &Path,
    may_be_torn: bool,
    mut each: impl FnMut(Record<'_>),
) -> Result<usize, StorageError> {
    let corrupt = |offset: usize, problem: &'static str| StorageError::Corrupt {
        path: path.to_owned(),
        offset,
        problem,
    };
    let mut offset = 0;
    let mut number = 0;
    while offset < bytes.len() {
        let rest = &bytes[offset..];
        let records = match whole(rest) {
            Some((found, records)) if found == number => records,
            _ if !may_be_torn => return Err(corrupt(offset, "a batch is not whole")),
            _ if has_whole(rest, number) => {
                return Err(corrupt(
                    offset,
                    "a batch is not whole, and there is a whole one after it",
                ));
            }
            _ => break,
        };
        let start = offset + HEADER_BYTES;
        record::read_all(records, &mut each).map_err(|flaw| corrupt(start + flaw.offset, flaw.problem))?;
        offset = start + records.len();
        number += 1;
    }
    Ok(offset)
}

/// The number and the records of the batch at the start of `rest`, if it is whole.
fn whole(rest: &[u8]) -> Option<(u64, &[u8])> {
    let (header, body) = rest.split_first_chunk::<HEADER_BYTES>()?;
    let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    if crc32fast::hash(&header[..16]) != word(16) {
        return None;
    }
    let records = body.get(..word(0) as usize)?;
    let number = u64::from(word(4)) | u64::from(word(8)) << 32;
    (crc32fast::hash(records) == word(12)).then_some((number, records))
}

/// Whether a batch with at least this number is whole anywhere in `rest`.
fn has_whole(rest: &[u8], number: u64) -> bool {
    (0..rest.len()).any(|at| whole(&rest[at..]).is_some_and(|(found, _)| found >= number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(batches: &[&[u64]]) -> (Vec<u8>, Vec<usize>) {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for (number, starts) in batches.iter().enumerate() {
            let mut records = Vec::new();
            starts
                .iter()
                .for_each(|it| Record::Start(*it).encode(&mut records));
            bytes.extend(header(number as u64, &records));
            bytes.extend(records);
            ends.push(bytes.len());
        }
        (bytes, ends)
    }

    fn starts(bytes: &[u8], may_be_torn: bool) -> Result<(Vec<u64>, usize), String> {
        let mut found = Vec::new();
        let end = read(bytes, Path::new("log"), may_be_torn, |record| {
            if let Record::Start(start) = record {
                found.push(start);
            }
        });
        end.map(|end| (found, end)).map_err(|error| error.to_string())
    }

    #[test]
    fn of_the_last_batch_any_part_may_be_missing_and_it_is_dropped_whole() {
        let (bytes, ends) = file(&[&[1], &[2, 3, 4]]);
        for from in ends[0]..ends[1] {
            for to in [from + 1, from + 7, ends[1]] {
                let mut torn = bytes.clone();
                torn[from..to.min(ends[1])].fill(0);
                if torn != bytes {
                    assert_eq!(
                        starts(&torn, true),
                        Ok((vec![1], ends[0])),
                        "{from}..{to} missing"
                    );
                }
            }
            assert_eq!(
                starts(&bytes[..from], true),
                Ok((vec![1], ends[0])),
                "cut off at {from}"
            );
        }
    }

    #[test]
    fn what_is_damaged_before_a_whole_batch_is_corruption() {
        let (bytes, ends) = file(&[&[1], &[2], &[3]]);
        for place in ends[0]..ends[1] {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x10;
            let error = starts(&damaged, true).unwrap_err();
            assert!(error.contains(&format!("offset {}", ends[0])), "{error}");
        }
    }

    #[test]
    fn a_file_that_must_be_whole_is_not_forgiven_anything() {
        let (bytes, ends) = file(&[&[1], &[2]]);
        assert_eq!(starts(&bytes, false), Ok((vec![1, 2], ends[1])));
        assert!(starts(&bytes[..ends[1] - 1], false).is_err());
        let twice = [&bytes[..], &bytes[..ends[0]]].concat();
        assert!(starts(&twice, false).is_err(), "its number is of another place");
    }
}
