// Native dialogs: content arrives in #dialog-body and opens it; the server closes it with kontor:close-dialog.
(() => {
  const { one, on } = kontor;
  const dialog = () => one('#dialog');

  on('htmx:afterSwap', event => {
    const target = event.detail.target;
    if (target.id === 'dialog-body' && target.innerHTML.trim() && !dialog().open) dialog().showModal();
    one('.k-errors', target.isConnected ? target : document)?.focus();
  });
  on('DOMContentLoaded', () => one('main .k-errors')?.focus());

  on('kontor:close-dialog', () => dialog()?.close());
  on('click', event => {
    if (event.target.closest('[data-close]')) event.target.closest('dialog')?.close();
    const opener = event.target.closest('[data-dialog]');
    if (opener) one(`#${opener.dataset.dialog}`)?.showModal();
  });
  // Emptied a moment later: an element that leaves the page while htmx still sends events from it loses them.
  on('close', event => {
    if (event.target.id === 'dialog') setTimeout(() => {
      one('#dialog-body').replaceChildren();
      one('#dialog-notice').replaceChildren();
    });
  }, true);

  // Questions: data-confirm on a form or a button, hx-confirm on anything htmx sends. Both open the same dialog.
  let answer = null;
  const ask = (question, button, then) => {
    const box = one('#confirm');
    one('#confirm-question').textContent = question;
    one('#confirm-yes').textContent = button || box.dataset.yes;
    answer = then;
    box.returnValue = '';
    box.showModal();
  };
  on('close', event => {
    if (event.target.id !== 'confirm') return;
    const then = answer;
    answer = null;
    if (event.target.returnValue === 'yes') then?.();
  }, true);
  on('htmx:confirm', event => {
    if (!event.detail.question) return;
    event.preventDefault();
    ask(event.detail.question, event.detail.elt.dataset.confirmButton, () => event.detail.issueRequest(true));
  });
  on('submit', event => {
    const form = event.target;
    const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
    if (!question || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopPropagation();
    const submitter = event.submitter;
    ask(question, submitter?.dataset.confirmButton ?? form.dataset.confirmButton, () => {
      form.dataset.confirmed = '1';
      form.requestSubmit(submitter);
      delete form.dataset.confirmed;
    });
  }, true);
})();
