//! libfaketime: where it is, what it needs around it, and that it does what we count on.
//!
//! It keeps two things in shared memory for a process and its children: a lock, and the *anchor* that every time
//! is computed from. Left alone, each node has an anchor of its own that nobody else knows, kill -9 leaves the
//! files behind in `/dev/shm`, and the next process with the same id stumbles over them. So the sandbox gets a
//! `/dev/shm` of its own; one process makes the files there, once; and every start of a node gets fresh copies of
//! them under a name of ours. All have the same anchor then, which is read off a clock that stands still on it
//! (rate 0), and a node that is killed while it holds the lock locks out nobody.
//!
//! Nothing in here knows what is in these files; what it counts on is tried when it is set up.

use super::installed::{self, OVERRIDE};
use super::probe;
use super::reach::{self, Traits};
use crate::sandbox::{self, Missing};
use crate::system::CommandLine;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where POSIX shared memory is.
pub const SHARED_MEMORY: &str = "/dev/shm";

/// The control file of the programs that it is tried with.
const TRIAL: &str = "/dev/shm/harness_trial_offset";

/// libfaketime, ready for use.
#[derive(Debug)]
pub struct Library {
    file: String,
    traits: Traits,
    /// The file of a `date` that it works with.
    date: PathBuf,
    /// The lock and the anchor as a process leaves them: what their files are called, and their bytes.
    pristine: Vec<(Part, Vec<u8>)>,
    anchor_ns: i128,
}

/// A file in shared memory: what libc adds to the name, and which of the two it is.
#[derive(Debug)]
struct Part {
    prefix: String,
    what: &'static str,
}

impl Library {
    /// Finds it and tries it. Inside the sandbox only.
    ///
    /// # Errors
    /// What is missing, and how to get it.
    pub fn prepare() -> Result<Library, Missing> {
        let (file, traits) = installed::find(std::env::var_os(OVERRIDE).as_deref())?;
        sandbox::own_shared_memory().map_err(|why| Missing {
            reason: format!("the sandbox cannot have a {SHARED_MEMORY} of its own: {why}"),
            fix: "see the kernel's log, or test without clock faults".to_owned(),
        })?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let tool = |name: &str| {
            reach::reach(&[name.to_owned()], &path, &traits)?;
            Ok::<_, Missing>(reach::find(name, &path).expect("it was found just now"))
        };
        let (date, cat) = (tool("date")?, tool("cat")?);
        let mut library = Library {
            file,
            traits,
            date,
            pristine: Vec::new(),
            anchor_ns: 0,
        };
        library.pristine = library
            .make_pristine(&cat)
            .map_err(|why| unfit(&library.file, &why))?;
        library.anchor_ns = library.find_anchor().map_err(|why| unfit(&library.file, &why))?;
        Ok(library)
    }

    /// Whether it reaches the program of a command.
    ///
    /// # Errors
    /// Why not; see [`reach`].
    pub fn reaches(&self, command: &CommandLine) -> Result<(), Missing> {
        let own = std::env::var_os("PATH").unwrap_or_default();
        let path = command.env.get("PATH").map_or(own.as_os_str(), OsStr::new);
        reach::reach(&command.argv, path, &self.traits)
    }

    /// In words: its file, and what there is to know about it.
    pub fn described(&self) -> String {
        let caution = self.traits.caution();
        format!("{}{caution}", self.file)
    }

    /// The moment that every time is computed from, in nanoseconds of the machine's real-time clock.
    pub fn anchor_ns(&self) -> i128 {
        self.anchor_ns
    }

    /// What is added to the environment of a program whose clock is to obey a control file. `name` tells its files
    /// in shared memory from others'; see [`Library::renew`].
    pub fn environment(&self, control: &str, name: &str, command: &CommandLine) -> BTreeMap<String, String> {
        let of_node = |key: &str| command.env.get(key).cloned();
        let preload = match of_node("LD_PRELOAD") {
            Some(more) => format!("{}:{more}", self.file),
            None => self.file.clone(),
        };
        let mut env: BTreeMap<String, String> = [
            ("LD_PRELOAD", preload.as_str()),
            ("FAKETIME_TIMESTAMP_FILE", control),
            // Read at every look at the clock: the cache counts in whole seconds.
            ("FAKETIME_NO_CACHE", "1"),
            // The monotonic clock of a machine neither jumps nor strobes; programs hang when it does.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
            // Else all files would seem to be of another age whenever the clock jumps.
            ("NO_FAKE_STAT", "1"),
            ("FAKETIME_SHARED", &format!("/{name}_lock /{name}_anchor")),
            // It reads numbers as the program's locale writes them.
            ("LC_NUMERIC", "C"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
        // LC_ALL would overrule LC_NUMERIC; LANG says the same of everything else.
        if let Some(locale) = of_node("LC_ALL").or_else(|| std::env::var("LC_ALL").ok()) {
            env.insert("LANG".to_owned(), locale);
            env.insert("LC_ALL".to_owned(), String::new());
        }
        env
    }

    /// Fresh files in shared memory for a program that is about to be started.
    pub fn renew(&self, name: &str) -> io::Result<()> {
        for (part, bytes) in &self.pristine {
            let file = Path::new(SHARED_MEMORY).join(format!("{}{name}_{}", part.prefix, part.what));
            match fs::remove_file(&file) {
                Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
                _ => fs::write(&file, bytes)?,
            }
        }
        Ok(())
    }

    /// What time a program of this environment sees; see [`probe::look`].
    pub fn look(&self, control: &str, name: &str) -> Result<probe::Look, String> {
        self.renew(name)
            .map_err(|why| format!("{SHARED_MEMORY}: {why}"))?;
        let env = self.environment(control, name, &no_command());
        probe::look(&self.date, &env)
    }

    /// Lets a program that has begun make its files, and takes them.
    fn make_pristine(&self, cat: &Path) -> Result<Vec<(Part, Vec<u8>)>, String> {
        let io = |what: &'static str| move |why: io::Error| format!("{what}: {why}");
        fs::write(TRIAL, "+0\n").map_err(io(TRIAL))?;
        let mut env = self.environment(TRIAL, "none", &no_command());
        env.remove("FAKETIME_SHARED");
        let mut child = Command::new(cat)
            .env_clear()
            .envs(env)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(io("start cat"))?;
        let mut ask = || -> io::Result<()> {
            let (input, output) = (child.stdin.as_mut(), child.stdout.as_mut());
            let (Some(input), Some(output)) = (input, output) else {
                return Ok(());
            };
            // What comes back has gone through a program that has loaded the library and done its part.
            input.write_all(b"\n")?;
            output.read_exact(&mut [0])
        };
        let begun = ask();
        let pid = child.id();
        // Killed, it cannot take its files away.
        let ended = child.kill().and_then(|()| child.wait());
        begun.and(ended.map(drop)).map_err(io("ask cat for a byte"))?;
        take_files(pid).map_err(io(SHARED_MEMORY))
    }

    /// The anchor, off a clock that stands still; and whether that is what all see.
    fn find_anchor(&self) -> Result<i128, String> {
        let see = |line: &str| -> Result<probe::Look, String> {
            fs::write(TRIAL, line).map_err(|why| format!("{TRIAL}: {why}"))?;
            self.look(TRIAL, "harness_trial")
        };
        let (first, second) = (see("+0 x0\n")?, see("+0 x0\n")?);
        if first.shown_ns != second.shown_ns {
            return Err("two programs do not count from the same moment".to_owned());
        }
        let hour_ms = 3_600_000.0;
        for (line, expected) in [("+3600\n", hour_ms), ("-3600\n", -hour_ms), ("+0\n", 0.0)] {
            let seen = see(line)?;
            let off = seen.offset_ns() as f64 / 1e6 - expected;
            if off.abs() > 1.0 + seen.doubt_ns() as f64 / 1e6 {
                return Err(format!(
                    "told {:?}, a clock is off by {off:.1} ms from that",
                    line.trim()
                ));
            }
        }
        Ok(first.shown_ns)
    }
}

/// The files that process made, with what it called them turned into what they are.
fn take_files(pid: u32) -> io::Result<Vec<(Part, Vec<u8>)>> {
    let names = [
        (format!("faketime_sem_{pid}"), "lock"),
        (format!("faketime_shm_{pid}"), "anchor"),
    ];
    let mut taken = Vec::new();
    for entry in fs::read_dir(SHARED_MEMORY)? {
        let file = entry?.path();
        let name = file.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let known = names
            .iter()
            .find_map(|(own, what)| Some((name.strip_suffix(own.as_str())?, *what)));
        if let Some((prefix, what)) = known {
            let part = Part {
                prefix: prefix.to_owned(),
                what,
            };
            taken.push((part, fs::read(&file)?));
            fs::remove_file(&file)?;
        }
    }
    if taken.len() != names.len() {
        return Err(io::Error::other(
            "a program under libfaketime leaves no files in it",
        ));
    }
    Ok(taken)
}

fn no_command() -> CommandLine {
    CommandLine {
        argv: Vec::new(),
        env: BTreeMap::new(),
    }
}

fn unfit(file: &str, why: &str) -> Missing {
    Missing {
        reason: format!("{file} does not do what clock faults need: {why}"),
        fix: format!("name another libfaketime in {OVERRIDE}, or test without clock faults"),
    }
}
