//! Text with `{variables}` in it.
//!
//! A variable is a brace, a name of letters, digits and _, a brace. Any other brace is itself, so JSON can be written as it is:
//! `{"value": {value}}`. Which variables exist depends on the place; an unknown one is refused when the descriptor
//! is read.

/// The variables that a place knows.
pub trait Variable: Copy + 'static {
    /// Each with its name.
    const ALL: &'static [(&'static str, Self)];
}

/// Text and variables, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template<V>(Vec<Part<V>>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part<V> {
    Text(String),
    Variable(V),
}

/// A variable that does not exist in its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown variable {{{name}}}; there are {known}")]
pub struct UnknownVariable {
    name: String,
    known: String,
}

impl<V: Variable + PartialEq> std::fmt::Display for Template<V> {
    /// As it was written.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::Variable(variable) => {
                let name = V::ALL
                    .iter()
                    .find(|(_, known)| known == variable)
                    .map_or("", |(name, _)| name);
                write!(f, "{{{name}}}")
            }
        })
    }
}

impl<V> Template<V> {
    /// A text without variables, whatever braces it has.
    pub fn plain(text: &str) -> Template<V> {
        Template(vec![Part::Text(text.to_owned())])
    }
}

impl<V: Variable> Template<V> {
    /// Reads a template.
    ///
    /// # Errors
    /// When it names a variable that its place does not know.
    pub fn parse(text: &str) -> Result<Template<V>, UnknownVariable> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(brace) = rest.find('{') {
            let (before, from_brace) = rest.split_at(brace);
            plain.push_str(before);
            let Some(name) = variable_name(from_brace) else {
                plain.push('{');
                rest = &from_brace[1..];
                continue;
            };
            let Some((_, variable)) = V::ALL.iter().find(|(known, _)| *known == name) else {
                let known: Vec<_> = V::ALL.iter().map(|(known, _)| format!("{{{known}}}")).collect();
                return Err(UnknownVariable {
                    name: name.to_owned(),
                    known: known.join(" "),
                });
            };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Variable(*variable));
            rest = &from_brace[name.len() + 2..];
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Template(parts))
    }

    /// The text, with every variable replaced.
    pub fn fill(&self, value_of: impl Fn(V) -> String) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(variable) => value_of(*variable),
        });
        parts.collect()
    }

    /// The variables in it.
    pub fn variables(&self) -> impl Iterator<Item = V> + '_ {
        self.0.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Variable(variable) => Some(*variable),
        })
    }
}

/// The name in `{name}...`, if the text starts like that.
fn variable_name(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('{')?;
    let name = &inside[..inside.find('}')?];
    let is_part = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let is_name = name.bytes().all(is_part) && name.starts_with(|c: char| c.is_ascii_lowercase());
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Letter {
        A,
        B,
    }

    impl Variable for Letter {
        const ALL: &'static [(&'static str, Self)] = &[("a", Letter::A), ("b", Letter::B)];
    }

    fn fill(text: &str) -> String {
        Template::<Letter>::parse(text)
            .unwrap()
            .fill(|letter| format!("<{letter:?}>"))
    }

    #[test]
    fn variables_are_replaced_and_other_braces_stay() {
        assert_eq!(fill("x{a}y{b}{a}"), "x<A>y<B><A>");
        assert_eq!(
            fill(r#"{"value": {a}, "o": {"p": [{b}]}}"#),
            r#"{"value": <A>, "o": {"p": [<B>]}}"#
        );
        assert_eq!(fill("{}{ a }{A}{"), "{}{ a }{A}{");
        assert_eq!(fill("{{a}}{1}"), "{<A>}{1}");
        assert_eq!(fill(""), "");
    }

    #[test]
    fn an_unknown_variable_is_refused_with_the_known_ones() {
        let refused = Template::<Letter>::parse("{a}{peer}").unwrap_err();
        assert_eq!(refused.to_string(), "unknown variable {peer}; there are {a} {b}");
    }
}
