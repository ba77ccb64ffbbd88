import type { Sextant } from '@sextant/client';

/** Resolves when a person is signed in. Asks for address and password where none is; makes the account if need be. */
export async function signedIn({ session }: Sextant): Promise<void> {
  if (session.isSignedIn) return;
  const form = document.createElement('form');
  form.innerHTML = `<input name="email" type="email" aria-label="E-mail address" autocomplete="username" required>
    <input name="password" type="password" aria-label="Password" minlength="15" autocomplete="current-password" required>
    <button>Sign in or up</button> <output role="alert"></output>`;
  document.body.prepend(form);
  await new Promise<void>((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      const { email, password } = Object.fromEntries(new FormData(form)) as Record<string, string>;
      try {
        const { emailVerificationRequired } = await session.signUp(email!, password!);
        if (!emailVerificationRequired) resolve();
        else form.querySelector('output')!.textContent = 'Follow the link in the mail, then sign in.';
      } catch (error) {
        form.querySelector('output')!.textContent = (error as Error).message;
      }
    };
  });
  form.remove();
}
