//! The nodes' own words in the report.

use crate::script::Script;
use checker::Model;
use history::History;
use results::coverage::Coverage;
use results::{Results, RunInfo, report_html};
use serde_json::json;
use std::path::Path;

fn page(history: &History, folder: &Path) -> String {
    page_of(None, history, folder)
}

fn page_of(info: Option<&RunInfo>, history: &History, folder: &Path) -> String {
    let analysis = checker::check(history, Model::Decree).unwrap();
    let coverage = Coverage::of(history);
    let results = Results::new(info, history, &analysis, &coverage);
    report_html(&results, history, Some(&analysis), &coverage, Some(folder)).unwrap()
}

#[test]
fn what_a_node_wrote_is_text_and_the_cause_is_among_what_is_shown() {
    let null = json!(null);
    let mut script = Script::new(&["kill"]);
    script.phase(0, "run");
    script.op(0, "propose", &json!(17), &json!(17), 1_000, 1_010);
    script.kill(1, "n1", 2_000, 3_000);
    script.op(5, "read", &null, &null, 5_000, 5_010);
    let history = script.history();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("nodes/n1")).unwrap();
    let mut log = b"1.005 accepted decree=147 value=17\n2.0 [harness] ended: signal 9 (SIGKILL)\n".to_vec();
    log.extend(b"2.5 [harness] started, pid 9\n2.6 recovered 0 records\n2.7 b\n2.8 c\n3.5 of no interest\n");
    log.extend(b"5.005 \x1b[31m</span><script>alert(1)</script>\xff\0 decree=147 ");
    log.extend(vec![b'x'; 1_000_000]);
    log.push(b'\n');
    std::fs::write(folder.path().join("nodes/n1/stderr.log"), log).unwrap();
    let page = page(&history, folder.path());
    for words in [
        "killed in between",
        "ended: signal 9 (SIGKILL)",
        "recovered 0 records",
        "1 line not shown",
        "client 5 asks B: read",
        "client 5 is told undecided",
        "&#60;script&#62;alert(1)&#60;/script&#62;\u{fffd}\\u{0}",
        r#"<span class="found value-0">17</span>"#,
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("of no interest") && !page.contains('\u{1b}') && !page.contains('\u{0}'));
    assert!(page.len() < crate::script::ordinary() + 40_000, "{}", page.len());
}

#[test]
fn what_is_to_be_black_is_black_on_the_page_and_stays_in_the_log() {
    let history = Script::decided_twice().history();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("nodes/n1")).unwrap();
    let log = folder.path().join("nodes/n1/stderr.log");
    std::fs::write(&log, "1.002 accepted decree=147 for alice with token=s3cret\n").unwrap();
    let mut info = crate::ci::info();
    assert!(page_of(Some(&info), &history, folder.path()).contains("s3cret"));
    info.options
        .insert("redact".to_owned(), json!("token=\\S+|alice"));
    // Who asks for it has typed it, and more for the nodes after it.
    let typed = [
        "--redact",
        "token=\\S+|alice",
        "--seed",
        "7",
        "--",
        "--redact",
        "x",
    ];
    info.argv.extend(typed.map(str::to_owned));
    let black = page_of(Some(&info), &history, folder.path());
    assert!(!black.contains("s3cret") && black.contains(" for ███ with ███"));
    assert!(!black.contains("alice") && black.contains(" --seed 7 -- --redact x"));
    assert!(std::fs::read_to_string(&log).unwrap().contains("s3cret"));
}

#[test]
fn the_document_says_where_in_the_logs_the_lines_are_that_the_page_shows() {
    let history = Script::decided_twice().history();
    let folder = tempfile::tempdir().unwrap();
    let write = |node: &str, log: &str| {
        let folder = folder.path().join("nodes").join(node);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("stderr.log"), log).unwrap();
    };
    write(
        "n1",
        "0.1 long before\nno stamp\n1.001 prepare decree=147\n1.002 accepted decree=147\n9.0 long after\n",
    );
    write("n2", "0.1 long before\n");
    write("n3", "1.005 accepted decree=147 value=17\n");
    write("n4", "1.005 accepted decree=148 value=17\n");
    let analysis = checker::check(&history, Model::Decree).unwrap();
    let coverage = Coverage::of(&history);
    let mut results = Results::new(None, &history, &analysis, &coverage);
    assert_eq!(results.violations[0].logs, []);
    results.look_up_logs(&history, &analysis, &coverage, folder.path());
    let logs = &results.violations[0].logs;
    let excerpts: Vec<(&str, &str, usize, usize)> = logs
        .iter()
        .map(|it| (it.node.as_str(), it.file.as_str(), it.from_line, it.to_line))
        .collect();
    // n2 was asked and wrote nothing then; n4 wrote about another decree.
    assert_eq!(
        excerpts,
        [
            ("n1", "nodes/n1/stderr.log", 3, 4),
            ("n3", "nodes/n3/stderr.log", 1, 1)
        ]
    );
}

#[test]
fn every_node_that_names_the_object_is_shown_and_the_silent_ones_are_named() {
    let mut script = Script::new(&[]);
    script.phase(0, "run");
    script.op(0, "propose", &json!(17), &json!(17), 1_000, 1_010);
    script.op(1, "propose", &json!(42), &json!(42), 1_020, 1_030);
    let folder = tempfile::tempdir().unwrap();
    let write = |node: &str, log: &str| {
        let folder = folder.path().join("nodes").join(node);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("stderr.log"), log).unwrap();
    };
    write("n1", "1.001 prepare decree=147\n");
    write("n2", "1.021 prepare decree=147\n");
    write(
        "n3",
        "1.005 accepted decree=147 value=17\n1.025 accepted decree=147 value=42\n",
    );
    // Where there are too many lines, those with a value of the contradiction are kept.
    let busy = (100..400).map(|tenth| format!("1.0{tenth} promised decree=147\n"));
    let last = "1.0410 accepted decree=147 value=42\n".to_owned();
    write("n4", &busy.chain([last]).collect::<String>());
    write("n5", "1.007 accepted decree=148 value=17\n");
    let page = page(&script.history(), folder.path());
    let head = |node: &str, why: &str| {
        page.contains(&format!("<div class=\"head\"><h3>{node}</h3><span>{why}</span>"))
    };
    assert!(head("n1", "asked A") && head("n2", "asked B"));
    assert!(head("n3", "2 lines about it") && head("n4", "301 lines about it"));
    let of_n4 = &page[page.find("<h3>n4</h3>").unwrap()..];
    assert!(
        of_n4.contains("value=<span class=\"found value-1\">42</span>"),
        "{of_n4}"
    );
    assert!(of_n4.contains("lines not shown"));
    assert!(!page.contains("<div class=\"head\"><h3>n5</h3>"));
    assert!(page.contains("No line about decree 147 in this time from n5."));
}

#[test]
fn where_an_object_was_busy_for_long_the_restart_and_the_last_words_are_shown() {
    let null = json!(null);
    let mut script = Script::new(&["kill"]);
    script.phase(0, "run");
    script.op(0, "propose", &json!(17), &json!(17), 1_000, 1_010);
    script.kill(1, "n1", 2_000, 3_000);
    script.op(5, "read", &null, &null, 5_000, 5_010);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("nodes/n1")).unwrap();
    let busy = (1_100..1_900).step_by(2);
    let mut log: Vec<String> = busy.map(|ms| format!("1.{ms} promised decree=147\n")).collect();
    log.push("2.000 [harness] ended: signal 9 (SIGKILL)\n".to_owned());
    log.push("2.900 [harness] started, pid 9\n2.950 recovered 0 records\n".to_owned());
    log.push("5.005 nothing accepted decree=147\n".to_owned());
    std::fs::write(folder.path().join("nodes/n1/stderr.log"), log.concat()).unwrap();
    let page = page(&script.history(), folder.path());
    let text = page.replace(r#"<span class="found key">147</span>"#, "147");
    for words in [
        "ended: signal 9",
        "started, pid 9",
        "recovered 0 records",
        "nothing accepted decree=147",
    ] {
        assert!(text.contains(words), "{words}");
    }
    assert!(
        text.contains("364 lines not shown"),
        "what is left out is counted"
    );
}
