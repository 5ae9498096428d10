//! What `--nemesis` says: named kinds of fault, each perhaps refined.
//!
//! `partition,kill`, `partition:halves+bridge`, `kill:one`, `none`.

use crate::{Shape, Target};

/// One kind of fault, and which of its forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Package {
    /// Partitions of these shapes.
    Partition(Vec<Shape>),
    /// SIGKILL and restart of these sets of nodes.
    Kill(Vec<Target>),
}

/// Every kind of fault: name, what it does.
pub const KINDS: [(&str, &str); 2] = [
    ("partition", "packets between nodes are dropped, by directed link"),
    (
        "kill",
        "node processes are killed with SIGKILL, and started again",
    ),
];

impl Package {
    /// The kind's name.
    pub fn kind(&self) -> &'static str {
        match self {
            Package::Partition(_) => "partition",
            Package::Kill(_) => "kill",
        }
    }

    /// The kind with all its forms.
    fn all_of(kind: &str) -> Option<Package> {
        match kind {
            "partition" => Some(Package::Partition(Shape::ALL.to_vec())),
            "kill" => Some(Package::Kill(Target::ALL.to_vec())),
            _ => None,
        }
    }
}

/// Why a `--nemesis` list cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// A name that is none of the known ones.
    #[error("unknown {what} `{name}`; known: {}", .known.join(", "))]
    Unknown {
        /// Kind of fault, shape or target.
        what: &'static str,
        /// What was written.
        name: String,
        /// What could have been written.
        known: Vec<&'static str>,
    },
    /// `none` beside something else.
    #[error("`none` stands alone: it cannot be combined with other faults")]
    NoneAndMore,
    /// The same kind twice.
    #[error("`{0}` is named twice; join its forms with `+`, as in partition:halves+bridge")]
    Twice(&'static str),
}

/// Understands a list such as `partition:halves+bridge,kill`. `none` and the empty list mean no faults,
/// `all` means every kind.
///
/// # Errors
/// See [`PackageError`].
pub fn parse(list: &str) -> Result<Vec<Package>, PackageError> {
    let words: Vec<&str> = list
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .collect();
    match words.as_slice() {
        [] | ["none"] => return Ok(Vec::new()),
        ["all"] => {
            return Ok(KINDS
                .iter()
                .filter_map(|(kind, _)| Package::all_of(kind))
                .collect());
        }
        _ if words.contains(&"none") => return Err(PackageError::NoneAndMore),
        _ => {}
    }
    let mut packages: Vec<Package> = Vec::new();
    for word in words {
        let package = parse_one(word)?;
        if packages.iter().any(|other| other.kind() == package.kind()) {
            return Err(PackageError::Twice(package.kind()));
        }
        packages.push(package);
    }
    Ok(packages)
}

fn parse_one(word: &str) -> Result<Package, PackageError> {
    let (kind, forms) = match word.split_once(':') {
        Some((kind, forms)) => (kind, Some(forms)),
        None => (word, None),
    };
    let all = Package::all_of(kind).ok_or_else(|| PackageError::Unknown {
        what: "nemesis",
        name: kind.to_owned(),
        known: KINDS
            .iter()
            .map(|(name, _)| *name)
            .chain(["all", "none"])
            .collect(),
    })?;
    let Some(forms) = forms else { return Ok(all) };
    Ok(match all {
        Package::Partition(_) => {
            Package::Partition(parse_forms(forms, "partition shape", &Shape::ALL, Shape::name)?)
        }
        Package::Kill(_) => Package::Kill(parse_forms(forms, "kill target", &Target::ALL, Target::name)?),
    })
}

fn parse_forms<T: Copy>(
    forms: &str,
    what: &'static str,
    all: &[T],
    name_of: fn(T) -> &'static str,
) -> Result<Vec<T>, PackageError> {
    let find = |name: &str| all.iter().copied().find(|form| name_of(*form) == name);
    let unknown = |name: &str| PackageError::Unknown {
        what,
        name: name.to_owned(),
        known: all.iter().map(|form| name_of(*form)).collect(),
    };
    forms
        .split('+')
        .map(str::trim)
        .map(|name| find(name).ok_or_else(|| unknown(name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_kinds_and_perhaps_their_forms() {
        assert_eq!(parse("none").unwrap(), []);
        assert_eq!(
            parse("partition:halves+bridge, kill").unwrap(),
            [
                Package::Partition(vec![Shape::Halves, Shape::Bridge]),
                Package::Kill(Target::ALL.to_vec())
            ]
        );
        assert_eq!(parse("all").unwrap().len(), KINDS.len());
    }

    #[test]
    fn what_is_not_known_is_refused_with_what_is() {
        let text = |list: &str| parse(list).unwrap_err().to_string();
        assert_eq!(
            text("partiton"),
            "unknown nemesis `partiton`; known: partition, kill, all, none"
        );
        assert_eq!(
            text("kill:two"),
            "unknown kill target `two`; known: one, minority, majority, all"
        );
        assert!(text("partition:").starts_with("unknown partition shape ``"));
        assert_eq!(
            text("none,kill"),
            "`none` stands alone: it cannot be combined with other faults"
        );
        assert!(text("kill,kill:one").starts_with("`kill` is named twice"));
    }
}
