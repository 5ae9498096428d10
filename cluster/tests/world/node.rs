//! A node to be started by tests: a tiny HTTP server, or one of several ways not to be one.

use crate::suite::eventually;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub fn main(arguments: &[&str]) -> ExitCode {
    match arguments {
        ["stubborn", listen, data, ..] => {
            let mut term = nix::sys::signal::SigSet::empty();
            term.add(nix::sys::signal::Signal::SIGTERM);
            term.thread_block().unwrap();
            serve(listen, Path::new(data))
        }
        ["serve", listen, data, ..] => serve(listen, Path::new(data)),
        ["refuse", ..] => {
            eprintln!("reading the configuration");
            eprintln!("\u{1b}[31mfatal:\u{1b}[0m the disk is not mine");
            ExitCode::from(3)
        }
        ["hang", ..] => {
            eprintln!("waiting for somebody who never comes");
            loop {
                std::thread::park();
            }
        }
        other => panic!("no such node: {other:?}"),
    }
}

/// Answers GET requests until it is killed.
fn serve(listen: &str, data: &Path) -> ExitCode {
    println!("arguments {:?}", std::env::args().skip(2).collect::<Vec<_>>());
    eprintln!("listening");
    let begun = Instant::now();
    let listener = TcpListener::bind(listen).unwrap();
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let request = lines.next().and_then(Result::ok).unwrap_or_default();
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        // The request is read to its end, or closing the connection would reset it.
        lines.map_while(Result::ok).find(String::is_empty);
        let body = match path.as_str() {
            "/health" => "ready".to_owned(),
            "/die" => {
                eprintln!("assertion failed: all is well");
                std::process::exit(101);
            }
            "/child" => Command::new("sleep")
                .arg("1000")
                .spawn()
                .unwrap()
                .id()
                .to_string(),
            // Out of the group, the session and the family.
            "/stray" => {
                let script = "setsid sh -c 'echo $$ >stray.new; mv stray.new stray.pid; exec sleep 1000' &";
                Command::new("sh").args(["-c", script]).status().unwrap();
                eventually("the stray has said who it is", || {
                    std::fs::exists("stray.pid").unwrap()
                });
                std::fs::read_to_string("stray.pid").unwrap().trim().to_owned()
            }
            "/say" => {
                println!("said {path}");
                eprintln!("complained of {path}");
                path
            }
            "/time" => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
                format!("{} {}", since.as_nanos(), begun.elapsed().as_nanos())
            }
            "/cost" => {
                let begun = Instant::now();
                (0..10_000).for_each(|_| _ = black_box(SystemTime::now()));
                (begun.elapsed().as_nanos() / 10_000).to_string()
            }
            "/tokio" => waits().as_nanos().to_string(),
            "/surroundings" => surroundings(),
            path => on_disk(path, data).unwrap_or_else(|| "?".to_owned()),
        };
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
    }
    ExitCode::SUCCESS
}

/// How long 50 ms take on a runtime, by its timers and by a thread that sleeps.
fn waits() -> Duration {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let begun = Instant::now();
    runtime.block_on(async {
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let sleeps = tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(10)));
        tokio::time::timeout(Duration::from_secs(60), sleeps)
            .await
            .unwrap()
            .unwrap();
    });
    begun.elapsed()
}

/// A log that is synced on demand.
fn on_disk(path: &str, data: &Path) -> Option<String> {
    let log = data.join("log");
    match path {
        "/busy" => {
            let mut log = File::create(data.join("busy")).unwrap();
            std::thread::spawn(
                move || {
                    while log.write_all(b"busy").and_then(|()| log.sync_all()).is_ok() {}
                },
            );
        }
        "/content" => return std::fs::read_to_string(log).ok(),
        "/sync" => {
            File::open(log).and_then(|log| log.sync_all()).unwrap();
            File::open(data).and_then(|dir| dir.sync_all()).unwrap();
        }
        path => {
            let mut log = File::options().append(true).create(true).open(log).unwrap();
            log.write_all(path.strip_prefix("/append/")?.as_bytes()).unwrap();
        }
    }
    Some("done".to_owned())
}

/// What this process was given: descriptors, environment, working directory, session.
fn surroundings() -> String {
    let link = |fd: &std::fs::DirEntry| std::fs::read_link(fd.path()).unwrap_or_default();
    let fds = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let fds = fds.map(|fd| format!("fd {} {}", fd.file_name().display(), link(&fd).display()));
    let env = std::env::vars().map(|(name, _)| format!("env {name}"));
    let cwd = format!("cwd {}", std::env::current_dir().unwrap().display());
    let session = format!(
        "leads its session {}",
        nix::unistd::getsid(None).unwrap() == nix::unistd::getpid()
    );
    fds.chain(env)
        .chain([cwd, session])
        .collect::<Vec<_>>()
        .join("\n")
}
