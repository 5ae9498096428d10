//! `harness init` on a terminal: asks for what no flag says. An answer that cannot be is asked for again, a few times.

use crate::cli::{InitOptions, Language, parse_workload};
use crate::{suggest, workload};
use anyhow::{Result, bail};
use clap::ValueEnum;
use std::io::{BufRead, Read, Write};

/// How often a question is asked.
const TRIES_MAX: usize = 5;
/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 4096;

/// The options, completed with what somebody answers.
///
/// # Errors
/// When there is no answer, or none that can be.
pub fn completed(
    options: &InitOptions,
    answers: &mut impl BufRead,
    screen: &mut impl Write,
) -> Result<InitOptions> {
    let mut options = options.clone();
    let languages: Vec<String> = Language::value_variants()
        .iter()
        .filter_map(|language| Some(language.to_possible_value()?.get_name().to_owned()))
        .collect();
    let known: Vec<&str> = languages.iter().map(String::as_str).collect();
    let question = format!(
        "In which language is the client program to be? Or do your nodes speak http or resp, and need none? {}",
        known.join(", ")
    );
    options.lang = Some(ask(&question, "python", answers, screen, |answer| {
        Language::from_str(answer, true).map_err(|_| suggest::unknown("language", answer, &known))
    })?);
    let question = "How is a node of your system started? {ip} and {data} are its address and its folder,\n  {node} is its \
                    name, {first} the address of the first node";
    let start = ask(question, EXAMPLE, answers, screen, |answer| Ok(answer.to_owned()))?;
    if start == EXAMPLE {
        return Ok(options);
    }
    options.start = Some(start);
    let is_resp = options.lang == Some(Language::Resp);
    let (question, usual) = match is_resp {
        true => ("What answers a PING when a node is ready?", "resp://{ip}:6379"),
        false => (
            "What answers with 2xx when a node is ready?",
            "http://{ip}:8000/health",
        ),
    };
    let ready = ask(question, usual, answers, screen, |answer| {
        let is_url = answer.starts_with("http://") || (is_resp && answer.starts_with("resp://"));
        match (is_url, is_resp) {
            (true, _) => Ok(answer.to_owned()),
            (false, true) => Err("it begins with resp:// or http://".to_owned()),
            (false, false) => Err("it begins with http://".to_owned()),
        }
    })?;
    options.ready = Some(ready);
    let known = workload::ALL.map(|kind| kind.name);
    let question = format!("What do clients do? {}", known.join(", "));
    let chosen = ask(&question, "register", answers, screen, parse_workload)?;
    options.clients_do = Some(chosen);
    Ok(options)
}

/// What stands for no command of one's own.
const EXAMPLE: &str = "the example server";

/// Asks until the answer can be understood; an empty one is `usual`.
fn ask<T>(
    question: &str,
    usual: &str,
    answers: &mut impl BufRead,
    screen: &mut impl Write,
    understood: impl Fn(&str) -> Result<T, String>,
) -> Result<T> {
    for _ in 0..TRIES_MAX {
        write!(screen, "{question} [{usual}] ")?;
        screen.flush()?;
        let mut answer = String::new();
        if answers.by_ref().take(ANSWER_BYTES_MAX).read_line(&mut answer)? == 0 {
            writeln!(screen)?;
            break;
        }
        let answer = match answer.trim() {
            "" => usual,
            answer => answer,
        };
        match understood(answer) {
            Ok(answer) => return Ok(answer),
            Err(why) => writeln!(screen, "  {}", results::text::visible(&why, 400))?,
        }
    }
    bail!("be told what to write; `harness init --help` lists the flags that say it without questions")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn told(answers: &str) -> (Result<InitOptions>, String) {
        let cli = crate::cli::Cli::try_parse_from(["harness", "init"]).unwrap();
        let crate::cli::Command::Init(options) = cli.command else {
            panic!("it is init");
        };
        let mut screen = Vec::new();
        let completed = completed(&options, &mut answers.as_bytes(), &mut screen);
        (completed, String::from_utf8(screen).unwrap())
    }

    #[test]
    fn nothing_but_return_is_the_example_in_python() {
        let (options, screen) = told("\n\n");
        let options = options.unwrap();
        assert_eq!((options.lang, options.start), (Some(Language::Python), None));
        assert!(
            screen.contains("python, go, shell, rust, java, http, resp [python]"),
            "{screen}"
        );
    }

    #[test]
    fn an_answer_that_cannot_be_is_asked_for_again() {
        let (options, screen) = told("pyton\ngo\nmydb {ip}\nlocalhost\nhttp://{ip}:7/up\nquue\nqueue\n");
        let options = options.unwrap();
        assert_eq!(options.lang, Some(Language::Go));
        assert_eq!(options.start.as_deref(), Some("mydb {ip}"));
        assert_eq!(options.ready.as_deref(), Some("http://{ip}:7/up"));
        assert_eq!(options.clients_do.as_deref(), Some("queue"));
        for words in [
            "did you mean `python`?",
            "it begins with http://",
            "did you mean `queue`?",
        ] {
            assert!(screen.contains(words), "{screen}");
        }
    }

    #[test]
    fn who_does_not_answer_or_never_rightly_is_refused() {
        for answers in ["", "python\n", &"perl\n".repeat(9)] {
            let why = told(answers).0.unwrap_err().to_string();
            assert!(why.contains("harness init --help"), "{why}");
        }
    }
}
