/** The reason why a `gateway.yaml` cannot be used. Each problem is one line: where it is and what is allowed. */
export class GatewayFileError extends Error {
  override name = 'GatewayFileError';
}
