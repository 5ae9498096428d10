//! The page without a mouse: letters, arrows, the focus, and what is read aloud.

use super::chrome::{Chrome, chrome};
use super::runs::{busy, page};
use crate::script::{Script, told, worked};
use history::Outcome;
use serde_json::json;

/// What is in view, in seconds, as the address says; the whole run when it says nothing.
fn view(chrome: &mut Chrome) -> Option<(f64, f64)> {
    let hash = chrome.evaluate("location.hash");
    let (_, after) = hash.as_str()?.split_once("t=")?;
    let (from, to) = after.split('&').next()?.split_once(',')?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

#[test]
fn letters_zoom_move_and_find() {
    let Some(mut chrome) = chrome() else { return };
    let history = busy(3_000);
    chrome.open(&page(&history), "");
    assert_eq!(view(&mut chrome), None);
    chrome.press("w");
    let near = view(&mut chrome).unwrap();
    chrome.press("w");
    let nearer = view(&mut chrome).unwrap();
    assert!(nearer.1 - nearer.0 < (near.1 - near.0) * 0.7);
    chrome.press("d");
    assert!(view(&mut chrome).unwrap().0 > nearer.0);
    chrome.press("a");
    chrome.press("s");
    let back = view(&mut chrome).unwrap();
    assert!(
        (back.0 - near.0).abs() < 1e-3 && (back.1 - near.1).abs() < 1e-3,
        "{back:?} {near:?}"
    );
    chrome.press("0");
    assert_eq!(view(&mut chrome), None, "the whole run again");
    // Into the search field, a search, and from one that was found to the next, around the end.
    chrome.press("/");
    assert_eq!(chrome.evaluate("document.activeElement.id"), "query");
    for key in "key:3".chars() {
        chrome.press(&key.to_string());
    }
    chrome.press("Escape");
    let found: Vec<_> = history.operations.iter().filter(|it| it.key == 3).collect();
    for operation in found.iter().chain(&found[..1]) {
        chrome.press("n");
        let pinned = chrome.text("#pinned");
        assert!(pinned.contains(&format!("Event{}", operation.invoke)), "{pinned}");
    }
    chrome.press("N");
    assert!(
        chrome
            .text("#pinned")
            .contains(&format!("Event{}", found[found.len() - 1].invoke))
    );
    // Esc undoes one thing at a time.
    chrome.press("Escape");
    assert_eq!(chrome.text("#pinned"), "");
    assert_eq!(chrome.text("#found"), "20 of 3,000");
    chrome.press("Escape");
    assert_eq!(chrome.text("#found"), "3,000 operations");
}

#[test]
fn arrows_walk_from_operation_to_operation_and_each_is_read_aloud() {
    let Some(mut chrome) = chrome() else { return };
    let history = busy(1_000);
    chrome.open(&page(&history), "");
    chrome.evaluate("document.querySelector('#operations').focus()");
    let of_client = |client: u64| -> Vec<u32> {
        let operations = history
            .operations
            .iter()
            .filter(|it| history.client(it) == client);
        operations.map(|it| it.invoke).collect()
    };
    let (first, below) = (of_client(0), of_client(5));
    let said = |chrome: &mut Chrome, event: u32| {
        let status = chrome.evaluate("document.querySelector('#pinned[role=status]').textContent");
        assert!(
            status.as_str().unwrap().contains(&format!("Event{event}")),
            "{status} {event}"
        );
    };
    for event in &first[..4] {
        chrome.press("ArrowRight");
        said(&mut chrome, *event);
    }
    chrome.press("ArrowLeft");
    said(&mut chrome, first[2]);
    chrome.press("ArrowDown");
    let status = chrome.text("#pinned");
    assert!(
        below
            .iter()
            .any(|event| status.contains(&format!("Event{event}"))),
        "{status}"
    );
    assert!(
        status.contains("Client5") && status.contains("Noden1"),
        "the line below is that node's next client: {status}"
    );
    chrome.press("ArrowUp");
    assert!(chrome.text("#pinned").contains("Client0"));
}

#[test]
fn a_contradiction_and_a_fault_are_one_key_away() {
    let Some(mut chrome) = chrome() else { return };
    let mut script = Script::new(&["kill"]);
    script.phase(0, "run");
    script.op(0, "propose", &json!(17), &json!(17), 31_362, 31_406);
    script.op(3, "propose", &json!(42), &json!(42), 31_792, 31_871);
    script
        .kill(1, "n3", 31_418, 31_655)
        .op(1, "read", &json!(null), &json!(42), 60_000, 60_010);
    let (_, _, page) = told(&script.history());
    chrome.open(&page, "");
    // It opens on the contradiction, with the operations on its object found.
    assert_eq!(chrome.text("#found"), "3 of 3");
    assert!(
        chrome
            .text("#stretch")
            .starts_with("31.36 – 32.38 s · 2 operations"),
        "{}",
        chrome.text("#stretch")
    );
    chrome.press("0");
    chrome.press("]");
    let (from, to) = view(&mut chrome).unwrap();
    assert!(from < 31.418 && 31.418 < to && to - from < 6.0, "{from} {to}");
    chrome.press("v");
    let (from, to) = view(&mut chrome).unwrap();
    assert!(from <= 31.363 && to > 31.871 && to - from < 1.1, "{from} {to}");
    chrome.press("c");
    let top = "document.querySelector('#counterexample').getBoundingClientRect().top";
    assert!(chrome.evaluate(top).as_f64().unwrap().abs() < 100.0);
    chrome.press("t");
    assert_eq!(chrome.evaluate("document.documentElement.dataset.theme"), "dark");
}

#[test]
fn the_list_of_keys_opens_closes_and_turns_them_off() {
    let Some(mut chrome) = chrome() else { return };
    let mut script = Script::new(&["kill"]);
    worked(&mut script).kill(1, "n3", 100, 200);
    let (_, _, page) = told(&script.history());
    chrome.open(&page, "");
    chrome.press("?");
    assert_eq!(chrome.evaluate("document.querySelector('#help').open"), true);
    chrome.evaluate("document.querySelector('#keys-on').click()");
    chrome.press("Escape");
    chrome.evaluate("document.querySelector('#help').close()");
    chrome.press("w");
    assert_eq!(view(&mut chrome), None, "letters are off");
}

#[test]
fn everything_that_can_be_pressed_is_reached_in_the_order_of_the_page_and_seen() {
    let Some(mut chrome) = chrome() else { return };
    let history = busy(500);
    assert!(history.operations.iter().any(|it| it.outcome == Outcome::Info));
    chrome.open(&page(&history), "#q=&op=2");
    let wanted = chrome.evaluate(
        "[...document.querySelectorAll('a[href], button, input, select, [tabindex=\"0\"]')].filter((it) => it.checkVisibility()).length",
    );
    let wanted = wanted.as_u64().unwrap();
    chrome.evaluate("document.body.focus(); scrollTo(0, 0); getSelection().removeAllRanges()");
    chrome.evaluate("document.querySelector('header').setAttribute('tabindex', '-1'); document.querySelector('header').focus()");
    let mut seen = Vec::new();
    let mut before = (f64::MIN, String::new());
    for _ in 0..wanted {
        chrome.press("Tab");
        let here = chrome.evaluate(
            "(() => { const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect(); return [it.id || it.textContent.trim().slice(0, 20) || it.tagName, style.outlineStyle !== 'none' || style.boxShadow !== 'none', box.top + scrollY, box.height > 0]; })()",
        );
        let name = here[0].as_str().unwrap().to_owned();
        assert!(
            here[1] == true && here[3] == true,
            "{name} has the focus and is not seen to"
        );
        let top = here[2].as_f64().unwrap();
        // The sticky bar is at the top wherever the page is; two columns are read one after the other.
        assert!(
            top > before.0 - 1_200.0,
            "the focus jumps up from {} to {name}",
            before.1
        );
        before = (top, name.clone());
        seen.push(name);
    }
    for name in [
        "theme",
        "query",
        "by-f",
        "by-node",
        "by-client",
        "by-key",
        "colour",
        "zoom-in",
        "to-whole",
        "as-table",
        "to-help",
        "operations",
    ] {
        assert!(
            seen.iter().any(|it| it == name),
            "{name} is not reached: {seen:?}"
        );
    }
}
