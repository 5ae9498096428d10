//! What is told of a descriptor that is broken.

use crate::{PAXOS, SOUND, is_refused};
use cluster::System;
use cluster::system::ServedBy;

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
    is_refused(
        SOUND,
        "command =",
        "comand =",
        "5:1: node.comand: unknown field `comand`, expected one of `command`, `env`, `peers`, `ports`, `directory_sync`, `ready`, `primary`, `member`, `also`, `file`",
    );
    is_refused(
        SOUND,
        "outcome = \"fail\"",
        "outcom = \"fail\"",
        "17:19: workload.register.write.answers[1].outcom: unknown field `outcom`, expected one of \
         `status`, `reply`, `where`, `outcome`, `value`, `empty`, `error`",
    );
    is_refused(
        SOUND,
        "[workload.register.write]",
        "[workloads.register.write]",
        "10:2: workloads: unknown field `workloads`, expected one of `name`, `description`, \
         `failover_ms`, `node`, \
         `install`, `needs`, `version_args`, `workload`",
    );
}

#[test]
fn a_time_to_fail_over_is_refused_with_what_it_can_be() {
    let refused = |value: &str, words: &str| {
        let line = format!("description = \"A store\"\nfailover_ms = {value}");
        is_refused(
            SOUND,
            "description = \"A store\"",
            &line,
            &format!("3:15: failover_ms: {words}"),
        );
    };
    let range = "is not from 1 to 600000 milliseconds; leave it out for a system that goes on at once";
    refused("0", &format!("0 {range}"));
    refused("-5", &format!("-5 {range}"));
    refused("600001", &format!("600001 {range}"));
    refused(
        "\"10s\"",
        "invalid type: string \"10s\", expected a whole number of milliseconds",
    );
    refused(
        "1.5",
        "invalid type: floating point `1.5`, expected a whole number of milliseconds",
    );
    let sound = SOUND.replace("[node]", "failover_ms = 600000\n[node]");
    let system = System::parse(&sound, "kv.toml").unwrap();
    assert_eq!(system.failover.unwrap().0.as_secs(), 600);
    assert_eq!(System::parse(SOUND, "kv.toml").unwrap().failover, None);
}

#[test]
fn who_serves_is_every_node_or_the_primary() {
    let line = "[workload.register]\nserved_by = \"leader\"\n[workload.register.write]";
    is_refused(
        SOUND,
        "[workload.register.write]",
        line,
        "11:13: workload.register.served_by: unknown variant `leader`, expected `every-node` or `primary`",
    );
    let sound = SOUND.replace("[workload.register.write]", &line.replace("leader", "primary"));
    let system = System::parse(&sound, "kv.toml").unwrap();
    assert_eq!(system.workloads["register"].served_by, ServedBy::Primary);
    assert!(system.workloads["register"].operations.contains_key("write"));
}

#[test]
fn a_missing_field_is_named() {
    is_refused(
        SOUND,
        "method = \"PUT\"\n",
        "",
        "10:1: workload.register.write: missing field `method`, or over RESP `command`",
    );
    is_refused(
        SOUND,
        "url = \"http://{ip}/ready\", ",
        "",
        "8:9: node.ready: missing field `url`, or over RESP `port`, `command` and `reply`, or over TCP `port`, `send` and \
         `contains`",
    );
}

#[test]
fn a_text_that_asks_whether_a_node_is_ready_is_nothing_by_halves() {
    is_refused(
        SOUND,
        "url = \"http://{ip}/ready\", status = [200, \"3xx\"]",
        "port = 2181, send = \"srvr\"",
        "8:9: node.ready: `send` and `contains` belong together: a text, and what its answer has in it",
    );
    is_refused(
        SOUND,
        "status = [200, \"3xx\"]",
        "send = \"srvr\", contains = \"Mode: \"",
        "8:9: node.ready: it is a `url` and the `status` of its answer, over RESP `port`, `command` and `reply`, or over TCP \
         `port`, `send` and `contains`",
    );
}

#[test]
fn a_field_of_the_wrong_kind_is_told_what_it_should_be() {
    is_refused(
        SOUND,
        "[\"kv\", \"--id\", \"{index}\", \"--join\", \"{peers}\"]",
        "\"kv --id 1\"",
        "5:11: node.command: invalid type: string \"kv --id 1\", expected a sequence",
    );
    is_refused(
        SOUND,
        "\"kv\", \"--id\"",
        "\"kv\", 7",
        "5:18: node.command[1]: invalid type: integer `7`, expected a string",
    );
    is_refused(
        SOUND,
        "outcome = \"fail\"",
        "outcome = \"failed\"",
        "17:29: workload.register.write.answers[1].outcome: unknown variant `failed`, expected one of \
         `ok`, `fail`, `info`",
    );
    is_refused(
        SOUND,
        "status = 409",
        "status = 4090",
        "17:14: workload.register.write.answers[1].status: 4090 is no HTTP status; expected a status \
         from 100 to 599, a class such as \"2xx\", or a list of these",
    );
    is_refused(
        SOUND,
        "status = \"2xx\"",
        "status = \"2XX\"",
        "16:14: workload.register.write.answers[0].status: \"2XX\" is no class of HTTP statuses; \
         expected a status from 100 to 599, a class such as \"2xx\", or a list of these",
    );
    is_refused(
        SOUND,
        "[200, \"3xx\"]",
        "[]",
        "8:47: node.ready.status: the list is empty; expected a status from 100 to 599, a class such \
         as \"2xx\", or a list of these",
    );
}

#[test]
fn an_unknown_variable_is_told_with_those_of_its_place() {
    is_refused(
        SOUND,
        "{index}",
        "{id}",
        "5:26: node.command[2]: unknown variable {id}; there are {node} {index} {ip} {data} {dir} {first} \
         {peers} {harness} {joins}",
    );
    is_refused(
        SOUND,
        "{data}",
        "{date}",
        "6:16: node.env.DATA: unknown variable {date}; there are {node} {index} {ip} {data} {dir} {first} \
         {peers} {harness} {joins}",
    );
    is_refused(
        SOUND,
        "each = \"{ip}\"",
        "each = \"{data}\"",
        "7:18: node.peers.each: unknown variable {data}; there are {node} {index} {ip} {joins}",
    );
    is_refused(
        SOUND,
        "http://{ip}/ready",
        "http://{key}/ready",
        "8:17: node.ready.url: unknown variable {key}; there are {node} {index} {ip}",
    );
    is_refused(
        SOUND,
        "\"v\": {value}",
        "\"v\": {values}",
        "14:8: workload.register.write.body: unknown variable {values}; there are {node} {ip} {key} \
         {key_base64} {value} {value_base64} {old} {old_base64} {new} {new_base64} {steps}",
    );
    is_refused(
        SOUND,
        "X-Key = \"{key}\"",
        "X-Key = \"{id}\"",
        "13:21: workload.register.write.headers.X-Key: unknown variable {id}; there are {node} {ip} \
         {key} {key_base64} {value} {value_base64} {old} {old_base64} {new} {new_base64} {steps}",
    );
}

#[test]
fn what_does_not_go_together_is_refused() {
    is_refused(
        SOUND,
        "peers = { each = \"{ip}\", separator = \" \" }\n",
        "",
        "4:1: node: {peers} is used, but [node.peers] does not say what it is",
    );
    is_refused(
        SOUND,
        "outcome = \"ok\"",
        "outcome = \"info\"",
        "15:11: workload.register.write.answers: no answer has outcome \"ok\", so the operation could \
         never succeed",
    );
    is_refused(
        SOUND,
        "error = \"/why\"",
        "value = \"/why\"",
        "17:3: workload.register.write.answers[1]: only an answer with outcome \"ok\" has a value",
    );
    is_refused(
        SOUND,
        "outcome = \"ok\"",
        "outcome = \"ok\", error = \"/why\"",
        "16:3: workload.register.write.answers[0]: an answer with outcome \"ok\" has no error",
    );
    is_refused(
        SOUND,
        "error = \"/why\"",
        "error = \"why\"",
        "17:45: workload.register.write.answers[1].error: \"why\" is no JSON pointer; an example is \
         \"/value\", and \"\" is the whole document",
    );
    is_refused(
        SOUND,
        "{ \"/done\" = true }",
        "{ \"/done\" = [true] }",
        "16:3: workload.register.write.answers[0]: where \"/done\": only text, numbers, true and \
         false can be compared, or another place: { same_as = \"/other\" }",
    );
}

#[test]
fn what_could_not_be_carried_out_is_refused() {
    is_refused(
        SOUND,
        "method = \"PUT\"",
        "method = \"put\"",
        "11:10: workload.register.write.method: \"put\" is no method; there are GET POST PUT PATCH \
         DELETE HEAD",
    );
    is_refused(
        SOUND,
        "http://{ip}:80/",
        "https://{ip}:80/",
        "12:7: workload.register.write.url: it does not start with http://, and nothing else is \
         spoken",
    );
    is_refused(
        SOUND,
        "http://{ip}:80/",
        "http://{ip}:80000/",
        "12:7: workload.register.write.url: it is no URL: invalid port number",
    );
    is_refused(
        SOUND,
        "X-Key =",
        "\"X Key\" =",
        "13:13: workload.register.write.headers.X Key: \"X Key\" is no name of an HTTP header; an \
         example is content-type",
    );
    is_refused(
        SOUND,
        "X-Key = \"{key}\"",
        "X-Key = \"a\\nb\"",
        "13:21: workload.register.write.headers.X-Key: a header's value is printable ASCII",
    );
    is_refused(
        SOUND,
        "status = [200, \"3xx\"]",
        "timeout_ms = 0",
        "8:9: node.ready: timeout_ms is 0; it must be from 1 to 3600000",
    );
    is_refused(
        SOUND,
        "[\"kv\", \"--id\", \"{index}\", \"--join\", \"{peers}\"]",
        "[]",
        "4:1: node: command is empty; it is a list: the program, then its arguments",
    );
    is_refused(
        SOUND,
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
