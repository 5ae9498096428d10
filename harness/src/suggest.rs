//! "Did you mean": the known name that is nearest to a mistyped one.

/// The nearest of `known`, if it is near enough to have been meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// The same where what is meant is not certain to be meant for us: only a slip of the finger counts.
pub fn slip_of<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let slips = |candidate: &str| strsim::damerau_levenshtein(name, candidate);
    known
        .into_iter()
        .map(|candidate| (slips(candidate), candidate))
        .min()
        .filter(|(slips, _)| *slips <= 2)
        .map(|(_, candidate)| candidate)
}

/// A sentence for an unknown name: the suggestion, and everything that is known.
pub fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let hint = match nearest(name, known.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`? "),
        None => String::new(),
    };
    let name: String = name.chars().take(60).collect();
    format!(
        "unknown {what} `{}`: {hint}known are {}",
        name.escape_debug(),
        known.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_nonsense_is_not() {
        assert_eq!(nearest("partiton", ["kill", "partition"]), Some("partition"));
        assert_eq!(nearest("xyzzy", ["kill", "partition"]), None);
        assert_eq!(slip_of("SORE", ["NODE", "STORE"]), Some("STORE"));
        assert_eq!(slip_of("BUILD_ID", ["BUGS", "STORE"]), None);
        assert_eq!(
            unknown("nemesis", "kil", &["kill", "none"]),
            "unknown nemesis `kil`: did you mean `kill`? known are kill, none"
        );
    }
}
