//! What the README says is typed here.

use crate::place::{Place, ROOT, err, has_sandbox, out};
use std::fs;
use std::path::Path;

#[test]
fn every_command_of_the_readme_works() {
    let readme = fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    let commands: Vec<&str> = readme
        .split("```sh\n")
        .skip(1)
        .flat_map(|block| block.split("```").next().unwrap_or_default().lines())
        .collect();
    assert!(commands.len() > 5);
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let ci = fs::read_to_string(Path::new(ROOT).join(".ci/run")).unwrap();
    for command in commands {
        // The runs of this test are in a store of its own.
        let command = &command.replace(" store/", &format!(" {}/", place.store().display()));
        let Some(arguments) = command.strip_prefix("cargo run --release -- ") else {
            assert!(
                ci.lines().any(|line| line.starts_with(command.as_str())),
                "CI runs `{command}`"
            );
            continue;
        };
        let mut arguments: Vec<&str> = arguments.split(' ').collect();
        if arguments[0] == "test" {
            // The same run, only shorter.
            arguments.extend(["--time-limit", "4"]);
        }
        let output = place.run(&arguments);
        let expected: &[i32] = match (arguments.contains(&"--bug"), arguments[0]) {
            (true, _) => &[1],
            // Four seconds may be too few to find every kind of fault felt; that is said, and is no failure.
            (false, "test") => &[0, 2],
            (false, "check" | "replay") => &[0, 1, 2],
            _ => &[0],
        };
        let code = output.status.code().unwrap_or(-1);
        assert!(
            expected.contains(&code),
            "{command}: {code}\n{}{}",
            out(&output),
            err(&output)
        );
    }
}
