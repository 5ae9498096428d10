//! What a person sees while a run goes on: a few lines that redraw on a terminal, plain lines elsewhere.
//!
//! All of it goes to standard error; standard output belongs to the final block. Nothing here decides
//! anything, and a display that cannot be drawn never disturbs the run.
//!
//! Read next: `screen` for what the lines say, `view` for where it comes from, `keys` for what can be pressed.

mod events;
mod keys;
mod screen;
mod view;

pub use keys::{HELP, Key};
pub use screen::check_line;

use crate::cli::ProgressKind;
use crate::recorder::Recorder;
use crate::redaction;
use crate::terminal;
use checker::Watch;
use cluster::Cluster;
use history::Note;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use view::{Outage, Rate, View};

/// How often the terminal is redrawn.
const REDRAW: Duration = Duration::from_millis(100);
/// How often a plain line is printed.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// How wide a terminal is that does not say so.
const USUAL_WIDTH: usize = 80;
/// The most live lines.
const LINES_MAX: usize = 5;

/// The display of one run.
pub struct Progress {
    style: Style,
    is_verbose: bool,
    series: Option<String>,
    lines: MultiProgress,
    live: Option<JoinHandle<()>>,
    phase: Arc<Mutex<PhaseNow>>,
    has_keys: bool,
    check: Arc<Watch>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Bar,
    Lines,
    None,
}

/// The phase that is going on.
#[derive(Clone, Debug)]
pub struct PhaseNow {
    name: &'static str,
    started: Instant,
    lasts: Option<Duration>,
}

/// What the display is to be like.
pub struct ProgressOptions {
    /// The kind asked for.
    pub kind: ProgressKind,
    /// Whether each fault has a line where there is no terminal.
    pub is_verbose: bool,
    /// Which run of several this is, and how the others came out.
    pub series: Option<String>,
}

impl Progress {
    /// A display with its title and what stands at the right of it.
    pub fn new(options: ProgressOptions, title: &str, seed: u64) -> Progress {
        let terminal = std::io::stderr().is_terminal();
        let style = match options.kind {
            ProgressKind::Bar => Style::Bar,
            ProgressKind::Lines => Style::Lines,
            ProgressKind::None => Style::None,
            ProgressKind::Auto if terminal => Style::Bar,
            ProgressKind::Auto => Style::Lines,
        };
        if style != Style::None {
            let seed = format!("seed {seed}");
            let room = USUAL_WIDTH.saturating_sub(seed.len() + 2);
            eprintln!("  {title:room$}{seed}\n");
        }
        if let (Style::Lines, Some(series)) = (style, &options.series) {
            eprintln!("{series}");
        }
        let now = PhaseNow {
            name: "set up",
            started: Instant::now(),
            lasts: None,
        };
        Progress {
            style,
            is_verbose: options.is_verbose,
            series: options.series,
            // Draws nothing before it has a line.
            lines: MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10)),
            live: None,
            phase: Arc::new(Mutex::new(now)),
            has_keys: false,
            check: Arc::default(),
        }
    }

    /// A phase begins; `lasts` is how long it will take, where that is known.
    pub fn phase(&self, name: &'static str, lasts: Option<Duration>) {
        let mut phase = self.phase.lock().expect("nobody panics while setting the phase");
        *phase = PhaseNow {
            name,
            started: Instant::now(),
            lasts,
        };
        if self.style == Style::Lines {
            match lasts {
                Some(lasts) => eprintln!("{name}, {} s", lasts.as_secs_f64()),
                None => eprintln!("{name}"),
            }
        }
    }

    /// Shows the run's numbers, its nodes and its faults from now on, for as long as they are there.
    pub fn follow(
        &mut self,
        recorder: &Arc<Recorder>,
        cluster: &Arc<Cluster>,
        paused: watch::Receiver<bool>,
        notes: mpsc::UnboundedReceiver<(u64, Note)>,
    ) {
        let view = View {
            recorder: Arc::downgrade(recorder),
            cluster: Arc::downgrade(cluster),
            phase: Arc::clone(&self.phase),
            series: self.series.clone(),
            paused,
            rate: Rate::new(),
            outage: Outage::default(),
            check: Arc::clone(&self.check),
        };
        self.live = match self.style {
            Style::Bar => Some(tokio::spawn(draw(view, notes, self.lines.clone()))),
            Style::Lines => Some(tokio::spawn(print_lines(view, notes, self.is_verbose))),
            Style::None => None,
        };
    }

    /// What says how far the check is, for whoever checks.
    pub fn check(&self) -> Arc<Watch> {
        Arc::clone(&self.check)
    }

    /// The keys that somebody presses, where there is a terminal for this run alone.
    pub fn keys(&mut self) -> Option<mpsc::UnboundedReceiver<Key>> {
        self.has_keys = self.style == Style::Bar && terminal::take();
        self.has_keys.then(keys::pressed)
    }

    /// Somebody who can put a permanent line above the live ones.
    pub fn voice(&self) -> Voice {
        Voice {
            style: self.style,
            lines: self.lines.clone(),
        }
    }

    /// Takes the live lines away.
    pub async fn end(&mut self) {
        if let Some(live) = self.live.take() {
            live.abort();
            // It was aborted: that is all that waiting can tell.
            let _ = live.await;
        }
        // A terminal that is gone needs no clearing.
        let _ = self.lines.clear();
    }
}

/// Puts permanent lines into the display.
#[derive(Clone)]
pub struct Voice {
    style: Style,
    lines: MultiProgress,
}

impl Voice {
    /// Says one thing, on a line of its own.
    pub fn say(&self, text: &str) {
        let text = results::text::visible(&redaction::seen(text), 200);
        match self.style {
            // The terminal may be gone.
            Style::Bar => drop(self.lines.println(format!("   {text}"))),
            Style::Lines => eprintln!("{text}"),
            Style::None => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(live) = self.live.take() {
            live.abort();
        }
    }
}

async fn draw(mut view: View, mut notes: mpsc::UnboundedReceiver<(u64, Note)>, lines: MultiProgress) {
    let style = ProgressStyle::with_template("{msg}").expect("the template is fixed and sound");
    let mut shown: Vec<ProgressBar> = Vec::new();
    let mut redraw = tokio::time::interval(REDRAW);
    let mut notes_open = true;
    loop {
        tokio::select! {
            _ = redraw.tick() => {}
            note = notes.recv(), if notes_open => {
                match note {
                    Some((time_ns, note)) => {
                        if let Some(text) = events::line(time_ns, &note) {
                            // The terminal may be gone.
                            let _ = lines.println(text);
                        }
                    }
                    None => notes_open = false,
                }
                continue;
            }
        }
        let mut text = screen::lines(&view.now(), width());
        text.truncate(LINES_MAX);
        while shown.len() < text.len() {
            shown.push(lines.add(ProgressBar::new_spinner().with_style(style.clone())));
        }
        while shown.len() > text.len() {
            shown.pop().iter().for_each(|line| lines.remove(line));
        }
        for (line, text) in shown.iter().zip(text) {
            line.set_message(text);
            line.tick();
        }
    }
}

fn width() -> usize {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    size.map_or(USUAL_WIDTH, |(width, _)| usize::from(width.0).max(20))
}

async fn print_lines(mut view: View, mut notes: mpsc::UnboundedReceiver<(u64, Note)>, is_verbose: bool) {
    let mut every = tokio::time::interval_at(tokio::time::Instant::now() + LINE_EVERY, LINE_EVERY);
    let mut notes_open = true;
    loop {
        tokio::select! {
            _ = every.tick() => {
                let now = view.now();
                if now.operations.is_some() {
                    eprintln!("{}", screen::plain(&now));
                } else if let Some(line) = now.check.and_then(|check| check_line(now.elapsed, &check)) {
                    eprintln!("{line}");
                }
            }
            note = notes.recv(), if notes_open => match note {
                Some((time_ns, note)) => {
                    let line = events::line(time_ns, &note).filter(|_| is_verbose);
                    line.iter().for_each(|line| eprintln!("{line}"));
                }
                None => notes_open = false,
            },
        }
    }
}
