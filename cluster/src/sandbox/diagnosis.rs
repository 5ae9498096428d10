//! Why a machine refuses the sandbox, and what its owner can do about it.
//!
//! The kernel answers with one of three numbers for a dozen reasons; the settings that can be behind them are
//! read here, and the first that explains the refusal is named.

use nix::errno::Errno;
use std::io;

/// What is missing and how to get it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}; {fix}")]
pub struct Missing {
    /// What this machine lacks or refuses.
    pub reason: String,
    /// What to do about it, a command where there is one.
    pub fix: String,
}

/// Why the sandbox could not be entered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The process has more than its main thread.
    #[error("enter the sandbox with {threads} threads running; enter it first thing in main")]
    Threads {
        /// How many there are.
        threads: usize,
    },
    /// Namespaces are refused, or powerless.
    #[error("enter the sandbox: {0}")]
    Namespaces(#[source] Missing),
    /// Virtual network interfaces cannot be made.
    #[error("enter the sandbox: {0}")]
    Tun(#[source] Missing),
    /// A step that works on every supported machine did not.
    #[error("enter the sandbox: {what}: {source}")]
    Io {
        /// Which step.
        what: &'static str,
        /// The kernel's answer.
        source: io::Error,
    },
}

impl SandboxError {
    pub(crate) fn io(what: &'static str) -> impl Fn(io::Error) -> SandboxError {
        move |source| SandboxError::Io { what, source }
    }

    pub(crate) fn call(what: &'static str) -> impl Fn(Errno) -> SandboxError {
        move |why| SandboxError::Io {
            what,
            source: why.into(),
        }
    }
}

/// Why namespaces were refused with this error, going by the settings of this machine.
pub(crate) fn diagnose_namespaces(why: Errno) -> Missing {
    explain(why, nix::unistd::geteuid().is_root(), |setting| {
        let text = std::fs::read_to_string(format!("/proc/sys/{}", setting.replace('.', "/"))).ok()?;
        text.trim().parse().ok()
    })
}

/// Settings that switch namespaces off: name, the value that does, a value that does not. Root is exempt from the
/// first two (`kernel.`).
const SWITCHES: [(&str, i64, i64); 6] = [
    ("kernel.unprivileged_userns_clone", 0, 1),
    ("kernel.apparmor_restrict_unprivileged_userns", 1, 0),
    ("user.max_user_namespaces", 0, 15_000),
    ("user.max_pid_namespaces", 0, 15_000),
    ("user.max_mnt_namespaces", 0, 15_000),
    ("user.max_net_namespaces", 0, 15_000),
];

fn explain(why: Errno, is_root: bool, setting: impl Fn(&str) -> Option<i64>) -> Missing {
    for (name, off, on) in SWITCHES {
        let root_is_exempt = name.starts_with("kernel.");
        if setting(name) == Some(off) && !(is_root && root_is_exempt) {
            let or = if root_is_exempt { ", or run as root" } else { "" };
            return Missing {
                reason: format!("this machine does not give namespaces to its users ({name} = {off})"),
                fix: format!("`sudo sysctl -w {name}={on}`{or}"),
            };
        }
    }
    let (reason, fix) = match why {
        Errno::ENOSPC | Errno::EUSERS => (
            "the limit on namespaces is reached, or they are nested too deeply",
            "raise user.max_{user,pid,mnt,net}_namespaces with sysctl, or end what holds them (lsns)",
        ),
        Errno::EPERM | Errno::EACCES => (
            "user namespaces are not permitted here, as in a locked container (seccomp, or no new namespaces)",
            "run outside it, or start it with `--security-opt seccomp=unconfined --device /dev/net/tun`",
        ),
        Errno::EINVAL | Errno::ENOSYS => (
            "this kernel has no user namespaces",
            "run on one built with CONFIG_USER_NS, CONFIG_PID_NS and CONFIG_NET_NS",
        ),
        _ => ("namespaces cannot be made", "see namespaces(7)"),
    };
    Missing {
        reason: format!("{reason} ({why})"),
        fix: fix.to_owned(),
    }
}

/// Why `/dev/net/tun` could not be opened.
pub(crate) fn diagnose_tun(why: &io::Error) -> Missing {
    let (reason, fix) = match why.kind() {
        io::ErrorKind::NotFound => (
            "/dev/net/tun is missing",
            "`sudo modprobe tun`; in a container, start it with `--device /dev/net/tun`".to_owned(),
        ),
        // Debian's own rule for the device is mode 0666; making an interface needs a namespace of one's own.
        io::ErrorKind::PermissionDenied => (
            "this user may not open /dev/net/tun",
            "`sudo chmod 0666 /dev/net/tun` (the mode that udev gives it), or run as root; \
             in a container, start it with `--device /dev/net/tun`"
                .to_owned(),
        ),
        _ => (
            "/dev/net/tun cannot be opened",
            "`sudo modprobe tun`, or a kernel built with CONFIG_TUN".to_owned(),
        ),
    };
    Missing {
        reason: format!("{reason} ({why})"),
        fix,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: i64) -> impl Fn(&str) -> Option<i64> {
        move |asked| (asked == name).then_some(value)
    }

    #[test]
    fn each_switch_is_named_with_the_command_that_turns_it() {
        for (name, off, on) in SWITCHES {
            let missing = explain(Errno::EPERM, false, with(name, off));
            assert!(missing.reason.contains(&format!("{name} = {off}")), "{missing}");
            assert!(
                missing.fix.contains(&format!("sudo sysctl -w {name}={on}")),
                "{missing}"
            );
            let unrelated = explain(Errno::EPERM, false, with(name, on));
            assert!(!unrelated.reason.contains(name), "{unrelated}");
            let root = explain(Errno::EPERM, true, with(name, off));
            assert_eq!(root.reason.contains(name), name.starts_with("user."), "{root}");
        }
    }

    #[test]
    fn a_locked_container_and_a_full_limit_are_told_apart() {
        assert!(
            explain(Errno::EPERM, false, |_| None)
                .reason
                .contains("container")
        );
        assert!(explain(Errno::ENOSPC, false, |_| None).reason.contains("limit"));
        assert!(explain(Errno::EINVAL, false, |_| None).reason.contains("kernel"));
    }

    #[test]
    fn a_closed_tun_device_names_the_mode_that_opens_it() {
        let missing = diagnose_tun(&io::Error::from(io::ErrorKind::PermissionDenied));
        assert!(missing.fix.contains("sudo chmod 0666 /dev/net/tun"), "{missing}");
        let missing = diagnose_tun(&io::Error::from(io::ErrorKind::NotFound));
        assert!(missing.reason.contains("is missing"), "{missing}");
    }
}
