import Foundation
import Support
import Testing

@testable import CGExec

/// `run --notify`: commands, a mail program and a web server are told, and a broken one fails nothing.
@Suite(.scratchCgroup) struct NotifyRunTests {
    let scratch: ScratchDirectory
    let tree: String

    init() throws {
        scratch = try ScratchDirectory()
        tree = try ScratchCgroup.current().path
    }

    private func run(_ jobs: String, _ options: [String]) throws -> Child.Finish {
        let file = try scratch.write(jobs, to: "jobs.yaml")
        return try Child.run(
            [Programs.pool(), "run", "--quiet", "--no-learn", "--cgroup", tree, "--jobs", "1"] + options + [file])
    }

    private func told(_ name: String) throws -> [[String: JSONValue]] {
        try (contents(of: scratch.file(name)) ?? "").split(separator: "\n").compactMap {
            try JSONValue(parsing: $0).object
        }
    }

    @Test func `commands get the summary as JSON, the first failure once`() throws {
        let finish = try run(
            "[{name: a, command: ['true']}, {name: b, command: ['false']}, {name: c, command: ['false']}]",
            [
                "--notify", "finish=cat >> '\(scratch.file("finish"))'",
                "--notify", "failure=cat >> '\(scratch.file("failure"))'",
            ])
        #expect(finish.status == .exited(1), "\(finish)")
        let (end, failures) = (try told("finish"), try told("failure"))
        #expect(end.count == 1 && failures.count == 1, "\(end) \(failures)")
        #expect(end.first?["event"]?.text == "finish" && failures.first?["event"]?.text == "failure")
        #expect(end.first?["done"]?.integer == 3 && failures.first?["done"]?.integer == 2)
        #expect(end.first?["outcomes"]?["exit"]?.integer == 2)
    }

    @Test func `a run in which nothing happens is said to be stuck once, and one is told again and again`() throws {
        let finish = try run(
            "- {name: a, command: [sleep, 4.5]}",
            [
                "--notify", "stuck:1s=cat >> '\(scratch.file("stuck"))'",
                "--notify", "every:1s=cat >> '\(scratch.file("every"))'",
            ])
        #expect(finish.status == .exited(0), "\(finish)")
        #expect(try told("stuck").count == 1)
        #expect(try told("every").count >= 2)
        #expect(try told("every").first?["running"]?.integer == 1)
    }

    @Test(arguments: [
        ("finish=exit 3", "ended with status 3"), ("finish=kill -9 $$", "ended by signal 9"),
        ("finish=https://127.0.0.1:1/", "curl"),
    ])
    func `what is broken is said, and fails nothing`(_ rule: String, _ message: String) throws {
        let finish = try run("- {name: a, command: ['true']}", ["--notify", rule])
        #expect(finish.status == .exited(0) && finish.stderr.contains("--notify finish: "), "\(finish)")
        #expect(finish.stderr.contains(message), "\(finish)")
    }

    @Test func `a server gets a POST of the JSON`() throws {
        // Python's own server, an implementation of HTTP that is not ours; the port is the kernel's choice.
        let server = """
            import http.server, sys
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_POST(self):
                    body = self.rfile.read(int(self.headers['Content-Length']))
                    open(sys.argv[2], 'wb').write(self.headers['Content-Type'].encode() + b'\\n' + body)
                    self.send_response(204); self.end_headers()
                def log_message(self, *arguments): pass
            server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
            open(sys.argv[1], 'w').write(str(server.server_port) + '\\n')
            server.handle_request()
            """
        let port = try Mailbox()
        let child = try Child(["python3", "-c", server, port.path, scratch.file("body")])
        let finish = try run(
            "- {name: 'a \"quoted\\\\ name', command: ['false']}",
            ["--notify", "finish=http://127.0.0.1:\(try port.nextLine())/hook"])
        #expect(finish.status == .exited(1) && !finish.stderr.contains("--notify"), "\(finish)")
        _ = try child.wait()
        let lines = (contents(of: scratch.file("body")) ?? "").split(separator: "\n")
        #expect(lines.first == "application/json")
        let body = try JSONValue(parsing: String(lines.last ?? ""))
        #expect(body["jobs"]?.integer == 1 && body["event"]?.text == "finish")
    }
}
