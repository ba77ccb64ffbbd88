import { randomBytes } from 'node:crypto';

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly type: 'email' | 'password' | 'text';
  readonly autocomplete: string;
}

export interface Form {
  readonly title: string;
  readonly intro: string;
  readonly fields: readonly Field[];
  readonly submit: string;
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:12vh auto;padding:0 1rem;color:#1a2330;background:#f6f7f9}
h1{font-size:1.4rem}form{display:grid;gap:.9rem}label{display:grid;gap:.2rem;font-size:.9rem}
input,button{font:inherit;padding:.55rem .7rem;border:1px solid #b8c0cc;border-radius:.4rem}
button{background:#1d4ed8;color:#fff;border:0;cursor:pointer}button.quiet{background:none;color:inherit;border:1px solid #b8c0cc}
fieldset{border:0;padding:0;margin:0}fieldset label{display:flex;gap:.5rem;align-items:baseline}strong{overflow-wrap:anywhere}
p[role=alert]{color:#b42318}
@media(prefers-color-scheme:dark){body{background:#12161c;color:#e6e9ee}input{background:#1b212a;color:inherit}}`;

/** Returns a page with a form that posts to where it came from; it needs no script and loads nothing. */
export function formPage(form: Form, token: string, problem?: string): Response {
  const fields = form.fields.map(
    ({ name, label, type, autocomplete }) =>
      `<label>${escapeHtml(label)}<input name="${name}" type="${type}" autocomplete="${autocomplete}" required></label>`,
  );
  const body = `<p>${escapeHtml(form.intro)}</p>${problem === undefined ? '' : `<p role="alert">${escapeHtml(problem)}</p>`}
<form method="post"><input type="hidden" name="token" value="${escapeHtml(token)}">${fields.join('')}<button>${escapeHtml(form.submit)}</button></form>`;
  return htmlPage({ status: problem === undefined ? 200 : 400, title: form.title, body });
}

/** Returns a page that says one thing. */
export const messagePage = (title: string, text: string): Response =>
  htmlPage({ status: 200, title, body: `<p>${escapeHtml(text)}</p>` });

/** A page that needs no script and loads nothing. */
export interface Page {
  readonly status: number;
  readonly title: string;
  /** HTML. */
  readonly body: string;
  /** Of the texts; default: English. */
  readonly language?: string;
  /**
   * Whether its form leads to the place of an app, which may lead on: browsers apply a policy for forms to each of
   * them, and some have no word in it. Nothing on such a page is HTML of another, and its address holds no token.
   */
  readonly leadsAway?: boolean;
}

/** Returns a page that nothing may frame, keep or learn the address of. */
export function htmlPage({ status, title, body, language = 'en', leadsAway = false }: Page): Response {
  const nonce = randomBytes(16).toString('base64');
  const html = `<!doctype html><html lang="${language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title><style nonce="${nonce}">${STYLE}</style><main><h1>${escapeHtml(title)}</h1>${body}</main></html>`;
  return new Response(html, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      // The address of this page holds a token: it must not be kept, framed, or told to the next page.
      'cache-control': 'no-store',
      // With none at all a browser would not say either that the form comes from here.
      'referrer-policy': leadsAway ? 'same-origin' : 'no-referrer',
      'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; ${leadsAway ? '' : "form-action 'self'; "}frame-ancestors 'none'; base-uri 'none'`,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    },
  });
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
/** Writes a text into HTML, where it says nothing but itself. */
export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);
