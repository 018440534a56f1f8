// The live word-level difference between the AI's answer and the text in the editor.
// The same rules as reviewqueue/web/difference.py: words are compared, runs of words are joined, so that whole
// clauses read; the insertion stands where the deletion was. Built from text nodes alone.
(() => {
  "use strict";
  // a word or a sign, with the space that follows it
  const TOKEN = /(?:[\p{L}\p{N}_]+(?:['’.,:-][\p{L}\p{N}_]+)*|[^\p{L}\p{N}_\s])\s*|^\s+/gu;
  const CELLS = 4_000_000; // beyond this many comparisons the changed middle is shown as replaced whole

  const tokens = (text) => text.match(TOKEN) ?? [];
  const face = (token) => token.trimEnd() + (token.includes("\n") ? "\n" : "");
  const wordsIn = (list) => list.filter((token) => /[\p{L}\p{N}]/u.test(token)).length;

  // pairs of positions that stay, in order: the longest common subsequence of the two middles
  const staying = (a, b) => {
    let head = 0;
    while (head < a.length && head < b.length && a[head] === b[head]) head++;
    let tail = 0;
    while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
    const pairs = [];
    for (let n = 0; n < head; n++) pairs.push([n, n]);
    for (const [x, y] of longest(a.slice(head, a.length - tail), b.slice(head, b.length - tail))) pairs.push([x + head, y + head]);
    for (let n = tail; n > 0; n--) pairs.push([a.length - n, b.length - n]);
    return pairs;
  };

  const longest = (a, b) => {
    if (a.length * b.length > CELLS) return [];
    const width = b.length + 1;
    const length = new Uint16Array((a.length + 1) * width);
    for (let x = a.length - 1; x >= 0; x--) {
      for (let y = b.length - 1; y >= 0; y--) {
        const at = x * width + y;
        length[at] = a[x] === b[y] ? length[at + width + 1] + 1 : Math.max(length[at + width], length[at + 1]);
      }
    }
    const pairs = [];
    for (let x = 0, y = 0; x < a.length && y < b.length; ) {
      const at = x * width + y;
      if (a[x] === b[y]) pairs.push([x++, y++]);
      else if (length[at + width] >= length[at + 1]) x++;
      else y++;
    }
    return pairs;
  };

  const spaceAfter = (token = "") => token.slice(token.trimEnd().length);

  // [{same: […], was: […]}, {out: […], in: […]}, …]: what stays (as it is written now and before), what changes
  const runs = (a, b) => {
    const parts = [];
    let [i, j] = [0, 0];
    for (const [x, y] of [...staying(a.map(face), b.map(face)), [a.length, b.length]]) {
      if (x > i || y > j) parts.push({ out: a.slice(i, x), in: b.slice(j, y) });
      if (y < b.length) {
        const last = parts.at(-1);
        if (last?.same) last.same.push(b[y]), last.was.push(a[x]);
        else parts.push({ same: [b[y]], was: [a[x]] });
      }
      [i, j] = [x + 1, y + 1];
    }
    return parts;
  };

  // a word or two between two longer changes are read as part of them, so that whole clauses read
  const joined = (parts) => {
    const whole = [];
    for (let n = 0; n < parts.length; n++) {
      const [last, part, next] = [whole.at(-1), parts[n], parts[n + 1]];
      if (part.same && last?.out && next && isIsland(part.same, last, next)) {
        last.out = [...last.out, ...part.was, ...next.out];
        last.in = [...last.in, ...part.same, ...next.in];
        n++;
      } else whole.push(part);
    }
    return whole.length < parts.length ? joined(whole) : whole;
  };

  const isIsland = (same, before, after) => {
    const size = sizeOf(same);
    if (wordsIn(same) > 2) return false;
    return [before, after].every((one) => size <= Math.max(sizeOf(one.out), sizeOf(one.in))) && !same.some((one) => one.includes("\n"));
  };

  const sizeOf = (list) => list.reduce((sum, token) => sum + token.trimEnd().length, 0);

  const element = (name, text) => {
    const node = document.createElement(name);
    node.textContent = text;
    return node;
  };

  // the space that a deleted word had before it, when what stays there has lost it
  const gap = (part, before) => (part.out.length && before?.same && !spaceAfter(before.same.at(-1)) ? spaceAfter(before.was.at(-1)) : "");

  const draw = (parts) =>
    parts.flatMap((part, n) => {
      if (part.same) return [part.same.join("")];
      const [out, come] = [part.out.join(""), part.in.join("")];
      const nodes = [gap(part, parts[n - 1])];
      if (out.trim()) nodes.push(element("del", out.trimEnd()));
      if (out.trim() && come.trim()) nodes.push(" ");
      if (come.trim()) nodes.push(element("ins", come.trimEnd()));
      const last = come || out;
      return [...nodes, spaceAfter(last)];
    });

  const say = (node, n) => {
    node.textContent = n ? (n === 1 ? node.dataset.one : node.dataset.other).replace("{n}", n) : "";
    node.hidden = n === 0;
  };

  document.addEventListener("rq:turn", ({ detail: { wb, signal } }) => {
    const editor = wb.querySelector("textarea#correction");
    const pane = wb.querySelector(".diff");
    if (!editor || !pane) return;
    const before = tokens(wb.querySelector("#ai-answer").content.textContent.replace(/^\n/, ""));

    const show = () => {
      const after = tokens(editor.value);
      const parts = joined(runs(before, after));
      const total = (side) => parts.reduce((sum, part) => sum + wordsIn(part[side] ?? []), 0);
      pane.querySelector(".text").replaceChildren(...draw(parts));
      say(pane.querySelector(".legend del"), total("out"));
      say(pane.querySelector(".legend ins"), total("in"));
      say(wb.querySelector("#word-count"), wordsIn(after));
      pane.hidden = false;
    };

    let waiting = 0;
    editor.addEventListener("input", () => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(show);
    }, { signal });
    show();
  });
})();
