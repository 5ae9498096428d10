//! The final block: the last thing on the terminal. Verdict and sentence, the reason, the evidence, where to
//! look, what to type next. The same structure for every verdict, at most 80 columns where the content allows.

use crate::document::{FaultRow, NoQuorum, Outcome, Results, ViolationRow, changes};
use crate::text::{count, counted, line, visible};
use checker::Model;

/// How the block is drawn.
#[derive(Clone, Copy, Debug)]
pub struct BlockOptions {
    /// Whether to colour the verdict and the letters.
    pub color: bool,
}

const WIDTH: usize = 80;

/// The final block of a run, with a newline at its end.
pub fn final_block(results: &Results, directory: Option<&str>, options: BlockOptions) -> String {
    let mut lines = Vec::new();
    let word = results.verdict.word();
    let paint = match results.verdict {
        Outcome::Valid => "30;42",
        Outcome::Invalid => "97;41",
        Outcome::Unknown => "30;43",
        Outcome::Error => "97;45",
    };
    let word = if options.color {
        format!("\x1b[1;{paint}m {word} \x1b[0m")
    } else {
        format!(" {word} ")
    };
    lines.push(format!("{word} {}", line(&results.reason.sentence)));
    lines.push(String::new());
    match results.verdict {
        Outcome::Invalid => invalid(results, &mut lines),
        Outcome::Valid => valid(results, &mut lines),
        Outcome::Unknown if results.unknown.is_some() => undecided(results, &mut lines),
        Outcome::Unknown => {
            // Both belong together: nothing is wrong with what was seen, and it is not enough.
            let found = results.reason.detail.last().map_or("", String::as_str);
            lines.push(format!("   {} It is not called valid, because:", line(found)));
            let failed = results.coverage.evidence.iter().filter(|rule| !rule.ok);
            lines.extend(failed.map(|rule| format!("   ✕ {}", line(&rule.value))));
        }
        Outcome::Error => {
            lines.extend(
                results
                    .reason
                    .detail
                    .iter()
                    .map(|detail| format!("   {}", line(detail))),
            );
        }
    }
    if results.verdict == Outcome::Unknown {
        // A run that was cut short may lack just what the rest would have shown.
        let told = results.circumstances().into_iter();
        lines.extend(told.map(|it| format!("   {}", line(&it))));
    }
    lines.extend(
        results
            .remarks
            .iter()
            .map(|remark| format!("\n   {}", line(remark))),
    );
    if let Some(directory) = directory {
        let directory = line(directory);
        lines.push(String::new());
        match results.verdict {
            Outcome::Error => lines.push(format!(" files    {directory}")),
            _ => lines.push(format!(" report   {directory}/report.html")),
        }
        if let Some(replays) = &results.replays {
            lines.push(format!(" replays  {}", replays.sentence()));
        }
        if let Some(run) = &results.run {
            if results.verdict == Outcome::Invalid && results.replays.is_none() && run.replay_of.is_none() {
                let words = ["replay", &directory, "--times", "10"].map(str::to_owned);
                lines.push(format!(" replay   harness {}", crate::text::command(&words)));
            }
            lines.push(format!(
                " again    harness {}",
                line(&crate::text::command(&run.argv))
            ));
        }
    }
    let rule = "─".repeat(WIDTH);
    format!("{rule}\n{}\n{rule}\n", lines.join("\n"))
}

fn invalid(results: &Results, lines: &mut Vec<String>) {
    let Some(violation) = results.violations.first() else {
        return;
    };
    let digits = violation.digits();
    lines.extend(violation.hidden().map(|it| format!("   {it}")));
    for member in violation.shown() {
        let node = member
            .node
            .as_ref()
            .map_or(String::new(), |node| format!(" → {}", visible(node, 20)));
        lines.push(format!(
            "   {}  client {}{node}   {}   {}",
            member.label,
            member.client,
            when(member, digits),
            call(member, &violation.nothing)
        ));
    }
    lines.push(String::new());
    for (number, edge) in (1..).zip(&violation.edges) {
        lines.push(format!("   {number}  {}", line(&edge.sentence)));
    }
    lines.push(format!("   {}", claim(violation)));
    let caveat = violation.shrink.caveat();
    lines.extend(caveat.map(|caveat| format!("   {caveat}")));
    if !violation.still.is_empty() {
        // A loss and an old read can look alike: this is about answers, and no word on what became of the data.
        lines.push("   Going by the answers about this object alone:".to_owned());
    }
    lines.extend(
        violation
            .still
            .iter()
            .map(|still| format!("     {}", line(still))),
    );
    let between = between_lines(results, violation);
    if !between.is_empty() {
        lines.push(String::new());
        lines.extend(between);
    }
    lines.push(String::new());
    lines.extend(numbers(results).iter().map(|it| format!(" {it}")));
    for check in results.checks.iter().filter(|check| check.verdict == "invalid") {
        let took = crate::text::took(check.took_s);
        lines.push(format!(
            " checks   ✕ {}: {}{}   {took}",
            check.name,
            check.result,
            sound(results)
        ));
        lines.extend(without_weight(results));
    }
}

/// How many of the other checks hold.
fn sound(results: &Results) -> String {
    match results
        .checks
        .iter()
        .filter(|check| check.verdict == "valid")
        .count()
    {
        0 => String::new(),
        1 => "   ✓ 1 other".to_owned(),
        sound => format!("   ✓ {sound} others"),
    }
}

/// By name those that do not, without being a violation, and those that were not asked: a line each.
fn without_weight(results: &Results) -> impl Iterator<Item = String> {
    let line = |(verdict, words): (&str, &str)| {
        let checks = results.checks.iter().filter(|check| check.verdict == verdict);
        let names: Vec<String> = checks.map(|check| visible(&check.name, 60)).collect();
        (!names.is_empty()).then(|| format!("          {words}{}", names.join(", ")))
    };
    [("unknown", "? "), ("not-asked", "– not asked: ")]
        .into_iter()
        .filter_map(line)
}

/// How far the checker got, and what would help.
fn undecided(results: &Results, lines: &mut Vec<String>) {
    let Some(unknown) = &results.unknown else { return };
    let noun = Model::from_name(&results.model).map_or("object", Model::noun);
    lines.push(format!("   {}", unknown.sentence()));
    for object in &unknown.objects {
        lines.push(format!("   {}: {}", object.name(noun), object.sentence()));
    }
    if unknown.undecided > unknown.objects.len() {
        let more = unknown.undecided - unknown.objects.len();
        lines.push(format!("   and {} more", count(more)));
    }
    let other = results.coverage.evidence.iter().filter(|rule| !rule.ok);
    let other = other.filter(|rule| rule.rule != "checker-finished");
    lines.extend(other.map(|rule| format!("   ✕ {}", line(&rule.value))));
    lines.extend(
        results
            .reason
            .detail
            .last()
            .map(|last| format!("   {}", line(last))),
    );
    lines.push(String::new());
    for (place, way) in unknown.ways.iter().enumerate() {
        let head = if place == 0 { "try" } else { "or" };
        lines.push(format!("   {head:4} {}", line(way)));
    }
}

/// What a violation comes to: `No order of A and B is legal, whatever the other operations did.`
pub fn claim(violation: &ViolationRow) -> String {
    let labels = violation.core.iter().map(|member| member.label.as_str());
    match labels.collect::<Vec<_>>().as_slice() {
        [one] => format!("Nothing else that happened can explain {one}."),
        many if many.len() > violation.shown().len() => format!(
            "No order of these {} operations is legal, whatever the others did.",
            count(many.len())
        ),
        labels => format!(
            "No order of {} is legal, whatever the other operations did.",
            labels.join(" and ")
        ),
    }
}

/// When an operation of the core was under way, in seconds: `31.362 – 31.406 s`.
pub fn when(member: &crate::document::CoreRow, digits: usize) -> String {
    let end = member
        .end_ns
        .map_or("…".to_owned(), |end| format!("{:.digits$}", end as f64 / 1e9));
    format!("{:.digits$} – {end} s", member.start_ns as f64 / 1e9)
}

/// An operation as it is read: `propose(42) → 42`; `nothing` is what an answer of null means.
pub fn call(member: &crate::document::CoreRow, nothing: &str) -> String {
    let value = |json: &serde_json::Value| visible(&json.to_string(), 40);
    let asked = match member.input.is_null() {
        true => visible(&member.f, 20),
        false => format!("{}({})", visible(&member.f, 20), value(&member.input)),
    };
    let told = match (member.kind.as_str(), member.answer_counts) {
        (_, false) => "(any answer)".to_owned(),
        ("ok", _) if member.output.is_null() => visible(nothing, 20),
        ("ok", _) => value(&member.output),
        ("fail", _) => "failed".to_owned(),
        _ => "?".to_owned(),
    };
    format!("{asked} → {told}")
}

/// Faults that began or ended between the first core operation's beginning and the last one's end, in words, with
/// milliseconds from that beginning, as in the report.
pub fn between(results: &Results, violation: &ViolationRow) -> Vec<(f64, String)> {
    let changes = changes(&results.faults, violation.window_s).into_iter();
    changes.map(|it| (it.after_ms, visible(&it.what, 200))).collect()
}

/// The first of those changes, a line each.
fn between_lines(results: &Results, violation: &ViolationRow) -> Vec<String> {
    let changes = between(results, violation);
    let (shown, hidden) = (changes.len().min(6), changes.len().saturating_sub(6));
    let first = violation.core.first().map_or("", |first| first.label.as_str());
    let mut lines: Vec<String> = changes[..shown]
        .iter()
        .enumerate()
        .map(|(place, (after_ms, what))| {
            let head = match place {
                0 => format!("After {first} began:"),
                _ => String::new(),
            };
            format!("   {head:14} {:>9} {what}", format!("{after_ms:+.0} ms"))
        })
        .collect();
    if hidden > 0 {
        lines.push(format!(
            "   {:14} {:>9} {} more in the report",
            "",
            "",
            count(hidden)
        ));
    }
    lines
}

/// What was done in all: operations, faults if there were any, and what was out of the ordinary.
pub fn numbers(results: &Results) -> Vec<String> {
    let ops = &results.ops;
    let mut lines = vec![format!(
        "{} ops in {:.1} s   {} ok · {} failed · {} unknown",
        count(ops.total),
        results.duration_s,
        count(ops.ok),
        count(ops.fail),
        count(ops.info)
    )];
    let (confirmed, claimed) = felt(results);
    let kinds = deeds(results);
    if !kinds.is_empty() {
        lines.push(format!(
            "{confirmed} of {} confirmed    {} · {:.1} s without quorum{}",
            counted(claimed, "fault"),
            kinds.join(" · "),
            results.coverage.no_quorum.total_s,
            on_and_off(&results.coverage.no_quorum, " · ")
        ));
    }
    lines.extend(results.circumstances());
    lines
}

/// How many faults were felt, of how many that were begun.
fn felt(results: &Results) -> (usize, usize) {
    let begun = || results.faults.iter().filter(|fault| fault.started_s.is_some());
    (begun().filter(|fault| fault.confirmed).count(), begun().count())
}

fn valid(results: &Results, lines: &mut Vec<String>) {
    let coverage = &results.coverage;
    let done = deeds(results);
    let (confirmed, claimed) = felt(results);
    if !done.is_empty() {
        lines.push(format!(
            "   faults      {}; {confirmed} of {claimed} confirmed",
            done.join(", ")
        ));
    }
    for (place, kind) in coverage.faults.iter().enumerate() {
        let head = if place == 0 { "overlap" } else { "" };
        let during = crate::text::fault::meanwhile(&kind.kind);
        lines.push(format!(
            "   {head:10}  {} operations began {during}, {} of them ok",
            count(kind.ops_begun),
            count(kind.ok)
        ));
    }
    if !done.is_empty() {
        let quorum = &coverage.no_quorum;
        let back = coverage.recovery_s.as_ref().map_or(String::new(), |recovery| {
            format!(
                "; first ok {:.2} s after healing, {:.2} s at worst",
                recovery.median, recovery.max
            )
        });
        let lost = match quorum.count {
            0 => "never lost".to_owned(),
            count => format!("lost {}, {:.1} s", crate::text::times(count), quorum.total_s),
        };
        lines.push(format!("   quorum      {lost}{}{back}", on_and_off(quorum, ", ")));
    }
    lines.push(format!(
        "   contention  {:.0} % of operations overlapped another on the same object",
        coverage.overlap_share * 100.0
    ));
    lines.push(format!(
        "   unknown     {:.1} % of operations",
        coverage.unknown_share * 100.0
    ));
    lines.push(format!("   Not exercised: {}", coverage.not_exercised.join(", ")));
    lines.extend(crate::evidence::not_asked(&coverage.evidence).map(|it| format!("   {it}")));
    lines.push(String::new());
    lines.extend(numbers(results).iter().map(|it| format!(" {it}")));
}

/// For how long there was a quorum on and off, after a separator; nothing where there was not.
fn on_and_off(quorum: &NoQuorum, separator: &str) -> String {
    match quorum.on_and_off_s > 0.0 {
        true => format!("{separator}{:.1} s on and off", quorum.on_and_off_s),
        false => String::new(),
    }
}

/// The faults that were in force, counted by kind.
fn deeds(results: &Results) -> Vec<String> {
    let is_failure = |fault: &&FaultRow| fault.power && fault.started_s.is_some();
    let power_failures = results.faults.iter().filter(is_failure).count();
    let kinds = results.coverage.faults.iter();
    let told = kinds.map(|kind| crate::text::fault::counted(&kind.kind, kind.count, power_failures));
    told.collect()
}
