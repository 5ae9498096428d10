//! The files of a run, and no others.
//!
//! A path is opened by the kernel on the condition that it neither leaves the run's folder nor passes a link
//! (`openat2` with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS): there is nothing to check beforehand that could have
//! changed when it is opened.

use super::answer::{self, STORED_PAGES};
use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open as open_folder, openat2};
use nix::sys::stat::Mode;
use results::browse::run::RunFile;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use tokio_util::io::ReaderStream;

/// How many files a page lists.
const LISTED_MAX: usize = 500;
/// How deep folders are looked into.
const DEPTH_MAX: usize = 6;

/// A file that was opened.
pub struct Opened {
    file: File,
    bytes: u64,
    kind: &'static str,
}

/// Opens a file of a run by its path, seen from the run's folder. None when there is no such file, or it is not one.
pub fn open(run: &Path, path: &str) -> Option<Opened> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    let folder = open_folder(run, flags, Mode::empty()).ok()?;
    let how = OpenHow::new()
        // A pipe in the place of a file would otherwise be waited for.
        .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)
        .resolve(
            ResolveFlag::RESOLVE_BENEATH
                | ResolveFlag::RESOLVE_NO_SYMLINKS
                | ResolveFlag::RESOLVE_NO_MAGICLINKS,
        );
    let file = File::from(openat2(folder.as_fd(), Path::new(path), how).ok()?);
    let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    Some(Opened {
        file,
        bytes: metadata.len(),
        kind: kind(path),
    })
}

/// What a file is, by its name. What is not known is only to be saved.
fn kind(path: &str) -> &'static str {
    let extension = Path::new(path)
        .extension()
        .and_then(|it| it.to_str())
        .unwrap_or_default();
    match extension {
        "html" => "text/html; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "xml" => "application/xml",
        "jsonl" | "log" | "txt" | "md" | "toml" | "edn" | "csv" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

impl Opened {
    /// The file as an answer: as much of it as there was when it was opened.
    pub fn answer(self) -> Response {
        let file = tokio::fs::File::from_std(self.file);
        let as_much = tokio::io::AsyncReadExt::take(file, self.bytes);
        let mut response = Body::from_stream(ReaderStream::new(as_much)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        headers.insert(header::CONTENT_LENGTH, self.bytes.into());
        if self.kind == "application/octet-stream" {
            headers.insert(
                header::CONTENT_DISPOSITION,
                HeaderValue::from_static("attachment"),
            );
        }
        answer::with_policy(response, STORED_PAGES)
    }
}

/// The files of a run, and how many more there are. Links are not among them.
pub fn list(run: &Path) -> (Vec<RunFile>, usize) {
    let mut files = Vec::new();
    let mut left_out = 0;
    let mut waiting = vec![(run.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = waiting.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else {
                continue;
            };
            let path = format!("{prefix}{name}");
            if kind.is_dir() && depth < DEPTH_MAX {
                waiting.push((entry.path(), format!("{path}/"), depth + 1));
            } else if kind.is_file() && files.len() < LISTED_MAX {
                let bytes = entry.metadata().map_or(0, |it| it.len());
                files.push(RunFile { path, bytes });
            } else if kind.is_file() {
                left_out += 1;
            }
        }
    }
    files.sort_by(|a, b| (a.path.matches('/').count(), &a.path).cmp(&(b.path.matches('/').count(), &b.path)));
    (files, left_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn nothing_outside_the_folder_is_opened_and_no_link_is_followed() {
        let place = tempfile::tempdir().unwrap();
        let run = place.path().join("run");
        fs::create_dir_all(run.join("nodes/n1")).unwrap();
        fs::write(place.path().join("secret"), "s").unwrap();
        fs::write(run.join("nodes/n1/stderr.log"), "log").unwrap();
        symlink(place.path().join("secret"), run.join("link.txt")).unwrap();
        symlink(place.path(), run.join("out")).unwrap();
        symlink("nodes", run.join("inside")).unwrap();
        nix::unistd::mkfifo(&run.join("pipe"), Mode::S_IRWXU).unwrap();
        let found = open(&run, "nodes/n1/stderr.log").unwrap();
        assert_eq!((found.bytes, found.kind), (3, "text/plain; charset=utf-8"));
        let secret = place.path().join("secret").display().to_string();
        for bad in [
            "../secret",
            "nodes/../../secret",
            "link.txt",
            "out/secret",
            "inside/n1/stderr.log",
            "pipe",
            "nodes",
            "",
            ".",
            "..",
            "/",
            &secret,
            "a\0b",
            "/proc/self/environ",
            "nope",
        ] {
            assert!(open(&run, bad).is_none(), "{bad}");
        }
        symlink(&run, place.path().join("alias")).unwrap();
        assert!(open(&place.path().join("alias"), "nodes/n1/stderr.log").is_none());
        let (files, left_out) = list(&run);
        let paths: Vec<&str> = files.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(
            (paths.as_slice(), left_out),
            (["nodes/n1/stderr.log"].as_slice(), 0)
        );
    }

    #[test]
    fn what_is_not_known_is_only_to_be_saved() {
        assert_eq!(kind("report.html"), "text/html; charset=utf-8");
        assert_eq!(kind("nodes/n1/data/x"), "application/octet-stream");
        assert_eq!(kind("capture.pcapng"), "application/octet-stream");
    }
}
