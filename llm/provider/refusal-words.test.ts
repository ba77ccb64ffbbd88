import { expect, it } from 'vitest';
import { kindOfRefusal } from './refusal-words.ts';

it.each([
  ['Prompt exceeds max length', 'context_window'],
  ['input exceeds the maximum allowed input length', 'context_window'],
  ['The conversation exceeds the maximum length of 4096 tokens', 'context_window'],
  ['The name of the tool exceeds maximum length of 64 characters', undefined],
  ['Request contains too many tokens, please reduce', 'context_window'],
  ['Too many tokens, please wait before trying again.', 'rate_limited'],
  ['Too many requests, please wait before trying again.', 'rate_limited'],
  ['Too many tokens per minute. Please try again in 20s.', 'rate_limited'],
  ['ThrottlingException: Rate exceeded', 'rate_limited'],
  ['Throttling.RateQuota: Requests rate limit exceeded', 'rate_limited'],
  ['Throttled: insufficient_quota', 'unpaid'],
  ["Model 'llm-throttle' not found", 'model_unknown'],
  ['Your API key was disabled for violating our usage policies', undefined],
  ['Your organization has been temporarily suspended for violating our usage policies', undefined],
  ['The prompt was blocked for violating our usage policies', 'content_policy'],
])('%s: %s', (words, kind) => {
  expect(kindOfRefusal(words)).toBe(kind);
});
