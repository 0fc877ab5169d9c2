import Support
import Testing

/// `exec` passes on what the program is given and what it gives.
@Suite struct TransparencyTests {
    @Test(arguments: Patience.sample(Array(stride(from: 0, to: 256, by: 32))))
    func `every exit status comes back, those from`(first: Int) throws {
        let statuses = stride(from: first, to: first + 32, by: Patience.rounds(1, inVM: 15)).map(String.init)
        let finish = try Child.script("for n; do $POOL exec -- $PROBE exit $n; echo $?; done", statuses)
        #expect(finish.stdout.split(separator: "\n").map(String.init) == statuses)
        #expect(finish.stderr == "")
    }

    @Test func `a program that dies of signal n gives 128+n`() throws {
        let signals = Patience.sample(Array(1...16) + [24, 25, 26, 27, 29, 30, 31, 34, 64])
        let finish = try Child.script(
            "for n; do $POOL exec -- $PROBE signal $n; echo $?; done", signals.map(String.init))
        #expect(finish.stdout == signals.map { "\(128 + $0)\n" }.joined())
        #expect(finish.stderr == "")
    }

    @Test func `bytes pass through stdin and stdout unchanged`() throws {
        let size = Patience.requiresAll ? "4MiB" : "100MB"
        let finish = try Child.script(
            """
            $PROBE write $1 2>/dev/null | sha256sum
            $PROBE write $1 2>/dev/null | $POOL exec -- cat | sha256sum
            """, [size])
        let sums = finish.stdout.split(separator: "\n")
        try #require(sums.count == 2)
        #expect(sums[0] == sums[1])
        #expect(finish.stderr == "")
    }

    @Test func `stdout and stderr stay apart`() throws {
        let finish = try Child.script("$POOL exec -- sh -c 'echo out; echo err >&2'")
        #expect(finish.stdout == "out\n")
        #expect(finish.stderr == "err\n")
    }

    @Test func `a reader that leaves ends the program, not us first`() throws {
        let finish = try Child.script("{ $POOL exec -- yes; echo $? >&2; } | head -1")
        #expect(finish.stdout == "y\n")
        #expect(finish.stderr == "141\n")
    }

    @Test func `arguments reach the program as they are`() throws {
        let words = ["", " ", "--timeout", "--", "'", "$HOME", "*", "é", "a\nb"]
        let finish = try Child.run(Programs.exec([], [Programs.probe(), "view"] + words))
        #expect(
            try JSONValue(parsing: finish.stdout)["argv"]
                == .list(try ([Programs.probe(), "view"] + words).map { .text($0) }))
    }

    @Test func `bytes that are no UTF-8 reach the program as they are`() throws {
        let script = """
            export A="$(printf 'a\\377b')"
            $POOL exec -- sh -c 'printf "%s %s" "$1" "$A"' sh "$(printf '\\376c')" | od -An -tx1
            """
        #expect(try Child.script(script).stdout == " fe 63 20 61 ff 62\n")
    }

    @Test func `an argument of the largest size that the kernel takes reaches the program`() throws {
        let script = """
            $POOL exec -- sh -c 'echo ${#1}' sh "$(head -c 131071 /dev/zero | tr '\\0' a)"
            """
        #expect(try Child.script(script).stdout == "131071\n")
    }
}
