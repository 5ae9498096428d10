//! In what ways disks can misbehave while a node runs. That they lose what was not synced is not here: with `disk`
//! asked for, every kill is a power failure.

use crate::Target;
use crate::draw::between;
use history::Fault;
use history::fault::DiskEffect;
use rand::{Rng, RngExt};

/// A family of misbehaviours. How bad, and whose disk, is drawn anew each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiskForm {
    /// Everything takes longer.
    Slow,
    /// There is no room.
    Full,
    /// Syncs fail.
    SyncError,
    /// Writes fail.
    WriteError,
    /// Reads fail.
    ReadError,
    /// Bits are wrong.
    FlipBits,
    /// Blocks are what they were before.
    StaleBlocks,
}

impl DiskForm {
    /// Every form, in the order of the documentation.
    pub const ALL: [DiskForm; 7] = [
        DiskForm::Slow,
        DiskForm::Full,
        DiskForm::SyncError,
        DiskForm::WriteError,
        DiskForm::ReadError,
        DiskForm::FlipBits,
        DiskForm::StaleBlocks,
    ];

    /// Those that `disk` alone stands for. A disk that lies about what was written on it breaks what every
    /// protocol assumes of its nodes: that has to be asked for by name.
    pub const USUAL: [DiskForm; 4] = [
        DiskForm::Slow,
        DiskForm::Full,
        DiskForm::SyncError,
        DiskForm::WriteError,
    ];

    /// The name, as in `--nemesis disk:slow`.
    pub fn name(self) -> &'static str {
        match self {
            DiskForm::Slow => "slow",
            DiskForm::Full => "full",
            DiskForm::SyncError => "sync-error",
            DiskForm::WriteError => "write-error",
            DiskForm::ReadError => "read-error",
            DiskForm::FlipBits => "flip-bits",
            DiskForm::StaleBlocks => "stale-blocks",
        }
    }

    /// What it does, in one line.
    pub fn summary(self) -> &'static str {
        match self {
            DiskForm::Slow => "reads, writes and syncs take 2 to 200 ms longer",
            DiskForm::Full => "nothing that grows finds room",
            DiskForm::SyncError => "syncs fail with EIO, and what they should have kept may be gone",
            DiskForm::WriteError => "writes fail with EIO",
            DiskForm::ReadError => "reads fail with EIO; only by name",
            DiskForm::FlipBits => "bits of what is read back are wrong; only by name",
            DiskForm::StaleBlocks => {
                "blocks are read back as they were before they were written; only by name"
            }
        }
    }

    /// Whether a node that met it has to be started anew to be well again: it may have stopped for good, as it
    /// should when it cannot keep what it promises.
    pub fn needs_restart(effect: DiskEffect) -> bool {
        !matches!(effect, DiskEffect::Slow { .. })
    }

    /// A misbehaviour of this form of the disks of less than half of `nodes`.
    pub fn draw(self, nodes: &[String], rng: &mut impl Rng) -> Fault {
        let percent = |rng: &mut _| match Rng::next_u32(rng) % 3 {
            0 => 100,
            _ => between(rng, (2.0, 60.0)) as u8,
        };
        let effect = match self {
            DiskForm::Slow => DiskEffect::Slow {
                mean_ms: between(rng, (2.0, 200.0)),
            },
            DiskForm::Full => DiskEffect::Full,
            DiskForm::SyncError => DiskEffect::SyncError {
                percent: percent(rng),
            },
            DiskForm::WriteError => DiskEffect::WriteError {
                percent: percent(rng),
            },
            DiskForm::ReadError => DiskEffect::ReadError {
                percent: percent(rng),
            },
            DiskForm::FlipBits => DiskEffect::FlipBits {
                per_mille: between(rng, (1.0, 200.0)) as u16,
            },
            DiskForm::StaleBlocks => DiskEffect::StaleBlocks {
                per_mille: between(rng, (1.0, 200.0)) as u16,
            },
        };
        let target = if rng.random_bool(0.6) {
            Target::One
        } else {
            Target::Minority
        };
        Fault::Disk {
            nodes: target.draw(nodes, rng),
            effect,
        }
    }
}
