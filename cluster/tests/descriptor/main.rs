//! Descriptors of systems: what a sound one asks and understands, and what each broken one is told.

#![expect(clippy::unwrap_used, reason = "all of this is a test, its helpers included")]

use cluster::System;
use cluster::resp::Reply;
use cluster::system::{
    Answer, HttpOperation, Judged, NodeVariables, Operations, ReadyQuestion, RequestVariables,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

const PAXOS: &str = include_str!("../../systems/paxos.toml");

/// A small sound descriptor, to be broken by replacing something in it.
const SOUND: &str = r#"name = "kv"
description = "A store"

[node]
command = ["kv", "--id", "{index}", "--join", "{peers}"]
env = { DATA = "{data}" }
peers = { each = "{ip}", separator = " " }
ready = { url = "http://{ip}/ready", status = [200, "3xx"] }

[workload.register.write]
method = "PUT"
url = "http://{ip}:80/keys/{key}?value={value}"
headers = { X-Key = "{key}" }
body = '{"k": {key}, "v": {value}, "by": "{node}"}'
answers = [
  { status = "2xx", where = { "/done" = true }, outcome = "ok" },
  { status = 409, outcome = "fail", error = "/why" },
]
"#;

fn paxos(function: &str) -> HttpOperation {
    let system = System::parse(PAXOS, "paxos.toml").unwrap();
    http(&system, "decree").remove(function).unwrap()
}

fn judged(function: &str, status: u16, body: &str) -> Judged {
    paxos(function).judge(status, body.as_bytes())
}

/// With `from` replaced by `to`, the sound descriptor is refused with these words after its name.
fn refuses(from: &str, to: &str, words: &str) {
    assert_eq!(
        SOUND.matches(from).count(),
        1,
        "{from} must be in the descriptor once"
    );
    let told = System::parse(&SOUND.replace(from, to), "kv.toml").unwrap_err();
    assert_eq!(told.to_string(), format!("read the descriptor kv.toml:{words}"));
}

#[test]
fn paxos_is_started_with_all_its_peers() {
    let system = System::parse(PAXOS, "paxos.toml").unwrap();
    let hosts = [
        ("n1".to_owned(), Ipv4Addr::new(10, 0, 0, 1)),
        ("n2".to_owned(), Ipv4Addr::new(10, 0, 0, 2)),
    ];
    let variables = NodeVariables {
        node: "n2",
        index: 2,
        ip: hosts[1].1,
        data: "/run/n2/data",
        dir: "/systems",
        harness: "/bin/harness",
        hosts: &hosts,
    };
    let command = system.node.command_line(&variables);
    let expected = "/bin/harness paxos-node --id n2 --listen 10.0.0.2:7000 --data /run/n2/data \
                    --peers n1=10.0.0.1:7001,n2=10.0.0.2:7001 \
         --checkpoint-bytes 32768";
    assert_eq!(command.argv.join(" "), expected);
    let ReadyQuestion::Get { url, status } = system.node.ready.question("n2", 2, hosts[1].1) else {
        panic!("it is asked over HTTP");
    };
    assert_eq!(url, "http://10.0.0.2:7000/health");
    assert!(status.contains(200) && !status.contains(503));
}

#[test]
fn a_proposal_and_a_read_are_asked_as_paxos_wants_it() {
    let variables = RequestVariables {
        node: "n1",
        ip: "10.0.0.1",
        key: "147",
        value: &json!(17),
    };
    let propose = paxos("propose").request(&variables);
    assert_eq!(
        (propose.method.as_str(), propose.url.as_str()),
        ("POST", "http://10.0.0.1:7000/decrees/147/propose")
    );
    assert_eq!(
        propose.headers,
        [("content-type".to_owned(), "application/json".to_owned())]
    );
    assert_eq!(propose.body.as_deref(), Some(r#"{"value": 17}"#));
    let read = paxos("read").request(&variables);
    assert_eq!(
        (read.method.as_str(), read.url.as_str()),
        ("GET", "http://10.0.0.1:7000/decrees/147")
    );
    assert_eq!(read.body, None);
}

#[test]
fn keys_and_values_cannot_break_out_of_their_place() {
    let value = json!({"a": "\"}\r\n"});
    let variables = RequestVariables {
        node: "n1",
        ip: "10.0.0.1",
        key: "a/../b?\r\n\"{value}é",
        value: &value,
    };
    let operation = &http(&System::parse(SOUND, "kv.toml").unwrap(), "register")["write"];
    let request = operation.request(&variables);
    let key = "a%2F..%2Fb%3F%0D%0A%22%7Bvalue%7D%C3%A9";
    let url = format!("http://10.0.0.1:80/keys/{key}?value=%7B%22a%22%3A%22%5C%22%7D%5Cr%5Cn%22%7D");
    assert_eq!(request.url, url);
    assert_eq!(request.headers, [("x-key".to_owned(), key.to_owned())]);
    let body: Value = serde_json::from_str(&request.body.unwrap()).unwrap();
    assert_eq!(body, json!({"k": variables.key, "v": value, "by": "n1"}));
}

fn http(system: &System, workload: &str) -> BTreeMap<String, HttpOperation> {
    match system.operations(workload).unwrap().unwrap() {
        Operations::Http(operations) => operations,
        other => panic!("{other:?}"),
    }
}

const ETCD: &str = include_str!("../../systems/etcd.toml");

#[test]
fn a_compare_and_set_is_asked_as_etcd_wants_it_and_its_answers_are_read() {
    let etcd = System::parse(ETCD, "etcd.toml").unwrap();
    let operations = http(&etcd, "cas-register");
    let request = operations["cas"].request(&RequestVariables {
        node: "n1",
        ip: "10.0.0.1",
        key: "7",
        value: &json!([1, "two"]),
    });
    let body: Value = serde_json::from_str(&request.body.unwrap()).unwrap();
    let compare = json!({"key": "Nw==", "target": "VALUE", "result": "EQUAL", "value": "MQ=="});
    assert_eq!(body["compare"], json!([compare]));
    let put = json!({"requestPut": {"key": "Nw==", "value": "InR3byI="}});
    assert_eq!(body["success"], json!([put]));
    let answer = |f: &str, status: u16, body: &str| {
        let judged = operations[f].judge(status, body.as_bytes());
        (judged.answer, judged.value)
    };
    assert_eq!(answer("cas", 200, r#"{"succeeded": true}"#), (Answer::Ok, None));
    assert_eq!(answer("cas", 200, r#"{"header": {}}"#), (Answer::Fail, None));
    assert_eq!(
        answer("cas", 503, r#"{"error": "no leader"}"#),
        (Answer::Info, None)
    );
    let holds = |text: &str| format!(r#"{{"kvs": [{{"value": "{text}"}}]}}"#);
    assert_eq!(
        answer("read", 200, &holds("InR3byI=")),
        (Answer::Ok, Some(json!("two")))
    );
    assert_eq!(
        answer("read", 200, &holds("bm8gSlNPTg==")),
        (Answer::Ok, Some(json!("no JSON")))
    );
    assert_eq!(answer("read", 200, "{}"), (Answer::Ok, Some(Value::Null)));
    // What is not base64, or not JSON in the first place, is nothing that anybody knows.
    assert_eq!(answer("read", 200, &holds("?")), (Answer::Info, None));
    assert_eq!(
        answer("read", 200, r#"{"kvs": [{"value": 5}]}"#),
        (Answer::Info, None)
    );
    assert_eq!(answer("read", 200, "<html>"), (Answer::Info, None));
    assert_eq!(answer("read", 503, "{}"), (Answer::Fail, None));
}

#[test]
fn a_variant_of_a_workload_says_only_what_is_different() {
    let etcd = System::parse(ETCD, "etcd.toml").unwrap();
    let serializable = http(&etcd, "register/serializable");
    let variables = RequestVariables {
        node: "n1",
        ip: "10.0.0.1",
        key: "7",
        value: &json!(1),
    };
    let body = serializable["read"].request(&variables).body.unwrap();
    assert!(body.contains("serializable"), "{body}");
    let general = http(&etcd, "register");
    assert_eq!(
        serializable["write"].request(&variables),
        general["write"].request(&variables)
    );
    assert!(etcd.operations("register/quorum").unwrap().is_none());
}

#[test]
fn the_answers_of_paxos_mean_what_they_say() {
    let ok = |value: Value| Judged {
        answer: Answer::Ok,
        value: Some(value),
        error: None,
    };
    let not = |answer, error: &str| Judged {
        answer,
        value: None,
        error: Some(error.to_owned()),
    };
    assert_eq!(judged("propose", 200, r#"{"value": 17}"#), ok(json!(17)));
    assert_eq!(judged("read", 200, r#"{"value": null}"#), ok(Value::Null));
    let refused = r#"{"outcome": "failed", "error": "no quorum"}"#;
    assert_eq!(judged("propose", 503, refused), not(Answer::Fail, "no quorum"));
    let unsure = r#"{"outcome": "unknown", "error": "overtaken"}"#;
    assert_eq!(judged("propose", 503, unsure), not(Answer::Info, "overtaken"));
    assert_eq!(judged("propose", 500, ""), not(Answer::Info, "status 500"));
}

#[test]
fn whoever_is_not_certain_says_info() {
    for (status, body) in [
        (200, "{}"),
        (200, "not JSON"),
        (200, ""),
        (200, "[17]"),
        (204, r#"{"value": 17}"#),
        (302, r#"{"outcome": "failed"}"#),
        (503, r#"{"outcome": "Failed"}"#),
        (503, r#"["failed"]"#),
        (0, ""),
        (65_535, "\u{0}"),
    ] {
        let judged = judged("propose", status, body);
        assert_eq!(judged.answer, Answer::Info, "{status} {body}");
        assert_eq!(judged.value, None);
        assert!(judged.error.is_some());
    }
    let missing = judged("propose", 200, "{}").error.unwrap();
    assert_eq!(missing, "status 200, but the answer has no \"/value\"");
}

#[test]
fn an_answer_may_be_hostile() {
    let deep = "[".repeat(1_000_000);
    assert_eq!(judged("read", 200, &deep).answer, Answer::Info);
    let escapes = judged("read", 503, r#"{"error": "\u001b[2J\n</script>"}"#)
        .error
        .unwrap();
    assert_eq!(escapes, "\\u{1b}[2J\\u{a}</script>");
    let long = format!(r#"{{"error": "{}"}}"#, "x".repeat(1 << 20));
    assert!(judged("read", 503, &long).error.unwrap().len() < 310);
    assert_eq!(
        paxos("read").judge(418, b"\xff\xfe\x1b]0;\x07").answer,
        Answer::Info
    );
    let teapot = judged("read", 302, "\u{1b}]0;title\u{7}").error.unwrap();
    assert_eq!(
        teapot,
        "status 302 fits no answer of the descriptor: \\u{1b}]0;title\\u{7}"
    );
}

#[test]
fn a_condition_must_hold_as_well_as_the_status() {
    let operation = &http(&System::parse(SOUND, "kv.toml").unwrap(), "register")["write"];
    assert_eq!(operation.judge(201, br#"{"done": true}"#).answer, Answer::Ok);
    assert_eq!(operation.judge(201, br#"{"done": false}"#).answer, Answer::Info);
    assert_eq!(
        operation.judge(409, br#"{"why": {"code": 3}}"#).error.unwrap(),
        r#"{"code":3}"#
    );
}

#[test]
fn what_is_not_toml_is_told_with_its_place() {
    let told = System::parse("name = \"kv\"\ndescription = \"x\n", "systems/kv.toml")
        .unwrap_err()
        .to_string();
    assert_eq!(
        told,
        r#"read the descriptor systems/kv.toml:2:17: invalid basic string, expected `"`"#
    );
    assert_eq!(
        System::parse("", "empty.toml").unwrap_err().to_string(),
        "read the descriptor empty.toml:1:1: missing field `name`"
    );
}

#[test]
fn an_unknown_field_is_told_with_those_that_there_are() {
    refuses(
        "command =",
        "comand =",
        "5:1: node.comand: unknown field `comand`, expected one of `command`, `env`, `peers`, `ports`, `directory_sync`, `ready`, `also`, `file`",
    );
    refuses(
        "outcome = \"fail\"",
        "outcom = \"fail\"",
        "17:19: workload.register.write.answers[1].outcom: unknown field `outcom`, expected one of \
         `status`, `reply`, `where`, `outcome`, `value`, `empty`, `error`",
    );
    refuses(
        "[workload.register.write]",
        "[workloads.register.write]",
        "10:2: workloads: unknown field `workloads`, expected one of `name`, `description`, `node`, \
         `install`, `workload`",
    );
}

#[test]
fn a_missing_field_is_named() {
    refuses(
        "method = \"PUT\"\n",
        "",
        "10:1: workload.register.write: missing field `method`, or over RESP `command`",
    );
    refuses(
        "url = \"http://{ip}/ready\", ",
        "",
        "8:9: node.ready: missing field `url`, or over RESP `port`, `command` and `reply`",
    );
}

#[test]
fn a_field_of_the_wrong_kind_is_told_what_it_should_be() {
    refuses(
        "[\"kv\", \"--id\", \"{index}\", \"--join\", \"{peers}\"]",
        "\"kv --id 1\"",
        "5:11: node.command: invalid type: string \"kv --id 1\", expected a sequence",
    );
    refuses(
        "\"kv\", \"--id\"",
        "\"kv\", 7",
        "5:18: node.command[1]: invalid type: integer `7`, expected a string",
    );
    refuses(
        "outcome = \"fail\"",
        "outcome = \"failed\"",
        "17:29: workload.register.write.answers[1].outcome: unknown variant `failed`, expected one of \
         `ok`, `fail`, `info`",
    );
    refuses(
        "status = 409",
        "status = 4090",
        "17:14: workload.register.write.answers[1].status: 4090 is no HTTP status; expected a status \
         from 100 to 599, a class such as \"2xx\", or a list of these",
    );
    refuses(
        "status = \"2xx\"",
        "status = \"2XX\"",
        "16:14: workload.register.write.answers[0].status: \"2XX\" is no class of HTTP statuses; \
         expected a status from 100 to 599, a class such as \"2xx\", or a list of these",
    );
    refuses(
        "[200, \"3xx\"]",
        "[]",
        "8:47: node.ready.status: the list is empty; expected a status from 100 to 599, a class such \
         as \"2xx\", or a list of these",
    );
}

#[test]
fn an_unknown_variable_is_told_with_those_of_its_place() {
    refuses(
        "{index}",
        "{id}",
        "5:26: node.command[2]: unknown variable {id}; there are {node} {index} {ip} {data} {dir} {first} \
         {peers} {harness}",
    );
    refuses(
        "{data}",
        "{date}",
        "6:16: node.env.DATA: unknown variable {date}; there are {node} {index} {ip} {data} {dir} {first} \
         {peers} {harness}",
    );
    refuses(
        "each = \"{ip}\"",
        "each = \"{data}\"",
        "7:18: node.peers.each: unknown variable {data}; there are {node} {index} {ip}",
    );
    refuses(
        "http://{ip}/ready",
        "http://{key}/ready",
        "8:17: node.ready.url: unknown variable {key}; there are {node} {index} {ip}",
    );
    refuses(
        "\"v\": {value}",
        "\"v\": {values}",
        "14:8: workload.register.write.body: unknown variable {values}; there are {node} {ip} {key} \
         {key_base64} {value} {value_base64} {old} {old_base64} {new} {new_base64} {steps}",
    );
    refuses(
        "X-Key = \"{key}\"",
        "X-Key = \"{id}\"",
        "13:21: workload.register.write.headers.X-Key: unknown variable {id}; there are {node} {ip} \
         {key} {key_base64} {value} {value_base64} {old} {old_base64} {new} {new_base64} {steps}",
    );
}

#[test]
fn what_does_not_go_together_is_refused() {
    refuses(
        "peers = { each = \"{ip}\", separator = \" \" }\n",
        "",
        "4:1: node: {peers} is used, but [node.peers] does not say what it is",
    );
    refuses(
        "outcome = \"ok\"",
        "outcome = \"info\"",
        "15:11: workload.register.write.answers: no answer has outcome \"ok\", so the operation could \
         never succeed",
    );
    refuses(
        "error = \"/why\"",
        "value = \"/why\"",
        "17:3: workload.register.write.answers[1]: only an answer with outcome \"ok\" has a value",
    );
    refuses(
        "outcome = \"ok\"",
        "outcome = \"ok\", error = \"/why\"",
        "16:3: workload.register.write.answers[0]: an answer with outcome \"ok\" has no error",
    );
    refuses(
        "error = \"/why\"",
        "error = \"why\"",
        "17:45: workload.register.write.answers[1].error: \"why\" is no JSON pointer; an example is \
         \"/value\", and \"\" is the whole document",
    );
    refuses(
        "{ \"/done\" = true }",
        "{ \"/done\" = [true] }",
        "16:3: workload.register.write.answers[0]: where \"/done\": only text, numbers, true and \
         false can be compared",
    );
}

#[test]
fn what_could_not_be_carried_out_is_refused() {
    refuses(
        "method = \"PUT\"",
        "method = \"put\"",
        "11:10: workload.register.write.method: \"put\" is no method; there are GET POST PUT PATCH \
         DELETE HEAD",
    );
    refuses(
        "http://{ip}:80/",
        "https://{ip}:80/",
        "12:7: workload.register.write.url: it does not start with http://, and nothing else is \
         spoken",
    );
    refuses(
        "http://{ip}:80/",
        "http://{ip}:80000/",
        "12:7: workload.register.write.url: it is no URL: invalid port number",
    );
    refuses(
        "X-Key =",
        "\"X Key\" =",
        "13:13: workload.register.write.headers.X Key: \"X Key\" is no name of an HTTP header; an \
         example is content-type",
    );
    refuses(
        "X-Key = \"{key}\"",
        "X-Key = \"a\\nb\"",
        "13:21: workload.register.write.headers.X-Key: a header's value is printable ASCII",
    );
    refuses(
        "status = [200, \"3xx\"]",
        "timeout_ms = 0",
        "8:9: node.ready: timeout_ms is 0; it must be from 1 to 3600000",
    );
    refuses(
        "[\"kv\", \"--id\", \"{index}\", \"--join\", \"{peers}\"]",
        "[]",
        "4:1: node: command is empty; it is a list: the program, then its arguments",
    );
    refuses(
        "DATA = ",
        "\"A=B\" = ",
        "4:1: node: env has a variable \"A=B\"; a name is not empty and has no = in it",
    );
}

#[test]
fn the_ports_of_a_node_are_ports_and_each_is_named_once() {
    assert_eq!(
        System::parse(PAXOS, "paxos.toml").unwrap().node.ports,
        [7000, 7001]
    );
    assert!(System::parse(SOUND, "kv.toml").unwrap().node.ports.is_empty());
    let with = |ports: &str| {
        let text = SOUND.replace("[node]\n", &format!("[node]\nports = {ports}\n"));
        System::parse(&text, "kv.toml")
            .map_or_else(|told| told.to_string(), |it| format!("{:?}", it.node.ports))
    };
    assert_eq!(with("[80]"), "[80]");
    assert!(
        with("[80, 80]").ends_with("ports has 80 twice"),
        "{}",
        with("[80, 80]")
    );
    assert!(
        with("[0]").ends_with("a port is from 1 to 65535"),
        "{}",
        with("[0]")
    );
    assert!(with("[65536]").contains("invalid value"), "{}", with("[65536]"));
    let many = format!("{:?}", (1..=17).collect::<Vec<u16>>());
    assert!(with(&many).ends_with("16 are the most"), "{}", with(&many));
}

const REDIS: &str = include_str!("../../systems/redis.toml");

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

fn refuses_resp(from: &str, to: &str, words: &str) {
    assert_eq!(SOUND_RESP.matches(from).count(), 1, "{from} must be there once");
    let told = System::parse(&SOUND_RESP.replace(from, to), "kv.toml").unwrap_err();
    assert_eq!(told.to_string(), format!("read the descriptor kv.toml:{words}"));
}

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
    let of = |index: usize| NodeVariables {
        node: &hosts[index - 1].0,
        index,
        ip: hosts[index - 1].1,
        data: "/run/data",
        dir: "",
        harness: "/bin/harness",
        hosts: &hosts,
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
    refuses_resp(
        "reply = \"+OK\"",
        "status = 200",
        "21:1: workload.register.write: answers[0] has a `status`, which is HTTP's; over RESP it is a `reply`, such as \
         \"+OK\"",
    );
    refuses(
        "status = 409",
        "reply = \"-ERR\"",
        "10:1: workload.register.write: answers[1] has a `reply`, which is RESP's; over HTTP it is a `status`",
    );
    refuses_resp(
        "reply = \"+OK\"",
        "reply = \"OK\"",
        "25:13: workload.register.write.answers[0].reply: \"OK\" is no reply; expected a reply as the protocol begins \
         it: \"+OK\", \"-READONLY*\", \":1\", \"$*\" (a bulk string), \"*\" (an array), \"_\" (null), where * after the \
         sign is any text; or a list of these",
    );
    refuses_resp(
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
        refuses_resp(
            "path = \"{data}/kv.conf\"",
            &format!("path = \"{path}\""),
            &format!(
                "7:1: node.file[0]: path is \"{path}\"; it is below {{data}}/, such as {{data}}/node.conf, with no \
                 variables but {{node}} and {{index}}"
            ),
        );
    }
    refuses_resp(
        "name = \"watcher\"",
        "name = \"../watcher\"",
        "12:1: node.also[0]: name is \"../watcher\"; its logs are called by it, so it is of a-z, 0-9 and -, and at most \
         32 characters long",
    );
}

#[test]
fn a_client_program_is_instead_of_functions() {
    let descriptor = |workload: &str| {
        let (node, _) = SOUND.split_once("[workload").unwrap();
        System::parse(&format!("{node}[workload.register]\n{workload}\n"), "kv.toml")
    };
    let system = descriptor(r#"client = ["python3", "{dir}/client.py"]"#).unwrap();
    let Operations::Program(client) = system.operations("register").unwrap().unwrap() else {
        panic!("it is carried out by a program");
    };
    assert_eq!(
        client.argv("/my systems", "h"),
        ["python3", "/my systems/client.py"]
    );
    for (workload, words) in [
        ("client = []", "workload.register.client: it is empty"),
        (
            "client = \"client.py\"",
            "workload.register.client: invalid type: string",
        ),
        (
            "client = [\"{node}\"]",
            "unknown variable {node}; there are {dir} {harness}",
        ),
        (
            "client = [\"x\"]\nread = { method = \"GET\", url = \"http://x\", answers = [{ status = 200, outcome = \"ok\" }] }",
            "it can have one of the two",
        ),
    ] {
        let told = descriptor(workload).unwrap_err().to_string();
        assert!(told.contains(words), "{told}");
    }
}
