//! Waiting for a node to answer that it is ready.

use crate::system::Readiness;
use crate::untrusted::printable;

/// The client that asks. Every try is a new connection: a kept one would belong to an earlier process.
pub fn prober() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .retry(reqwest::retry::never())
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .build()
}

/// Asks until the answer is right. After the timeout, the error says what the last try came to.
pub async fn wait(prober: &reqwest::Client, url: &str, ready: &Readiness) -> Result<(), String> {
    let mut last_try = format!("no answer within {} ms", ready.try_timeout.as_millis());
    let asking = async {
        loop {
            match prober.get(url).timeout(ready.try_timeout).send().await {
                Ok(response) if ready.status.contains(response.status().as_u16()) => return,
                Ok(response) => last_try = format!("status {}, not {}", response.status(), ready.status),
                Err(error) if error.is_timeout() => {
                    last_try = format!("no answer within {} ms", ready.try_timeout.as_millis());
                }
                Err(error) => last_try = printable(&innermost(&error), 200),
            }
            // Nothing announces that a node is ready; asking again is all there is.
            tokio::time::sleep(ready.interval).await;
        }
    };
    let in_time = tokio::time::timeout(ready.timeout, asking).await.is_ok();
    if in_time { Ok(()) } else { Err(last_try) }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
