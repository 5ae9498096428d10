//! What the operations of each format are, file by file, in the notation of [`told`].

use history::{
    Fault, FaultStep, Format, History, Independent, Note, Outcome, ReadOptions, read_bytes, read_bytes_as,
    read_file,
};
use std::path::Path;

fn read(file: &str) -> History {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/histories")
        .join(file);
    read_file(&path).expect("the corpus can be read")
}

/// An operation a line: process, function, key where there is one, argument, answer, outcome, and what was said with it.
fn told(history: &History) -> Vec<String> {
    let operations = history.operations.iter().zip(0..);
    let line = operations.map(|(it, number)| {
        let key = match history.key_name(it.key) {
            key if key == "null" => String::new(),
            key => format!(" @{key}"),
        };
        let answer = match it.outcome {
            Outcome::Ok => history.values.json(it.output).into_owned(),
            Outcome::Fail => "fail".into(),
            Outcome::Info => "info".into(),
        };
        let why = history
            .errors
            .get(&number)
            .map_or(String::new(), |why| format!(": {why}"));
        let input = history.values.json(it.input);
        format!(
            "{} {}{key} {input} -> {answer}{why}",
            it.process,
            history.function_name(it)
        )
    });
    line.collect()
}

#[test]
fn jepsens_independent_keys_are_keys_and_a_failed_cas_has_failed() {
    let history = read("jepsen/independent.edn");
    assert_eq!(
        told(&history),
        [
            "0 write @7 1 -> 1",
            "1 cas @7 [1,2] -> [1,2]",
            "0 read @8 null -> info: [\"timeout\",\"n1 does not \\\"answer\\\"\"]",
            "1 cas @7 [1,3] -> fail: precondition-failed",
            "2 read @7 null -> 2",
        ]
    );
    assert_eq!(history.events, 14);
    assert_eq!(
        (history.operations[0].start_ns, history.operations[0].end_ns),
        (1_000_000, 1_400_000)
    );
}

#[test]
fn a_partition_of_jepsens_nemesis_is_a_fault_with_its_times() {
    let history = read("jepsen/independent.edn");
    let steps: Vec<(u64, FaultStep)> = history
        .notes
        .iter()
        .map(|(time, note)| match note {
            Note::Fault(note) => (*time, note.step),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        steps,
        [
            (1_600_000, FaultStep::Requested),
            (1_900_000, FaultStep::Installed),
            (7_300_000, FaultStep::Healing),
            (7_400_000, FaultStep::Healed),
        ]
    );
    let spans = history::timeline::faults(&history);
    assert!(matches!(&spans[0].fault, Fault::Partition { cut, .. } if cut.len() == 4));
    assert_eq!(spans[0].felt, None, "nobody counted the packets");
}

#[test]
fn jepsens_printed_history_and_its_log_have_the_same_operations() {
    assert_eq!(
        told(&read("jepsen/history.txt")),
        [
            "0 write 1 -> 1",
            "1 read null -> fail: :no-leader",
            "1 read null -> null"
        ]
    );
    let log = read("jepsen/jepsen.log");
    assert_eq!(told(&log), ["0 write 3 -> info: :timeout", "1 read null -> 3"]);
    assert_eq!(log.events, 5, "what is not an operation's line is passed over");
}

#[test]
fn knossos_test_data_is_a_vector_or_a_list_without_times() {
    let history = read("knossos/stale-read.edn");
    assert_eq!(
        told(&history),
        ["0 write 1 -> 1", "1 cas [1,4] -> [1,4]", "2 read null -> 1"]
    );
    assert!(
        history.operations[0].precedes(&history.operations[1]),
        "real time is the order of events"
    );
    assert_eq!(
        told(&read("knossos/mutex-held-twice.edn")),
        [
            "0 acquire null -> null",
            "1 release null -> fail: not-held",
            "1 acquire null -> null"
        ]
    );
    assert_eq!(
        told(&read("knossos/multi-register.edn")),
        [
            r#"0 txn [["write","x",1],["write","y",2]] -> [["write","x",1],["write","y",2]]"#,
            r#"1 txn [["read","x",null],["read","y",null]] -> [["read","x",1],["read","y",2]]"#,
        ]
    );
}

#[test]
fn porcupines_logs_are_registers_and_its_maps_are_keys_with_strings() {
    assert_eq!(
        told(&read("porcupine/etcd-late-cas.log")),
        [
            "0 write 1 -> 1",
            "1 cas [0,2] -> fail",
            "2 cas [1,3] -> info: timed-out",
            "1 read null -> 3",
            "3 read null -> fail: timed-out",
        ]
    );
    assert_eq!(
        told(&read("porcupine/kv-ok.txt")),
        [
            r#"0 append @"a" "x" -> "x""#,
            r#"1 get @"b" null -> """#,
            r#"1 put @"b" "y" -> "y""#,
            r#"0 append @"a" " z" -> " z""#,
            r#"0 get @"a" null -> "x z""#,
        ]
    );
}

#[test]
fn maelstroms_workloads_are_jepsens() {
    assert_eq!(
        told(&read("maelstrom/lin-kv.edn")),
        [
            r#"1 read @0 null -> fail: ["key-does-not-exist","not found"]"#,
            "1 write @0 3 -> 3",
            "0 cas @0 [3,0] -> info: net-timeout",
            "3 read @0 null -> 3",
        ]
    );
    let transactions = read("maelstrom/txn-list-append.edn");
    assert_eq!(
        told(&transactions),
        [r#"0 txn [["append",9,1],["r",8,null]] -> [["append",9,1],["r",8,[2,3]]]"#],
        "two micro-operations are not a key and a value"
    );
}

#[test]
fn whether_pairs_are_keys_and_values_can_be_said() {
    let pairs = b"{:process 0 :type :invoke :f :write :value [1 2]}\n";
    let with = |independent| {
        let options = ReadOptions {
            independent,
            ..ReadOptions::default()
        };
        told(&read_bytes_as(pairs, options).unwrap())
    };
    assert_eq!(with(Independent::Auto), ["0 write @1 2 -> info"]);
    assert_eq!(with(Independent::Yes), ["0 write @1 2 -> info"]);
    assert_eq!(with(Independent::No), ["0 write [1,2] -> info"]);
    let cas = read_bytes(b"{:process 0 :type :invoke :f :cas :value [1 2]}").unwrap();
    assert_eq!(told(&cas), ["0 cas [1,2] -> info"]);
}

#[test]
fn the_format_can_be_insisted_on() {
    let as_format = |format, text: &str| {
        let options = ReadOptions {
            format: Some(format),
            ..ReadOptions::default()
        };
        read_bytes_as(text.as_bytes(), options)
    };
    let edn = "{:process 0 :type :invoke :f :read}";
    assert!(as_format(Format::Edn, edn).is_ok());
    for wrong in [Format::JsonLines, Format::JepsenLog] {
        let error = as_format(wrong, edn).unwrap_err().to_string();
        assert!(error.starts_with("line 1: "), "{error}");
    }
}

#[test]
fn json_lines_mean_the_same_in_any_order_of_fields() {
    let history = read("neutral/register.jsonl");
    assert_eq!(
        told(&history),
        ["3 write 7 -> 7", "4 cas [7,8] -> info", "5 read null -> 8"]
    );
}
