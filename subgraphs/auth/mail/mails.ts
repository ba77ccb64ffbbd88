import type { Config } from '#platform/base/config/config.ts';

type LinkConfig = Pick<Config, 'ACCOUNT_LINKS_URL' | 'CONSOLE' | 'publicUrl'>;

/**
 * Returns the link to a page that mails lead to: of a frontend that has its own and sets ACCOUNT_LINKS_URL, of the
 * console, or of auth.
 */
export function linkTo(
  config: LinkConfig,
  page: 'reset-password' | 'verify-email' | 'change-email' | 'first-admin',
  token: string,
): string {
  // The first administrator has no frontend to go to: that page is always ours.
  const own = `${config.publicUrl}/_/auth`;
  const ours = config.CONSOLE ? config.publicUrl : own;
  const base = page === 'first-admin' ? own : (config.ACCOUNT_LINKS_URL?.replace(/\/+$/, '') ?? ours);
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

/** Returns the mail that confirms the address that an account is to have. */
export const emailChangeMail = (link: string): Letter => ({
  subject: 'Confirm your new address',
  text: `This address is to be that of an account. Confirm that it is yours:\n\n${link}\n\nThe link is good for 24 hours and for once. If you did not ask for it, ignore this mail.`,
});

/** Returns the mail to the owner of an address that another account was to have. */
export const addressInUseMail = (): Letter => ({
  subject: 'This address has an account',
  text: 'A person, perhaps you, tried to give another account this address. It has an account already, so nothing was changed. To use the address for the other account, delete this one or give it another address first. If it was not you, there is nothing to do.',
});

/** Returns the mail to the present address of an account that is to have another one. */
export const emailChangeAskedMail = (masked: string): Letter => ({
  subject: 'Another address was asked for',
  text: `The address of your account is to become ${masked}. It is not changed before the new address is confirmed. If it was not you, change your password at once: that ends the request.`,
});

/** Returns the mail to the address that an account had. */
export const emailChangedMail = (masked: string): Letter => ({
  subject: 'The address of your account was changed',
  text: `Your account now has the address ${masked}, and all other sessions were ended. If it was not you, tell your administrator at once.`,
});

/** Returns the mail that invites to a conversation. @param who the name of the person who invites, who chose it. */
export const conversationInvitationMail = (who: string, link: string): Letter => ({
  subject: 'You are invited to a conversation',
  text: `${plain(who)} invites you to a conversation. To take part, sign in or make an account, and accept:\n\n${link}\n\nThe link is good for 7 days and for one person. If you do not know who this is, ignore this mail.`,
});

/** A name on one line that mail programs make no link of. */
const plain = (name: string): string =>
  name
    .replace(/[\s\p{C}]+/gu, ' ')
    .replace(/[:/.@]+/g, ' ')
    .trim() || 'A person';
