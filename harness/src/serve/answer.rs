//! Answers, each with what a browser may do with it.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What our own pages may do: load their style and script from here, hear from here, and nothing else.
const OWN_PAGES: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// What a page that lies in the store may do, which anybody may have put there: show itself. It is a stranger to all
/// the other pages, may ask nothing of this server, and a script in it can reach nothing but the page.
pub const STORED_PAGES: &str = "sandbox allow-scripts allow-downloads; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// An answer.
pub struct Answer(pub Response);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        self.0
    }
}

/// One of our pages.
pub fn html(status: StatusCode, page: String) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, kind, sealed(page)).into_response()
}

/// Something with the headers that all of ours have.
pub fn sealed(body: impl Into<Body>) -> Response {
    with_policy(Response::new(body.into()), OWN_PAGES)
}

/// The same for an answer that is there already.
pub fn sealed_response(response: Response) -> Response {
    with_policy(response, OWN_PAGES)
}

/// The same with another policy.
pub fn with_policy(mut response: Response, policy: &'static str) -> Response {
    let headers = response.headers_mut();
    let all = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // What a run in progress says now is not what it says next.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    for (name, value) in all {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("same-origin"),
    );
    response
}

/// A page that says what is the matter.
pub fn problem(status: StatusCode, what: &str) -> Response {
    match results::browse::problem(what) {
        Ok(page) => html(status, page),
        Err(_) => broken(),
    }
}

/// There is no such thing.
pub fn not_found() -> Response {
    problem(
        StatusCode::NOT_FOUND,
        "There is no such page. The run may have been deleted.",
    )
}

/// It is our fault.
pub fn broken() -> Response {
    let words = "This page could not be made: a defect of the harness.";
    (StatusCode::INTERNAL_SERVER_ERROR, sealed(words)).into_response()
}
