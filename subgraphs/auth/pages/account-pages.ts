import { CodedError } from '#platform/base/errors/errors.ts';
import type { Route, RouteCall } from '#platform/host/definition.ts';
import { CLIENT_HEADER, readClientInfo } from '#platform/identity/client-info.ts';
import { confirmEmailChange } from '../accounts/email-change.ts';
import { createFirstAdmin } from '../accounts/first-admin.ts';
import { resetPassword } from '../accounts/password-change.ts';
import { verifyEmail } from '../accounts/registration.ts';
import type { Actor } from '../actor.ts';
import type { AuthParts } from '../parts.ts';
import { type Form, formPage, messagePage } from './page.ts';

const MAX_FORM_BYTES = 16_384;
const PASSWORD_HINT = 'at least 15 characters; a few words make a good one';

interface AccountPage {
  readonly path: string;
  readonly form: Form;
  /** @returns what is said when it is done. */
  submit(parts: AuthParts, values: URLSearchParams, actor: Actor): Promise<string>;
}

const value = (values: URLSearchParams, name: string): string => values.get(name) ?? '';

const PAGES: readonly AccountPage[] = [
  {
    path: '/first-admin',
    form: {
      title: 'The first administrator',
      intro: 'This link works once. Its user manages users, keys and limits here.',
      fields: [
        { name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'username' },
        { name: 'password', label: `Password (${PASSWORD_HINT})`, type: 'password', autocomplete: 'new-password' },
      ],
      submit: 'Create the administrator',
    },
    async submit(parts, values, actor) {
      const [token, email, password] = [value(values, 'token'), value(values, 'email'), value(values, 'password')];
      await createFirstAdmin(parts, { token, email, password }, actor);
      return 'The administrator is there. Sign in with the address and the password.';
    },
  },
  {
    path: '/reset-password',
    form: {
      title: 'A new password',
      intro: 'All sessions and API keys of the account end when the password is set.',
      fields: [
        { name: 'password', label: `New password (${PASSWORD_HINT})`, type: 'password', autocomplete: 'new-password' },
      ],
      submit: 'Set the password',
    },
    async submit(parts, values, actor) {
      await resetPassword(parts, { token: value(values, 'token'), newPassword: value(values, 'password') }, actor);
      return 'The password is set. Sign in with it.';
    },
  },
  {
    path: '/verify-email',
    form: {
      title: 'Confirm your address',
      // A button, because scanners of mail follow every link.
      intro: 'Confirm that the address this mail went to is yours.',
      fields: [],
      submit: 'Confirm',
    },
    async submit(parts, values, actor) {
      return `${await verifyEmail(parts, value(values, 'token'), actor)} is confirmed. You can sign in now.`;
    },
  },
  {
    path: '/change-email',
    form: {
      title: 'Confirm your new address',
      intro: 'Confirm that the address this mail went to is yours. All other sessions of the account end.',
      fields: [],
      submit: 'Confirm',
    },
    async submit(parts, values, actor) {
      return `${await confirmEmailChange(parts, value(values, 'token'), actor)} is the address of your account now.`;
    },
  },
];

/**
 * Returns the pages that links of mails and of the first start lead to, for those whose frontend has none of its own.
 */
export const accountPages = (parts: AuthParts): Route[] =>
  PAGES.flatMap((page): Route[] => [
    {
      method: 'GET',
      path: page.path,
      handle: async (request) => formPage(page.form, new URL(request.url).searchParams.get('token') ?? ''),
    },
    {
      method: 'POST',
      path: page.path,
      maxBodyBytes: MAX_FORM_BYTES,
      handle: (request, call) => submit(parts, page, request, call),
    },
  ]);

async function submit(parts: AuthParts, page: AccountPage, request: Request, call: RouteCall): Promise<Response> {
  const values = new URLSearchParams(await request.text());
  const actor = { identity: call.identity, client: readClientInfo(request.headers.get(CLIENT_HEADER)) };
  try {
    return messagePage(page.form.title, await page.submit(parts, values, actor));
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return formPage(
      page.form,
      value(values, 'token'),
      error.message.replace(/^input\.(newPassword|token|email|password)/, 'That'),
    );
  }
}
