//! The page of a run in a real browser, and the packets of a run in a file.

use crate::place::{Place, Run, can_have};
use serde_json::json;
use std::fs;
use std::process::Command;

/// The report opens in a browser without a word on the console, and draws every fault that was in force.
pub fn is_silent(run: &Run) {
    if Command::new("chromium").arg("--version").output().is_err() {
        assert!(
            std::env::var_os("CI").is_none(),
            "skipped: chromium is not installed"
        );
        println!("skipped: chromium is not installed");
        return;
    }
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args(["--enable-logging=stderr", "--v=0", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!(
            "file://{}?theme=dark",
            run.directory.join("report.html").display()
        ))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let console: Vec<&str> = told.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(console.is_empty(), "{console:?}");
    let became = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(became.contains(r#"data-theme="dark""#), "the script ran: {told}");
}

/// Walks over the blocks of a pcapng file and counts the packets; what is torn is a failure.
fn packets(file: &[u8]) -> usize {
    const SECTION: u32 = 0x0a0d_0d0a;
    const PACKET: u32 = 6;
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    assert_eq!((number(0), number(8)), (SECTION, 0x1a2b_3c4d), "the magic");
    let (mut at, mut packets) = (0, 0);
    while at < file.len() {
        let length = number(at + 4) as usize;
        assert_eq!(
            number(at + length - 4) as usize,
            length,
            "the length stands at both ends"
        );
        packets += usize::from(number(at) == PACKET);
        at += length;
    }
    packets
}

#[test]
fn a_capture_has_the_packets_of_the_run_and_of_a_longer_one_more() {
    if !can_have("packet") {
        return;
    }
    let place = Place::new();
    let held = json!([{
        "start_ms": 100, "end_ms": 400,
        "fault": {"kind": "packet", "links": [["n1", "n2"]], "effect": {"does": "hold"}},
    }]);
    let capture = |time_limit: &str| {
        let run = place.run_schedule(
            &held,
            &[
                "--capture",
                "--rate",
                "300",
                "--time-limit",
                time_limit,
                "--seed",
                "4",
            ],
        );
        assert_eq!(run.code, Some(0), "{}", run.text);
        fs::read(run.directory.join("capture.pcapng")).unwrap()
    };
    let (short, long) = (capture("1"), capture("3"));
    assert!(packets(&short) > 500, "{} packets", packets(&short));
    assert!(
        packets(&long) > packets(&short) && long.len() > short.len(),
        "{} and {} packets",
        packets(&long),
        packets(&short)
    );
    let comments = |file: &[u8]| file.windows(4).any(|bytes| bytes == b"held");
    assert!(comments(&short), "what was held is said");
    let without = place.run_schedule(&held, &["--rate", "300", "--time-limit", "1"]);
    assert!(!without.directory.join("capture.pcapng").exists());
}

#[test]
fn a_captured_violation_has_its_messages_in_the_report() {
    if !can_have("packet") {
        return;
    }
    let place = Place::new();
    // n3 is told nothing by n1; what should have reached it is crossed out.
    let cut = json!([{
        "start_ms": 1, "end_ms": 5000,
        "fault": {"kind": "packet", "links": [["n1", "n3"]], "effect": {"does": "drop"}},
    }]);
    let options = [
        "--capture",
        "--bug",
        "ballot-without-node",
        "--fail-fast",
        "--time-limit",
        "5",
    ];
    let run = place.run_schedule(&cut, &options);
    assert_eq!(run.code, Some(1), "{}", run.text);
    let page = fs::read_to_string(run.directory.join("report.html")).unwrap();
    let results: serde_json::Value =
        serde_json::from_slice(&fs::read(run.directory.join("results.json")).unwrap()).unwrap();
    assert_eq!(results["stopped"], "violation");
    let cut_short = " s of 5 s: stopped at the first violation (--fail-fast).";
    // On the page flags are kept together.
    let words = page.replace("<span class=\"word\">", "").replace("</span>", "");
    assert!(
        words.contains(cut_short) && run.text.contains(cut_short),
        "{}",
        run.text
    );
    let key = &results["violations"][0]["key"];
    assert!(page.contains("Messages around the violation"));
    assert!(page.contains(&format!(
        "those that name {}",
        key.as_str().unwrap_or(&key.to_string())
    )));
    let table = page.split("rows messages-table").nth(1).unwrap();
    assert!(
        table.contains("client → n") && table.contains("→ client"),
        "questions and answers"
    );
    assert!(table.contains("propose"));
    is_silent(&run);
}
