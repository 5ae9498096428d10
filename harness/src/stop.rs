//! Ctrl-C and other wishes to stop, for commands that start processes: the first is told to whoever listens, the
//! second leaves at once. Either way the processes end with this one.

use crate::exit;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Whether somebody asked to stop, and the exit code that goes with it.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<Option<u8>>);

impl Stop {
    /// Starts to listen. To be called inside the runtime.
    ///
    /// # Errors
    /// When the operating system refuses the handlers.
    pub fn listen() -> std::io::Result<Stop> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let (tell, stop) = watch::channel(None);
        tokio::spawn(async move {
            loop {
                let code = next(&mut interrupt, &mut terminate, &mut hang_up).await;
                if tell.borrow().is_some() {
                    std::process::exit(code.into());
                }
                tell.send_replace(Some(code));
            }
        });
        Ok(Stop(stop))
    }

    /// The exit code, when somebody has asked to stop.
    pub fn asked(&self) -> Option<u8> {
        *self.0.borrow()
    }

    /// Waits until somebody asks to stop; for ever, if that never happens.
    pub async fn wait(&mut self) {
        if self.0.wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal, hang_up: &mut Signal) -> u8 {
    tokio::select! {
        _ = interrupt.recv() => exit::INTERRUPTED,
        _ = terminate.recv() => exit::TERMINATED,
        _ = hang_up.recv() => exit::TERMINATED,
    }
}
