use super::*;
use crate::acceptor::Acceptor;
use crate::ballot::Ballot;
use crate::instance::Durable;
use crate::storage::Recovered;
use crate::storage::log::Log;
use crate::value::Value;
use std::time::Instant;

/// A node of three whose others are down, and a way to tell it things.
struct Lonely {
    events: mpsc::Sender<Event>,
    _directory: tempfile::TempDir,
}

impl Lonely {
    fn start(recovered: Recovered) -> Lonely {
        Lonely::start_on(None, recovered)
    }

    fn start_on(log: Option<Log>, recovered: Recovered) -> Lonely {
        let directory = tempfile::tempdir().unwrap();
        let nobody: SocketAddr = "127.0.0.1:9".parse().unwrap();
        let peers = ["n1", "n2", "n3"].map(|id| (id.to_owned(), nobody)).to_vec();
        let options = NodeOptions::new("n1".into(), nobody, peers, directory.path().to_owned());
        let metrics = Metrics::new();
        let watch = LogWatch(Arc::clone(&metrics));
        let (mut storage, _) = Storage::open(&options.data, 1 << 20, None.into(), watch).unwrap();
        storage.log = log.unwrap_or(storage.log);
        let ids: Vec<_> = options
            .peers
            .iter()
            .map(|(id, address)| (NodeId::new(id), *address))
            .collect();
        let config = Config {
            id: NodeId::new("n1"),
            acceptors: ids.iter().map(|(id, _)| id.clone()).collect(),
            start: 1,
            resends_max: 3,
            planted: None.into(),
        };
        let connections = Peers::connect(&config.id, &ids, &metrics);
        let driver = Driver::new(config, &options, storage, recovered, connections, metrics).unwrap();
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        tokio::spawn(driver.drive(events));
        Lonely {
            events: sender,
            _directory: directory,
        }
    }

    async fn propose(&self, decree: &str) -> oneshot::Receiver<Answer> {
        let (reply, answered) = oneshot::channel();
        let request = Request::Propose(Value::of_number(17));
        let decree = decree.into();
        let event = Event::Client {
            decree,
            request,
            reply,
        };
        self.events.send(event).await.unwrap();
        answered
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_much_in_memory_and_many_who_wait_stops_at_once() {
    let promised = |number: u64| {
        let ballot = Ballot {
            round: 1,
            node: NodeId::new("n2"),
            start: 1,
        };
        let acceptor = Acceptor {
            promised: Some(ballot),
            accepted: None,
        };
        (
            format!("d{number}").into(),
            Durable {
                acceptor,
                learned: None,
            },
        )
    };
    let node = Lonely::start(Recovered {
        decrees: (0..30_000).map(promised).collect(),
        ..Recovered::default()
    });
    let mut waiting = Vec::new();
    for number in 0..1000 {
        waiting.push(node.propose(&format!("d{number}")).await);
    }
    let began = Instant::now();
    let (tell, done) = oneshot::channel();
    node.events.send(Event::Stop(tell)).await.unwrap();
    done.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    for answered in waiting {
        assert_eq!(answered.await.unwrap(), Answer::Failed, "no accept was sent");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_hangs_holds_up_neither_answers_nor_the_end() {
    let node = Lonely::start_on(Some(Log::on_a_disk_that_hangs()), Recovered::default());
    let began = Instant::now();
    let mut waiting = Vec::new();
    // Each makes a batch of its own.
    for number in 0..300 {
        waiting.push(node.propose(&format!("d{number}")).await);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for answered in waiting {
        assert_eq!(answered.await.unwrap(), Answer::Failed, "no accept was sent");
    }
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    let (tell, done) = oneshot::channel();
    node.events.send(Event::Stop(tell)).await.unwrap();
    tokio::time::timeout(Duration::from_secs(2), done)
        .await
        .unwrap()
        .unwrap();
}
