//! A client program in Rust, for the server of `harness init --lang`: registers over HTTP. See `system.toml`.
//!
//! Requests are written by hand here, so that nothing hides when the first byte leaves; with a client library of your own
//! system, see to it that it neither retries nor follows redirects.

use harness_client::{Client, Operation, Outcome, ServeError, Start, serve};
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// An answer may have this many bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

struct Registers {
    address: SocketAddr,
    deadline: Duration,
}

fn main() -> Result<(), ServeError> {
    serve(|start: &Start| -> Result<Registers, std::net::AddrParseError> {
        Ok(Registers {
            address: SocketAddr::new(start.ip.parse()?, 8000),
            deadline: start.deadline(),
        })
    })
}

impl Client for Registers {
    fn invoke(&mut self, operation: &Operation) -> Outcome {
        let (method, body) = match operation.f.as_str() {
            "read" => ("GET", None),
            "write" => ("PUT", Some(operation.value.clone())),
            "cas" => ("POST", Some(json!({"old": operation.value[0], "new": operation.value[1]}))),
            f => return Outcome::Fail(format!("there is no {f} here")),
        };
        let until = Instant::now() + self.deadline;
        let stream = match TcpStream::connect_timeout(&self.address, self.deadline / 2) {
            Ok(stream) => stream,
            // Nothing was sent: it had no effect, and never will.
            Err(error) => return Outcome::Fail(format!("connect: {error}")),
        };
        match exchange(stream, until, method, &operation.key, body) {
            Ok((200, value)) if operation.f == "read" => Outcome::Ok(Some(value)),
            Ok((200, _)) => Outcome::Ok(None),
            Ok((409, _)) => Outcome::Fail("another value was there".to_owned()),
            Ok((status, _)) => Outcome::Info(format!("status {status}")),
            // It was sent, and no answer came: nobody knows.
            Err(error) => Outcome::Info(error.to_string()),
        }
    }
}

/// One request and its answer: the status, and the document in the body.
fn exchange(
    mut stream: TcpStream,
    until: Instant,
    method: &str,
    key: &Value,
    body: Option<Value>,
) -> io::Result<(u16, Value)> {
    let body = body.map_or(String::new(), |body| body.to_string());
    let left = until.saturating_duration_since(Instant::now());
    stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
    write!(
        stream,
        "{method} /keys/{key} HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    let malformed = || io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP");
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(malformed)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.ok_or_else(malformed)?, serde_json::from_str(body)?))
}
