//! Exit codes: what a script learns without reading a word.
//!
//! 1 always and only means that a violation was found. clap's own code for bad usage (2) and Rust's for a
//! panic (101) are both mapped, since 2 means *unknown* here and 101 nothing.

use std::process::ExitCode;

/// Bad arguments.
pub const BAD_ARGUMENTS: u8 = 254;
/// Set-up failed, the harness failed: there is no verdict.
pub const ERROR: u8 = 255;
/// Stopped by a second Ctrl-C.
pub const INTERRUPTED: u8 = 130;
/// Stopped by SIGTERM.
pub const TERMINATED: u8 = 143;

/// Makes a panic on the main thread end with [`ERROR`]. Unwinding still runs, so that what was started is
/// stopped; a panic on another thread surfaces where that thread is joined.
pub fn map_panics() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        default(info);
        eprintln!("This is a defect of the harness, not of the system under test. No verdict was given.");
    }));
}

/// Runs a command's body and turns a panic into [`ERROR`].
pub fn guarded(body: impl FnOnce() -> ExitCode + std::panic::UnwindSafe) -> ExitCode {
    std::panic::catch_unwind(body).unwrap_or(ExitCode::from(ERROR))
}
