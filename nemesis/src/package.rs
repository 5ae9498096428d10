//! What `--nemesis` says: named kinds of fault, each perhaps refined.
//!
//! `partition,kill`, `partition:halves+bridge`, `kill:one`, `packet:delay+hold`, `all`, `none`.

use crate::{ClockForm, DiskForm, PacketForm, Shape, Target};
use std::fmt;

/// One kind of fault, and which of its forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Package {
    /// Partitions of these shapes.
    Partition(Vec<Shape>),
    /// SIGKILL and restart of these sets of nodes.
    Kill(Vec<Target>),
    /// SIGTERM and restart of these sets of nodes.
    Terminate(Vec<Target>),
    /// Removal from the membership, and return as new members, of these sets of nodes.
    Member(Vec<Target>),
    /// SIGSTOP and SIGCONT of these sets of nodes.
    Pause(Vec<Target>),
    /// Disturbances of packets.
    Packet(Vec<PacketForm>),
    /// Misbehaviour of disks; beside it, every kill is a power failure.
    Disk(Vec<DiskForm>),
    /// Wrong clocks.
    Clock(Vec<ClockForm>),
}

/// Every kind of fault: name, what it does.
pub const KINDS: [(&str, &str); 8] = [
    ("partition", "packets between nodes are dropped, by directed link"),
    (
        "kill",
        "node processes are killed with SIGKILL, and started again",
    ),
    ("pause", "node processes are stopped with SIGSTOP, and go on"),
    (
        "packet",
        "packets are delayed, lost, doubled, reordered, corrupted, held back, their connections reset",
    ),
    (
        "disk",
        "disks are slow, full, fail; a kill is a power failure and loses what was not synced",
    ),
    ("clock", "clocks jump, strobe, go too fast or too slow"),
    (
        "terminate",
        "node processes are asked to end with SIGTERM, and started again",
    ),
    (
        "member",
        "nodes are killed, taken out of the membership, and come back as new members with empty disks",
    ),
];

impl Package {
    /// The kind's name.
    pub fn kind(&self) -> &'static str {
        match self {
            Package::Partition(_) => "partition",
            Package::Kill(_) => "kill",
            Package::Terminate(_) => "terminate",
            Package::Member(_) => "member",
            Package::Pause(_) => "pause",
            Package::Packet(_) => "packet",
            Package::Disk(_) => "disk",
            Package::Clock(_) => "clock",
        }
    }

    /// Whether it has a form that hits the primary.
    pub fn names_primary(&self) -> bool {
        match self {
            Package::Partition(shapes) => shapes.contains(&Shape::Primary),
            Package::Kill(targets)
            | Package::Terminate(targets)
            | Package::Member(targets)
            | Package::Pause(targets) => targets.contains(&Target::Primary),
            Package::Packet(_) | Package::Disk(_) | Package::Clock(_) => false,
        }
    }

    /// The kind with its usual forms.
    fn usual(kind: &str) -> Option<Package> {
        match kind {
            "partition" => Some(Package::Partition(Shape::ALL.to_vec())),
            "kill" => Some(Package::Kill(Target::ALL.to_vec())),
            "terminate" => Some(Package::Terminate(Target::ALL.to_vec())),
            "member" => Some(Package::Member(MEMBERS.to_vec())),
            "pause" => Some(Package::Pause(Target::ALL.to_vec())),
            "packet" => Some(Package::Packet(PacketForm::USUAL.to_vec())),
            "disk" => Some(Package::Disk(DiskForm::USUAL.to_vec())),
            "clock" => Some(Package::Clock(ClockForm::ALL.to_vec())),
            _ => None,
        }
    }

    /// Every form that can be written after the kind's colon: name, what it does.
    pub fn forms(kind: &str) -> Vec<(String, &'static str)> {
        let rows = |rows: Vec<(&str, &'static str)>| {
            let owned = rows.into_iter().map(|(name, summary)| (name.to_owned(), summary));
            owned.collect()
        };
        match kind {
            "partition" => {
                let by_role = [(Shape::Primary.name(), Shape::Primary.summary())];
                rows(
                    [
                        Shape::ALL.map(|it| (it.name(), it.summary())).to_vec(),
                        by_role.to_vec(),
                    ]
                    .concat(),
                )
            }
            "kill" | "terminate" | "pause" | "member" => {
                let named = ("n1".to_owned(), "the node of this name; so for every other node");
                let told = |it: Target| (it.name().to_owned(), it.summary());
                let drawn = targets_of(kind).into_iter().map(told);
                let manners = manners_of(kind).iter().cloned().map(told);
                drawn.chain([named]).chain(manners).collect()
            }
            "packet" => rows(PacketForm::ALL.map(|it| (it.name(), it.summary())).to_vec()),
            "disk" => rows(DiskForm::ALL.map(|it| (it.name(), it.summary())).to_vec()),
            "clock" => rows(ClockForm::ALL.map(|it| (it.name(), it.summary())).to_vec()),
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for Package {
    /// As it would be typed: `partition:halves+bridge`, or `kill` with its usual forms.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())?;
        if Package::usual(self.kind()).as_ref() == Some(self) {
            return Ok(());
        }
        let names: Vec<&str> = match self {
            Package::Partition(forms) => forms.iter().map(|it| it.name()).collect(),
            Package::Kill(forms)
            | Package::Terminate(forms)
            | Package::Member(forms)
            | Package::Pause(forms) => forms.iter().map(Target::name).collect(),
            Package::Packet(forms) => forms.iter().map(|it| it.name()).collect(),
            Package::Disk(forms) => forms.iter().map(|it| it.name()).collect(),
            Package::Clock(forms) => forms.iter().map(|it| it.name()).collect(),
        };
        write!(f, ":{}", names.join("+"))
    }
}

/// Whom changes of the membership hit: never so many that the others are no majority.
const MEMBERS: [Target; 2] = [Target::One, Target::Minority];

/// What a fault of processes can hit, besides nodes by their names. What is not drawn by default comes last.
fn targets_of(kind: &str) -> Vec<Target> {
    let drawn = match kind {
        "member" => &MEMBERS[..],
        _ => &Target::ALL,
    };
    [drawn, &[Target::Primary]].concat()
}

/// What says how a fault of this kind goes, and leaves to it whom it hits: written where targets are, and drawn as one of them.
fn manners_of(kind: &str) -> &'static [Target] {
    match kind {
        "kill" => &[Target::SlowStart],
        _ => &[],
    }
}

/// Why a `--nemesis` list cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// A name that is none of the known ones.
    #[error("unknown {what} `{name}`; known: {}", .known.join(", "))]
    Unknown {
        /// Kind of fault, shape, target or form.
        what: &'static str,
        /// What was written.
        name: String,
        /// What could have been written.
        known: Vec<String>,
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
                .filter_map(|(kind, _)| Package::usual(kind))
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
    let usual = Package::usual(kind).ok_or_else(|| PackageError::Unknown {
        what: "nemesis",
        name: kind.to_owned(),
        known: KINDS
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .chain(["all", "none"].map(str::to_owned))
            .collect(),
    })?;
    let Some(forms) = forms else { return Ok(usual) };
    let one_of = |what: &'static str| Forms { kind, what, forms };
    Ok(match usual {
        Package::Partition(_) => {
            let shapes = [&Shape::ALL[..], &[Shape::Primary]].concat();
            Package::Partition(one_of("partition shape").among(&shapes, |it| it.name())?)
        }
        Package::Kill(_) => Package::Kill(one_of("kill target").targets()?),
        Package::Terminate(_) => Package::Terminate(one_of("terminate target").targets()?),
        Package::Member(_) => Package::Member(one_of("member target").targets()?),
        Package::Pause(_) => Package::Pause(one_of("pause target").targets()?),
        Package::Packet(_) => {
            Package::Packet(one_of("packet fault").among(&PacketForm::ALL, |it| it.name())?)
        }
        Package::Disk(_) => Package::Disk(one_of("disk fault").among(&DiskForm::ALL, |it| it.name())?),
        Package::Clock(_) => Package::Clock(one_of("clock fault").among(&ClockForm::ALL, |it| it.name())?),
    })
}

/// What was written after a kind's colon.
struct Forms<'a> {
    kind: &'a str,
    what: &'static str,
    forms: &'a str,
}

impl Forms<'_> {
    fn words(&self) -> impl Iterator<Item = &str> {
        self.forms.split('+').map(str::trim)
    }

    fn among<T: Copy>(&self, all: &[T], name_of: fn(&T) -> &'static str) -> Result<Vec<T>, PackageError> {
        let find = |name: &str| all.iter().copied().find(|form| name_of(form) == name);
        self.words()
            .map(|name| find(name).ok_or_else(|| self.unknown(name)))
            .collect()
    }

    fn targets(&self) -> Result<Vec<Target>, PackageError> {
        let find = |name: &str| {
            let manners = manners_of(self.kind).iter().cloned();
            let mut all = targets_of(self.kind).into_iter().chain(manners);
            all.find(|target| target.name() == name)
        };
        let is_node = |name: &str| {
            let number = name.strip_prefix('n');
            number.is_some_and(|number| number.parse::<u16>().is_ok())
        };
        let target = |name: &str| match find(name) {
            Some(target) => Ok(target),
            None if is_node(name) => Ok(Target::Node(name.to_owned())),
            None => Err(self.unknown(name)),
        };
        self.words().map(target).collect()
    }

    fn unknown(&self, name: &str) -> PackageError {
        PackageError::Unknown {
            what: self.what,
            name: name.to_owned(),
            known: Package::forms(self.kind)
                .into_iter()
                .map(|(name, _)| name)
                .collect(),
        }
    }
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
        assert_eq!(
            parse("pause:n2+majority,packet:hold").unwrap(),
            [
                Package::Pause(vec![Target::Node("n2".to_owned()), Target::Majority]),
                Package::Packet(vec![PacketForm::Hold])
            ]
        );
        let all: Vec<_> = parse("all").unwrap().iter().map(Package::kind).collect();
        assert_eq!(all, history::fault::KINDS);
        assert_eq!(KINDS.map(|(kind, _)| kind), history::fault::KINDS);
    }

    #[test]
    fn the_primary_has_to_be_asked_for_by_name() {
        assert!(parse("all").unwrap().iter().all(|it| !it.names_primary()));
        for list in [
            "partition:primary",
            "kill:one+primary",
            "pause:primary",
            "terminate:primary",
        ] {
            let packages = parse(list).unwrap();
            assert!(packages[0].names_primary(), "{list}");
            assert_eq!(packages[0].to_string(), list);
        }
        assert!(parse("packet:primary").is_err());
    }

    #[test]
    fn every_form_that_is_listed_can_be_asked_for() {
        for (kind, _) in KINDS {
            let forms = Package::forms(kind);
            assert!(forms.len() >= 3, "{kind}");
            for (form, _) in forms {
                assert_eq!(
                    parse(&format!("{kind}:{form}")).unwrap().len(),
                    1,
                    "{kind}:{form}"
                );
            }
        }
    }

    #[test]
    fn what_is_not_known_is_refused_with_what_is() {
        let text = |list: &str| parse(list).unwrap_err().to_string();
        assert_eq!(
            text("partiton"),
            "unknown nemesis `partiton`; known: partition, kill, pause, packet, disk, clock, terminate, member, all, none"
        );
        assert_eq!(
            text("kill:two"),
            "unknown kill target `two`; known: one, minority, majority, all, primary, n1, slow-start"
        );
        assert_eq!(
            text("pause:slow-start"),
            "unknown pause target `slow-start`; known: one, minority, majority, all, primary, n1"
        );
        assert_eq!(
            text("member:majority"),
            "unknown member target `majority`; known: one, minority, primary, n1"
        );
        assert!(text("partition:").starts_with("unknown partition shape ``"));
        assert_eq!(
            text("clock:slow"),
            "unknown clock fault `slow`; known: jump, strobe, rate"
        );
        assert_eq!(
            text("none,kill"),
            "`none` stands alone: it cannot be combined with other faults"
        );
        assert!(text("kill,kill:one").starts_with("`kill` is named twice"));
    }
}
