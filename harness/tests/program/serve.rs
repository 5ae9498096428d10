//! `harness serve`: what it shows, and what it does not hand out.

use crate::place::{Place, err, has_sandbox, out};
use crate::stored::AGREED;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::process::{Child, Stdio};
use std::time::Duration;

struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Server {
    fn start(place: &Place) -> Server {
        let mut command = place.command(&["serve", "--port", "0"]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .split("http://")
            .nth(1)
            .unwrap()
            .split('/')
            .next()
            .unwrap()
            .to_owned();
        assert!(address.starts_with("127.0.0.1:"), "{line}");
        Server { child, address }
    }

    /// Asks exactly so, without a browser's tidying of the path.
    fn ask(&self, method: &str, path: &str, host: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer {
            status,
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &self.address)
    }
}

#[test]
fn the_list_is_newest_first_and_narrowed_by_its_address() {
    let place = Place::new();
    place.put_three();
    let server = Server::start(&place);
    let list = server.get("/");
    assert_eq!(list.status, 200);
    let at = |id: &str| list.body.find(id).unwrap_or_else(|| panic!("no {id}"));
    assert!(at("Z-13") < at("Z-12") && at("Z-12") < at("Z-11"));
    assert!(list.body.contains("Decree 1 was decided twice") && list.body.contains("3 runs"));
    let narrowed = |query: &str| server.get(&format!("/?{query}")).body;
    let kills = narrowed("nemesis=kill");
    assert!(kills.contains("2 of 3 runs") && !kills.contains("Z-12"));
    assert!(narrowed("verdict=invalid&seed=11&system=paxos").contains("1 of 3 runs"));
    assert!(narrowed("seed=99").contains("No run is such"));
    assert!(narrowed("verdict=%3Cscript%3E").contains("There is no verdict &#60;script&#62;"));
    let run = server.get("/runs/paxos/20261123T064512Z-11/");
    assert!(
        run.body.contains("report.html")
            && run.body.contains("history.jsonl")
            && run.body.contains("harness test --seed 11")
    );
    assert_eq!(server.get("/runs/paxos/20261123T064512Z-11").status, 308);
    assert_eq!(server.get("/runs/paxos/nobody/").status, 404);
}

#[test]
fn two_runs_are_shown_side_by_side_with_what_differs() {
    let place = Place::new();
    place.put_three();
    let server = Server::start(&place);
    let both = server.get("/compare?run=paxos%2F20261123T064512Z-11&run=12");
    assert_eq!(both.status, 200, "{}", both.body);
    assert!(both.body.contains("INVALID") && both.body.contains("Options that differ"));
    assert!(both.body.contains("≠"), "the seeds differ, and so do the rates");
    assert_eq!(server.get("/compare?run=11").status, 400);
    let ambiguous = server.get("/compare?run=11&run=20261123");
    assert!(
        ambiguous.status == 404 && ambiguous.body.contains("2 runs have this name"),
        "{}",
        ambiguous.body
    );
    for outside in ["%2Fetc", "..%2F..", ".", "%2E%2E"] {
        assert_eq!(
            server.get(&format!("/compare?run=11&run={outside}")).status,
            404,
            "{outside}"
        );
    }
}

#[test]
fn no_path_and_no_link_leads_out_of_a_run() {
    let place = Place::new();
    place.put_three();
    let run = place.store().join("paxos/20261123T064512Z-11");
    place.write("secret", "s3cret");
    symlink(place.folder.path().join("secret"), run.join("link.txt")).unwrap();
    symlink(place.folder.path(), run.join("out")).unwrap();
    symlink(
        place.folder.path(),
        place.store().join("paxos/20990101T000000Z-1"),
    )
    .unwrap();
    fs::write(run.join("nasty.html"), "<script>fetch('/')</script>").unwrap();
    let server = Server::start(&place);
    let base = "/runs/paxos/20261123T064512Z-11";
    for path in [
        "link.txt",
        "out/secret",
        "../../../secret",
        "..%2f..%2f..%2fsecret",
        "%2e%2e/%2e%2e/%2e%2e/secret",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "nodes%00",
        "out",
        "..",
        ".",
    ] {
        let answer = server.get(&format!("{base}/{path}"));
        assert!(
            answer.status >= 400 && !answer.body.contains("s3cret"),
            "{path}: {}",
            answer.status
        );
    }
    assert!(server.get("/runs/paxos/20990101T000000Z-1/secret").status >= 400);
    assert!(server.get("/runs/..%2F..%2Fx/y/secret").status >= 400);
    let history = server.get(&format!("{base}/history.jsonl"));
    assert_eq!(history.status, 200);
    assert!(
        history.head.contains("content-type: text/plain") && history.head.contains("nosniff"),
        "{}",
        history.head
    );
    // A page that somebody put there is a stranger to the others.
    let nasty = server.get(&format!("{base}/nasty.html"));
    assert!(
        nasty.head.contains("content-security-policy: sandbox") && nasty.head.contains("default-src 'none'"),
        "{}",
        nasty.head
    );
    assert!(server.get("/").head.contains("script-src 'self'"));
}

#[test]
fn only_readers_who_mean_this_machine_are_answered() {
    let place = Place::new();
    place.put_three();
    let server = Server::start(&place);
    let port = server.address.split(':').nth(1).unwrap();
    for host in [
        &server.address,
        &format!("localhost:{port}"),
        &format!("[::1]:{port}"),
    ] {
        assert_eq!(server.ask("GET", "/", host).status, 200, "{host}");
    }
    for host in ["evil.example", "127.0.0.1.evil.example", ""] {
        let answer = server.ask("GET", "/", host);
        assert!(answer.status >= 400 && !answer.body.contains("Z-11"), "{host}");
    }
    assert_eq!(server.ask("POST", "/", &server.address).status, 405);
    assert_eq!(
        server
            .ask("DELETE", "/runs/paxos/20261123T064512Z-11/", &server.address)
            .status,
        405
    );
}

#[test]
fn a_port_that_is_taken_is_said_with_the_way_out() {
    let place = Place::new();
    let server = Server::start(&place);
    let port = server.address.split(':').nth(1).unwrap();
    let second = place.run(&["serve", "--port", port]);
    assert_eq!(second.status.code(), Some(255));
    assert!(
        err(&second).contains("--port 0 takes any port that is free"),
        "{}",
        err(&second)
    );
    assert!(server.get("/").body.contains("There are no runs yet"));
}

#[test]
fn a_run_in_progress_is_watched_until_it_has_its_report() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    place.put_run("20261123T064512Z-11", "kill", AGREED);
    let server = Server::start(&place);
    let mut test = place.command(&[
        "test",
        "--time-limit",
        "5",
        "--nemesis",
        "kill",
        "--seed",
        "77",
        "-q",
    ]);
    let test = test
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let id = loop {
        let list = server.get("/").body;
        if let Some(at) = list.find("/runs/paxos/20").filter(|_| list.contains("RUNNING")) {
            break list[at + "/runs/paxos/".len()..]
                .split('/')
                .next()
                .unwrap()
                .to_owned();
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(id.ends_with("-77"), "{id}");
    let page = server.get(&format!("/runs/paxos/{id}/"));
    assert!(
        page.body.contains(&format!("data-events=\"/events/paxos/{id}\"")),
        "{}",
        page.body
    );
    assert!(
        page.body.contains("http-equiv=\"refresh\""),
        "without a script it is loaded again"
    );
    // While it goes on, gc keeps away from it.
    let kept = place.run(&["gc", "--keep", "0", "--dry-run"]);
    assert!(out(&kept).contains("1 in progress stay"), "{}", out(&kept));
    // The whole stream, which ends by itself.
    let stream = server.get(&format!("/events/paxos/{id}"));
    let ended = test.wait_with_output().unwrap();
    assert!(stream.head.contains("text/event-stream"), "{}", stream.head);
    let last = stream
        .body
        .lines()
        .rfind(|line| line.starts_with("data: {"))
        .unwrap();
    let last: serde_json::Value = serde_json::from_str(&last["data: ".len()..]).unwrap();
    assert!(last["counts"]["ok"].as_u64().unwrap() > 100, "{last}");
    assert_eq!(last["nodes"].as_array().unwrap().len(), 5);
    assert!(
        stream.body.contains("event: done") && stream.body.contains("data: report"),
        "{}",
        err(&ended)
    );
    let report = server.get(&format!("/runs/paxos/{id}/report.html"));
    assert_eq!(report.status, 200);
    assert!(err(&ended).is_empty(), "-q: {}", err(&ended));
}
