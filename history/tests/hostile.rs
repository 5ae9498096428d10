//! Files that are wrong, by accident or on purpose: every one is a history or an error with a line, and says no more to a
//! terminal than text.

use history::{History, Outcome, ReadError, read_bytes};
use proptest::prelude::*;
use serde_json::Value as Json;

fn problem(text: &str) -> String {
    read_bytes(text.as_bytes()).expect_err("it is wrong").to_string()
}

#[test]
fn errors_of_edn_name_the_line_and_the_way_out() {
    let op = "{:process 0, :type :invoke, :f :read, :value nil}";
    for (text, says) in [
        (
            format!("[{op}\n {{:process 0, :type :ok, :f :read, :value \n 1/0}}]"),
            "line 3: is not EDN: a number is not one",
        ),
        (
            format!("{op}\n{{:process 0 :type :ok :f :read :value}}"),
            "line 2: is not EDN: a map has a key without a value",
        ),
        (
            format!("[{op}\n{{:process 0 :type :ok)"),
            "line 2: is not EDN: a `)` closes nothing that is open (column 22)",
        ),
        (
            format!("[{op}\n"),
            "line 2: the file ends inside the vector of operations",
        ),
        (
            format!("{op}\n{{:process 0, :type"),
            "line 2: the file ends inside the form that begins here",
        ),
        (
            format!("[{op}]\n{op}"),
            "line 2: something follows the end of the vector",
        ),
        (
            format!("[{op}\n 3]"),
            "line 2: is not an operation; an operation is a map such as {:process 0,",
        ),
        ("{:process 0 :f :read}".into(), "line 1: has no :type"),
        (
            "{:process 0 :type :begin :f :read}".into(),
            "line 1: has a type that is none of :invoke",
        ),
        (
            "{:process -1 :type :invoke :f :read}".into(),
            "line 1: has the process -1",
        ),
        (
            "{:process 0 :type :invoke :f :read :time -1}".into(),
            "line 1: has a time that is not",
        ),
        (
            format!("{op}\n{op}"),
            "line 2: process 0 invokes an operation while its last one has not completed",
        ),
        (
            format!("\n\n{}", "[".repeat(100_000)),
            "line 3: is not EDN: brackets are nested more than 64 deep",
        ),
        (
            "[{:process 0 :type :invoke :f :read :error \"\u{1b}[31m\" :value 1x}]".into(),
            "line 1: is not EDN: a number",
        ),
    ] {
        let error = problem(&text);
        assert!(error.starts_with(says), "{error}\n{says}");
        assert!(
            !error.contains('\u{1b}'),
            "nothing of it reaches the terminal as an escape"
        );
    }
}

#[test]
fn errors_of_printed_histories_name_the_line() {
    for (text, says) in [
        (
            "0\t:invoke\t:read\tnil\n\nx\t:ok\t:read\t1\n",
            "line 3: has no process number",
        ),
        ("0\t:invoke\t:read\tnil\n0\t:ok\t:read\n", "line 2: has no value"),
        (
            "0\t:invoke\t:read\tnil\n0\t:okay\t:read\t1\n",
            "line 2: has a type",
        ),
        ("0\t:invoke\t:read\t[1\n", "line 1: is not one EDN value"),
        ("0\t:invoke\t:read\t1 2\n", "line 1: is not one EDN value"),
        (
            "INFO  jepsen.util - 0\t:ok\t:read\tnil\n",
            "line 1: process 0 completes an operation that it has not",
        ),
    ] {
        assert!(problem(text).starts_with(says), "{}\n{says}", problem(text));
    }
}

#[test]
fn a_tuple_that_is_none_is_refused_and_says_where_it_was_decided() {
    let text =
        "{:process 0 :type :invoke :f :write :value [1 2]}\n{:process 1 :type :invoke :f :read :value nil}";
    assert_eq!(
        problem(text),
        "line 2: the value null is not a [key value], as on line 1; if that is a plain value, say --independent no"
    );
    let text =
        "{:process 0 :type :invoke :f :write :value [1 2]}\n{:process 0 :type :ok :f :write :value [3 2]}";
    assert_eq!(
        problem(text),
        "line 2: process 0 completes on key 3 an operation that it invoked on key 1"
    );
}

/// Any value that EDN and JSON can both say.
fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (0i64..9).prop_map(Into::into),
        ".{0,8}".prop_map(Json::String),
        "[\"\\\\\n\t;\\[{}()#,]{0,8}".prop_map(Json::String),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            proptest::collection::btree_map("[a-z ]{0,5}", inner, 0..3)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

/// The value as Clojure prints it.
fn edn(value: &Json) -> String {
    match value {
        Json::Null => "nil".into(),
        Json::String(text) => {
            let mut out = String::from("\"");
            for c in text.chars() {
                match c {
                    '"' => out += "\\\"",
                    '\\' => out += "\\\\",
                    '\n' => out += "\\n",
                    c => out.push(c),
                }
            }
            out + "\""
        }
        Json::Array(items) => format!("[{}]", items.iter().map(edn).collect::<Vec<_>>().join(" ")),
        Json::Object(map) => {
            let entries = map
                .iter()
                .map(|(key, value)| format!("{} {}", edn(&key.clone().into()), edn(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// An operation of the test: key, argument, answer, and how it ends (0 to 2, or not at all).
type Operation = (Json, Json, Json, usize);
const ENDS: [&str; 3] = ["ok", "fail", "info"];

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    proptest::collection::vec((value(), value(), value(), 0..4usize), 1..8)
}

/// The history as Jepsen would keep it; `style` is bare lines, a vector, a list, or tagged lines with comments.
fn file(operations: &[Operation], style: usize) -> String {
    let mut lines = Vec::new();
    for (process, (key, input, output, end)) in operations.iter().enumerate() {
        let mut event = |kind: &str, value: &Json| {
            let (key, value) = (edn(key), edn(value));
            let map = format!(
                "{{:process {process}, :type :{kind}, :f :go, :key {key}, :value {value}, :time {process}}}"
            );
            lines.push(match style {
                3 => format!("; next\n#jepsen.history.Op{map}"),
                _ => map,
            });
        };
        event("invoke", input);
        if let Some(kind) = ENDS.get(*end) {
            event(kind, output);
        }
    }
    match style {
        1 => format!("[{}]\n", lines.join("\n ")),
        2 => format!("({})", lines.join(" , ")),
        _ => lines.join("\n") + "\n",
    }
}

fn same(history: &History, operations: &[Operation]) -> Result<(), TestCaseError> {
    prop_assert_eq!(history.operations.len(), operations.len());
    for (it, (key, input, output, end)) in history.operations.iter().zip(operations) {
        prop_assert_eq!(history.key_name(it.key), key.to_string());
        prop_assert_eq!(history.values.json(it.input), input.to_string());
        let (outcome, told) = match end {
            0 => (Outcome::Ok, output.to_string()),
            1 => (Outcome::Fail, "null".to_owned()),
            _ => (Outcome::Info, "null".to_owned()),
        };
        prop_assert_eq!(it.outcome, outcome);
        prop_assert_eq!(history.values.json(it.output), told);
    }
    Ok(())
}

fn has_a_line(result: &Result<History, ReadError>, text: &[u8]) -> Result<(), TestCaseError> {
    if let Err(error) = result {
        let ReadError::Line { line, problem } = error else {
            return Err(TestCaseError::fail(format!("{error}")));
        };
        let lines = text.split(|byte| *byte == b'\n').count();
        prop_assert!((1..=lines).contains(line), "line {line} of {lines}: {problem}");
        prop_assert!(!problem.chars().any(char::is_control), "{problem:?}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_written_in_edn_is_read(operations in operations(), style in 0..4usize) {
        let text = file(&operations, style);
        let history = read_bytes(text.as_bytes());
        prop_assert!(history.is_ok(), "{text}\n{:?}", history.err());
        same(&history.unwrap(), &operations)?;
    }

    #[test]
    fn a_vector_that_was_cut_off_is_an_error_with_a_line(operations in operations(), style in 1..3usize, cut: prop::sample::Index) {
        let text = file(&operations, style);
        let whole = text.trim_end().len();
        let cut = 1 + cut.index(whole - 1);
        let result = read_bytes(&text.as_bytes()[..cut]);
        prop_assert!(result.is_err() || cut == whole);
        has_a_line(&result, &text.as_bytes()[..cut])?;
    }

    #[test]
    fn no_damage_makes_it_panic(
        operations in operations(), style in 0..4usize, places in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = file(&operations, style).into_bytes();
        for (place, byte) in places {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        has_a_line(&read_bytes(&bytes), &bytes)?;
    }

    #[test]
    fn no_damage_to_a_log_makes_it_panic(place: prop::sample::Index, byte: u8) {
        let mut bytes = include_bytes!("histories/porcupine/etcd-late-cas.log").to_vec();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        has_a_line(&read_bytes(&bytes), &bytes)?;
    }
}
