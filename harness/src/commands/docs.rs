//! `harness docs`: the documents, for whoever has nothing but the program.

use super::{print, refuse};
use crate::suggest;
use std::process::ExitCode;

macro_rules! pages {
    ($($name:literal)*) => {
        /// Every document, by its path without `.md`.
        const PAGES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../../docs/", $name, ".md")))),*];
    };
}

pages! {
    "first-run" "command-line" "reading-a-report" "faults" "plugging-in-a-system" "client-programs" "maelstrom" "ci"
    "history-format" "checking" "queues-and-locks" "scorecard" "scenarios" "paxos" "paxos-speed" "checker-speed"
    "systems/etcd" "systems/nats" "systems/redis" "systems/zookeeper" "architecture" "acceptance" "contributing"
}

/// Prints a document as it was written, in Markdown; without a name, which there are.
pub fn docs(page: Option<&str>) -> ExitCode {
    let Some(asked) = page else {
        print(&listed());
        return ExitCode::SUCCESS;
    };
    let name = asked.trim_start_matches("docs/").trim_end_matches(".md");
    match PAGES.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => {
            print(text);
            ExitCode::SUCCESS
        }
        None => {
            let known: Vec<&str> = PAGES.iter().map(|(name, _)| *name).collect();
            refuse(suggest::unknown("document", name, &known))
        }
    }
}

/// The names, each with its title.
fn listed() -> String {
    let title = |text: &str| {
        text.lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("# ")
            .to_owned()
    };
    let line = |(name, text): &(&str, &str)| format!("{name:<22} {}\n", title(text));
    PAGES.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_document_is_in_the_program() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        let mut files = Vec::new();
        for (folder, before) in [("", ""), ("systems", "systems/")] {
            for entry in std::fs::read_dir(docs.join(folder)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                files.extend(name.strip_suffix(".md").map(|name| format!("{before}{name}")));
            }
        }
        files.sort_unstable();
        let mut pages: Vec<&str> = PAGES.iter().map(|(name, _)| *name).collect();
        pages.sort_unstable();
        assert_eq!(pages, files);
        assert!(
            listed().contains("client-programs        Client programs\n"),
            "{}",
            listed()
        );
    }
}
