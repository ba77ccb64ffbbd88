const MAIL_LINKS = ['/reset-password', '/verify-email', '/change-email'] as const;

/** The address of a page that mails lead to. */
export type MailLinkAddress = (typeof MAIL_LINKS)[number];

/** Returns whether mails lead to this address. */
export const isMailLink = (address: string): address is MailLinkAddress =>
  (MAIL_LINKS as readonly string[]).includes(address);
