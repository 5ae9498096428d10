//! The permanent lines: one for each thing that happens.

use history::{FaultNote, FaultStep, Note};

/// The line of an event, where it deserves one.
pub fn line(time_ns: u64, note: &Note) -> Option<String> {
    let (what, whom, evidence) = match note {
        // Whoever stops it says so.
        Note::Phase(_) | Note::Stop(_) => return None,
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
    Some(
        crate::redaction::seen(&line)
            .chars()
            .filter(|c| !c.is_control())
            .collect(),
    )
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
        let line = line(1_500_000_000, &note).unwrap();
        assert!(line.contains("1.500") && line.contains("[31mhello") && !line.contains('\u{1b}'));
    }
}
