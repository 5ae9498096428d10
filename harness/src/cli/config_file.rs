//! `harness.toml`: the flags that somebody does not want to type every time. Read here, with the line of every key.
//!
//! A key is named as its flag. At the top of the file it holds for every command that has the flag; in a table with
//! a command's name (`[test]`) for that command, where it comes first. What the keys mean is not known here: read
//! next `layers`.

use std::fs;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// The largest file that is read, in bytes.
const BYTES_MAX: u64 = 1 << 20;

/// The keys of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigFile {
    /// What the file is called, as it was named.
    pub name: String,
    /// Its keys, in no order.
    pub entries: Vec<Entry>,
}

/// One key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The table that it is in; none at the top.
    pub table: Option<String>,
    /// The key.
    pub key: String,
    /// The value as it would be typed; several for an array.
    pub values: Vec<String>,
    /// The line that the key is on, from 1.
    pub line: usize,
}

impl ConfigFile {
    /// Reads a file.
    ///
    /// # Errors
    /// With the file and the line: that it cannot be read, is no TOML, or has a value that no flag can have.
    pub fn read(path: &Path) -> Result<ConfigFile, String> {
        let name = path.display().to_string();
        let mut text = String::new();
        let read = fs::File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_string(&mut text));
        match read {
            Err(error) => Err(format!("{name}: {error}")),
            Ok(length) if length as u64 > BYTES_MAX => Err(format!("{name}: {BYTES_MAX} bytes are the most")),
            Ok(_) => ConfigFile::parse(&text, &name),
        }
    }

    /// Understands the text of a file that is called `name`.
    ///
    /// # Errors
    /// As [`ConfigFile::read`].
    pub fn parse(text: &str, name: &str) -> Result<ConfigFile, String> {
        let line = |span: Range<usize>| text[..span.start.min(text.len())].matches('\n').count() + 1;
        let table = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, line);
            format!("{name}:{line}: {}", error.message())
        })?;
        let mut entries = Vec::new();
        for (key, value) in table.get_ref() {
            match value.get_ref() {
                DeValue::Table(inner) => {
                    for (inner_key, value) in inner {
                        let at = line(inner_key.span());
                        let values = values(value.get_ref()).map_err(|why| {
                            format!("{name}:{at}: {inner_key}: {why}", inner_key = inner_key.get_ref())
                        })?;
                        let table = Some(key.get_ref().to_string());
                        entries.push(Entry {
                            table,
                            key: inner_key.get_ref().to_string(),
                            values,
                            line: at,
                        });
                    }
                }
                value => {
                    let at = line(key.span());
                    let values =
                        values(value).map_err(|why| format!("{name}:{at}: {}: {why}", key.get_ref()))?;
                    entries.push(Entry {
                        table: None,
                        key: key.get_ref().to_string(),
                        values,
                        line: at,
                    });
                }
            }
        }
        Ok(ConfigFile {
            name: name.to_owned(),
            entries,
        })
    }
}

/// A value as it would be typed.
fn values(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    match value {
        DeValue::Array(items) => {
            let one = |item: &toml::Spanned<DeValue<'_>>| match item.get_ref() {
                DeValue::Array(_) => Err("an array in an array is no value of a flag".to_owned()),
                item => Ok(values(item)?.concat()),
            };
            items.iter().map(one).collect()
        }
        DeValue::String(text) => Ok(vec![text.to_string()]),
        DeValue::Integer(number) => Ok(vec![number.to_string()]),
        DeValue::Float(number) => Ok(vec![number.to_string()]),
        DeValue::Boolean(flag) => Ok(vec![flag.to_string()]),
        DeValue::Datetime(_) => Err("a date is no value of a flag; write it in quotes".to_owned()),
        DeValue::Table(_) => Err("a table is no value of a flag".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_values_as_they_are_typed_and_lines() {
        let text = "store = \"runs\"\n\n[test]\nrate = 100\n\"time-limit\" = \"5m\"\nnodes = [\"a\", \"b\"]\nfail-fast = true\n";
        let file = ConfigFile::parse(text, "harness.toml").unwrap();
        let mut found: Vec<(Option<&str>, &str, String, usize)> = file
            .entries
            .iter()
            .map(|it| (it.table.as_deref(), it.key.as_str(), it.values.join("|"), it.line))
            .collect();
        found.sort_by_key(|it| it.3);
        assert_eq!(
            found,
            [
                (None, "store", "runs".to_owned(), 1),
                (Some("test"), "rate", "100".to_owned(), 4),
                (Some("test"), "time-limit", "5m".to_owned(), 5),
                (Some("test"), "nodes", "a|b".to_owned(), 6),
                (Some("test"), "fail-fast", "true".to_owned(), 7),
            ]
        );
    }

    #[test]
    fn what_is_no_toml_or_no_value_is_refused_with_its_line() {
        let refused = |text| ConfigFile::parse(text, "h.toml").unwrap_err();
        assert!(
            refused("a = 1\nb = \n").starts_with("h.toml:2: "),
            "{}",
            refused("a = 1\nb = \n")
        );
        assert!(refused("rate = 1979-05-27\n").contains("h.toml:1: rate: a date is no value"));
        assert!(refused("[test]\nrate = [[1]]\n").contains("h.toml:2: rate: an array in an array"));
        assert!(refused("a = 1\na = 2\n").contains("h.toml:2"));
    }
}
