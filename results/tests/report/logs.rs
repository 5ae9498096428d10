//! The nodes' own words in the report.

use crate::script::Script;
use checker::Model;
use history::History;
use results::coverage::Coverage;
use results::{Results, report_html};
use serde_json::json;
use std::path::Path;

fn page(history: &History, folder: &Path) -> String {
    let analysis = checker::check(history, Model::Decree).unwrap();
    let coverage = Coverage::of(history);
    let results = Results::new(None, history, &analysis, &coverage);
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
