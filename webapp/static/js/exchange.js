// The one file that knows htmx's events: the token, polling in a hidden tab, refusals, lost answers, double submits.
(() => {
  const { one, on, csrf, words } = kontor;
  const HIDDEN_POLL_MS = 5000;
  const DOWNLOAD_MS = 2000;
  // By id: a fragment that polls replaces itself, so the next one to ask is another element.
  const lastPoll = new Map();
  const polls = element => /\bevery\b/.test(element.getAttribute('hx-trigger') ?? '');

  on('htmx:configRequest', event => {
    const { headers, elt, triggeringEvent } = event.detail;
    headers['X-CSRFToken'] = csrf();
    // A page that only looks at running work must not keep its reader signed in for ever.
    if (polls(elt) && (!triggeringEvent || triggeringEvent.type === 'hx:poll:trigger')) headers['X-Kontor-Poll'] = '1';
  });

  on('htmx:beforeRequest', event => {
    const element = event.detail.elt;
    if (polls(element) && document.hidden) {
      if (Date.now() - (lastPoll.get(element.id) ?? 0) < HIDDEN_POLL_MS) return event.preventDefault();
      lastPoll.set(element.id, Date.now());
    }
  });

  // Ours carry HX-Retarget and are shown; a proxy's own error page is not ours and must not replace half a page.
  on('htmx:beforeSwap', event => {
    const { xhr, isError } = event.detail;
    const ours = xhr.getResponseHeader('HX-Retarget') === '#notices';
    if (isError && !ours) event.detail.shouldSwap = false;
    const dialog = one('#dialog');
    if (ours && dialog?.open) event.detail.target = one('#dialog-notice');
  });

  const polled = event => event.detail.requestConfig?.headers?.['X-Kontor-Poll'];
  on('htmx:responseError', event => {
    if (!event.detail.xhr.getResponseHeader('HX-Retarget') && !polled(event)) kontor.toast(words('failed'), 'error');
  });
  const lost = event => {
    if (polled(event)) return;
    kontor.toast(words(event.detail.requestConfig?.verb === 'get' ? 'unreachable' : 'lost'), 'error');
  };
  on('htmx:sendError', lost);
  on('htmx:timeout', lost);

  // Signed out while a form was being filled in: once its reader has signed in elsewhere, the page takes the new token.
  let signedOut = false;
  on('htmx:afterRequest', event => { if (event.detail.xhr.status === 401) signedOut = true; });
  window.addEventListener('focus', async () => {
    if (!signedOut) return;
    const answer = await fetch('/form-token', { redirect: 'error' }).catch(() => null);
    if (!answer?.ok) return;
    signedOut = false;
    const token = await answer.text();
    one('meta[name=csrf-token]').content = token;
    kontor.all('input[name=csrf_token]').forEach(input => { input.value = token; });
    one('#notices').replaceChildren();
    one('#dialog-notice').replaceChildren();
  });

  // Who acts stays where they were: a link or button that is drawn anew is found again by where it leads, and focused.
  // What has an id is htmx's own business.
  const stood = new WeakMap();
  const alike = element => {
    if (element.matches('a[href]')) return `a[href="${CSS.escape(element.getAttribute('href'))}"]`;
    const action = element.matches('button') && element.closest('form[action]')?.getAttribute('action');
    return action ? `form[action="${CSS.escape(action)}"] button` : null;
  };
  on('htmx:beforeSwap', ({ detail }) => {
    const element = document.activeElement;
    if (element === document.body || element.id || !detail.target.contains(element)) return;
    const selector = alike(element);
    if (selector) stood.set(detail.xhr, { selector, words: element.textContent });
  });
  on('htmx:afterSettle', ({ detail }) => {
    const { selector, words } = stood.get(detail.xhr) ?? {};
    if (!selector || document.activeElement !== document.body) return;
    kontor.all(selector).find(element => element.textContent === words)?.focus({ preventScroll: true });
  });

  // A form that is on its way is not sent again, by htmx or by the browser. Asked at htmx:confirm, the first thing
  // that happens to a click: a little later htmx would put the second one in a queue and send it after the first.
  const inFlight = new WeakSet();
  const busy = form => form.dataset.busy === '1';
  const setBusy = (form, value) => {
    if (value) form.dataset.busy = '1'; else delete form.dataset.busy;
    for (const button of form.querySelectorAll('button:not([type=button])')) {
      if (value) button.setAttribute('aria-disabled', 'true'); else button.removeAttribute('aria-disabled');
    }
  };
  // A form that is only looked at on its way (data-looks) may ask again before the answer to the last time is there.
  const acts = detail => (detail.verb ?? detail.requestConfig?.verb) !== 'get' && !('looks' in detail.elt.dataset);
  on('htmx:confirm', event => { if (acts(event.detail) && inFlight.has(event.detail.elt)) event.preventDefault(); });
  on('htmx:beforeRequest', ({ detail }) => {
    if (!acts(detail)) return;
    inFlight.add(detail.elt);
    if (detail.elt.matches('form')) setBusy(detail.elt, true);
  });
  on('htmx:afterRequest', ({ detail }) => {
    if (!acts(detail)) return;
    inFlight.delete(detail.elt);
    if (detail.elt.matches('form')) setBusy(detail.elt, false);
  });
  on('submit', event => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== 'post' || form.hasAttribute('hx-post')) return;
    if (busy(form)) return event.preventDefault();
    setBusy(form, true);
    // What answers with a file leaves the page where it is: after a double click's time it can be asked for again.
    if ('download' in form.dataset) setTimeout(() => setBusy(form, false), DOWNLOAD_MS);
  });
  window.addEventListener('pageshow', () => kontor.all('form[data-busy]').forEach(form => setBusy(form, false)));
})();
