//! What a power failure does to a volume, one statement at a time. No mount is needed. Random operations are in
//! [`model`].

mod model;

use super::journal::Id;
use super::power::{Draw, LossPolicy, Lost};
use super::saved::Bounds;
use super::volume::{Attributes, Kind, Owner, ROOT, Volume};
use super::{DirectorySync, DiskSpec};
use nix::errno::Errno;
use nix::fcntl::RenameFlags;
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const OWNER: Owner = Owner { uid: 0, gid: 0 };

struct Scene {
    dir: tempfile::TempDir,
    volume: Volume,
}

fn open(path: &Path) -> Arc<OwnedFd> {
    std::fs::create_dir_all(path).unwrap();
    Arc::new(File::open(path).unwrap().into())
}

impl Scene {
    fn new(bounds: Bounds) -> Scene {
        let dir = tempfile::tempdir().unwrap();
        let volume = volume(dir.path(), bounds, DirectorySync::Posix);
        Scene { dir, volume }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Makes a file with this content and opens it.
    fn file(&self, dir: Id, name: &str, content: &[u8]) -> Id {
        let id = self
            .volume
            .make(dir, name.as_ref(), Kind::File(0o644), owner())
            .unwrap()
            .id;
        self.volume.write(id, 0, content).unwrap();
        id
    }

    fn fail(&self) -> Lost {
        self.volume
            .lose(&mut Draw::new(LossPolicy::Everything, 0, 0))
            .unwrap()
    }

    fn content(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.data().join(name)).ok()
    }
}

fn volume(dir: &Path, bounds: Bounds, directories: DirectorySync) -> Volume {
    let spec = DiskSpec {
        seed: 0,
        sync_backing: false,
        directories,
    };
    Volume::new(open(&dir.join("data")), open(&dir.join("removed")), bounds, spec).unwrap()
}

fn owner() -> Owner {
    Owner {
        uid: nix::unistd::geteuid().as_raw(),
        gid: nix::unistd::getegid().as_raw(),
    }
}

fn name(text: &str) -> &OsStr {
    text.as_ref()
}

#[test]
fn what_was_written_and_not_synced_is_gone() {
    let scene = Scene::new(Bounds::default());
    let id = scene.file(ROOT, "log", b"synced");
    scene.volume.sync(id, true).unwrap();
    scene.volume.sync_dir(ROOT).unwrap();
    scene.volume.write(id, 3, b"over the end").unwrap();
    let lost = scene.fail();
    assert_eq!(scene.content("log").unwrap(), "synced");
    assert_eq!((lost.writes, lost.bytes, lost.torn), (1, 12, 0));
}

#[test]
fn a_file_whose_directory_was_not_synced_is_not_there_though_it_was() {
    let scene = Scene::new(Bounds::default());
    let id = scene.file(ROOT, "log", b"synced");
    scene.volume.sync(id, false).unwrap();
    assert_eq!(
        scene.fail(),
        Lost {
            files: 1,
            ..Lost::default()
        }
    );
    assert_eq!(scene.content("log"), None);
}

#[test]
fn a_rename_that_survives_its_content_leaves_an_empty_file() {
    let scene = Scene::new(Bounds::default());
    let old = scene.file(ROOT, "state", b"old");
    scene.volume.sync(old, false).unwrap();
    scene.volume.sync_dir(ROOT).unwrap();
    scene.file(ROOT, "state.new", b"new");
    scene
        .volume
        .rename(
            (ROOT, name("state.new")),
            (ROOT, name("state")),
            RenameFlags::empty(),
        )
        .unwrap();
    scene.volume.sync_dir(ROOT).unwrap();
    assert_eq!(scene.fail().bytes, 3);
    assert_eq!(scene.content("state").unwrap(), "");
}

#[test]
fn a_rename_that_was_not_synced_brings_back_what_it_replaced() {
    let scene = Scene::new(Bounds::default());
    let old = scene.file(ROOT, "state", b"old");
    let new = scene.file(ROOT, "state.new", b"new");
    scene.volume.sync(old, false).unwrap();
    scene.volume.sync(new, false).unwrap();
    scene.volume.sync_dir(ROOT).unwrap();
    scene
        .volume
        .rename(
            (ROOT, name("state.new")),
            (ROOT, name("state")),
            RenameFlags::empty(),
        )
        .unwrap();
    assert_eq!(scene.content("state").unwrap(), "new");
    let lost = scene.fail();
    assert_eq!((lost.renames, lost.removals), (1, 1));
    assert_eq!(
        (
            scene.content("state").unwrap(),
            scene.content("state.new").unwrap()
        ),
        ("old".into(), "new".into())
    );
}

#[test]
fn a_removed_file_is_back_with_what_was_synced_of_it() {
    let scene = Scene::new(Bounds::default());
    let id = scene.file(ROOT, "wal", b"synced");
    scene.volume.sync(id, false).unwrap();
    scene.volume.sync_dir(ROOT).unwrap();
    scene
        .volume
        .set(
            id,
            &Attributes {
                size: Some(0),
                ..Attributes::default()
            },
        )
        .unwrap();
    scene.volume.remove(ROOT, name("wal"), false).unwrap();
    assert_eq!(scene.content("wal"), None);
    assert_eq!(scene.fail().removals, 1);
    assert_eq!(scene.content("wal").unwrap(), "synced");
}

#[test]
fn a_removal_that_was_synced_is_final_and_takes_no_space() {
    let scene = Scene::new(Bounds::default());
    let id = scene.file(ROOT, "wal", b"synced");
    scene.volume.sync_dir(ROOT).unwrap();
    scene.volume.remove(ROOT, name("wal"), false).unwrap();
    let removed = || {
        std::fs::read_dir(scene.dir.path().join("removed"))
            .unwrap()
            .count()
    };
    scene.volume.sync_dir(ROOT).unwrap();
    assert_eq!(removed(), 1, "it is still open");
    let mut buffer = [0; 6];
    assert_eq!(scene.volume.read(id, 0, &mut buffer).unwrap(), 6);
    scene.volume.release(id);
    scene.volume.forget(id, 1);
    assert_eq!(removed(), 0);
    assert_eq!(scene.fail(), Lost::default());
}

#[test]
fn a_new_directory_goes_with_what_was_synced_in_it() {
    let scene = Scene::new(Bounds::default());
    let dir = scene
        .volume
        .make(ROOT, name("d"), Kind::Directory(0o755), owner())
        .unwrap()
        .id;
    let inner = scene
        .volume
        .make(dir, name("e"), Kind::Directory(0o755), owner())
        .unwrap()
        .id;
    let id = scene.file(inner, "f", b"synced");
    scene.volume.sync(id, false).unwrap();
    scene.volume.sync_dir(inner).unwrap();
    scene.volume.sync_dir(dir).unwrap();
    assert_eq!(scene.fail().files, 3);
    assert_eq!(std::fs::read_dir(scene.data()).unwrap().count(), 0);
}

#[test]
fn where_the_journal_is_one_any_sync_makes_every_directory_durable() {
    let mut scene = Scene::new(Bounds::default());
    scene.volume = volume(scene.dir.path(), Bounds::default(), DirectorySync::Journaled);
    let dir = scene
        .volume
        .make(ROOT, name("d"), Kind::Directory(0o755), owner())
        .unwrap()
        .id;
    let id = scene.file(dir, "f", b"not synced");
    let other = scene.file(ROOT, "g", b"synced");
    scene.volume.sync(other, true).unwrap();
    scene
        .volume
        .rename((dir, name("f")), (ROOT, name("f")), RenameFlags::empty())
        .unwrap();
    let lost = scene.fail();
    assert_eq!(
        (lost.files, lost.renames, lost.bytes),
        (0, 1, 10),
        "{lost:?} {id}"
    );
    assert_eq!(scene.content("g").unwrap(), "synced");
    assert_eq!(
        scene.content("d/f").unwrap(),
        "",
        "its content needs a sync of its own"
    );
}

/// Found by the random test below: the inner directory had been synced in the outer, but the outer never.
#[test]
fn a_durable_file_survives_its_rename_into_directories_that_were_not() {
    let scene = Scene::new(Bounds::default());
    let id = scene.file(ROOT, "f", b"synced");
    let old = scene
        .volume
        .make(ROOT, name("old"), Kind::Directory(0o755), owner())
        .unwrap()
        .id;
    scene
        .volume
        .rename((ROOT, name("f")), (old, name("f")), RenameFlags::empty())
        .unwrap();
    scene.volume.sync(id, false).unwrap();
    scene.volume.sync_dir(old).unwrap();
    let make = |dir, at: &str| {
        scene
            .volume
            .make(dir, name(at), Kind::Directory(0o755), owner())
            .unwrap()
            .id
    };
    let outer = make(ROOT, "outer");
    let inner = make(outer, "inner");
    scene.volume.sync_dir(outer).unwrap();
    scene
        .volume
        .rename((old, name("f")), (inner, name("f")), RenameFlags::empty())
        .unwrap();
    scene.volume.sync_dir(old).unwrap();
    scene.fail();
    assert_eq!(scene.content("outer/inner/f").unwrap(), "synced");
}

#[test]
fn what_was_condemned_is_lost_though_a_later_sync_succeeds() {
    let scene = Scene::new(Bounds::default());
    let id = scene.file(ROOT, "log", b"old old");
    scene.volume.sync(id, false).unwrap();
    scene.volume.sync_dir(ROOT).unwrap();
    scene.volume.write(id, 0, b"new").unwrap();
    scene.volume.condemn(id).unwrap();
    scene.volume.write(id, 4, b"now").unwrap();
    scene.volume.sync(id, false).unwrap();
    assert_eq!(scene.content("log").unwrap(), "new now");
    scene.fail();
    assert_eq!(scene.content("log").unwrap(), "old now");
}

#[test]
fn what_was_condemned_and_written_again_is_synced_by_the_next_sync() {
    let scene = Scene::new(Bounds::default());
    let id = scene.file(ROOT, "log", b"old old");
    scene.volume.sync(id, false).unwrap();
    scene.volume.sync_dir(ROOT).unwrap();
    scene.volume.write(id, 0, b"new").unwrap();
    scene.volume.condemn(id).unwrap();
    scene.volume.write(id, 0, b"now").unwrap();
    scene.volume.sync(id, false).unwrap();
    assert!(!scene.fail().anything());
    assert_eq!(scene.content("log").unwrap(), "now old");
}

#[test]
fn a_file_for_whose_old_bytes_there_is_no_room_counts_as_written_back() {
    let scene = Scene::new(Bounds {
        memory: 4096,
        file: 8192,
    });
    let id = scene.file(ROOT, "big", &[1; 20_000]);
    scene.volume.sync(id, false).unwrap();
    scene.volume.sync_dir(ROOT).unwrap();
    for offset in [0, 4_000, 8_000] {
        scene.volume.write(id, offset, &[2; 4_000]).unwrap();
    }
    assert_eq!(scene.volume.written_back(), 0);
    scene.volume.write(id, 12_000, &[2; 4_000]).unwrap();
    assert_eq!(scene.volume.written_back(), 1);
    assert!(!scene.fail().anything());
    assert_eq!(
        std::fs::read(scene.data().join("big")).unwrap()[..16_000],
        [2; 16_000]
    );
}

#[test]
fn names_that_lead_out_of_a_directory_are_refused() {
    let scene = Scene::new(Bounds::default());
    std::fs::write(scene.dir.path().join("secret"), "").unwrap();
    for out in ["..", ".", "../secret", "a/b", ""] {
        assert_eq!(
            scene.volume.lookup(ROOT, name(out)).unwrap_err(),
            Errno::EINVAL,
            "{out:?}"
        );
        assert_eq!(
            scene.volume.remove(ROOT, name(out), false).unwrap_err(),
            Errno::EINVAL,
            "{out:?}"
        );
        assert!(
            scene
                .volume
                .make(ROOT, name(out), Kind::File(0o644), OWNER)
                .is_err(),
            "{out:?}"
        );
        assert!(
            scene
                .volume
                .rename((ROOT, name(out)), (ROOT, name("x")), RenameFlags::empty())
                .is_err()
        );
    }
}

#[test]
fn a_symbolic_link_is_not_followed() {
    let scene = Scene::new(Bounds::default());
    std::fs::write(scene.dir.path().join("secret"), "out of reach").unwrap();
    let link = scene
        .volume
        .make(ROOT, name("link"), Kind::Symlink("../secret".as_ref()), owner())
        .unwrap()
        .id;
    assert_eq!(scene.volume.target(link).unwrap(), "../secret");
    assert_eq!(scene.volume.open(link).unwrap_err(), Errno::EINVAL);
    assert_eq!(
        scene.volume.read(link, 0, &mut [0; 8]).unwrap_err(),
        Errno::EINVAL
    );
}
