//! Three real nodes over HTTP on loopback: they agree, they survive a restart, and they say what is certain.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use paxos::NodeOptions;
use paxos::http::serve;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), paxos::NodeError>>,
}

struct Trio {
    folder: tempfile::TempDir,
    peers: Vec<(String, SocketAddr)>,
    nodes: Vec<Option<Running>>,
    http: reqwest::Client,
}

impl Trio {
    async fn start() -> Trio {
        // Ports that were free a moment ago.
        let listeners: Vec<TcpListener> = (0..3)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let addresses = listeners.iter().map(|listener| listener.local_addr().unwrap());
        let peers = (1..)
            .zip(addresses)
            .map(|(number, address)| (format!("n{number}"), address))
            .collect();
        drop(listeners);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut trio = Trio {
            folder: tempfile::tempdir().unwrap(),
            peers,
            nodes: vec![None, None, None],
            http,
        };
        for node in 0..3 {
            trio.start_node(node).await;
        }
        trio
    }

    async fn start_node(&mut self, node: usize) {
        let (id, address) = self.peers[node].clone();
        let data = self.folder.path().join(&id);
        let options = NodeOptions::new(id, address, self.peers.clone(), data);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(options, async move {
            let _ = stopped.await;
        }));
        self.nodes[node] = Some(Running { stop, task });
        for _ in 0..400 {
            if self
                .http
                .get(format!("http://{address}/health"))
                .send()
                .await
                .is_ok()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("n{} did not become ready", node + 1);
    }

    async fn stop_node(&mut self, node: usize) {
        let running = self.nodes[node].take().unwrap();
        running.stop.send(()).unwrap();
        // Connections that the others keep open would keep a graceful stop waiting.
        if tokio::time::timeout(Duration::from_millis(200), running.task)
            .await
            .is_err()
        {
            self.http = reqwest::Client::builder().no_proxy().build().unwrap();
        }
    }

    fn url(&self, node: usize, path: &str) -> String {
        format!("http://{}{path}", self.peers[node].1)
    }

    async fn propose(&self, node: usize, decree: &str, value: &Value) -> (u16, Value) {
        let url = self.url(node, &format!("/decrees/{decree}/propose"));
        let answer = self
            .http
            .post(url)
            .json(&json!({ "value": value }))
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn read(&self, node: usize, decree: &str) -> (u16, Value) {
        let answer = self
            .http
            .get(self.url(node, &format!("/decrees/{decree}")))
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_proposal_fixes_the_value_for_every_node() {
    let trio = Trio::start().await;
    assert_eq!(trio.read(0, "1").await, (200, json!({ "value": null })));
    assert_eq!(
        trio.propose(0, "1", &json!(17)).await,
        (200, json!({ "value": 17 }))
    );
    assert_eq!(
        trio.propose(1, "1", &json!(42)).await,
        (200, json!({ "value": 17 }))
    );
    for node in 0..3 {
        assert_eq!(trio.read(node, "1").await, (200, json!({ "value": 17 })));
    }
    assert_eq!(
        trio.read(2, "2").await,
        (200, json!({ "value": null })),
        "decrees share nothing"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proposals_at_the_same_time_are_all_answered_with_one_value() {
    let trio = Trio::start().await;
    for decree in 0..20 {
        let decree = decree.to_string();
        let values = [json!("a"), json!({"b": [1]}), json!(3.5)];
        let answers = futures(&trio, &decree, &values).await;
        assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
        assert!(
            answers.iter().all(|(_, body)| body == &answers[0].1),
            "{answers:?}"
        );
        assert!(values.contains(&answers[0].1["value"]));
    }
}

async fn futures(trio: &Trio, decree: &str, values: &[Value; 3]) -> [(u16, Value); 3] {
    let (a, b, c) = tokio::join!(
        trio.propose(0, decree, &values[0]),
        trio.propose(1, decree, &values[1]),
        trio.propose(2, decree, &values[2])
    );
    [a, b, c]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_survives_the_restart_of_every_node() {
    let mut trio = Trio::start().await;
    assert_eq!(trio.propose(0, "1", &json!(17)).await.0, 200);
    for node in 0..3 {
        trio.stop_node(node).await;
    }
    // New ports would be new peers: the same node listens where it did.
    for node in 0..3 {
        trio.start_node(node).await;
    }
    assert_eq!(
        trio.propose(2, "1", &json!(42)).await,
        (200, json!({ "value": 17 }))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_minority_down_does_not_stop_the_work_and_a_majority_down_is_told_as_it_is() {
    let mut trio = Trio::start().await;
    trio.stop_node(2).await;
    assert_eq!(
        trio.propose(0, "1", &json!(17)).await,
        (200, json!({ "value": 17 }))
    );
    trio.stop_node(1).await;
    let (status, answer) = trio.propose(0, "2", &json!(17)).await;
    assert_eq!(
        (status, &answer["outcome"]),
        (503, &json!("failed")),
        "no accept was sent: {answer}"
    );
    assert_eq!(
        trio.read(0, "1").await,
        (200, json!({ "value": 17 })),
        "it has learned this one"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_out_of_bounds_is_refused_and_has_failed() {
    let trio = Trio::start().await;
    let long = json!("x".repeat(70_000));
    for (decree, value) in [("a%20b", json!(1)), ("1", json!(null)), ("1", long)] {
        let (status, answer) = trio.propose(0, decree, &value).await;
        assert!((400..500).contains(&status), "{status}");
        assert_eq!(answer["outcome"], "failed");
    }
    let garbage = trio
        .http
        .post(trio.url(0, "/decrees/1/propose"))
        .body("{")
        .send()
        .await
        .unwrap();
    assert!(garbage.status().is_client_error());
    let garbage = trio
        .http
        .post(trio.url(0, "/peer"))
        .body("[]")
        .send()
        .await
        .unwrap();
    assert!(garbage.status().is_client_error());
    assert_eq!(
        trio.read(0, "1").await,
        (200, json!({ "value": null })),
        "and nothing was changed"
    );
}
