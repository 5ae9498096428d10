//! Text in pieces: plain words, and words that stand out (a value in its colour, the letter of an operation).
//! Whatever stands out, the text as a whole stays the same to the letter.

use crate::document::{CoreRow, Results, ViolationRow};
use crate::text::visible;

/// A piece of a text; without a class it is plain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The words, harmless.
    pub text: String,
    /// How they are drawn.
    pub class: String,
}

/// Pieces being put together.
#[derive(Default)]
struct Pieces {
    done: Vec<Piece>,
    plain: String,
}

impl Pieces {
    fn stand_out(&mut self, text: &str, class: String) {
        self.end_plain();
        self.done.push(Piece {
            text: text.to_owned(),
            class,
        });
    }

    fn end_plain(&mut self) {
        if !self.plain.is_empty() {
            self.done.push(Piece {
                text: std::mem::take(&mut self.plain),
                class: String::new(),
            });
        }
    }

    fn end(mut self) -> Vec<Piece> {
        self.end_plain();
        self.done
    }
}

/// A whole text as one plain piece.
pub fn plain(text: String) -> Vec<Piece> {
    vec![Piece {
        text,
        class: String::new(),
    }]
}

/// The verdict's sentence, with the core's values as chips.
pub fn heading(results: &Results) -> Vec<Piece> {
    let sentence = visible(&results.reason.sentence, 400);
    let values = results.violations.first().map(value_words).unwrap_or_default();
    // The object's own name may look like a value: chips begin after the first verb.
    let from = sentence.find(" was ").map_or(0, |at| at + 5);
    let mut pieces = Pieces {
        plain: sentence[..from].to_owned(),
        ..Pieces::default()
    };
    words_in(&mut pieces, &sentence[from..], &values, "chip ", |_, _, _| true);
    pieces.end()
}

/// A line of a log, with some words underlined: those that are marks where they stand, by the text, the place and the class.
pub fn marked(
    line: &str,
    words: &[(String, String)],
    is_mark: impl Fn(&str, usize, &str) -> bool,
) -> Vec<Piece> {
    let mut pieces = Pieces::default();
    words_in(&mut pieces, line, words, "found ", is_mark);
    pieces.end()
}

/// The core's values as they are written, each with the class of its colour.
pub fn value_words(row: &ViolationRow) -> Vec<(String, String)> {
    let texts = core_values(row)
        .into_iter()
        .map(|value| visible(&value.to_string(), 40));
    texts
        .enumerate()
        .map(|(place, text)| (text, value_class(place)))
        .collect()
}

/// The core's values, first to last: blue, orange, ...
pub fn core_values(row: &ViolationRow) -> Vec<&serde_json::Value> {
    let mut values = Vec::new();
    for member in &row.core {
        let value = value_of(member);
        if !value.is_null() && !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

/// The value that an operation is about: its answer, or what it asked for.
pub fn value_of(member: &CoreRow) -> &serde_json::Value {
    match member.kind.as_str() {
        "ok" => &member.output,
        _ => &member.input,
    }
}

/// The class of the value at a place in [`core_values`].
pub fn value_class(place: usize) -> String {
    format!("value-{}", place.min(4))
}

/// The class of an operation's value.
pub fn class_of(row: &ViolationRow, member: &CoreRow) -> String {
    let place = core_values(row)
        .iter()
        .position(|known| *known == value_of(member));
    place.map_or("value-none".to_owned(), value_class)
}

/// A sentence with the core's letters as chips.
pub fn lettered(sentence: &str, row: &ViolationRow) -> Vec<Piece> {
    let mut pieces = Pieces::default();
    let sentence = visible(sentence, 300);
    let mut words = sentence.split(' ').peekable();
    while let Some(word) = words.next() {
        let letter = word.trim_end_matches([',', ':', '.']);
        let member = row.core.iter().find(|member| member.label == letter);
        // "A decree is decided once" is not about the operation A.
        let is_article = words
            .peek()
            .is_some_and(|next| matches!(*next, "decree" | "decision"));
        match member.filter(|_| !is_article) {
            Some(member) => {
                pieces.stand_out(letter, format!("letter-chip {}", class_of(row, member)));
                pieces.plain.push_str(&word[letter.len()..]);
            }
            None => pieces.plain.push_str(word),
        }
        if words.peek().is_some() {
            pieces.plain.push(' ');
        }
    }
    pieces.end()
}

/// Whether a character goes on with a word or number. A dot does: the 17 of ballot 17.n1 is not a 17.
fn is_inside(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Every place where a word begins in a text, as a word of its own.
pub fn find_words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let stands_alone = move |at: &usize| {
        let before = text[..*at].chars().next_back();
        let mut after = text[at + word.len()..].chars();
        let next = after.next();
        let goes_on = match next {
            Some('.') => after.next().is_some_and(is_inside),
            next => next.is_some_and(is_inside),
        };
        !goes_on && !before.is_some_and(|c| is_inside(c) || c == '.')
    };
    let places = text.match_indices(word).filter(|(_, found)| !found.is_empty());
    places.map(|(at, _)| at).filter(stands_alone)
}

/// Whether what stands at a place of a text is called something there: `decree=1`, `"decree": 1`, `decree 1`, `/decrees/1`.
pub fn is_called(text: &str, at: usize, noun: &str) -> bool {
    const BETWEEN: [char; 9] = ['=', ':', ' ', '"', '\'', '#', '(', '[', '/'];
    let before = text[..at].trim_end_matches(BETWEEN);
    let name = before
        .strip_suffix('s')
        .filter(|it| it.ends_with(noun))
        .unwrap_or(before);
    let rest = name.strip_suffix(noun).filter(|_| before.len() < at);
    rest.is_some_and(|rest| !rest.chars().next_back().is_some_and(is_inside))
}

fn words_in(
    pieces: &mut Pieces,
    text: &str,
    words: &[(String, String)],
    prefix: &str,
    is_mark: impl Fn(&str, usize, &str) -> bool,
) {
    let mut rest = text;
    loop {
        let first = words
            .iter()
            .filter_map(|(word, class)| {
                let mut places = find_words(rest, word);
                Some((places.find(|at| is_mark(rest, *at, class))?, word, class))
            })
            .min_by_key(|(at, ..)| *at);
        let Some((at, word, class)) = first else { break };
        pieces.plain.push_str(&rest[..at]);
        pieces.stand_out(word, format!("{prefix}{class}"));
        rest = &rest[at + word.len()..];
    }
    pieces.plain.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_as_a_word_only() {
        assert!(
            find_words("accepted decree=147 ballot=1.n1", "147")
                .next()
                .is_some()
        );
        assert!(
            find_words("accepted decree=1478 ballot=1.n1", "147")
                .next()
                .is_none()
        );
        assert!(
            find_words("accepted decree=3 ballot=147.n1", "147")
                .next()
                .is_none()
        );
        assert!(find_words("first as 17, then as 42.", "42").next().is_some());
    }

    #[test]
    fn what_is_called_by_its_noun_is_no_value_and_no_other_number() {
        for line in [
            "decree=1",
            "x decree 1",
            "{\"decree\": 1}",
            "GET /decrees/1 HTTP/1.1",
            "(decree #1)",
        ] {
            assert!(
                is_called(line, find_words(line, "1").next().unwrap(), "decree"),
                "{line}"
            );
        }
        for line in [
            "start 1",
            "value=1",
            "subdecree=1",
            "1 decree",
            "decree=2 value=1",
            "decreed 1",
        ] {
            assert!(
                !is_called(line, find_words(line, "1").next().unwrap(), "decree"),
                "{line}"
            );
        }
    }

    #[test]
    fn the_text_stays_the_same_to_the_letter() {
        let line = "accepted value=42 again 42 ballot=42.n1";
        let pieces = marked(line, &[("42".into(), "value-1".into())], |_, _, _| true);
        let whole: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(whole, line);
        assert_eq!(pieces.iter().filter(|piece| !piece.class.is_empty()).count(), 2);
    }
}
