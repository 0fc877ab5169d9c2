import CLinux
import Glibc

/// Stopping together with the program: then the shell sees a stopped job, and the terminal is the shell's again.
enum JobControl {
    /// Stops this process if the program was stopped since this was called last, by the same signal: shells tell
    /// Ctrl-Z from reading the terminal in the background. Returns when this process goes on; true if the program does
    /// not yet.
    ///
    /// A shell continues the whole group. Another SIGCONT from us might come late, and undo a Ctrl-Z that followed.
    static func followStop() -> Bool {
        let signal = cgx_wait_stopped()
        guard signal > 0 else { return false }
        _ = cgx_wait_continued()  // what was before this stop does not count
        stop(by: signal)
        return cgx_wait_continued() == 0
    }

    private static func stop(by signal: Int32) {
        guard signal != SIGSTOP else {
            kill(getpid(), SIGSTOP)
            return
        }
        // It may be ignored or blocked here, and then would not stop us.
        let before = Glibc.signal(signal, SIG_DFL)
        var set = sigset_t()
        var mask = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, signal)
        kill(getpid(), signal)
        pthread_sigmask(SIG_UNBLOCK, &set, &mask)
        pthread_sigmask(SIG_SETMASK, &mask, nil)
        Glibc.signal(signal, before)
    }
}
