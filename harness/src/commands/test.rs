//! `harness test`: goes into the sandbox, or does without, runs, and tells the verdict. Read next: `series`, for
//! several runs; `crate::run` for what a run is.

mod series;

use super::{conclude, fail, refuse, replay, words};
use crate::ci;
use crate::cli::{Format, ProgressKind, Seed, TestOptions, UnknownIs};
use crate::events::Events;
use crate::interrupt::Interrupt;
use crate::network::{self, Decision, NetworkChoice};
use crate::run::{self, Broken, Doors, judgement};
use crate::{browser, exit, log, redaction, terminal, tie};
use anyhow::{Context, Result, anyhow};
use cluster::{Backend, Side};
use results::{Results, Store};
use std::path::Path;
use std::process::ExitCode;

/// What a command comes to: an exit code, and whether this is the process that tells it.
struct Ended {
    code: u8,
    /// Inside the sandbox nothing is done after the run: the outside does it.
    is_outermost: bool,
}

impl Ended {
    fn with(code: u8) -> Ended {
        Ended {
            code,
            is_outermost: true,
        }
    }
}

pub fn test(options: &TestOptions) -> ExitCode {
    match options.die_with.map(tie::tie_to) {
        None | Some(Ok(true)) => {}
        Some(Ok(false)) => return ExitCode::from(exit::TERMINATED),
        Some(Err(error)) => return fail(&error),
    }
    let mut options = options.clone();
    if options.seed == Some(Seed::Last) {
        match seed_of_newest(&options.store) {
            Ok(seed) => options.seed = Some(Seed::Number(seed)),
            Err(error) => return refuse(words(&error)),
        }
    }
    match run::fitted(&options) {
        Ok(fitted) => options = fitted,
        Err(error) => return refuse(words(&error)),
    }
    // What is wrong with the arguments is said before anything is started.
    let copies = ci::refuse("junit", options.junit.as_deref())
        .and_then(|()| ci::refuse("markdown", options.markdown.as_deref()));
    if let Err(error) = run::refuse(&options).and(copies) {
        return refuse(words(&error));
    }
    if options.is_series() {
        if options.leave_db_running {
            return refuse(
                "--leave-db-running is for a single run: in a series the nodes of one run are gone when the next begins. Have one \
                 run, with its --seed, and leave out --test-count and --until-invalid",
            );
        }
        return match series::series(&options) {
            Ok(code) => ExitCode::from(told(&options, code)),
            Err(error) => fail(&error),
        };
    }
    // The seed is drawn before the sandbox, so that the outside can find the run.
    let seed = options.seed_number().unwrap_or_else(run::draw_seed);
    options.seed = Some(Seed::Number(seed));
    let ended = once(&options);
    match ended.is_outermost {
        true => ExitCode::from(told(&options, ended.code)),
        false => ExitCode::from(ended.code),
    }
}

/// The seed of the newest run of a store.
fn seed_of_newest(store: &Path) -> Result<u64> {
    let run = Store::at(store).find("latest").context("--seed last")?;
    let shown = run.path().display().to_string();
    let info = run
        .info()
        .with_context(|| format!("--seed last: there is no options.json that can be read in {shown}"))?;
    Ok(info.seed)
}

/// The exit code that a script gets for the runs' own; shows the report of a violation to whoever wants it.
fn told(options: &TestOptions, code: u8) -> u8 {
    // One of several is judged by whoever started it.
    if options.one_of.is_some() {
        return code;
    }
    if options.open && code == exit::INVALID {
        let store = Store::at(&options.store);
        // It was written a moment ago; if somebody has taken it away, there is nothing to open.
        if let Ok(run) = store.find("latest:invalid") {
            browser::open(run.file("report.html").as_os_str());
        }
    }
    if options.confirm > 0 && code == exit::INVALID {
        replay::confirm(options);
    }
    exit::as_asked(code, options.expect_invalid, options.unknown == UnknownIs::Pass)
}

fn once(options: &TestOptions) -> Ended {
    let choice = match options.maelstrom {
        Some(_) => NetworkChoice::Messages,
        None => options.network,
    };
    let decision = match network::decide(choice) {
        Ok(decision) => decision,
        Err(error) => return failed(&error),
    };
    let options = &options.on(decision.backend);
    // What it cannot do is said before anything is started, too.
    if let Err(error) = run::refuse_on(options, decision.backend) {
        eprintln!("error: {}", words(&error));
        if decision.because.is_some() {
            eprintln!("{decision}");
        }
        return Ended::with(exit::BAD_ARGUMENTS);
    }
    // So is what this machine cannot. No other way of connecting nodes has disks and clocks in the first place.
    if decision.backend == Backend::Switch
        && let Err(error) = run::refuse_here(options)
    {
        let events = Events::begin(options.format);
        return Ended::with(broken_run(options, &Broken::from(error), &events));
    }
    // From inside the sandbox nothing can listen out here any more.
    let doors = match run::doors(options) {
        Ok(doors) => doors,
        Err(error) => return failed(&error),
    };
    match decision.backend {
        Backend::Switch => in_the_sandbox(options, doors),
        Backend::Proxy | Backend::Messages => without_a_sandbox(options, &decision),
    }
}

fn failed(error: &anyhow::Error) -> Ended {
    fail(error);
    Ended::with(exit::ERROR)
}

fn in_the_sandbox(options: &TestOptions, doors: Option<Doors>) -> Ended {
    terminal::remember();
    let entered = cluster::sandbox::enter();
    if let Ok(Side::Outside { .. }) = entered {
        terminal::give_back();
    }
    match entered {
        Ok(Side::Inside) => Ended {
            code: inside(options, doors),
            is_outermost: false,
        },
        Ok(Side::Outside { exit_code }) => Ended::with(outside(exit_code)),
        Err(error) => failed(&anyhow!(error).context(
            "start the test; `harness doctor` says what this machine can do, and --network proxy does without",
        )),
    }
}

fn without_a_sandbox(options: &TestOptions, decision: &Decision) -> Ended {
    if options.progress != ProgressKind::None || decision.because.is_some() {
        eprintln!("{decision}");
    }
    terminal::remember();
    match cluster::warden::post() {
        Ok(()) => {
            let code = inside(options, None);
            terminal::give_back();
            Ended::with(code)
        }
        Err(error) => failed(&anyhow!(error)),
    }
}

/// The process that the user started: all it has to do is to leave as the inside did.
fn outside(exit_code: i32) -> u8 {
    if exit_code > 128
        && exit_code != i32::from(exit::INTERRUPTED)
        && exit_code != i32::from(exit::TERMINATED)
        && exit_code < 254
    {
        eprintln!(
            "error: the run was killed (signal {}); the history so far is kept: harness check current",
            exit_code - 128
        );
        return exit::ERROR;
    }
    u8::try_from(exit_code).unwrap_or(exit::ERROR)
}

fn inside(options: &TestOptions, doors: Option<Doors>) -> u8 {
    redaction::ask(options.page.redact.as_deref());
    log::install(options.logging_json, options.verbose);
    let events = Events::begin(options.format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the runtime");
    let code = runtime.and_then(|runtime| {
        runtime.block_on(async {
            let interrupt = Interrupt::listen().context("listen for signals")?;
            Ok(match run::run(options, interrupt.clone(), &events).await {
                Ok(finished) => {
                    let judgement = &finished.judgement;
                    let code = end(
                        &judgement.results,
                        judgement.directory.as_deref(),
                        options,
                        &events,
                    );
                    if let Some(left) = finished.left
                        && let Err(error) = left.stay(doors, interrupt).await
                    {
                        // The verdict was told, and stands.
                        fail(&error);
                    }
                    code
                }
                Err(broken) => broken_run(options, &broken, &events),
            })
        })
    });
    code.unwrap_or_else(|error| broken_run(options, &Broken::from(error), &events))
}

/// Tells everybody the verdict.
fn end(results: &Results, directory: Option<&str>, options: &TestOptions, events: &Events) -> u8 {
    events.finish(results, directory);
    // A run of a scorecard is a measurement, and a replay one of a violation that was told already: what they find is
    // no news about the commit. What the runs of a series find is told together by whoever started them.
    if options.die_with.is_none() {
        let (junit, summary) = (options.junit.as_deref(), options.markdown.as_deref());
        ci::tell(&[(results, directory)], junit, summary);
    }
    conclude(results, directory, options.format)
}

/// A run without a verdict: what happened, and where what there is was kept.
fn broken_run(options: &TestOptions, broken: &Broken, events: &Events) -> u8 {
    let Some((info, directory)) = &broken.kept else {
        // Whoever reads documents gets one all the same.
        if options.format != Format::Human {
            let sentence = format!("Failed to {}.", words(&broken.error));
            let results = Results::error(None, &history::History::default(), sentence, Vec::new());
            return end(&results, None, options, events);
        }
        return failed(&broken.error).code;
    };
    let history = history::read_file(&directory.file("history.jsonl")).unwrap_or_default();
    let text = words(&broken.error);
    let mut lines = text.lines();
    let first = lines.next().unwrap_or("unknown reason");
    let sentence = format!("Failed to {first}.");
    let mut detail: Vec<String> = lines.map(str::to_owned).collect();
    let operations = history.operations.len();
    detail.push(match operations {
        0 => "No operation was run.".to_owned(),
        _ => format!("{operations} operations were recorded: harness check {}", info.id),
    });
    let results = Results::error(Some(info), &history, sentence, detail);
    // The disk may be what is broken: then the words on the screen have to do.
    let kept = directory
        .write_json("results.json", &results)
        .and_then(|()| Store::at(&options.store).note(directory, info, &results));
    if let Err(error) = kept
        .map_err(anyhow::Error::from)
        .and_then(|()| ci::keep(&results, directory))
        .and_then(|()| judgement::write_page_without_verdict(&results, &history, directory))
    {
        tracing::warn!("the results are not kept: {error:#}");
    }
    end(
        &results,
        Some(&directory.path().display().to_string()),
        options,
        events,
    )
}
