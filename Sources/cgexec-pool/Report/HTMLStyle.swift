/// The page's style sheet. Colours are chosen so that texts have a contrast of 4.5 to 1 and signs one of 3 to 1 on both
/// grounds (WCAG 2.2, 1.4.3 and 1.4.11), and so that they differ for the colour-blind; signs and patterns tell them
/// apart, too.
enum HTMLStyle {
    static let text = """
        :root {
          color-scheme: light dark; --ground: light-dark(#f6f7f9, #12161b); --panel: light-dark(#ffffff, #1a2027);
          --ink: light-dark(#1c232b, #e4e9ee); --muted: light-dark(#54606c, #a3aeb9);
          --line: light-dark(#d7dde3, #343d47); --link: light-dark(#0b57b5, #8ec0ff);
          --stripe: light-dark(#f6f8fa, #1e252d); --ok: light-dark(#0a7560, #45c4ab);
          --failed: light-dark(#b5301f, #ff8f7a); --time: light-dark(#8a5a00, #e8b548);
          --memory: light-dark(#7a3fc4, #c6a0ff); --limit: light-dark(#0b5fad, #74b6ff);
          --undone: light-dark(#596572, #a0abb7); --s0: light-dark(#0068a8, #5bb5ec);
          --s1: light-dark(#b84e00, #ff9a5a); --s2: light-dark(#00735a, #45c4ab); --s3: light-dark(#9c3f78, #e795c6);
          --s4: light-dark(#776200, #e3c549); --s5: light-dark(#4a49a8, #aeadff); --s6: light-dark(#555d66, #c0c6cc);
          --s7: light-dark(#8a2f08, #f3b48a);
        }
        :root[data-theme="light"] { color-scheme: light; }
        :root[data-theme="dark"] { color-scheme: dark; }
        * { box-sizing: border-box; }
        body {
          margin: 0; background: var(--ground); color: var(--ink);
          font: 15px/1.45 system-ui, "Segoe UI", "Liberation Sans", "DejaVu Sans", sans-serif;
        }
        header {
          position: sticky; top: 0; z-index: 5; display: flex; flex-wrap: wrap; gap: .4rem 2rem;
          align-items: baseline; justify-content: space-between; padding: .7rem clamp(1rem, 3vw, 2.5rem);
          background: var(--panel); border-bottom: 1px solid var(--line);
        }
        header div { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: baseline; min-width: 0; }
        h1 { margin: 0; font-size: 1.25rem; overflow-wrap: anywhere; }
        h2 { margin: 0 0 .8rem; font-size: 1.3rem; }
        h3 { margin: 0; font-size: 1rem; }
        header p, figcaption p, footer p { margin: 0; color: var(--muted); }
        nav { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; align-items: baseline; }
        main, footer { max-width: 1840px; margin: 0 auto; padding: 1.2rem clamp(1rem, 3vw, 2.5rem); }
        section { margin-bottom: 2.4rem; scroll-margin-top: 4.5rem; }
        #table-title { scroll-margin-top: 4.5rem; outline: none; }
        a { color: var(--link); }
        a, code { overflow-wrap: anywhere; }
        small { display: block; color: var(--muted); }
        button, input, select {
          font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--muted);
          border-radius: 6px; padding: .25rem .6rem;
        }
        button { cursor: pointer; }
        button:hover:enabled { border-color: var(--link); }
        button:disabled { opacity: .5; cursor: default; }
        :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
        .skip { position: absolute; left: -999rem; }
        .skip:focus { left: 1rem; top: .5rem; z-index: 9; padding: .4rem .8rem; background: var(--panel); }
        .hidden { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
        [hidden] { display: none !important; }
        .signs { position: absolute; }
        .figures {
          display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem;
          margin-bottom: .8rem;
        }
        .figures p, .counts > div, figure, .box, .machines {
          margin: 0; background: var(--panel); border: 1px solid var(--line); border-radius: 10px;
          padding: .8rem 1rem;
        }
        .figures p { color: var(--muted); line-height: 1.3; font-size: .9rem; }
        .figures strong {
          display: block; color: var(--ink); font-size: 1.55rem; line-height: 1.25; font-weight: 650;
          font-variant-numeric: tabular-nums;
        }
        .counts {
          display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: .8rem;
          margin-bottom: .8rem;
        }
        .counts table { width: 100%; border-collapse: collapse; margin-top: .4rem; }
        .counts th, .counts td { padding: .15rem .5rem .15rem 0; }
        .counts th { text-align: left; white-space: nowrap; width: 1%; font-weight: 400; }
        .counts td.n { width: 1%; }
        .counts svg { display: block; width: 100%; max-width: 26rem; height: 12px; }
        .box { margin-bottom: .8rem; }
        .machines { border-collapse: separate; border-spacing: 0; width: 100%; }
        .machines th { text-align: left; color: var(--muted); font-weight: 500; }
        .machines th, .machines td { padding: .1rem 1.4rem .1rem 0; white-space: nowrap; }
        .long { grid-column: 1 / -1; }
        figure.long svg:not(.key) { min-width: 60rem; }
        .plots {
          display: grid; grid-template-columns: repeat(auto-fit, minmax(min(34rem, 100%), 1fr)); gap: .8rem;
          align-items: start;
        }
        figure { min-width: 0; }
        figcaption { margin-bottom: .4rem; }
        figcaption p { font-size: .88rem; max-width: 75ch; }
        .wide { overflow-x: auto; }
        figure svg:not(.key) { display: block; width: 100%; min-width: 34rem; height: auto; }
        figure text { font-size: 12px; fill: var(--muted); }
        figure text.title { fill: var(--ink); }
        .grid { stroke: var(--line); fill: none; }
        .axis { stroke: var(--muted); fill: none; }
        .legend {
          display: flex; flex-wrap: wrap; gap: .15rem 1.2rem; margin: .4rem 0 0; padding: 0; list-style: none;
          font-size: .88rem;
        }
        .legend li { display: flex; align-items: center; gap: .4rem; overflow-wrap: anywhere; }
        .key { flex: none; width: 34px; height: 16px; }
        .ok, .clean { --c: var(--ok); }
        .failed, .invalid { --c: var(--failed); }
        .time, .perturbed { --c: var(--time); }
        .memory { --c: var(--memory); }
        .limit { --c: var(--limit); }
        .undone { --c: var(--undone); }
        .bar { fill: var(--c); }
        .bar.failed { fill: url(#p-failed); }
        .bar.time { fill: url(#p-time); }
        .bar.memory { fill: url(#p-memory); }
        .bar.limit { fill: url(#p-limit); }
        .bar.undone { fill: url(#p-undone); }
        .bar { stroke: var(--panel); stroke-width: .7; }
        .track { fill: var(--line); fill-opacity: .35; }
        .bar.hollow { fill-opacity: .25; stroke: var(--c); }
        .tint { fill: var(--c); fill-opacity: .35; }
        .hatch { stroke: var(--c); stroke-width: 2; fill: none; }
        .flag { stroke: var(--c); stroke-width: 3; fill: none; }
        .flag.perturbed { stroke-dasharray: 3 2; }
        .o { fill: var(--c); stroke: var(--panel); stroke-width: .7; }
        .s0 { --c: var(--s0); }
        .s1 { --c: var(--s1); }
        .s2 { --c: var(--s2); }
        .s3 { --c: var(--s3); }
        .s4 { --c: var(--s4); }
        .s5 { --c: var(--s5); }
        .s6 { --c: var(--s6); }
        .s7 { --c: var(--s7); }
        use[class^="s"] { fill: var(--c); stroke: var(--panel); stroke-width: .7; }
        use.hollow { fill: var(--panel); stroke: var(--c); stroke-width: 1.8; }
        .line { stroke: var(--c); stroke-width: 1.8; fill: none; stroke-linejoin: round; }
        .s1.line { stroke-dasharray: 7 3; }
        .s2.line { stroke-dasharray: 2 3; }
        .s3.line { stroke-dasharray: 9 3 2 3; }
        .s5.line { stroke-dasharray: 5 2; }
        .s6.line { stroke-dasharray: 3 3; }
        .s7.line { stroke-dasharray: 12 4; }
        .area { fill: var(--s0); fill-opacity: .3; stroke: var(--s0); }
        .guide { stroke: var(--ink); fill: none; pointer-events: none; stroke-dasharray: 5 4; }
        .guide.thin { stroke-opacity: .6; stroke-dasharray: 2 4; }
        .box rect, rect.box { fill: var(--s0); fill-opacity: .22; stroke: var(--s0); }
        rect.box { rx: 2px; }
        .whisker { stroke: var(--s0); fill: none; }
        .median { stroke: var(--ink); stroke-width: 2; fill: none; }
        .badge { color: var(--c); font-weight: 600; white-space: nowrap; }
        .badge::before { display: inline-block; width: 1.25em; content: "●"; }
        .badge.ok::before, .badge.clean::before { content: "✓"; }
        .badge.failed::before, .badge.invalid::before { content: "✕"; }
        .badge.time::before { content: "▲"; }
        .badge.memory::before { content: "■"; }
        .badge.limit::before { content: "◆"; }
        .badge.undone::before { content: "○"; }
        .badge.perturbed::before { content: "≈"; }
        .controls { display: flex; flex-wrap: wrap; gap: .5rem 1.2rem; align-items: center; margin-bottom: .7rem; }
        .controls label { display: flex; gap: .4rem; align-items: center; }
        #filter { width: min(22rem, 60vw); }
        #count { color: var(--muted); }
        .pages { display: flex; gap: 1rem; align-items: center; margin-top: .7rem; }
        .rows {
          max-height: 85vh; overflow: auto; background: var(--panel); border: 1px solid var(--line);
          border-radius: 10px;
        }
        .rows table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: .9rem; }
        .rows th, .rows td {
          padding: .35rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line);
        }
        .rows tbody tr:last-child > * { border-bottom: 0; }
        .rows tbody tr > * { background: var(--panel); }
        .rows tbody tr:nth-child(even) > * { background: var(--stripe); }
        .rows thead th {
          position: sticky; top: 0; z-index: 2; background: var(--panel); border-bottom: 2px solid var(--line);
          white-space: nowrap;
        }
        .rows thead button { border: 0; padding: .1rem .2rem; margin: 0 -.2rem; font-weight: 600; background: none; }
        .rows thead button::after { content: " ↕"; color: var(--muted); opacity: .6; }
        [aria-sort="ascending"] button::after { content: " ↑" !important; opacity: 1 !important; }
        [aria-sort="descending"] button::after { content: " ↓" !important; opacity: 1 !important; }
        .rows tbody th { font-weight: 400; min-width: 13rem; max-width: 34rem; overflow-wrap: anywhere; }
        .rows tbody th:has(details[open]) { min-width: min(44rem, 80vw); max-width: 44rem; }
        @media (min-width: 50rem) {
          .rows tbody th:not(:has(details[open])) { position: sticky; left: 0; z-index: 1; }
        }
        .rows td small { max-width: 24rem; }
        .rows td:has(> small) { min-width: 9.5rem; }
        .rows td:has(> .badge + small) { min-width: 13rem; }
        .n, .rows th.n { text-align: right !important; font-variant-numeric: tabular-nums; white-space: nowrap; }
        summary { cursor: pointer; }
        summary span { font-weight: 600; }
        summary small { margin-left: 1.1em; }
        dl {
          margin: .5rem 0 .3rem 1.1em; display: grid; gap: .3rem .9rem; align-items: baseline;
          grid-template-columns: max-content minmax(0, 1fr);
        }
        dt { color: var(--muted); font-size: .85rem; }
        dd { margin: 0; }
        pre {
          margin: 0; padding: .15rem .5rem; max-height: 18rem; overflow: auto;
          white-space: pre-wrap; overflow-wrap: anywhere; background: var(--ground); border-radius: 6px;
          font: .85rem/1.4 ui-monospace, "Liberation Mono", "DejaVu Sans Mono", monospace;
        }
        @media (max-width: 40rem) {
          dl { grid-template-columns: minmax(0, 1fr); gap: .1rem; margin-left: .3rem; }
          header { position: static; }
        }
        @media print {
          :root { color-scheme: light !important; }
          body { font-size: 10pt; background: none; }
          header { position: static; }
          nav, .controls, .pages, .skip { display: none !important; }
          .wide, .rows { max-height: none; overflow: visible; }
          figure svg:not(.key), figure.long svg:not(.key) { min-width: 0; }
          .rows table { font-size: 7pt; }
          .rows th, .rows td, .rows tbody th, .rows td:has(> small) { min-width: 0 !important; padding: .15rem .25rem; }
          .rows tbody th { min-width: 8rem !important; }
          .bar, .badge, .legend, use { print-color-adjust: exact; }
          .rows thead th, .rows tbody th { position: static; }
          figure, tr { break-inside: avoid; }
          .plots { display: block; }
          figure { margin-bottom: .8rem; }
        }
        """
}
