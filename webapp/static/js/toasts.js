// Toasts say what happened to what. Good news leaves after six seconds, errors stay until closed.
(() => {
  const { one, on, words } = kontor;
  const STAY_MS = 6000;

  const closeButton = toast => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'k-btn k-btn-ghost k-btn-icon k-btn-small';
    button.setAttribute('aria-label', words('close'));
    button.textContent = '×';
    button.addEventListener('click', () => toast.remove());
    return button;
  };

  kontor.toast = (text, kind = '') => {
    const region = one('#toasts');
    const toast = document.createElement('div');
    toast.className = `k-toast${kind ? ` k-toast-${kind}` : ''}`;
    const line = document.createElement('span');
    line.textContent = text;
    toast.append(line);
    if (kind === 'error') toast.append(closeButton(toast));
    else setTimeout(() => toast.remove(), STAY_MS);
    // Shown again each time, so that it lies above a dialog that was opened since.
    if (region.matches(':popover-open')) region.hidePopover();
    region.showPopover();
    region.append(toast);
  };

  on('kontor:toast', event => kontor.toast(event.detail.text, event.detail.kind));
})();
