// Keys that work on every page: / search, ? help, Escape, Ctrl/Cmd-Enter posts a note, and Ctrl/Cmd-K: the palette that jumps to a page, an action or an order.
(() => {
  const { one, all, on, typing, dialogOpen, words } = kontor;

  on('keydown', event => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      return openPalette();
    }
    if ((event.ctrlKey || event.metaKey) && event.key === 'Enter' && event.target.matches('.k-compose textarea')) {
      event.preventDefault();
      return event.target.form.requestSubmit();
    }
    if (event.key === 'Escape' && typing(event.target) && !event.target.closest('dialog')) return event.target.blur();
    if (typing(event.target) || dialogOpen() || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.key === '/') { event.preventDefault(); one('#search')?.focus(); }
    if (event.key === '?') one('#keyboard-help')?.showModal();
  });

  const label = element => (element.getAttribute('aria-label') || element.textContent).replace(/\s+/g, ' ').trim();
  const pages = () => all('.k-sidebar a.k-nav').map(link => (
    { text: label(one('span', link)), kind: words('page'), run: () => { location.href = link.href; } }));
  const actions = () => all('.k-head :is(a, button), .k-top form button, .k-me button')
    .filter(element => !element.disabled && element.checkVisibility())
    .map(element => ({ text: label(element), kind: words('action'), run: () => element.click() }));
  const search = query => {
    const form = one('.k-search');
    return form && query ? [{
      text: `${words('find')} “${query}”`, kind: words('orders'),
      run: () => { one('#search').value = query; form.requestSubmit(); },
    }] : [];
  };

  let entries = [];
  let chosen = 0;
  const matches = query => {
    const wanted = query.trim().toLowerCase();
    const known = [...pages(), ...actions()].filter(entry => entry.text.toLowerCase().includes(wanted));
    return [...search(query.trim()).filter(() => /\d/.test(wanted) || !known.length), ...known,
      ...search(query.trim()).filter(() => !/\d/.test(wanted) && known.length)];
  };
  const draw = () => {
    const list = one('#palette-list');
    list.replaceChildren(...entries.map((entry, index) => {
      const item = document.createElement('li');
      item.id = `palette-${index}`;
      item.role = 'option';
      item.setAttribute('aria-selected', String(index === chosen));
      const kind = document.createElement('small');
      kind.textContent = entry.kind;
      item.append(entry.text, kind);
      item.addEventListener('click', () => choose(index));
      return item;
    }));
    const input = one('#palette-input');
    if (entries.length) input.setAttribute('aria-activedescendant', `palette-${chosen}`);
    else input.removeAttribute('aria-activedescendant');
    list.children[chosen]?.scrollIntoView({ block: 'nearest' });
  };
  const choose = index => {
    const entry = entries[index];
    if (!entry) return;
    one('#palette').close();
    entry.run();
  };
  const refill = query => { entries = matches(query); chosen = 0; draw(); };
  const openPalette = () => {
    const palette = one('#palette');
    if (!palette || dialogOpen()) return;
    one('#palette-input').value = '';
    refill('');
    palette.showModal();
  };
  on('input', event => { if (event.target.id === 'palette-input') refill(event.target.value); });
  on('keydown', event => {
    if (event.target.id !== 'palette-input') return;
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move && entries.length) { event.preventDefault(); chosen = (chosen + move + entries.length) % entries.length; draw(); }
    if (event.key === 'Enter') { event.preventDefault(); choose(chosen); }
  });
  on('click', event => { if (event.target.closest('[data-palette]')) openPalette(); });
})();
