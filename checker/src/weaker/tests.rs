//! Weaker promises: what they are is in `definition`, and what is said of random histories is compared with that in `random`,
//! of histories of some hundred calls in `long`. Known ones are in `known`.

mod definition;
mod drawn;
mod known;
mod long;
mod random;
