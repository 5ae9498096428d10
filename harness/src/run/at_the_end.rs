//! What is asked of one object when everything was mended, as often as it has to be. Which objects, and through which nodes, is
//! in `world`; what is asked, in the workload.

use crate::client::Client;
use crate::workload::{Again, AtTheEnd};
use history::EventType;

/// The most that is taken out of one object at the end, and how often that may go wrong one time after another.
const TAKEN_MAX: usize = 10_000;
const FAILURES_MAX: usize = 3;

/// What is asked of one object at the end, as often as it has to be.
pub async fn ask(client: &mut Client, last: &AtTheEnd) {
    let mut failures = 0;
    for asked in 1..=TAKEN_MAX {
        let is_ok = client.perform(&last.operation).await == EventType::Ok;
        failures = if is_ok { 0 } else { failures + 1 };
        let is_enough = match last.again {
            Again::Never => true,
            Again::Once => asked == 2,
            Again::UntilNothing => client.found_nothing() || failures == FAILURES_MAX,
        };
        if is_enough {
            break;
        }
    }
}
