//! A schedule that begins again every so many milliseconds: a few faults by hand, for a run of any length.

use super::PlannedFault;
use std::time::Duration;

/// How often faults are done that begin again every `every_ms`, the last time too ending within the time limit; once at
/// least.
///
/// # Errors
/// When they would begin again before they have ended.
pub fn times(time_limit: Duration, every_ms: u64, faults: &[PlannedFault]) -> Result<usize, String> {
    let end_ms = faults.iter().map(|fault| fault.end_ms).max().unwrap_or(0);
    if every_ms == 0 || every_ms < end_ms {
        return Err(format!(
            "every_ms is {every_ms}, and the faults that it repeats take {end_ms} ms; it must be as long at least, and not 0"
        ));
    }
    let limit_ms = u64::try_from(time_limit.as_millis()).unwrap_or(u64::MAX);
    let again = limit_ms.saturating_sub(end_ms) / every_ms;
    Ok(usize::try_from(again).unwrap_or(usize::MAX).saturating_add(1))
}

/// The faults so many times, each time `every_ms` later, and numbered from 1.
pub fn repeated(times: usize, every_ms: u64, faults: &[PlannedFault]) -> Vec<PlannedFault> {
    let later = |by_ms: u64| {
        faults.iter().map(move |fault| PlannedFault {
            start_ms: fault.start_ms + by_ms,
            end_ms: fault.end_ms + by_ms,
            ..fault.clone()
        })
    };
    let all = (0..times as u64).flat_map(|number| later(number * every_ms));
    let numbered = all.zip(1..).map(|(fault, id)| PlannedFault { id, ..fault });
    numbered.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use history::Fault;

    fn pause(id: u32, start_ms: u64, end_ms: u64) -> PlannedFault {
        let nodes = vec!["n1".to_owned()];
        PlannedFault {
            id,
            start_ms,
            end_ms,
            when: None,
            patience_ms: None,
            fault: Fault::Pause { nodes },
        }
    }

    #[test]
    fn it_is_done_again_as_often_as_it_ends_in_time_and_once_at_least() {
        let faults = [pause(1, 0, 50), pause(2, 100, 180)];
        let starts = |limit_ms| -> Vec<(u32, u64)> {
            let times = times(Duration::from_millis(limit_ms), 200, &faults).unwrap();
            let all = repeated(times, 200, &faults);
            all.iter().map(|fault| (fault.id, fault.start_ms)).collect()
        };
        assert_eq!(starts(100), [(1, 0), (2, 100)]);
        assert_eq!(starts(379), [(1, 0), (2, 100)]);
        assert_eq!(starts(380), [(1, 0), (2, 100), (3, 200), (4, 300)]);
        assert_eq!(starts(780).len(), 8);
    }

    #[test]
    fn it_does_not_begin_again_before_it_has_ended() {
        let faults = [pause(1, 0, 201)];
        let refused = times(Duration::from_secs(9), 200, &faults).unwrap_err();
        assert!(
            refused.starts_with("every_ms is 200, and the faults"),
            "{refused}"
        );
        assert!(times(Duration::from_secs(9), 0, &[]).is_err());
        assert!(times(Duration::from_secs(9), 201, &faults).is_ok());
    }
}
