//! Where libfaketime is on this machine.

use super::reach::Traits;
use crate::sandbox::Missing;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// Names another libfaketime than the machine's own.
pub const OVERRIDE: &str = "HARNESS_LIBFAKETIME";

/// Where libraries are, with and without a folder for the architecture.
const LIBRARY_DIRS: [&str; 4] = ["/usr/local/lib", "/usr/lib", "/usr/lib64", "/lib"];

/// The one for programs with threads comes first: it locks what the other does not.
const LIBRARY_NAMES: [&str; 2] = ["libfaketimeMT.so.1", "libfaketime.so.1"];

/// The library's file, the one that was named or the first that fits this machine.
pub fn find(named: Option<&OsStr>) -> Result<(String, Traits), Missing> {
    let fits = |file: &Path| Traits::of_library(file).is_ok_and(|traits| traits.is_native());
    let file = match named {
        Some(named) => PathBuf::from(named),
        None => candidates()
            .into_iter()
            .find(|file| fits(file))
            .ok_or_else(|| Missing {
                reason: "libfaketime is not installed".to_owned(),
                fix: format!("`apt-get install libfaketime`, or name its file in {OVERRIDE}"),
            })?,
    };
    let wrong = |why: String| Missing {
        reason: format!("{} cannot be preloaded: {why}", file.display()),
        fix: format!("name a libfaketime in {OVERRIDE}, or none to use the machine's"),
    };
    let file = fs::canonicalize(&file).map_err(|why| wrong(why.to_string()))?;
    let traits = Traits::of_library(&file).map_err(&wrong)?;
    if !traits.is_native() {
        return Err(wrong("it is for another machine".to_owned()));
    }
    match file.to_str() {
        Some(text) if !text.contains([' ', ':']) => Ok((text.to_owned(), traits)),
        _ => Err(wrong("its path has a space or a colon in it".to_owned())),
    }
}

fn candidates() -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    for dir in LIBRARY_DIRS.map(PathBuf::from) {
        // Debian's: /usr/lib/x86_64-linux-gnu/faketime.
        let of_architecture = fs::read_dir(&dir).into_iter().flatten().flatten();
        let of_architecture = of_architecture.map(|entry| entry.path());
        let mut of_architecture: Vec<_> = of_architecture
            .filter(|path| path.as_os_str().to_string_lossy().contains("-linux-"))
            .collect();
        of_architecture.sort();
        dirs.push(dir);
        dirs.extend(of_architecture);
    }
    let files = |name: &'static str| {
        let places = dirs
            .iter()
            .flat_map(move |dir| [dir.join("faketime").join(name), dir.join(name)]);
        places.filter(|file| file.is_file()).collect::<Vec<_>>()
    };
    LIBRARY_NAMES.into_iter().flat_map(files).collect()
}
