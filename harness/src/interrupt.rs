//! Ctrl-C: once is "stop here, then heal, check and report", twice is "stop now".
//!
//! The second one, and SIGTERM, leave at once. Every event is in the history file already, and the kernel
//! takes the nodes, the network and the mounts with the process, so nothing has to be cleaned up.

use crate::{exit, log, terminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Whether the user has asked to stop. Cheap to clone and to ask.
#[derive(Clone, Debug)]
pub struct Interrupt {
    stop: watch::Receiver<bool>,
    ask: watch::Sender<bool>,
    is_over: Arc<AtomicBool>,
}

impl Interrupt {
    /// Starts to listen. To be called inside the runtime.
    ///
    /// # Errors
    /// When the operating system refuses the handlers.
    pub fn listen() -> std::io::Result<Interrupt> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let (ask, stop) = watch::channel(false);
        let tell = ask.clone();
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        tokio::spawn(async move {
            let mut asked_once = false;
            loop {
                let code = tokio::select! {
                    _ = interrupt.recv() => exit::INTERRUPTED,
                    _ = terminate.recv() => exit::TERMINATED,
                    _ = hang_up.recv() => exit::TERMINATED,
                };
                let is_over = over.load(Ordering::Acquire);
                match code {
                    exit::INTERRUPTED if asked_once => {
                        log::say("Stopped. The history so far is kept: harness check current");
                        leave(code);
                    }
                    exit::INTERRUPTED | exit::TERMINATED if is_over && !asked_once => {
                        log::say("Stopping the nodes.");
                    }
                    exit::INTERRUPTED => {
                        log::say(
                            "Stopping: healing, then checking what there is. Ctrl-C again stops at once.",
                        );
                    }
                    _ => leave(code),
                }
                asked_once = true;
                // The run may be over already; then there is nobody to tell.
                let _ = tell.send(true);
            }
        });
        Ok(Interrupt { stop, ask, is_over })
    }

    /// Asks to stop, as the first Ctrl-C does.
    pub fn ask(&self) {
        self.ask.send_replace(true);
    }

    /// Whether the user has asked to stop.
    pub fn is_asked(&self) -> bool {
        *self.stop.borrow()
    }

    /// Says that the run has its verdict, and nothing is left but nodes: from now on, any wish to stop ends these.
    pub fn run_is_over(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    /// Waits until the user asks to stop; for ever, if that never happens.
    pub async fn wait(&mut self) {
        if self.stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

fn leave(code: u8) -> ! {
    terminal::give_back();
    std::process::exit(code.into())
}
