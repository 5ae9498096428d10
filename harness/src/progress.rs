//! What a person sees while a run goes on: a few lines that redraw on a terminal, plain lines elsewhere.
//!
//! All of it goes to standard error; standard output belongs to the final block. Nothing here decides
//! anything, and a display that cannot be drawn never disturbs the run.

use crate::cli::ProgressKind;
use crate::recorder::{Recorder, Tally};
use cluster::{Cluster, NodeState};
use history::{Fault, FaultNote, FaultStep, Note};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How often the terminal is redrawn.
const REDRAW: Duration = Duration::from_millis(100);
/// How often a plain line is printed.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// The display of one run.
pub struct Progress {
    style: Style,
    lines: MultiProgress,
    live: Option<JoinHandle<()>>,
    phase: Arc<std::sync::Mutex<PhaseNow>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Bar,
    Lines,
    None,
}

/// The phase that is going on.
#[derive(Clone)]
struct PhaseNow {
    name: &'static str,
    started: Instant,
    lasts: Option<Duration>,
}

impl Progress {
    /// A display of the kind asked for, with its title.
    pub fn new(kind: ProgressKind, title: &str) -> Progress {
        let terminal = std::io::stderr().is_terminal();
        let style = match kind {
            ProgressKind::Bar => Style::Bar,
            ProgressKind::Lines => Style::Lines,
            ProgressKind::None => Style::None,
            ProgressKind::Auto if terminal => Style::Bar,
            ProgressKind::Auto => Style::Lines,
        };
        if style != Style::None {
            eprintln!("  {title}\n");
        }
        let now = PhaseNow {
            name: "set up",
            started: Instant::now(),
            lasts: None,
        };
        Progress {
            style,
            // Draws nothing before it has a line.
            lines: MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10)),
            live: None,
            phase: Arc::new(std::sync::Mutex::new(now)),
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

    /// Shows the run's numbers, its nodes and its faults from now on.
    pub fn follow(
        &mut self,
        recorder: Arc<Recorder>,
        cluster: Arc<Cluster>,
        notes: mpsc::UnboundedReceiver<(u64, Note)>,
    ) {
        let phase = Arc::clone(&self.phase);
        let view = View {
            recorder,
            cluster,
            phase,
            rate: Rate::new(),
        };
        self.live = match self.style {
            Style::Bar => Some(tokio::spawn(draw(view, notes, self.lines.clone()))),
            Style::Lines => Some(tokio::spawn(print_lines(view))),
            Style::None => None,
        };
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
        let text = results::text::visible(text, 200);
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

/// What the display looks at.
struct View {
    recorder: Arc<Recorder>,
    cluster: Arc<Cluster>,
    phase: Arc<std::sync::Mutex<PhaseNow>>,
    rate: Rate,
}

/// Operations per second, and latencies, over the last second.
struct Rate {
    since: Instant,
    invoked: u64,
    latencies: Vec<Duration>,
    per_second: f64,
    shown: Option<(Duration, Duration)>,
}

impl Rate {
    fn new() -> Rate {
        Rate {
            since: Instant::now(),
            invoked: 0,
            latencies: Vec::new(),
            per_second: 0.0,
            shown: None,
        }
    }

    fn update(&mut self, tally: &Tally) {
        self.latencies.extend(&tally.latencies);
        let elapsed = self.since.elapsed();
        if elapsed < Duration::from_secs(1) {
            return;
        }
        self.per_second = (tally.invoked - self.invoked) as f64 / elapsed.as_secs_f64();
        self.invoked = tally.invoked;
        self.since = Instant::now();
        self.latencies.sort_unstable();
        let at = |share: usize| {
            self.latencies
                .get(self.latencies.len().saturating_sub(1) * share / 100)
                .copied()
        };
        self.shown = at(50).zip(at(99));
        self.latencies.clear();
    }
}

impl View {
    fn now(&self) -> PhaseNow {
        self.phase
            .lock()
            .expect("nobody panics while reading the phase")
            .clone()
    }

    fn numbers(&self, tally: &Tally) -> String {
        let latency = match self.rate.shown {
            Some((median, worst)) => format!("   p50 {}  p99 {}", short(median), short(worst)),
            None => String::new(),
        };
        format!(
            "{} ops  {:.0}/s   ok {}  failed {}  unknown {}{latency}",
            tally.invoked, self.rate.per_second, tally.ok, tally.failed, tally.unknown
        )
    }

    fn nodes(&self) -> String {
        let glyph = |node: &String| match self.cluster.state(node) {
            NodeState::Up => format!("{node} ●"),
            NodeState::Starting => format!("{node} ◐ starting"),
            state => format!("{node} ✕ {state}"),
        };
        self.cluster
            .nodes()
            .iter()
            .map(glyph)
            .collect::<Vec<_>>()
            .join("  ")
    }

    fn faults(&self, tally: &Tally) -> String {
        let now_ns = self.recorder.epoch().elapsed().as_nanos() as u64;
        let one = |(_, fault, since): &(u32, Fault, u64)| {
            format!(
                "{} {:.1} s",
                results::text::fault(fault),
                now_ns.saturating_sub(*since) as f64 / 1e9
            )
        };
        match tally.faults.as_slice() {
            [] => "none".to_owned(),
            faults => faults.iter().map(one).collect::<Vec<_>>().join("   "),
        }
    }
}

async fn draw(mut view: View, mut notes: mpsc::UnboundedReceiver<(u64, Note)>, lines: MultiProgress) {
    let line = |template: &str| {
        let style = ProgressStyle::with_template(template).expect("the template is fixed and sound");
        lines.add(ProgressBar::new(1000).with_style(style.progress_chars("━╸─")))
    };
    let bar = line("  {prefix:9} {bar:44} {msg}");
    let [operations, nodes, faults] = [
        "  ops       {wide_msg}",
        "  nodes     {wide_msg}",
        "  fault     {wide_msg}",
    ]
    .map(line);
    let mut redraw = tokio::time::interval(REDRAW);
    let mut notes_open = true;
    loop {
        tokio::select! {
            _ = redraw.tick() => {}
            note = notes.recv(), if notes_open => {
                match note {
                    Some((time_ns, note)) => {
                        if let Some(text) = event_line(time_ns, &note) {
                            // The terminal may be gone.
                            let _ = lines.println(text);
                        }
                    }
                    None => notes_open = false,
                }
                continue;
            }
        }
        let tally = view.recorder.tally();
        view.rate.update(&tally);
        let phase = view.now();
        let elapsed = phase.started.elapsed();
        bar.set_prefix(phase.name);
        match phase.lasts {
            Some(lasts) => {
                let share = (elapsed.as_secs_f64() / lasts.as_secs_f64()).min(1.0);
                bar.set_position((share * 1000.0) as u64);
                bar.set_message(format!("{} / {}", clock(elapsed.min(lasts)), clock(lasts)));
            }
            None => {
                bar.set_position(0);
                bar.set_message(clock(elapsed));
            }
        }
        operations.set_message(view.numbers(&tally));
        nodes.set_message(view.nodes());
        faults.set_message(view.faults(&tally));
    }
}

async fn print_lines(mut view: View) {
    let mut every = tokio::time::interval_at(tokio::time::Instant::now() + LINE_EVERY, LINE_EVERY);
    loop {
        every.tick().await;
        let tally = view.recorder.tally();
        view.rate.update(&tally);
        let up = view
            .cluster
            .nodes()
            .iter()
            .filter(|node| view.cluster.state(node) == NodeState::Up)
            .count();
        eprintln!(
            "[{}] {} · nodes {up}/{} · fault {}",
            clock(view.now().started.elapsed()),
            view.numbers(&tally),
            view.cluster.nodes().len(),
            view.faults(&tally),
        );
    }
}

/// The permanent line of an event, where it deserves one.
fn event_line(time_ns: u64, note: &Note) -> Option<String> {
    let (what, whom, evidence) = match note {
        Note::Phase(_) => return None,
        Note::Exit { node, status } => ("exit", node.clone(), format!("by itself: {status}")),
        Note::Fault(FaultNote {
            step,
            fault,
            evidence,
            ..
        }) => {
            let (what, whom) = match step {
                FaultStep::Requested | FaultStep::Healing => return None,
                FaultStep::Installed => ("fault", results::text::fault::beginning(fault)),
                FaultStep::Healed => ("healed", results::text::fault::ending(fault)),
                FaultStep::Skipped => ("skipped", results::text::fault(fault)),
                FaultStep::Failed => ("failed", results::text::fault(fault)),
            };
            (what, whom, evidence.clone().unwrap_or_default())
        }
    };
    let line = format!("   {:>7.3}  {what:8} {whom:36} {evidence}", time_ns as f64 / 1e9);
    Some(line.chars().filter(|c| !c.is_control()).collect())
}

fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

fn short(time: Duration) -> String {
    match time.as_micros() {
        micros @ 0..10_000 => format!("{:.1} ms", micros as f64 / 1000.0),
        micros => format!("{} ms", micros / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_line_carries_no_control_characters() {
        let note = Note::Exit {
            node: "n1".into(),
            status: "said \u{1b}[31mhello".into(),
        };
        let line = event_line(1_500_000_000, &note).unwrap();
        assert!(line.contains("1.500") && line.contains("[31mhello") && !line.contains('\u{1b}'));
    }
}
