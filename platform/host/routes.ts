import type { Route } from './definition.ts';

export interface MatchedRoute {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * Finds routes by method and path; `:name` stands for one segment, percent-decoded. A segment that holds a separator or
 * a control character once it is decoded names nothing: a parameter may become a part of a file's path.
 */
export function createRouter(routes: readonly Route[]) {
  const compiled = routes.map((route) => ({ route, segments: route.path.split('/') }));
  return {
    /** The route, the methods of the path when it has others only, or undefined. */
    match(method: string, path: string): MatchedRoute | readonly string[] | undefined {
      const segments = path.split('/');
      const others: string[] = [];
      for (const candidate of compiled) {
        const params = paramsOf(candidate.segments, segments);
        if (params === undefined) continue;
        if (candidate.route.method === method || (method === 'HEAD' && candidate.route.method === 'GET')) {
          return { route: candidate.route, params };
        }
        others.push(...(candidate.route.method === 'GET' ? ['GET', 'HEAD'] : [candidate.route.method]));
      }
      return others.length > 0 ? others : undefined;
    },
  };
}

function paramsOf(pattern: readonly string[], path: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== path.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const given = path[index]!;
    if (!part.startsWith(':')) {
      if (part !== given) return undefined;
      continue;
    }
    if (given === '') return undefined;
    const value = decoded(given);
    if (value === undefined || NOT_IN_SEGMENT.test(value) || value === '.' || value === '..') return undefined;
    params[part.slice(1)] = value;
  }
  return params;
}

const NOT_IN_SEGMENT = /[/\\\p{Cc}]/u;

/** A segment without its escapes; undefined where one is malformed. */
function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
