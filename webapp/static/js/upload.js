// A file dropped anywhere on a form with [data-drop] is chosen in its file input; without a script the input alone does.
(() => {
  const { one, on } = kontor;
  const form = event => event.target.closest?.('form[data-drop]');
  const carriesFiles = event => [...(event.dataTransfer?.types ?? [])].includes('Files');

  on('dragover', event => {
    if (!form(event) || !carriesFiles(event)) return;
    event.preventDefault();
    form(event).classList.add('k-drop-over');
  });
  on('dragleave', event => {
    const left = form(event);
    if (left && !left.contains(event.relatedTarget)) left.classList.remove('k-drop-over');
  });
  on('drop', event => {
    const target = form(event);
    if (!target || !carriesFiles(event)) return;
    event.preventDefault();
    target.classList.remove('k-drop-over');
    const input = one('input[type=file]', target);
    input.files = event.dataTransfer.files;
    input.focus();
  });
})();
