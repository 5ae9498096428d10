//! Who is answered: only requests that were meant for this machine.
//!
//! A page from anywhere could have its own name resolve to 127.0.0.1 and so have the browser believe that this
//! server belongs to it (DNS rebinding). Its requests give themselves away by that name: what is answered names an
//! address or `localhost`, to which nobody else's page can lay claim. And only reading is possible at all.

use super::answer;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use std::net::{IpAddr, Ipv6Addr};

/// Lets through what may be answered.
pub async fn check(request: Request, next: Next) -> Response {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return answer::problem(StatusCode::METHOD_NOT_ALLOWED, "Here is only to read.");
    }
    if !is_for_us(request.headers()) {
        return answer::problem(
            StatusCode::FORBIDDEN,
            "This server answers to an address such as 127.0.0.1 and to localhost, and to no other name.",
        );
    }
    next.run(request).await
}

fn is_for_us(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().is_ok_and(is_address),
        _ => false,
    }
}

/// Whether a host is an address or `localhost`, with or without a port.
fn is_address(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else {
            return false;
        };
        let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_number);
        return is_port && address.parse::<Ipv6Addr>().is_ok();
    }
    let (name, port) = host
        .split_once(':')
        .map_or((host, None), |(name, port)| (name, Some(port)));
    let is_ours = name.eq_ignore_ascii_case("localhost") || matches!(name.parse(), Ok(IpAddr::V4(_)));
    is_ours && port.is_none_or(is_number)
}

fn is_number(port: &str) -> bool {
    port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_localhost_are_ours_and_names_are_not() {
        for ours in [
            "127.0.0.1",
            "127.0.0.1:8080",
            "localhost:8080",
            "LOCALHOST",
            "[::1]:80",
            "[::1]",
            "192.168.1.2:1",
        ] {
            assert!(is_address(ours), "{ours}");
        }
        for others in [
            "",
            "evil.example",
            "evil.example:8080",
            "127.0.0.1.evil.example",
            "localhost.evil.example:1",
            "127.0.0.1:x",
            "[::1",
            "[evil]:1",
            "127.0.0.1@evil:1",
            "1",
        ] {
            assert!(!is_address(others), "{others}");
        }
    }

    #[test]
    fn a_request_names_one_host() {
        let mut headers = HeaderMap::new();
        assert!(!is_for_us(&headers));
        headers.append(header::HOST, "localhost".parse().unwrap());
        assert!(is_for_us(&headers));
        headers.append(header::HOST, "localhost".parse().unwrap());
        assert!(!is_for_us(&headers));
    }
}
