//! What a run does to nodes, once each, to one of them: killed and started again, asked to end, paused, and left alone. What
//! clients say of it has to be true, and afterwards they have to be of use again.

use super::operations::{self, Came};
use super::oracle::Right;
use super::report::{Evidence, Report};
use super::session::{Answered, Session, Until};
use super::{World, seconds, tell_start};
use anyhow::Result;
use cluster::EndedBy;
use history::EventType;
use results::text::counted;
use std::time::Duration;

/// How long a node may take to end when it is asked to.
const TERMINATION_MAX: Duration = Duration::from_secs(10);
/// How long the system may take until it serves again, as a run allows by default, beyond the time to fail over.
const RECOVERY_MAX: Duration = Duration::from_secs(10);

/// Does all of it to the node that serves the session.
///
/// # Errors
/// When what was recorded cannot be read again.
pub async fn examine(world: &mut World, session: &mut Session, report: &mut Report) -> Result<()> {
    if !kill(world, session, report).await? {
        return Ok(());
    }
    if !terminate(world, session, report).await? {
        return Ok(());
    }
    pause(world, session, report).await?;
    if session.node_count() > 1 {
        leave_alone(world, session, report).await?;
    }
    Ok(())
}

/// kill -9, and what a client says of a node that is not there; then what it still knows. Whether the node is back.
async fn kill(world: &mut World, session: &mut Session, report: &mut Report) -> Result<bool> {
    let (place, node) = (session.home, session.node(session.home).to_owned());
    let (kept, before) = session.update(place).await?;
    if operations::expect(world, session, report, &before, false).await != Came::Right {
        return Ok(false);
    }
    if let Err(error) = world.cluster.kill(&node).await {
        world.tell_exits(report);
        report.broken(&format!("{node} is killed: {error}"), &Evidence::default());
        return Ok(false);
    }
    let (refused, answered) = session.update(place).await?;
    let line = format!("{} while {node} is down", operations::line(session, &answered));
    match answered.ended.kind {
        EventType::Ok => {
            let cause = format!(
                "{node} does not run, so somebody else answered: a client is bound to its node, which is {{ip}}"
            );
            let shown = operations::evidence(world, session, report, &answered, &Right::Fail, None).await;
            report.broken(
                &format!("{line}: expected fail or info, was ok"),
                &shown.causes(vec![cause]),
            );
        }
        kind => report.holds(&format!("{line}: {}", named(kind))),
    }
    let start = world.cluster.start(&node).await;
    tell_start(world, report, &node, "is ready again", &start);
    if start.is_err() || !serves_again(world, session, report, "after it was killed").await? {
        return Ok(false);
    }
    let home = session.home;
    let answered = session.look(home, kept).await?;
    if came_out(
        world,
        session,
        report,
        answered,
        "of what was there before the kill",
        Some(FORGOTTEN),
    )
    .await?
        == Came::Right
    {
        is_true(
            world,
            session,
            report,
            refused,
            "of what was asked while it was down",
        )
        .await?;
    }
    Ok(true)
}

const FORGOTTEN: &str = "what was acknowledged before the kill is gone: acknowledge what is in {data} and synced, and read it there \
                         at the next start. A system that means to keep everything in memory fails here, and rightly: \
                         `harness test --nemesis kill` finds it, other faults can be tested";

/// Asks the node to end, and starts it again. Whether it is back.
async fn terminate(world: &mut World, session: &mut Session, report: &mut Report) -> Result<bool> {
    let node = session.node(session.home).to_owned();
    match world.cluster.terminate(&node, TERMINATION_MAX).await {
        Ok(ended) if ended.by == EndedBy::Sigterm => {
            report.holds(&format!(
                "{node} ends {} after SIGTERM ({})",
                seconds(ended.took),
                ended.status
            ));
        }
        Ok(_) => {
            let line = format!(
                "{node} ends after SIGTERM: expected within {}, was not",
                seconds(TERMINATION_MAX)
            );
            let cause = "it ignores SIGTERM, or waits for something that does not come: a handler has to end the process";
            let evidence = Evidence::default().log(&format!("{node} said"), &world.stderr(&node));
            report.broken(&line, &evidence.causes(vec![cause.to_owned()]));
        }
        Err(error) => {
            world.tell_exits(report);
            report.broken(
                &format!("{node} ends after SIGTERM: {error}"),
                &Evidence::default(),
            );
            return Ok(false);
        }
    }
    let start = world.cluster.start(&node).await;
    tell_start(world, report, &node, "is ready again", &start);
    Ok(start.is_ok() && serves_again(world, session, report, "after it was ended").await?)
}

/// Nobody answers: what the client says of that, and whether it is of use afterwards.
async fn pause(world: &mut World, session: &mut Session, report: &mut Report) -> Result<()> {
    let (place, node) = (session.home, session.node(session.home).to_owned());
    if let Err(error) = world.cluster.pause(&node).await {
        world.tell_exits(report);
        report.broken(&format!("{node} is paused: {error}"), &Evidence::default());
        return Ok(());
    }
    let (lost, answered) = session.update(place).await?;
    let line = format!("{} while {node} is paused", operations::line(session, &answered));
    let is_info = answered.ended.kind == EventType::Info;
    let shown = match is_info {
        true => Evidence::default(),
        false => operations::evidence(world, session, report, &answered, &Right::Unclear, None).await,
    };
    let resumed = world.cluster.resume(&node).await;
    if is_info {
        let why = answered.ended.error.as_deref().unwrap_or("it does not say why");
        report.holds(&format!("{line}: info ({why})"));
    } else {
        let line = format!("{line}: expected info, was {}", named(answered.ended.kind));
        let cause = match answered.ended.kind {
            EventType::Fail => {
                "nobody answered, and the request may still be carried out: that is info. Only what was certainly never sent, \
                 or was refused, is a fail"
            }
            _ => {
                "the node is stopped, so somebody else answered: a client is bound to its node, which is {ip}"
            }
        };
        report.broken(&line, &shown.causes(vec![cause.to_owned()]));
    }
    if let Err(error) = resumed {
        world.tell_exits(report);
        report.broken(&format!("{node} goes on: {error}"), &Evidence::default());
        return Ok(());
    }
    if serves_again(world, session, report, "after it was paused").await? {
        is_true(
            world,
            session,
            report,
            lost,
            "of what was asked while it was paused",
        )
        .await?;
    }
    Ok(())
}

/// All others are paused: whatever the node says has to be true.
async fn leave_alone(world: &mut World, session: &mut Session, report: &mut Report) -> Result<()> {
    let (place, node) = (session.home, session.node(session.home).to_owned());
    let others: Vec<String> = world
        .cluster
        .nodes()
        .iter()
        .filter(|it| **it != node)
        .cloned()
        .collect();
    let mut paused = Vec::new();
    for other in &others {
        match world.cluster.pause(other).await {
            Ok(_) => paused.push(other.clone()),
            Err(error) => report.note(&format!("{other} is not paused: {error}")),
        }
    }
    let (asked, answered) = session.update(place).await?;
    let line = format!(
        "{} while all others are paused",
        operations::line(session, &answered)
    );
    let why = answered.ended.error.as_deref();
    let why = why.map_or_else(String::new, |why| format!(" ({why})"));
    report.note(&format!("{line}: {}{why}", named(answered.ended.kind)));
    for other in &paused {
        if let Err(error) = world.cluster.resume(other).await {
            report.broken(&format!("{other} goes on: {error}"), &Evidence::default());
        }
    }
    if serves_again(world, session, report, "after all others were paused").await? {
        is_true(
            world,
            session,
            report,
            asked,
            "of what was asked while all others were paused",
        )
        .await?;
    }
    Ok(())
}

/// Waits until a client is of use again: at best that of the node which was hurt, else another one.
async fn serves_again(
    world: &mut World,
    session: &mut Session,
    report: &mut Report,
    when: &str,
) -> Result<bool> {
    let node = session.node(session.home).to_owned();
    let patience = RECOVERY_MAX + world.failover;
    let (answered, took, times) = session
        .update_until_ok(&[session.home], patience, Until::Over)
        .await?;
    if answered.ended.kind == EventType::Ok {
        report.holds(&format!("{node} serves {when}, in {}", seconds(took)));
        return Ok(true);
    }
    if answered.is_refusal() {
        let why = answered.ended.error.clone().unwrap_or_default();
        let others: Vec<usize> = (0..session.node_count())
            .filter(|place| *place != session.home)
            .collect();
        let (instead, ..) = session.update_until_ok(&others, patience, Until::Over).await?;
        if instead.ended.kind == EventType::Ok {
            session.home = instead.place;
            let other = session.node(instead.place);
            report.note(&format!("{node} refuses {when} ({why}); {other} serves"));
            return Ok(true);
        }
    }
    let line = format!(
        "{node} serves {when}: expected within {}, was {} even after {} ({})",
        seconds(patience),
        named(answered.ended.kind),
        seconds(took),
        counted(times, "attempt")
    );
    let evidence = operations::evidence(world, session, report, &answered, &Right::Unclear, None).await;
    world.tell_exits(report);
    report.broken(&line, &evidence);
    Ok(false)
}

/// Tells whether what is asked after a fault comes out as the object says.
async fn came_out(
    world: &mut World,
    session: &Session,
    report: &mut Report,
    mut answered: Answered,
    when: &'static str,
    cause: Option<&str>,
) -> Result<Came> {
    answered.step.when = when;
    let came = operations::expect(world, session, report, &answered, false).await;
    if let Some(cause) = cause.filter(|_| came == Came::Contradicted) {
        report.cause(cause);
    }
    Ok(came)
}

/// Looks at an object, and tells whether what is seen now proves that a client said something else than what happened.
async fn is_true(
    world: &mut World,
    session: &mut Session,
    report: &mut Report,
    key: u64,
    when: &'static str,
) -> Result<()> {
    let mut answered = session.look(session.home, key).await?;
    answered.step.when = when;
    let line = operations::line(session, &answered);
    let Some(objection) = answered.oracle.objection() else {
        // What is not told now says nothing about what was.
        if answered.ended.kind == EventType::Ok {
            report.holds(&format!("{line} contradicts nothing"));
        }
        return Ok(());
    };
    let right = answered.oracle.right();
    let evidence = operations::evidence(world, session, report, &answered, &right, Some(&objection)).await;
    let cause =
        "an outcome was not true: a fail has to be certain, and an ok has to have happened".to_owned();
    report.broken(
        &format!("{line} contradicts what was said then"),
        &evidence.causes(vec![cause]),
    );
    Ok(())
}

fn named(kind: EventType) -> &'static str {
    match kind {
        EventType::Ok => "ok",
        EventType::Fail => "fail",
        EventType::Info | EventType::Invoke => "info",
    }
}
