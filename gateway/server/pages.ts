import type { ServerResponse } from 'node:http';
import { endInPieces } from '#platform/net/http/in-pieces.ts';

/** Headers of everything that a browser may show. */
export function secure(response: ServerResponse, publicUrl: string): void {
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('x-frame-options', 'DENY');
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  if (publicUrl.startsWith('https:')) response.setHeader('strict-transport-security', 'max-age=31536000');
}

/** Sends a text whole, with its length. */
export function sendText(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.byteLength });
  if (response.req.method === 'HEAD') response.end();
  else endInPieces(response, bytes);
}

/** Sends a browser to another page. */
export const seeOther = (response: ServerResponse, location: string): void =>
  void response.writeHead(302, { location }).end();

/** Returns an error as JSON: `{error: {code, message, …}}`. */
export const problem = (code: string, message: string) => ({ error: { code, message } });

/**
 * Answers a method that a path does not have: 405 with those that it has. OPTIONS asks for nothing else than these.
 *
 * @param body Default: the problem of REST.
 */
export function refuseMethod(response: ServerResponse, methods: readonly string[], body?: object): void {
  const { method, url = '' } = response.req;
  const all = new Set(methods.flatMap((one) => (one === 'GET' ? ['GET', 'HEAD'] : [one])));
  response.setHeader('allow', [...all].join(', '));
  if (method === 'OPTIONS') response.writeHead(204, { 'content-length': '0' }).end();
  else {
    const message = `${url.split('?', 1)[0]!.slice(0, 200)} does not answer ${method}.`;
    sendJson(response, 405, body ?? problem('BAD_USER_INPUT', message));
  }
}

/** Sends a JSON value whole. */
export const sendJson = (response: ServerResponse, status: number, body: unknown): void =>
  sendText(response, status, 'application/json; charset=utf-8', JSON.stringify(body));
