//! How large a page is and how fast it is there, and that what is drawn fast is drawn where it belongs. Sizes are asserted;
//! times are printed, for they are the machine's.
//!
//! `cargo test --release -p results --test report -- --nocapture speed` prints them.

use super::chrome::{Chrome, chrome};
use super::runs::{busy, page};
use history::{History, Outcome};

/// Tells when the picture is ready, and how long each frame takes with its pixels drawn.
const WATCH: &str = "
  window.frames_ms = [];
  const request = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) => request((time) => {
    const begun = performance.now();
    callback(time);
    document.querySelector('#operations')?.getContext('2d').getImageData(0, 0, 1, 1);
    window.frames_ms.push(performance.now() - begun);
  });
  addEventListener('DOMContentLoaded', () => {
    const run = document.querySelector('#run');
    run && new MutationObserver(() => (window.ready_ms ??= performance.now())).observe(run, { attributes: true });
  });";

fn measure(chrome: &mut Chrome, history: &History, most_bytes: usize) {
    let (page, operations) = (page(history), history.operations.len());
    assert!(
        page.len() <= most_bytes,
        "{operations} operations take {} bytes",
        page.len()
    );
    chrome.open(&page, "");
    assert_eq!(
        chrome.text("#found"),
        format!("{} operations", results::text::count(operations))
    );
    let ready = chrome.evaluate("window.ready_ms").as_f64().unwrap();
    println!(
        "{operations} operations: {:.2} MB, there after {ready:.0} ms",
        page.len() as f64 / 1e6
    );
    for zooms in [0, 2, 4, 8, 12] {
        chrome.press("0");
        (0..zooms).for_each(|_| chrome.press("w"));
        chrome.evaluate("window.frames_ms.length = 0");
        for key in ["a", "d"].repeat(8) {
            chrome.press(key);
        }
        let mut frames: Vec<f64> = serde_json::from_value(chrome.evaluate("window.frames_ms")).unwrap();
        // Frames of this test's own waiting draw nothing.
        frames.retain(|ms| *ms > 1.0);
        frames.sort_by(f64::total_cmp);
        let (least, median, most) = (frames[0], frames[frames.len() / 2], frames[frames.len() - 1]);
        println!(
            "  {}: frames of {median:.1} ms, from {least:.1} to {most:.1} ms",
            chrome.text("#stretch")
        );
    }
}

#[test]
fn a_hundred_thousand_operations_are_less_than_three_megabytes() {
    let Some(mut chrome) = chrome() else { return };
    chrome.call(
        "Page.addScriptToEvaluateOnNewDocument",
        serde_json::json!({"source": WATCH}),
    );
    measure(&mut chrome, &busy(100_000), 3_000_000);
}

/// The columns of the canvas in which some operation has the full colour of an ok one, below the latencies. While something
/// is searched for these are the ones that were found.
const COLOURED: &str = "(() => {
  const canvas = document.querySelector('#operations'), context = canvas.getContext('2d');
  const top = 190, { data } = context.getImageData(0, top, canvas.width, canvas.height - top);
  context.fillStyle = getComputedStyle(canvas).getPropertyValue('--ok').trim();
  const colour = [1, 3, 5].map((at) => parseInt(context.fillStyle.slice(at, at + 2), 16));
  const columns = new Set();
  for (let at = 0; at < data.length; at += 4) if (colour.every((part, place) => data[at + place] === part)) columns.add((at / 4) % canvas.width);
  return [...columns].sort((a, b) => a - b);
})()";

/// Whether every one of so many places has a column beside it, and every column a place, a pixel apart at most.
fn agree(places: &[f64], columns: &[f64]) -> bool {
    let all_near = |some: &[f64], others: &[f64]| {
        let is_near = |one: &f64| others.iter().any(|other| (one - other).abs() <= 1.0);
        some.iter().all(is_near)
    };
    all_near(places, columns) && all_near(columns, places)
}

/// A few of a million operations, each of which shares its pixel with others, are found where they began.
fn few_among_many(chrome: &mut Chrome, history: &History) {
    let is_few = |it: &&history::Operation| it.outcome == Outcome::Ok && it.end_ns - it.start_ns < 5_000_000;
    let every = history.operations.len() / 20;
    // Not the first, whose pixel the edge cuts in two.
    let some = history.operations.iter().step_by(every).skip(1);
    let few: Vec<&history::Operation> = some.filter(is_few).collect();
    assert!(few.len() > 10);
    let events: Vec<String> = few.iter().map(|it| it.invoke.to_string()).collect();
    chrome.press("0");
    chrome.evaluate(&format!("location.hash = 'q=op:{}&t=0,1e9'", events.join(",")));
    chrome.settle();
    assert!(chrome.text("#found").starts_with(&format!("{} of", few.len())));
    let columns: Vec<f64> = serde_json::from_value(chrome.evaluate(COLOURED)).unwrap();
    let stretch = chrome.text("#stretch");
    let (from_s, rest) = stretch.split_once(" – ").unwrap();
    let seconds = |text: &str| text.parse::<f64>().unwrap();
    let (from_s, to_s) = (seconds(from_s), seconds(rest.split(' ').next().unwrap()));
    let width = chrome
        .evaluate("document.querySelector('#operations').clientWidth")
        .as_f64()
        .unwrap();
    // The margins of the drawing above it, in whose units they are said: `run/layout.js`.
    let (left, right) = (64.0 / 1240.0 * width, 1206.0 / 1240.0 * width);
    let place = |it: &&history::Operation| {
        left + (it.start_ns as f64 / 1e9 - from_s) / (to_s - from_s) * (right - left) - 0.5
    };
    let places: Vec<f64> = few.iter().map(place).collect();
    assert!(agree(&places, &columns), "{places:?} {columns:?}");
    // And this can say no.
    let moved: Vec<f64> = places.iter().map(|place| place + 3.0).collect();
    assert!(!agree(&moved, &columns) && !agree(&places[1..], &columns) && !agree(&places, &columns[1..]));
}

#[test]
fn a_million_operations_are_less_than_fifteen_megabytes_and_each_is_where_it_began() {
    let Some(mut chrome) = chrome() else { return };
    chrome.call(
        "Page.addScriptToEvaluateOnNewDocument",
        serde_json::json!({"source": WATCH}),
    );
    let history = busy(1_000_000);
    measure(&mut chrome, &history, 15_000_000);
    few_among_many(&mut chrome, &history);
}
