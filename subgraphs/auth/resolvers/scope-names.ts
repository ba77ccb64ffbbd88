import { SCOPES, type Scope } from '#platform/identity/identity.ts';

/** Returns the name of a scope in the graph: CHAT_READ for `chat:read`. */
export const scopeName = (scope: string): string => scope.toUpperCase().replace(':', '_');

const BY_NAME = new Map((Object.keys(SCOPES) as Scope[]).map((scope) => [scopeName(scope), scope]));

/** Returns the scope of a name in the graph. */
export const scopeNamed = (name: string): Scope => BY_NAME.get(name)!;
