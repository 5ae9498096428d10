//! Each way of being plugged in wrongly is a real server, descriptor or client program, and is shown with its cause.

use super::{SERVER, can_run, changed, descriptor, examined, is_right};
use crate::place::{Place, ROOT, err, has, has_sandbox, out};
use std::fs;
use std::path::Path;

/// Examines what is wrong on one node: what is told, which has these words in this order.
fn is_found(place: &Place, descriptor: &str, words: &[&str]) -> String {
    let output = examined(place, descriptor, &["--node-count", "1"]);
    let told = out(&output);
    assert_eq!(output.status.code(), Some(255), "{told}{}", err(&output));
    let mut rest = told.as_str();
    for word in words {
        let at = rest
            .find(word)
            .unwrap_or_else(|| panic!("{word:?} is not in\n{told}"));
        rest = &rest[at + word.len()..];
    }
    assert!(told.contains(" not hold.\n"), "{told}");
    assert!(!told.contains('\u{1b}'), "{told}");
    told
}

#[test]
fn a_reply_over_resp_that_fits_no_rule_is_told_as_it_came() {
    if !has_sandbox() || !has("redis-server", "--version") {
        return;
    }
    let place = Place::new();
    let text = fs::read_to_string(Path::new(ROOT).join("systems/redis.toml")).unwrap();
    let unmatched = place.write("redis.toml", &text.replace("\"+OK\"", "\"+DONE\""));
    is_found(
        &place,
        &unmatched,
        &[
            "✕ register write 1: expected ok, was info",
            "sent      *3\\u{d}",
            "SET\\u{d}",
            "received  +OK\\u{d}",
            "rule      none of `answers` fits, so info",
            "likely    if the reply \"+OK\" has a meaning, say it in `answers` of this function",
        ],
    );
    let port = place.write(
        "port.toml",
        &text.replace(
            "port = 6379\ncommand = [\"SET\"",
            "port = 6378\ncommand = [\"SET\"",
        ),
    );
    is_found(
        &place,
        &port,
        &[
            "✕ register write 1: expected ok, was fail",
            "received  nothing",
            "reason    Connection refused",
            "likely    nothing listens at 10.0.0.1:6378; the node listens at 10.0.0.1:6379",
        ],
    );
}

#[test]
fn a_wrong_port_is_told_with_the_right_one() {
    if !can_run() {
        return;
    }
    let place = Place::new();
    let ready = changed(
        &place,
        "{ip}:8000/ready\"\ntimeout_ms = 20000",
        "{ip}:8001/ready\"\ntimeout_ms = 4000",
    );
    is_found(
        &place,
        &ready,
        &[
            "✕ n1 is ready: expected within 4.0 s, was not",
            "command   ",
            "server.py",
            "sent      GET http://10.0.0.1:8001/ready",
            "received  Connection refused",
            "stderr    the bug is none",
            "likely    nothing listens at 10.0.0.1:8001; the node listens at 10.0.0.1:8000: correct the port in [node.ready]",
        ],
    );
    let asked = changed(&place, "{ip}:8000/keys", "{ip}:8002/keys");
    is_found(
        &place,
        &asked,
        &[
            "✕ cas-register read before the first write: expected null, was fail",
            "sent      GET http://10.0.0.1:8002/keys/",
            "received  nothing",
            "likely    nothing listens at 10.0.0.1:8002; the node listens at 10.0.0.1:8000",
            "– not tried, for no workload came through",
        ],
    );
}

#[test]
fn a_wrong_path_and_a_wrong_method_are_told_with_the_answer() {
    if !can_run() {
        return;
    }
    let place = Place::new();
    // The server knows no such method: it says so with a status that no rule is about.
    let method = changed(&place, "method = \"PUT\"", "method = \"PATCH\"");
    is_found(
        &place,
        &method,
        &[
            "✕ cas-register write 1: expected ok, was info",
            "sent      PATCH http://10.0.0.1:8000/keys/",
            "received  HTTP/1.0 501 ",
            "rule      none of `answers` fits, so info",
            "reason    status 501 fits no answer of the descriptor",
        ],
    );
    let path = place.write("strict.py", &SERVER.replace(
        "value = registers.get(self.path)\n",
        "value = registers.get(self.path)\n        if not self.path.startswith(\"/keys/\"): return self.answer(404)\n",
    ));
    let text = fs::read_to_string(descriptor(&place, "")).unwrap();
    let text = text.replace(
        "method = \"GET\"\nurl = \"http://{ip}:8000/keys/",
        "method = \"GET\"\nurl = \"http://{ip}:8000/kyes/",
    );
    let text = text.replace(
        &place.folder.path().join("server.py").display().to_string(),
        &path,
    );
    is_found(
        &place,
        &place.write("path.toml", &text),
        &[
            "✕ cas-register read before the first write: expected null, was info",
            "sent      GET http://10.0.0.1:8000/kyes/",
            "received  HTTP/1.0 404 Not Found",
            "likely    if 404 says that there is nothing: { status = 404, outcome = \"ok\", empty = true }; else correct the path",
            "✕ cas-register read: expected 1, was info",
            "likely    the path in `url` is not known to the server: correct it",
        ],
    );
}

#[test]
fn a_pointer_that_leads_nowhere_is_told_with_the_one_that_does() {
    if !can_run() {
        return;
    }
    let place = Place::new();
    let pointer = changed(&place, "value = \"/value\"", "value = \"/data/vlaue\"");
    is_found(
        &place,
        &pointer,
        &[
            "✕ cas-register read: expected 1, was info",
            "received  HTTP/1.0 200 OK",
            "{\"value\": 1}",
            "rule      answers[0]: status 200, so ok with the value at \"/data/vlaue\"",
            "reason    status 200, but the answer has no \"/data/vlaue\"",
            "likely    what is expected stands at \"/value\": say value = \"/value\"",
        ],
    );
}

#[test]
fn texts_in_the_place_of_numbers_are_told_with_the_encoding() {
    if !can_run() {
        return;
    }
    let place = Place::new();
    let texts = descriptor(&place, "texts");
    let told = is_found(
        &place,
        &texts,
        &[
            "✕ cas-register read: expected 1, was \"1\"",
            "sent      GET http://10.0.0.1:8000/keys/",
            "{\"value\": \"1\"}",
            "likely    it is JSON in a text: say value = { at = .., encoding = \"text\" } in `answers`",
            "– the rest of cas-register was not tried",
        ],
    );
    // What came is harmless on a terminal, and cut.
    assert!(told.contains("n1 said   "), "{told}");
    let escapes = descriptor(&place, "escapes");
    is_found(
        &place,
        &escapes,
        &[
            "✕ cas-register read: expected 1, was \"\\u",
            "… and ",
            " more bytes",
        ],
    );
}

#[test]
fn an_ok_of_what_was_not_done_is_told() {
    if !can_run() {
        return;
    }
    let place = Place::new();
    let loses = descriptor(&place, "loses");
    is_found(
        &place,
        &loses,
        &[
            "✓ cas-register write 1\n",
            "✕ cas-register read: expected 1, was null",
            "because   ",
        ],
    );
    let agrees = descriptor(&place, "agrees");
    is_found(
        &place,
        &agrees,
        &[
            "✕ cas-register cas [1,4] of a value that is not there: expected fail, was ok",
            "rule      answers[0]: status 200, so ok",
            "likely    it says ok of what cannot have been done",
        ],
    );
    let unclear = changed(&place, ", { status = 409, outcome = \"fail\" }", "");
    is_found(
        &place,
        &unclear,
        &[
            "cas [1,4] of a value that is not there: expected fail, was info",
            "likely    if 409 means that it certainly did nothing and never will: { status = 409, outcome = \"fail\" }",
        ],
    );
}

#[test]
fn a_server_that_does_not_start_is_told_in_its_own_words() {
    if !can_run() {
        return;
    }
    let place = Place::new();
    let crashes = descriptor(&place, "crashes");
    is_found(
        &place,
        &crashes,
        &[
            "✕ n1 is ready: expected to run, ended with exit status 7",
            "stderr    the bug is crashes",
            "likely    its command ends by itself",
        ],
    );
    let never = descriptor(&place, "never ready");
    let text = fs::read_to_string(&never)
        .unwrap()
        .replace("timeout_ms = 20000", "timeout_ms = 3000");
    fs::write(&never, text).unwrap();
    is_found(
        &place,
        &never,
        &[
            "✕ n1 is ready: expected within 3.0 s, was not",
            "stderr    the bug is never ready",
            "the node listens at no TCP port at all",
        ],
    );
    let no_program = changed(&place, "\"python3\"", "\"no-such-program\"");
    is_found(
        &place,
        &no_program,
        &[
            "✕ n1 is ready: failed to start n1: run no-such-program: No such file",
            "likely    there is no program no-such-program here",
        ],
    );
}

#[test]
fn a_server_that_forgets_stays_or_dies_is_told() {
    if !can_run() {
        return;
    }
    let place = Place::new();
    let forgets = descriptor(&place, "forgets");
    is_found(
        &place,
        &forgets,
        &[
            "✓ n1 is ready again after ",
            "✕ cas-register read of what was there before the kill: expected 1, was null",
            "likely    what was acknowledged before the kill is gone",
        ],
    );
    let stays = descriptor(&place, "stays");
    is_found(
        &place,
        &stays,
        &[
            "✕ n1 ends after SIGTERM: expected within 10.0 s, was not",
            "likely    it ignores SIGTERM",
            "✓ n1 is ready again after ",
        ],
    );
    let dies = descriptor(&place, "dies");
    is_found(&place, &dies, &["✕ n1 ended by itself: exit status 9"]);
    let mute = descriptor(&place, "mute");
    is_found(
        &place,
        &mute,
        &[
            "✕ n1 serves after it was killed: expected within 10.0 s, was info even after 1",
            " attempts)",
            "received  HTTP/1.0 500 ",
            "likely    the server failed: see what it wrote to stderr",
        ],
    );
    let once = descriptor(&place, "ready once");
    let text = fs::read_to_string(&once)
        .unwrap()
        .replace("timeout_ms = 20000", "timeout_ms = 6000");
    fs::write(&once, text).unwrap();
    is_found(
        &place,
        &once,
        &[
            "✓ n1 is ready after ",
            "✕ n1 is ready again: expected within 6.0 s, was not",
            "stderr    the bug is ready once",
        ],
    );
}

#[test]
fn nodes_that_know_nothing_of_each_other_and_clients_that_ask_another_one_are_told() {
    if !can_run() {
        return;
    }
    let place = Place::new();
    let loners = examined(&place, &descriptor(&place, ""), &["--node-count", "2"]);
    let told = out(&loners);
    let words = "✕ cas-register read through n2: expected 3, was null";
    assert!(
        told.contains(words)
            && told.contains("likely    this node does not have what was done through another"),
        "{told}"
    );
    let elsewhere = changed(&place, "{ip}:8000/keys", "10.0.0.2:8000/keys");
    let output = examined(&place, &elsewhere, &["--node-count", "2"]);
    let told = out(&output);
    assert_eq!(output.status.code(), Some(255), "{told}");
    for line in [
        "✓ cas-register read through n2: 3",
        "✕ cas-register write 1 while n1 is down: expected fail or info, was ok",
        "likely    n1 does not run, so somebody else answered: a client is bound to its node, which is {ip}",
        "✕ cas-register write 1 while n1 is paused: expected info, was ok",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

/// A client program in the place of the functions, which does wrong what its argument says.
const CLIENT: &str = include_str!("client.py");

#[test]
fn a_client_program_that_is_wrong_is_told_with_what_it_said() {
    if !can_run() {
        return;
    }
    let place = Place::new();
    let client = place.write("client.py", CLIENT);
    let with = |bug: &str| {
        let text = fs::read_to_string(descriptor(&place, "")).unwrap();
        let node = text.split("[workload").next().unwrap();
        let workload = format!("[workload.register]\nclient = [\"python3\", \"{client}\", \"{bug}\"]\n");
        place.write("client.toml", &format!("{node}{workload}"))
    };
    let right = with("");
    is_right(&place, &right, &["--node-count", "1"]);
    is_found(
        &place,
        &with("prints"),
        &[
            "✕ register read before the first write: expected null, was info",
            "sent      {\"f\":\"read\",\"id\":",
            "received  writing \\u{1b}[2J to the server",
            "program   ",
            "the client is here",
            "likely    that is no JSON: whatever the program prints on stdout is an answer; send everything else to stderr",
        ],
    );
    is_found(
        &place,
        &with("greets"),
        &[
            "✕ register client program for n1: expected {\"ready\": true}",
            "its first line is not {\"ready\": true}: hello",
            "send everything else to stderr",
        ],
    );
    is_found(
        &place,
        &with("certain"),
        &[
            "✕ register write 1 while n1 is paused: expected info, was fail",
            "sent      {\"f\":\"write\"",
            "received  {\"id\": ",
            "likely    nobody answered, and the request may still be carried out: that is info",
            "✕ register read of what was asked while it was paused contradicts what was said then",
            "likely    an outcome was not true",
        ],
    );
}

#[test]
fn a_workload_that_is_not_known_or_not_whole_is_told_and_the_others_are_examined() {
    if !can_run() {
        return;
    }
    let place = Place::new();
    let text = fs::read_to_string(descriptor(&place, "")).unwrap();
    let more = text.replace("cas-register.read]", "registr.read]");
    let more = more.split("[workload.cas-register.write]").next().unwrap();
    let read = more.split("[workload.").nth(1).unwrap();
    let path = place.write("more.toml", &format!("{text}\n[workload.{read}"));
    is_found(
        &place,
        &path,
        &["✕ ", "registr", "register", "✓ cas-register write 1"],
    );
}
