// Lists: j/k move, x selects, e expands, o or Enter opens; ticking, ticking a range, the bulk bar.
// A list is <table data-rows> whose rows carry data-href or begin with a link; its bulk bar is .k-bulk in the same [data-list].
(() => {
  const { one, all, on, typing, dialogOpen } = kontor;
  const href = row => row.dataset.href ?? one('a[href]', row)?.href;
  const rows = () => all('table[data-rows] > tbody > tr:not(.k-peek)').filter(href);
  const picks = list => all('tbody .k-pick input', list);

  const moveTo = row => {
    if (!row) return;
    all('tr.k-current').forEach(other => other.classList.remove('k-current'));
    row.classList.add('k-current');
    row.scrollIntoView({ block: 'nearest' });
    if (document.activeElement.matches('.k-expand')) document.activeElement.blur();
  };
  const step = by => {
    const list = rows();
    const at = list.findIndex(row => row.classList.contains('k-current'));
    moveTo(list[Math.max(0, Math.min(list.length - 1, at + by))]);
  };
  const onRow = {
    x: row => one('.k-pick input', row)?.click(),
    // With the focus, so that the next Tab leads into what has opened.
    e: row => { const button = one('.k-expand', row); button?.focus({ preventScroll: true }); button?.click(); },
    o: row => { location.href = href(row); },
    Enter: row => { location.href = href(row); },
  };
  on('keydown', event => {
    if (typing(event.target) || dialogOpen() || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.key === 'j') return step(1);
    if (event.key === 'k') return step(-1);
    // Enter on a link or a button is theirs.
    if (event.key === 'Enter' && event.target.matches('a, button, summary, input')) return;
    const row = one('table[data-rows] tr.k-current');
    if (row && onRow[event.key]) onRow[event.key](row);
  });

  // A list that is drawn anew keeps its place: the same row, else the one that stood behind it, or before it.
  let place = [];
  on('htmx:beforeSwap', () => {
    const list = rows();
    const at = list.findIndex(row => row.classList.contains('k-current'));
    if (at >= 0) place = [list[at], list[at + 1], list[at - 1]].filter(Boolean).map(href);
  });
  on('htmx:afterSettle', () => {
    if (!place.length || one('tr.k-current')) return;
    const list = rows();
    place.map(url => list.find(row => href(row) === url)).find(Boolean)?.classList.add('k-current');
  });

  const show = list => {
    if (!list) return;
    const boxes = picks(list);
    const ticked = boxes.filter(box => box.checked);
    boxes.forEach(box => box.closest('tr').classList.toggle('k-selected', box.checked));
    const every = one('[data-pick-all]', list);
    if (every) {
      every.checked = ticked.length > 0 && ticked.length === boxes.length;
      every.indeterminate = ticked.length > 0 && ticked.length < boxes.length;
    }
    const bar = one('.k-bulk', list);
    if (!bar) return;
    bar.hidden = ticked.length === 0;
    const matching = one('input[name=all_matching]', list);
    if (ticked.length < boxes.length && matching) matching.value = '';
    const whole = matching?.value === '1';
    one('[data-picked]', bar).textContent = whole ? matching.dataset.total : ticked.length;
    const offer = one('[data-pick-matching]', bar);
    if (offer) offer.hidden = whole || ticked.length !== boxes.length;
  };

  let lastPick = null;
  const pickRange = (list, box) => {
    const boxes = picks(list);
    const [from, to] = [boxes.indexOf(lastPick), boxes.indexOf(box)].sort((a, b) => a - b);
    if (from >= 0) boxes.slice(from, to + 1).forEach(other => { other.checked = box.checked; });
  };
  on('click', event => {
    const target = event.target;
    const list = target.closest('[data-list]');
    if (!list) return;
    const cell = target.closest('td.k-pick, th.k-pick');
    if (cell && target === cell) return one('input', cell)?.click();
    if (target.matches('[data-pick-all]')) picks(list).forEach(box => { box.checked = target.checked; });
    else if (target.closest('[data-unpick]')) all('.k-pick input', list).forEach(box => { box.checked = false; });
    else if (target.closest('[data-pick-matching]')) one('input[name=all_matching]', list).value = '1';
    else if (cell) {
      if (event.shiftKey && lastPick) pickRange(list, target);
      lastPick = target;
    } else return;
    show(list);
  });
  on('htmx:afterSettle', () => all('[data-list]').forEach(show));
  on('kontor:clear-selection', () => all('[data-list]').forEach(list => {
    picks(list).forEach(box => { box.checked = false; });
    show(list);
  }));

  // A list says it once here instead of fifty times on the wire.
  const closed = () => all('.k-expand:not([aria-expanded])').forEach(button => button.setAttribute('aria-expanded', 'false'));
  on('DOMContentLoaded', closed);
  on('htmx:afterSettle', closed);

  // The second click on an open row closes it without asking the server.
  on('click', event => {
    const button = event.target.closest('.k-expand');
    if (!button) return;
    const open = button.getAttribute('aria-expanded') === 'true';
    button.setAttribute('aria-expanded', String(!open));
    if (!open) return;
    event.preventDefault();
    event.stopPropagation();
    const peek = document.getElementById(button.getAttribute('aria-controls')) ?? button.closest('tr').nextElementSibling;
    if (peek?.matches('.k-peek')) peek.remove();
  }, true);
})();
