//! The page in a real browser.

use crate::hostile::hostile;
use crate::script::told;
use std::path::Path;
use std::process::Command;

/// Opens a page in a real browser and returns what it says on the console and the page as it became.
fn browse(path: &Path, query: &str) -> (String, String) {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
        ])
        .args([
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            "--v=0",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}{query}", path.display()))
        .output()
        .unwrap();
    let console = String::from_utf8_lossy(&output.stderr).into_owned();
    let console = console
        .lines()
        .filter(|line| line.contains("CONSOLE"))
        .collect::<Vec<_>>()
        .join("\n");
    (console, String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn in_a_browser_the_page_asks_for_nothing_and_the_console_stays_silent() {
    if Command::new("chromium").arg("--version").output().is_err() {
        assert!(
            std::env::var_os("CI").is_none(),
            "skipped: chromium is not installed"
        );
        println!("skipped: chromium is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let (_, _, page) = told(&hostile());
    std::fs::write(&path, &page).unwrap();
    let (console, became) = browse(&path, "?theme=dark");
    // Whatever the page asked for would be refused by its own policy, and the refusal be on the console.
    assert_eq!(console, "");
    assert!(became.contains(r#"data-theme="dark""#), "the script ran");
    // And this check can say no.
    let asking = page.replace("</main>", r#"<img src="https://127.0.0.1:9/x.png"></main>"#);
    std::fs::write(&path, asking).unwrap();
    assert!(
        browse(&path, "").0.contains("127.0.0.1:9"),
        "a request would have been noticed"
    );
}
