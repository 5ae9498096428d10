//! What a node serves.

use crate::instance::{Answer, Request};
use crate::node::Handle;
use crate::value::{VALUE_BYTES_MAX, Value, check_decree};
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::time::Duration;

/// A value in its JSON form, with room for the fields around it.
const BODY_BYTES_MAX: usize = 2 * VALUE_BYTES_MAX;
/// How long a client may take to send its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// The node's routes.
pub fn routes(node: Handle) -> Router {
    Router::new()
        .route("/decrees/{decree}/propose", post(propose))
        .route("/decrees/{decree}", get(read))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .fallback(async || refused(StatusCode::NOT_FOUND, "there is nothing here".to_owned()))
        .method_not_allowed_fallback(async || {
            refused(StatusCode::METHOD_NOT_ALLOWED, "not with this method".to_owned())
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(node)
}

#[derive(Deserialize)]
struct Proposed {
    value: serde_json::Value,
}

#[derive(Serialize)]
struct Decided {
    value: Option<Box<RawValue>>,
}

/// What goes wrong, as a client sees it.
#[derive(Serialize)]
struct Problem {
    error: String,
    outcome: &'static str,
}

async fn propose(
    State(node): State<Handle>,
    decree: Result<Path<String>, PathRejection>,
    request: axum::extract::Request,
) -> Response {
    let decree = match checked(decree) {
        Ok(decree) => decree,
        Err(error) => return refused(StatusCode::BAD_REQUEST, error),
    };
    let body = <Bytes as axum::extract::FromRequest<()>>::from_request(request, &());
    let body = match tokio::time::timeout(BODY_TIMEOUT, body).await {
        Err(_) => {
            return refused(
                StatusCode::REQUEST_TIMEOUT,
                "the body did not arrive in time".to_owned(),
            );
        }
        Ok(Err(rejection)) => return refused(rejection.status(), rejection.body_text()),
        Ok(Ok(body)) => body,
    };
    let value = match serde_json::from_slice::<Proposed>(&body) {
        Err(error) => {
            return refused(
                StatusCode::BAD_REQUEST,
                format!("the body is not {{\"value\": …}}: {error}"),
            );
        }
        Ok(proposed) => Value::new(&proposed.value),
    };
    match value {
        Err(error) => refused(StatusCode::BAD_REQUEST, error),
        Ok(value) => ask(&node, &decree, Request::Propose(value)).await,
    }
}

async fn read(State(node): State<Handle>, decree: Result<Path<String>, PathRejection>) -> Response {
    match checked(decree) {
        Err(error) => refused(StatusCode::BAD_REQUEST, error),
        Ok(decree) => ask(&node, &decree, Request::Read).await,
    }
}

/// A decree's name, if it may be one.
fn checked(decree: Result<Path<String>, PathRejection>) -> Result<String, String> {
    let Path(decree) = decree.map_err(|rejection| rejection.body_text())?;
    check_decree(&decree).map(|()| decree)
}

/// The request was not even begun: it has no effect.
fn refused(status: StatusCode, error: String) -> Response {
    problem(status, error, "failed")
}

fn problem(status: StatusCode, error: String, outcome: &'static str) -> Response {
    (status, Json(Problem { error, outcome })).into_response()
}

async fn ask(node: &Handle, decree: &str, request: Request) -> Response {
    let is_read = request == Request::Read;
    let value = match node.ask(decree, request).await {
        Err(refusal) => return refused(StatusCode::SERVICE_UNAVAILABLE, refusal.to_string()),
        Ok(Answer::Decided(value)) => Some(value),
        Ok(Answer::Undecided) => None,
        Ok(Answer::Failed) => {
            let error = match node.metrics.failure() {
                None => "no majority has answered in time".to_owned(),
                Some(error) => format!("this node has stopped as an acceptor: failed to {error}"),
            };
            return refused(StatusCode::SERVICE_UNAVAILABLE, error);
        }
        // A read changes nothing: whatever happened, it has failed.
        Ok(Answer::Unknown) if is_read => {
            return refused(
                StatusCode::SERVICE_UNAVAILABLE,
                "the node did not come to an end".to_owned(),
            );
        }
        Ok(Answer::Unknown) => {
            let error = "the value was sent to acceptors, and no majority has answered in time".to_owned();
            return problem(StatusCode::SERVICE_UNAVAILABLE, error, "unknown");
        }
    };
    match value
        .map(|value| RawValue::from_string(value.json().to_owned()))
        .transpose()
    {
        Ok(value) => Json(Decided { value }).into_response(),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, error.to_string(), "unknown"),
    }
}

/// 200 while the node is of use as an acceptor, 503 with the reason when it is not.
async fn health(State(node): State<Handle>) -> Response {
    let (status, word, reason) = match node.metrics.failure() {
        None => (StatusCode::OK, "ready", None),
        Some(error) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "failed",
            Some(format!("failed to {error}")),
        ),
    };
    (
        status,
        Json(serde_json::json!({ "id": node.id, "status": word, "reason": reason })),
    )
        .into_response()
}

async fn metrics(State(node): State<Handle>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], node.metrics.text()).into_response()
}
