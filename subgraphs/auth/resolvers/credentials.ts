import { CodedError } from '#platform/base/errors/errors.ts';
import { deleteAccount } from '../accounts/account.ts';
import { confirmEmailChange, requestEmailChange } from '../accounts/email-change.ts';
import { createFirstAdmin } from '../accounts/first-admin.ts';
import { login } from '../accounts/login.ts';
import { changePassword, requestPasswordReset, resetPassword } from '../accounts/password-change.ts';
import { type NewAccount, register, requestEmailVerification, verifyEmail } from '../accounts/registration.ts';
import type { AuthParts } from '../parts.ts';
import type { Context } from './context.ts';
import { credential } from './credential.ts';

const MAIL_IS_COMING = 'If the address has an account, a mail is on its way to it.';
const ASK_THE_ADMINISTRATOR =
  'If the address has an account, the administrator finds the link in the log and can pass it on.';

/**
 * Signs in after a registration. It is one more attempt at the account, counted and refused as any other: a
 * visitor who registers the address of another person learns no more than `login` would say.
 */
async function signInAfter(parts: AuthParts, { email, password }: NewAccount, context: Context) {
  try {
    return await login(parts, { email, password }, context);
  } catch (error) {
    if (error instanceof CodedError && error.code === 'UNAUTHENTICATED') return null;
    throw error;
  }
}

/** Returns the resolvers of mutations that take a password or a token. */
export const credentialResolvers = (parts: AuthParts) => {
  const whereToLook = parts.mail.configured ? MAIL_IS_COMING : ASK_THE_ADMINISTRATOR;
  return {
    Mutation: {
      register: credential(async (input: NewAccount & { signIn?: boolean | null }, context) => ({
        email: await register(parts, input, context),
        signedIn: input.signIn && !parts.mail.configured ? await signInAfter(parts, input, context) : null,
        emailVerificationRequired: parts.mail.configured,
        message: parts.mail.configured
          ? 'Follow the link in the mail, then sign in.'
          : 'You can sign in now. If the address had an account before, its own password still applies.',
      })),
      login: credential((input: Parameters<typeof login>[1], context) => login(parts, input, context)),
      refresh: credential(async ({ refreshToken }: { refreshToken: string }, context) => ({
        tokens: await parts.sessions.refresh(refreshToken, context),
      })),
      changePassword: credential((input: Parameters<typeof changePassword>[1], context) =>
        changePassword(parts, input, context),
      ),
      requestPasswordReset: credential(async ({ email }: { email: string }, context) => {
        await requestPasswordReset(parts, email, context);
        return { message: whereToLook };
      }),
      resetPassword: credential((input: Parameters<typeof resetPassword>[1], context) =>
        resetPassword(parts, input, context),
      ),
      requestEmailVerification: credential(async ({ email }: { email: string }, context) => {
        await requestEmailVerification(parts, email, context);
        return { message: whereToLook };
      }),
      verifyEmail: credential(async ({ token }: { token: string }, context) => ({
        email: await verifyEmail(parts, token, context),
      })),
      requestEmailChange: credential(async (input: Parameters<typeof requestEmailChange>[1], context) => {
        await requestEmailChange(parts, input, context);
        return {
          message: parts.mail.configured
            ? 'A mail is on its way to the new address. Follow its link; until then nothing changes.'
            : 'The administrator finds the link in the log and can pass it on. Until it is followed nothing changes.',
        };
      }),
      confirmEmailChange: credential(async ({ token }: { token: string }, context) => ({
        email: await confirmEmailChange(parts, token, context),
      })),
      deleteAccount: credential(async ({ password }: { password: string }, context) => ({
        deletedId: await deleteAccount(parts, password, context),
      })),
      createFirstAdmin: credential((input: Parameters<typeof createFirstAdmin>[1], context) =>
        createFirstAdmin(parts, input, context),
      ),
    },
  };
};
