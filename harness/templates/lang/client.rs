//! A client for the harness: operations come in as JSON lines, outcomes go out (harness docs client-programs).
use std::io::{Error, Read, Write, stdin};
use std::net::{IpAddr, TcpStream};
use std::time::Duration;

/// What your system is asked. Without an answer: what was not sent had no effect, of the rest nobody knows.
fn request(ip: IpAddr, wait: Duration, ask: &str) -> Result<(u16, String), (&'static str, Error)> {
    let node = (ip, 8000).into();
    let mut connection = TcpStream::connect_timeout(&node, wait).map_err(|why| ("fail", why))?;
    let lost = |why| ("info", why);
    connection.set_read_timeout(Some(wait)).map_err(lost)?;
    connection.write_all(ask.as_bytes()).map_err(lost)?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).map_err(lost)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let size = format!("Content-Length: {}", body.len());
    let is_whole = head.lines().any(|line| line.eq_ignore_ascii_case(&size));
    let status = head.get(9..12).filter(|_| is_whole).unwrap_or_default();
    let status = status.parse().map_err(|why| lost(Error::other(why)))?;
    Ok((status, body.to_owned()))
}

/// Carries out an operation: what became of it, and what else there is to say.
fn invoke(ip: IpAddr, wait: Duration, f: &str, key: &str, value: &str) -> (&'static str, String) {
    let (method, body) = match (f, value.trim_matches(['[', ']']).split_once(',')) {
        ("\"read\"", _) => ("GET", String::new()),
        ("\"write\"", _) => ("PUT", value.to_owned()),
        ("\"cas\"", Some((old, new))) => ("POST", format!(r#"{{"old":{old},"new":{new}}}"#)),
        _ => return ("fail", String::new()), // There is no such operation here.
    };
    let head = format!("{method} /keys/{key} HTTP/1.0\r\nContent-Length:");
    match request(ip, wait, &format!("{head} {}\r\n\r\n{body}", body.len())) {
        Ok((200, value)) if method == "GET" => ("ok", format!(r#","value":{value}"#)),
        Ok((200, _)) => ("ok", String::new()),
        Ok((409, _)) => ("fail", String::new()),
        Ok((status, _)) => ("info", format!(r#","error":"status {status}""#)),
        Err((kind, why)) => (kind, format!(r#","error":"{}""#, why.kind())),
    }
}

/// What a JSON line says of a field: enough for numbers, lists of them, and plain texts in their quotes.
fn field<'a>(name: &str, line: &'a str) -> &'a str {
    let (_, rest) = line.split_once(&format!("\"{name}\":")).unwrap_or_default();
    let field = rest.split(",\"").next().unwrap_or_default();
    field.trim_end_matches('}')
}

fn main() {
    let mut lines = stdin().lines().map_while(Result::ok);
    let start = lines.next().expect("a line about the node");
    let ip = field("ip", &start).trim_matches('"').parse().unwrap();
    let wait = Duration::from_millis(field("deadline_ms", &start).parse().unwrap()) / 2;
    println!(r#"{{"ready":true}}"#);
    for line in lines {
        let [id, f, key, value] = ["id", "f", "key", "value"].map(|name| field(name, &line));
        let (kind, said) = invoke(ip, wait, f, key, value);
        println!(r#"{{"id":{id},"type":"{kind}"{said}}}"#);
    }
}
