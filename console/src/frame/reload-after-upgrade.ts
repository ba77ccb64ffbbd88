const KEY = 'sextant.reloaded-at';
/** What is still not there after a reload will not be there after the next one either. */
const PAUSE_MS = 60_000;

/**
 * Loads the page again when a part of it is gone: the server was upgraded while the page was open, and its parts have
 * other names now.
 *
 * @see https://vite.dev/guide/build#load-error-handling
 */
export function reloadAfterUpgrade(): void {
  window.addEventListener('vite:preloadError', (event) => {
    if (Date.now() - Number(sessionStorage.getItem(KEY)) < PAUSE_MS) return;
    sessionStorage.setItem(KEY, String(Date.now()));
    event.preventDefault();
    location.reload();
  });
}
