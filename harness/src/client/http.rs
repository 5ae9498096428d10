//! A client's way to its node over HTTP.

use super::Outcome;
use super::exchange::{self, Tap};
use cluster::system::{HttpOperation, HttpRequest, RequestVariables};
use history::EventType;
use std::time::Duration;

/// An answer's body is read up to here; a longer one leaves the outcome unknown.
const BODY_BYTES_MAX: usize = 1 << 20;

/// At most one connection, which is opened when it is needed.
pub(super) struct HttpConnection(reqwest::Client);

impl HttpConnection {
    /// Gives up on an answer after `timeout`.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new(timeout: Duration) -> reqwest::Result<HttpConnection> {
        reqwest::Client::builder()
            // A retried request would be two operations under one name; a proxy or a redirect another node.
            .retry(reqwest::retry::never())
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(1)
            .connect_timeout(timeout / 2)
            .timeout(timeout)
            .tcp_nodelay(true)
            .build()
            .map(HttpConnection)
    }

    /// Asks for one operation, once.
    pub async fn ask(
        &self,
        operation: &HttpOperation,
        variables: &RequestVariables<'_>,
        tap: &mut Tap,
    ) -> Outcome {
        match self.exchange(&operation.request(variables), tap).await {
            Ok((status, body)) => {
                tap.decided(|| operation.deciding(status, &body));
                Outcome::of(operation.judge_asked(status, &body, variables.value))
            }
            Err(failure) => Outcome::without(failure.kind, failure.reason),
        }
    }

    async fn exchange(&self, request: &HttpRequest, tap: &mut Tap) -> Result<(u16, Vec<u8>), Failure> {
        tap.to(|| exchange::address(request));
        tap.sent(|| exchange::of_request(request));
        let method = reqwest::Method::from_bytes(request.method.as_bytes())
            .expect("the descriptor's methods were checked when it was read");
        let mut builder = self.0.request(method, &request.url);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let mut response = builder.send().await.map_err(Failure::of)?;
        tap.received(|| exchange::of_head(&response));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(Failure::of)? {
            if body.len() + chunk.len() > BODY_BYTES_MAX {
                let reason = format!("the answer is longer than {BODY_BYTES_MAX} bytes");
                return Err(Failure {
                    kind: EventType::Info,
                    reason,
                });
            }
            body.extend_from_slice(&chunk);
            tap.received(|| chunk.to_vec());
        }
        Ok((response.status().as_u16(), body))
    }
}

/// No answer came.
struct Failure {
    kind: EventType,
    reason: String,
}

impl Failure {
    fn of(error: reqwest::Error) -> Failure {
        // Without a connection not a byte of the request has left: it cannot have had an effect.
        let kind = if error.is_connect() {
            EventType::Fail
        } else {
            EventType::Info
        };
        let reason = match (error.is_timeout(), error.is_connect()) {
            (true, true) => "timed out while connecting".to_owned(),
            (true, false) => "timed out".to_owned(),
            (false, _) => root_cause(&error),
        };
        Failure { kind, reason }
    }
}

/// The innermost reason of an error: "Connection refused (os error 111)".
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
