//! RESP, the protocol of Redis and of what speaks like it: commands out, replies in
//! (<https://redis.io/docs/latest/develop/reference/protocol-spec/>, version 2, and the null of version 3).
//!
//! A reply comes from a system under test, so neither the lengths nor the nesting that it claims are believed: what is
//! kept grows only with what has arrived, and both are bounded. Libraries for RESP trust one or the other (they reserve
//! what an array claims, or recurse as deep as arrays nest), which is why this is here.
//!
//! What a reply means is for [`crate::system`] to say; connections are opened elsewhere.

use crate::untrusted::printable;
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// How many bytes a reply may have.
pub const REPLY_BYTES_MAX: usize = 1 << 20;
/// How deep the arrays of a reply may nest.
pub const REPLY_DEPTH_MAX: usize = 32;

/// How many characters of a reply are shown.
const SHOWN_CHARS_MAX: usize = 300;

/// What a server answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// `+OK`.
    Simple(String),
    /// `-READONLY You can't write against a read only replica.`
    Error(String),
    /// `:1`.
    Integer(i64),
    /// `$5` and five bytes; what is not UTF-8 in them was replaced.
    Bulk(String),
    /// `*2` and two replies.
    Array(Vec<Reply>),
    /// `$-1`, `*-1` or `_`.
    Null,
}

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub enum ReplyError {
    /// The connection failed, or ended in the middle.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// What came is not RESP, or more than is read.
    #[error("{0}")]
    Malformed(String),
}

impl Reply {
    /// As a JSON document: a string as the JSON that it holds, or as a text when it holds none.
    pub fn document(&self) -> Value {
        match self {
            Reply::Simple(text) | Reply::Bulk(text) => {
                serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()))
            }
            Reply::Error(text) => Value::from(text.as_str()),
            Reply::Integer(number) => Value::from(*number),
            // No deeper than replies may nest.
            Reply::Array(items) => items.iter().map(Reply::document).collect(),
            Reply::Null => Value::Null,
        }
    }

    /// Fit for a line, in the notation of the protocol: `-READONLY You can't ...`.
    pub fn shown(&self) -> String {
        let text = match self {
            Reply::Simple(text) => format!("+{text}"),
            Reply::Error(text) => format!("-{text}"),
            Reply::Integer(number) => format!(":{number}"),
            Reply::Bulk(text) => format!("${text}"),
            Reply::Array(items) => format!("*{} ({})", items.len(), self.document()),
            Reply::Null => "_".to_owned(),
        };
        printable(&text, SHOWN_CHARS_MAX)
    }
}

/// A command as it is sent: an array of its words.
pub fn command<'a>(words: impl ExactSizeIterator<Item = &'a str>) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
    bytes
}

/// Reads one reply, and not a byte beyond it.
///
/// # Errors
/// When the connection fails, or what comes is not RESP, too long or nested too deep. Then nothing is known of where the
/// next reply begins, and the connection is of no more use.
pub async fn read_reply(from: &mut (impl AsyncBufRead + Unpin)) -> Result<Reply, ReplyError> {
    let mut budget = REPLY_BYTES_MAX;
    // The arrays that are not complete: what they have, and how many replies are still missing.
    let mut open: Vec<(Vec<Reply>, usize)> = Vec::new();
    loop {
        let mut complete = match read_part(from, &mut budget).await? {
            Part::Whole(reply) => reply,
            Part::Array(0) => Reply::Array(Vec::new()),
            Part::Array(_) if open.len() == REPLY_DEPTH_MAX => {
                let reason = format!("a reply nests deeper than {REPLY_DEPTH_MAX} arrays");
                return Err(ReplyError::Malformed(reason));
            }
            Part::Array(length) => {
                open.push((Vec::new(), length));
                continue;
            }
        };
        loop {
            match open.pop() {
                None => return Ok(complete),
                Some((mut items, missing)) => {
                    items.push(complete);
                    if missing > 1 {
                        open.push((items, missing - 1));
                        break;
                    }
                    complete = Reply::Array(items);
                }
            }
        }
    }
}

/// What a line begins.
enum Part {
    Whole(Reply),
    Array(usize),
}

async fn read_part(from: &mut (impl AsyncBufRead + Unpin), budget: &mut usize) -> Result<Part, ReplyError> {
    let line = read_line(from, budget).await?;
    let malformed = || ReplyError::Malformed(format!("this is not RESP: {}", printable(&line, 80)));
    let mut rest = line.chars();
    let kind = rest.next().ok_or_else(malformed)?;
    let rest = rest.as_str();
    let number = || rest.parse::<i64>().map_err(|_| malformed());
    let length = || number().and_then(|length| usize::try_from(length).map_err(|_| malformed()));
    Ok(match kind {
        '+' => Part::Whole(Reply::Simple(rest.to_owned())),
        '-' => Part::Whole(Reply::Error(rest.to_owned())),
        ':' => Part::Whole(Reply::Integer(number()?)),
        '_' if rest.is_empty() => Part::Whole(Reply::Null),
        '$' | '*' if rest == "-1" => Part::Whole(Reply::Null),
        '$' => Part::Whole(Reply::Bulk(read_bulk(from, length()?, budget).await?)),
        '*' => Part::Array(length()?),
        _ => return Err(malformed()),
    })
}

/// A line without its end.
async fn read_line(from: &mut (impl AsyncBufRead + Unpin), budget: &mut usize) -> Result<String, ReplyError> {
    let mut line = Vec::new();
    let most = u64::try_from(*budget).unwrap_or(u64::MAX);
    from.take(most).read_until(b'\n', &mut line).await?;
    *budget -= line.len();
    match line.strip_suffix(b"\r\n") {
        Some(line) => Ok(String::from_utf8_lossy(line).into_owned()),
        None if *budget == 0 => Err(too_long()),
        None if line.ends_with(b"\n") => {
            let reason = "a line of a reply does not end with CR LF".to_owned();
            Err(ReplyError::Malformed(reason))
        }
        None => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
    }
}

async fn read_bulk(
    from: &mut (impl AsyncBufRead + Unpin),
    length: usize,
    budget: &mut usize,
) -> Result<String, ReplyError> {
    let with_end = length.checked_add(2).filter(|bytes| bytes <= budget);
    let with_end = with_end.ok_or_else(too_long)?;
    let mut bytes = vec![0; with_end];
    from.read_exact(&mut bytes).await?;
    *budget -= with_end;
    match bytes.strip_suffix(b"\r\n") {
        Some(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
        None => Err(ReplyError::Malformed(
            "a bulk string is longer than it says".to_owned(),
        )),
    }
}

fn too_long() -> ReplyError {
    ReplyError::Malformed(format!("a reply is longer than {REPLY_BYTES_MAX} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The first reply in these bytes, and what is left of them.
    fn read(mut bytes: &[u8]) -> (Result<Reply, String>, Vec<u8>) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let reply = runtime.block_on(read_reply(&mut bytes));
        (reply.map_err(|error| error.to_string()), bytes.to_vec())
    }

    #[test]
    fn a_command_is_an_array_of_its_words_whatever_is_in_them() {
        let sent = command(["SET", "k\r\n", "é"].into_iter());
        assert_eq!(sent, "*3\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n$2\r\né\r\n".as_bytes());
    }

    #[test]
    fn replies_of_every_kind_are_read_and_nothing_beyond_them() {
        for (bytes, document) in [
            ("+OK\r\n", json!("OK")),
            ("-ERR no\r\n", json!("ERR no")),
            (":-7\r\n", json!(-7)),
            ("$2\r\n17\r\n", json!(17)),
            ("$4\r\na\r\nb\r\n", json!("a\r\nb")),
            ("$-1\r\n", json!(null)),
            ("*-1\r\n", json!(null)),
            ("_\r\n", json!(null)),
            ("*0\r\n", json!([])),
            ("*3\r\n*1\r\n:1\r\n*0\r\n$1\r\nx\r\n", json!([[1], [], "x"])),
        ] {
            let (reply, rest) = read(format!("{bytes}+NEXT\r\n").as_bytes());
            assert_eq!(reply.unwrap().document(), document, "{bytes:?}");
            assert_eq!(rest, b"+NEXT\r\n");
        }
    }

    #[test]
    fn what_a_reply_claims_is_not_believed() {
        for (bytes, words) in [
            ("HTTP/1.1 400\r\n", "this is not RESP: HTTP/1.1 400"),
            ("\r\n", "this is not RESP: "),
            ("+OK\n", "does not end with CR LF"),
            ("$x\r\n", "this is not RESP"),
            ("$-2\r\n", "this is not RESP"),
            ("*99999999999999999999\r\n", "this is not RESP"),
            ("$1099511627776\r\n", "longer than 1048576 bytes"),
            ("$18446744073709551615\r\n", "this is not RESP"),
            ("$9223372036854775807\r\n", "longer than 1048576 bytes"),
            ("$1\r\nabc", "longer than it says"),
            ("*9223372036854775807\r\n", "unexpected end of file"),
            ("$3\r\nab", "early eof"),
            ("", "unexpected end of file"),
        ] {
            let told = read(bytes.as_bytes()).0.unwrap_err();
            assert!(told.contains(words), "{bytes:?}: {told}");
        }
        let deep = "*1\r\n".repeat(100_000);
        assert!(read(deep.as_bytes()).0.unwrap_err().contains("deeper than 32"));
        let long = format!("+{}", "x".repeat(2 << 20));
        assert!(read(long.as_bytes()).0.unwrap_err().contains("longer than"));
        let many = format!("*1000000\r\n{}", "*0\r\n".repeat(1_000_000));
        assert!(read(many.as_bytes()).0.unwrap_err().contains("longer than"));
    }

    #[test]
    fn a_reply_is_shown_without_what_a_terminal_would_obey() {
        let (reply, _) = read(b"-ERR \x1b[2J\r\n");
        assert_eq!(reply.unwrap().shown(), "-ERR \\u{1b}[2J");
    }
}
