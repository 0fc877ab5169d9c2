import Glibc
import Support
import Testing

/// A shell's job control works on a job that runs under `exec`.
@Suite(.enabled(if: exists("/bin/bash"), "job control is tested with bash, which this host lacks"))
struct JobControlTests {
    private static let controlC = "\u{3}"
    private static let controlZ = "\u{1a}"
    private static let prompt = "<prompt>"

    private let terminal: Pseudoterminal
    private let shell: Child

    init() throws {
        terminal = try Pseudoterminal()
        shell = try terminal.start(
            ["bash", "--norc", "--noprofile", "--noediting", "-i"],
            environment: [
                "PS1": Self.prompt, "POOL": Programs.pool(), "PROBE": Programs.probe(),
                "BASH_SILENCE_DEPRECATION_WARNING": "1",
            ])
        try terminal.expect(Self.prompt)
    }

    /// Types a command line; the terminal's echo of it is read over.
    private func enter(_ line: String) throws {
        try terminal.type(line + "\r")
        try terminal.expect(line + "\r\n")
    }

    /// The status of the last command.
    private func status() throws -> String {
        try enter("echo =$?=")
        let text = try terminal.expect(Self.prompt)
        return String(text.split(separator: "=").first ?? "")
    }

    private func leave() throws {
        try enter("exit")
        try terminal.expectEnd()
        try shell.wait()
    }

    @Test func `Ctrl-Z stops the job, fg goes on with it, and its input works again`() throws {
        try enter("$POOL exec -- $PROBE tty")
        try terminal.expect(#"{"terminal":true"#)
        for round in 1...Patience.rounds(3, inVM: 1) {
            try terminal.expect("}\r\n")
            try terminal.type(Self.controlZ)
            try terminal.expect(#"{"signal":"SIGTSTP""#)
            try terminal.expect("Stopped")
            try terminal.expect(Self.prompt)
            #expect(try status() == "148")
            try enter("fg")
            try terminal.expect(#"{"signal":"SIGCONT","foreground":true"#)
            try terminal.type("round \(round)\r")
            try terminal.expect(#"{"line":"round \#(round)""#)
        }
        try terminal.type("\u{4}")
        try terminal.expect(#"{"eof":true}"#)
        try terminal.expect(Self.prompt)
        #expect(try status() == "0")
        try leave()
    }

    @Test func `a stopped job goes on in the background and is ended by kill`() throws {
        try enter("$POOL exec -- sh -c 'echo started; exec $0 sleep 1h' $PROBE")
        try terminal.expect("started")
        try terminal.type(Self.controlZ)
        try terminal.expect("Stopped")
        try terminal.expect(Self.prompt)
        try enter("bg")
        try terminal.expect(Self.prompt)
        try enter("jobs")
        try terminal.expect("Running")
        try terminal.expect(Self.prompt)
        try enter("kill %1; wait %1; echo ended $?")
        try terminal.expect("ended 143")
        try leave()
    }

    @Test func `a stopped job is ended by kill`() throws {
        try enter("$POOL exec -- sh -c 'echo started; exec $0 sleep 1h' $PROBE")
        try terminal.expect("started")
        try terminal.type(Self.controlZ)
        try terminal.expect("Stopped")
        try terminal.expect(Self.prompt)
        // For a moment the shell may still take it for stopped, and says so by 148.
        try enter("kill %1; while wait %1; s=$?; [ $s = 148 ]; do :; done 2>/dev/null; echo ended $s")
        try terminal.expect("ended 143")
        try leave()
    }

    @Test func `a background job that reads from the terminal stops until it is in the foreground`() throws {
        try enter("$POOL exec -- cat &")
        try terminal.expect(Self.prompt)
        try enter("wait %1 2>/dev/null; echo waited")
        try terminal.expect("waited")
        try terminal.expect(Self.prompt)
        try enter("jobs")
        try terminal.expect("Stopped")
        try terminal.expect(Self.prompt)
        try enter("fg")
        try terminal.expect("$POOL exec -- cat\r\n")
        try terminal.type("text\r")
        try terminal.expect("text\r\ntext\r\n")
        try terminal.type("\u{4}")
        try terminal.expect(Self.prompt)
        #expect(try status() == "0")
        try leave()
    }

    @Test func `Ctrl-C ends both sides of a pipeline`() throws {
        try enter("$POOL exec -- sh -c 'echo one; exec $0 sleep 1h' $PROBE | $POOL exec -- sh -c 'cat; echo never'")
        try terminal.expect("one\r\n")
        try terminal.type(Self.controlC)
        try terminal.expect(Self.prompt)
        try enter("echo ${PIPESTATUS[*]}.")
        try terminal.expect("130 130.")
        #expect(!terminal.transcript.contains("never\r\n"))
        try leave()
    }

    @Test func `a pipeline passes its bytes and ends`() throws {
        try enter("$POOL exec -- $PROBE write 1000000 2>/dev/null | $POOL exec -- wc -c; echo ${PIPESTATUS[*]}.")
        try terminal.expect("1000000\r\n0 0.")
        try leave()
    }

    @Test func `a program that stops itself gives the terminal back`() throws {
        try enter("$POOL exec -- sh -c 'kill -STOP $$; echo again'")
        try terminal.expect("Stopped")
        try terminal.expect(Self.prompt)
        try enter("fg")
        try terminal.expect("again\r\n")
        try terminal.expect(Self.prompt)
        #expect(try status() == "0")
        try leave()
    }

    @Test func `Ctrl-C does not reach a job in the background`() throws {
        try enter("$POOL exec -- sh -c 'echo started; exec $0 sleep 1h' $PROBE &")
        try terminal.expect("started")
        try terminal.type(Self.controlC)
        try terminal.expect(Self.prompt)
        try enter("jobs")
        try terminal.expect("Running")
        try terminal.expect(Self.prompt)
        try enter("kill %1; wait %1; echo ended $?")
        try terminal.expect("ended 143")
        try leave()
    }
}
