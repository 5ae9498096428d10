//! Three real nodes over HTTP on loopback: they agree, they survive a restart, and they say what is certain.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use paxos::NodeOptions;
use paxos::http::serve;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU8, Ordering};
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
    clients: Vec<SocketAddr>,
    nodes: Vec<Option<Running>>,
    http: reqwest::Client,
}

/// Addresses that were free a moment ago, on a loopback address that nobody else has: a port of 127.0.0.1 may be
/// taken, while a node is down, by anybody who dials anybody.
fn free_addresses(count: usize) -> Vec<SocketAddr> {
    static CALLS: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    let own = Ipv4Addr::new(127, 128 | high, low, CALLS.fetch_add(1, Ordering::Relaxed));
    let listeners: Vec<TcpListener> = (0..count).map(|_| TcpListener::bind((own, 0)).unwrap()).collect();
    listeners
        .iter()
        .map(|listener| listener.local_addr().unwrap())
        .collect()
}

impl Trio {
    /// Three nodes' addresses, and no node.
    fn prepare() -> Trio {
        let addresses = free_addresses(6);
        let peers = (1..)
            .zip(&addresses[..3])
            .map(|(number, address)| (format!("n{number}"), *address));
        Trio {
            folder: tempfile::tempdir().unwrap(),
            peers: peers.collect(),
            clients: addresses[3..].to_vec(),
            nodes: vec![None, None, None],
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    async fn start() -> Trio {
        let mut trio = Trio::prepare();
        for node in 0..3 {
            trio.start_node(node).await;
        }
        trio
    }

    fn options(&self, node: usize) -> NodeOptions {
        let id = self.peers[node].0.clone();
        let data = self.folder.path().join(&id);
        NodeOptions::new(id, self.clients[node], self.peers.clone(), data)
    }

    async fn start_node(&mut self, node: usize) {
        self.start_with(node, self.options(node)).await;
    }

    async fn start_with(&mut self, node: usize, options: NodeOptions) {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(options, async move {
            let _ = stopped.await;
        }));
        self.nodes[node] = Some(Running { stop, task });
        eventually("the node is ready", async || {
            let answer = self.http.get(self.url(node, "/health")).send().await;
            answer.is_ok_and(|answer| answer.status() == 200) || self.has_ended(node)
        })
        .await;
        if self.has_ended(node) {
            let running = self.nodes[node].take().unwrap();
            panic!("n{} ended: {:?}", node + 1, running.task.await);
        }
    }

    fn has_ended(&self, node: usize) -> bool {
        self.nodes[node]
            .as_ref()
            .is_some_and(|running| running.task.is_finished())
    }

    async fn stop_node(&mut self, node: usize) {
        let running = self.nodes[node].take().unwrap();
        running.stop.send(()).unwrap();
        running.task.await.unwrap().unwrap();
    }

    async fn metric(&self, node: usize, name: &str) -> f64 {
        let text = self
            .http
            .get(self.url(node, "/metrics"))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let line = text.lines().find(|line| line.starts_with(&format!("{name} ")));
        let line = line.unwrap_or_else(|| panic!("no {name} in {text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    fn url(&self, node: usize, path: &str) -> String {
        format!("http://{}{path}", self.clients[node])
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

/// Waits until something is so.
async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    for _ in 0..1000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("after ten seconds it is not so that {what}");
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
    for (decree, value) in [
        ("a%20b", json!(1)),
        ("%FF", json!(1)),
        ("a/b", json!(1)),
        ("1", json!(null)),
        ("1", long),
    ] {
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
        .post(trio.url(0, "/decrees/1/propose"))
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_chosen_is_spread_and_a_read_needs_nobody_then() {
    let mut trio = Trio::start().await;
    assert_eq!(trio.propose(0, "1", &json!(17)).await.0, 200);
    eventually("everybody has learned", async || {
        trio.metric(1, "paxos_decrees_decided").await + trio.metric(2, "paxos_decrees_decided").await == 2.0
    })
    .await;
    trio.stop_node(0).await;
    trio.stop_node(1).await;
    assert_eq!(trio.read(2, "1").await, (200, json!({ "value": 17 })));
    assert_eq!(
        trio.propose(2, "1", &json!(42)).await,
        (200, json!({ "value": 17 }))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_catches_up_with_what_was_decided_while_it_was_down() {
    let mut trio = Trio::start().await;
    trio.stop_node(2).await;
    // More than fit into one answer.
    for decree in 0..600 {
        assert_eq!(
            trio.propose(0, &format!("d{decree}"), &json!(decree)).await.0,
            200
        );
    }
    trio.start_node(2).await;
    eventually("it has caught up", async || {
        trio.metric(2, "paxos_decrees_decided").await == 600.0
    })
    .await;
    trio.stop_node(0).await;
    trio.stop_node(1).await;
    assert_eq!(trio.read(2, "d599").await, (200, json!({ "value": 599 })));
    trio.stop_node(2).await;
    trio.start_node(2).await;
    assert_eq!(
        trio.read(2, "d0").await,
        (200, json!({ "value": 0 })),
        "and remembers it"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_and_log_do_not_grow_with_the_number_of_decrees() {
    let mut trio = Trio::prepare();
    for node in 0..3 {
        let mut options = trio.options(node);
        options.checkpoint_bytes = 32 * 1024;
        trio.start_with(node, options).await;
    }
    for decree in 0..1000 {
        assert_eq!(
            trio.propose(decree % 3, &format!("d{decree}"), &json!(decree))
                .await
                .0,
            200
        );
    }
    assert!(trio.metric(0, "paxos_checkpoints_total").await >= 3.0);
    assert!(trio.metric(0, "paxos_decrees_in_memory").await < 300.0);
    let log_bytes: u64 = std::fs::read_dir(trio.folder.path().join("n1"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(".log"))
        .map(|entry| entry.metadata().unwrap().len())
        .sum();
    assert!(log_bytes < 128 * 1024, "{log_bytes}");
    for node in 0..3 {
        trio.stop_node(node).await;
    }
    for node in 0..3 {
        trio.start_node(node).await;
    }
    for decree in [0, 1, 500, 998, 999] {
        let (status, answer) = trio
            .propose(decree % 3, &format!("d{decree}"), &json!("other"))
            .await;
        assert_eq!((status, answer), (200, json!({ "value": decree })));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_when_the_node_stops_is_told_what_is_certain() {
    let mut trio = Trio::start().await;
    trio.stop_node(1).await;
    trio.stop_node(2).await;
    let stop = trio.nodes[0].take().unwrap().stop;
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.send(()).unwrap();
    };
    let url = trio.url(0, "/decrees/1/propose");
    let asked = trio.http.post(url).json(&json!({ "value": 17 })).send();
    let (answer, ()) = tokio::join!(asked, stopping);
    let answer: Value = answer.unwrap().json().await.unwrap();
    assert_eq!(answer["outcome"], "failed", "no accept was sent: {answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_hangs_up_is_not_counted_as_waiting() {
    let mut trio = Trio::start().await;
    trio.stop_node(1).await;
    trio.stop_node(2).await;
    for number in 0..20 {
        let decree = format!("d{number}");
        let value = json!(17);
        let asked = trio.propose(0, &decree, &value);
        let hung_up = tokio::time::timeout(Duration::from_millis(20), asked).await;
        assert!(hung_up.is_err());
    }
    eventually("nobody waits", async || {
        trio.metric(0, "paxos_requests_waiting").await == 0.0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_and_nonsense_on_the_peers_port_change_nothing() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let trio = Trio::start().await;
    let nonsense: [&[u8]; 4] = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"{\"from\":\"n9\"}\n",
        b"{\"from\":\"n2\"}\n{\"about\":{\"decree\":\"../1\",\"message\":{\"learn\":{\"value\":\"1\"}}}}\n",
        &[b'x'; 300_000],
    ];
    for bytes in nonsense {
        let mut stream = tokio::net::TcpStream::connect(trio.peers[0].1).await.unwrap();
        // It may be closed before all is written.
        let _ = stream.write_all(bytes).await;
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "the connection is closed");
    }
    assert_eq!(trio.read(0, "1").await, (200, json!({ "value": null })));
    assert_eq!(
        trio.propose(1, "1", &json!(17)).await,
        (200, json!({ "value": 17 }))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_cannot_read_its_table_stops_as_an_acceptor_and_leaves_nobody_waiting() {
    let mut trio = Trio::prepare();
    for node in 0..3 {
        let mut options = trio.options(node);
        (options.checkpoint_bytes, options.cache_bytes) = (4096, 0);
        trio.start_with(node, options).await;
    }
    for decree in 0..300 {
        assert_eq!(
            trio.propose(0, &format!("d{decree}"), &json!(decree)).await.0,
            200
        );
    }
    let table = trio.folder.path().join("n1").join("paxos.table");
    let file = std::fs::File::options().write(true).open(table).unwrap();
    file.set_len(4096).unwrap();
    for decree in ["d1", "d150", "new"] {
        let (status, answer) = trio.read(0, decree).await;
        assert_eq!((status, &answer["outcome"]), (503, &json!("failed")), "{answer}");
    }
    let health = trio.http.get(trio.url(0, "/health")).send().await.unwrap();
    assert_eq!(health.status(), 503);
    let reason = health.text().await.unwrap();
    assert!(
        reason.contains("failed to read ") && reason.contains("paxos.table"),
        "{reason}"
    );
    assert_eq!(trio.read(1, "d150").await, (200, json!({ "value": 150 })));
    assert_eq!(
        trio.propose(2, "new", &json!(17)).await,
        (200, json!({ "value": 17 }))
    );
}
