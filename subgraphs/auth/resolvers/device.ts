import Bowser from 'bowser';

/** Returns a readable guess at what a session runs on, for people who look for one that is not theirs. */
export function deviceOf(userAgent: string | null | undefined): string {
  if (!userAgent) return 'Unknown device';
  const { browser, os } = Bowser.parse(userAgent);
  const name = browser.name || userAgent.split(/[\s/]/)[0] || 'Unknown client';
  return os.name ? `${name} on ${os.name}` : name;
}
