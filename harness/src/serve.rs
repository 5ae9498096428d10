//! `harness serve`: the store in a browser, for whoever sits at this machine.
//!
//! It only reads, and only what is in the store: no page changes anything, no path leads out of a run's folder.
//! Every answer tells the browser to load nothing from elsewhere. The pages themselves are made in
//! `results::browse`.
//!
//! Read next: `host` for who is answered, `files` for what is handed out, `follow` for the run in progress.

mod answer;
mod files;
mod follow;
mod host;
mod query;

use answer::{Answer, html};
use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Path as UrlPath, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use query::Query;
use results::browse::runs::Listed;
use results::browse::{self, compare, live, run, runs};
use results::{RunDir, Store};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// How many browsers may watch a run at once.
const WATCHERS_MAX: usize = 32;

/// What every answer needs.
#[derive(Clone)]
struct Served {
    store: Store,
    watchers: Arc<Semaphore>,
}

/// A server that listens, and does not answer yet.
pub struct Server {
    listener: TcpListener,
    router: Router,
}

impl Server {
    /// Listens at an address.
    ///
    /// # Errors
    /// When somebody else does, or the machine has no such address.
    pub async fn listen(store: PathBuf, address: SocketAddr) -> Result<Server> {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("listen at {address}; --port 0 takes any port that is free, --host another address")
        })?;
        let served = Served {
            store: Store::at(&store),
            watchers: Arc::new(Semaphore::new(WATCHERS_MAX)),
        };
        let router = Router::new()
            .route("/", get(list))
            .route("/compare", get(side_by_side))
            .route("/style.css", get(style))
            .route("/browse.js", get(script))
            .route("/runs/{name}/{id}", get(to_folder))
            .route("/runs/{name}/{id}/", get(one_run))
            .route("/runs/{name}/{id}/{*file}", get(file))
            .route("/events/{name}/{id}", get(events))
            .fallback(nothing)
            .layer(middleware::from_fn(host::check))
            .with_state(served);
        Ok(Server { listener, router })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the operating system does not say.
    pub fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().context("find out where it listens")
    }

    /// Answers until `end` comes.
    ///
    /// # Errors
    /// When it cannot go on listening.
    pub async fn answer(self, end: impl Future<Output = ()>) -> Result<()> {
        let serving = axum::serve(self.listener, self.router).into_future();
        // Whoever is still being answered is not waited for: a browser that watches a run never ends.
        tokio::select! {
            ended = serving => ended.context("answer browsers"),
            () = end => Ok(()),
        }
    }
}

fn listed(store: &Store) -> Vec<Listed> {
    let rows = store.list().into_iter();
    rows.map(|row| Listed {
        is_in_progress: RunDir::at(&row.path).is_in_progress(),
        row,
    })
    .collect()
}

/// A run of the store by the two parts of its address, which have to be those of a run that is listed: whatever
/// else they say leads nowhere.
fn find(store: &Store, name: &str, id: &str) -> Option<Listed> {
    let row = store
        .list()
        .into_iter()
        .find(|row| row.name == name && row.id == id)?;
    Some(Listed {
        is_in_progress: RunDir::at(&row.path).is_in_progress(),
        row,
    })
}

async fn list(State(served): State<Served>, RawQuery(query): RawQuery) -> Answer {
    blocking(move || {
        let query = Query::parse(query.as_deref().unwrap_or_default());
        let (filter, remark) = query.filter();
        let store = served.store.root().display().to_string();
        let page = runs::page(
            &store,
            &listed(&served.store),
            &filter,
            query.number("page"),
            &remark,
        )?;
        Ok(html(StatusCode::OK, page))
    })
    .await
}

async fn to_folder(UrlPath((name, id)): UrlPath<(String, String)>) -> Response {
    let address = format!("/runs/{}/{}/", runs::encoded(&name), runs::encoded(&id));
    axum::response::Redirect::permanent(&address).into_response()
}

async fn one_run(State(served): State<Served>, UrlPath((name, id)): UrlPath<(String, String)>) -> Answer {
    blocking(move || {
        let Some(found) = find(&served.store, &name, &id) else {
            return Ok(answer::not_found());
        };
        let directory = RunDir::at(&found.row.path);
        if found.is_in_progress {
            let events = format!("/events/{}/{}", runs::encoded(&name), runs::encoded(&id));
            let now = follow::snapshot(&directory.file("history.jsonl"));
            return Ok(html(
                StatusCode::OK,
                live::page(&format!("{name}/{id}"), &events, &now)?,
            ));
        }
        let (files, left_out) = files::list(directory.path());
        let argv = directory.info().map(|info| info.argv).unwrap_or_default();
        Ok(html(StatusCode::OK, run::page(&found, &argv, &files, left_out)?))
    })
    .await
}

async fn file(
    State(served): State<Served>,
    UrlPath((name, id, path)): UrlPath<(String, String, String)>,
) -> Response {
    let opened = tokio::task::spawn_blocking(move || {
        let found = find(&served.store, &name, &id)?;
        files::open(&found.row.path, &path)
    })
    .await;
    match opened {
        Ok(Some(file)) => file.answer(),
        Ok(None) => answer::not_found(),
        Err(_) => answer::broken(),
    }
}

async fn side_by_side(State(served): State<Served>, RawQuery(query): RawQuery) -> Answer {
    blocking(move || {
        let query = Query::parse(query.as_deref().unwrap_or_default());
        let all = listed(&served.store);
        let mut sides = Vec::new();
        for wanted in query.all("run").into_iter().filter(|it| !it.trim().is_empty()) {
            match named(&served.store, &all, wanted.trim()) {
                Ok(side) => sides.push(side),
                Err(why) => return Ok(answer::problem(StatusCode::NOT_FOUND, &why)),
            }
        }
        match sides.as_slice() {
            [one, other] => Ok(html(StatusCode::OK, compare::page(one, other)?)),
            _ => Ok(answer::problem(
                StatusCode::BAD_REQUEST,
                "Choose two runs in the list, and then Compare two.",
            )),
        }
    })
    .await
}

/// A run by its address in the list, or by any name that it has on a command line; paths are none of them.
fn named<'a>(store: &Store, all: &'a [Listed], wanted: &str) -> Result<compare::Side<'a>, String> {
    let by_address = all
        .iter()
        .find(|it| format!("{}/{}", it.row.name, it.row.id) == wanted);
    let found = match by_address {
        Some(found) => Some(found),
        None if wanted.contains('/') || wanted.starts_with('.') => None,
        None => {
            let path = store
                .find(wanted)
                .map_err(|error| error.to_string())?
                .path()
                .to_owned();
            all.iter().find(|it| it.row.path == path)
        }
    };
    let listed = found.ok_or_else(|| format!("There is no run {}.", results::text::visible(wanted, 80)))?;
    let directory = RunDir::at(&listed.row.path);
    Ok(compare::Side {
        listed,
        results: directory.results(),
        info: directory.info(),
    })
}

async fn events(State(served): State<Served>, UrlPath((name, id)): UrlPath<(String, String)>) -> Response {
    let Ok(permit) = Arc::clone(&served.watchers).try_acquire_owned() else {
        return answer::problem(StatusCode::SERVICE_UNAVAILABLE, "Too many are watching already.");
    };
    let found = tokio::task::spawn_blocking(move || find(&served.store, &name, &id)).await;
    match found {
        Ok(Some(found)) => follow::events(RunDir::at(&found.row.path), permit),
        Ok(None) => answer::not_found(),
        Err(_) => answer::broken(),
    }
}

async fn style() -> Response {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8")],
        answer::sealed(browse::STYLE),
    )
        .into_response()
}

async fn script() -> Response {
    (
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")],
        answer::sealed(browse::SCRIPT),
    )
        .into_response()
}

async fn nothing() -> Response {
    answer::not_found()
}

/// Makes an answer where waiting for a disk holds nobody up.
async fn blocking(make: impl FnOnce() -> Result<Response> + Send + 'static) -> Answer {
    Answer(match tokio::task::spawn_blocking(make).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            tracing::error!("a page cannot be made: {error:#}");
            answer::broken()
        }
        Err(_) => answer::broken(),
    })
}
