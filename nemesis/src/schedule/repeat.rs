//! A schedule that begins again every so many milliseconds: a few faults by hand, for a run of any length.

use super::PlannedFault;
use std::time::Duration;

/// The faults, and the same again after every `every_ms`, as often as their last end is still within the time limit; once
/// at least. Their ids go on counting.
///
/// # Errors
/// When a repetition would begin before the last one has ended.
pub fn until(
    time_limit: Duration,
    every_ms: u64,
    faults: &[PlannedFault],
) -> Result<Vec<PlannedFault>, String> {
    let end_ms = faults.iter().map(|fault| fault.end_ms).max().unwrap_or(0);
    if every_ms == 0 || every_ms < end_ms {
        return Err(format!(
            "every_ms is {every_ms}, and the faults that it repeats take {end_ms} ms; it must be as long at least, and not 0"
        ));
    }
    if faults.is_empty() {
        return Ok(Vec::new());
    }
    let limit_ms = u64::try_from(time_limit.as_millis()).unwrap_or(u64::MAX);
    let again = limit_ms.saturating_sub(end_ms) / every_ms;
    let ids = faults.iter().map(|fault| fault.id).max().unwrap_or(0);
    let of_time = |number: u64| {
        faults.iter().map(move |fault| PlannedFault {
            id: fault.id.saturating_add(ids.saturating_mul(number as u32)),
            start_ms: fault.start_ms + number * every_ms,
            end_ms: fault.end_ms + number * every_ms,
            ..fault.clone()
        })
    };
    // Whoever reads the file says what is too many; one more than that is enough to say it.
    Ok((0..=again)
        .flat_map(of_time)
        .take(super::file::FAULTS_MAX + 1)
        .collect())
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
            let all = until(Duration::from_millis(limit_ms), 200, &faults).unwrap();
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
        let refused = until(Duration::from_secs(9), 200, &faults).unwrap_err();
        assert!(
            refused.starts_with("every_ms is 200, and the faults"),
            "{refused}"
        );
        assert!(until(Duration::from_secs(9), 0, &[]).is_err());
        assert!(until(Duration::from_secs(9), 201, &faults).is_ok());
    }
}
