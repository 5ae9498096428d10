//! A small test runner: names, a filter, a summary in the words of the standard one.

use cluster::SandboxError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A test: its name, a statement, and the function that shows it.
pub type Test = (&'static str, fn());

/// Names a list of functions as tests.
macro_rules! tests {
    ($($name:ident),* $(,)?) => { pub const TESTS: &[crate::suite::Test] = &[$((stringify!($name), $name)),*]; };
}
pub(crate) use tests;

/// What has been run so far.
pub struct Suite {
    filter: Option<String>,
    passed: usize,
    failed: Vec<&'static str>,
    filtered: usize,
}

impl Suite {
    pub fn new(filter: Option<&str>) -> Suite {
        Suite {
            filter: filter.map(str::to_owned),
            passed: 0,
            failed: Vec::new(),
            filtered: 0,
        }
    }

    pub fn run(&mut self, tests: &[Test]) {
        for (name, test) in tests {
            if self.filter.as_ref().is_some_and(|filter| !name.contains(filter)) {
                self.filtered += 1;
                continue;
            }
            let begun = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(test));
            let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
            println!("test {name} ... {verdict} ({} ms)", begun.elapsed().as_millis());
            match outcome {
                Ok(()) => self.passed += 1,
                Err(_) => self.failed.push(name),
            }
        }
    }

    /// Ends this process, and with it the sandbox, when the tests hang. Not before the sandbox is entered: it is a
    /// thread.
    pub fn end_by(&self, deadline: Duration) {
        std::thread::spawn(move || {
            std::thread::sleep(deadline);
            println!("test result: FAILED. a test has hung; not done after {deadline:?}");
            std::process::exit(1);
        });
    }

    pub fn list(&self, all: &[&[Test]]) -> ExitCode {
        all.iter()
            .copied()
            .flatten()
            .for_each(|(name, _)| println!("{name}: test"));
        ExitCode::SUCCESS
    }

    pub fn finish(self) -> ExitCode {
        let failed = self.failed.len();
        let verdict = if failed == 0 { "ok" } else { "FAILED" };
        self.failed.iter().for_each(|name| println!("failed: {name}"));
        println!(
            "test result: {verdict}. {} passed; {failed} failed; {} filtered out",
            self.passed, self.filtered
        );
        if failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    /// Something that tests need cannot be had here.
    pub fn skip(&mut self, what: &str, why: &str) {
        println!("skipped: {what}: {why}");
        if must_not_skip() {
            self.failed.push("nothing is skipped in CI");
        }
    }

    /// The sandbox cannot be had here.
    pub fn skip_rest(mut self, why: &SandboxError) -> ExitCode {
        self.skip("what is inside the sandbox", &why.to_string());
        self.finish()
    }
}

pub fn must_not_skip() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// Waits until something has come about, and panics when it does not.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "after 10 s still not: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
