//! From one contradiction to the next: by a click, by a key, by an address, and without the page's script.

use super::chrome::{Chrome, chrome};
use crate::script::told;
use crate::several::several;
use serde_json::json;

/// Which titles of contradictions are seen.
fn seen(chrome: &mut Chrome) -> Vec<String> {
    let all = "[...document.querySelectorAll('#counterexample h2')].filter((it) => it.checkVisibility()).map((it) => it.textContent.split(' · ')[1])";
    serde_json::from_value(chrome.evaluate(all)).unwrap()
}

/// Where the middle of the picture of the run is, in seconds.
fn middle(chrome: &mut Chrome) -> f64 {
    let stretch = chrome.text("#stretch");
    let (from, rest) = stretch.split_once(" – ").unwrap();
    let to = rest.split(' ').next().unwrap();
    (from.parse::<f64>().unwrap() + to.parse::<f64>().unwrap()) / 2.0
}

#[test]
fn a_choice_shows_another_contradiction_and_its_operations_in_the_run() {
    let Some(mut chrome) = chrome() else { return };
    let (_, _, page) = told(&several(5));
    chrome.open(&page, "");
    assert_eq!(seen(&mut chrome), ["decree 200"]);
    chrome.evaluate("document.querySelector('#violation-2').click()");
    chrome.settle();
    assert_eq!(seen(&mut chrome), ["decree 201"]);
    assert_eq!(
        chrome.evaluate("document.querySelector('#query').value"),
        "key:201"
    );
    assert_eq!(chrome.text("#found"), "2 of 12");
    assert!(
        (middle(&mut chrome) - 2.015).abs() < 0.01,
        "{}",
        middle(&mut chrome)
    );
    // Its values have the colours now.
    assert!(
        chrome.text("#legend").starts_with("1011undecided"),
        "{}",
        chrome.text("#legend")
    );
    // The address leads there again.
    let link = chrome.evaluate("location.hash");
    assert!(link.as_str().unwrap().contains("violation=2"), "{link}");
    chrome.open(&page, "#violation=3");
    assert_eq!(seen(&mut chrome), ["decree 202"]);
    assert!((middle(&mut chrome) - 3.015).abs() < 0.01);
}

#[test]
fn the_key_leads_through_all_of_them_and_back_to_the_first() {
    let Some(mut chrome) = chrome() else { return };
    let (_, _, page) = told(&several(5));
    chrome.open(&page, "");
    let mut been = Vec::new();
    for _ in 0..7 {
        chrome.press("v");
        been.push((
            chrome.evaluate("document.querySelector('#query').value"),
            seen(&mut chrome),
        ));
    }
    let keys: Vec<&str> = been.iter().map(|(query, _)| query.as_str().unwrap()).collect();
    assert_eq!(
        keys,
        [
            "key:200", "key:201", "key:202", "key:900", "key:203", "key:204", "key:200"
        ]
    );
    assert_eq!(been[3].1, ["decree 900"]);
    assert_eq!(
        been[4].1,
        ["decree 900"],
        "what is not told in full leaves the page as it is"
    );
    assert_eq!(been[6].1, ["decree 200"]);
    // What a reader has searched for stays.
    chrome.evaluate("location.hash = '#q=f:read'");
    chrome.settle();
    chrome.press("v");
    chrome.press("v");
    assert_eq!(
        chrome.evaluate("document.querySelector('#query').value"),
        "f:read"
    );
}

#[test]
fn without_scripts_one_is_seen_and_the_others_can_be_chosen() {
    let Some(mut chrome) = chrome() else { return };
    let (_, _, page) = told(&several(3));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    // The browser's tools run in the page whether its own scripts do or not.
    let scripts = page.split("<script").count();
    let dead = page.replace("<script>", "<script type=\"text/none\">");
    assert!(scripts > 2 && !dead.contains("<script>"));
    std::fs::write(&path, dead).unwrap();
    chrome.go_to(&path, "");
    assert_eq!(seen(&mut chrome), ["decree 200"]);
    let tab = chrome.evaluate("(() => { const box = document.querySelector('label:has(#violation-3)').getBoundingClientRect(); return [box.x + 5, box.y + 5]; })()");
    for kind in ["mousePressed", "mouseReleased"] {
        chrome.call(
            "Input.dispatchMouseEvent",
            json!({"type": kind, "x": tab[0], "y": tab[1], "button": "left", "clickCount": 1}),
        );
    }
    assert_eq!(seen(&mut chrome), ["decree 202"]);
    // Hatches and arrow heads are there although the first drawing, which has them too, is not seen.
    let heads = "document.querySelector('#arrow').closest('svg').checkVisibility()";
    assert_eq!(chrome.evaluate(heads), true);
    assert_eq!(
        chrome.evaluate("document.querySelector('.violation-1 svg').checkVisibility()"),
        false
    );
}
