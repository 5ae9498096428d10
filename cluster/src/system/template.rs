//! Text with `{variables}` in it.
//!
//! A variable is a brace, a name of letters, digits and _, a brace. Any other brace is itself, so JSON can be written as it is:
//! `{"value": {value}}`. Which variables exist depends on the place; an unknown one is refused when the descriptor
//! is read. `{base64(some/{variable})}` is what is between the round brackets, variables and all, in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

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
    /// Another template, whose text is written in base64.
    Base64(Template<V>),
}

/// How the base64 of a text begins, and how it ends.
const BASE64_MARKS: [&str; 2] = ["{base64(", ")}"];

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
            Part::Base64(inner) => write!(f, "{}{inner}{}", BASE64_MARKS[0], BASE64_MARKS[1]),
        })
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
            if let Some((inner, after)) = base64_of(from_brace) {
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(Part::Base64(Template::parse(inner)?));
                rest = after;
                continue;
            }
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

    /// Reads a word of a command line.
    ///
    /// # Errors
    /// The same, or when the word has a zero byte in it.
    pub fn parse_word(word: &str) -> Result<Template<V>, String> {
        if word.contains('\0') {
            return Err("a zero byte cannot be passed to a program".to_owned());
        }
        Template::parse(word).map_err(|unknown| unknown.to_string())
    }

    /// A text as it is, braces or not.
    pub fn literal(text: &str) -> Template<V> {
        Template(vec![Part::Text(text.to_owned())])
    }

    /// The text, with every variable replaced.
    pub fn fill(&self, value_of: impl Fn(V) -> String) -> String {
        self.fill_as(&value_of, &value_of, &|base64| base64)
    }

    /// The same where a variable is written in one way in the text (`value_of`), in another within base64 (`plain`), and
    /// what is in base64 is `encoded` for the place.
    pub fn fill_as(
        &self,
        value_of: &impl Fn(V) -> String,
        plain: &impl Fn(V) -> String,
        encoded: &impl Fn(String) -> String,
    ) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(variable) => value_of(*variable),
            Part::Base64(inner) => encoded(BASE64.encode(inner.plain(plain))),
        });
        parts.collect()
    }

    /// What is within base64: texts and variables. Base64 in base64 cannot be there: the first end ends it.
    fn plain(&self, plain: &impl Fn(V) -> String) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(variable) => plain(*variable),
            Part::Base64(_) => String::new(),
        });
        parts.collect()
    }

    /// The variables in it.
    pub fn variables(&self) -> impl Iterator<Item = V> + '_ {
        self.0.iter().flat_map(|part| match part {
            Part::Text(_) => Vec::new(),
            Part::Variable(variable) => vec![*variable],
            Part::Base64(inner) => inner.own_variables(),
        })
    }

    fn own_variables(&self) -> Vec<V> {
        let variable = |part: &Part<V>| match part {
            Part::Variable(variable) => Some(*variable),
            Part::Text(_) | Part::Base64(_) => None,
        };
        self.0.iter().filter_map(variable).collect()
    }
}

/// What is to be written in base64 and what comes after it, if the text starts like that.
fn base64_of(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(BASE64_MARKS[0])?.split_once(BASE64_MARKS[1])
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
    fn what_is_put_together_can_be_written_in_base64() {
        // base64("s/<A>/") by `printf 's/<A>/' | base64`.
        assert_eq!(fill("{a}:{base64(s/{a}/)}."), "<A>:cy88QT4v.");
        assert_eq!(fill("{base64()}{base64(x)"), "{base64(x)");
        let template = Template::<Letter>::parse("{base64({a}-{b})}{b}").unwrap();
        assert_eq!(template.to_string(), "{base64({a}-{b})}{b}");
        assert_eq!(
            template.variables().collect::<Vec<_>>(),
            [Letter::A, Letter::B, Letter::B]
        );
        let filled = template.fill_as(&|_| "q".to_owned(), &|_| "p".to_owned(), &|it| format!("[{it}]"));
        assert_eq!(filled, "[cC1w]q");
        assert!(Template::<Letter>::parse("{base64({peer})}").is_err());
    }

    #[test]
    fn an_unknown_variable_is_refused_with_the_known_ones() {
        let refused = Template::<Letter>::parse("{a}{peer}").unwrap_err();
        assert_eq!(refused.to_string(), "unknown variable {peer}; there are {a} {b}");
    }
}
