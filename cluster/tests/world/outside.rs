//! The sandbox, looked at from outside: what it leaves behind, what it answers, whom it lets in.

use crate::suite::{eventually, must_not_skip, tests};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

tests![
    the_exit_code_is_that_of_the_inside,
    the_inside_is_process_one_and_user_zero,
    a_signal_that_is_handled_arrives_once_and_the_outside_waits_for_the_end,
    a_signal_that_nobody_handles_ends_both,
    the_death_of_the_inside_is_told_as_a_shell_tells_it,
    after_kill_9_of_the_harness_nothing_is_left_within_a_second,
    nodes_that_wait_for_their_disks_are_gone_as_fast,
    a_process_with_threads_is_not_let_in,
    the_probe_finds_what_the_sandbox_needs,
    the_probe_tells_about_clock_faults_by_themselves,
    an_ordinary_user_gets_the_same_world,
    a_closed_tun_device_is_named_with_its_remedy,
    a_closed_fuse_device_costs_the_disks_and_nothing_else,
];

fn visitor(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("visitor").args(arguments).stdout(Stdio::piped());
    command
}

/// Whether the sandbox can be had; else the test has nothing to look at.
fn unavailable() -> bool {
    let output = visitor(&["exit", "0"]).output().unwrap();
    let refused = !output.status.success();
    if refused {
        assert!(!must_not_skip(), "nothing is skipped in CI: {}", text(&output));
        println!("skipped: {}", text(&output).trim());
    }
    refused
}

/// Whether disks can be had in it.
fn disks_unavailable() -> bool {
    let told = text(&visitor(&["probe"]).output().unwrap());
    let refused = !told.contains("yes disks of one's own");
    if refused {
        assert!(!must_not_skip(), "nothing is skipped in CI: {told}");
        println!("skipped: {told}");
    }
    refused
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Starts a visitor and waits until it says that it is inside.
fn visitor_that_is_here(arguments: &[&str]) -> Child {
    let mut child = visitor(arguments).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "here\n");
    child
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
}

/// The processes whose command line has this word in it.
fn processes_with(word: &str) -> Vec<u32> {
    let numbers = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let has_word = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(word)
    };
    numbers
        .filter(|pid| *pid != std::process::id())
        .filter(has_word)
        .collect()
}

fn the_exit_code_is_that_of_the_inside() {
    if unavailable() {
        return;
    }
    for code in [0, 1, 2, 254, 255] {
        let status = visitor(&["exit", &code.to_string()]).status().unwrap();
        assert_eq!(status.code(), Some(code));
    }
}

fn the_inside_is_process_one_and_user_zero() {
    if unavailable() {
        return;
    }
    let told = text(&visitor(&["whoami"]).output().unwrap());
    assert!(told.starts_with("pid 1 uid 0 map "), "{told}");
    if geteuid().is_root() {
        let ours = std::fs::read_to_string("/proc/self/uid_map").unwrap();
        let count = ours.split_ascii_whitespace().nth(2).unwrap();
        assert!(told.trim().ends_with(count), "root keeps all its ids: {told}");
    }
}

fn a_signal_that_is_handled_arrives_once_and_the_outside_waits_for_the_end() {
    if unavailable() {
        return;
    }
    let mut child = visitor_that_is_here(&["wait-for-terminate"]);
    send(&child, Signal::SIGTERM);
    assert_eq!(child.wait().unwrap().code(), Some(7));
}

/// The mask of ignored signals, bit 0 for signal 1.
fn signals_ignored_here() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap()
}

fn a_signal_that_nobody_handles_ends_both() {
    if unavailable() {
        return;
    }
    // What this test was started with as ignored (by `nohup`, or in the background of a script) stays ignored.
    let ignored = signals_ignored_here();
    let signals = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT];
    for signal in signals
        .into_iter()
        .filter(|signal| ignored >> (*signal as u32 - 1) & 1 == 0)
    {
        let mut child = visitor_that_is_here(&["wait"]);
        send(&child, signal);
        assert_eq!(
            child.wait().unwrap().code(),
            Some(128 + signal as i32),
            "{signal}"
        );
    }
}

fn the_death_of_the_inside_is_told_as_a_shell_tells_it() {
    if unavailable() {
        return;
    }
    let mut child = visitor_that_is_here(&["wait"]);
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    let inside: i32 = std::fs::read_to_string(children).unwrap().trim().parse().unwrap();
    kill(Pid::from_raw(inside), Signal::SIGKILL).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(137));
}

fn after_kill_9_of_the_harness_nothing_is_left_within_a_second() {
    if !unavailable() {
        nothing_is_left_of("cluster", Signal::SIGKILL);
    }
}

/// The harness serves their disks: with it go the answers that they wait for, and so must they.
fn nodes_that_wait_for_their_disks_are_gone_as_fast() {
    if !unavailable() && !disks_unavailable() {
        for signal in [Signal::SIGKILL, Signal::SIGTERM] {
            nothing_is_left_of("disks", signal);
        }
    }
}

fn nothing_is_left_of(visitor: &str, signal: Signal) {
    let dir = tempfile::tempdir().unwrap();
    let word = dir.path().to_str().unwrap();
    let mut child = visitor_that_is_here(&[visitor, word]);
    // Outside, inside, three nodes.
    assert_eq!(processes_with(word).len(), 5);
    send(&child, signal);
    let killed = Instant::now();
    eventually("no process is left", || processes_with(word).is_empty());
    assert!(
        killed.elapsed() < Duration::from_secs(1),
        "{:?}",
        killed.elapsed()
    );
    let status = child.wait().unwrap();
    assert_eq!(
        status.signal().or(status.code()),
        Some(if signal == Signal::SIGKILL { 9 } else { 128 + 15 })
    );
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(word), "{mounts}");
}

fn a_process_with_threads_is_not_let_in() {
    let told = text(&visitor(&["threads"]).output().unwrap());
    assert_eq!(
        told,
        "failed to enter the sandbox with 2 threads running; enter it first thing in main\n"
    );
}

fn the_probe_finds_what_the_sandbox_needs() {
    if unavailable() {
        return;
    }
    let told = text(&visitor(&["probe"]).output().unwrap());
    assert_eq!(
        told.lines().filter(|line| line.starts_with("yes ")).count(),
        5,
        "{told}"
    );
    assert_eq!(told.lines().count(), 5, "{told}");
}

fn the_probe_tells_about_clock_faults_by_themselves() {
    if unavailable() {
        return;
    }
    let there = text(&visitor(&["clocks"]).output().unwrap());
    let installed = there.starts_with("yes clock faults: by /");
    assert!(
        installed || there.starts_with("no clock faults: libfaketime is not installed"),
        "{there}"
    );
    assert!(installed || !must_not_skip(), "nothing is skipped in CI: {there}");
    let mut elsewhere = visitor(&["clocks"]);
    elsewhere.env("HARNESS_LIBFAKETIME", "/no/such/library.so");
    let told = text(&elsewhere.output().unwrap());
    assert!(
        told.starts_with("no clock faults: /no/such/library.so cannot be preloaded: No such file"),
        "{told}"
    );
    // A library that can be preloaded and does nothing to clocks.
    let libc = std::fs::read_to_string("/proc/self/maps").unwrap();
    let libc = libc.split_whitespace().find(|word| word.ends_with("/libc.so.6"));
    if let Some(libc) = libc {
        let mut harmless = visitor(&["clocks"]);
        harmless.env("HARNESS_LIBFAKETIME", libc);
        let told = text(&harmless.output().unwrap());
        assert!(told.contains("does not do what clock faults need"), "{told}");
    }
}

/// As user 65534, who owns nothing, with a /dev/net/tun and a /dev/fuse of these modes, which only its own mounts show.
fn as_nobody(tun_mode: &str, fuse_mode: &str, arguments: &[&str], dir: &Path) -> Output {
    let script = format!(
        "set -e; mount -t tmpfs none {0}; mknod -m {tun_mode} {0}/tun c 10 200; mount --bind {0}/tun /dev/net/tun; \
         mknod -m {fuse_mode} {0}/fuse c 10 229; mount --bind {0}/fuse /dev/fuse; \
         mount -t tmpfs -o mode=1777 none {0}; \
         exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \"$@\"",
        dir.display()
    );
    let program = std::env::current_exe().unwrap();
    Command::new("unshare")
        .args(["--mount", "sh", "-c", &script, "sh"])
        .arg(program)
        .args(arguments)
        .env("TMPDIR", dir)
        // Root may have directories in its own that nobody else may look into.
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .output()
        .unwrap()
}

fn not_root() -> bool {
    let ordinary = !geteuid().is_root();
    if ordinary {
        println!(
            "skipped: only root can become somebody else; the whole suite runs as an ordinary user already"
        );
    }
    ordinary
}

fn an_ordinary_user_gets_the_same_world() {
    if not_root() || unavailable() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let whoami = as_nobody("0666", "0666", &["visitor", "whoami"], dir.path());
    assert!(
        text(&whoami).starts_with("pid 1 uid 0 map 0      65534          1"),
        "{}",
        text(&whoami)
    );
    // The whole suite once more, but for what only root can try: this test and the next two.
    let output = as_nobody("0666", "0666", &[], dir.path());
    let told = text(&output);
    assert!(
        output.status.success() && told.contains("test result: ok. "),
        "{told}"
    );
    let only_root = told.matches("skipped: only root").count();
    assert_eq!(only_root, 3, "{told}");
}

fn a_closed_tun_device_is_named_with_its_remedy() {
    if not_root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = as_nobody("0600", "0666", &["visitor", "exit", "0"], dir.path());
    assert_eq!(output.status.code(), Some(255), "{}", text(&output));
    let told = text(&output);
    assert!(
        told.starts_with("failed to enter the sandbox: this user may not open /dev/net/tun"),
        "{told}"
    );
    assert!(told.contains("`sudo chmod 0666 /dev/net/tun`"), "{told}");
}

fn a_closed_fuse_device_costs_the_disks_and_nothing_else() {
    if not_root() || unavailable() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let told = text(&as_nobody("0666", "0600", &["visitor", "probe"], dir.path()));
    assert_eq!(told.matches("yes ").count(), 4, "{told}");
    assert!(
        told.contains("no disks of one's own: this user may not open /dev/fuse"),
        "{told}"
    );
    assert!(told.contains("`sudo chmod 0666 /dev/fuse`"), "{told}");
    let entered = as_nobody("0666", "0600", &["visitor", "exit", "7"], dir.path());
    assert_eq!(entered.status.code(), Some(7), "{}", text(&entered));
}
