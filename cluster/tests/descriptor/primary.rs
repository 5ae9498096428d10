//! `[node.primary]`: what a node is asked, and which answer means that it is the primary.

use crate::{ETCD, PAXOS, SOUND, is_refused};
use cluster::System;
use cluster::resp::Reply;
use cluster::system::{NodeVariables, PrimaryQuestion};
use std::net::Ipv4Addr;

const REDIS: &str = include_str!("../../../systems/redis.toml");

/// What the second node is asked.
fn question(descriptor: &str) -> Option<PrimaryQuestion> {
    let system = System::parse(descriptor, "x.toml").unwrap();
    let hosts = [
        ("n1".to_owned(), Ipv4Addr::new(10, 0, 0, 1)),
        ("n2".to_owned(), Ipv4Addr::new(10, 0, 0, 2)),
    ];
    let variables = NodeVariables {
        node: "n2",
        index: 2,
        ip: Ipv4Addr::new(127, 0, 0, 9),
        data: "/run/data",
        dir: "/systems",
        harness: "/bin/harness",
        hosts: &hosts,
        joins: &std::collections::BTreeMap::new(),
    };
    system.node.primary_question(&variables, hosts[1].1)
}

/// The sound descriptor with a way of asking.
fn with(primary: &str) -> String {
    SOUND.replace(
        "[workload.register.write]",
        &format!("[node.primary]\n{primary}\n\n[workload.register.write]"),
    )
}

#[test]
fn the_leader_of_etcd_is_the_member_that_takes_itself_for_it() {
    let Some(PrimaryQuestion::Http(request, yes)) = question(ETCD) else {
        panic!("it is asked over HTTP");
    };
    assert_eq!(request.method, "POST");
    assert_eq!(request.url, "http://10.0.0.2:2379/v3/maintenance/status");
    assert_eq!(request.body.as_deref(), Some("{}"));
    // As etcd 3.4 answers.
    let answer = |leader: &str| {
        format!(r#"{{"header": {{"member_id": "41", "raft_term": "2"}}, "leader": "{leader}"}}"#)
    };
    assert_eq!(yes.is_said(200, answer("41").as_bytes()), Ok(()));
    for (status, body) in [
        (200, answer("42")),
        (200, r#"{"header": {"member_id": "41"}}"#.to_owned()),
        (200, "41".to_owned()),
        (200, "\u{1b}[2J".to_owned()),
        (200, String::new()),
    ] {
        assert_eq!(
            yes.is_said(status, body.as_bytes()),
            Err("not /leader = /header/member_id".to_owned()),
            "{body}"
        );
    }
    assert_eq!(
        yes.is_said(503, answer("41").as_bytes()),
        Err("status 503, not 2xx".to_owned())
    );
}

#[test]
fn the_primary_of_redis_is_the_one_whose_role_is_master() {
    let Some(PrimaryQuestion::Resp(address, words, yes)) = question(REDIS) else {
        panic!("it is asked over RESP");
    };
    assert_eq!(
        (address.to_string().as_str(), words.join(" ").as_str()),
        ("10.0.0.2:6379", "ROLE")
    );
    let role = |role: &str| Reply::Array(vec![Reply::Bulk(role.to_owned()), Reply::Integer(7)]);
    assert_eq!(yes.is_said(&role("master")), Ok(()));
    assert_eq!(yes.is_said(&role("slave")), Err("not /0 = \"master\"".to_owned()));
    assert_eq!(
        yes.is_said(&Reply::Error("LOADING \u{1b}[2J".to_owned())),
        Err("-LOADING \\u{1b}[2J, not *".to_owned())
    );
}

#[test]
fn a_program_is_told_what_the_node_is() {
    let Some(PrimaryQuestion::Program(argv)) = question(&with(
        "command = [\"{dir}/is-primary\", \"{node}\", \"{ip}\", \"{data}\", \"{peers}\"]",
    )) else {
        panic!("it is asked by a program");
    };
    assert_eq!(
        argv.join(" "),
        "/systems/is-primary n2 10.0.0.2 /run/data 10.0.0.1 10.0.0.2"
    );
    assert!(question(PAXOS).is_none(), "no node of it is one");
    let Some(PrimaryQuestion::Http(request, yes)) = question(&with(
        "url = \"http://{ip}/primary\"\nheaders = { Authorization = \"Basic {node}\" }",
    )) else {
        panic!("it is asked over HTTP");
    };
    assert_eq!((request.method.as_str(), request.body), ("GET", None));
    assert_eq!(
        request.headers,
        [("authorization".to_owned(), "Basic n2".to_owned())]
    );
    assert_eq!(yes.is_said(204, b""), Ok(()));
}

#[test]
fn what_does_not_go_together_is_refused_with_what_does() {
    let forms = "it is a `url` (with `method`, `headers`, `body`, `status`, `where`), or over RESP `port`, `command` and \
                 `reply` (with `where`), or a program's `command` alone";
    for (primary, words) in [
        ("timeout_ms = 5", forms),
        ("url = \"http://{ip}/\"\ncommand = [\"x\"]", forms),
        ("url = \"http://{ip}/\"\nreply = \"*\"", forms),
        ("port = 1\ncommand = [\"ROLE\"]", forms),
        ("command = [\"x\"]\nstatus = 200", forms),
        ("command = [\"x\"]\nwhere = { \"/a\" = 1 }", forms),
        (
            "command = []",
            "command is empty; it is a list, such as [\"{dir}/is-primary\", \"{ip}\"]",
        ),
        (
            "port = 0\ncommand = [\"ROLE\"]\nreply = \"*\"",
            "port is 0; a port is from 1 to 65535",
        ),
        (
            "url = \"https://{ip}/\"",
            "url: it does not start with http://, and nothing else is spoken",
        ),
        (
            "url = \"http://{ip}/\"\ntimeout_ms = 60001",
            "timeout_ms is 60001; it must be from 1 to 60000",
        ),
        (
            "url = \"http://{ip}/\"\nheaders = { X = \"é\" }",
            "headers: x: a header's value is printable ASCII",
        ),
        (
            "url = \"http://{ip}/\"\nwhere = { \"/a\" = { same = \"/b\" } }",
            "where \"/a\": only text, numbers, true and false can be compared, or another place: { same_as = \"/other\" }",
        ),
    ] {
        is_refused(
            &with(primary),
            "name = \"kv\"",
            "name = \"kv\"",
            &format!("10:1: node.primary: {words}"),
        );
    }
    is_refused(
        &with("command = [\"x\", \"{key}\"]"),
        "name = \"kv\"",
        "name = \"kv\"",
        "11:17: node.primary.command[1]: unknown variable {key}; there are {node} {index} {ip} {data} {dir} {first} {peers} \
         {harness} {joins}",
    );
}
