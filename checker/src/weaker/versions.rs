//! By how many updates reads were old: the fewest states that have to be remembered for every read to be told what one of
//! them gives.

use super::Bound;
use crate::search::frontier;
use crate::{Budget, CallOf, Judgement, Object};
use std::collections::VecDeque;

/// More states than these are not looked for.
pub const VERSIONS_MAX: u32 = 8;

/// The fewest states, which are known to be no fewer than `least`; that becomes the number below which nothing will do. 1 when
/// the calls are linearizable. An update takes effect on the latest, always. More than [`VERSIONS_MAX`] are not
/// known; that no number will do is not found out here.
pub fn versions<O: Object>(object: &O, calls: &[CallOf<O>], least: &mut u32, budget: &Budget) -> Bound<u32> {
    for most in *least..=VERSIONS_MAX {
        let remembering = Remembering { object, most };
        let same: Vec<CallOf<Remembering<'_, O>>> = calls
            .iter()
            .map(|call| CallOf::<Remembering<'_, O>> {
                input: call.input.clone(),
                output: call.output.clone(),
                ..*call
            })
            .collect();
        match frontier::search(&remembering, &same, budget) {
            Judgement::Legal { .. } => return Bound::AtMost(most),
            Judgement::Illegal { .. } => *least = most + 1,
            Judgement::Unknown(_) => return Bound::Unknown,
        }
    }
    Bound::Unknown
}

/// The object, and its last states; reads are told what any of them gives.
struct Remembering<'a, O: Object> {
    object: &'a O,
    most: u32,
}

impl<O: Object> Object for Remembering<'_, O> {
    type Input = O::Input;
    type Output = O::Output;
    /// The latest state last.
    type State = VecDeque<O::State>;

    fn initial(&self) -> Self::State {
        VecDeque::from([self.object.initial()])
    }

    fn step(
        &self,
        states: &Self::State,
        input: &O::Input,
        output: Option<&O::Output>,
    ) -> Option<Self::State> {
        if self.object.is_pure(input, output) {
            let mut fits = states
                .iter()
                .filter(|state| self.object.step(state, input, output).is_some());
            return fits.next().map(|_| states.clone());
        }
        let latest = states.back()?;
        let mut next = states.clone();
        next.push_back(self.object.step(latest, input, output)?);
        if next.len() > self.most as usize {
            next.pop_front();
        }
        Some(next)
    }

    fn is_pure(&self, input: &O::Input, output: Option<&O::Output>) -> bool {
        self.object.is_pure(input, output)
    }

    fn state_bytes(&self, states: &Self::State) -> usize {
        size_of::<Self::State>()
            + states
                .iter()
                .map(|state| self.object.state_bytes(state))
                .sum::<usize>()
    }
}
