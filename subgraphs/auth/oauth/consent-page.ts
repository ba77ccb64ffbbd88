import type { OAuthError } from '../clients/oauth-error.ts';
import { isLoopback } from '../clients/redirect-uris.ts';
import { escapeHtml, htmlPage } from '../pages/page.ts';
import { type AuthorizationRequest, answerUri, type Destination, PARAMETERS } from './authorization-request.ts';
import type { Words } from './words.ts';

/** The page as it is shown again after something that was wrong. */
export interface Again {
  readonly problem: string;
  readonly email: string;
  readonly granted: readonly string[];
}

/**
 * Returns the page on which a person signs in and lets an app do things, or not. Each yes needs the password: no cookie
 * signs anybody in here, so a page of another site has nothing to ride on.
 */
export function consentPage(
  request: AuthorizationRequest,
  values: URLSearchParams,
  words: Words,
  again?: Again,
): Response {
  const { client, redirectUri, scopes } = request;
  const url = new URL(redirectUri);
  // What an app writes after a scheme of its own names no place.
  const leads =
    url.protocol === 'https:' ? words.leadsTo(url.host) : isLoopback(url) ? words.leadsHere : words.opens(url.protocol);
  const hidden = PARAMETERS.flatMap((name) =>
    values.getAll(name).map((value) => `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`),
  );
  const boxes = scopes.map((scope) => {
    const checked = !again || again.granted.includes(scope) ? ' checked' : '';
    return `<label><input type="checkbox" name="grant" value="${scope}"${checked}> ${escapeHtml(words.scopes[scope])}</label>`;
  });
  const problem = again ? `<p role="alert">${escapeHtml(again.problem)}</p>` : '';
  const body = `<p><strong>${escapeHtml(words.intro(client.name))}</strong></p><p>${escapeHtml(words.unchecked)}</p>
<p><strong>${escapeHtml(leads)}</strong></p>${problem}
<form method="post" autocomplete="on">${hidden.join('')}
<fieldset><legend>${escapeHtml(words.may)}</legend>${boxes.join('')}</fieldset><p>${escapeHtml(words.signIn)}</p>
<label>${escapeHtml(words.email)}<input name="email" type="email" autocomplete="username" required value="${escapeHtml(again?.email ?? '')}"></label>
<label>${escapeHtml(words.password)}<input name="password" type="password" autocomplete="current-password" required></label>
<button name="decision" value="allow">${escapeHtml(words.allow)}</button>
<button class="quiet" name="decision" value="deny" formnovalidate>${escapeHtml(words.deny)}</button></form>
<p>${escapeHtml(words.later)}</p>`;
  return htmlPage({
    status: again ? 400 : 200,
    title: words.title(client.name),
    body,
    language: words.language,
    leadsAway: true,
  });
}

/**
 * Returns the page that says why nothing can be asked for. It leads back where that is known to be the app's own place,
 * and never by itself: any app may register any place, and this server sends no person there.
 */
export function refusalPage(error: OAuthError, words: Words, back?: Destination, publicUrl = ''): Response {
  const answer = { error: error.code, error_description: error.message };
  const link = back
    ? `<p><a href="${escapeHtml(answerUri(back, publicUrl, answer))}" rel="noreferrer">${escapeHtml(words.back(back.client.name))}</a></p>`
    : '';
  const body = `<p>${escapeHtml(words.refused)}</p><p role="alert">${escapeHtml(`${error.code}: ${error.message}`)}</p>${link}`;
  return htmlPage({ status: 400, title: words.refusedTitle, body, language: words.language });
}
