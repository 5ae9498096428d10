use super::*;
use crate::{
    Event, EventType, Fault, FaultNote, FaultStep, Header, NEVER, Note, Outcome, Phase, SCHEMA, StopReason,
    TornTail, Writer,
};
use proptest::prelude::*;

fn header() -> Header {
    Header {
        schema: SCHEMA.to_owned(),
        run: "20261123T064512Z-1".into(),
        system: "paxos".into(),
        workload: "decree".into(),
        model: "decree".into(),
        seed: 1,
        nodes: vec!["n1".into(), "n2".into()],
        clients: 2,
        nemesis: vec!["kill".into()],
        client_timeout_ns: 1_000_000_000,
        failover_ns: None,
        served_by_primary: false,
        started_at: "2026-11-23T06:45:12Z".into(),
    }
}

const TWO: &str = "\
{\"index\":0,\"time\":5,\"process\":0,\"type\":\"invoke\",\"f\":\"propose\",\"key\":1,\"value\":17,\"node\":\"n1\"}
{\"index\":1,\"time\":9,\"process\":0,\"type\":\"ok\",\"f\":\"propose\",\"key\":1,\"value\":17,\"node\":\"n1\"}
";

fn problem(text: &str) -> String {
    read_bytes(text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn an_operation_is_its_invocation_and_its_completion() {
    let history = read_bytes(TWO.as_bytes()).unwrap();
    let operation = history.operations[0];
    assert_eq!((operation.invoke, operation.complete), (0, 1));
    assert_eq!((operation.start_ns, operation.end_ns), (5, 9));
    assert_eq!(operation.outcome, Outcome::Ok);
    assert_eq!(history.function_name(&operation), "propose");
    assert_eq!(history.node_name(&operation), Some("n1"));
    assert_eq!(history.key_name(operation.key), "1");
    assert_eq!(history.torn, None);
}

#[test]
fn the_neutral_layout_means_the_same() {
    let text = r#"{"process":3,"type":"invoke","f":"write","value":7,"time":10234}
        {"process":3,"type":"ok","f":"write","value":7,"time":11870}"#;
    let history = read_bytes(text.as_bytes()).unwrap();
    assert_eq!(history.operations.len(), 1);
    assert_eq!(history.operations[0].end_ns, 11870);
    assert!(history.keys == [crate::Value::NULL]);
}

#[test]
fn an_invocation_without_a_completion_may_take_effect_at_any_time() {
    let history = read_bytes(TWO.lines().next().unwrap().as_bytes()).unwrap();
    assert_eq!(history.operations[0].outcome, Outcome::Info);
    assert_eq!(history.operations[0].complete, NEVER);
    assert_eq!(history.operations[0].end_ns, u64::MAX);
    assert_eq!(
        history.torn, None,
        "cut exactly before its newline, a line is whole"
    );
}

#[test]
fn a_torn_last_line_is_accepted_and_said_wherever_it_is_torn() {
    let first = TWO.find('\n').unwrap() + 1;
    for end in first + 1..TWO.len() - 1 {
        let history = read_bytes(&TWO.as_bytes()[..end]).unwrap();
        let whole = end == TWO.len() - 1;
        assert_eq!(history.torn.is_some(), !whole, "cut at {end}");
        assert_eq!(
            history.torn.unwrap(),
            TornTail {
                line: 2,
                bytes: end - first
            }
        );
    }
}

#[test]
fn zeroes_at_the_end_are_a_torn_line() {
    let mut bytes = TWO.as_bytes().to_vec();
    bytes.extend([0; 4096]);
    assert_eq!(
        read_bytes(&bytes).unwrap().torn,
        Some(TornTail { line: 3, bytes: 4096 })
    );
}

#[test]
fn garbage_in_the_middle_is_refused_with_its_line() {
    let text = TWO.replacen('\n', "\n\u{1b}[31mgarbage\n", 1);
    let problem = problem(&text);
    assert!(
        problem.starts_with("line 2: is not an event: expected value (column 1); the line is `"),
        "{problem}"
    );
    assert!(
        !problem.contains('\u{1b}'),
        "nothing of it reaches the terminal as an escape"
    );
}

#[test]
fn what_contradicts_itself_is_refused() {
    let lines: Vec<&str> = TWO.lines().collect();
    assert_eq!(
        problem(lines[1]),
        "line 1: process 0 completes an operation that it has not invoked"
    );
    assert_eq!(
        problem(&format!("{0}\n{0}\n", lines[0])),
        "line 2: process 0 invokes an operation while its last one has not completed"
    );
    let info = lines[1].replace("\"ok\"", "\"info\"");
    assert!(problem(&format!("{0}\n{info}\n{0}\n", lines[0])).starts_with("line 3: process 0 goes on after"));
    let read = lines[1].replace("propose", "read");
    assert_eq!(
        problem(&format!("{}\n{read}\n", lines[0])),
        "line 2: process 0 completes a `read` that was invoked as `propose`"
    );
    assert_eq!(
        problem(""),
        "line 1: the file is empty; a history has an event a line"
    );
    assert!(problem("hello").starts_with("line 1: is not an event"));
    assert!(
        problem("{\"schema\":\"harness.history/v9\"}\n").contains("`harness.history/v9` is not understood")
    );
    assert!(problem("{\"process\":-1,\"type\":\"invoke\",\"f\":\"read\"}\n").contains("process is neither"));
}

#[test]
fn a_file_of_many_pieces_is_read_as_if_it_were_one() {
    let lines: Vec<&str> = TWO.lines().collect();
    let mut text = String::new();
    for number in 0..20_000 {
        text += &format!("{}\n{}\n", lines[0], lines[1]).replace("\"key\":1", &format!("\"key\":{number}"));
    }
    // A value longer than a piece, and a last line that is torn.
    text += &lines[0].replace(
        "17",
        &format!("\"{}\"", "x".repeat(3 * super::pieces::PIECE_BYTES)),
    );
    text += "\n{\"index\":";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl");
    std::fs::write(&path, &text).unwrap();
    let (from_file, from_memory) = (read_file(&path).unwrap(), read_bytes(text.as_bytes()).unwrap());
    assert_eq!(from_file.operations, from_memory.operations);
    assert_eq!(
        from_file.torn,
        Some(TornTail {
            line: 40_002,
            bytes: 9
        })
    );
    assert_eq!(from_file.operations.len(), 20_001);
}

#[test]
fn notes_survive_the_file() {
    let fault = Fault::Partition {
        shape: "one".into(),
        sides: vec![vec!["n1".into()], vec!["n2".into()]],
        cut: vec![("n1".into(), "n2".into())],
        flap: None,
    };
    let notes = [
        Note::Phase(Phase::SetUp),
        Note::Stop(StopReason::Stall),
        Note::Fault(FaultNote {
            id: 3,
            step: FaultStep::Healed,
            fault,
            felt: Some(true),
            evidence: Some("9".into()),
        }),
        Note::Exit {
            node: "n1".into(),
            status: "exit status 1".into(),
        },
    ];
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, &header()).unwrap();
    for (time, note) in notes.iter().enumerate() {
        writer.note(time as u64, note).unwrap();
    }
    let history = read_bytes(&bytes).unwrap();
    assert_eq!(history.header, Some(header()));
    assert_eq!(
        history
            .notes
            .into_iter()
            .map(|(_, note)| note)
            .collect::<Vec<_>>(),
        notes
    );
    assert_eq!(history.events, 4);
}

#[test]
fn a_reason_to_stop_that_a_later_version_added_is_passed_over() {
    let stop = |why: &str| {
        let line = format!(r#"{{"time":1,"process":"harness","type":"info","f":"stop","value":"{why}"}}"#);
        read_bytes(line.as_bytes()).unwrap().notes
    };
    assert_eq!(stop("interrupt"), [(1, Note::Stop(StopReason::Interrupt))]);
    assert_eq!(stop("of a later version"), []);
}

/// Any JSON that a client could have been told.
fn json() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        Just(serde_json::Value::Null),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        (0i64..100).prop_map(Into::into),
        ".{0,12}".prop_map(serde_json::Value::String),
        any::<f64>().prop_map(|number| serde_json::json!(number)),
        proptest::collection::vec(any::<i8>(), 0..3).prop_map(|list| serde_json::json!(list)),
    ]
}

/// JSON text that the scanner understands.
fn scalar() -> impl Strategy<Value = String> {
    let one = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        (-1_000_000_000_000i64..1_000_000_000_000).prop_map(|number| number.to_string()),
        "\"[a-zäß/]{0,6}\"",
    ];
    let array =
        proptest::collection::vec(one.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(",")));
    prop_oneof![one, array]
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        operations in proptest::collection::vec(
            (json(), json(), json(), 0..4u8, "[a-z]{1,8}", proptest::option::of(".{0,20}")), 0..20,
        ),
    ) {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, &header()).unwrap();
        for (number, (key, input, output, end, f, error)) in operations.iter().enumerate() {
            let mut event = Event {
                index: 0, time: number as u64, process: number as u64, kind: EventType::Invoke, f: f.clone(),
                key: Some(key.clone()), value: input.clone(), node: Some("n2".into()), error: None,
            };
            writer.event(&mut event).unwrap();
            let kind = [EventType::Ok, EventType::Fail, EventType::Info].get(usize::from(*end)).copied();
            if let Some(kind) = kind {
                (event.kind, event.value, event.error) = (kind, output.clone(), error.clone());
                writer.event(&mut event).unwrap();
            }
        }
        let history = read_bytes(&bytes).unwrap();
        prop_assert_eq!(history.operations.len(), operations.len());
        for (place, (operation, (key, input, output, end, f, error))) in history.operations.iter().zip(&operations).enumerate() {
            prop_assert_eq!(history.key_name(operation.key), key.to_string());
            prop_assert_eq!(history.values.json(operation.input), input.to_string());
            prop_assert_eq!(history.function_name(operation), f);
            let told = if *end == 0 { output.to_string() } else { "null".to_owned() };
            prop_assert_eq!(history.values.json(operation.output), told);
            let said = if *end < 3 { error.as_deref() } else { None };
            prop_assert_eq!(history.errors.get(&(place as u32)).map(|text| &**text), said);
        }
    }

    /// Fields in any order, with or without spaces: the scanner takes them, and an unknown field, which sends a line the
    /// general way, changes nothing.
    #[test]
    fn the_fast_path_and_the_general_one_agree(
        operations in proptest::collection::vec((scalar(), 0..4u8), 1..12),
        order in Just([0usize, 1, 2, 3, 4, 5, 6]).prop_shuffle(),
        spaces in any::<bool>(),
    ) {
        let (mut fast, mut general) = (String::new(), String::new());
        for (process, (value, end)) in operations.iter().enumerate() {
            for kind in ["invoke", ["ok", "fail", "info", ""][usize::from(*end)]] {
                let fields = [
                    format!("\"process\":{process}"), format!("\"type\":\"{kind}\""), "\"f\":\"cas\"".to_owned(),
                    format!("\"value\":{value}"), format!("\"key\":{}", process % 3), "\"time\":123456789012".to_owned(),
                    "\"error\":\"späte Antwort\"".to_owned(),
                ];
                let line = order.map(|field| fields[field].clone()).join(",");
                let line = if spaces { line.replace(',', ", ").replace("\":", "\": ") } else { line };
                if !kind.is_empty() {
                    fast += &format!("{{{line}}}\n");
                    general += &format!("{{\"unknown\":0,{line}}}\n");
                }
            }
        }
        let first = fast.find('\n').unwrap() + 1;
        let scanned = scan::Scanner::new().event(fast.as_bytes(), &mut crate::Values::default());
        prop_assert_eq!(scanned.map(|(_, length)| length), Some(first), "{}", fast);
        let (fast, general) = (read_bytes(fast.as_bytes()).unwrap(), read_bytes(general.as_bytes()).unwrap());
        prop_assert_eq!(&fast.operations, &general.operations);
        prop_assert_eq!(&fast.keys, &general.keys);
        prop_assert_eq!(&fast.errors, &general.errors);
        for it in &fast.operations {
            prop_assert_eq!(fast.values.json(it.input), general.values.json(it.input));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_bytes(&bytes);
    }

    #[test]
    fn no_damage_to_a_history_makes_it_panic(place in 0..TWO.len(), byte: u8) {
        let mut bytes = TWO.as_bytes().to_vec();
        bytes[place] = byte;
        let _ = read_bytes(&bytes);
    }
}

/// A file so long that it is read in stretches: clients that are busy wherever one begins, with texts as values, names that
/// come late, outcomes that nobody knows, and things said of them.
fn long_file() -> String {
    let mut text = serde_json::to_string(&header()).unwrap() + "\n";
    let mut processes: Vec<u64> = (0..7).collect();
    let mut doing: Vec<Option<u64>> = vec![None; 7];
    for number in 0..120_000_u64 {
        // Every step another client, in no order that repeats soon.
        let client = (number * number / 3 % 7) as usize;
        let (process, key) = (processes[client], number / 1000 % 50);
        let node = number / 40_000 + 1;
        let Some(value) = doing[client].take() else {
            doing[client] = Some(number);
            let f = if number > 90_000 { "late" } else { "write" };
            text += &format!(
                "{{\"index\":{number},\"time\":{number},\"process\":{process},\"type\":\"invoke\",\"f\":\"{f}\",\"key\":\"k{key}\",\"value\":\"text {}\",\"node\":\"m{node}\"}}\n",
                number % 977
            );
            continue;
        };
        let f = if value > 90_000 { "late" } else { "write" };
        let (kind, more) = match number % 19 {
            0 => ("info", ",\"error\":\"nobody knows\""),
            1 => ("fail", ",\"error\":\"refused\""),
            _ => ("ok", ""),
        };
        if kind == "info" {
            processes[client] += 7;
        }
        text += &format!(
            "{{\"index\":{number},\"time\":{number},\"process\":{process},\"type\":\"{kind}\",\"f\":\"{f}\",\"value\":[{},\"a\"]{more}}}\n",
            number % 31
        );
    }
    text
}

fn read_as_file(text: &str) -> Result<crate::History, ReadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl");
    std::fs::write(&path, text).unwrap();
    read_file(&path)
}

#[test]
fn a_long_file_is_read_in_stretches_as_if_it_were_one() {
    let text = long_file() + "{\"index\":120000,\"ti";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl");
    std::fs::write(&path, &text).unwrap();
    let whole = read_bytes(text.as_bytes()).unwrap();
    for count in [2, 3, 8] {
        let read = super::stretches::read_in(&path, text.len() as u64, count).unwrap();
        let read = read.unwrap_or_else(|| panic!("{count} stretches fit together"));
        assert_eq!(read.operations, whole.operations, "{count} stretches");
        assert_eq!((read.events, &read.torn), (whole.events, &whole.torn));
        assert_eq!((&read.header, &read.errors), (&whole.header, &whole.errors));
        assert_eq!(
            (&read.keys, &read.functions, &read.nodes),
            (&whole.keys, &whole.functions, &whole.nodes)
        );
        let texts =
            |history: &crate::History| -> Vec<String> { history.values.texts().map(str::to_owned).collect() };
        assert_eq!(texts(&read), texts(&whole));
    }
}

#[test]
fn what_is_wrong_in_the_middle_of_a_long_file_is_told_as_if_it_had_been_read_from_the_beginning() {
    let text = long_file();
    let lines: Vec<&str> = text.lines().collect();
    let with = |place: usize, line: &str| {
        let mut lines = lines.clone();
        lines.insert(place, line);
        lines.join("\n") + "\n"
    };
    let again = lines[80_000..]
        .iter()
        .find(|line| line.contains("invoke"))
        .unwrap()
        .replace("\"process\":", "\"process\":300000");
    for (place, line) in [
        (100_000, "{\"process\":3,\"type\":"),
        (70_000, "{\"process\":999,\"type\":\"ok\",\"f\":\"write\"}"),
        // A process that goes on after an outcome of info, long before.
        (
            115_000,
            "{\"process\":0,\"type\":\"invoke\",\"f\":\"write\",\"value\":1}",
        ),
    ] {
        let text = with(place, line);
        let wrong = read_as_file(&text).unwrap_err().to_string();
        assert_eq!(wrong, read_bytes(text.as_bytes()).unwrap_err().to_string());
        assert!(wrong.contains(&format!("line {}", place + 1)), "{wrong}");
    }
    // What nobody completes is no mistake.
    let read = read_as_file(&with(110_000, &again)).unwrap();
    assert_eq!(
        read.operations.len(),
        read_bytes(text.as_bytes()).unwrap().operations.len() + 1
    );
}
