import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LyingToolServer } from './tool-server.ts';

interface Code {
  readonly challenge: string;
  readonly redirectUri: string;
  readonly clientId: string;
  readonly resource: string;
  readonly who: string;
}

/** What comes back with a person. */
export interface Back {
  readonly state: string;
  readonly code?: string;
  readonly issuer?: string;
}

/** An authorization server over real HTTP that keeps to the rules, and lies on demand. */
export class LyingAuthorizationServer implements AsyncDisposable {
  /** What its metadata say beside, or in the place of, what is true. */
  metadata: Readonly<Record<string, unknown>> = {};
  /** Called before a request is answered; true when the response has been dealt with. */
  before: (path: string, response: http.ServerResponse) => boolean | Promise<boolean> = () => false;
  /** How long access tokens are good, in seconds, as it says. */
  lifetimeS = 3_600;
  readonly registered: Record<string, unknown>[] = [];
  /** Forms that came to the token endpoint. */
  readonly asked: URLSearchParams[] = [];
  /** Access tokens that are good, and whose they are. */
  readonly good = new Map<string, string>();
  readonly revoked: string[] = [];
  readonly #codes = new Map<string, Code>();
  readonly #refreshing = new Map<string, string>();
  readonly #server = http.createServer((request, response) => void this.#serve(request, response));

  static async start(): Promise<LyingAuthorizationServer> {
    const server = new LyingAuthorizationServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Does what a person does on the page that they are led to. */
  allow(authorizationUrl: string, who: string): Back {
    const asked = new URL(authorizationUrl).searchParams;
    const code = randomUUID();
    this.#codes.set(code, {
      challenge: asked.get('code_challenge')!,
      redirectUri: asked.get('redirect_uri')!,
      clientId: asked.get('client_id')!,
      resource: asked.get('resource')!,
      who,
    });
    return { state: asked.get('state')!, code, issuer: this.issuer };
  }

  /** Has a tool server let in only who has an account here. */
  guard(tools: LyingToolServer): void {
    const resource = tools.url;
    tools.before = (request, response) => {
      if (request.url === '/.well-known/oauth-protected-resource/mcp') {
        json(response, 200, { resource, authorization_servers: [this.issuer], scopes_supported: ['tools'] });
        return true;
      }
      const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
      if (this.good.has(token)) return false;
      const metadata = new URL('/.well-known/oauth-protected-resource/mcp', resource);
      response.setHeader('www-authenticate', `Bearer resource_metadata="${metadata}"`);
      response.writeHead(401).end();
      return true;
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces).toString();
    const path = request.url!;
    if (await this.before(path, response)) return;
    const form = new URLSearchParams(body);
    if (path === '/.well-known/oauth-authorization-server') return json(response, 200, this.#described());
    if (path === '/register') {
      const client = { ...(JSON.parse(body) as object), client_id: `client-${this.registered.length + 1}` };
      this.registered.push(client);
      return json(response, 201, client);
    }
    if (path === '/revoke') {
      this.revoked.push(form.get('token')!);
      this.good.delete(form.get('token')!);
      this.#refreshing.delete(form.get('token')!);
      return json(response, 200, {});
    }
    if (path !== '/token') return json(response, 404, {});
    this.asked.push(form);
    const who = form.get('grant_type') === 'refresh_token' ? this.#refresh(form) : this.#redeem(form);
    if (who === undefined) return json(response, 400, { error: 'invalid_grant' });
    const [access, refresh] = [`access-${randomUUID()}`, `refresh-${randomUUID()}`];
    this.good.set(access, who);
    this.#refreshing.set(refresh, who);
    const expires_in = this.lifetimeS;
    json(response, 200, { access_token: access, refresh_token: refresh, token_type: 'Bearer', expires_in });
  }

  #described() {
    return {
      issuer: this.issuer,
      authorization_endpoint: `${this.issuer}/authorize`,
      token_endpoint: `${this.issuer}/token`,
      registration_endpoint: `${this.issuer}/register`,
      revocation_endpoint: `${this.issuer}/revoke`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
      authorization_response_iss_parameter_supported: true,
      ...this.metadata,
    };
  }

  /** A refresh token is good once. */
  #refresh(form: URLSearchParams): string | undefined {
    const token = form.get('refresh_token')!;
    const who = this.#refreshing.get(token);
    this.#refreshing.delete(token);
    return who;
  }

  #redeem(form: URLSearchParams): string | undefined {
    const code = this.#codes.get(form.get('code')!);
    this.#codes.delete(form.get('code')!);
    const verifier = createHash('sha256').update(form.get('code_verifier')!).digest('base64url');
    const isGood =
      code?.challenge === verifier &&
      code.redirectUri === form.get('redirect_uri') &&
      code.clientId === form.get('client_id') &&
      code.resource === form.get('resource');
    return isGood ? code.who : undefined;
  }
}

function json(response: http.ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
