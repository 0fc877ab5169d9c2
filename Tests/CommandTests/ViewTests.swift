import Support
import Testing

/// A program sees the same of itself with and without `exec`.
@Suite struct ViewTests {
    /// What has to differ: who it is, who its parent is, and the leaf it is in.
    static let different: Set<String> = ["pid", "ppid", "cgroup"]

    /// Ways in which a shell can start a program with something unusual; `"$@"` is the program.
    static let circumstances: [(name: String, script: String)] = [
        ("nothing special", #""$@""#),
        ("an empty environment", #"env -i "$@""#),
        ("an odd environment", #"env -u HOME A= B='x=y' 'C D=é' CGEXEC_NAME=mine "$@""#),
        ("descriptors above 2", #"exec 7</etc/passwd 9>/dev/null; "$@""#),
        ("closed stdin", #""$@" <&-"#),
        ("another directory", #"cd /usr/share && "$@""#),
        ("a umask", #"umask 027; "$@""#),
        ("niceness", #"nice -n 5 "$@""#),
        ("resource limits", #"ulimit -S -n 100; ulimit -c 0; ulimit -S -s 4096; "$@""#),
        ("ignored signals", #"env --ignore-signal=HUP,INT,PIPE,USR1,CHLD,TSTP,TTOU "$@""#),
        ("nohup", #"nohup "$@""#),
        ("blocked signals", #"env --block-signal=TERM,CHLD,PIPE,CONT,USR2 "$@""#),
        ("an affinity", #"taskset -c 0 "$@""#),
        ("no new privileges", #"setpriv --no-new-privs "$@""#),
        ("fewer capabilities", #"setpriv --bounding-set=-sys_time,-net_raw --inh-caps=+chown "$@""#),
        ("other groups", #"setpriv --regid 12 --groups 34,56 "$@""#),
        ("an OOM score", #"choom -n 300 -- "$@""#),
    ]

    @Test(arguments: Patience.sample(circumstances.map(\.name)))
    func `the view is the same under exec, with`(name: String) throws {
        let script = try #require(Self.circumstances.first { $0.name == name }?.script)
        let view = try [Programs.probe(), "view"]
        let scratch = try ScratchDirectory()
        let plain = try Self.view(script, view, scratch)
        let wrapped = try Self.view(script, Programs.exec([], view), scratch)
        for key in Set(plain.keys).union(wrapped.keys).subtracting(Self.different).sorted() where key != "pgid" {
            #expect(wrapped[key] == plain[key], "\(key)")
        }
        // Without a terminal the program has a process group of its own, so that a signal to ours reaches it once.
        #expect(wrapped["pgid"] == wrapped["pid"])
    }

    @Test func `the view is the same under exec, with a terminal`() throws {
        let view = try [Programs.probe(), "view"]
        let plain = try Self.viewOnTerminal(view)
        let wrapped = try Self.viewOnTerminal(Programs.exec([], view))
        for key in Set(plain.keys).union(wrapped.keys).subtracting(Self.different).sorted() {
            #expect(wrapped[key] == plain[key], "\(key)")
        }
    }

    @Test func `a limit changes what it limits and nothing else`() throws {
        let scratch = try ScratchDirectory()
        let view = try [Programs.probe(), "view"]
        let plain = try Self.view(#""$@""#, view, scratch)
        let wrapped = try Self.view(
            #""$@""#, Programs.exec(["--files", "64", "--core", "0", "--timeout", "1h"], view), scratch)
        for key in Set(plain.keys).subtracting(Self.different).subtracting(["pgid", "limits"]) {
            #expect(wrapped[key] == plain[key], "\(key)")
        }
        let changed = plain["limits"]?.object.keys.filter { plain["limits"]?[$0] != wrapped["limits"]?[$0] }
        #expect(Set(changed ?? []).isSubset(of: ["nofile", "core"]))
        #expect(changed?.contains("nofile") == true)
    }

    /// Output goes to files of the same names, so that the descriptors compare.
    private static func view(_ script: String, _ command: [String], _ scratch: ScratchDirectory) throws -> [String:
        JSONValue]
    {
        let file = scratch.file("view")
        let child = try Child(
            ["sh", "-c", "exec >\"$0\" 2>\"$0.err\"; \(script)", file] + command,
            environment: ["XDG_STATE_HOME": scratch.file("state")])
        let finish = try child.wait()
        let text = contents(of: file) ?? ""
        guard finish.status == .exited(0), !text.isEmpty else {
            throw Trouble("\(command) under '\(script)' gave \(finish.status): \(contents(of: file + ".err") ?? "")")
        }
        return comparable(try JSONValue(parsing: text).object, startedAs: child.pid)
    }

    private static func viewOnTerminal(_ command: [String]) throws -> [String: JSONValue] {
        let terminal = try Pseudoterminal()
        let child = try terminal.start(command, environment: ["XDG_STATE_HOME": "/nonexistent"])
        let text = try terminal.expect("}\r\n")
        try child.wait()
        var view = comparable(try JSONValue(parsing: text).object, startedAs: child.pid)
        view["descriptors"] = view["descriptors"].map { descriptors in
            .object(descriptors.object.mapValues { $0 == .text(terminal.path) ? .text("the terminal") : $0 })
        }
        return view
    }

    /// Replaces what is another number each time by what it means.
    private static func comparable(_ view: [String: JSONValue], startedAs leader: Int32) -> [String: JSONValue] {
        var view = view
        for key in ["sid", "pgid"] where view[key]?.integer == Int(leader) {
            view[key] = .text("of the started process")
        }
        // hwloc opens these without O_CLOEXEC, for a moment whenever another test sets up a pool in this process.
        view["descriptors"] = view["descriptors"].map { descriptors in
            .object(descriptors.object.filter { !($0.value.text?.hasPrefix("/sys/devices/") ?? false) })
        }
        view["signals"] = view["signals"].map { .object($0.object.mapValues(withoutReserved)) }
        return view
    }

    /// Signals 32 and 33 belong to the C library, which ignores or handles them as it likes.
    private static func withoutReserved(_ mask: JSONValue) -> JSONValue {
        guard let bits = mask.text.flatMap({ UInt64($0, radix: 16) }) else { return mask }
        return .text(String(bits & ~(3 << 31), radix: 16))
    }
}
