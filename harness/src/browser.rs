//! Opening a page in the user's browser: `--open`.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// Opens a file or an address with `$BROWSER`, or with what the desktop says. Says where it is when that fails.
pub fn open(what: &OsStr) {
    let chosen = std::env::var_os("BROWSER").filter(|it| !it.is_empty());
    let program = chosen.unwrap_or_else(|| "xdg-open".into());
    let started = Command::new(&program)
        .arg(what)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = started {
        eprintln!(
            "note: failed to open it with {}: {error}; set BROWSER, or open {} yourself",
            program.display(),
            what.display()
        );
    }
}
