import CGExec

/// What can be said of a job once its defaults are in it, before its sweep is expanded.
extension JobFileReader {
    /// Makes the pattern even of a job with something wrong in it, so that the rest of it is judged as well.
    mutating func pattern(_ draft: JobDraft, at place: Place) -> JobPattern {
        let command = command(of: draft, at: place)
        checkReferences(draft, command: command?.arguments ?? [], at: place)
        let limits = limits(of: draft)
        return JobPattern(
            place: place, draft: draft, command: command?.arguments ?? [], isShell: command?.isShell ?? false,
            limits: limits)
    }

    private mutating func command(of draft: JobDraft, at place: Place) -> (
        arguments: [Located<Template>], isShell: Bool
    )? {
        guard let command = draft.command else {
            if !draft.hasGaps { report(place, "the job has no command; write command: [PROGRAM, ARGUMENT, …]") }
            return nil
        }
        let isShell = draft.shell?.value ?? false
        switch command.value {
        case .list(let arguments):
            guard !isShell else {
                report(
                    command.place,
                    "with shell: true the command is one text, not a list; write it as one, or say shell: false")
                return nil
            }
            guard arguments[0].value != Template("") else {
                report(arguments[0].place, "the program is empty")
                return nil
            }
            return (arguments, false)
        case .text(let text):
            guard isShell else {
                report(
                    command.place,
                    "a command is a list, such as [gzip, -9, data.txt]; add shell: true to have /bin/sh read a single text"
                )
                return nil
            }
            let fixed = ["/bin/sh", "-c"].map { Located(value: Template($0), place: command.place) }
            return (fixed + [text], true)
        }
    }

    private mutating func limits(of draft: JobDraft) -> Limits {
        var limits = Limits()
        for option in LimitOption.all {
            // Each text was accepted when the draft was read.
            for text in draft.limits[option.name]?.value ?? [] { try? option.apply(text, to: &limits) }
        }
        return limits
    }

    // MARK: Placeholders

    private func isDeclared(_ reference: Template.Reference, _ draft: JobDraft) -> Bool {
        if reference.builtIn != nil { return true }
        let isVariable = draft.sweep.contains { $0.name == reference.word }
        // {foo.bar} is plain text, unless foo is a variable; {foo.stem} is meant as a placeholder.
        return reference.member == nil || reference.part != nil ? isVariable : !isVariable
    }

    /// Reports placeholders that cannot stand where they do.
    private mutating func checkReferences(_ draft: JobDraft, command: [Located<Template>], at place: Place) {
        for template in command + draft.launchTemplates + draft.earlyTemplates {
            for reference in Set(template.value.references) where !isDeclared(reference, draft) {
                let message = undeclared(reference, draft, at: place)
                repeated.add("\(reference)", template.place, message)
            }
        }
        for template in draft.earlyTemplates {
            for reference in Set(template.value.references) where reference.builtIn?.isLate == true {
                repeated.add(
                    "\(reference)", template.place,
                    "\(reference) is known only when the job starts, so it can stand in command, fallback, env, cwd and paths only"
                )
            }
        }
        if let source = draft.name ?? command.first, source.value.references.contains(where: { $0.builtIn == .name }) {
            let isNamed = draft.name != nil
            repeated.add(
                "name", source.place,
                isNamed ? "the name cannot contain {name}" : "{name} is made from the program; give the job a name")
        }
    }

    private func undeclared(_ reference: Template.Reference, _ draft: JobDraft, at place: Place) -> String {
        let variables = draft.sweep.map(\.name)
        if variables.contains(reference.word), let member = reference.member {
            let parts = Template.Part.allCases.map(\.rawValue)
            let guess = closest(to: member, among: parts).map { "did you mean {\(reference.word).\($0)}?" }
            return
                "\(reference) is not a part of \(reference.word); \(guess ?? "the parts are \(parts.joined(separator: ", "))")"
        }
        if reference.member != nil, Template.BuiltIn(rawValue: reference.word) != nil {
            return "\(reference): only variables of a sweep have parts; write {\(reference.word)}"
        }
        let builtIns = Template.BuiltIn.allCases.map(\.rawValue)
        let guess = closest(to: reference.word, among: variables + builtIns).map { "did you mean {\($0)}? Else " } ?? ""
        return
            "the placeholder \(reference) is not declared for \(place.path); \(guess)add '\(reference.word)' to its sweep, "
            + "or write {\(reference)} if the text itself is meant"
    }

    // MARK: Size

    static func size(_ text: String) -> Double? {
        guard let size = Double(text), size.isFinite, size >= 0, text.utf8.first != UInt8(ascii: "+") else {
            return nil
        }
        return size
    }

    static func badSize(_ text: String) -> String {
        "'\(excerpt(text))' is not a size: expected a number from 0 on, such as 9 or 2.5"
    }
}
