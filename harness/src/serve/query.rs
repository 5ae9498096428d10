//! What the part of an address after the question mark asks for.

use results::{Outcome, RunFilter};
use std::collections::HashMap;

/// The fields of a query, in order.
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Understands it as a browser writes it. What cannot be understood is not there.
    pub fn parse(text: &str) -> Query {
        let parsed: Result<axum::extract::Query<Vec<(String, String)>>, _> =
            axum::extract::Query::try_from_uri(&format!("/?{text}").parse().unwrap_or_default());
        Query(parsed.map(|it| it.0).unwrap_or_default())
    }

    /// All values of a field.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let fields = self.0.iter().filter(|(field, _)| field == name);
        fields.map(|(_, value)| value.as_str()).collect()
    }

    /// A number, 0 when there is none.
    pub fn number(&self, name: &str) -> usize {
        self.all(name)
            .first()
            .and_then(|value| value.parse().ok())
            .unwrap_or(0)
    }

    /// Which runs are meant, and what of it was not understood.
    pub fn filter(&self) -> (RunFilter, String) {
        let said: HashMap<&str, &str> = self
            .0
            .iter()
            .map(|(name, value)| (name.as_str(), value.trim()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let mut remarks = Vec::new();
        let verdict = said.get("verdict").and_then(|word| {
            let verdict = Outcome::from_name(word);
            if verdict.is_none() {
                remarks.push(format!(
                    "There is no verdict {word}: valid, invalid, unknown or error."
                ));
            }
            verdict
        });
        let seed = said.get("seed").and_then(|digits| {
            let seed = digits.parse().ok();
            if seed.is_none() {
                remarks.push(format!("A seed is a number: {digits} is none."));
            }
            seed
        });
        let text = |name| said.get(name).map(|value: &&str| (*value).to_owned());
        let filter = RunFilter {
            system: text("system"),
            verdict,
            seed,
            nemesis: text("nemesis"),
        };
        (filter, remarks.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_fields_ask_for_nothing_and_nonsense_is_said() {
        let (filter, remark) = Query::parse("verdict=&system=paxos&seed=&nemesis=kill").filter();
        assert_eq!(
            (filter.system.as_deref(), filter.nemesis.as_deref()),
            (Some("paxos"), Some("kill"))
        );
        assert_eq!((filter.verdict, filter.seed, remark.as_str()), (None, None, ""));
        let (filter, remark) = Query::parse("verdict=bad&seed=x").filter();
        assert_eq!(filter, RunFilter::default());
        assert!(
            remark.contains("no verdict bad") && remark.contains("x is none"),
            "{remark}"
        );
        assert_eq!(Query::parse("run=a%2Fb&run=c+d").all("run"), ["a/b", "c d"]);
        assert_eq!(Query::parse("page=-3").number("page"), 0);
    }
}
