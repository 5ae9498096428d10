//! The names of nodes, however they are given: one by one, as a list, in a file.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

/// The most nodes that there can be.
const NODES_MAX: usize = 99;
/// The longest name.
const NAME_MAX: usize = 30;
/// The largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// A node's name, which is also a folder and part of the nodes' command lines.
pub fn parse_name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && text.len() <= NAME_MAX && text.chars().all(is_plain) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "a node's name has letters, digits, - and _, begins with a letter or a digit, and has at most {NAME_MAX} of them"
    ))
}

/// All names, in the order `--node`, `--nodes`, `--nodes-file`; n1 to nN when there are none.
///
/// # Errors
/// When the file cannot be read or has no names, a name is there twice, or there are too many.
pub fn names(
    one_by_one: &[String],
    list: &[String],
    file: Option<&Path>,
    count: u8,
) -> Result<Vec<String>, String> {
    let mut names: Vec<String> = one_by_one.iter().chain(list).cloned().collect();
    if let Some(file) = file {
        names.extend(read(file)?);
    }
    if names.is_empty() {
        return Ok((1..=count).map(|i| format!("n{i}")).collect());
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
        return Err(format!("the node {twice} is there twice"));
    }
    if names.len() > NODES_MAX {
        return Err(format!(
            "{} nodes are too many; {NODES_MAX} are the most",
            names.len()
        ));
    }
    Ok(names)
}

fn read(file: &Path) -> Result<Vec<String>, String> {
    let shown = file.display();
    let mut text = String::new();
    let opened = std::fs::File::open(file);
    opened
        .and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text))
        .map_err(|error| format!("--nodes-file {shown}: {error}"))?;
    let lines = (1..)
        .zip(text.lines())
        .map(|(number, line)| (number, line.trim()));
    let meant = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let names: Vec<String> = meant
        .map(|(number, line)| parse_name(line).map_err(|why| format!("--nodes-file {shown}:{number}: {why}")))
        .collect::<Result<_, _>>()?;
    match names.is_empty() {
        true => Err(format!(
            "--nodes-file {shown}: there are no names in it; write one on each line"
        )),
        false => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn all_three_ways_add_up_and_without_any_there_are_so_many() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("nodes");
        std::fs::write(&file, "# the third rack\nd\n\n  e  \n").unwrap();
        let all = names(&owned(&["a"]), &owned(&["b", "c"]), Some(&file), 5);
        assert_eq!(all, Ok(owned(&["a", "b", "c", "d", "e"])));
        assert_eq!(names(&[], &[], None, 3), Ok(owned(&["n1", "n2", "n3"])));
    }

    #[test]
    fn names_that_cannot_be_are_refused_with_their_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("nodes");
        let refused = |text: &str| {
            std::fs::write(&file, text).unwrap();
            names(&[], &[], Some(&file), 5).unwrap_err()
        };
        assert!(refused("a\n../b\n").contains("nodes:2: a node's name has letters"));
        assert!(refused("# nobody\n").contains("there are no names in it"));
        assert!(refused("a\na\n").contains("the node a is there twice"));
        for bad in ["", ".", "..", "a/b", "-n", "a,b", "a=b", &"x".repeat(31)] {
            assert!(parse_name(bad).is_err(), "{bad}");
        }
        assert!(
            names(&[], &[], Some(Path::new("/no/such")), 5)
                .unwrap_err()
                .contains("/no/such")
        );
    }
}
