import FoundationEssentials
import Glibc

/// A headless Chromium with one page, driven by the DevTools protocol over two pipes.
package final class Browser {
    private let browser: Child
    private let profile: ScratchDirectory
    private let commands: Int32
    private let answers: Int32
    private var bytes: [UInt8] = []
    private var session: String?
    private var lastID = 0
    /// What happened that nobody has waited for yet.
    private var events: [JSONValue] = []

    /// What pages wrote to the console, and exceptions that nobody caught.
    package private(set) var complaints: [String] = []

    /// Where Debian has it; nil where it is not installed.
    package static var path: String? {
        ["/usr/bin/chromium", "/usr/bin/chromium-browser"].first { access($0, X_OK) == 0 }
    }

    package init(width: Int = 1400, height: Int = 1000) throws {
        guard let path = Self.path else { throw Trouble("there is no chromium") }
        profile = try ScratchDirectory()
        let (input, output) = (try Pipe(), try Pipe())
        (commands, answers) = (input.write, output.read)
        defer {
            close(input.read)
            close(output.write)
        }
        // Its own sandbox cannot be made by root; what it opens are the tests' own files.
        browser = try Child(
            [
                "sh", "-c", "exec \"$@\" 2>/dev/null", "sh", path, "--headless", "--no-sandbox", "--disable-gpu",
                "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe",
                "--user-data-dir=\(profile.path)", "--window-size=\(width),\(height)", "about:blank",
            ], descriptors: [3: input.read, 4: output.write])
        let target = try call("Target.createTarget", ["url": .text("about:blank")])["targetId"]?.text ?? ""
        let attached = try call("Target.attachToTarget", ["targetId": .text(target), "flatten": .bool(true)])
        session = attached["sessionId"]?.text
        for domain in ["Page", "Runtime", "Log"] { _ = try call("\(domain).enable") }
    }

    deinit {
        _ = try? call("Browser.close", session: nil)
        _ = try? browser.waitForExit()
        close(commands)
        close(answers)
    }

    // MARK: What a page does

    /// Opens a file and waits until it is loaded.
    package func open(_ path: String) throws {
        let answer = try call("Page.navigate", ["url": .text("file://\(path)")])
        if let error = answer["errorText"] { throw Trouble("\(path) cannot be opened: \(error)") }
        try wait(for: "Page.loadEventFired")
    }

    /// The value of an expression, which may be a promise.
    package func evaluate(_ expression: String) throws -> JSONValue {
        let answer = try call(
            "Runtime.evaluate",
            ["expression": .text(expression), "returnByValue": .bool(true), "awaitPromise": .bool(true)])
        if let exception = answer["exceptionDetails"] { throw Trouble("\(expression): \(exception)") }
        return answer["result"]?["value"] ?? .null
    }

    /// Whether pages are told that the reader likes it dark.
    package func prefer(dark: Bool) throws {
        let feature = JSONValue.object([
            "name": .text("prefers-color-scheme"), "value": .text(dark ? "dark" : "light"),
        ])
        _ = try call("Emulation.setEmulatedMedia", ["features": .list([feature])])
    }

    /// Whether scripts of pages run that are opened from now on.
    package func allowScripts(_ isAllowed: Bool) throws {
        _ = try call("Emulation.setScriptExecutionDisabled", ["value": .bool(!isAllowed)])
    }

    /// What can be seen, as PNG in Base64.
    package func screenshot() throws -> String {
        try call("Page.captureScreenshot", ["format": .text("png")])["data"]?.text ?? ""
    }

    /// How many colours a picture has and how light it is, from 0 to 255. The page is another one afterwards: the
    /// policy of that under test does not let pictures in.
    package func colours(ofPNG data: String) throws -> (count: Int, lightness: Int) {
        _ = try call("Page.navigate", ["url": .text("about:blank")])
        try wait(for: "Page.loadEventFired")
        let result = try evaluate(
            """
            (async () => {
              const picture = await createImageBitmap(await (await fetch("data:image/png;base64,\(data)")).blob());
              const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
              canvas.drawImage(picture, 0, 0);
              const bytes = canvas.getImageData(0, 0, picture.width, picture.height).data;
              const colours = new Set();
              let sum = 0;
              for (let at = 0; at < bytes.length; at += 4) {
                colours.add(bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2]);
                sum += bytes[at] + bytes[at + 1] + bytes[at + 2];
              }
              return [colours.size, Math.round(sum / bytes.length * 4 / 3)];
            })()
            """)
        guard case .list(let values) = result, let count = values.first?.integer, let light = values.last?.integer
        else { throw Trouble("the picture cannot be read: \(result)") }
        return (count, light)
    }

    // MARK: The protocol

    private func call(_ method: String, _ parameters: [String: JSONValue] = [:]) throws -> JSONValue {
        try call(method, parameters, session: session)
    }

    /// Sends a command and waits for its answer: JSON, with a zero byte at its end.
    private func call(_ method: String, _ parameters: [String: JSONValue] = [:], session: String?) throws -> JSONValue {
        lastID += 1
        var command: [String: JSONValue] = [
            "id": .number(Double(lastID)), "method": .text(method), "params": .object(parameters),
        ]
        if let session { command["sessionId"] = .text(session) }
        var message = Array(try JSONEncoder().encode(JSONValue.object(command))) + [0]
        while !message.isEmpty {
            let count = write(commands, message, message.count)
            guard count > 0 else { throw Trouble.system("write to chromium") }
            message.removeFirst(count)
        }
        let deadline = Patience.Deadline()
        while true {
            let answer = try next(deadline, method)
            guard answer["id"]?.integer == lastID else {
                note(answer)
                continue
            }
            if let error = answer["error"] { throw Trouble("\(method): \(error)") }
            return answer["result"] ?? .null
        }
    }

    private func wait(for method: String) throws {
        let deadline = Patience.Deadline()
        while !events.contains(where: { $0["method"]?.text == method }) { note(try next(deadline, method)) }
        events.removeAll()
    }

    private func note(_ event: JSONValue) {
        events.append(event)
        let parameters = event["params"]
        switch event["method"]?.text {
        case "Runtime.exceptionThrown", "Runtime.consoleAPICalled": complaints.append("\(parameters ?? .null)")
        case "Log.entryAdded": complaints.append("\(parameters?["entry"]?["text"] ?? .null)")
        default: break
        }
    }

    private func next(_ deadline: Patience.Deadline, _ method: String) throws -> JSONValue {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            if let end = bytes.firstIndex(of: 0) {
                defer { bytes.removeFirst(end + 1) }
                return try JSONValue(parsing: String(decoding: bytes[..<end], as: UTF8.self))
            }
            var ready = pollfd(fd: answers, events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, deadline.milliseconds) == 1 else { throw Trouble("\(method): chromium is silent") }
            let count = read(answers, &buffer, buffer.count)
            guard count > 0 else { throw Trouble("\(method): chromium has ended") }
            bytes += buffer[..<count]
        }
    }
}
