//! Searches and filters find what they say, and say what they cannot understand.

use super::chrome::{Chrome, chrome};
use super::runs::{busy, page};
use history::{History, Operation, Outcome};

/// How many operations a search finds, and what is said of it.
fn search(chrome: &mut Chrome, query: &str) -> (String, String) {
    chrome.evaluate(&format!(
        "(() => {{ const field = document.querySelector('#query'); field.value = {}; field.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()",
        serde_json::json!(query)
    ));
    chrome.settle();
    (chrome.text("#found"), chrome.text("#complaint"))
}

#[test]
fn a_search_finds_exactly_what_it_says() {
    let Some(mut chrome) = chrome() else { return };
    let history = busy(4_000);
    chrome.open(&page(&history), "");
    let took_ms = |it: &Operation| (it.end_ns - it.start_ns) as f64 / 1e6;
    let key = |it: &Operation, key: i64| history.keys[it.key as usize].as_integer() == Some(key);
    let has = |it: &Operation, value: i64| {
        it.input.as_integer() == Some(value) || it.output.as_integer() == Some(value)
    };
    let value = history
        .operations
        .iter()
        .find_map(|it| it.output.as_integer())
        .unwrap();
    let read = |it: &Operation| history.function_name(it) == "read";
    type Holds<'a> = Box<dyn Fn(&Operation) -> bool + 'a>;
    let by_value = format!("value:{value}");
    let searches: Vec<(&str, Holds<'_>)> = vec![
        ("key:17", Box::new(|it| key(it, 17))),
        (
            "key:17,18 -f:read",
            Box::new(|it| (key(it, 17) || key(it, 18)) && !read(it)),
        ),
        ("type:unknown", Box::new(|it| it.outcome == Outcome::Info)),
        (
            "type:ok,failed client:3",
            Box::new(|it| it.outcome != Outcome::Info && history.client(it) == 3),
        ),
        ("node:n4", Box::new(|it| history.node_name(it) == Some("n4"))),
        (&by_value, Box::new(|it| has(it, value))),
        ("lat:>100ms", Box::new(|it| took_ms(it) >= 100.0)),
        (
            "lat:1..2ms",
            Box::new(|it| (1000..=2000).contains(&(it.end_ns / 1000 - it.start_ns / 1000))),
        ),
        (
            "t:0.1..0.2",
            Box::new(|it| it.start_ns <= 200_000_999 && it.end_ns >= 100_000_000),
        ),
        ("op:40", Box::new(|it| it.invoke == 40)),
        ("quorum", Box::new(|it| it.outcome == Outcome::Fail)),
        ("\"timed out\"", Box::new(|it| it.outcome == Outcome::Info)),
        ("read", Box::new(|it| read(it))),
        (
            "value:undecided f:read type:ok",
            Box::new(|it| read(it) && it.outcome == Outcome::Ok),
        ),
    ];
    for (query, holds) in &searches {
        let expected = history.operations.iter().filter(|it| holds(it)).count();
        assert!(expected > 0, "{query}");
        let found = format!("{} of 4,000", results::text::count(expected));
        assert_eq!(search(&mut chrome, query), (found, String::new()), "{query}");
    }
    assert_eq!(search(&mut chrome, "").0, "4,000 operations");
    assert_eq!(search(&mut chrome, "nobody-said-this").0, "0 of 4,000");
}

#[test]
fn what_cannot_be_understood_is_said_with_what_can() {
    let Some(mut chrome) = chrome() else { return };
    chrome.open(&page(&busy(100)), "");
    for (query, complaint) in [
        (
            "kye:4",
            "there is no “kye:”; there are key: f: type: client: process: node: value: t: lat: op:",
        ),
        ("type:broken", "type is ok, failed or unknown, not “broken”"),
        (
            "type:constructor",
            "type is ok, failed or unknown, not “constructor”",
        ),
        (
            "lat:slow",
            "lat is a duration or a range, as lat:>100ms or lat:1..20ms, not “slow”",
        ),
        ("node:n9", "no node is called “n9”: there are n1, n2, n3, n4, n5"),
    ] {
        assert_eq!(
            search(&mut chrome, query),
            ("100 operations".to_owned(), complaint.to_owned()),
            "{query}"
        );
    }
}

#[test]
fn filters_hide_and_a_link_shows_the_same_again() {
    let Some(mut chrome) = chrome() else { return };
    let history: History = busy(2_000);
    let page = page(&history);
    chrome.open(&page, "");
    chrome.evaluate("document.querySelectorAll('[data-outcome]')[0].click()");
    chrome.evaluate("(() => { const node = document.querySelector('#by-node'); node.value = 'n2'; node.dispatchEvent(new Event('input')); })()");
    chrome.press("w");
    let expected = history
        .operations
        .iter()
        .filter(|it| it.outcome != Outcome::Ok && history.node_name(it) == Some("n2"));
    let found = format!("{} of 2,000", expected.count());
    assert_eq!(chrome.text("#found"), found);
    let link = chrome.evaluate("location.hash");
    let link = link.as_str().unwrap();
    assert!(
        link.starts_with("#t=") && link.ends_with("&node=n2&type=failed,unknown"),
        "{link}"
    );
    let stretch = chrome.text("#stretch");
    chrome.open(&page, link);
    assert_eq!((chrome.text("#found"), chrome.text("#stretch")), (found, stretch));
    assert_eq!(
        chrome.evaluate("document.querySelectorAll('[data-outcome]')[0].ariaPressed"),
        "false"
    );
}
