//! Ctrl-C: once is "stop here, then heal, check and report", twice is "stop now".
//!
//! The second one, and SIGTERM, leave at once. Every event is in the history file already, and the kernel
//! takes the nodes, the network and the mounts with the process, so nothing has to be cleaned up.

use crate::exit;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Whether the user has asked to stop. Cheap to clone and to ask.
#[derive(Clone, Debug)]
pub struct Interrupt {
    stop: watch::Receiver<bool>,
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
        let (tell, stop) = watch::channel(false);
        tokio::spawn(async move {
            let mut asked_once = false;
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {
                        if asked_once {
                            eprintln!("\nStopped. The history so far is kept: harness check current");
                            std::process::exit(exit::INTERRUPTED.into());
                        }
                        asked_once = true;
                        eprintln!("\nStopping: healing, then checking what there is. Ctrl-C again stops at once.");
                        // The run may be over already; then there is nobody to tell.
                        let _ = tell.send(true);
                    }
                    _ = terminate.recv() => std::process::exit(exit::TERMINATED.into()),
                    _ = hang_up.recv() => std::process::exit(exit::TERMINATED.into()),
                }
            }
        });
        Ok(Interrupt { stop })
    }

    /// Waits until the user asks to stop; for ever, if that never happens.
    pub async fn wait(&mut self) {
        if self.stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
