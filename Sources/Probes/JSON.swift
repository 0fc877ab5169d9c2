/// A JSON value. A member without a value is left out: a figure that is missing is never 0.
enum JSON {
    case string(String)
    case integer(Int)
    case double(Double)
    case bool(Bool)
    case array([JSON])
    case object([(String, JSON?)])

    static func int(_ number: some BinaryInteger) -> JSON { .integer(Int(number)) }

    static func seconds(_ nanoseconds: UInt64) -> JSON { .double(Double(nanoseconds) / 1e9) }

    /// The members that tell how a call failed; none if it did not.
    static func failure(_ number: Int32?) -> [(String, JSON?)] {
        guard let number else { return [] }
        return [("errno", .int(number)), ("message", .string(Failure.text(of: number)))]
    }

    var text: String {
        switch self {
        case .string(let value): JSON.quoted(value)
        case .integer(let value): String(value)
        case .double(let value): String(value)
        case .bool(let value): String(value)
        case .array(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
        case .object(let members): "{" + members.compactMap(JSON.member).joined(separator: ",") + "}"
        }
    }

    private static func member(_ name: String, _ value: JSON?) -> String? {
        value.map { "\(quoted(name)):\($0.text)" }
    }

    private static func quoted(_ value: String) -> String {
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
