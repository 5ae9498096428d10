//! A file, piece by piece, so that it is never in memory as a whole.

use super::ReadError;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Take};
use std::ops::Range;
use std::path::Path;

/// How much of a file is read at a time. A longer line makes the buffer grow.
pub const PIECE_BYTES: usize = 256 << 10;

/// A file that is being read.
pub struct Pieces<'p> {
    path: &'p Path,
    file: Take<File>,
    size: u64,
    buffer: Vec<u8>,
    filled: usize,
    ended: bool,
}

impl<'p> Pieces<'p> {
    /// Opens a file, and reads its first piece.
    pub fn of(path: &'p Path) -> Result<Pieces<'p>, ReadError> {
        Pieces::within(path, 0..u64::MAX)
    }

    /// Opens a file, and reads the first piece of these bytes of it.
    pub fn within(path: &'p Path, bytes: Range<u64>) -> Result<Pieces<'p>, ReadError> {
        let mut file = File::open(path).map_err(|source| error(path, source))?;
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        // What has no beginning, as a pipe, is not sought in.
        if bytes.start > 0 {
            file.seek(SeekFrom::Start(bytes.start))
                .map_err(|source| error(path, source))?;
        }
        let mut pieces = Pieces {
            path,
            file: file.take(bytes.end - bytes.start),
            size,
            buffer: vec![0; PIECE_BYTES],
            filled: 0,
            ended: false,
        };
        pieces.next(0)?;
        Ok(pieces)
    }

    /// How many bytes the file had when it was opened; 0 where that is not known.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What has been read and not been taken.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    /// Whether nothing follows.
    pub fn is_last(&self) -> bool {
        self.ended
    }

    /// Goes on behind the first so many bytes, which have been taken.
    pub fn next(&mut self, taken: usize) -> Result<(), ReadError> {
        self.buffer.copy_within(taken..self.filled, 0);
        self.filled -= taken;
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        while self.filled < self.buffer.len() {
            match self.file.read(&mut self.buffer[self.filled..]) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(());
                }
                Ok(length) => self.filled += length,
                Err(source) if source.kind() == ErrorKind::Interrupted => {}
                Err(source) => return Err(error(self.path, source)),
            }
        }
        Ok(())
    }
}

/// The error of a file that cannot be read.
pub fn error(path: &Path, source: std::io::Error) -> ReadError {
    ReadError::Io {
        path: path.display().to_string(),
        source,
    }
}
