//! Disks that lose power, felt by programs that are not ours. What else goes wrong with them is in
//! [`crate::disk_faults`].

use crate::conformance;
use crate::disk_faults::hanging;
use crate::processes::{get, run, serving_on_disks};
use crate::suite::tests;
use cluster::disk::{Moment, Progress, Request};
use cluster::{DirectorySync, Disk, DiskSpec, KillError, LossPolicy, Lost, NodeState, PowerError};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

tests![
    random_calls_have_the_same_answers_as_on_a_plain_directory,
    a_script_loses_what_it_did_not_sync,
    a_removal_and_a_rename_need_a_sync_of_their_directory,
    a_write_to_a_file_that_was_opened_for_synchronous_writes_is_synced,
    a_database_loses_what_it_committed_without_a_sync,
    a_database_keeps_what_it_committed_whatever_a_disk_may_hold,
    a_shared_mapping_is_synced_by_msync_only,
    a_sync_of_the_whole_file_system_is_none,
    what_was_synced_survives_many_power_failures,
    power_may_fail_in_the_middle_of_everything,
    what_outlives_the_power_has_a_dead_disk_and_holds_up_nobody,
    a_disk_leaves_its_directory_and_nothing_else,
    a_node_that_loses_power_has_what_it_synced,
    a_power_failure_that_cannot_be_is_refused,
    every_step_from_one_state_to_another_is_counted_and_nothing_else,
    a_disk_stands_still_from_a_moment_on_until_its_power_fails,
    a_disk_that_stood_still_goes_on_where_it_was,
];

pub fn spec() -> DiskSpec {
    DiskSpec {
        seed: 7,
        sync_backing: false,
        directories: DirectorySync::Posix,
    }
}

/// Why this machine has no disks for the tests here, if it has none.
pub fn unavailable() -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let refused = Disk::mount(&data, &dir.path().join("removed"), spec()).err()?;
    Some(refused.to_string())
}

/// A disk in a temporary directory.
pub struct Place {
    // Dropped before its directory.
    pub disk: Disk,
    dir: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let disk = Disk::mount(&data, &dir.path().join("removed"), spec()).unwrap();
        Place { disk, dir }
    }

    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.disk.path())
            .stdin(Stdio::null());
        command
    }

    /// What a script of the shell prints, when it has succeeded.
    pub fn sh(&self, script: &str) -> String {
        let output = self.try_sh(script);
        assert!(output.status.success(), "{script}: {}", text(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn try_sh(&self, script: &str) -> Output {
        self.command("sh", &["-e", "-c", script]).output().unwrap()
    }

    fn sqlite(&self, statements: &str) -> String {
        let output = self.command("sqlite3", &["db", statements]).output().unwrap();
        assert!(output.status.success(), "{statements}: {}", text(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A transaction that is too large for memory, and so is in the journal and the database, but is not committed.
    fn transact_and_die(&self) {
        let mut command = self.command("sqlite3", &["db"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let statements = "PRAGMA synchronous=EXTRA; PRAGMA cache_size=2; BEGIN; WITH RECURSIVE c(x) AS (SELECT 1 UNION \
                          ALL SELECT x+1 FROM c WHERE x < 3000) INSERT INTO t SELECT -x FROM c; SELECT 'here';\n";
        stdin.write_all(statements.as_bytes()).unwrap();
        wait_for(&mut child, "here\n");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub fn lose_everything(&self) -> Lost {
        self.disk.lose_power(LossPolicy::Everything).unwrap()
    }
}

pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Whether a program that is not ours and not part of every system is here.
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        assert!(
            !crate::suite::must_not_skip(),
            "nothing is skipped in CI: {program} is missing"
        );
        println!("skipped: no {program} here");
    }
    found
}

fn random_calls_have_the_same_answers_as_on_a_plain_directory() {
    let program = std::env::current_exe().unwrap();
    let mut answers = 0;
    for seed in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let deep = |name: &str| {
            let path = (0..conformance::DEPTH).fold(dir.path().join(name), |path, _| path.join("deep"));
            std::fs::create_dir_all(&path).unwrap();
            path
        };
        let (data, plain) = (deep("ours"), deep("theirs"));
        // Where holes are depends on what is on the disk underneath.
        let sync_backing = true;
        let spec = DiskSpec {
            sync_backing,
            ..spec()
        };
        let disk = Disk::mount(&data, &dir.path().join("removed"), spec).unwrap();
        let made = |dir: &Path| {
            let output = Command::new(&program)
                .args(["conformance", dir.to_str().unwrap(), &seed.to_string(), "600"])
                .output()
                .unwrap();
            assert!(output.status.success(), "seed {seed}: {}", text(&output));
            text(&output)
        };
        let (ours, theirs) = (made(&data), made(&plain));
        let different = ours
            .lines()
            .zip(theirs.lines())
            .find(|(ours, theirs)| ours != theirs);
        assert_eq!(different, None, "seed {seed}: disk, plain directory");
        assert_eq!(ours.len(), theirs.len(), "seed {seed}");
        answers += ours.lines().filter(|line| line.contains("Ok")).count();
        drop(disk);
        assert_eq!(
            conformance::tree(&data),
            conformance::tree(&plain),
            "seed {seed}: the directory underneath"
        );
    }
    assert!(
        answers > 3000,
        "too many calls are refused by both: {answers} of 12000 are not"
    );
}

fn a_script_loses_what_it_did_not_sync() {
    let place = Place::new();
    place.sh("printf old > a; sync a .; printf newer > a; printf b > b; dd if=/dev/zero of=c bs=1k count=4 conv=fsync");
    assert_eq!(place.sh("cat a b"), "newerb");
    let lost = place.lose_everything();
    assert_eq!(place.sh("cat a; ls"), "olda\n");
    assert_eq!((lost.files, lost.torn), (2, 0), "{lost:?}");
    assert!(lost.writes >= 3 && lost.bytes >= 5, "{lost:?}");
    assert_eq!(
        place.lose_everything(),
        Lost::default(),
        "there is nothing more to lose"
    );
}

fn a_removal_and_a_rename_need_a_sync_of_their_directory() {
    let place = Place::new();
    place.sh("printf old > state; printf x > junk; mkdir d; printf y > d/y; sync state junk d/y d .");
    place.sh("printf new > state.new; sync state.new; mv state.new state; rm junk; mv d/y .; rmdir d");
    assert_eq!(place.sh("cat state; ls"), "newstate\ny\n");
    let lost = place.lose_everything();
    assert_eq!((lost.renames, lost.removals), (2, 3), "{lost:?}");
    assert_eq!(place.sh("cat state junk d/y; ls"), "oldxyd\njunk\nstate\n");
    place.sh("printf new > state.new; sync state.new; mv state.new state; rm junk; sync .");
    assert_eq!(place.lose_everything(), Lost::default());
    assert_eq!(place.sh("cat state; ls"), "newd\nstate\n");
    // The classic: the rename is there, what was written before it is not.
    place.sh("printf newest > state.new; mv state.new state; sync .");
    assert_eq!(place.lose_everything().bytes, 6);
    assert_eq!(place.sh("wc -c < state"), "0\n");
}

fn a_write_to_a_file_that_was_opened_for_synchronous_writes_is_synced() {
    for flag in ["dsync", "sync", "direct,dsync"] {
        let place = Place::new();
        place.sh("touch log; sync log .");
        place.sh(&format!(
            "dd if=/dev/zero of=log bs=4096 count=3 conv=notrunc oflag={flag}"
        ));
        place.sh("dd if=/dev/zero of=log bs=4096 count=1 seek=3 conv=notrunc");
        assert_eq!(place.lose_everything().bytes, 4096, "{flag}");
        assert_eq!(place.sh("wc -c < log"), "12288\n", "{flag}");
    }
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS t (n INTEGER);";

fn a_database_loses_what_it_committed_without_a_sync() {
    if !has("sqlite3") {
        return;
    }
    let place = Place::new();
    place.sqlite(&format!(
        "PRAGMA synchronous=EXTRA; {TABLE} INSERT INTO t VALUES (1);"
    ));
    place.sh("sync .");
    place.sqlite("PRAGMA synchronous=OFF; INSERT INTO t VALUES (2);");
    assert_eq!(place.sqlite("SELECT n FROM t;"), "1\n2\n");
    assert!(place.lose_everything().anything());
    assert_eq!(place.sqlite("SELECT n FROM t;"), "1\n");
    // FULL does not sync the directory after the journal is removed (sqlite.org/pragma.html#pragma_synchronous): the
    // journal is back, and what was committed last is rolled back.
    place.sqlite("PRAGMA synchronous=FULL; INSERT INTO t VALUES (3);");
    assert_eq!(place.lose_everything().removals, 1);
    assert_eq!(place.sqlite("SELECT n FROM t;"), "1\n");
}

fn a_database_keeps_what_it_committed_whatever_a_disk_may_hold() {
    if !has("sqlite3") {
        return;
    }
    let place = Place::new();
    place.sqlite(TABLE);
    place.sh("sync db .");
    let mut lost = Lost::default();
    for round in 1..=20 {
        place.sqlite(&format!(
            "PRAGMA synchronous=EXTRA; INSERT INTO t VALUES ({round});"
        ));
        place.transact_and_die();
        let more = place.disk.lose_power(LossPolicy::Drawn).unwrap();
        lost.writes += more.writes;
        lost.torn += more.torn;
        assert_eq!(place.sqlite("PRAGMA integrity_check;"), "ok\n", "round {round}");
        let kept: String = (1..=round).map(|n| format!("{n}\n")).collect();
        assert_eq!(place.sqlite("SELECT n FROM t;"), kept, "round {round}");
    }
    assert!(
        lost.writes > 0 && lost.torn > 0,
        "it had something to lose: {lost:?}"
    );
}

fn a_shared_mapping_is_synced_by_msync_only() {
    if !has("python3") {
        return;
    }
    let script = "import mmap, os, sys
file = os.open('map', os.O_RDWR)
memory = mmap.mmap(file, 8192)
memory[0:6] = b'synced'
memory.flush()
memory[4096:4100] = b'lost'
assert os.pread(file, 4, 4096) == b'lost'
";
    // Killed, it loses nothing: the kernel writes out what is mapped when the process ends.
    let place = Place::new();
    place.sh("dd if=/dev/zero of=map bs=8192 count=1; sync map .");
    place
        .command("python3", &["-c", &format!("{script}os.kill(os.getpid(), 9)")])
        .output()
        .unwrap();
    assert_eq!(place.sh("tr -d '\\0' < map"), "syncedlost");
    // That was a write, but no sync.
    assert_eq!(place.lose_everything().writes, 1);
    assert_eq!(place.sh("tr -d '\\0' < map"), "synced");
    // It is gone too when the power fails before the kernel has written it out.
    let waits = format!("{script}print('here', flush=True)\nimport time\ntime.sleep(60)");
    let mut child = place
        .command("python3", &["-c", &waits])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(&mut child, "here\n");
    place.disk.cut_power();
    child.kill().unwrap();
    child.wait().unwrap();
    place.lose_everything();
    assert_eq!(place.sh("tr -d '\\0' < map"), "synced");
}

fn wait_for(child: &mut Child, line: &str) {
    let mut told = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut told).unwrap();
    assert_eq!(told, line);
}

/// A limit that is documented: the kernel does not tell a FUSE file system about it.
fn a_sync_of_the_whole_file_system_is_none() {
    let place = Place::new();
    place.sh("printf x > a; sync; sync -f a");
    assert_eq!(place.lose_everything().files, 1);
}

fn what_was_synced_survives_many_power_failures() {
    let place = Place::new();
    place.sh("touch log; sync log .");
    let mut kept = 0;
    let mut lost = Lost::default();
    for round in 0..30 {
        // Ten lines synced, then some that are not, some of them over the sectors of the synced ones.
        place.sh(&format!(
            "for i in 1 2 3 4 5 6 7 8 9 10; do echo line of round {round}; done > more; cat more >> log; sync log; \
             for i in 1 2 3; do cat more more more more more >> log; done; mv more less; rm less"
        ));
        kept += 10;
        let more = place.disk.lose_power(LossPolicy::Drawn).unwrap();
        lost.torn += more.torn;
        lost.files += more.files;
        let lines = place.sh(&format!(
            "head -n {kept} log | cut -d ' ' -f 4 | uniq -c | tr -s ' '"
        ));
        let expected: String = (0..=round).map(|n| format!(" 10 {n}\n")).collect();
        assert_eq!(lines, expected, "round {round}");
        place.sh(&format!(
            "head -n {kept} log > next; sync next; mv next log; rm -f more less; sync ."
        ));
    }
    assert!(lost.torn > 0 && lost.files > 0, "{lost:?}");
}

fn power_may_fail_in_the_middle_of_everything() {
    let place = Place::new();
    let program = std::env::current_exe().unwrap();
    let program = program.to_str().unwrap();
    let mut lost = Lost::default();
    for round in 0..10 {
        let busy = |worker: u32| {
            let dir = format!("{round}-{worker}/deep/deep/deep/deep");
            place.sh(&format!("mkdir -p {dir}; sync {round}-{worker} ."));
            let seed = (round * 10 + worker).to_string();
            let mut command = place.command(program, &["conformance", &dir, &seed, "1000000"]);
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        let mut children: Vec<Child> = (0..4).map(busy).collect();
        for child in &mut children {
            let lines = BufReader::new(child.stdout.take().unwrap()).lines();
            assert_eq!(lines.take(300).count(), 300, "round {round}");
        }
        place.disk.cut_power();
        for mut child in children {
            // It may have ended by itself, of EIO.
            let _ = child.kill();
            child.wait().unwrap();
        }
        let more = place.disk.lose_power(LossPolicy::Drawn).unwrap();
        lost.writes += more.writes;
        lost.renames += more.renames;
        lost.removals += more.removals;
        // Everything that is there can be looked at.
        place.sh("find . -type f -exec cat {} + | wc -c");
    }
    assert!(
        lost.writes > 0 && lost.renames > 0 && lost.removals > 0,
        "{lost:?}"
    );
}

fn what_outlives_the_power_has_a_dead_disk_and_holds_up_nobody() {
    let place = Place::new();
    place.sh("printf x > a; sync a .");
    let script = "exec 3< a; echo here; read line; cat <&3";
    let mut command = place.command("sh", &["-c", script]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    wait_for(&mut child, "here\n");
    assert_eq!(place.lose_everything(), Lost::default());
    assert_eq!(place.sh("cat a"), "x");
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    let told = text(&child.wait_with_output().unwrap());
    assert!(told.contains("not connected"), "{told}");
}

fn a_disk_leaves_its_directory_and_nothing_else() {
    let place = Place::new();
    place.sh("printf x > a; printf y > b; sync a b .; rm b; mkdir d; printf z > d/z");
    drop(place.disk);
    assert_eq!(
        std::fs::read_dir(place.dir.path()).unwrap().count(),
        1,
        "data, and no removed"
    );
    let data = place.dir.path().join("data");
    assert_eq!(std::fs::read_to_string(data.join("a")).unwrap(), "x");
    assert_eq!(std::fs::read_to_string(data.join("d/z")).unwrap(), "z");
    assert!(!data.join("b").exists());
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(data.to_str().unwrap()), "{mounts}");
}

fn a_node_that_loses_power_has_what_it_synced() {
    run(async |dir| {
        let cluster = serving_on_disks(dir, 2);
        let mut exits = cluster.exits();
        for node in ["n1", "n2"] {
            cluster.start(node).await.unwrap();
            for path in ["/append/synced", "/sync", "/append/+lost"] {
                get(&cluster, node, path).await.unwrap();
            }
            assert_eq!(get(&cluster, node, "/content").await.unwrap(), "synced+lost");
        }
        // A kill alone loses nothing.
        cluster.kill("n2").await.unwrap();
        cluster.start("n2").await.unwrap();
        assert_eq!(get(&cluster, "n2", "/content").await.unwrap(), "synced+lost");
        let failed = cluster.lose_power("n1", LossPolicy::Everything).await.unwrap();
        assert_eq!((failed.lost.writes, failed.lost.bytes), (1, 5), "{failed:?}");
        assert!(failed.killed.pid > 1);
        assert_eq!(cluster.state("n1"), NodeState::Down);
        cluster.start("n1").await.unwrap();
        assert_eq!(get(&cluster, "n1", "/content").await.unwrap(), "synced");
        // While it waits for a disk that does not answer.
        let disk = cluster.disk("n1").unwrap();
        let id = disk.install(hanging(&[Request::Sync]));
        assert!(get(&cluster, "n1", "/sync").await.is_err());
        assert_eq!(disk.counters(id).unwrap().felt, 1);
        cluster.lose_power("n1", LossPolicy::Drawn).await.unwrap();
        disk.heal(id).unwrap();
        cluster.start("n1").await.unwrap();
        cluster.stop_all().await;
        assert!(exits.try_recv().is_err(), "all of these ends were asked for");
        drop(cluster);
        assert_eq!(
            std::fs::read_to_string(dir.join("nodes/n2/data/log")).unwrap(),
            "synced+lost"
        );
    });
}

fn a_power_failure_that_cannot_be_is_refused() {
    run(async |dir| {
        let cluster = serving_on_disks(dir, 1);
        let refused = cluster
            .lose_power("n1", LossPolicy::Everything)
            .await
            .unwrap_err();
        assert_eq!(refused.to_string(), "fail the power: kill n1: it is down, not up");
        let refused = cluster.lose_power("n7", LossPolicy::Everything).await;
        assert!(matches!(
            refused,
            Err(PowerError::Kill(KillError::Unknown { .. }))
        ));
        drop(cluster);
        let cluster = crate::processes::serving(&dir.join("other"), 1);
        assert!(cluster.disk("n1").is_none());
        let refused = cluster
            .lose_power("n1", LossPolicy::Everything)
            .await
            .unwrap_err();
        assert!(
            refused.to_string().contains("it has no disk of its own"),
            "{refused}"
        );
    });
}

fn every_step_from_one_state_to_another_is_counted_and_nothing_else() {
    let place = Place::new();
    place.sh("printf x > b");
    let far = |script: &str, then_requests| {
        let moment = place.disk.after_a_change(then_requests, false);
        place.sh(script);
        moment.progress()
    };
    use Progress::{Begun, Reached, Waiting};
    for (script, expected) in [
        ("rm -f a; printf x > a", [Reached, Reached, Reached, Begun]),
        ("printf y >> a; sync a", [Waiting; 4]),
        ("mv a c; sync .; mv c a", [Reached, Reached, Reached, Begun]),
        ("cat b; ls; test ! -e nothing", [Waiting; 4]),
    ] {
        let seen = [0, 1, 2, 3].map(|then_requests| far(script, then_requests));
        assert_eq!(seen, expected, "{script}");
    }
}

fn wait_until_reached(moment: &Moment) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(moment.at(Progress::Reached));
}

fn a_disk_stands_still_from_a_moment_on_until_its_power_fails() {
    let place = Place::new();
    for then_requests in [0, 1, 2, 3] {
        // Names, each made durable: which of them are there says where power failed, however late it did.
        let moment = place.disk.after_a_change(then_requests, true);
        let script = "touch a; sync .; touch b; sync .; touch c; sync .";
        // What the shell has started sees the errors of a disk without power.
        let mut command = place.command("sh", &["-c", script]);
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        wait_until_reached(&moment);
        // Long enough for all of the script, if it went on.
        std::thread::sleep(Duration::from_millis(100));
        child.kill().unwrap();
        place.disk.cut_power();
        drop(moment);
        child.wait().unwrap();
        place.lose_everything();
        let expected = ["", "a\n", "a\n", "a\nb\n"][then_requests as usize];
        assert_eq!(place.sh("ls"), expected, "{then_requests} requests later");
        place.sh("rm -f a b; sync .");
    }
}

fn a_disk_that_stood_still_goes_on_where_it_was() {
    let place = Place::new();
    let moment = place.disk.after_a_change(1, true);
    let script = "touch a; sync .; touch b; sync .";
    let mut child = place.command("sh", &["-c", script]).spawn().unwrap();
    wait_until_reached(&moment);
    assert!(child.try_wait().unwrap().is_none());
    drop(moment);
    assert!(child.wait().unwrap().success());
    place.lose_everything();
    assert_eq!(place.sh("ls"), "a\nb\n");
}
