//! Transactions as histories write them down: `[["read", "x", null], ["write", "y", 2]]`; an answer has what was read in
//! the place of null. `r` and `w` are the same words, shorter.

use super::{Asked, Step, Told};
use crate::CheckError;
use history::{History, Outcome, Value, Values};
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap};

/// All transactions of a history.
#[derive(Debug, Default)]
pub struct Transactions {
    registers: IndexSet<Value, FxBuildHasher>,
    asked: FxHashMap<Value, Asked>,
    /// By answer, the values of all steps.
    answers: FxHashMap<Value, Vec<Value>>,
}

impl Transactions {
    /// Those of a history; the elements of its values are added to `values`.
    ///
    /// # Errors
    /// Where an argument is not a transaction.
    pub fn of(history: &History, values: &mut Values) -> Result<Transactions, CheckError> {
        let mut all = Transactions::default();
        for operation in &history.operations {
            let malformed = |problem| CheckError::Malformed {
                event: operation.invoke,
                problem,
            };
            if !all.asked.contains_key(&operation.input) {
                let steps = parse(operation.input, values).ok_or_else(|| {
                    malformed(
                        "a transaction is [[\"read\", register, null], [\"write\", register, value], ...]",
                    )
                })?;
                let step = |(is_read, register, value)| {
                    let (register, _) = all.registers.insert_full(register);
                    match is_read {
                        true => Step::Read(register as u32),
                        false => Step::Write(register as u32, value),
                    }
                };
                let steps: Vec<Step> = steps.into_iter().map(step).collect();
                all.asked.insert(operation.input, steps.into());
            }
            if operation.outcome == Outcome::Ok && !all.answers.contains_key(&operation.output) {
                let steps = parse(operation.output, values).ok_or_else(|| {
                    malformed("a transaction is answered with itself, what was read filled in")
                })?;
                let told = steps.into_iter().map(|(_, _, value)| value).collect();
                all.answers.insert(operation.output, told);
            }
        }
        Ok(all)
    }

    /// How many registers there are.
    pub fn registers(&self) -> usize {
        self.registers.len()
    }

    /// A register's name in words.
    pub fn register_name(&self, register: u32, values: &Values) -> String {
        let name = crate::proof::wording::value(values, self.registers[register as usize]);
        name.trim_matches('"').to_owned()
    }

    /// What an argument asks.
    pub fn asked(&self, input: Value) -> Option<Asked> {
        self.asked.get(&input).cloned()
    }

    /// What an answer tells the reads.
    pub fn told(&self, asked: &Asked, output: Value) -> Option<Told> {
        let values = self.answers.get(&output)?;
        let steps = asked.iter().zip(values);
        let told = steps.filter_map(|(step, value)| matches!(step, Step::Read(_)).then_some(*value));
        (values.len() == asked.len()).then(|| told.collect())
    }
}

/// The steps of a list: whether each reads, its register, and the value.
fn parse(list: Value, values: &mut Values) -> Option<Vec<(bool, Value, Value)>> {
    let steps = values.elements(list)?;
    let step = |step: Value| match values.elements(step)?.as_slice() {
        [what, register, value] => {
            let is_read = match &*values.json(*what) {
                "\"read\"" | "\"r\"" => true,
                "\"write\"" | "\"w\"" => false,
                _ => return None,
            };
            Some((is_read, *register, *value))
        }
        _ => None,
    };
    steps.into_iter().map(step).collect()
}
