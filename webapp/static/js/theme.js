// The colour scheme turns at once; the profile remembers it.
(() => {
  const { one, on } = kontor;
  const asComputer = () => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  const current = () => {
    const { theme } = document.documentElement.dataset;
    return theme === 'system' ? asComputer() : theme;
  };
  on('submit', event => {
    if (!event.target.matches('[data-theme-form]')) return;
    const theme = current() === 'dark' ? 'light' : 'dark';
    one('input[name=theme]', event.target).value = theme;
    document.documentElement.dataset.theme = theme;
  }, true);
})();
