/// A file that `report` writes, by the word of its option.
enum ReportFormat: String, CaseIterable {
    case html, csv, markdown, json, junit, joblog, hyperfine, benchexec

    /// The whole file, for this path.
    func render(_ data: ReportData, bySlot: Bool, for path: String) throws -> String {
        switch self {
        case .html: HTMLPage(data, links: HTMLLinks(page: path)).html + "\n"
        case .csv: CSVExport.render(data)
        case .markdown: MarkdownExport.render(data, bySlot: bySlot)
        case .json: try JSONExport.render(data)
        case .junit: JUnitExport.render(data)
        case .joblog: JoblogExport.render(data)
        case .hyperfine: try HyperfineExport.render(data)
        case .benchexec: BenchExecExport.render(data)
        }
    }
}
