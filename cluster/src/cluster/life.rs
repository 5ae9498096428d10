//! The life of a node as a pure state machine: what may happen to it when, and what it is then.
//!
//! ```text
//!           Start               Ready          Pause
//!   Down ----------> Starting ----------> Up ----------> Paused
//!    ^                  |                 | ^------------  |
//!    |                  |                 |     Resume     |
//!    |                  |                 | Kill, Terminate, Stop
//!    +------ End -------+------ End ------+-----> Stopping --- End ---> Down
//! ```
//!
//! A node whose power fails is stopping until its disk has power again, long after the end of its process.
//!
//! Nothing here has a process, a signal or a lock; `super` does what is decided here.

use std::fmt;

/// What a node is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeState {
    /// No process.
    Down,
    /// A process that is not ready yet.
    Starting,
    /// A process that has been ready.
    Up,
    /// A process that has been ready, and is stopped until it is resumed or killed.
    Paused,
    /// A process that was killed or told to terminate and is not gone yet, or a disk without power.
    Stopping,
}

impl fmt::Display for NodeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NodeState::Down => "down",
            NodeState::Starting => "starting",
            NodeState::Up => "up",
            NodeState::Paused => "paused",
            NodeState::Stopping => "stopping",
        })
    }
}

/// What happens to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// Its process is about to be started.
    Start,
    /// Its process has answered that it is ready.
    Ready,
    /// Its processes are about to be stopped.
    Pause,
    /// Its processes run again, or are about to.
    Resume,
    /// It is about to be asked to end.
    Terminate,
    /// It is about to be killed, as a fault.
    Kill,
    /// It is about to be killed, and its disk to lose power.
    FailPower,
    /// Its disk has power again.
    PowerBack,
    /// It is about to be killed, whatever it does: the run is over.
    Stop,
    /// Its process has ended.
    End,
}

/// Where a node is in its life: its state, and how it came to be stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Down,
    Starting,
    Up,
    Paused,
    Terminating,
    Killing,
    /// Being killed, while its disk loses power.
    Failing,
    /// Without a process and without power.
    Dark,
}

impl Phase {
    /// What it is after an event; `None` when its state does not allow it.
    pub fn after(self, event: Event) -> Option<Phase> {
        Some(match (self, event) {
            (Phase::Down, Event::Start) => Phase::Starting,
            (Phase::Starting, Event::Ready) => Phase::Up,
            (Phase::Up, Event::Pause) => Phase::Paused,
            (Phase::Paused, Event::Resume) => Phase::Up,
            (Phase::Up, Event::Terminate) => Phase::Terminating,
            // A stopped process does not hear a SIGTERM, but nothing escapes a SIGKILL.
            (Phase::Up | Phase::Paused, Event::Kill) => Phase::Killing,
            (Phase::Up | Phase::Paused, Event::FailPower) => Phase::Failing,
            (Phase::Dark, Event::PowerBack) => Phase::Down,
            (Phase::Down | Phase::Dark, Event::Stop | Event::End) => return None,
            (Phase::Failing, Event::Stop) => Phase::Failing,
            (Phase::Failing, Event::End) => Phase::Dark,
            (_, Event::Stop) => Phase::Killing,
            (_, Event::End) => Phase::Down,
            _ => return None,
        })
    }

    /// What others get to see.
    pub fn state(self) -> NodeState {
        match self {
            Phase::Down => NodeState::Down,
            Phase::Starting => NodeState::Starting,
            Phase::Up => NodeState::Up,
            Phase::Paused => NodeState::Paused,
            Phase::Terminating | Phase::Killing | Phase::Failing | Phase::Dark => NodeState::Stopping,
        }
    }

    /// Whether somebody knows why it ends now: it was asked to, or whoever is starting it hears of it.
    pub fn explains_end(self, by_sigkill: bool) -> bool {
        match self {
            Phase::Starting | Phase::Terminating => true,
            // What was to be killed but exits by itself had something of its own to end for.
            Phase::Killing | Phase::Failing => by_sigkill,
            Phase::Up | Phase::Paused | Phase::Down | Phase::Dark => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHASES: [Phase; 8] = [
        Phase::Down,
        Phase::Starting,
        Phase::Up,
        Phase::Paused,
        Phase::Terminating,
        Phase::Killing,
        Phase::Failing,
        Phase::Dark,
    ];
    const EVENTS: [(Event, &str); 10] = [
        (Event::Start, "start"),
        (Event::Ready, "ready"),
        (Event::Pause, "pause"),
        (Event::Resume, "resume"),
        (Event::Terminate, "terminate"),
        (Event::Kill, "kill"),
        (Event::FailPower, "fail-power"),
        (Event::PowerBack, "power-back"),
        (Event::Stop, "stop"),
        (Event::End, "end"),
    ];

    /// Every state with every event, `-` where it is refused. Columns are the phases in their order.
    const TABLE: &str = "
        start       Starting  -         -            -        -            -        -        -
        ready       -         Up        -            -        -            -        -        -
        pause       -         -         Paused       -        -            -        -        -
        resume      -         -         -            Up       -            -        -        -
        terminate   -         -         Terminating  -        -            -        -        -
        kill        -         -         Killing      Killing  -            -        -        -
        fail-power  -         -         Failing      Failing  -            -        -        -
        power-back  -         -         -            -        -            -        -        Down
        stop        -         Killing   Killing      Killing  Killing      Killing  Failing  -
        end         -         Down      Down         Down     Down         Down     Dark     -
    ";

    #[test]
    fn every_state_answers_every_event_as_the_table_says() {
        let rows: Vec<Vec<&str>> = TABLE
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .filter(|row| !row.is_empty())
            .collect();
        assert_eq!(rows.len(), EVENTS.len());
        for ((event, name), row) in EVENTS.iter().zip(rows) {
            assert_eq!(row[0], *name);
            for (phase, expected) in PHASES.iter().zip(&row[1..]) {
                let after = phase
                    .after(*event)
                    .map_or("-".to_owned(), |after| format!("{after:?}"));
                assert_eq!(after, *expected, "{name} in {phase:?}");
            }
        }
    }

    #[test]
    fn an_end_is_unexpected_unless_somebody_asked_for_it() {
        let explained = |by_sigkill| PHASES.map(|phase| phase.explains_end(by_sigkill));
        assert_eq!(
            explained(true),
            [false, true, false, false, true, true, true, false]
        );
        assert_eq!(
            explained(false),
            [false, true, false, false, true, false, false, false]
        );
    }

    #[test]
    fn whatever_happens_a_node_with_a_process_can_end_and_be_started_again() {
        let without = [Phase::Down, Phase::Dark];
        for phase in PHASES.into_iter().filter(|phase| !without.contains(phase)) {
            let ended = phase.after(Event::Stop).and_then(|phase| phase.after(Event::End));
            let down = match ended {
                Some(Phase::Dark) => Phase::Dark.after(Event::PowerBack),
                other => other,
            };
            assert_eq!(
                down.and_then(|phase| phase.after(Event::Start)),
                Some(Phase::Starting)
            );
        }
    }
}
