//! Exit codes: what a script learns without reading a word.
//!
//! 1 always and only means that a violation was found. clap's own code for bad usage (2) and Rust's for a
//! panic (101) are both mapped, since 2 means *unknown* here and 101 nothing.

use std::process::ExitCode;

/// A violation was found.
pub const INVALID: u8 = 1;
/// Not decided, or too little was tested.
pub const UNKNOWN: u8 = 2;
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

/// The exit code of a verdict where something else was asked for: that there is a violation, or that *unknown* is
/// no failure.
pub fn as_asked(code: u8, expect_invalid: bool, unknown_passes: bool) -> u8 {
    match code {
        INVALID if expect_invalid => 0,
        0 if expect_invalid => UNKNOWN,
        UNKNOWN if unknown_passes && !expect_invalid => 0,
        code => code,
    }
}

/// Runs a command's body and turns a panic into [`ERROR`].
pub fn guarded(body: impl FnOnce() -> ExitCode + std::panic::UnwindSafe) -> ExitCode {
    std::panic::catch_unwind(body).unwrap_or_else(|_| {
        crate::terminal::give_back();
        ExitCode::from(ERROR)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_violation_that_was_not_asked_for_is_1() {
        let codes = [0, INVALID, UNKNOWN, BAD_ARGUMENTS, ERROR, INTERRUPTED];
        assert_eq!(codes.map(|code| as_asked(code, false, false)), codes);
        assert_eq!(
            codes.map(|code| as_asked(code, true, false)),
            [2, 0, 2, 254, 255, 130]
        );
        assert_eq!(
            codes.map(|code| as_asked(code, false, true)),
            [0, 1, 0, 254, 255, 130]
        );
        assert_eq!(as_asked(UNKNOWN, true, true), UNKNOWN, "nothing was found");
    }

    #[test]
    fn a_panic_is_an_error_and_not_what_rust_makes_of_it() {
        let code = |code: ExitCode| format!("{code:?}");
        let panicked = guarded(|| panic!("on purpose"));
        assert_eq!(code(panicked), code(ExitCode::from(ERROR)));
        assert_eq!(
            code(guarded(|| ExitCode::from(INVALID))),
            code(ExitCode::from(INVALID))
        );
    }
}
