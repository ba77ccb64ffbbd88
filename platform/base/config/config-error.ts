/** A wrong setting. Its message is one line a variable: the name, what was given and what is allowed. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}
