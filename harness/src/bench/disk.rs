//! The disk beneath the nodes: what it is, and how fast it syncs when nobody else uses it.

use anyhow::{Context, Result};
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a write is taken to be where a system does not count its bytes.
pub const USUAL_BYTES: usize = 1024;

/// File systems that keep nothing: a sync costs nothing there.
const MEMORY: [&str; 2] = ["tmpfs", "ramfs"];

/// Where the nodes have their data.
#[derive(Clone, Debug, Serialize)]
pub struct FileSystem {
    /// `ext4`, `xfs`, `tmpfs`; `unknown` where the kernel does not say.
    pub kind: String,
    /// Whether it is kept in memory: then nothing is durable, and the figures say nothing of a disk.
    pub in_memory: bool,
}

impl FileSystem {
    /// What has to be known before anything is believed.
    pub fn warning(&self) -> Option<String> {
        self.in_memory.then(|| {
            format!(
                "the data is on {}, where a sync costs nothing; choose a disk with --store",
                self.kind
            )
        })
    }
}

/// How fast the disk syncs: one write and `fdatasync` after the other.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Disk {
    /// How long each write was.
    pub write_bytes: usize,
    /// Syncs per second of one writer alone.
    pub alone_per_s: f64,
    /// Syncs per second of each of as many writers as there are nodes, side by side.
    pub side_by_side_per_s: f64,
}

/// The file system that a folder is on.
///
/// # Errors
/// When the folder is not there.
pub fn file_system(folder: &Path) -> Result<FileSystem> {
    let device = std::fs::metadata(folder)
        .with_context(|| format!("read {}", folder.display()))?
        .dev();
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let kind = kind(
        &mounts,
        nix::sys::stat::major(device),
        nix::sys::stat::minor(device),
    );
    let kind = kind.unwrap_or("unknown").to_owned();
    Ok(FileSystem {
        in_memory: MEMORY.contains(&kind.as_str()),
        kind,
    })
}

/// The kind of a device's file system; the third field of a line is the device, the one after the dash the kind.
fn kind(mounts: &str, major: u64, minor: u64) -> Option<&str> {
    let device = format!("{major}:{minor}");
    let line = mounts
        .lines()
        .find(|line| line.split(' ').nth(2) == Some(&device))?;
    line.split_once(" - ")?.1.split(' ').next()
}

/// Measures, with files of its own in `folder`.
///
/// # Errors
/// When they cannot be written.
pub fn measure(folder: &Path, write_bytes: usize, writers: u8, time: Duration) -> Result<Disk> {
    // What the nodes have left to be written would otherwise be written with the first sync.
    let failed = || format!("sync the file system of {}", folder.display());
    nix::unistd::syncfs(File::open(folder).with_context(failed)?).with_context(failed)?;
    let alone = syncs_per_s(&folder.join("alone"), write_bytes, time)?;
    let each = std::thread::scope(|scope| -> Result<Vec<f64>> {
        let start = |writer: u8| {
            let path = folder.join(format!("writer-{writer}"));
            scope.spawn(move || syncs_per_s(&path, write_bytes, time))
        };
        let threads: Vec<_> = (0..writers).map(start).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, Result<f64>>| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().map(join).collect()
    })?;
    Ok(Disk {
        write_bytes,
        alone_per_s: alone,
        side_by_side_per_s: each.iter().sum::<f64>() / f64::from(writers),
    })
}

fn syncs_per_s(path: &Path, write_bytes: usize, time: Duration) -> Result<f64> {
    let failed = || format!("write {}", path.display());
    let mut file = File::options()
        .append(true)
        .create_new(true)
        .open(path)
        .with_context(failed)?;
    let bytes = vec![b'x'; write_bytes];
    let (began, mut count) = (Instant::now(), 0);
    while count == 0 || began.elapsed() < time {
        file.write_all(&bytes).with_context(failed)?;
        file.sync_data().with_context(failed)?;
        count += 1;
    }
    Ok(f64::from(count) / began.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_is_known_by_its_device_whatever_is_mounted_around_it() {
        let mounts = "21 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/root rw\n\
                      22 21 0:5 / /dev rw - devtmpfs none rw\n\
                      23 21 0:31 / /a\\040b rw shared:9 - tmpfs tmpfs rw\n";
        assert_eq!(kind(mounts, 254, 0), Some("ext4"));
        assert_eq!(kind(mounts, 0, 31), Some("tmpfs"));
        assert_eq!(kind(mounts, 0, 3), None);
    }

    #[test]
    fn a_file_system_in_memory_is_never_passed_over_in_silence() {
        let of = |kind: &str, in_memory| FileSystem {
            kind: kind.to_owned(),
            in_memory,
        };
        assert!(
            of("tmpfs", true)
                .warning()
                .is_some_and(|text| text.contains("--store"))
        );
        assert_eq!(of("ext4", false).warning(), None);
    }

    #[test]
    fn the_disk_is_measured_alone_and_side_by_side() {
        let folder = tempfile::tempdir().unwrap();
        let disk = measure(folder.path(), 100, 2, Duration::from_millis(5)).unwrap();
        assert!(
            disk.alone_per_s > 0.0 && disk.side_by_side_per_s > 0.0,
            "{disk:?}"
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
