//! Waiting for a node to answer that it is ready.

use super::ClusterSpec;
use crate::maelstrom;
use crate::network::{Asking, HostId};
use crate::resp;
use crate::system::{Readiness, ReadyQuestion};
use crate::untrusted::printable;
use std::fmt;
use std::net::SocketAddrV4;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Where a node is asked whether it is ready.
#[derive(Debug)]
pub struct Probes {
    /// The first time.
    pub question: ReadyQuestion,
    /// Later, where a node that is up need not be able to answer.
    pub restarted: Option<SocketAddrV4>,
}

/// One way of asking.
#[derive(Debug, Clone)]
pub enum Probe {
    /// By a question that only a node answers that is ready.
    Ask(ReadyQuestion),
    /// By connecting.
    Connect(SocketAddrV4),
}

impl Probes {
    /// The way of asking a node that has been ready before, or has not.
    pub fn probe(&self, has_been_ready: bool) -> Probe {
        match self.restarted {
            Some(address) if has_been_ready => Probe::Connect(address),
            _ => Probe::Ask(self.question.clone()),
        }
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Probe::Ask(ReadyQuestion::Get { url, .. }) => write!(f, "GET {url}"),
            Probe::Ask(ReadyQuestion::Command { address, words, .. }) => {
                write!(f, "{} to {address}", words.join(" "))
            }
            Probe::Ask(ReadyQuestion::Text { address, send, .. }) => {
                write!(f, "{} to {address}", printable(send, 60))
            }
            Probe::Connect(address) => write!(f, "connection to {address}"),
            Probe::Ask(ReadyQuestion::Init) => f.write_str("init message"),
        }
    }
}

/// The client that asks. Every try is a new connection: a kept one would belong to an earlier process.
pub fn prober() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .retry(reqwest::retry::never())
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .build()
}

/// Tells a node its name, once, and what else it has to know before clients come. After the timeout, or when it answers
/// something else, the error says so.
pub async fn introduce(operator: &Asking, node: HostId, spec: &ClusterSpec) -> Result<(), String> {
    let told = maelstrom::init(&spec.nodes[node], &spec.nodes);
    let more = spec.system.maelstrom.and_then(|it| it.introduction(&spec.nodes));
    for body in [Some(told), more].into_iter().flatten() {
        let asked = body["type"].as_str().unwrap_or_default().to_owned();
        let patience = spec.system.node.ready.timeout;
        let answer = operator.tell(node, body, patience).await;
        let answer =
            answer.map_err(|why| format!("`{asked}` had {why}; a node answers on stdout, and flushes it"))?;
        let kind = answer
            .get("type")
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default();
        if kind != format!("{asked}_ok") {
            let answer = printable(&serde_json::Value::Object(answer).to_string(), 200);
            return Err(format!(
                "`{asked}` was not answered with `{asked}_ok` but with {answer}"
            ));
        }
    }
    Ok(())
}

/// Asks until the answer is right. After the timeout, the error says what the last try came to.
pub async fn wait(prober: &reqwest::Client, probe: &Probe, ready: &Readiness) -> Result<(), String> {
    let mut last_try = silence(ready);
    let asking = async {
        loop {
            match ask(prober, probe, ready).await {
                Ok(()) => return,
                Err(refused) => last_try = refused,
            }
            // Nothing announces that a node is ready; asking again is all there is.
            tokio::time::sleep(ready.interval).await;
        }
    };
    let in_time = tokio::time::timeout(ready.timeout, asking).await.is_ok();
    if in_time { Ok(()) } else { Err(last_try) }
}

/// Asks once.
async fn ask(prober: &reqwest::Client, probe: &Probe, ready: &Readiness) -> Result<(), String> {
    match probe {
        Probe::Ask(ReadyQuestion::Get { url, status }) => {
            match prober.get(url).timeout(ready.try_timeout).send().await {
                Ok(response) if status.contains(response.status().as_u16()) => Ok(()),
                Ok(response) => Err(format!("status {}, not {status}", response.status())),
                Err(error) if error.is_timeout() => Err(silence(ready)),
                Err(error) => Err(printable(&innermost(&error), 200)),
            }
        }
        Probe::Ask(question @ ReadyQuestion::Command { address, reply, .. }) => {
            let asking = command(*address, question.command_bytes());
            match tokio::time::timeout(ready.try_timeout, asking).await {
                Ok(Ok(answer)) if reply.contains(&answer) => Ok(()),
                Ok(Ok(answer)) => Err(format!("{}, not {reply}", answer.shown())),
                Ok(Err(error)) => Err(printable(&error.to_string(), 200)),
                Err(_) => Err(silence(ready)),
            }
        }
        Probe::Ask(ReadyQuestion::Text {
            address,
            send,
            contains,
        }) => match tokio::time::timeout(ready.try_timeout, text(*address, send, contains)).await {
            Ok(Ok(None)) => Ok(()),
            Ok(Ok(Some(answer))) => Err(format!("{:?} has no {contains:?} in it", printable(&answer, 200))),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(silence(ready)),
        },
        Probe::Ask(ReadyQuestion::Init) => Err("it is asked by a message".to_owned()),
        Probe::Connect(address) => {
            let connecting = TcpStream::connect(address);
            match tokio::time::timeout(ready.try_timeout, connecting).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err(silence(ready)),
            }
        }
    }
}

/// Sends one command over a connection of its own.
pub(super) async fn command(address: SocketAddrV4, bytes: Vec<u8>) -> Result<resp::Reply, resp::ReplyError> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&bytes).await?;
    resp::read_reply(&mut BufReader::new(stream)).await
}

/// How much of the answer to a text is read.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Sends a text over a connection of its own, and reads until what is looked for has come. When it does not come until
/// the node closes the connection or has said too much, what came instead.
async fn text(address: SocketAddrV4, send: &str, contains: &str) -> std::io::Result<Option<String>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(send.as_bytes()).await?;
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    loop {
        let size = stream.read(&mut part).await?;
        answer.extend_from_slice(&part[..size]);
        let so_far = String::from_utf8_lossy(&answer);
        if so_far.contains(contains) {
            return Ok(None);
        }
        if size == 0 || answer.len() > TEXT_BYTES_MAX {
            return Ok(Some(so_far.into_owned()));
        }
    }
}

fn silence(ready: &Readiness) -> String {
    format!("no answer within {} ms", ready.try_timeout.as_millis())
}

pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// What becomes of a text when the node answers it like this and closes the connection.
    async fn answered(with: Vec<u8>) -> Option<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let std::net::SocketAddr::V4(address) = listener.local_addr().unwrap() else {
            panic!("it listens on an address of IPv4");
        };
        let node = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 4];
            stream.read_exact(&mut asked).await.unwrap();
            assert_eq!(&asked, b"srvr");
            // Whoever has heard enough hangs up.
            let _ = stream.write_all(&with).await;
        });
        let answer = text(address, "srvr", "Mode: ").await.unwrap();
        node.await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_node_is_ready_when_its_text_has_the_right_one_in_it_and_only_then() {
        assert_eq!(answered(b"Zxid: 0x1\nMode: leader\n".to_vec()).await, None);
        let refusal = "This ZooKeeper instance is not currently serving requests\n";
        assert_eq!(answered(refusal.into()).await, Some(refusal.to_owned()));
        assert_eq!(answered(Vec::new()).await, Some(String::new()));
    }

    #[tokio::test]
    async fn a_node_that_never_stops_talking_is_not_listened_to_for_ever() {
        let said = answered(vec![b'x'; 64 * TEXT_BYTES_MAX]).await.unwrap();
        assert!(said.len() < 2 * TEXT_BYTES_MAX);
    }
}
