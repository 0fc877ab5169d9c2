import Glibc

/// Opens descriptors until the kernel says no.
enum Descriptors {
    static let command = Command(
        name: "files",
        synopsis: "N",
        summary: "Open N descriptors, all at once; report how many worked, and the errno that stopped it.",
        run: run
    )

    private static func run(_ arguments: inout Arguments) throws(Failure) -> Int32 {
        let wanted = try arguments.count(operand: "N", in: 1...10_000_000)
        try arguments.finish()

        var opened = 0
        var error: Int32?
        while opened < wanted && error == nil {
            // The root directory exists in every sandbox; /dev/null need not.
            if open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0 { opened += 1 } else { error = errno }
        }
        try Output.report(.object([("opened", .int(opened))] + JSON.failure(error)))
        return 0
    }
}
