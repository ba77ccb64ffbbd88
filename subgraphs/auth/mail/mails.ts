import type { Config } from '#platform/base/config/config.ts';

type LinkConfig = Pick<Config, 'ACCOUNT_LINKS_URL' | 'publicUrl'>;

/** Returns the link to a page that mails lead to; a frontend that has its own sets ACCOUNT_LINKS_URL. */
export function linkTo(
  config: LinkConfig,
  page: 'reset-password' | 'verify-email' | 'first-admin',
  token: string,
): string {
  // The first administrator has no frontend to go to: that page is always ours.
  const own = `${config.publicUrl}/_/auth`;
  const base = page === 'first-admin' ? own : (config.ACCOUNT_LINKS_URL?.replace(/\/+$/, '') ?? own);
  return `${base}/${page}?token=${token}`;
}

interface Letter {
  readonly subject: string;
  readonly text: string;
}

/** Returns the mail that confirms an address. */
export const verificationMail = (link: string): Letter => ({
  subject: 'Confirm your address',
  text: `Welcome! Confirm that this address is yours:\n\n${link}\n\nThe link is good for 24 hours. If you did not make an account, ignore this mail.`,
});

/** Returns the mail to the owner of an address with which another account was tried. */
export const alreadyRegisteredMail = (): Letter => ({
  subject: 'You already have an account',
  text: 'A person, perhaps you, tried to make an account with this address. You have one already: sign in with your password, or ask for a new one if you forgot it. If it was not you, there is nothing to do.',
});

/** Returns the mail with a link for a new password. */
export const resetMail = (link: string): Letter => ({
  subject: 'Set a new password',
  text: `Set a new password here:\n\n${link}\n\nThe link is good for 10 minutes and for once. If you did not ask for it, ignore this mail: your password stays as it is.`,
});

/** Returns the mail to a person for whom an administrator made an account. */
export const invitationMail = (link: string): Letter => ({
  subject: 'Your account is ready',
  text: `An administrator made an account for you. Choose a password here:\n\n${link}\n\nThe link is good for 3 days and for once.`,
});

/** Returns the mail that tells of a changed password. */
export const passwordChangedMail = (revokedApiKeys: number): Letter => ({
  subject: 'Your password was changed',
  text: `The password of your account was changed, and all other sessions were ended.${revokedApiKeys > 0 ? ` ${revokedApiKeys} API keys were revoked.` : ''} If it was not you, ask for a new password at once and tell your administrator.`,
});
