import CGExec
import Glibc

/// Tells people and programs of a run, as the rules say. What cannot be told is said on standard error, and fails nothing.
final class Notifier {
    private let rules: [NotifyRule]
    private let complain: @Sendable (String) -> Void
    private let helpers = HelperThreads()
    /// How the run stands, as it is told for this reason.
    var news: (_ event: String) -> RunNews?
    /// How often something started or ended.
    private var happenings = 0
    private var hasFailed = false

    /// So long a mail, a request or a command may take.
    private static let patience = Duration.seconds(30)

    init(_ rules: [NotifyRule], complain: @escaping @Sendable (String) -> Void) {
        self.rules = rules
        self.complain = complain
        news = { _ in nil }
    }

    /// Whether nobody is to be told.
    var isSilent: Bool { rules.isEmpty }

    /// Begins to look at the clock, where a rule is about time.
    func begin(on pool: PoolRun) {
        for rule in rules {
            for occasion in rule.occasions {
                switch occasion {
                case .every(let time): again(every: time, rule, on: pool)
                case .stuck(let time): look(every: time, since: happenings, wasTold: false, rule, on: pool)
                case .finish, .failure: break
                }
            }
        }
    }

    /// Something started or ended.
    func happened() { happenings += 1 }

    /// A job failed for good.
    func failed() {
        if !hasFailed { tell("failure") { $0 == .failure } }
        hasFailed = true
    }

    /// The run is over: tells it, and waits until everything is told.
    func finish() {
        tell("finish") { $0 == .finish }
        helpers.wait()
    }

    private func again(every time: Duration, _ rule: NotifyRule, on pool: PoolRun) {
        pool.after(time) { [weak self] in
            guard let self else { return }
            send("every", by: rule.way)
            again(every: time, rule, on: pool)
        }
    }

    /// Looks whether anything has happened since the last look: so it is told after one to two of these times, and once.
    private func look(every time: Duration, since before: Int, wasTold: Bool, _ rule: NotifyRule, on pool: PoolRun) {
        pool.after(time) { [weak self] in
            guard let self else { return }
            let isStuck = happenings == before
            if isStuck, !wasTold { send("stuck", by: rule.way) }
            look(every: time, since: happenings, wasTold: isStuck, rule, on: pool)
        }
    }

    private func tell(_ event: String, when applies: (NotifyRule.Occasion) -> Bool) {
        for rule in rules where rule.occasions.contains(where: applies) { send(event, by: rule.way) }
    }

    private func send(_ event: String, by way: NotifyRule.Way) {
        guard let news = news(event) else { return }
        let isBegun = helpers.run(way.process(for: news, patience: Self.patience)) { [complain] failure in
            var text = "\(failure)"
            if case .webhook(let url) = way { text = text.replacing(url, with: "its address") }
            complain("--notify \(event): \(text.harmless)")
        }
        if !isBegun { complain("--notify \(event): the system gives no thread (ulimit -u)") }
    }
}

extension NotifyRule.Way {
    /// The program that tells it.
    func process(for news: RunNews, patience: Duration) -> HelperProcess {
        switch self {
        case .mail(let address):
            // It is mostly not in the search path of users.
            let places = ["/usr/sbin/sendmail", "/usr/lib/sendmail"]
            let program = places.first { access($0, X_OK) == 0 } ?? "sendmail"
            return HelperProcess([program, "-i", "--", address], input: news.mail(to: address), patience: patience)
        case .webhook(let url):
            // From standard input, since anybody may read the arguments of a process, and addresses may hold secrets. In
            // curl's files a backslash quotes (curl(1), --config).
            let data = news.json.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            let settings = """
                url = "\(url)"
                header = "Content-Type: application/json"
                data = "\(data)"
                """
            return HelperProcess(
                // Its own settings first off; a redirection asks for the same again, elsewhere.
                [
                    "curl", "--disable", "--silent", "--show-error", "--fail", "--globoff", "--location", "--post301",
                    "--post302", "--post303", "--config", "-",
                ], input: settings + "\n", patience: patience)
        case .command(let text):
            return HelperProcess(["/bin/sh", "-c", text], input: news.json + "\n", patience: patience)
        }
    }
}
