//! The space-time diagram: hosts as lanes, time to the right, a message as an arrow from its sender to its receiver.
//!
//! Every message has a place of its own ([`super::steps`]). An arrow leans by as long as rules kept the message; what the
//! harness did not delay stands upright, for the way through the switch takes some microseconds. One that was dropped ends
//! half-way, with a cross.

use super::read::{Captured, Message};
use super::steps::Steps;
use crate::document::ViolationRow;
use crate::report::svg::{Svg, text_width};
use crate::text::{counted, moment, stretch, visible};

const WIDTH: f64 = 1220.0;
const LEFT: f64 = 92.0;
const RIGHT: f64 = WIDTH - 10.0;
const TOP: f64 = 30.0;
const LANE: f64 = 52.0;

pub fn draw(captured: &Captured, chosen: &[&Message], row: &ViolationRow, (from, to): (u64, u64)) -> String {
    let hosts = hosts(captured, chosen);
    let bottom = TOP + LANE * hosts.len() as f64;
    let mut svg = Svg::new(WIDTH, bottom + 42.0);
    let core = row.core.iter();
    let spans: Vec<(u64, u64)> = core
        .map(|member| (member.start_ns, member.end_ns.unwrap_or(member.start_ns)))
        .collect();
    let arrivals = chosen.iter().map(|message| message.at_ns);
    let moments = arrivals.chain(spans.iter().flat_map(|(start, end)| [*start, *end]));
    let axis = Steps::over(moments.collect(), LEFT + 12.0, RIGHT - 12.0);
    let y = |host: usize| {
        let place = hosts.iter().position(|known| *known == host);
        place.map(|place| TOP + LANE * (place as f64 + 0.5))
    };
    for (place, host) in hosts.iter().enumerate() {
        let class = if place % 2 == 0 { "lane even" } else { "lane odd" };
        let top = TOP + LANE * place as f64;
        svg.rect(class, [LEFT, top, RIGHT - LEFT, LANE], "");
        let middle = top + LANE / 2.0;
        svg.text("lane-name", "start", [10.0, middle + 4.5], &captured.hosts[*host]);
        svg.line("lifeline", [LEFT, middle, RIGHT, middle]);
    }
    for (member, (start, end)) in row.core.iter().zip(&spans) {
        let (x1, x2) = (axis.x(*start), axis.x(*end));
        let title = format!("{}: client {}", member.label, member.client);
        svg.rect("core-span", [x1, TOP, (x2 - x1).max(2.0), bottom - TOP], &title);
        svg.text(
            "lane-name",
            "middle",
            [(x1 + x2) / 2.0, TOP - 8.0],
            &visible(&member.label, 4),
        );
    }
    times(&mut svg, &axis, bottom);
    let places = axis.each(chosen.iter().map(|message| message.at_ns));
    for (message, x) in chosen.iter().zip(places) {
        let ends = captured
            .host(message.from)
            .and_then(y)
            .zip(captured.host(message.to).and_then(y));
        if let Some((y1, y2)) = ends {
            let sent_ns = message.at_ns.saturating_sub(message.delay_ns);
            let sent_x = if message.delay_ns > 0 {
                axis.x(sent_ns).min(x)
            } else {
                x
            };
            arrow(&mut svg, captured, message, [sent_x, y1], [x, y2]);
        }
    }
    let title = format!(
        "{} between {} and {}",
        counted(chosen.len(), "message"),
        moment(from),
        moment(to)
    );
    svg.finish(
        "messages",
        &title,
        "The table below has the same messages as words.",
    )
}

/// The hosts that have a part in what is drawn, in the order of the file.
fn hosts(captured: &Captured, chosen: &[&Message]) -> Vec<usize> {
    let ends = chosen.iter().flat_map(|message| [message.from, message.to]);
    let mut hosts: Vec<usize> = ends.filter_map(|address| captured.host(address)).collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

fn times(svg: &mut Svg, axis: &Steps, bottom: f64) {
    let mut named_to = 0.0;
    for (left, right, lasted) in axis.nothing() {
        let title = format!("nothing of this for {}", stretch(*lasted));
        let inside = [left + 6.0, TOP, right - left - 12.0, bottom - TOP];
        svg.rect("break", inside, &title);
        let middle = (left + right) / 2.0;
        let text = format!("// {}", stretch(*lasted));
        let half = text_width(&text, 11.0) / 2.0 + 3.0;
        // Where two are close together, the second is told on hover alone.
        if middle - half >= named_to && middle + half <= WIDTH {
            svg.text("break-text", "middle", [middle, bottom + 34.0], &text);
            named_to = middle + half;
        }
    }
    for (moment, x) in axis.ticks(84.0) {
        svg.line("grid", [x, TOP, x, bottom + 4.0]);
        let text = format!("{:.4} s", crate::text::seconds(moment));
        svg.text("tick", "middle", [x, bottom + 17.0], &text);
    }
}

fn arrow(svg: &mut Svg, captured: &Captured, message: &Message, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2]) {
    let deed = match message.comment.as_str() {
        "" => String::new(),
        comment => format!(" · {}", visible(comment, 120)),
    };
    let title = format!(
        "{} · {} · {}{deed}\n{}",
        captured.way(message),
        moment(message.at_ns),
        counted(message.bytes, "byte"),
        visible(&message.excerpt, super::EXCERPT_CHARS)
    );
    if message.is_dropped {
        let (x, y) = ((x1 + x2) / 2.0, (y1 + y2) / 2.0);
        svg.path_titled(
            "message dropped",
            &format!("M{x1:.1} {y1:.1} L{x:.1} {y:.1}"),
            &title,
        );
        let cross = format!(
            "M{:.1} {:.1} l8 8 M{:.1} {:.1} l-8 8",
            x - 4.0,
            y - 4.0,
            x + 4.0,
            y - 4.0
        );
        svg.path_titled("message cross", &cross, &title);
        return;
    }
    let class = if message.comment.is_empty() {
        "message"
    } else {
        "message disturbed-way"
    };
    let end = if y2 > y1 { y2 - 2.0 } else { y2 + 2.0 };
    svg.path_titled(class, &format!("M{x1:.1} {y1:.1} L{x2:.1} {end:.1}"), &title);
}
