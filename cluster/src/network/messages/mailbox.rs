//! How a process gets its messages: a thread of its own writes them to its stdin, for one that is paused, or does not
//! read, must not keep others waiting.

use std::io::{self, PipeWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

/// How many bytes wait for a process that does not read; what comes then is lost.
pub const MAILBOX_BYTES_MAX: usize = 64 << 20;

/// The messages of one process. They end with it.
#[derive(Debug)]
pub struct Mailbox {
    lines: Sender<Vec<u8>>,
    waiting_bytes: Arc<AtomicUsize>,
}

impl Mailbox {
    /// Begins to write what is put in.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn open(stdin: PipeWriter, node: &str) -> io::Result<Mailbox> {
        let (lines, taken) = channel();
        let waiting_bytes = Arc::new(AtomicUsize::new(0));
        let waits = Arc::clone(&waiting_bytes);
        std::thread::Builder::new()
            .name(format!("to {node}"))
            // A process that is gone reads no more, and then that is the end.
            .spawn(move || drop(write(stdin, &taken, &waits)))?;
        Ok(Mailbox { lines, waiting_bytes })
    }

    /// Puts in a line, without its end. Says whether there was room, and somebody to read it.
    pub fn put(&self, mut line: Vec<u8>) -> bool {
        line.push(b'\n');
        let bytes = line.len();
        if self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > MAILBOX_BYTES_MAX {
            self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        self.lines.send(line).is_ok()
    }
}

fn write(mut stdin: PipeWriter, lines: &Receiver<Vec<u8>>, waiting_bytes: &AtomicUsize) -> io::Result<()> {
    for line in lines {
        stdin.write_all(&line)?;
        waiting_bytes.fetch_sub(line.len(), Ordering::Relaxed);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn lines_are_read_in_their_order_until_the_mailbox_is_gone() {
        let (mut reader, stdin) = io::pipe().unwrap();
        let mailbox = Mailbox::open(stdin, "n1").unwrap();
        assert!(mailbox.put(b"one".to_vec()) && mailbox.put(b"two".to_vec()));
        drop(mailbox);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\ntwo\n");
    }

    #[test]
    fn who_does_not_read_gets_no_more_than_the_bound() {
        let (_reader, stdin) = io::pipe().unwrap();
        let mailbox = Mailbox::open(stdin, "n1").unwrap();
        let large = vec![b'x'; 1 << 20];
        let fitting = (0..100).take_while(|_| mailbox.put(large.clone())).count();
        assert!((60..=64).contains(&fitting), "{fitting}");
    }
}
