//! Messages between nodes that are pipes: what is written into one comes out of the other, or does not.

use super::super::Network;
use super::super::link_rule::{Effect, LinkRule, Match};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, PipeReader};
use std::time::{Duration, Instant};

/// Nodes without processes.
struct Pipes {
    network: Network,
    stdins: Vec<BufReader<PipeReader>>,
}

impl Pipes {
    fn new(names: &[&str]) -> Pipes {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let network = Network::start_messages(&names, 1).unwrap();
        let stdins = (0..names.len()).map(|node| {
            let (reader, stdin) = std::io::pipe().unwrap();
            network.messages().unwrap().attach(node, stdin).unwrap();
            BufReader::new(reader)
        });
        Pipes {
            stdins: stdins.collect(),
            network,
        }
    }

    fn write(&self, node: usize, line: &str) {
        self.network.messages().unwrap().written(node, line.as_bytes());
    }

    fn say(&self, node: usize, src: &str, dest: &str, body: &Value) {
        self.write(node, &json!({"src": src, "dest": dest, "body": body}).to_string());
    }

    fn next(&mut self, node: usize) -> Value {
        let mut line = String::new();
        self.stdins[node].read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// A message is counted when it has been handed over, so whoever has it may look before that.
    fn have_carried(&self, from: &str, to: &str, expected: (u64, u64)) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.carried(from, to) != expected && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(self.carried(from, to), expected);
    }

    fn carried(&self, from: &str, to: &str) -> (u64, u64) {
        let links = self.network.links().into_iter();
        let mut of = links.filter(|link| link.from == from && link.to == to);
        of.next().map(|link| (link.packets, link.dropped)).unwrap()
    }
}

fn link(from: &str, to: &str) -> (String, String) {
    (from.to_owned(), to.to_owned())
}

#[test]
fn a_message_goes_to_whom_it_is_for_and_is_counted() {
    let mut pipes = Pipes::new(&["n1", "n2"]);
    pipes.say(0, "n1", "n2", &json!({"type": "hello"}));
    let got = pipes.next(1);
    assert_eq!(
        (&got["src"], &got["body"]["type"]),
        (&json!("n1"), &json!("hello"))
    );
    pipes.say(0, "n1", "n1", &json!({"type": "myself"}));
    assert_eq!(pipes.next(0)["body"]["type"], "myself");
    pipes.have_carried("n1", "n2", (1, 0));
}

#[test]
fn a_cut_is_of_the_node_that_wrote_whoever_it_says_that_it_is() {
    let mut pipes = Pipes::new(&["n1", "n2", "n3"]);
    let cut = pipes.network.cut(&[link("n1", "n2")]).unwrap();
    pipes.say(0, "c7", "n2", &json!({"type": "forwarded"}));
    pipes.say(0, "n3", "n2", &json!({"type": "lied"}));
    pipes.say(2, "n1", "n2", &json!({"type": "arrives"}));
    assert_eq!(pipes.next(1)["body"]["type"], "arrives");
    pipes.say(1, "n2", "n1", &json!({"type": "back"}));
    assert_eq!(
        pipes.next(0)["body"]["type"],
        "back",
        "the other direction is another link"
    );
    let deeds = pipes.network.heal(cut);
    assert_eq!(deeds.total(|link| link.dropped).packets, 2);
    pipes.say(0, "n1", "n2", &json!({"type": "healed"}));
    assert_eq!(pipes.next(1)["body"]["type"], "healed");
    pipes.have_carried("n1", "n2", (1, 2));
}

#[test]
fn what_is_held_arrives_when_it_is_released_whatever_its_size() {
    let mut pipes = Pipes::new(&["n1", "n2"]);
    let rule = LinkRule {
        links: vec![link("n1", "n2")],
        matches: Match::default(),
        effect: Effect::Hold,
    };
    let rule = pipes.network.install(&rule).unwrap();
    let long = "x".repeat(200_000);
    pipes.say(0, "n1", "n2", &json!({"type": "large", "text": long}));
    while pipes.network.rule(&rule).total(|link| link.held).packets == 0 {
        std::thread::yield_now();
    }
    // A pipe holds less than this: somebody has to read meanwhile.
    std::thread::scope(|scope| {
        let (network, rule) = (&pipes.network, &rule);
        scope.spawn(move || network.release(rule));
        let mut line = String::new();
        pipes.stdins[1].read_line(&mut line).unwrap();
        assert!(line.contains(&long));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_hears_the_answer_to_its_request_and_nothing_else() {
    let mut pipes = Pipes::new(&["n1"]);
    let asking = pipes.network.asking(3).unwrap();
    let request = crate::maelstrom::object(json!({"type": "read", "key": 1}));
    let body = request.clone();
    let asked = tokio::spawn(async move {
        let answer = asking.ask("n1", body, Duration::from_secs(60)).await;
        (asking, answer)
    });
    let got = tokio::task::block_in_place(|| pipes.next(0));
    assert_eq!(got["src"], "c3");
    let number = got["body"]["msg_id"].as_u64().unwrap();
    pipes.say(0, "n1", "c3", &json!({"type": "read_ok", "value": 1}));
    pipes.say(
        0,
        "n1",
        "c3",
        &json!({"type": "read_ok", "value": 2, "in_reply_to": number + 1}),
    );
    pipes.say(
        0,
        "n1",
        "c4",
        &json!({"type": "read_ok", "value": 3, "in_reply_to": number}),
    );
    pipes.say(
        0,
        "n1",
        "c3",
        &json!({"type": "read_ok", "value": 4, "in_reply_to": number}),
    );
    let (asking, answer) = asked.await.unwrap();
    assert_eq!(answer.unwrap()["value"], 4);
    let in_vain = asking.ask("n1", request.clone(), Duration::from_millis(20)).await;
    assert_eq!(in_vain.unwrap_err().to_string(), "no answer within 20 ms");
    pipes.network.close("n1");
    let refused = asking.ask("n1", request, Duration::from_secs(60)).await.unwrap();
    assert_eq!((&refused["type"], &refused["code"]), (&json!("error"), &json!(1)));
}

#[test]
fn services_answer_nodes_past_the_rules() {
    let mut pipes = Pipes::new(&["n1", "n2"]);
    let write = json!({"type": "write", "key": "x", "value": 5, "msg_id": 1});
    pipes.say(0, "n1", "lin-kv", &write);
    assert_eq!(
        pipes.next(0)["body"],
        json!({"type": "write_ok", "in_reply_to": 1})
    );
    let cut = pipes.network.cut(&[link("n2", "client")]).unwrap();
    pipes.say(1, "n2", "lin-kv", &write);
    while pipes.network.rule(&cut).total(|link| link.dropped).packets == 0 {
        std::thread::yield_now();
    }
    pipes.network.heal(cut);
    pipes.say(
        1,
        "n2",
        "lin-kv",
        &json!({"type": "read", "key": "x", "msg_id": 9}),
    );
    let answer = pipes.next(1);
    assert_eq!(
        (&answer["src"], &answer["body"]["value"]),
        (&json!("lin-kv"), &json!(5))
    );
    assert_eq!(answer["body"]["in_reply_to"], 9, "the write has got no answer");
}

#[test]
fn what_cannot_be_sent_is_counted_and_harms_nobody() {
    let mut pipes = Pipes::new(&["n1", "n2"]);
    pipes.write(0, "Listening \u{1b}[2J on port 80");
    pipes.write(0, "");
    pipes.say(0, "n1", "n9", &json!({}));
    pipes.network.close("n2");
    pipes.say(0, "n1", "n2", &json!({}));
    pipes.say(0, "n1", "n1", &json!({"type": "still here"}));
    assert_eq!(pipes.next(0)["body"]["type"], "still here");
    while pipes.network.strays().undeliverable == 0 {
        std::thread::yield_now();
    }
    let strays = pipes.network.strays();
    assert_eq!(
        (strays.not_ipv4, strays.unroutable, strays.undeliverable),
        (1, 1, 1)
    );
    assert_eq!(pipes.carried("n1", "n2"), (0, 0));
}

#[test]
fn nodes_are_not_called_like_clients_or_services() {
    for name in ["c3", "lin-kv", "lin-tso"] {
        let refused = Network::start_messages(&[name.to_owned()], 1)
            .unwrap_err()
            .to_string();
        assert!(refused.starts_with("name a node "), "{refused}");
    }
}
