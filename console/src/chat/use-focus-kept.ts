import { type RefObject, useEffect } from 'react';

/**
 * Keeps the focus in a list of articles: where what has it is gone, such as the button of a reply that another version
 * replaces, the same button of the article in its place gets it, or else that article. A person with a keyboard or a
 * screen reader goes on there, and not at the top of the page.
 */
export function useFocusKept(list: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const root = list.current!;
    const articles = () => [...root.querySelectorAll<HTMLElement>('article')];
    let focused: Element | undefined;
    let place = -1;
    const note = ({ target }: FocusEvent) => {
      focused = target as Element;
      place = articles().findIndex((article) => article.contains(focused!));
    };
    const forget = ({ target, relatedTarget }: FocusEvent) => {
      if (relatedTarget) focused = undefined;
      // What is taken away loses the focus to nothing, and is gone then. In a window that rests it stays active.
      else
        queueMicrotask(() => {
          if (focused === target && focused.isConnected && document.activeElement !== focused) focused = undefined;
        });
    };
    const watched = new MutationObserver(() => {
      if (!focused) return;
      if (focused.isConnected) {
        place = articles().findIndex((article) => article.contains(focused!));
        return;
      }
      const label = focused.getAttribute('aria-label');
      focused = undefined;
      if (document.activeElement !== document.body) return;
      const article = articles().at(Math.min(place, articles().length - 1));
      const same = label && article?.querySelector<HTMLElement>(`[aria-label="${CSS.escape(label)}"]:not(:disabled)`);
      (same || article)?.focus({ preventScroll: true });
    });
    root.addEventListener('focusin', note);
    root.addEventListener('focusout', forget);
    watched.observe(root, { childList: true, subtree: true });
    return () => {
      watched.disconnect();
      root.removeEventListener('focusin', note);
      root.removeEventListener('focusout', forget);
    };
  }, [list]);
}
