// The list of orders renews itself when a pull has ended, but never under somebody's hands; ticking all or none; and copying to the clipboard.
(() => {
  const { one, all, on } = kontor;

  const inUse = list => Boolean(one('.k-pick input:checked, .k-peek, details[open]', list))
    || list.contains(document.activeElement) && document.activeElement.matches('input[type=search]');
  on('htmx:beforeRequest', event => {
    const { elt, requestConfig } = event.detail;
    if (elt.id !== 'orders' || requestConfig.triggeringEvent?.type !== 'orders:changed' || !inUse(elt)) return;
    event.preventDefault();
    one('#order-news', elt).hidden = false;
  });

  // Nor does the page of one order while an address is being typed into it; saving shows what is new.
  on('htmx:beforeRequest', event => {
    const { elt, requestConfig } = event.detail;
    const news = ['order:changed', 'orders:changed'].includes(requestConfig.triggeringEvent?.type);
    if (elt.id === 'order' && news && one('form[data-typing]', elt)) event.preventDefault();
  });

  // All or none of the boxes in a fieldset: what listens to one of them hears of it once.
  on('click', event => {
    const button = event.target.closest('[data-ticks]');
    if (!button) return;
    const boxes = all('input[type=checkbox]', button.closest('fieldset'));
    for (const box of boxes) box.checked = button.dataset.ticks === 'all';
    boxes[0]?.dispatchEvent(new Event('input', { bubbles: true }));
  });

  on('click', async event => {
    const button = event.target.closest('[data-copy]');
    if (!button) return;
    const source = one(button.dataset.copy);
    // Browsers lend the clipboard to secure pages only; elsewhere the text is marked, ready for Ctrl-C.
    if (!navigator.clipboard) return getSelection().selectAllChildren(source);
    await navigator.clipboard.writeText(source.textContent);
    kontor.toast(button.dataset.copied);
  });
})();
