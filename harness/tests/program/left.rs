//! `--leave-db-running`: nodes that go on after their run, are reached from this machine, and are gone when they are told.

use crate::place::{Place, err, has_sandbox, out, processes_of};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Stdio};
use std::time::Duration;

/// A run whose nodes go on, and what it says of that.
struct Left {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
}

impl Left {
    fn of(place: &Place, more: &[&str]) -> Left {
        let what = "test --time-limit 2 --node-count 3 --nemesis kill --evidence off --progress none --leave-db-running";
        let mut command = place.command(&what.split(' ').chain(more.iter().copied()).collect::<Vec<_>>());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains("stop     Ctrl-C") {
            assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "it ended: {said}");
        }
        Left { child, stderr, said }
    }

    /// Where the first port of a node is reached.
    fn address(&self, node: &str) -> String {
        let line = self
            .said
            .lines()
            .find(|line| line.trim_start().starts_with(node))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    }

    /// Its exit code, and what it has printed, when it has been told to stop.
    fn stopped_by(mut self, signal: Signal) -> (Option<i32>, String) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).unwrap();
        let output = self.child.wait_with_output().unwrap();
        (output.status.code(), out(&output))
    }
}

/// What a node answers.
fn get(url: &str) -> std::io::Result<String> {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    match text.starts_with("HTTP/1.1 200") {
        true => Ok(text),
        false => Err(std::io::Error::other(text)),
    }
}

#[test]
fn nodes_that_are_left_are_reached_until_they_are_told_to_stop() {
    if !has_sandbox() {
        return;
    }
    for (signal, more) in [
        (Signal::SIGINT, &[][..]),
        (Signal::SIGTERM, &["--network", "proxy"]),
    ] {
        let place = Place::new();
        let left = Left::of(&place, more);
        // All of the run is there already.
        assert!(place.read("report.html").contains("<html"));
        assert_eq!(place.results()["verdict"], "valid", "{}", left.said);
        for node in ["n1", "n2", "n3"] {
            let address = left.address(node);
            assert!(address.starts_with("127."), "{}", left.said);
            get(&format!("http://{address}/health")).unwrap_or_else(|why| panic!("{why}: {}", left.said));
        }
        let example = left
            .said
            .lines()
            .find_map(|line| line.split_once("curl "))
            .unwrap()
            .1;
        get(example.trim()).unwrap();
        assert!(
            place
                .latest()
                .join("nodes/n1/data")
                .read_dir()
                .unwrap()
                .next()
                .is_some()
        );
        let (address, (code, told)) = (left.address("n1"), left.stopped_by(signal));
        assert_eq!(code, Some(0), "{told}");
        assert!(told.contains(" VALID "), "{told}");
        assert!(get(&format!("http://{address}/health")).is_err());
        // The warden of a run without a sandbox ends when it has seen that nobody is left.
        while !processes_of(&place).is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        // As of any valid run.
        assert!(!place.latest().join("nodes/n1/data").exists());
    }
}

#[test]
fn a_violation_is_told_before_and_stays_the_exit_code() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let more = [
        "--bug",
        "accept-below-promise",
        "--nemesis",
        "none",
        "--format",
        "json",
        "--fail-fast",
    ];
    let left = Left::of(&place, &more);
    get(&format!("http://{}/health", left.address("n2"))).unwrap();
    let (code, told) = left.stopped_by(Signal::SIGINT);
    let results: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((code, &results["verdict"]), (Some(1), &"invalid".into()));
    assert!(place.latest().join("nodes/n1/data").exists());
}

#[test]
fn a_series_and_nodes_without_an_address_are_refused() {
    let place = Place::new();
    for more in [&["--test-count", "2"][..], &["--until-invalid"]] {
        let refused = place.run(&[&["test", "--leave-running"], more].concat());
        assert_eq!(refused.status.code(), Some(254), "{}", err(&refused));
        assert!(err(&refused).contains("is for a single run"), "{}", err(&refused));
    }
    let arguments = [
        "test",
        "--maelstrom",
        "/bin/true",
        "--workload",
        "lin-kv",
        "--leave-db-running",
    ];
    let refused = place.run(&arguments);
    assert_eq!(refused.status.code(), Some(254), "{}", err(&refused));
    assert!(err(&refused).contains("have no address"), "{}", err(&refused));
    assert!(!place.store().exists(), "nothing was started");
}
