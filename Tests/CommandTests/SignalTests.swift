import Glibc
import Support
import Testing

/// Signals sent to `exec` reach the program, once.
@Suite struct SignalTests {
    /// Says what it catches and what it reads, until the end of its input. No shell: a signal that comes just before
    /// its `read` is only seen after it.
    private static func startListener() throws -> Child {
        let child = try start([Programs.probe(), "tty", "--catch", "HUP,QUIT,USR1,USR2,ALRM,TERM"])
        #expect(try child.line().contains(#""terminal":false"#))
        return child
    }

    private static func start(_ command: [String], options: [String] = []) throws -> Child {
        try Child(Programs.exec(options, command), standard: .input)
    }

    @Test(arguments: [
        ("HUP", SIGHUP), ("INT", SIGINT), ("QUIT", SIGQUIT), ("USR1", SIGUSR1), ("USR2", SIGUSR2), ("ALRM", SIGALRM),
        ("TERM", SIGTERM), ("WINCH", SIGWINCH),
    ])
    func `a signal to us reaches the program exactly once`(name: String, signal: Int32) throws {
        let child = try Self.startListener()
        let times = Patience.rounds(5, inVM: 2)
        for _ in 1...times {
            child.signal(signal)
            #expect(try child.line().contains(#""signal":"SIG\#(name)""#))
        }
        // What we pass on comes in order, so a second one would have come before this.
        child.signal(signal == SIGINT ? SIGTERM : SIGINT)
        _ = try child.line()
        child.closeInput()
        let finish = try child.wait()
        #expect(finish.status == .exited(0))
        #expect(finish.stdout.count(of: "SIG\(name)") == times)
    }

    @Test func `a signal to our process group reaches the program exactly once`() throws {
        let child = try Self.startListener()
        let times = Patience.rounds(5, inVM: 2)
        for _ in 1...times {
            for (name, signal) in [("SIGUSR1", SIGUSR1), ("SIGTERM", SIGTERM)] {
                kill(-child.pid, signal)
                #expect(try child.line().contains(name))
            }
        }
        child.closeInput()
        let finish = try child.wait()
        #expect(finish.status == .exited(0))
        for name in ["SIGUSR1", "SIGTERM"] { #expect(finish.stdout.count(of: name) == times) }
    }

    @Test func `a signal that ends the program gives its status`() throws {
        for signal in [SIGHUP, SIGINT, SIGTERM, SIGUSR1] {
            let child = try Self.start(["sh", "-c", "echo ready; exec \(Programs.probe()) sleep 1h"])
            #expect(try child.line() == "ready")
            child.signal(signal)
            #expect(try child.wait().status == .exited(128 + signal))
        }
    }

    @Test func `a signal that the program sends to its own group does not come back through us`() throws {
        let child = try Self.start(["sh", "-c", "trap 'echo USR1' USR1; kill -USR1 0; kill -USR1 0; read line; exit 3"])
        #expect(try child.line() == "USR1")
        #expect(try child.line() == "USR1")
        child.closeInput()
        let finish = try child.wait()
        #expect(finish.status == .exited(3))
        #expect(finish.stdout == "USR1\nUSR1\n")
    }

    @Test func `the same with a terminal, where the group is ours too`() throws {
        let terminal = try Pseudoterminal()
        let child = try terminal.start(
            Programs.exec(
                [], ["sh", "-c", "trap 'echo USR1' USR1; kill -USR1 0; kill -USR1 0; echo ready; read line; exit 3"]))
        try terminal.expect("ready")
        // What we would have passed on comes before this.
        child.signal(SIGTERM)
        #expect(try child.wait().status == .exited(143))
        try terminal.expectEnd()
        #expect(terminal.transcript == "USR1\r\nUSR1\r\nready\r\n")
    }

    @Test func `a program may ignore what we pass on`() throws {
        let child = try Self.start([Programs.probe(), "ignore-term", "--hold", "1h"])
        #expect(try child.line().contains("ready"))
        for (name, signal) in [("SIGTERM", SIGTERM), ("SIGINT", SIGINT), ("SIGHUP", SIGHUP)] {
            child.signal(signal)
            #expect(try child.line().contains(name))
        }
        child.signal(SIGUSR1)
        #expect(try child.wait().status == .exited(128 + SIGUSR1))
    }

    @Test func `a signal that is ignored on entry stays ignored`() throws {
        let script = "exec env --ignore-signal=INT $POOL exec -- sh -c 'kill -INT $$; echo here'"
        #expect(try Child.script(script).stdout == "here\n")
    }

    @Test func `a signal that comes while the program is being started is not lost`() throws {
        for step in 0..<Patience.rounds(40, inVM: 4) {
            let child = try Self.start([Programs.probe(), "sleep", "1h"])
            usleep(UInt32(step * Patience.rounds(1_000, inVM: 200_000)))
            child.signal(SIGTERM)
            // Before we took the signals over it ends us; after that it ends the program.
            let status = try child.wait().status
            #expect(status == .signaled(SIGTERM) || status == .exited(128 + SIGTERM), "after \(step) steps")
        }
    }

    @Test func `after the timeout the program is asked, and killed when the grace is over`() throws {
        let child = try Self.start(
            [Programs.probe(), "ignore-term", "--hold", "1h"],
            options: ["--timeout", Patience.time(200), "--grace", "300ms"])
        #expect(try child.line().contains("ready"))
        let asked = try JSONValue(parsing: child.line())
        #expect(asked["signal"] == .text("SIGTERM"))
        let finish = try child.wait()
        #expect(finish.status == .exited(124))
        #expect(finish.stdout.split(separator: "\n").count == 2)
        #expect(finish.stderr.contains("reached its time limit"))
    }

    @Test func `a program that leaves within the grace is left to it`() throws {
        let script = "trap 'echo cleaning; exit 5' TERM; echo ready; while :; do read line; done"
        let child = try Self.start(["sh", "-c", script], options: ["--timeout", Patience.time(200), "--grace", "1h"])
        let finish = try child.wait()
        #expect(finish.status == .exited(124))
        #expect(finish.stdout == "ready\ncleaning\n")
    }

    @Test func `without a grace the program is killed at once`() throws {
        let child = try Self.start(
            [Programs.probe(), "ignore-term", "--hold", "1h"],
            options: ["--timeout", Patience.time(200), "--grace", "0"])
        let finish = try child.wait()
        #expect(finish.status == .exited(124))
        #expect(!finish.stdout.contains("SIGTERM"))
    }

    @Test func `being stopped and continued ourselves harms nothing`() throws {
        let child = try Self.startListener()
        child.signal(SIGSTOP)
        try child.waitForStop()
        try child.write("meanwhile\n")
        #expect(try child.line().contains("meanwhile"))
        child.signal(SIGCONT)
        #expect(try child.line().contains("SIGCONT"))
        child.signal(SIGUSR1)
        #expect(try child.line().contains("SIGUSR1"))
        child.closeInput()
        #expect(try child.wait().status == .exited(0))
    }

    @Test func `SIGTSTP stops the program and SIGCONT lets it go on`() throws {
        let child = try Self.start([Programs.probe(), "tty"])
        let pid = try #require(try JSONValue(parsing: child.line())["pid"]?.integer)
        child.signal(SIGTSTP)
        #expect(try child.line().contains("SIGTSTP"))
        // It stops after it has said so; a SIGCONT before that would be lost on it.
        #expect(Processes.waitForStop(of: Int32(pid)))
        child.signal(SIGCONT)
        #expect(try child.line().contains("SIGCONT"))
        child.closeInput()
        #expect(try child.wait().status == .exited(0))
    }

    @Test func `a stopped program is ended by its timeout`() throws {
        let child = try Self.start(
            ["sh", "-c", "echo ready; kill -STOP $$"], options: ["--timeout", Patience.time(200), "--grace", "100ms"])
        #expect(try child.wait().status == .exited(124))
    }

    @Test func `what the program leaves behind is gone when we are`() throws {
        let scratch = try ScratchDirectory()
        let file = scratch.file("pid")
        let finish = try Child.run(Programs.exec([], [Programs.probe(), "daemon", "--hold", "1h", "--pidfile", file]))
        #expect(finish.status == .exited(0))
        let pid = try #require(contents(of: file).flatMap { Int($0.filter { $0 != "\n" }) })
        #expect(!Processes.isAlive(Int32(pid)))
    }
}
