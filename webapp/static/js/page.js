// What every other file here uses: finding elements, speaking htmx, saying something to the reader.
// All scripts are classic, deferred and in <head>: after a history restore nothing runs twice, and no element is remembered.
window.kontor = (() => {
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const on = (name, handler, capture = false) => document.addEventListener(name, handler, capture);
  const csrf = () => one('meta[name=csrf-token]')?.content ?? '';
  const words = key => one('#words')?.dataset[key] ?? '';
  const typing = target => target.matches?.('input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]');
  const dialogOpen = () => Boolean(one('dialog[open]'));
  return { one, all, on, csrf, words, typing, dialogOpen };
})();
