//! Why a valid run can be believed: what leads from the page to the evidence.

use crate::browser::{chrome, passing};
use crate::script::told;
use checker::Model;
use history::History;
use results::coverage::Coverage;
use results::{Results, report_html};
use std::path::Path;

fn page(history: &History, folder: Option<&Path>) -> String {
    let analysis = checker::check(history, Model::Decree).unwrap();
    let coverage = Coverage::of(history);
    // Only runs keep their orders.
    let run = folder.map(|_| crate::ci::info());
    let results = Results::new(run.as_ref(), history, &analysis, &coverage);
    report_html(&results, history, Some(&analysis), &coverage, folder).unwrap()
}

#[test]
fn the_legal_orders_of_all_objects_are_a_click_away_where_they_are_kept() {
    let link = "<a href=\"witness.jsonl\"><code>witness.jsonl</code></a></p>";
    let folder = tempfile::tempdir().unwrap();
    assert!(!page(&passing(), Some(folder.path())).contains(link));
    assert!(!page(&passing(), None).contains(link));
    std::fs::write(folder.path().join("witness.jsonl"), "{}\n").unwrap();
    let page = page(&passing(), Some(folder.path()));
    assert!(page.contains(&format!("verified by the second checker: {link}")));
}

#[test]
fn a_legal_order_is_there_to_its_end() {
    let mut script = crate::script::Script::new(&[]);
    script.phase(0, "run");
    for number in 0..20 {
        let at_ms = 10 + number * 10;
        script.op(number % 5, "read", &().into(), &().into(), at_ms, at_ms + 5);
    }
    script.op(1, "propose", &17.into(), &17.into(), 300, 310);
    let (_, _, page) = told(&script.history());
    let order = page.split_once("<b>One legal order</b>").unwrap().1;
    let (beginning, rest) = order.split_once("<summary>The rest of it</summary>").unwrap();
    assert_eq!(beginning.matches("read → undecided").count(), 14);
    let rest = rest.split_once("</details>").unwrap().0;
    assert_eq!(rest.matches("read → undecided").count(), 6);
    assert!(rest.contains("propose(17) → 17</code>"), "{rest}");
}

#[test]
fn the_hardest_moment_leads_to_its_place_in_the_run() {
    let Some(mut chrome) = chrome() else { return };
    let page = page(&passing(), None);
    let hardest = page.split_once("<b>The hardest moment</b> ").unwrap().1;
    let at_s: f64 = hardest.split(' ').next().unwrap().parse().unwrap();
    chrome.open(&page, "");
    chrome.evaluate(
        "[...document.querySelectorAll('#believe a')].find((it) => it.textContent === 'In the run').click()",
    );
    chrome.settle();
    let stretch = chrome.text("#stretch");
    let (from, to) = stretch.split_once(" – ").unwrap();
    let to = to.split(' ').next().unwrap();
    let (from, to): (f64, f64) = (from.parse().unwrap(), to.parse().unwrap());
    assert!(from < at_s && at_s < to && to - from < 0.3, "{stretch}");
    let found = chrome.text("#found");
    assert_eq!(found, "10 of 735", "its object's operations");
}
