import type { ServerResponse } from 'node:http';
import { sendText } from './pages.ts';

/** Nothing is loaded and nothing runs: the page is the same without internet. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>GraphQL</title>
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}code{background:#8883}</style>
<h1>GraphQL</h1>
<p>This address answers GraphQL operations. Send them with <code>POST</code> and the content type
<code>application/json</code>, or open a WebSocket with the subprotocol <code>graphql-transport-ws</code>.</p>
<p>Introspection is off in production. Take the schema from a development server, at <code>/schema.graphql</code>.</p>
</html>
`;

/** Answers a browser that opens the GraphQL endpoint in production. */
export function sendLandingPage(response: ServerResponse): void {
  response.setHeader('content-security-policy', POLICY);
  sendText(response, 200, 'text/html; charset=utf-8', PAGE);
}
