//! Which programs libfaketime can reach, read from their files before anything is started.
//!
//! It is loaded by the dynamic linker and answers in place of the C library. A program that has no dynamic linker,
//! or that asks the kernel itself, never notices it; a fault that it does not feel must be refused by its name.
//! Others would be harmed by it: all versions so far turn a wait for a condition until a moment of the monotonic clock
//! into one that ends at once, or much too late, while the time of day is off.
//!
//! Only the program that is started is looked at, and what runs it when it is a script. What a shell script starts
//! in turn is for the evidence to tell (see [`super::ClockReading`]); what its libraries do, nobody tells.

use crate::sandbox::Missing;
use memchr::memmem;
use object::read::elf::{ElfFile, FileHeader, ProgramHeader};
use object::read::{FileKind, ReadCache, ReadRef};
use object::{Endianness, Object, ObjectKind, ObjectSection, elf};
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A script may be run by a script, as often as the kernel allows.
const SCRIPTS_MAX: usize = 5;

/// Tables of names beyond this size are not read.
const NAMES_BYTES_MAX: u64 = 64 << 20;

/// Whether the clock of this program can be changed; `path` is where programs are looked for, as in `PATH`.
///
/// # Errors
/// What the program is that its clock cannot be, and what to do about it.
pub fn reach(argv: &[String], path: &OsStr, library: &Traits) -> Result<(), Missing> {
    let mut words = argv.to_vec();
    for _ in 0..SCRIPTS_MAX {
        let program = words.first().cloned().unwrap_or_default();
        let file = find(&program, path)
            .ok_or_else(|| missing(format!("there is no program {program}"), "see [node] command"))?;
        match interpreter(&file).map_err(|why| unreadable(&file, &why))? {
            Some(by) => words = by,
            None => return judge(&file, library),
        }
    }
    Err(missing(
        format!("{} is a script run by a script, run by a script, ..", argv[0]),
        "name the program itself in [node] command",
    ))
}

/// What decides whether a library can be loaded into a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traits {
    machine: elf::Machine,
    is_64: bool,
    glibc: bool,
    /// Sleeps until a moment of the monotonic clock go wrong: libfaketime before 0.9.11.
    breaks_absolute_sleeps: bool,
}

impl Traits {
    /// Those of a libfaketime.
    ///
    /// # Errors
    /// When it is no library of this kind, in words.
    pub fn of_library(file: &Path) -> Result<Traits, String> {
        let facts = facts(file)?;
        Ok(Traits {
            machine: facts.machine,
            is_64: facts.is_64,
            glibc: facts.glibc,
            // The name of a variable that came with the same version as the repair.
            breaks_absolute_sleeps: !facts.knows_disable_shm,
        })
    }

    /// What programs have to put up with, in words; empty when there is nothing.
    pub fn caution(&self) -> &'static str {
        if self.breaks_absolute_sleeps {
            ", older than 0.9.11: sleeps until a moment of the monotonic clock go wrong under it"
        } else {
            ""
        }
    }

    /// Whether it is for the machine that this program itself is for.
    pub fn is_native(&self) -> bool {
        facts(Path::new("/proc/self/exe"))
            .is_ok_and(|own| (own.machine, own.is_64) == (self.machine, self.is_64))
    }
}

fn judge(file: &Path, library: &Traits) -> Result<(), Missing> {
    let facts = facts(file).map_err(|why| unreadable(file, &why))?;
    let refuse = |what: &str, fix: &str| Err(missing(format!("{} {what}", file.display()), fix));
    const OTHER: &str =
        "test it without clock faults, or use a build of it that links the C library dynamically";
    if facts.go {
        // Go asks the kernel itself, also where it links the C library for other things.
        return refuse(
            "is a Go program, which does not ask the C library for the time",
            "test it without clock faults",
        );
    }
    if facts.linker.is_empty() {
        return refuse(
            "is statically linked, and libfaketime is loaded by the dynamic linker",
            OTHER,
        );
    }
    if (facts.machine, facts.is_64) != (library.machine, library.is_64) {
        return refuse(
            "is for another machine or word size than libfaketime",
            "install the libfaketime of the program's architecture and name it in HARNESS_LIBFAKETIME",
        );
    }
    if facts.linker.contains("ld-musl") == library.glibc {
        return refuse("uses another C library than libfaketime", OTHER);
    }
    if facts.waits_by_monotonic_clock {
        // It takes the moment for one of the time of day: an hour behind, a wait of a second takes an hour.
        return refuse(
            "waits until a moment of the monotonic clock (as Java, Python and Node.js do), which libfaketime gets \
             wrong while the time of day is off",
            "test it without clock faults",
        );
    }
    let metadata = file
        .metadata()
        .map_err(|why| unreadable(file, &why.to_string()))?;
    let privileged = metadata.permissions().mode() & 0o6000 != 0;
    if privileged && metadata.uid() != nix::unistd::geteuid().as_raw() {
        return refuse(
            "changes the user (setuid), and then no library may be preloaded",
            "start it without that",
        );
    }
    Ok(())
}

fn missing(reason: String, fix: &str) -> Missing {
    Missing {
        reason,
        fix: fix.to_owned(),
    }
}

fn unreadable(file: &Path, why: &str) -> Missing {
    missing(
        format!("{} cannot be looked at: {why}", file.display()),
        "test it without clock faults",
    )
}

/// The file of a program, as `execvp` finds it.
pub fn find(program: &str, path: &OsStr) -> Option<PathBuf> {
    let runs = |file: &Path| {
        let metadata = file.metadata();
        metadata.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|file| runs(file));
    }
    std::env::split_paths(path)
        .map(|dir| dir.join(program))
        .find(|file| !program.is_empty() && runs(file))
}

/// What runs a script: the words of its first line, and through `env` if it says so. `None` when it is no script.
fn interpreter(file: &Path) -> Result<Option<Vec<String>>, String> {
    let mut start = Vec::new();
    let opened = File::open(file).map_err(|why| why.to_string())?;
    opened
        .take(256)
        .read_to_end(&mut start)
        .map_err(|why| why.to_string())?;
    let Some(line) = start.strip_prefix(b"#!") else {
        return Ok(None);
    };
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    if words.first().is_some_and(|word| word.ends_with("/env")) {
        let program = words
            .iter()
            .skip(1)
            .position(|word| !word.starts_with('-') && !word.contains('='))
            .ok_or("its first line starts env, but nothing with it")?;
        words.drain(..=program);
    }
    if words.is_empty() {
        return Err("its first line is #! and names nothing".to_owned());
    }
    Ok(Some(words))
}

/// What a program file says about itself.
#[derive(Debug, Default)]
struct Facts {
    machine: elf::Machine,
    is_64: bool,
    /// The dynamic linker; empty when there is none.
    linker: String,
    go: bool,
    glibc: bool,
    waits_by_monotonic_clock: bool,
    knows_disable_shm: bool,
}

fn facts(file: &Path) -> Result<Facts, String> {
    let opened = File::open(file).map_err(|why| why.to_string())?;
    let data = ReadCache::new(opened);
    match FileKind::parse(&data) {
        Ok(FileKind::Elf64) => facts_of::<elf::FileHeader64<Endianness>, _>(&data),
        Ok(FileKind::Elf32) => facts_of::<elf::FileHeader32<Endianness>, _>(&data),
        _ => Err("it is neither an ELF program nor a script".to_owned()),
    }
}

fn facts_of<'data, Elf, R>(data: R) -> Result<Facts, String>
where
    Elf: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let broken = |why: object::Error| format!("its ELF headers are broken: {why}");
    let file = ElfFile::<Elf, R>::parse(data).map_err(broken)?;
    let endian = file.endian();
    let mut facts = Facts {
        machine: file.elf_header().e_machine(endian),
        is_64: file.is_64(),
        ..Facts::default()
    };
    for segment in file.elf_program_headers() {
        if let Some(linker) = segment.interpreter(endian, data).map_err(broken)? {
            facts.linker = String::from_utf8_lossy(linker).into_owned();
        }
    }
    for section in file.sections() {
        let name = section.name_bytes().unwrap_or_default();
        facts.go |= matches!(name, b".go.buildinfo" | b".note.go.buildid" | b".gopclntab");
        let wanted = name == b".dynstr" || (name == b".rodata" && file.kind() == ObjectKind::Dynamic);
        if !wanted || section.size() > NAMES_BYTES_MAX {
            continue;
        }
        let bytes = section.data().map_err(broken)?;
        let holds = |text: &[u8]| memmem::find(bytes, text).is_some();
        if name == b".dynstr" {
            facts.glibc = holds(b"GLIBC_2");
            // Java and Python may do it in a library of theirs.
            let tells: [&[u8]; 3] = [
                b"\0pthread_condattr_setclock\0",
                b"\0JLI_Launch\0",
                b"\0Py_BytesMain\0",
            ];
            facts.waits_by_monotonic_clock = tells.iter().any(|name| holds(name));
        } else {
            facts.knows_disable_shm = holds(b"FAKETIME_DISABLE_SHM");
        }
    }
    Ok(facts)
}

#[cfg(test)]
mod tests;
