//! `harness.log` in a run's folder: what the harness itself had to say, apart from the history, which is about the
//! system. Warnings of the switch, of disks, of the recorder end up here, with their time.
//!
//! A process makes one run, so there is one log. What is severe, or with `-v` more, is also said on the screen.

use crate::progress::Voice;
use crate::redaction;
use results::RunDir;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{Mutex, OnceLock};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

static FILE: OnceLock<Mutex<File>> = OnceLock::new();
static VOICE: Mutex<Option<Voice>> = Mutex::new(None);

/// The parts of the harness, whose every word may be of interest; of libraries only the warnings are.
const OURS: [&str; 5] = ["harness", "cluster", "nemesis", "checker", "results"];

/// Begins to listen. `json` is the form of the file, `verbose` how much is said on the screen.
pub fn install(json: bool, verbose: u8) {
    let (on_file, on_screen) = match verbose {
        0 => (LevelFilter::INFO, LevelFilter::ERROR),
        1 => (LevelFilter::DEBUG, LevelFilter::INFO),
        _ => (LevelFilter::TRACE, LevelFilter::DEBUG),
    };
    let of = |level: LevelFilter| {
        let others = level.min(LevelFilter::WARN);
        Targets::new()
            .with_default(others)
            .with_targets(OURS.map(|it| (it, level)))
    };
    let file = tracing_subscriber::fmt::layer()
        .with_writer(|| ToFile)
        .with_ansi(false);
    let file = match json {
        true => file.json().boxed(),
        false => file.boxed(),
    };
    let screen = tracing_subscriber::fmt::layer()
        .with_writer(|| ToScreen)
        .with_ansi(false)
        .without_time()
        .with_target(false);
    let layers = tracing_subscriber::registry()
        .with(file.with_filter(of(on_file)))
        .with(screen.with_filter(of(on_screen)));
    // It can only fail because somebody listens already, which is as good.
    let _ = layers.try_init();
}

/// Writes into this run's folder from now on.
///
/// # Errors
/// When the file cannot be made.
pub fn keep_in(run: &RunDir) -> io::Result<()> {
    let file = File::options()
        .create(true)
        .append(true)
        .open(run.file("harness.log"))?;
    // A second run of this process would go on in the first one's log; there is none.
    let _ = FILE.set(Mutex::new(file));
    Ok(())
}

/// Who puts lines on the screen from now on, so that they do not end up in the middle of the display.
pub fn speak_through(voice: Voice) {
    if let Ok(mut current) = VOICE.lock() {
        *current = Some(voice);
    }
}

/// Says something on the screen, where there is a display above its lines.
pub fn say(text: &str) {
    let voice = VOICE.lock().ok().and_then(|current| current.clone());
    match voice {
        Some(voice) => voice.say(text),
        None => eprintln!("{}", results::text::visible(&redaction::seen(text), 400)),
    }
}

struct ToFile;

impl Write for ToFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(Ok(mut file)) = FILE.get().map(Mutex::lock) {
            let line = String::from_utf8_lossy(bytes);
            file.write_all(redaction::seen(&line).as_bytes())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct ToScreen;

impl Write for ToScreen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        say(String::from_utf8_lossy(bytes).trim());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
