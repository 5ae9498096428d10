//! The messages around a contradiction, from a capture that lies in the run's folder.

use crate::script::Script;
use checker::Model;
use etherparse::PacketBuilder;
use results::coverage::Coverage;
use results::{Results, report_html};
use serde_json::json;
use std::path::Path;

/// When the run's clock was zero.
const ZERO_NS: u64 = 1_700_000_000_000_000_000;
const CLIENT: [u8; 4] = [10, 0, 1, 1];
const N1: [u8; 4] = [10, 0, 0, 1];
const N2: [u8; 4] = [10, 0, 0, 2];
/// The interfaces, in this order.
const HOSTS: [(&str, [u8; 4]); 3] = [("n1", N1), ("n2", N2), ("client", CLIENT)];

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32 + 12).to_le_bytes();
    [&kind.to_le_bytes(), &length[..], body, &length].concat()
}

fn option(code: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = [
        &code.to_le_bytes()[..],
        &(value.len() as u16).to_le_bytes(),
        value,
    ]
    .concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A capture with an interface for each host, and no packets yet.
fn beginning() -> Vec<u8> {
    let section = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    let mut file = block(0x0a0d_0d0a, &section);
    for (name, _) in HOSTS {
        let interface = [
            &[228, 0, 0, 0, 0, 0, 0, 0][..],
            &option(2, name.as_bytes()),
            &option(9, &[9]),
            &[0; 4],
        ];
        file.extend(block(1, &interface.concat()));
    }
    file
}

/// A segment that ended its way at this moment of the run's clock.
fn segment(at_ms: u64, from: ([u8; 4], u16), to: ([u8; 4], u16), payload: &[u8], comment: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ipv4(from.0, to.0, 64)
        .tcp(from.1, to.1, 1, 1000)
        .write(&mut bytes, payload)
        .unwrap();
    let is_dropped = comment.contains("dropped");
    let here = if is_dropped { from.0 } else { to.0 };
    let interface = HOSTS.iter().position(|(_, address)| *address == here).unwrap() as u32;
    let time = ZERO_NS + at_ms * 1_000_000;
    let length = bytes.len() as u32;
    let mut body = interface.to_le_bytes().to_vec();
    for word in [(time >> 32) as u32, time as u32, length, length] {
        body.extend(word.to_le_bytes());
    }
    body.extend(&bytes);
    body.resize(body.len().next_multiple_of(4), 0);
    let flags: u32 = if is_dropped { 2 } else { 1 };
    body.extend(option(2, &flags.to_le_bytes()));
    body.extend(option(1, comment.as_bytes()));
    body.extend([0; 4]);
    block(6, &body)
}

/// The page of a decree that was decided twice, from a folder with this capture.
fn page(capture: &[u8], about: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("capture.pcapng"), capture).unwrap();
    std::fs::write(folder.path().join("capture.json"), about).unwrap();
    drawn(folder.path())
}

fn drawn(folder: &Path) -> String {
    let mut script = Script::new(&["packet"]);
    script.phase(0, "run");
    script.op(0, "propose", &json!(17), &json!(17), 1_000, 1_010);
    script.op(1, "propose", &json!(42), &json!(42), 1_040, 1_050);
    let history = script.history();
    let analysis = checker::check(&history, Model::Decree).unwrap();
    let coverage = Coverage::of(&history);
    let results = Results::new(None, &history, &analysis, &coverage);
    report_html(&results, &history, Some(&analysis), &coverage, Some(folder)).unwrap()
}

fn about() -> String {
    format!(r#"{{"zero_unix_ns":{ZERO_NS}}}"#)
}

/// What a client asks and is told, what one node says to the other, and what has nothing to do with it.
fn conversation() -> Vec<u8> {
    let ask = b"POST /decrees/147/propose HTTP/1.1\r\n\r\n{\"value\": 17}";
    [
        beginning(),
        segment(500, (CLIENT, 4000), (N1, 7000), b"long before, about 147", ""),
        segment(1_001, (CLIENT, 4000), (N1, 7000), ask, ""),
        segment(
            1_003,
            (N1, 5000),
            (N2, 7001),
            b"{\"prepare\":{\"decree\":\"147\"}}",
            "dropped by rule 3",
        ),
        segment(1_004, (N1, 5000), (N2, 7001), b"{\"decree\":\"1470\"}", ""),
        segment(1_005, (N1, 5000), (N2, 7001), b"", ""),
        segment(
            1_006,
            (N2, 7001),
            (N1, 5000),
            b"decree 147 </script><img src=x onerror=alert(1)>\x1b[31m",
            "delayed 2ms by rule 4",
        ),
        // Somebody's ballot, where others say that it is the decree.
        segment(1_007, (N1, 5000), (N2, 7001), b"{\"ballot\":147}", ""),
        segment(
            1_009,
            (N1, 7000),
            (CLIENT, 4000),
            b"HTTP/1.1 200 OK\r\n\r\n{\"value\":17}",
            "",
        ),
        segment(
            1_020,
            (N1, 7000),
            (CLIENT, 4001),
            b"HTTP/1.1 200 OK\r\n\r\nto somebody else",
            "",
        ),
    ]
    .concat()
}

#[test]
fn messages_about_the_object_are_drawn_with_what_faults_did_to_them() {
    let page = page(&conversation(), &about());
    assert!(
        page.contains("4 of 7 messages (those that name 147, and the answers to them)"),
        "counted"
    );
    let table = page
        .split("rows messages-table")
        .nth(1)
        .unwrap()
        .split("</table>")
        .next()
        .unwrap();
    let text = table.replace("</td><td>", " | ");
    for words in [
        "1.001 s | client → n1 | 51 B |  | <code>POST /decrees/147/propose HTTP/1.1",
        "1.003 s | n1 → n2 | 28 B | dropped by rule 3 |",
        "1.006 s | n2 → n1 | 53 B | delayed 2ms by rule 4 |",
        "1.009 s | n1 → client |",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    for other in ["1470", "to somebody else", "long before", "<img", "\u{1b}"] {
        assert!(!text.contains(other), "{other}: {text}");
    }
    let diagram = page
        .split(r#"<svg class="messages""#)
        .nth(1)
        .unwrap()
        .split("</svg>")
        .next()
        .unwrap();
    assert_eq!(diagram.matches(r#"class="message dropped""#).count(), 1);
    assert_eq!(diagram.matches(r#"class="message disturbed-way""#).count(), 1);
    assert_eq!(diagram.matches(r#"<path class="message""#).count(), 2);
    roxmltree::Document::parse(&format!(r#"<svg class="messages"{diagram}</svg>"#)).unwrap();
}

#[test]
fn where_none_names_the_object_the_nearest_are_drawn_and_that_is_said() {
    let capture = [
        beginning(),
        segment(1_001, (CLIENT, 4000), (N1, 7000), b"\x00\x01\x02", ""),
    ]
    .concat();
    let page = page(&capture, &about());
    assert!(page.contains("1 of 1 message (none names 147; those nearest to the contradiction)"));
}

#[test]
fn a_capture_is_bounded_and_may_be_torn_missing_or_anything() {
    let section = "Messages around the violation";
    let whole = conversation();
    assert!(
        page(&whole[..whole.len() - 30], &about()).contains(section),
        "a torn end"
    );
    assert!(!page(&whole, "{}").contains(section), "nobody knows when");
    assert!(!page(b"\x0a\x0d\x0d\x0anonsense", &about()).contains(section));
    assert!(!page(&[0; 5000], &about()).contains(section));
    assert!(!page(&beginning(), &about()).contains(section), "no messages");
    assert!(!drawn(tempfile::tempdir().unwrap().path()).contains(section));
    let mut many = beginning();
    for number in 0..1_000 {
        let payload = format!("147 {} {number}", "x".repeat(5_000));
        many.extend(segment(
            1_000 + number / 20,
            (N1, 5000),
            (N2, 7001),
            payload.as_bytes(),
            "",
        ));
    }
    let page = page(&many, &about());
    assert!(page.contains("120 of 1,000 messages"));
    assert!(page.len() < crate::script::ordinary() + 150_000, "{}", page.len());
}
