//! Values that are typed: how each is understood, and what is said when it cannot be.

use crate::suggest;
use nemesis::{Interval, Package, PackageError};
use std::time::Duration;

/// How many clients: a number, or a multiple of the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concurrency {
    /// So many.
    Clients(u32),
    /// So many for each node.
    PerNode(u32),
}

impl Concurrency {
    /// The number of clients for `nodes` nodes.
    pub fn clients(self, nodes: usize) -> usize {
        match self {
            Concurrency::Clients(count) => count as usize,
            Concurrency::PerNode(count) => count as usize * nodes,
        }
    }
}

/// Which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seed {
    /// This one.
    Number(u64),
    /// That of the newest run in the store.
    Last,
}

impl Seed {
    /// The number, where it is known.
    pub fn number(self) -> Option<u64> {
        match self {
            Seed::Number(number) => Some(number),
            Seed::Last => None,
        }
    }
}

pub fn parse_seed(text: &str) -> Result<Seed, String> {
    match text {
        "last" => Ok(Seed::Last),
        number => number.parse().map(Seed::Number).map_err(|_| {
            "write a number from 0 to 18446744073709551615, or last for that of the newest run".to_owned()
        }),
    }
}

/// What `--nemesis` said, and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nemesis {
    /// As it was written.
    pub text: String,
    /// The kinds of fault and their forms.
    pub packages: Vec<Package>,
}

impl Nemesis {
    /// As it would be written.
    pub fn of(packages: Vec<Package>) -> Nemesis {
        let words: Vec<String> = packages.iter().map(Package::to_string).collect();
        let text = if words.is_empty() {
            "none".to_owned()
        } else {
            words.join(",")
        };
        Nemesis { text, packages }
    }
}

pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let refuse = || format!("`{text}` is not a duration; write 60, 90s, 5m or 500ms");
    let seconds = match text.parse::<f64>() {
        Ok(seconds) => seconds,
        Err(_) => text
            .parse::<jiff::SignedDuration>()
            .map_err(|_| refuse())?
            .as_secs_f64(),
    };
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration.is_zero() => Err("it must be longer than nothing".to_owned()),
        Ok(duration) if duration > Duration::from_secs(7 * 24 * 3600) => Err("a week is the most".to_owned()),
        Ok(duration) => Ok(duration),
        Err(_) => Err(refuse()),
    }
}

/// A mean (`500ms`) or a named distribution (`exponential:500ms`) of the times between changes.
pub fn parse_interval(text: &str) -> Result<Interval, String> {
    let Some((name, times)) = text.split_once(':') else {
        return parse_duration(text).map(Interval::Mean);
    };
    match name {
        "fixed" => parse_duration(times).map(Interval::Fixed),
        "exponential" => parse_duration(times).map(Interval::Exponential),
        "uniform" => {
            let refuse = || format!("`{text}` has no two ends; write uniform:100ms..2s");
            let (least, most) = times.split_once("..").ok_or_else(refuse)?;
            match (parse_duration(least)?, parse_duration(most)?) {
                (least, most) if least <= most => Ok(Interval::Uniform(least, most)),
                _ => Err(format!("`{text}` ends before it begins; write uniform:100ms..2s")),
            }
        }
        unknown => {
            let known = nemesis::interval::DISTRIBUTIONS;
            let told = suggest::unknown("distribution", unknown, &known.map(|(name, _)| name));
            Err(format!(
                "{told}; write 500ms, {}",
                known.map(|(_, example)| example).join(", ")
            ))
        }
    }
}

pub fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && (0.0..=1e6).contains(&rate) => Ok(rate),
        _ => Err("write operations per second, from 0 (as fast as they can) to 1000000".to_owned()),
    }
}

pub fn parse_concurrency(text: &str) -> Result<Concurrency, String> {
    let (digits, make): (&str, fn(u32) -> Concurrency) = match text.strip_suffix('n') {
        Some("") => ("1", Concurrency::PerNode),
        Some(digits) => (digits, Concurrency::PerNode),
        None => (text, Concurrency::Clients),
    };
    match digits.parse() {
        Ok(count) if (1..=1000).contains(&count) => Ok(make(count)),
        _ => Err(
            "write a number of clients such as 10, or a multiple of the nodes such as 2n; 1000 at most"
                .to_owned(),
        ),
    }
}

pub fn parse_nemesis(text: &str) -> Result<Nemesis, String> {
    let packages = nemesis::parse(text).map_err(|error| match error {
        PackageError::Unknown { what, name, known } => {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            suggest::unknown(what, &name, &known)
        }
        other => other.to_string(),
    })?;
    Ok(Nemesis {
        text: text.to_owned(),
        packages,
    })
}

pub fn parse_model(text: &str) -> Result<checker::Model, String> {
    let names: Vec<&str> = checker::Model::ALL.iter().map(|model| model.name()).collect();
    checker::Model::from_name(text).ok_or_else(|| suggest::unknown("model", text, &names))
}

/// The name of a kind of workload.
pub fn parse_workload(text: &str) -> Result<String, String> {
    let known = crate::workload::ALL.map(|kind| kind.name);
    match known.contains(&text) {
        true => Ok(text.to_owned()),
        false => Err(suggest::unknown("workload", text, &known)),
    }
}

pub fn parse_bug(text: &str) -> Result<paxos::Bug, String> {
    let known: Vec<&str> = paxos::Bug::ALL.iter().map(|bug| bug.name()).collect();
    paxos::Bug::ALL
        .into_iter()
        .find(|bug| bug.name() == text)
        .ok_or_else(|| suggest::unknown("bug", text, &known))
}

pub fn parse_verdict(text: &str) -> Result<results::Outcome, String> {
    let known = ["valid", "invalid", "unknown", "error"];
    results::Outcome::from_name(text).ok_or_else(|| suggest::unknown("verdict", text, &known))
}

pub fn parse_kind(text: &str) -> Result<String, String> {
    let mut known: Vec<&str> = nemesis::package::KINDS.iter().map(|(kind, _)| *kind).collect();
    known.push("none");
    match known.contains(&text) {
        true => Ok(text.to_owned()),
        false => Err(suggest::unknown("nemesis", text, &known)),
    }
}

pub fn parse_folder_name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !text.is_empty() && text.len() <= 60 && text.chars().all(is_plain) {
        true => Ok(text.to_owned()),
        false => Err("it is the name of a folder: letters, digits, - and _ only".to_owned()),
    }
}

/// An amount of memory in bytes: `512MiB`, `2GiB`, `1GB`, `1000000`.
pub fn parse_size(text: &str) -> Result<usize, String> {
    const UNITS: [(&str, u64); 6] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("kB", 1000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
    ];
    let refuse = || format!("`{text}` is not an amount of memory; write 512MiB, 2GiB or a number of bytes");
    let unit = UNITS
        .iter()
        .find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)));
    let (digits, bytes) = unit.unwrap_or((text, 1));
    let size = digits
        .trim()
        .parse::<u64>()
        .ok()
        .and_then(|count| count.checked_mul(bytes));
    let size = size
        .and_then(|size| usize::try_from(size).ok())
        .ok_or_else(refuse)?;
    if size == 0 {
        return Err("it must be more than nothing".to_owned());
    }
    Ok(size)
}

/// An age: `30d`, `12h`, `2w`.
pub fn parse_age(text: &str) -> Result<Duration, String> {
    let refuse = || format!("`{text}` is not an age; write 30d, 12h or 2w");
    let span = text.parse::<jiff::Span>().map_err(|_| refuse())?;
    // A day of 24 hours will do: what is asked is about how old.
    let relative = jiff::SpanRelativeTo::days_are_24_hours();
    let age = span.to_duration(relative).map_err(|_| refuse())?;
    Duration::try_from(age).map_err(|_| refuse())
}

pub fn parse_peer(text: &str) -> Result<(String, std::net::SocketAddr), String> {
    let refuse = || format!("`{text}` is not of the form n1=10.0.0.1:7000");
    let (id, address) = text.split_once('=').ok_or_else(refuse)?;
    Ok((id.to_owned(), address.parse().map_err(|_| refuse())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds_or_have_a_unit() {
        assert_eq!(parse_duration("60"), Ok(Duration::from_secs(60)));
        assert_eq!(parse_duration("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("5m"), Ok(Duration::from_secs(300)));
        for bad in ["", "fast", "-1", "0", "1e300", "NaN", "inf", "99w"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_interval_is_a_mean_or_has_a_distribution() {
        let ms = Duration::from_millis;
        for (text, interval, typed) in [
            ("500ms", Interval::Mean(ms(500)), "0.5s"),
            ("2", Interval::Mean(ms(2_000)), "2s"),
            ("fixed:2s", Interval::Fixed(ms(2_000)), "fixed:2s"),
            (
                "exponential:250ms",
                Interval::Exponential(ms(250)),
                "exponential:0.25s",
            ),
            (
                "uniform:100ms..2s",
                Interval::Uniform(ms(100), ms(2_000)),
                "uniform:0.1s..2s",
            ),
        ] {
            assert_eq!(parse_interval(text), Ok(interval));
            assert_eq!(interval.to_string(), typed);
            assert_eq!(parse_interval(typed), Ok(interval));
        }
        for (bad, words) in [
            ("fixd:2s", "unknown distribution `fixd`: did you mean `fixed`?"),
            ("fixed:", "is not a duration"),
            ("fixed:0", "longer than nothing"),
            ("uniform:2s", "has no two ends; write uniform:100ms..2s"),
            ("uniform:2s..1s", "ends before it begins"),
            ("uniform:1s..", "is not a duration"),
            ("500ms..2s", "is not a duration"),
        ] {
            let told = parse_interval(bad).unwrap_err();
            assert!(told.contains(words), "{bad}: {told}");
        }
    }

    #[test]
    fn concurrency_counts_clients_or_multiplies_nodes() {
        assert_eq!(parse_concurrency("7").unwrap().clients(5), 7);
        assert_eq!(parse_concurrency("2n").unwrap().clients(5), 10);
        assert_eq!(parse_concurrency("n").unwrap().clients(5), 5);
        for bad in ["0", "0n", "n2", "-3", "5000", ""] {
            assert!(parse_concurrency(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_have_units_and_ages_too() {
        assert_eq!(parse_size("2GiB"), Ok(2 << 30));
        assert_eq!(parse_size("1000000"), Ok(1_000_000));
        assert_eq!(parse_size("3 MB"), Ok(3_000_000));
        for bad in ["", "0", "GiB", "-1", "1TiB", "1.5GiB", "99999999999999GiB"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_age("30d"), Ok(Duration::from_secs(30 * 86_400)));
        assert_eq!(parse_age("2w"), Ok(Duration::from_secs(14 * 86_400)));
        assert_eq!(parse_age("12h"), Ok(Duration::from_secs(12 * 3600)));
        for bad in ["", "30", "-1d", "soon", "1y"] {
            assert!(parse_age(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_mistyped_nemesis_is_answered_with_the_nearest_one() {
        let error = parse_nemesis("partiton").unwrap_err();
        assert_eq!(
            error,
            "unknown nemesis `partiton`: did you mean `partition`? known are partition, kill, pause, packet, disk, clock, terminate, member, all, none"
        );
    }
}
