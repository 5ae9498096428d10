//! Where options come from: the command line, the environment, `harness.toml`.

use crate::place::{HARNESS, Place, err, out};
use std::process::{Command, Output};

fn in_folder(place: &Place, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(HARNESS)
        .args(arguments)
        .current_dir(place.folder.path())
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

/// The line of an option in what --print-config says, without the space that lines it up.
fn line(output: &Output, key: &str) -> String {
    let text = out(output);
    let mut lines = text.lines().map(|line| line.strip_prefix("# ").unwrap_or(line));
    let found = lines.find(|line| line.split_whitespace().next() == Some(key));
    let found = found.unwrap_or_else(|| panic!("no {key} in {text}{}", err(output)));
    found.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_flag_comes_first_then_the_environment_then_the_file_then_the_default() {
    let place = Place::new();
    place.write(
        "harness.toml",
        "store = \"elsewhere\"\n\n[test]\nrate = 10\ntime-limit = \"5s\"\nnemesis = \"kill\"\n",
    );
    let environment = [
        ("HARNESS_RATE", "20"),
        ("HARNESS_TIME_LIMIT", "6s"),
        ("HARNESS_FAIL_FAST", "true"),
    ];
    let shown = in_folder(&place, &["test", "--print-config", "--rate", "30"], &environment);
    assert_eq!(shown.status.code(), Some(0), "{}", err(&shown));
    assert_eq!(line(&shown, "rate"), "rate = 30 # command line");
    assert_eq!(
        line(&shown, "time-limit"),
        "time-limit = \"6s\" # HARNESS_TIME_LIMIT"
    );
    assert_eq!(line(&shown, "fail-fast"), "fail-fast = true # HARNESS_FAIL_FAST");
    assert_eq!(line(&shown, "nemesis"), "nemesis = \"kill\" # harness.toml:6");
    assert_eq!(line(&shown, "store"), "store = \"elsewhere\" # harness.toml:1");
    assert_eq!(
        line(&shown, "client-timeout"),
        "client-timeout = \"1s\" # default"
    );
    // What is shown is a file that says the same.
    let again = place.write("again.toml", &out(&shown));
    let same = in_folder(&place, &["test", "--print-config", "--config", &again], &[]);
    assert_eq!(same.status.code(), Some(0), "{}", err(&same));
    assert!(line(&same, "rate").starts_with("rate = 30 # ") && line(&same, "rate").contains("again.toml:"));
    // No file at all, and one that is not there.
    let without = in_folder(&place, &["test", "--print-config", "--config", ""], &[]);
    assert_eq!(line(&without, "rate"), "rate = 5000 # default");
    let missing = in_folder(&place, &["test", "--config", "no-such.toml"], &[]);
    assert_eq!(missing.status.code(), Some(254));
    assert!(
        err(&missing).contains("no-such.toml: No such file"),
        "{}",
        err(&missing)
    );
}

#[test]
fn what_is_wrong_elsewhere_is_refused_with_its_place_and_a_suggestion() {
    let place = Place::new();
    let refused = |file: &str, variables: &[(&str, &str)], words: &str| {
        place.write("harness.toml", file);
        let output = in_folder(&place, &["list"], variables);
        assert_eq!(output.status.code(), Some(254), "{}", err(&output));
        assert!(err(&output).contains(words), "{}", err(&output));
    };
    refused(
        "# a\nsotre = 1\n",
        &[],
        "harness.toml:2: unknown key `sotre`: did you mean `store`?",
    );
    refused("[test]\nnemesis = \"kil\"\n", &[], "harness.toml:2: nemesis: ");
    refused("[test\n", &[], "harness.toml:1: ");
    refused("", &[("HARNESS_SEED", "x")], "HARNESS_SEED: invalid value 'x'");
    place.write("harness.toml", "");
    let near = in_folder(&place, &["list"], &[("HARNESS_SORE", "x")]);
    assert!(
        err(&near).contains("did you mean HARNESS_STORE?"),
        "{}",
        err(&near)
    );
    let quiet = in_folder(&place, &["list", "-q"], &[("HARNESS_SORE", "x")]);
    assert!(!err(&quiet).contains("HARNESS_SORE"));
    let foreign = in_folder(&place, &["list"], &[("HARNESS_BUILD_TRIGGER_ID", "x")]);
    assert!(!err(&foreign).contains("HARNESS_BUILD"), "{}", err(&foreign));
}

#[test]
fn colours_are_as_asked_for() {
    let place = Place::new();
    place.put_three();
    let shown = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = place.command(&[&["show", "11"], arguments].concat());
        out(&command.envs(variables.iter().copied()).output().unwrap()).contains('\u{1b}')
    };
    assert!(!shown(&[], &[]), "nobody sees colours in a pipe");
    assert!(shown(&["--color", "always"], &[]));
    assert!(shown(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!shown(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
}
