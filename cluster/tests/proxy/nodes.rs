use std::process::ExitCode;
pub fn harness(_: &[&str]) -> ExitCode {
    ExitCode::SUCCESS
}
pub const TESTS: &[crate::suite::Test] = &[];
