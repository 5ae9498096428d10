//! A thread that lives as long as the program. "The death of the parent" means to the kernel the end of the *thread*
//! that started a child, so children that are to die with the program are started here.

use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

type Work = Box<dyn FnOnce() + Send>;

/// Does something on that thread, and waits for it.
pub fn on_lasting_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    static THREAD: OnceLock<Sender<Work>> = OnceLock::new();
    let thread = THREAD.get_or_init(|| {
        let (give, work) = channel::<Work>();
        // It waits for work for ever: what it is given by is a static.
        std::thread::spawn(move || work.iter().for_each(|work| work()));
        give
    });
    let (tell, done) = channel();
    let work = move || {
        // Whoever asked is waiting.
        let _ = tell.send(work());
    };
    thread.send(Box::new(work)).expect("the thread never ends");
    done.recv().expect("what is done there does not panic")
}
