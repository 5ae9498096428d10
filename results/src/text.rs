//! Texts for people: numbers, times, faults, and what came from a system under test, made harmless.

pub mod fault;

pub use fault::fault;

use checker::Model;
use history::History;

/// Characters that are not seen, or that change how others are seen; XML allows none of those that are no
/// characters at all.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

/// A text of a system under test, at most `chars_max` characters of it, on one line, with everything that
/// would not be seen shown as an escape. Escaping for HTML comes on top.
pub fn visible(text: &str, chars_max: usize) -> String {
    let mut shown = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == chars_max {
            shown.push('…');
            break;
        }
        match is_hidden(c) {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
    }
    shown
}

/// The characters of a line.
const CHARS_MAX: usize = 400;

/// A sentence, whatever is in it: on one line, harmless, of bounded length. Twice is as good as once, so whoever
/// tells it again tells the same to the byte.
pub fn line(text: &str) -> String {
    // Escapes are longer than what they stand for: it is what is shown that is bounded.
    visible(&visible(text, CHARS_MAX), CHARS_MAX)
}

/// A number with separators for thousands: `21,372`.
pub fn count<N: TryInto<u64>>(number: N) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A number and what it counts: `1 kill`, `9 partitions`.
pub fn counted(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{} {one}s", count(number)),
    }
}

/// How much memory: `12 KiB`, `512 MiB`, `2.0 GiB`.
pub fn binary(bytes: usize) -> String {
    match bytes {
        0 => "0".to_owned(),
        1..1024 => format!("{bytes} B"),
        1024..0x10_0000 => format!("{} KiB", bytes >> 10),
        0x10_0000..0x4000_0000 => format!("{} MiB", bytes >> 20),
        _ => format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30)),
    }
}

/// A number of times: `never`, `once`, `5 times`.
pub fn times(number: usize) -> String {
    match number {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        _ => format!("{} times", count(number)),
    }
}

/// A place in a row: `1st`, `2nd`, `3rd`, `11th`.
pub fn ordinal(number: usize) -> String {
    let suffix = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{}{suffix}", count(number))
}

/// The object that a history says it is about, where it does.
pub fn model(history: &History) -> Option<Model> {
    Model::from_name(&history.header.as_ref()?.model)
}

/// What one object of a history is called: `decree`, `register`.
pub fn noun(history: &History) -> &'static str {
    model(history).map_or("object", Model::noun)
}

/// What an answer of null means in a history: `undecided`, `empty`.
pub fn nothing(history: &History) -> &'static str {
    model(history).map_or("null", Model::nothing)
}

/// Words as the beginning of a sentence: `no read` is `No read`.
pub fn capitalized(words: &str) -> String {
    let mut chars = words.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// A command as it is typed in a shell, words with anything unusual in them quoted.
pub fn command(words: &[String]) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    let quoted = |word: &String| match !word.is_empty() && word.chars().all(is_plain) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// A moment on the run's clock: `31.406 s`.
pub fn moment(time_ns: u64) -> String {
    format!("{:.3} s", time_ns as f64 / 1e9)
}

/// A stretch of time: `386 ms`, `0.21 ms`, `2.09 s`.
pub fn stretch(time_ns: u64) -> String {
    match time_ns {
        0..1_000_000 => format!("{:.2} ms", time_ns as f64 / 1e6),
        1_000_000..1_000_000_000 => format!("{:.0} ms", time_ns as f64 / 1e6),
        _ => format!("{:.2} s", time_ns as f64 / 1e9),
    }
}

/// How long something took, from seconds: `7 ms`, `1.32 s`; `<1 ms` where it was hardly any time.
pub fn took(seconds: f64) -> String {
    match seconds {
        it if it < 0.001 => "<1 ms".to_owned(),
        it if it < 1.0 => format!("{:.0} ms", it * 1e3),
        it => format!("{it:.2} s"),
    }
}

/// Nanoseconds as seconds.
pub fn seconds(time_ns: u64) -> f64 {
    time_ns as f64 / 1e9
}

/// Words of a sentence in a row: `A, B and C`.
pub fn listed<T: AsRef<str>>(words: &[T], last: &str) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

/// The names of a list: `n1 n2 n3`.
pub fn names<T: AsRef<str>>(names: &[T]) -> String {
    names
        .iter()
        .map(|name| visible(name.as_ref(), 40))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_separators() {
        assert_eq!(
            [0, 999, 1000, 21_372, 1_000_000].map(count::<u64>),
            ["0", "999", "1,000", "21,372", "1,000,000"]
        );
    }

    #[test]
    fn a_row_of_words_reads_as_one() {
        assert_eq!(listed::<&str>(&[], "and"), "");
        assert_eq!(listed(&["A"], "and"), "A");
        assert_eq!(listed(&["A", "B", "C"], "or"), "A, B or C");
    }

    #[test]
    fn places_in_a_row_have_their_endings() {
        let told = [1, 2, 3, 4, 11, 13, 22, 1_003].map(ordinal);
        assert_eq!(
            told,
            ["1st", "2nd", "3rd", "4th", "11th", "13th", "22nd", "1,003rd"]
        );
    }

    #[test]
    fn hardly_any_time_is_not_none() {
        assert_eq!(
            [0.0, 0.0071, 0.9, 1.318].map(took),
            ["<1 ms", "7 ms", "900 ms", "1.32 s"]
        );
    }

    #[test]
    fn a_command_can_be_pasted() {
        let words = ["test", "--store", "my runs", "--name", "it's", ""].map(str::to_owned);
        assert_eq!(command(&words), r"test --store 'my runs' --name 'it'\''s' ''");
    }

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(
            visible("a\u{1b}[31m\u{202e}b\n\0", 100),
            "a\\u{1b}[31m\\u{202e}b\\u{a}\\u{0}"
        );
        assert_eq!(visible("abcdef", 3), "abc…");
        assert_eq!(visible("\u{ffff}\u{e0041}", 9), "\\u{ffff}\\u{e0041}");
    }

    #[test]
    fn a_line_of_a_line_is_the_same_line() {
        let long = format!("\u{202e}{}", "x".repeat(500));
        assert_eq!(line(&line(&long)), line(&long));
    }
}
