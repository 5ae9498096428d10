//! The thread that moves what hosts send, from the side of those who give it orders: whether it is the switch or the
//! proxies makes no difference to them.

use super::HostId;
use super::capture::Tap;
use super::pipeline::ActiveRule;
use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// The thread answers within microseconds. After this long, it never will.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// A change of what the thread does.
#[derive(Debug)]
pub enum Order {
    /// Uses a rule.
    Install(Box<ActiveRule>),
    /// Takes a rule away.
    Heal(u64),
    /// Lets go what a rule holds.
    Release(u64),
    /// Shows every packet to this tap, or to none.
    Show(Option<Tap>),
    /// A host has a process from now on: who dials it is no longer refused.
    Open(HostId),
    /// A host has none any more: who dials it is refused.
    Close(HostId),
}

/// An order that was given.
#[must_use = "it is carried out some time later"]
pub struct Ordered(Receiver<()>, &'static str);

impl Ordered {
    /// Returns once it is carried out.
    ///
    /// # Panics
    /// When the thread has ended or hangs: a rule that nobody applies must not pass for installed.
    pub fn wait(self) {
        match self.0.recv_timeout(ANSWER_MAX) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => panic!("the {} has not answered for {ANSWER_MAX:?}", self.1),
            Err(RecvTimeoutError::Disconnected) => panic!("the {} has stopped", self.1),
        }
    }
}

/// Whoever waits for an order.
pub struct Done(Sender<()>);

impl Done {
    /// Says that it is carried out.
    pub fn tell(self) {
        // Nobody need be waiting.
        let _ = self.0.send(());
    }
}

/// What the thread is to do next.
pub enum Next {
    /// This.
    Order(Order, Done),
    /// Nothing at present.
    Nothing,
    /// To end: nobody can give orders any more.
    Stop,
}

/// The thread's end of the orders.
pub struct Orders(Receiver<(Order, Sender<()>)>);

impl Orders {
    /// The next order, if there is one.
    pub fn next(&self) -> Next {
        match self.0.try_recv() {
            Ok((order, done)) => Next::Order(order, Done(done)),
            Err(TryRecvError::Empty) => Next::Nothing,
            Err(TryRecvError::Disconnected) => Next::Stop,
        }
    }
}

/// The handle of the thread. Dropping it stops the thread.
pub struct Worker {
    name: &'static str,
    wake: Box<dyn Fn() + Send + Sync>,
    /// Taken to stop the thread.
    orders: Option<Sender<(Order, Sender<()>)>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread. `wake` gets it out of its waiting, to look at its orders.
    ///
    /// # Errors
    /// When the kernel refuses the thread.
    pub fn start(
        name: &'static str,
        wake: impl Fn() + Send + Sync + 'static,
        serve: impl FnOnce(Orders) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Worker> {
        let (orders, taken) = channel();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            // With the orders goes their receiver, so that nobody waits for a thread that is gone.
            if let Err(why) = serve(Orders(taken)) {
                tracing::error!("the {name} stopped: {why}; no node can reach another");
            }
        })?;
        Ok(Worker {
            name,
            wake: Box::new(wake),
            orders: Some(orders),
            thread: Some(thread),
        })
    }

    /// Gives an order. Orders are carried out one after the other, as they were given.
    ///
    /// # Panics
    /// When the thread has ended.
    pub fn order(&self, order: Order) -> Ordered {
        let (done, wait) = channel();
        let orders = self.orders.as_ref().expect("only dropping the handle takes it");
        assert!(
            orders.send((order, done)).is_ok(),
            "the {} has stopped",
            self.name
        );
        (self.wake)();
        Ordered(wait, self.name)
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Worker").field(&self.name).finish()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.orders = None;
        (self.wake)();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the {} thread had panicked", self.name);
        }
    }
}
