//! A client's way to its node over RESP.

use super::Outcome;
use super::exchange::{Listener, Tap};
use cluster::resp;
use cluster::system::{RequestVariables, RespOperation};
use history::EventType;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_util::io::InspectReader;

/// At most one connection, which is opened when it is needed and given up when anything about it is unclear.
pub(super) struct RespConnection {
    timeout: Duration,
    open: Option<Open>,
}

struct Open {
    port: u16,
    stream: BufReader<InspectReader<TcpStream, Listener>>,
}

impl RespConnection {
    /// Gives up on a reply after `timeout`.
    pub fn new(timeout: Duration) -> RespConnection {
        RespConnection { timeout, open: None }
    }

    /// Commands one operation, once.
    pub async fn ask(
        &mut self,
        operation: &RespOperation,
        variables: &RequestVariables<'_>,
        tap: &mut Tap,
    ) -> Outcome {
        let deadline = Instant::now() + self.timeout;
        let half_time = deadline - self.timeout / 2;
        let command = operation.command(variables);
        tap.to(|| Some(format!("{}:{}", variables.ip, operation.port)));
        tap.sent(|| command.clone());
        // Half of the time is for a connection, so that a lost one is told from a lost command.
        let connecting = self.connect(variables.ip, operation.port, tap);
        let mut open = match timeout_at(half_time, connecting).await {
            Ok(Ok(open)) => open,
            // Without a connection not a byte of the command has left: it cannot have had an effect.
            Ok(Err(error)) => return Outcome::without(EventType::Fail, error.to_string()),
            Err(_) => return Outcome::without(EventType::Fail, "timed out while connecting".to_owned()),
        };
        let exchange = async {
            open.stream.get_mut().write_all(&command).await?;
            resp::read_reply(&mut open.stream).await
        };
        let answered = timeout_at(deadline, exchange).await;
        tap.received_what_was_heard();
        match answered {
            Ok(Ok(reply)) => {
                tap.decided(|| operation.deciding(&reply));
                self.open = Some(open);
                Outcome::of(operation.judge(&reply, variables.value))
            }
            Ok(Err(error)) => Outcome::without(EventType::Info, error.to_string()),
            Err(_) => Outcome::without(EventType::Info, "timed out".to_owned()),
        }
    }

    /// The connection that there is, or a new one.
    async fn connect(&mut self, ip: &str, port: u16, tap: &Tap) -> std::io::Result<Open> {
        if let Some(open) = self
            .open
            .take()
            .filter(|open| open.port == port && open.is_quiet())
        {
            return Ok(open);
        }
        let stream = TcpStream::connect(format!("{ip}:{port}")).await?;
        stream.set_nodelay(true)?;
        Ok(Open {
            port,
            stream: BufReader::new(InspectReader::new(stream, tap.listener())),
        })
    }
}

impl Open {
    /// Whether it has neither ended nor said anything that was not asked for, as far as is known by now. A command that
    /// is sent to a node that has closed its side would be one of which nobody knows.
    fn is_quiet(&self) -> bool {
        let mut one = [0];
        let waits = |error: std::io::Error| error.kind() == std::io::ErrorKind::WouldBlock;
        self.stream.buffer().is_empty()
            && self
                .stream
                .get_ref()
                .get_ref()
                .try_read(&mut one)
                .is_err_and(waits)
    }
}
