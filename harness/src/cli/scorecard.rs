//! What can be typed after `harness scorecard`.

use super::values::{
    Nemesis, parse_bug, parse_concurrency, parse_duration, parse_interval, parse_nemesis, parse_rate,
};
use super::{Cli, Command, Concurrency, ProgressKind, TestOptions};
use clap::{Args, Parser, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// How `harness scorecard` measures.
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct ScorecardOptions {
    /// Which bugs to plant, see `harness list bugs` [default: all]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = parse_bug, help_heading = "What")]
    pub bugs: Vec<paxos::Bug>,

    /// Which fault schedules to compare: default, classic, none, scenario, own [default: default,classic,none]
    #[arg(
        long,
        value_enum,
        value_name = "LIST",
        value_delimiter = ',',
        help_heading = "What"
    )]
    pub schedules: Vec<ScheduleName>,

    /// How many seeds each bug meets on each schedule
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = "What")]
    pub seeds: u32,

    /// The first seed; the others follow it. The same number makes the same tests [default: random, printed]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=1 << 53), help_heading = "What")]
    pub seed: Option<u64>,

    /// How long the main phase of a run lasts at most: 60, 90s, 5m
    #[arg(long, value_name = "DUR", default_value = "60", value_parser = parse_duration, help_heading = "Each run")]
    pub time_limit: Duration,

    /// The faults of the schedule `own`, as in `harness test`; alone unless --schedules names others
    #[arg(long, value_name = "LIST", value_parser = parse_nemesis, help_heading = "Each run")]
    pub nemesis: Option<Nemesis>,

    /// The time between two changes of one kind of fault, of the schedule `own`, as in `harness test`
    #[arg(long, value_name = "DUR", value_parser = parse_interval, help_heading = "Each run")]
    pub nemesis_interval: Option<nemesis::Interval>,

    /// How many nodes [default: that of `harness test`]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=99), help_heading = "Each run")]
    pub node_count: Option<u8>,

    /// How many clients at once; `2n` is twice the nodes [default: that of `harness test`]
    #[arg(long, value_name = "N", value_parser = parse_concurrency, help_heading = "Each run")]
    pub concurrency: Option<Concurrency>,

    /// Mean operations per second of all clients [default: that of `harness test`]
    #[arg(short, long, value_name = "HZ", value_parser = parse_rate, help_heading = "Each run")]
    pub rate: Option<f64>,

    /// How many operations a decree gets [default: that of `harness test`]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000), help_heading = "Each run")]
    pub ops_per_key: Option<u32>,

    /// How many decrees are open at once [default: that of `harness test`]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = "Each run")]
    pub key_count: Option<u32>,

    /// After how long a client gives up [default: that of `harness test`]
    #[arg(long, value_name = "DUR", value_parser = parse_duration, help_heading = "Each run")]
    pub client_timeout: Option<Duration>,

    /// How many runs go on side by side; they share the machine, and slow each other down
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64), help_heading = "Output")]
    pub jobs: u16,

    /// Where runs are kept: this scorecard's are in DIR/scorecards
    #[arg(long, value_name = "DIR", default_value = "store", help_heading = "Output")]
    pub store: PathBuf,

    /// Live display
    #[arg(
        long,
        value_enum,
        default_value = "auto",
        value_name = "KIND",
        help_heading = "Output"
    )]
    pub progress: ProgressKind,

    /// What is printed
    #[arg(
        long,
        value_enum,
        default_value = "human",
        value_name = "KIND",
        help_heading = "Output"
    )]
    pub format: ScorecardFormat,

    /// Writes it to this file instead of standard output
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Schedules: `default` is what `harness test` does by itself, `classic` is Jepsen's partition of random halves
every 10 s, `none` is no fault at all, `scenario` is for each bug the situation that was made to show it (`harness
list scenarios`). Every seed is also run without a bug, `scenario` with those of all bugs in turn: the correct system
must be clean.

Exit codes: 0 the correct system was clean and every run could be had, 1 a violation was found in the correct
system, 2 one of its runs is unknown, 254 bad arguments, 255 a run ended in an error, 130 and 143 stopped.";

/// The schedules that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum ScheduleName {
    /// What `harness test` does by itself
    Default,
    /// Jepsen's classic one: random halves, every 10 s
    Classic,
    /// No faults
    None,
    /// For each bug the scenario that was made to show it
    Scenario,
    /// That of --nemesis and --nemesis-interval
    Own,
}

impl ScheduleName {
    /// The name, as in `--schedules`.
    pub fn name(self) -> &'static str {
        match self {
            ScheduleName::Default => "default",
            ScheduleName::Classic => "classic",
            ScheduleName::None => "none",
            ScheduleName::Scenario => "scenario",
            ScheduleName::Own => "own",
        }
    }
}

/// How a scorecard is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScorecardFormat {
    /// Tables, for people
    Human,
    /// scorecard.json, for programs
    Json,
    /// The same tables, for a README
    Markdown,
}

impl ScorecardOptions {
    /// The schedules asked for, in order, each once.
    ///
    /// # Errors
    /// When `own` is asked for and not described.
    pub fn schedules(&self) -> Result<Vec<ScheduleName>, String> {
        let described = self.nemesis.is_some() || self.nemesis_interval.is_some();
        if self.schedules.contains(&ScheduleName::Own) && !described {
            return Err(
                "--schedules own: say which faults with --nemesis, or how often with --nemesis-interval"
                    .to_owned(),
            );
        }
        let mut names = match (self.schedules.as_slice(), described) {
            ([], true) => vec![ScheduleName::Own],
            ([], false) => vec![ScheduleName::Default, ScheduleName::Classic, ScheduleName::None],
            (named, _) => named.to_vec(),
        };
        if described {
            names.push(ScheduleName::Own);
        }
        let mut once = Vec::new();
        names.retain(|name| {
            !once.contains(name) && {
                once.push(*name);
                true
            }
        });
        Ok(names)
    }

    /// The options of one run under a schedule, as if they had been typed after `harness test`.
    pub fn test_options(&self, schedule: ScheduleName) -> TestOptions {
        let mut test = defaults_of_test();
        let parsed = |text: &str| parse_nemesis(text).expect("the name of a fault that there is");
        match schedule {
            // Which scenario it is depends on the bug: `scorecard::plan` says it.
            ScheduleName::Default | ScheduleName::Scenario => {}
            ScheduleName::Classic => {
                test.nemesis = parsed("partition:random-halves");
                test.nemesis_interval = Duration::from_secs(10).into();
            }
            ScheduleName::None => test.nemesis = parsed("none"),
            ScheduleName::Own => {
                test.nemesis = self.nemesis.clone().unwrap_or(test.nemesis);
                test.nemesis_interval = self.nemesis_interval.unwrap_or(test.nemesis_interval);
            }
        }
        test.time_limit = self.time_limit;
        test.fail_fast = true;
        test.node_count = self.node_count.unwrap_or(test.node_count);
        test.concurrency = self.concurrency.unwrap_or(test.concurrency);
        test.rate = self.rate.unwrap_or(test.rate);
        test.ops_per_key = self.ops_per_key.unwrap_or(test.ops_per_key);
        test.key_count = self.key_count.unwrap_or(test.key_count);
        test.client_timeout = self.client_timeout.unwrap_or(test.client_timeout);
        test
    }
}

fn defaults_of_test() -> TestOptions {
    match Cli::try_parse_from(["harness", "test"]) {
        Ok(Cli {
            command: Command::Test(options),
            ..
        }) => *options,
        _ => unreachable!("`harness test` is a whole command"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(arguments: &[&str]) -> ScorecardOptions {
        match Cli::try_parse_from(["harness", "scorecard"].iter().chain(arguments)) {
            Ok(Cli {
                command: Command::Scorecard(options),
                ..
            }) => *options,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_schedule_of_ones_own_stands_alone_unless_others_are_named() {
        use ScheduleName::{Classic, Default, None, Own};
        assert_eq!(typed(&[]).schedules(), Ok(vec![Default, Classic, None]));
        assert_eq!(typed(&["--nemesis", "kill"]).schedules(), Ok(vec![Own]));
        let beside = typed(&["--nemesis", "kill", "--schedules", "none,default,none"]);
        assert_eq!(beside.schedules(), Ok(vec![None, Default, Own]));
        assert!(
            typed(&["--schedules", "own"])
                .schedules()
                .unwrap_err()
                .contains("--nemesis")
        );
    }

    #[test]
    fn the_schedules_are_what_would_be_typed_after_test() {
        let options = typed(&["--nemesis", "kill", "--rate", "50", "--time-limit", "9"]);
        let argv = |name| crate::run::command_line(&options.test_options(name), 7).join(" ");
        assert_eq!(
            argv(ScheduleName::Classic),
            "test --nemesis partition:random-halves --rate 50 --time-limit 9s --nemesis-interval 10s --seed 7 --fail-fast"
        );
        assert!(argv(ScheduleName::None).contains("--nemesis none"));
        assert!(argv(ScheduleName::Own).contains("--nemesis kill"));
        assert!(argv(ScheduleName::Default).contains("--nemesis partition,kill,pause,packet"));
    }
}
