//! What a disk costs: the same work on it, on one that does not pass syncs on, and in a plain directory, in turns.
//!
//! The work is done by a process of its own ([`main`]), as nodes do it.

use cluster::{DirectorySync, Disk, DiskSpec};
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// Each work is done this often; the median counts.
const ROUNDS: usize = 5;

/// A kind of work: its name, how much of it, and in which unit.
const WORK: [(&str, u64, &str); 8] = [
    ("append 256 B + fdatasync, 1 writer", 1000, "/s"),
    ("append 256 B + fdatasync, 8 writers", 4000, "/s"),
    ("overwrite 4 KiB + fdatasync", 1000, "/s"),
    ("write 1 MiB", 512, "MiB/s"),
    ("read 64 KiB, cached", 32_768, "/s"),
    ("open + close", 20_000, "/s"),
    ("stat", 100_000, "/s"),
    ("create + rename + unlink", 4000, "/s"),
];

/// `directory work`: does it and prints how many nanoseconds it took.
pub fn main(arguments: &[&str]) -> ExitCode {
    let [dir, work] = arguments else {
        panic!("which directory, and which work?")
    };
    let (dir, number): (&Path, usize) = (dir.as_ref(), work.parse().unwrap());
    println!("{}", work_in(dir, number, WORK[number].1).as_nanos());
    ExitCode::SUCCESS
}

fn work_in(dir: &Path, number: usize, count: u64) -> Duration {
    let path = dir.join("file");
    let name = WORK[number].0;
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path)
        .unwrap();
    file.write_all_at(&vec![1; 1 << 20], 0).unwrap();
    file.sync_all().unwrap();
    let begun = Instant::now();
    match number {
        0 => append(&dir.join("log"), count),
        1 => std::thread::scope(|scope| {
            for writer in 0..8 {
                scope.spawn(move || append(&dir.join(format!("log{writer}")), count / 8));
            }
        }),
        2 => (0..count).for_each(|i| {
            file.write_all_at(&[2; 4096], i % 256 * 4096).unwrap();
            file.sync_data().unwrap();
        }),
        3 => {
            let block = vec![3; 1 << 20];
            (0..count).for_each(|i| file.write_all_at(&block, i << 20).unwrap());
        }
        4 => {
            let mut bytes = vec![0; 64 << 10];
            (0..count).for_each(|i| file.read_exact_at(&mut bytes, (i % 16) << 16).unwrap());
        }
        5 => (0..count).for_each(|_| drop(File::open(&path).unwrap())),
        6 => (0..count).for_each(|_| assert!(path.exists())),
        7 => (0..count).for_each(|_| {
            let (one, other) = (dir.join("one"), dir.join("other"));
            File::create(&one).unwrap();
            std::fs::rename(&one, &other).unwrap();
            std::fs::remove_file(&other).unwrap();
        }),
        _ => panic!("no such work: {name}"),
    }
    begun.elapsed()
}

fn append(path: &Path, count: u64) {
    let mut log = File::options().append(true).create(true).open(path).unwrap();
    for _ in 0..count {
        log.write_all(&[4; 256]).unwrap();
        log.sync_data().unwrap();
    }
}

/// Prints a line for each kind of work.
pub fn disks() {
    println!(
        "{:<36} {:>11} {:>17} {:>17}",
        "", "plain", "disk", "disk, no backing sync"
    );
    for (number, (name, count, unit)) in WORK.iter().enumerate() {
        let mut seconds: [Vec<f64>; 3] = Default::default();
        for _ in 0..ROUNDS {
            for (kind, taken) in seconds.iter_mut().enumerate() {
                taken.push(once(kind, number));
            }
        }
        let rate = seconds.map(|mut taken| {
            taken.sort_by(f64::total_cmp);
            *count as f64 / taken[ROUNDS / 2]
        });
        let ratio = |i: usize| rate[i] / rate[0];
        println!(
            "{name:<36} {:>11.0} {:>10.0} ({:.2}) {:>10.0} ({:.2}) {unit}",
            rate[0],
            rate[1],
            ratio(1),
            rate[2],
            ratio(2)
        );
    }
    power_failures();
}

/// Seconds for some work in a fresh directory: plain, on a disk, on one that does not sync its backing.
fn once(kind: usize, number: usize) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let spec = DiskSpec {
        seed: 0,
        sync_backing: kind == 1,
        directories: DirectorySync::Posix,
    };
    let _disk = (kind > 0).then(|| Disk::mount(&data, &dir.path().join("removed"), spec).unwrap());
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["disk-work", data.to_str().unwrap(), &number.to_string()])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let nanoseconds: f64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    nanoseconds / 1e9
}

/// How long a disk takes to come, and to lose what a node has not synced.
fn power_failures() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let spec = DiskSpec {
        seed: 0,
        sync_backing: false,
        directories: DirectorySync::Posix,
    };
    let begun = Instant::now();
    let disk = Disk::mount(&data, &dir.path().join("removed"), spec).unwrap();
    println!("{:<36} {:>9.1} ms", "mount", begun.elapsed().as_secs_f64() * 1e3);
    for (what, script) in [
        ("nothing", "true"),
        (
            "100 MB over synced bytes",
            "head -c 100000000 /dev/zero > a; sync a .; head -c 100000000 /dev/zero | dd of=a bs=64k conv=notrunc",
        ),
        ("1000 new files", "for i in $(seq 1000); do : > $i; done"),
    ] {
        let done = Command::new("sh")
            .args(["-c", script])
            .current_dir(&data)
            .output()
            .unwrap();
        assert!(done.status.success());
        let begun = Instant::now();
        disk.lose_power(cluster::LossPolicy::Everything).unwrap();
        println!(
            "{:<36} {:>9.1} ms",
            format!("power failure, {what}"),
            begun.elapsed().as_secs_f64() * 1e3
        );
    }
    std::io::stdout().flush().unwrap();
}
