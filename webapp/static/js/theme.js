// The colour scheme turns at once; the profile remembers it.
(() => {
  const { one, on } = kontor;
  const current = () => document.documentElement.dataset.theme
    || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  on('submit', event => {
    if (!event.target.matches('[data-theme-form]')) return;
    const theme = current() === 'dark' ? 'light' : 'dark';
    one('input[name=theme]', event.target).value = theme;
    document.documentElement.dataset.theme = theme;
  }, true);
})();
