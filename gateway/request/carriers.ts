/** Headers that say who carries a request, and that change while its sender does not. */
export const CARRIERS: ReadonlySet<string> = new Set(['x-forwarded-for', 'user-agent', 'traceparent']);
