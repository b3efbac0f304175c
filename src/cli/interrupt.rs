//! Ctrl-C, SIGTERM, and for what an engine runs SIGUSR1: the first one asks for a stop, which keeps what is finished; the second one ends the program at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGTERM, SIGUSR1, SIGXFSZ};
use signal_hook::flag;

use super::console::Exit;

/// Watches from now on; the flag rises when somebody asks for a stop. Whoever asks twice gets this exit at once.
///
/// A hang-up is left alone: `nohup` asks for that.
pub fn watch(impatient: Exit) -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let code = impatient.code();
    let asked = Arc::clone(&stop);
    // Without a handler a signal still ends the program: less polite, and no reason not to work.
    let _ = ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(code.into());
        }
    });
    let _ = flag::register_conditional_shutdown(SIGTERM, code.into(), Arc::clone(&stop))
        .and_then(|_| flag::register(SIGTERM, Arc::clone(&stop)))
        // A file beyond `ulimit -f`: the write fails, and is told like a full disk.
        .and_then(|_| flag::register(SIGXFSZ, Arc::default()));
    stop
}

/// The same for what an engine runs: some say with SIGUSR1 that the time is nearly over.
pub fn watch_engine(impatient: Exit) -> Arc<AtomicBool> {
    let stop = watch(impatient);
    let _ = flag::register_conditional_shutdown(SIGUSR1, impatient.code().into(), Arc::clone(&stop))
        .and_then(|_| flag::register(SIGUSR1, Arc::clone(&stop)));
    stop
}
