//! What this machine allows: each capability tried for real, in a child process whose namespaces take everything
//! with them when it ends.
//!
//! For the doctor's report; what only some faults need is asked for by itself. A test run asks here first for that, and
//! finds out the rest by doing, with the same reasons and the same remedies.

use crate::clock::Library;
use crate::disk::{DirectorySync, Disk, DiskError, DiskSpec};
use crate::kernel;
use crate::network::{Network, NetworkError};
use crate::sandbox::{
    Identity, Missing, NAMESPACES, SandboxError, diagnose_namespaces, note_inside, refuse_threads,
    settle_loopback, settle_mounts,
};
use nix::sys::signal::Signal;
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, geteuid};
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::net::{Ipv4Addr, TcpListener};

/// Something that runs need, and whether this machine has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    /// What it is.
    pub name: &'static str,
    /// Whether no run can do without it.
    pub required: bool,
    /// A detail about what there is, or what is missing and how to get it.
    pub ok: Result<String, Missing>,
}

type Step = (&'static str, bool, fn() -> Result<String, Missing>);

/// What is tried inside, one after the other; each needs those before it, and runs need those that say so.
const STEPS: [Step; 4] = [
    ("mounts of one's own", true, || {
        settle_mounts().map_err(diagnose_namespaces)?;
        Ok("cut loose from the machine's".to_owned())
    }),
    ("network of one's own", true, || {
        settle_loopback().map_err(diagnose_namespaces)?;
        Ok("an empty one, loopback switched on".to_owned())
    }),
    ("virtual network", true, || {
        let nodes = ["n1", "n2"].map(str::to_owned);
        let network = Network::start(&nodes, 0).map_err(network_missing)?;
        Ok(format!(
            "two nodes, {} and {}, through /dev/net/tun",
            network.ip("n1"),
            network.ip("n2")
        ))
    }),
    ("disks of one's own", false, try_disk),
];

/// What is tried for faults of disks alone.
const DISK_STEPS: [Step; 2] = [STEPS[0], STEPS[3]];

/// What is tried for clock faults; only they need it.
const CLOCK_STEPS: [Step; 2] = [
    STEPS[0],
    ("clock faults", false, || {
        let library = Library::prepare()?;
        Ok(format!("by {}", library.described()))
    }),
];

/// Tries what clock faults need, which no other run does. Like [`capabilities`]. Where there are no namespaces, that
/// is what is missing.
///
/// # Errors
/// When it cannot be tried.
pub fn clocks() -> Result<Capability, SandboxError> {
    last_of(&CLOCK_STEPS)
}

/// Tries a disk, and nothing else that [`capabilities`] tries. Like [`clocks`].
///
/// # Errors
/// When it cannot be tried.
pub fn disks() -> Result<Capability, SandboxError> {
    last_of(&DISK_STEPS)
}

fn last_of(steps: &[Step; 2]) -> Result<Capability, SandboxError> {
    let (name, required, _) = steps[1];
    let last = try_all(steps)?.pop().expect("there is at least the first");
    Ok(Capability {
        name,
        required,
        ok: last.ok,
    })
}

/// Tries what does without all of that: proxies on loopback addresses. Nothing of it is left when this returns.
pub fn proxies() -> Capability {
    let nodes = ["n1", "n2"].map(str::to_owned);
    let tried = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
    let tried = tried
        .map_err(|why| why.to_string())
        .and_then(|free| Network::start_proxies(&nodes, &[free.port()], 0).map_err(|why| why.to_string()));
    let ok = match tried {
        Ok(network) => Ok(format!(
            "two nodes, {} and {}",
            network.ip("n1"),
            network.ip("n2")
        )),
        Err(reason) => Err(Missing {
            reason,
            fix: "switch on the loopback interface: `sudo ip link set lo up`".to_owned(),
        }),
    };
    Capability {
        name: "network of proxies",
        required: false,
        ok,
    }
}

/// Mounts a disk in a directory that only this process sees.
fn try_disk() -> Result<String, Missing> {
    let failed = |why: std::io::Error| Missing {
        reason: format!("there is no place to try a disk at ({why})"),
        fix: "set TMPDIR to a directory that there is".to_owned(),
    };
    // A run has its disks in its own folder: what it needs is not where temporary files are.
    let places = [std::env::temp_dir(), "/tmp".into(), "/mnt".into()];
    let dir = places.iter().find(|dir| dir.is_dir()).unwrap_or(&places[0]);
    let none: Option<&str> = None;
    nix::mount::mount(
        Some("none"),
        dir,
        Some("tmpfs"),
        nix::mount::MsFlags::empty(),
        none,
    )
    .map_err(|why| failed(why.into()))?;
    let data = dir.join("data");
    std::fs::create_dir(&data).map_err(failed)?;
    let spec = DiskSpec {
        seed: 0,
        sync_backing: false,
        directories: DirectorySync::Posix,
    };
    match Disk::mount(&data, &dir.join("removed"), spec) {
        Ok(_) => Ok("they can lose power and go wrong, through /dev/fuse".to_owned()),
        Err(DiskError::Fuse { missing, .. }) => Err(missing),
        Err(other) => Err(Missing {
            reason: other.to_string(),
            fix: "see the kernel's log".to_owned(),
        }),
    }
}

/// Tries what every run in the sandbox needs, and nothing else. Like [`capabilities`], for those who are about to run.
///
/// # Errors
/// When it cannot be tried.
pub fn required() -> Result<Vec<Capability>, SandboxError> {
    let steps: Vec<Step> = STEPS.into_iter().filter(|(_, required, _)| *required).collect();
    try_all(&steps)
}

/// Tries everything that every run needs, and a disk. Like [`crate::sandbox::enter`], call it before any thread exists.
///
/// # Errors
/// When it cannot be tried. What was tried and is not there is no error, but in the list.
pub fn capabilities() -> Result<Vec<Capability>, SandboxError> {
    try_all(&STEPS)
}

fn try_all(steps: &[Step]) -> Result<Vec<Capability>, SandboxError> {
    refuse_threads()?;
    let identity = Identity::current().map_err(SandboxError::io("read /proc/self/uid_map"))?;
    let (go, tell_go) = std::io::pipe().map_err(SandboxError::io("make a pipe"))?;
    let (results, tell) = std::io::pipe().map_err(SandboxError::io("make a pipe"))?;
    let name = "user, process, mount and network namespaces";
    match kernel::clone_process(NAMESPACES) {
        Err(why) => Ok(vec![Capability {
            name,
            required: true,
            ok: Err(diagnose_namespaces(why)),
        }]),
        Ok(None) => {
            drop((tell_go, results));
            try_steps(steps, go, tell);
            kernel::exit_now(0)
        }
        Ok(Some(child)) => {
            drop((go, tell));
            collect(name, steps, child, &identity, tell_go, results)
        }
    }
}

/// In the child: does every step until one fails, and tells each result as a line.
fn try_steps(steps: &[Step], mut go: PipeReader, mut tell: PipeWriter) {
    if nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).is_err() || go.read_exact(&mut [0]).is_err() {
        return;
    }
    note_inside();
    for (_, _, step) in steps {
        let result = step();
        let line = match &result {
            Ok(detail) => serde_json::json!({ "detail": detail }),
            Err(missing) => serde_json::json!({ "reason": missing.reason, "fix": missing.fix }),
        };
        // Nobody reads any more when the parent is gone, and then we are killed.
        let _ = writeln!(tell, "{line}");
        if result.is_err() {
            return;
        }
    }
}

/// In the parent: lets the child go on, and makes a list of what it tells.
fn collect(
    name: &'static str,
    steps: &[Step],
    child: Pid,
    identity: &Identity,
    mut tell_go: PipeWriter,
    mut results: PipeReader,
) -> Result<Vec<Capability>, SandboxError> {
    let introduced = identity.give_to(child).and_then(|()| tell_go.write_all(&[1]));
    // A child that was not let go on reads the end of the pipe, and ends.
    drop(tell_go);
    let mut text = String::new();
    let read = results.read_to_string(&mut text);
    waitpid(child, None).map_err(SandboxError::call("wait for the child that tries"))?;
    let user = geteuid();
    let whom = if user.is_root() {
        "as root".to_owned()
    } else {
        format!("as user {user}, without privileges")
    };
    let ok = introduced.map(|()| whom).map_err(|why| Missing {
        reason: format!("the user's id cannot be mapped into a namespace ({why})"),
        fix: "run as another user, or outside the container".to_owned(),
    });
    let mut list = vec![Capability {
        name,
        required: true,
        ok,
    }];
    read.map_err(SandboxError::io("read what the child found"))?;
    for (&(name, required, _), line) in steps.iter().zip(text.lines()) {
        let told: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        let field = |field: &str| told[field].as_str().map(str::to_owned);
        let ok = match (field("detail"), field("reason"), field("fix")) {
            (Some(detail), _, _) => Ok(detail),
            (None, Some(reason), Some(fix)) => Err(Missing { reason, fix }),
            _ => break,
        };
        list.push(Capability { name, required, ok });
    }
    let all_well = list.iter().all(|capability| capability.ok.is_ok());
    if all_well && list.len() <= steps.len() {
        // It died in the middle of a step: of the kernel, for instance, that kills what seccomp forbids.
        let (name, required, _) = steps[list.len() - 1];
        let reason = "the attempt did not survive".to_owned();
        list.push(Capability {
            name,
            required,
            ok: Err(Missing {
                reason,
                fix: "see the kernel's log".to_owned(),
            }),
        });
    }
    Ok(list)
}

fn network_missing(error: NetworkError) -> Missing {
    match error {
        NetworkError::Tun(missing) => missing,
        other => Missing {
            reason: other.to_string(),
            fix: "see the kernel's log".to_owned(),
        },
    }
}
