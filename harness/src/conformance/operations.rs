//! One of everything that a workload has, through one node, and then through each other.

use super::cause::{self, Trouble};
use super::oracle::Right;
use super::report::{Evidence, Report};
use super::session::{Answered, Session, Until};
use super::{World, last_lines, seconds};
use anyhow::Result;
use history::EventType;
use results::text::visible;
use serde_json::Value;
use std::time::Duration;

/// How long nodes that are ready may take until one of them serves.
const SERVING_MAX: Duration = Duration::from_secs(5);
/// How many characters of a value are shown in a line.
const VALUE_CHARS_MAX: usize = 60;

/// What an expectation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// As it should.
    Right,
    /// Refused by the node, which may be its right.
    Refused,
    /// It did not come out, or nobody knows.
    Wrong,
    /// What was answered contradicts what was answered before; nothing after it means anything.
    Contradicted,
}

/// Asks for one of everything. Whether the workload came through.
///
/// # Errors
/// When what was recorded cannot be read again.
pub async fn examine(world: &mut World, session: &mut Session, report: &mut Report) -> Result<bool> {
    if !programs_are_ready(session, report).await {
        return Ok(false);
    }
    let everywhere: Vec<usize> = (0..session.node_count()).collect();
    let (first, took, _) = session
        .update_until_ok(&everywhere, SERVING_MAX, Until::Misunderstood)
        .await?;
    if first.ended.kind == EventType::Ok {
        session.home = first.place;
        if first.place != 0 || took > Duration::from_secs(1) {
            let node = session.node(session.home);
            report.note(&format!(
                "the first that served is {node}, after {}",
                seconds(took)
            ));
        }
    }
    let (home, key) = (session.home, session.fresh_key());
    let mut is_sound = true;
    for step in session.script.steps.clone() {
        let answered = session.ask(home, &step, key).await?;
        let came = expect(world, session, report, &answered, false).await;
        is_sound &= came == Came::Right;
        if came == Came::Contradicted {
            report.note(&format!("the rest of {} was not tried", session.offer.name));
            return Ok(false);
        }
    }
    if !is_sound {
        return Ok(false);
    }
    for place in everywhere.into_iter().filter(|place| *place != home) {
        for step in session.script.everywhere.clone() {
            let answered = session.ask(place, &Session::elsewhere(&step, place), key).await?;
            match expect(world, session, report, &answered, true).await {
                Came::Right => {}
                // What comes after it would be about what it did not do.
                Came::Refused => break,
                Came::Wrong | Came::Contradicted => return Ok(false),
            }
        }
    }
    Ok(true)
}

/// Starts the client programs, where the workload has them.
async fn programs_are_ready(session: &mut Session, report: &mut Report) -> bool {
    if !session.has_programs() {
        return true;
    }
    for place in 0..session.node_count() {
        let began = std::time::Instant::now();
        let opened = session.open(place).await;
        let line = format!(
            "{} client program for {}",
            session.offer.name,
            session.node(place)
        );
        match opened {
            Ok(()) => report.holds(&format!("{line} is ready after {}", seconds(began.elapsed()))),
            Err(error) => {
                let line = format!("{line}: expected {{\"ready\": true}}");
                let evidence = Evidence::default().text("reason", &format!("{error:#}"));
                report.broken(
                    &line,
                    &evidence.causes(cause::of_program_start(&format!("{error:#}"))),
                );
                return false;
            }
        }
    }
    true
}

/// Tells whether an operation came out as the object says; with `may_refuse`, a node may also refuse it.
pub async fn expect(
    world: &mut World,
    session: &Session,
    report: &mut Report,
    answered: &Answered,
    may_refuse: bool,
) -> Came {
    let line = line(session, answered);
    let ended = &answered.ended;
    let objection = answered.oracle.objection();
    let right = match (ended.kind, &objection) {
        (EventType::Ok, None) => {
            report.holds(&match tells(session, answered) {
                true => format!("{line}: {}", value(&ended.value)),
                false => line,
            });
            return Came::Right;
        }
        _ => answered.oracle.right(),
    };
    if ended.kind == EventType::Fail && objection.is_none() && right == Right::Fail {
        report.holds(&format!("{line}: fail"));
        return Came::Right;
    }
    if may_refuse && answered.is_refusal() && objection.is_none() {
        let why = ended.error.as_deref().unwrap_or("it does not say why");
        report.note(&format!("{line}: refused ({why})"));
        return Came::Refused;
    }
    let line = format!(
        "{line}: expected {}, was {}",
        expected(session, answered, &right),
        was(session, answered)
    );
    let evidence = evidence(world, session, report, answered, &right, objection.as_deref()).await;
    world.tell_exits(report);
    report.broken(&line, &evidence);
    match (ended.kind, objection) {
        (EventType::Info, _) | (_, None) => Came::Wrong,
        (_, Some(_)) => Came::Contradicted,
    }
}

/// Everything that shows why an operation did not come out.
pub async fn evidence(
    world: &World,
    session: &Session,
    report: &mut Report,
    answered: &Answered,
    right: &Right,
    objection: Option<&str>,
) -> Evidence {
    let node = session.node(answered.place);
    let is_program = session.has_programs();
    let mut evidence = Evidence::default().exchange(&answered.exchange, !is_program);
    if let Some(error) = &answered.ended.error {
        evidence = evidence.text("reason", error);
    }
    if let Some(objection) = objection.filter(|_| answered.ended.kind == EventType::Ok) {
        evidence = evidence.text("because", objection);
    }
    let listening = world.cluster.listening(node).await;
    let trouble = Trouble {
        ended: &answered.ended,
        right,
        exchange: &answered.exchange,
        is_elsewhere: answered.place != session.home,
        is_program,
        listening: &listening,
    };
    let causes = cause::of_operation(&trouble);
    let logs = [
        (format!("{node} said"), world.stderr(node)),
        ("program".to_owned(), last_lines(&session.log(answered.place))),
    ];
    for (label, lines) in logs {
        // What was shown above says nothing new.
        if !lines.is_empty() && report.is_first(lines.concat()) {
            evidence = evidence.log(&label, &lines);
        }
    }
    evidence.causes(causes)
}

/// What was asked: `register read before the first write`.
pub fn line(session: &Session, answered: &Answered) -> String {
    let step = &answered.step;
    let mut line = format!("{} {}", session.offer.name, step.f);
    if !step.argument.is_null() {
        line.push_str(&format!(" {}", value(&step.argument)));
    }
    if !step.when.is_empty() {
        line.push_str(&format!(" {}", step.when));
    }
    if answered.place != session.home {
        line.push_str(&format!(" through {}", session.node(answered.place)));
    }
    line
}

/// Whether an operation is about what it is told, and not only about being done.
fn tells(session: &Session, answered: &Answered) -> bool {
    session.offer.kind.telling.contains(&answered.step.f)
}

fn expected(session: &Session, answered: &Answered, right: &Right) -> String {
    match right {
        Right::Ok(values) if tells(session, answered) => {
            values.iter().map(value).collect::<Vec<_>>().join(" or ")
        }
        Right::Ok(_) => "ok".to_owned(),
        Right::New => "one that was not there before".to_owned(),
        Right::Fail => "fail".to_owned(),
        Right::Unclear => "something else".to_owned(),
    }
}

fn was(session: &Session, answered: &Answered) -> String {
    match answered.ended.kind {
        EventType::Ok if tells(session, answered) => value(&answered.ended.value),
        EventType::Ok => "ok".to_owned(),
        EventType::Fail => "fail".to_owned(),
        EventType::Info | EventType::Invoke => "info".to_owned(),
    }
}

fn value(value: &Value) -> String {
    visible(&value.to_string(), VALUE_CHARS_MAX)
}
