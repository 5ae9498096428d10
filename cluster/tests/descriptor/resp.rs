//! Commands over RESP, what their replies mean, and what else a node of such a system has: files, a second program.

use crate::{SOUND, is_refused};
use cluster::System;
use cluster::resp::Reply;
use cluster::system::{Answer, NodeVariables, Operations, ReadyQuestion, RequestVariables};
use serde_json::{Value, json};
use std::net::Ipv4Addr;

const REDIS: &str = include_str!("../../../systems/redis.toml");

/// A command over RESP in the place of the request of the sound descriptor.
const SOUND_RESP: &str = r#"name = "kv"
description = "A store"

[node]
command = ["kv", "--conf", "{data}/kv.conf"]

[[node.file]]
path = "{data}/kv.conf"
text = "bind {ip} first {first} dir {dir}"
nodes = "others"

[[node.also]]
name = "watcher"
command = ["kv", "watch", "{node}"]

[node.ready]
port = 6379
command = ["INFO", "{ip}"]
reply = ["$*role:master*", "+READY"]

[workload.register.write]
port = 6379
command = ["SET", "{key}", "{value}"]
answers = [
  { reply = "+OK", outcome = "ok" },
  { reply = ["-READONLY *", "_"], outcome = "fail" },
  { reply = ":1", outcome = "ok", value = "" },
  { reply = "*", where = { "/0" = 7 }, outcome = "ok", value = "/1" },
]
"#;

#[test]
fn a_command_is_sent_word_by_word_and_its_replies_are_read() {
    let system = System::parse(SOUND_RESP, "kv.toml").unwrap();
    let Operations::Resp(operations) = system.operations("register").unwrap().unwrap() else {
        panic!("it is asked over RESP");
    };
    let operation = &operations["write"];
    let sent = operation.command(&RequestVariables {
        node: "n1",
        ip: "10.0.0.1",
        key: "k y\r\n",
        value: &json!("\"é"),
    });
    assert_eq!(
        String::from_utf8(sent).unwrap(),
        "*3\r\n$3\r\nSET\r\n$5\r\nk y\r\n\r\n$6\r\n\"\\\"é\"\r\n"
    );
    let array = |items: &[i64]| Reply::Array(items.iter().map(|item| Reply::Integer(*item)).collect());
    for (reply, answer, value) in [
        (Reply::Simple("OK".to_owned()), Answer::Ok, None),
        (Reply::Simple("OKAY".to_owned()), Answer::Info, None),
        (Reply::Bulk("OK".to_owned()), Answer::Info, None),
        (Reply::Error("READONLY You can't".to_owned()), Answer::Fail, None),
        (Reply::Error("READONLYX".to_owned()), Answer::Info, None),
        (Reply::Null, Answer::Fail, None),
        (Reply::Integer(1), Answer::Ok, Some(json!(1))),
        (Reply::Integer(11), Answer::Info, None),
        (array(&[7, 9]), Answer::Ok, Some(json!(9))),
        (array(&[7]), Answer::Info, None),
        (array(&[8, 9]), Answer::Info, None),
    ] {
        let judged = operation.judge(&reply, &Value::Null);
        assert_eq!((judged.answer, judged.value), (answer, value), "{reply:?}");
    }
    let rule = operation.deciding(&Reply::Null);
    assert_eq!(rule.unwrap(), "answers[1]: reply -READONLY * or _, so fail");
    assert_eq!(operation.deciding(&array(&[8, 9])), None);
    let error = operation
        .judge(&Reply::Error("READONLY \u{1b}[2J".to_owned()), &Value::Null)
        .error;
    assert_eq!(error.unwrap(), "-READONLY \\u{1b}[2J");
}

#[test]
fn redis_has_a_second_process_and_files_that_depend_on_the_node() {
    let redis = System::parse(REDIS, "redis.toml").unwrap();
    let hosts = [
        ("n1".to_owned(), Ipv4Addr::new(10, 0, 0, 1)),
        ("n2".to_owned(), Ipv4Addr::new(10, 0, 0, 2)),
    ];
    let joins = std::collections::BTreeMap::new();
    let of = |index: usize| NodeVariables {
        node: &hosts[index - 1].0,
        index,
        ip: hosts[index - 1].1,
        data: "/run/data",
        dir: "",
        harness: "/bin/harness",
        hosts: &hosts,
        joins: &joins,
    };
    let [(name, sentinel)] = redis.node.companions(&of(2)).try_into().unwrap();
    assert_eq!(name, "sentinel");
    assert_eq!(
        sentinel.argv.join(" "),
        "redis-server /run/data/sentinel.conf --sentinel"
    );
    for (index, follows) in [(1, false), (2, true)] {
        let [(path, text), (_, sentinel)] = redis.node.files(&of(index)).try_into().unwrap();
        assert_eq!(path.to_str(), Some("/run/data/redis.conf"));
        assert_eq!(text.contains("replicaof 10.0.0.1 6379"), follows);
        assert!(text.contains(&format!("bind 10.0.0.{index}\n")));
        assert!(sentinel.contains("monitor main 10.0.0.1 6379 2"));
    }
    let ReadyQuestion::Command { address, reply, .. } = redis.node.ready.question("n2", 2, hosts[1].1) else {
        panic!("it is asked over RESP");
    };
    assert_eq!(address.to_string(), "10.0.0.2:6379");
    let info = |text: &str| Reply::Bulk(text.to_owned());
    assert!(reply.contains(&info("# Replication\r\nrole:master\r\n")));
    assert!(reply.contains(&info("role:slave\r\nmaster_link_status:up\r\n")));
    assert!(!reply.contains(&info("role:slave\r\nmaster_link_status:down\r\n")));
}

#[test]
fn what_belongs_to_the_other_protocol_is_refused() {
    is_refused(
        SOUND_RESP,
        "reply = \"+OK\"",
        "status = 200",
        "21:1: workload.register.write: answers[0] has a `status`, which is HTTP's; over RESP it is a `reply`, such as \
         \"+OK\"",
    );
    is_refused(
        SOUND,
        "status = 409",
        "reply = \"-ERR\"",
        "10:1: workload.register.write: answers[1] has a `reply`, which is RESP's; over HTTP it is a `status`",
    );
    is_refused(
        SOUND_RESP,
        "reply = \"+OK\"",
        "reply = \"OK\"",
        "25:13: workload.register.write.answers[0].reply: \"OK\" is no reply; expected a reply as the protocol begins \
         it: \"+OK\", \"-READONLY*\", \":1\", \"$*\" (a bulk string), \"*\" (an array), \"_\" (null), where * after the \
         sign is any text; or a list of these",
    );
    is_refused(
        SOUND_RESP,
        "[\"SET\", \"{key}\", \"{value}\"]",
        "[]",
        "21:1: workload.register.write: command is empty; it is a list, such as [\"GET\", \"{key}\"]",
    );
    let mixed = SOUND_RESP.to_owned()
        + "[workload.register.read]\nmethod = \"GET\"\nurl = \"http://{ip}\"\nanswers = [{ status = 200, outcome = \"ok\" }]\n";
    let told = System::parse(&mixed, "kv.toml").unwrap().operations("register");
    assert_eq!(
        told.unwrap_err().to_string(),
        "read is asked for over HTTP and write over RESP; a workload has one of the two"
    );
}

#[test]
fn a_file_of_a_node_cannot_be_outside_of_its_data() {
    for path in [
        "/etc/passwd",
        "{data}",
        "{data}/",
        "{data}/../x",
        "{data}//x",
        "{data}/{peers}",
        "{dir}/x",
        "x",
    ] {
        is_refused(
            SOUND_RESP,
            "path = \"{data}/kv.conf\"",
            &format!("path = \"{path}\""),
            &format!(
                "7:1: node.file[0]: path is \"{path}\"; it is below {{data}}/, such as {{data}}/node.conf, with no \
                 variables but {{node}} and {{index}}"
            ),
        );
    }
    is_refused(
        SOUND_RESP,
        "name = \"watcher\"",
        "name = \"../watcher\"",
        "12:1: node.also[0]: name is \"../watcher\"; its logs are called by it, so it is of a-z, 0-9 and -, and at most \
         32 characters long",
    );
}
