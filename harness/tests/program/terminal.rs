//! A run on a terminal: a real one, as `script` makes it, with a screen to look at and keys to press.

use crate::place::{HARNESS, Place, has_sandbox, loners};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const ROWS: NonZeroU16 = NonZeroU16::new(40).unwrap();
const COLUMNS: NonZeroU16 = NonZeroU16::new(100).unwrap();

struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Terminal {
    /// Starts a shell command on a terminal of its own. None where there is no `script`.
    fn start(place: &Place, arguments: &str) -> Option<Terminal> {
        Terminal::start_as_it_is(&format!("{arguments} --store '{}'", place.store().display()))
    }

    /// The same for a command that has no store.
    fn start_as_it_is(arguments: &str) -> Option<Terminal> {
        let command =
            format!("stty rows {ROWS} cols {COLUMNS}; '{HARNESS}' {arguments}; echo \"code $?\"; stty -a");
        let started = Command::new("script")
            .args(["-q", "-f", "-c", &command, "/dev/null"])
            .env("SHELL", "/bin/sh")
            .env("TERM", "xterm")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = started else {
            assert!(std::env::var_os("CI").is_none(), "skipped: there is no `script`");
            println!("skipped: there is no `script`");
            return None;
        };
        let screen = Arc::new(Mutex::new(vt100::Parser::new(ROWS, COLUMNS, 0)));
        let (mut out, shared) = (child.stdout.take().unwrap(), Arc::clone(&screen));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = out.read(&mut bytes) {
                shared.lock().unwrap().process(&bytes[..count]);
            }
        });
        let keys = child.stdin.take().unwrap();
        Some(Terminal { child, keys, screen })
    }

    fn screen(&self) -> String {
        let parser = self.screen.lock().unwrap();
        // Row by row: lines that fill the screen's width would otherwise run into one another.
        let rows: Vec<String> = parser.screen().rows(0, COLUMNS.get()).collect();
        rows.join("\n")
    }

    fn wait_for(&self, what: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let screen = self.screen();
            if what(&screen) {
                return screen;
            }
            assert!(Instant::now() < deadline, "it never came:\n{screen}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn press(&mut self, key: &str) {
        self.keys.write_all(key.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The live lines at the bottom of a screen: from the phase on.
fn live(screen: &str) -> Vec<&str> {
    let lines: Vec<&str> = screen.lines().collect();
    let first = lines
        .iter()
        .rposition(|line| line.starts_with("  run  "))
        .unwrap_or(lines.len());
    lines[first..]
        .iter()
        .copied()
        .filter(|line| !line.trim().is_empty())
        .collect()
}

#[test]
fn a_run_on_a_terminal_draws_four_lines_obeys_keys_and_gives_the_terminal_back() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let Some(mut terminal) = Terminal::start(&place, "test --nemesis kill --time-limit 60 --seed 3") else {
        return;
    };
    let screen = terminal.wait_for(|screen| screen.contains("  run  ") && screen.contains("p99"));
    let lines = live(&screen);
    let heads: Vec<&str> = lines
        .iter()
        .map(|line| line.get(..10).unwrap_or(line).trim())
        .collect();
    assert_eq!(heads, ["run", "ops", "nodes", "fault"], "{screen}");
    assert!(lines[0].contains('━') || lines[0].contains('╸'), "{screen}");
    assert!(lines[0].contains(" / 1:00"), "{screen}");
    assert!(
        screen.contains("paxos · decree · kill") && screen.contains("seed 3"),
        "{screen}"
    );
    terminal.press("?");
    terminal.wait_for(|screen| screen.contains("p pause the load"));
    terminal.press("p");
    terminal.wait_for(|screen| {
        screen.contains("load paused; p goes on") && live(screen)[0].contains("load paused")
    });
    terminal.press("p");
    terminal.wait_for(|screen| screen.contains("load goes on"));
    terminal.press("l");
    terminal.wait_for(|screen| screen.contains("   n1  ") && screen.contains("   n5  "));
    terminal.press("h");
    terminal.wait_for(|screen| screen.contains("healing; no more faults"));
    terminal.wait_for(|screen| live(screen).last().is_some_and(|line| line.contains("none")));
    terminal.press("s");
    let screen = terminal.wait_for(|screen| screen.contains("code ") && screen.contains("icanon"));
    assert!(screen.contains("VALID") || screen.contains("UNKNOWN"), "{screen}");
    assert!(
        !screen.contains("-icanon") && screen.contains(" echo ") && !screen.contains(" -echo "),
        "{screen}"
    );
    assert!(live(&screen).is_empty(), "the live lines are gone:\n{screen}");
}

#[test]
fn ctrl_c_on_the_terminal_reaches_the_run_once_and_twice_ends_it() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let Some(mut terminal) = Terminal::start(&place, "test --nemesis kill --time-limit 60") else {
        return;
    };
    terminal.wait_for(|screen| screen.contains("  run  "));
    terminal.press("\u{3}");
    let screen = terminal.wait_for(|screen| screen.contains("code "));
    assert!(screen.contains("Ctrl-C again stops at once"), "{screen}");
    assert!(
        screen.contains("code 0") || screen.contains("code 2"),
        "once is no reason to lose the verdict:\n{screen}"
    );
    // A system that never recovers: the run waits for it after the first one, until the second.
    let descriptor = place.write("nowhere.toml", &loners("nowhere"));
    let arguments = format!("test '{descriptor}' --nemesis none --time-limit 60 --recovery-time 60");
    let Some(mut terminal) = Terminal::start(&place, &arguments) else {
        return;
    };
    terminal.wait_for(|screen| screen.contains("  run  "));
    terminal.press("\u{3}");
    terminal.wait_for(|screen| screen.contains("  recover"));
    terminal.press("\u{3}");
    terminal.wait_for(|screen| {
        screen.contains("code 130") && screen.contains("icanon") && !screen.contains("-icanon")
    });
}

#[test]
fn init_asks_for_what_no_flag_says() {
    let place = Place::new();
    let folder = place.folder.path().join("mydb");
    let Some(mut terminal) = Terminal::start_as_it_is(&format!("init '{}'", folder.display())) else {
        return;
    };
    for (question, answer) in [
        ("In which language", "\n"),
        ("How is a node of your system started?", "mydb {ip}\n"),
        (
            "What answers with 2xx when a node is ready?",
            "http://{ip}:7/up\n",
        ),
        ("What do clients do?", "set\n"),
    ] {
        terminal.wait_for(|screen| screen.contains(question));
        terminal.press(answer);
    }
    terminal.wait_for(|screen| screen.contains("code 0"));
    let text = std::fs::read_to_string(folder.join("system.toml")).unwrap();
    assert!(
        text.contains(r#"command = ["mydb", "{ip}"]"#) && text.contains("[workload.set]"),
        "{text}"
    );
    assert!(folder.join("client.py").is_file() && !folder.join("server.py").exists());
}
