import Glibc
import Support
import Testing

/// A program of the terminal does not notice `exec`.
@Suite struct TerminalTests {
    private static let controlC = "\u{3}"
    private static let controlZ = "\u{1a}"
    private static let controlD = "\u{4}"

    @Test func `the program has the terminal, in the foreground, and reads from it`() throws {
        let terminal = try Pseudoterminal(rows: 30, columns: 100)
        let child = try terminal.start(Programs.exec([], [Programs.probe(), "tty"]))
        let start = try JSONValue(parsing: terminal.expect("}\r\n"))
        #expect(start["terminal"] == .bool(true))
        #expect(start["foreground"] == .bool(true))
        #expect(start["rows"]?.integer == 30)
        #expect(start["columns"]?.integer == 100)
        try terminal.type("hello\r")
        try terminal.expect("hello\r\n")
        try terminal.expect(#"{"line":"hello"}"#)
        try terminal.type(Self.controlD)
        try terminal.expect(#"{"eof":true}"#)
        #expect(try child.wait().status == .exited(0))
    }

    @Test func `Ctrl-C reaches the program exactly once`() throws {
        let terminal = try Pseudoterminal()
        let child = try terminal.start(Programs.exec([], [Programs.probe(), "tty"]))
        try terminal.expect("}\r\n")
        let presses = Patience.rounds(20, inVM: 3)
        for _ in 0..<presses {
            try terminal.type(Self.controlC)
            try terminal.expect(#"{"signal":"SIGINT""#)
            // What we pass on comes after all that came to us before: another SIGINT would be here by then.
            child.signal(SIGWINCH)
            try terminal.expect(#"{"signal":"SIGWINCH""#)
        }
        #expect(terminal.transcript.count(of: #""signal":"SIGINT""#) == presses)
        #expect(terminal.transcript.count(of: #""signal":"SIGWINCH""#) == presses)
        try terminal.type(Self.controlD)
        #expect(try child.wait().status == .exited(0))
    }

    @Test func `Ctrl-C ends a program that does not handle it`() throws {
        let terminal = try Pseudoterminal()
        let child = try terminal.start(
            Programs.exec([], ["sh", "-c", "echo ready; exec \(Programs.probe()) sleep 1h"]))
        try terminal.expect("ready")
        try terminal.type(Self.controlC)
        #expect(try child.wait().status == .exited(130))
    }

    @Test func `Ctrl-backslash ends the program and we say so by our status`() throws {
        let terminal = try Pseudoterminal()
        let child = try terminal.start(
            Programs.exec(["--core", "0"], ["sh", "-c", "echo ready; exec sleep 3600"]))
        try terminal.expect("ready")
        try terminal.type("\u{1c}")
        #expect(try child.wait().status == .exited(131))
    }

    @Test func `a change of the window's size arrives`() throws {
        let terminal = try Pseudoterminal()
        let child = try terminal.start(Programs.exec([], [Programs.probe(), "tty"]))
        try terminal.expect("}\r\n")
        terminal.resize(rows: 50, columns: 132)
        try terminal.expect(#"{"signal":"SIGWINCH""#)
        let rest = try terminal.expect("}\r\n")
        #expect(rest.contains(#""rows":50,"columns":132"#))
        try terminal.type(Self.controlD)
        #expect(try child.wait().status == .exited(0))
    }

    @Test func `what stty sets stays set`() throws {
        let terminal = try Pseudoterminal()
        #expect(terminal.echoes)
        #expect(try terminal.start(Programs.exec([], ["stty", "-echo"])).wait().status == .exited(0))
        #expect(!terminal.echoes)
    }

    @Test func `a pager works`() throws {
        try needProgram("/usr/bin/less")
        let scratch = try ScratchDirectory()
        let file = try scratch.write((1...500).map { "line \($0)\n" }.joined(), to: "text")
        let terminal = try Pseudoterminal(rows: 10)
        let child = try terminal.start(
            Programs.exec([], ["less", file]), environment: ["TERM": "vt100", "LESS": "", "LESSHISTFILE": "-"])
        try terminal.expect("line 9\r\n")
        try terminal.type("G")
        try terminal.expect("line 500\r\n")
        try terminal.type("q")
        #expect(try child.wait().status == .exited(0))
        // It put the terminal in raw mode and must have been able to take that back.
        #expect(terminal.echoes)
    }

    @Test func `a program that opens the terminal by its name has it`() throws {
        let terminal = try Pseudoterminal()
        let child = try terminal.start(
            Programs.exec(
                [], ["sh", "-c", "exec </dev/null >/dev/null 2>&1; read answer </dev/tty; echo got $answer >/dev/tty"]))
        try terminal.type("yes\r")
        try terminal.expect("got yes")
        #expect(try child.wait().status == .exited(0))
    }
}

extension String {
    /// How often a text is in it.
    func count(of text: String) -> Int { split(separator: text, omittingEmptySubsequences: false).count - 1 }
}
