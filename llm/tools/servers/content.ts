import type { CallToolResult } from '@modelcontextprotocol/client';

/** Returns what a tool gave as text for a model: pictures and sounds are named, not shown. */
export function textOfResult({ content, structuredContent }: CallToolResult): string {
  const parts = content.map((part) => {
    if (part.type === 'text') return part.text;
    if (part.type === 'resource') {
      const { resource } = part;
      return 'text' in resource ? `${resource.uri}\n${resource.text}` : `(${resource.uri}: not text)`;
    }
    if (part.type === 'resource_link') return `${part.name}: ${part.uri}`;
    return `(${part.type}, ${part.mimeType}: not shown)`;
  });
  const text = parts.filter((part) => part !== '').join('\n');
  if (text !== '') return text;
  return structuredContent === undefined ? '(nothing)' : JSON.stringify(structuredContent);
}

/** Cuts a text to a number of UTF-8 bytes, and says so. */
export function cutToBytes(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const kept = Buffer.from(text)
    .subarray(0, maxBytes)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
  return `${kept} … (cut at ${maxBytes} bytes)`;
}
