//! Which rules make no sense, and what to change about them.

use super::link_rule::{Content, Corruption, DELAY_MAX, Delay, Distribution, Effect, LinkRule, Loss};
use std::time::Duration;

/// What is wrong with a rule.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// It is about no link.
    #[error("name at least one link")]
    NoLinks,
    /// Not a probability, or not a certain enough one.
    #[error("{field} is {value}; choose one from 0 to {max}")]
    Probability {
        /// Which.
        field: &'static str,
        /// What it was.
        value: f64,
        /// The largest that is possible.
        max: f64,
    },
    /// A number too small.
    #[error("{field} is {value}; choose at least {min}")]
    TooSmall {
        /// Which.
        field: &'static str,
        /// What it was.
        value: f64,
        /// The smallest that is possible.
        min: f64,
    },
    /// A time too long.
    #[error("{field} is {value:?}; choose at most {max:?}")]
    TooLong {
        /// Which.
        field: &'static str,
        /// What it was.
        value: Duration,
        /// The longest that is possible.
        max: Duration,
    },
    /// Looking for nothing.
    #[error("bytes to look for are missing; use Content::Any for every packet")]
    NoContent,
    /// Not a regular expression, or too large a one.
    #[error("the regular expression is none: {0}")]
    Regex(#[source] Box<regex::Error>),
}

/// Whether a rule makes sense; its regular expression is looked at by `matching`.
pub fn check(rule: &LinkRule) -> Result<(), RuleError> {
    if rule.links.is_empty() {
        return Err(RuleError::NoLinks);
    }
    if matches!(&rule.matches.content, Content::Bytes(bytes) if bytes.is_empty()) {
        return Err(RuleError::NoContent);
    }
    at_least("window.first", rule.matches.window.first as f64, 1.0)?;
    if let Some(at_most) = rule.matches.window.at_most {
        at_least("window.at_most", at_most as f64, 1.0)?;
    }
    match &rule.effect {
        Effect::Pass | Effect::Drop | Effect::Hold => Ok(()),
        Effect::Loss(loss) => check_loss(loss),
        Effect::Delay(Delay { time, .. }) => check_times(time),
        Effect::Duplicate { probability }
        | Effect::Reset { probability }
        | Effect::Corrupt(Corruption { probability, .. }) => share("probability", *probability),
        Effect::Reorder {
            probability,
            wait_max,
            ..
        } => {
            share("probability", *probability)?;
            no_longer_than("wait_max", *wait_max, DELAY_MAX)
        }
        Effect::Stutter { stalled, flowing } => {
            at_least("stalled", stalled.as_secs_f64(), 1e-6)?;
            at_least("flowing", flowing.as_secs_f64(), 1e-6)?;
            no_longer_than("stalled", *stalled, DELAY_MAX)?;
            no_longer_than("flowing", *flowing, DELAY_MAX)
        }
        Effect::Rate { bytes_per_second, .. } => at_least("bytes_per_second", *bytes_per_second as f64, 1.0),
    }
}

fn check_loss(loss: &Loss) -> Result<(), RuleError> {
    match *loss {
        Loss::Independent { probability } => share("probability", probability),
        Loss::Bursty {
            probability,
            mean_burst_packets,
        } => {
            at_least("mean_burst_packets", mean_burst_packets, 1.0)?;
            // Between two bursts there is at least one packet that arrives.
            share_up_to(
                "probability",
                probability,
                mean_burst_packets / (mean_burst_packets + 1.0),
            )
        }
    }
}

fn check_times(time: &Distribution) -> Result<(), RuleError> {
    let (min, max) = match *time {
        Distribution::Constant(time) => (time, DELAY_MAX),
        Distribution::Uniform { min, max } => (min, max),
        Distribution::Normal { mean, max, .. } => (mean, max),
        Distribution::Pareto { min, shape, max } => {
            at_least("shape", shape, f64::MIN_POSITIVE)?;
            at_least("min", min.as_secs_f64(), 1e-9)?;
            (min, max)
        }
    };
    no_longer_than("max", max, DELAY_MAX)?;
    no_longer_than("min", min, max)
}

fn share(field: &'static str, value: f64) -> Result<(), RuleError> {
    share_up_to(field, value, 1.0)
}

fn share_up_to(field: &'static str, value: f64, max: f64) -> Result<(), RuleError> {
    if (0.0..=max).contains(&value) {
        Ok(())
    } else {
        Err(RuleError::Probability { field, value, max })
    }
}

fn at_least(field: &'static str, value: f64, min: f64) -> Result<(), RuleError> {
    if value >= min && value.is_finite() {
        Ok(())
    } else {
        Err(RuleError::TooSmall { field, value, min })
    }
}

fn no_longer_than(field: &'static str, value: Duration, max: Duration) -> Result<(), RuleError> {
    if value <= max {
        Ok(())
    } else {
        Err(RuleError::TooLong { field, value, max })
    }
}

#[cfg(test)]
mod tests {
    use super::super::link_rule::{Match, Order, Window};
    use super::*;

    fn refused(matches: Match, effect: Effect) -> String {
        let links = vec![("n1".to_owned(), "n2".to_owned())];
        let rule = LinkRule {
            links,
            matches,
            effect,
        };
        check(&rule).unwrap_err().to_string()
    }

    fn refused_effect(effect: Effect) -> String {
        refused(Match::default(), effect)
    }

    fn delay(time: Distribution) -> Effect {
        let order = Order::Kept;
        Effect::Delay(Delay { time, order })
    }

    #[test]
    fn what_is_not_a_probability_is_refused_with_the_range() {
        for probability in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            let loss = refused_effect(Effect::Loss(Loss::Independent { probability }));
            assert!(loss.ends_with("choose one from 0 to 1"), "{loss}");
            let twice = refused_effect(Effect::Duplicate { probability });
            assert!(twice.starts_with("probability is "), "{twice}");
        }
    }

    #[test]
    fn bursts_must_leave_room_between_them() {
        let bursty = |probability, mean_burst_packets| {
            refused_effect(Effect::Loss(Loss::Bursty {
                probability,
                mean_burst_packets,
            }))
        };
        assert_eq!(bursty(0.9, 4.0), "probability is 0.9; choose one from 0 to 0.8");
        assert_eq!(bursty(0.1, 0.5), "mean_burst_packets is 0.5; choose at least 1");
        assert!(bursty(0.1, f64::INFINITY).starts_with("mean_burst_packets is inf"));
    }

    #[test]
    fn no_delay_is_without_an_end() {
        let long = Duration::from_secs(601);
        let constant = refused_effect(delay(Distribution::Constant(long)));
        assert_eq!(constant, "min is 601s; choose at most 600s");
        let min = Duration::from_millis(20);
        let max = Duration::from_millis(10);
        let uniform = refused_effect(delay(Distribution::Uniform { min, max }));
        assert_eq!(uniform, "min is 20ms; choose at most 10ms");
        let shape = 0.0;
        let pareto = refused_effect(delay(Distribution::Pareto {
            min: max,
            shape,
            max: min,
        }));
        assert!(pareto.starts_with("shape is 0"), "{pareto}");
    }

    #[test]
    fn a_rule_about_nothing_is_refused() {
        let content = Content::Bytes(Vec::new());
        let empty = Match {
            content,
            ..Match::default()
        };
        assert!(refused(empty, Effect::Drop).starts_with("bytes to look for are missing"));
        let window = Window {
            at_most: Some(0),
            ..Window::default()
        };
        let none = Match {
            window,
            ..Match::default()
        };
        assert_eq!(
            refused(none, Effect::Drop),
            "window.at_most is 0; choose at least 1"
        );
        let (links, matches) = (Vec::new(), Match::default());
        let effect = Effect::Drop;
        assert!(matches!(
            check(&LinkRule {
                links,
                matches,
                effect
            }),
            Err(RuleError::NoLinks)
        ));
    }
}
