//! One change of the membership, as `--nemesis member` does it, where the descriptor says how: the last node is taken out, and
//! comes back as a new member.

use super::World;
use super::report::{Evidence, Report};
use history::{Fault, FaultNote, FaultStep, Note};
use nemesis::schedule::SCHEMA;
use nemesis::{Journal, PlannedFault, Schedule};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;
use tokio::time::Instant;

/// Among fewer nodes there is no minority that could be out.
const NODES_MIN: usize = 3;
/// How long the node is out, in milliseconds. It takes as long as it takes until it is.
const OUT_MS: u64 = 5_000;

/// What was written down of the change.
#[derive(Default)]
struct Steps(Mutex<Vec<FaultNote>>);

impl Journal for Steps {
    fn note(&self, note: Note) {
        if let Note::Fault(step) = note {
            let mut steps = self.0.lock().expect("nobody panics while holding this lock");
            steps.push(step);
        }
    }

    fn operations(&self) -> u64 {
        0
    }
}

/// Has it done, and tells how far it came.
pub async fn examine(world: &mut World, report: &mut Report) {
    let nodes = world.cluster.nodes();
    if nodes.len() < NODES_MIN {
        report.note(&format!(
            "no member was taken out: that needs {NODES_MIN} nodes, and there are {}",
            nodes.len()
        ));
        return;
    }
    let node = nodes[nodes.len() - 1].clone();
    let schedule = Schedule {
        schema: SCHEMA.to_owned(),
        seed: 0,
        faults: vec![PlannedFault {
            id: 1,
            start_ms: 0,
            end_ms: OUT_MS,
            when: None,
            patience_ms: None,
            fault: Fault::Member {
                nodes: vec![node.clone()],
            },
        }],
    };
    let steps = Arc::new(Steps::default());
    let (_stop, never) = watch::channel(false);
    let journal: Arc<dyn Journal> = Arc::clone(&steps) as Arc<dyn Journal>;
    nemesis::execute(
        &schedule,
        Arc::clone(&world.cluster),
        journal,
        Instant::now(),
        never,
    )
    .await;
    world.tell_exits(report);
    let steps = steps
        .0
        .lock()
        .expect("nobody panics while holding this lock")
        .clone();
    let said = |step: FaultStep| {
        let step = steps.iter().find(|it| it.step == step)?;
        Some(step.evidence.clone().unwrap_or_default())
    };
    let why = |step: Option<String>| {
        let words = step
            .or_else(|| said(FaultStep::Skipped))
            .or_else(|| said(FaultStep::Failed));
        Evidence::default().text("seen", &words.unwrap_or_default())
    };
    match said(FaultStep::Installed) {
        Some(seen) => report.holds(&format!("{node} is taken out of the membership: {seen}")),
        None => {
            let evidence = why(None).causes(vec![NOT_TAKEN_OUT.to_owned()]);
            return report.broken(
                &format!("{node} is taken out of the membership: nobody saw that"),
                &evidence,
            );
        }
    }
    match said(FaultStep::Healed) {
        Some(seen) => report.holds(&format!("{node} comes back as a new member: {seen}")),
        None => {
            let evidence = why(said(FaultStep::Failed)).log("stderr", &world.stderr(&node));
            let evidence = evidence.causes(vec![NOT_TAKEN_IN.to_owned()]);
            report.broken(
                &format!("{node} comes back as a new member: it did not"),
                &evidence,
            );
        }
    }
}

const NOT_TAKEN_OUT: &str = "[node.member.list] or [node.member.remove] is not what the system wants to be asked, or `where` fits no \
                             element of the list";
const NOT_TAKEN_IN: &str = "[node.member.add] is not what the system wants to be asked, or the node needs other arguments when it joins: \
                            `joins_with`";
