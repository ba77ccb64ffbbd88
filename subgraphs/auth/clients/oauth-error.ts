/** The error of a request that OAuth has a name for (RFC 6749, 7591, 8707). */
export class OAuthError extends Error {
  override name = 'OAuthError';
  readonly code: string;
  readonly status: number;

  constructor(code: string, description: string, status = 400) {
    super(description);
    this.code = code;
    this.status = status;
  }
}

/** Answers with the error as a client reads it. */
export const errorAnswer = ({ code, message, status }: OAuthError): Response =>
  Response.json({ error: code, error_description: message }, { status, headers: { 'cache-control': 'no-store' } });
