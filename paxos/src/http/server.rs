//! What a node serves: clients' requests, the other nodes' questions, its health.

use super::peers::{PeerAnswer, PeerQuestion, Peers};
use crate::node::{Answer, Node, Question, RequestError};
use crate::value::{VALUE_BYTES_MAX, Value, check_decree};
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;

/// A value in its JSON form, with room for the fields around it.
const BODY_BYTES_MAX: usize = 4 * VALUE_BYTES_MAX;

type Shared = State<Arc<Node<Peers>>>;

/// The node's routes.
pub fn routes(node: Arc<Node<Peers>>) -> Router {
    Router::new()
        .route("/decrees/{decree}/propose", post(propose))
        .route("/decrees/{decree}", get(read))
        .route("/peer", post(peer))
        .route("/health", get(health))
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
    State(node): Shared,
    Path(decree): Path<String>,
    body: Result<Json<Proposed>, JsonRejection>,
) -> Response {
    let value = match (check_decree(&decree), body) {
        (Err(error), _) => return refused(StatusCode::BAD_REQUEST, error),
        (_, Err(rejection)) => return refused(rejection.status(), rejection.body_text()),
        (Ok(()), Ok(Json(proposed))) => Value::new(&proposed.value),
    };
    match value {
        Err(error) => refused(StatusCode::BAD_REQUEST, error),
        Ok(value) => answer(node.propose(&decree, value).await.map(Some)),
    }
}

async fn read(State(node): Shared, Path(decree): Path<String>) -> Response {
    match check_decree(&decree) {
        Err(error) => refused(StatusCode::BAD_REQUEST, error),
        Ok(()) => answer(node.read(&decree).await),
    }
}

/// The request was not even begun: it has no effect.
fn refused(status: StatusCode, error: String) -> Response {
    (
        status,
        Json(Problem {
            error,
            outcome: "failed",
        }),
    )
        .into_response()
}

fn answer(result: Result<Option<Value>, RequestError>) -> Response {
    let (error, outcome) = match result {
        Ok(value) => {
            let raw = value.map(|value| RawValue::from_string(value.json().to_owned()));
            return match raw.transpose() {
                Ok(value) => Json(Decided { value }).into_response(),
                Err(error) => {
                    let problem = Problem {
                        error: error.to_string(),
                        outcome: "unknown",
                    };
                    (StatusCode::INTERNAL_SERVER_ERROR, Json(problem)).into_response()
                }
            };
        }
        Err(RequestError::Failed(error)) => (error, "failed"),
        Err(RequestError::Unknown(error)) => (error, "unknown"),
    };
    (StatusCode::SERVICE_UNAVAILABLE, Json(Problem { error, outcome })).into_response()
}

async fn peer(State(node): Shared, body: Result<Json<PeerQuestion>, JsonRejection>) -> Response {
    let Ok(Json(question)) = body else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let (decree, question) = match question {
        PeerQuestion::Prepare { decree, ballot } => (decree, Question::Prepare(ballot)),
        PeerQuestion::Accept { decree, proposal } => (decree, Question::Accept(proposal)),
        PeerQuestion::Learn { decree, value } => {
            node.learn(&decree, &value);
            return Json(PeerAnswer::Learned).into_response();
        }
    };
    if check_decree(&decree).is_err() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    match node.answer(&decree, &question).await {
        Ok(Answer::Promised(accepted)) => Json(PeerAnswer::Promised(accepted)).into_response(),
        Ok(Answer::Accepted) => Json(PeerAnswer::Accepted).into_response(),
        Ok(Answer::Refused(refusal)) => Json(PeerAnswer::Refused(refusal)).into_response(),
        Err(failed) => (StatusCode::SERVICE_UNAVAILABLE, failed.to_string()).into_response(),
    }
}

async fn health(State(node): Shared) -> Response {
    Json(serde_json::json!({ "id": node.id(), "status": "ready" })).into_response()
}
