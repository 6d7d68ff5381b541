// Menus are <details class="k-menu">: they open without a script; here they close, and filters with many ticks apply on closing.
(() => {
  const { all, on } = kontor;
  const changed = new WeakSet();
  const close = menu => { menu.open = false; };

  on('click', event => {
    for (const menu of all('details.k-menu[open]')) if (!menu.contains(event.target)) close(menu);
  });
  on('keydown', event => {
    const menu = event.target.closest?.('details.k-menu[open]');
    if (!menu) return;
    if (event.key === 'Escape') {
      event.stopPropagation();
      close(menu);
      menu.querySelector('summary').focus();
    }
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const items = all('.k-menu-panel :is(a, button, input, select)', menu);
      const step = event.key === 'ArrowDown' ? 1 : -1;
      const next = items[items.indexOf(document.activeElement) + step] ?? (step > 0 ? items[0] : items.at(-1));
      if (!event.target.matches('select, input[type=date], input[type=number]')) { event.preventDefault(); next?.focus(); }
    }
  }, true);

  on('change', event => {
    const menu = event.target.closest('form.k-filters details.k-menu');
    if (menu) changed.add(menu);
  });
  on('toggle', event => {
    const menu = event.target;
    if (menu.open) { for (const other of all('details.k-menu[open]')) if (other !== menu) close(other); return; }
    if (!changed.delete(menu)) return;
    htmx.trigger(menu.closest('form'), 'filters:apply');
  }, true);
})();
