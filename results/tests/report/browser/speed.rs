//! How large a page is and how fast it is there. Sizes are asserted; times are printed, for they are the machine's.
//!
//! `cargo test --release -p results --test report -- --nocapture speed` prints them.

use super::chrome::{Chrome, chrome};
use super::runs::{busy, page};

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

fn measure(chrome: &mut Chrome, operations: usize, most_bytes: usize) {
    let page = page(&busy(operations));
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
        chrome.evaluate("(() => { for (const key of ['0']) document.dispatchEvent(new KeyboardEvent('keydown', { key })); })()");
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
    measure(&mut chrome, 100_000, 3_000_000);
}

#[test]
fn a_million_operations_are_less_than_fifteen_megabytes() {
    let Some(mut chrome) = chrome() else { return };
    chrome.call(
        "Page.addScriptToEvaluateOnNewDocument",
        serde_json::json!({"source": WATCH}),
    );
    measure(&mut chrome, 1_000_000, 15_000_000);
}
