/// The page's script: sorts, filters and pages the table, and turns the colours over. Everything is made of text
/// nodes and attributes, never of markup.
enum HTMLScript {
    static let text = #"""
        "use strict";
        (() => {
          const id = name => document.getElementById(name);
          const make = (name, text, look) => {
            const element = document.createElement(name);
            if (text !== undefined) element.textContent = text;
            if (look) element.className = look;
            return element;
          };

          // Colours: the system's until the reader decides.
          const root = document.documentElement;
          const system = matchMedia("(prefers-color-scheme: dark)");
          const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
          const tell = () => { id("theme").textContent = isDark() ? "Light colours" : "Dark colours"; };
          id("theme").addEventListener("click", () => {
            root.dataset.theme = isDark() ? "light" : "dark";
            tell();
          });
          system.addEventListener("change", tell);
          tell();
          id("theme").hidden = false;

          // The table.
          const { size, columns, rows } = JSON.parse(id("data").textContent);
          const kinds = columns.map(column => column[1]);
          const titles = columns.map(column => column[0]);
          const body = document.querySelector("#rows tbody");
          const heads = [...document.querySelectorAll("#rows thead th")];
          const isNumber = kind => kind === "number" || kind === "seconds" || kind === "mebibytes";
          const first = cell => Array.isArray(cell) ? cell[0] : cell;
          const state = { column: -1, direction: 1, page: 0, shown: [] };

          // Each column is put in order once; what is not known is always last.
          const orders = [];
          const order = column => orders[column] ??= (() => {
            const keys = rows.map(row => first(row[1][column]));
            const known = [], absent = [];
            keys.forEach((key, index) => (key === null ? absent : known).push(index));
            let rank = keys;
            if (!isNumber(kinds[column])) {
              const compare = new Intl.Collator("en", { numeric: true }).compare;
              const different = [...new Set(known.map(index => keys[index]))].sort(compare);
              const places = new Map(different.map((key, place) => [key, place]));
              rank = keys.map(key => places.get(key));
            }
            known.sort((left, right) => rank[left] - rank[right] || left - right);
            return { known, absent };
          })();

          const texts = [];
          const text = index => texts[index] ??=
            JSON.stringify([rows[index][1], rows[index][2]]).toLowerCase().replaceAll('","', " ");
          const matches = (index, column, choice) => {
            if (!choice || column < 0) return true;
            const word = String(first(rows[index][1][column]) ?? "").split(" ")[0];
            return choice[0] === "!" ? word !== choice.slice(1) : word === choice;
          };

          const columnOf = { outcome: titles.indexOf("Outcome"), validity: titles.indexOf("Validity") };
          for (const [name, column] of Object.entries(columnOf)) {
            if (column < 0) { id(name).parentElement.hidden = true; continue; }
            const words = new Set(rows.map(row => String(first(row[1][column]) ?? "").split(" ")[0]));
            for (const word of [...words].filter(Boolean).sort()) {
              const option = make("option", word);
              option.value = word;
              id(name).append(option);
            }
          }

          const format = (cell, kind) =>
            kind === "seconds" ? cell.toFixed(3) : kind === "mebibytes" ? cell.toFixed(1) : String(cell);
          const fill = (place, cell, kind) => {
            if (cell === null) return place;
            if (isNumber(kind)) { place.textContent = format(cell, kind); return place; }
            place.append(make("span", first(cell), kind === "badge" ? "badge " + cell[2] : ""));
            if (Array.isArray(cell) && cell[1]) place.append(make("small", cell[1]));
            return place;
          };
          // What is inside a row is made when it is opened.
          const open = (details, inside) => {
            if (details.lastChild.tagName === "DL") return;
            const list = make("dl");
            for (const [title, value, address] of inside) {
              list.append(make("dt", title));
              const place = make("dd");
              const content = make(address ? "a" : "pre", value);
              if (address) content.href = address;
              place.append(content);
              list.append(place);
            }
            details.append(list);
          };
          const show = index => {
            const line = make("tr");
            rows[index][1].forEach((cell, column) => {
              if (column > 0) {
                line.append(fill(make("td", undefined, isNumber(kinds[column]) ? "n" : ""), cell, kinds[column]));
                return;
              }
              const head = make("th"), details = make("details"), summary = fill(make("summary"), cell, kinds[column]);
              head.scope = "row";
              details.append(summary);
              details.addEventListener("toggle", () => open(details, rows[index][2]));
              head.append(details);
              line.append(head);
            });
            return line;
          };
          const draw = count => {
            const { page, shown } = state;
            const from = page * size, to = Math.min(shown.length, from + count);
            body.replaceChildren(...shown.slice(from, to).map(show));
            id("pages").hidden = shown.length <= size;
            id("place").textContent = `${from + 1} to ${to} of ${shown.length}`;
            id("before").disabled = page === 0;
            id("after").disabled = to >= shown.length;
          };
          const apply = () => {
            const words = id("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
            const { outcome, validity } = columnOf;
            const [chosen, verdict, last] = [id("outcome").value, id("validity").value, id("last").value];
            const sorted = state.column < 0 ? { known: rows.keys(), absent: [] } : order(state.column);
            const known = state.direction < 0 ? [...sorted.known].reverse() : [...sorted.known];
            state.shown = known.concat(sorted.absent).filter(index =>
              (!last || rows[index][0] === 1) && matches(index, outcome, chosen) && matches(index, validity, verdict)
              && words.every(word => text(index).includes(word)));
            state.page = 0;
            id("count").textContent = `${state.shown.length} of ${rows.length} attempts`;
            draw(size);
          };

          heads.forEach((head, column) => {
            const button = make("button", head.textContent);
            button.type = "button";
            head.replaceChildren(button);
            head.setAttribute("aria-sort", "none");
            button.addEventListener("click", () => {
              state.direction = state.column === column ? -state.direction : 1;
              state.column = column;
              heads.forEach(other => other.setAttribute("aria-sort", "none"));
              head.setAttribute("aria-sort", state.direction > 0 ? "ascending" : "descending");
              apply();
            });
          });
          id("controls").addEventListener("submit", event => event.preventDefault());
          id("controls").addEventListener("input", apply);
          const turn = by => { state.page += by; draw(size); id("rows").scrollTop = 0; };
          id("before").addEventListener("click", () => turn(-1));
          id("after").addEventListener("click", () => turn(1));
          // On paper there are no pages to turn; nobody prints more than this.
          addEventListener("beforeprint", () => { state.page = 0; draw(2000); });
          addEventListener("afterprint", () => draw(size));

          // Before anybody asks, when nothing else is to be done.
          const idle = globalThis.requestIdleCallback ?? setTimeout;
          columns.forEach((_, column) => idle(() => order(column)));

          id("controls").hidden = false;
          document.querySelectorAll(".plain").forEach(element => element.remove());
          apply();
        })();
        """#
}
