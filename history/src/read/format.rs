//! What format a history file is in, told by its first bytes and never by its name.

use super::log;

/// The format of a history file. `docs/history-format.md` says what each means, with an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// An event a line in JSON: our own files, with a header or without.
    JsonLines,
    /// Operations as EDN maps, one after the other or in one vector: Jepsen's and Maelstrom's `history.edn`, Knossos'
    /// and Porcupine's test data.
    Edn,
    /// Lines with tabs between process, type, function and value: Jepsen's `history.txt`, and its log with whatever
    /// else is in it.
    JepsenLog,
}

/// Files that stand beside a history, or have one in them, and begin with bytes of their own.
const OTHERS: [(&[u8], &str); 5] = [
    (
        b"JEPSEN",
        "this is Jepsen's binary test.jepsen; give the history.edn or history.txt that is beside it",
    ),
    (b"\x1f\x8b", "this is compressed; run gunzip on it first"),
    (b"\x28\xb5\x2f\xfd", "this is compressed; run unzstd on it first"),
    (b"PK\x03\x04", "this is a zip archive; unpack it first"),
    (
        b"\xff\xfe",
        "this is UTF-16; convert it to UTF-8 first, for example with iconv",
    ),
];

impl Format {
    /// The format of a file that begins with `head`. What is nothing in particular is taken for JSON Lines, whose reader
    /// says what is wrong with it.
    ///
    /// # Errors
    /// For what is known not to be a history that can be read, with the way out.
    pub fn detect(head: &[u8]) -> Result<Format, String> {
        if let Some((_, hint)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
            return Err((*hint).to_owned());
        }
        let mut solid = head
            .iter()
            .filter(|byte| !byte.is_ascii_whitespace() && **byte != b',');
        let mut next = || solid.next().copied().unwrap_or(b' ');
        Ok(match (next(), next(), next()) {
            (b'[', b'{', b'"') => {
                let way_out = "write an event a line, for example with jq -c '.[]'";
                return Err(format!("this is a JSON array; {way_out}"));
            }
            (b'[' | b'(' | b';' | b'#', ..) | (b'{', b':' | b'#' | b';', _) => Format::Edn,
            _ if log::looks_like_one(head) => Format::JepsenLog,
            _ => Format::JsonLines,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_it_is() {
        for (head, format) in [
            (r#"{"process":0,"type":"invoke"}"#, Format::JsonLines),
            ("  {\n \"process\": 0", Format::JsonLines),
            ("hello", Format::JsonLines),
            ("", Format::JsonLines),
            ("{:process 0, :type :invoke}", Format::Edn),
            ("[{:process 0}]", Format::Edn),
            ("({:process 0})", Format::Edn),
            ("; who wrote this\n[]", Format::Edn),
            ("#jepsen.history.Op{:index 0}", Format::Edn),
            ("INFO  jepsen.util - 0\t:invoke\t:read\tnil\n", Format::JepsenLog),
            (
                "2026-01-02 03:04:05,678{GMT}\tINFO\t[main] jepsen.cli: Test options:\n {:a 1}\n2026-01-02 03:04:05,999{GMT}\tINFO\t[jepsen worker 0] jepsen.util: 0\t:invoke\t:read\tnil\n",
                Format::JepsenLog,
            ),
            ("0\t:invoke\t:read\tnil\n", Format::JepsenLog),
            (":nemesis\t:info\t:start\tnil\n", Format::JepsenLog),
        ] {
            assert_eq!(Format::detect(head.as_bytes()), Ok(format), "{head}");
        }
    }

    #[test]
    fn what_is_known_not_to_be_one_is_refused_with_the_way_out() {
        let refused = |head: &[u8]| Format::detect(head).unwrap_err();
        assert!(refused(b"JEPSEN\0\0").contains("history.edn"));
        assert!(refused(b"\x1f\x8b\x08\0").contains("gunzip"));
        assert!(refused(b"[\n  {\n \"process\": 0").contains("jq -c"));
    }
}
