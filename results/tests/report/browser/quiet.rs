//! What the page must not do: ask for anything, complain, or need its scripts for more than one picture.

use super::chrome::chrome;
use super::pictures::failing;
use super::runs::{busy, page};
use crate::hostile::hostile;
use crate::script::{Script, told};
use serde_json::json;

#[test]
fn the_page_asks_for_nothing_and_the_console_stays_silent() {
    let Some(mut chrome) = chrome() else { return };
    let (_, _, page) = told(&hostile());
    for after in [
        "",
        "?theme=dark",
        "#q=value:%3Cscript%3E&colour=value",
        "#t=a,b&op=x&type=&colour=%22",
    ] {
        chrome.open(&page, after);
        for key in ["v", "]", "n", "f", "0", "Escape"] {
            chrome.press(key);
        }
        assert_eq!(chrome.text("#data-problem"), "");
        assert_eq!(chrome.requests(), Vec::<String>::new());
        assert_eq!(chrome.console(), Vec::<String>::new());
    }
    // And this check can say no: whatever a page asks for is refused by its own policy, and the refusal is told.
    let asking = page.replace("</main>", r#"<img src="https://127.0.0.1:9/x.png"></main>"#);
    chrome.open(&asking, "");
    assert!(chrome.console().iter().any(|line| line.contains("127.0.0.1:9")));
}

#[test]
fn texts_of_the_system_stay_texts_in_the_picture_too() {
    let Some(mut chrome) = chrome() else { return };
    let (_, _, page) = told(&hostile());
    chrome.open(&page, "#q=&op=2");
    let pinned = chrome.text("#pinned");
    assert!(
        pinned.contains(r"</script></style><script>alert(1)</script><img src=x"),
        "{pinned}"
    );
    assert_eq!(
        chrome.evaluate("document.querySelectorAll('#run img, #run script').length"),
        0
    );
    chrome.evaluate("document.querySelector('#as-table').click()");
    let table = chrome.text("#table tbody");
    assert!(
        table.contains("<img src=x onerror=alert(2)>") && table.contains(r"\u001b[31m\u{202e}"),
        "{table}"
    );
    assert_eq!(
        chrome.evaluate("document.querySelectorAll('#table img').length"),
        0
    );
}

#[test]
fn a_page_that_was_damaged_says_so_and_shows_the_rest() {
    let Some(mut chrome) = chrome() else { return };
    let whole = page(&busy(200));
    let data = whole.split_once(r#"type="application/octet-stream">"#).unwrap().1;
    let damaged = whole.replace(&data[..data.find('<').unwrap()], "bm8gZGF0YQ==");
    chrome.open(&damaged, "");
    assert!(
        chrome
            .text("#data-problem")
            .starts_with("The operations could not be drawn: ")
    );
    assert_eq!(chrome.console(), Vec::<String>::new());
}

#[test]
fn without_scripts_everything_but_the_operations_is_there() {
    let Some(mut chrome) = chrome() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    std::fs::write(&path, page(&busy(2_000))).unwrap();
    chrome.call("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    chrome.go_to(&path, "");
    let document = chrome.call("DOM.getDocument", json!({}));
    let mut height = |selector: &str| {
        let query = json!({"nodeId": document["root"]["nodeId"], "selector": selector});
        let node = chrome.call("DOM.querySelector", query);
        let html = chrome.call("DOM.getOuterHTML", json!({"nodeId": node["nodeId"]}));
        assert!(html["outerHTML"].as_str().unwrap().len() > 10, "{selector}");
        chrome.call("CSS.enable", json!({}));
        let style = chrome.call("CSS.getComputedStyleForNode", json!({"nodeId": node["nodeId"]}));
        let display = style["computedStyle"]
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["name"] == "display")
            .unwrap();
        display["value"].as_str().unwrap().to_owned()
    };
    for section in [
        "h1",
        ".facts",
        "#believe",
        "#run svg.whole-run",
        "#coverage table",
        "#checks table",
        "#files",
        "noscript p",
    ] {
        assert_ne!(height(section), "none", "{section}");
    }
    for tool in ["#tools", "#window", "#theme", ".needs-script"] {
        assert_eq!(height(tool), "none", "{tool}");
    }
}

#[test]
fn what_else_happened_can_be_left_out_of_the_drawing_or_all_of_it_drawn_and_the_core_is_always_there() {
    let Some(mut chrome) = chrome() else { return };
    // Two operations are near, one is far away.
    let mut script = Script::new(&[]);
    script.phase(0, "run");
    script.op(0, "propose", &json!(17), &json!(17), 4_362, 4_406);
    script.op(5, "propose", &json!(23), &json!(17), 4_370, 4_420);
    script.op(3, "propose", &json!(42), &json!(42), 4_792, 4_871);
    script.op(4, "read", &json!(null), &json!(42), 4_880, 4_890);
    script.op(1, "read", &json!(null), &json!(42), 60_000, 60_010);
    let (_, _, page) = told(&script.history());
    chrome.open(&page, "");
    let choices = "[...document.querySelectorAll('.reach label')].map((it) => it.textContent)";
    assert_eq!(
        chrome.evaluate(choices),
        json!(["only these 2", "2 more, nearby", "all 5 on decree 147"])
    );
    for (choice, beside) in [("nearest", 2), ("only-core", 0), ("all", 3)] {
        chrome.evaluate(&format!("document.querySelector('.{choice}').click()"));
        for (what, seen) in [("context", beside), ("core", 2)] {
            let all = format!(
                "[...document.querySelectorAll('.picture .op.{what}')].filter((it) => it.checkVisibility()).length"
            );
            assert_eq!(chrome.evaluate(&all), seen, "{choice} {what}");
        }
    }
    // Where nothing is far away there is nothing more to draw.
    let (_, _, page) = told(&failing());
    assert!(!page.contains("class=\"all\""));
}

#[test]
fn a_run_that_never_began_has_no_empty_pictures() {
    let Some(mut chrome) = chrome() else { return };
    let history = history::History::default();
    let why = "Failed to start n1: exit status 1.".to_owned();
    let results = results::Results::error(None, &history, why, Vec::new());
    let coverage = results::coverage::Coverage::of(&history);
    let page = results::report_html(&results, &history, None, &coverage, None).unwrap();
    chrome.open(&page, "");
    let seen = |what: &str| format!("document.querySelector('{what}').checkVisibility()");
    for (what, is_seen) in [
        (".facts", false),
        ("#run", false),
        ("#coverage", false),
        ("#checks", false),
        ("#files", true),
    ] {
        assert_eq!(chrome.evaluate(&seen(what)), is_seen, "{what}");
    }
    assert_eq!(chrome.console(), Vec::<String>::new());
}
